//! Commands, and the bytes that they are replicated as.

use core::fmt;

/// The most bytes of a key.
pub const MAX_KEY: usize = 24;
/// The most bytes of a value.
pub const MAX_VALUE: usize = 80;
/// The most bytes of a command: two lengths in one byte, key and value.
pub const MAX_COMMAND: usize = 1 + MAX_KEY + MAX_VALUE;

/// The name of a setting.
pub type Key = heapless::String<MAX_KEY>;
/// What a setting is set to.
pub type Value = heapless::String<MAX_VALUE>;
/// An encoded command.
pub type Payload = heapless::Vec<u8, MAX_COMMAND>;

/// A change of the settings.
///
/// Its first byte has the length of the key in the lower bits, and 0x80 if the key is to be deleted. Then comes the
/// key, then, to the end, the value.
///
/// ```
/// use raftbare_embedded::app::Command;
///
/// let put = Command::Put { key: "led", value: "on" };
/// let bytes = put.encode().expect("it is short enough");
/// assert_eq!(bytes, *b"\x03ledon");
/// assert_eq!(Command::decode(&bytes), Some(put));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// Set a key to a value.
    Put {
        /// The name of the setting.
        key: &'a str,
        /// What it is set to.
        value: &'a str,
    },
    /// Remove a key.
    Delete {
        /// The name of the setting.
        key: &'a str,
    },
}

const DELETE: u8 = 0x80;

impl<'a> Command<'a> {
    /// The bytes of the command; `None` if key or value are too long.
    #[must_use]
    pub fn encode(&self) -> Option<Payload> {
        let (key, value, flag) = match self {
            Self::Put { key, value } => (*key, *value, 0),
            Self::Delete { key } => (*key, "", DELETE),
        };
        if key.len() > MAX_KEY || value.len() > MAX_VALUE {
            return None;
        }
        let mut bytes = Payload::new();
        let len = u8::try_from(key.len()).ok()?;
        bytes.push(len | flag).ok()?;
        bytes.extend_from_slice(key.as_bytes()).ok()?;
        bytes.extend_from_slice(value.as_bytes()).ok()?;
        Some(bytes)
    }

    /// Reads a command; `None` if the bytes are none.
    #[must_use]
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (&first, rest) = bytes.split_first()?;
        let (key, value) = rest.split_at_checked(usize::from(first & !DELETE))?;
        let (key, value) = (str::from_utf8(key).ok()?, str::from_utf8(value).ok()?);
        if key.len() > MAX_KEY || value.len() > MAX_VALUE {
            return None;
        }
        match (first & DELETE, value) {
            (0, value) => Some(Self::Put { key, value }),
            (_, "") => Some(Self::Delete { key }),
            _ => None,
        }
    }
}

impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { key, value } => write!(f, "put {key} {value}"),
            Self::Delete { key } => write!(f, "del {key}"),
        }
    }
}
