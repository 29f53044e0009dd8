//! The state machine: a table of bounded size, which takes its memory once.

use alloc::vec::Vec;
use core::fmt;
use core::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashMap;

use super::command::{Command, Key, MAX_KEY, MAX_VALUE, Value};

/// The most settings.
pub const MAX_SETTINGS: usize = 28;
/// The most bytes of a snapshot.
pub const MAX_SNAPSHOT: usize = MAX_SETTINGS * (2 + MAX_KEY + MAX_VALUE);

/// What a command has brought about: the same at every node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The key has this value now, and had none before.
    Added,
    /// The key has this value now, in place of another.
    Changed,
    /// The key is gone.
    Deleted,
    /// There was no such key.
    Absent,
    /// There are too many keys: nothing has changed.
    Full,
    /// The bytes are no command: nothing has changed.
    Unknown,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
            Self::Absent => "there was no such key",
            Self::Full => "there are too many keys: `del` one first",
            Self::Unknown => "this version knows no such command",
        })
    }
}

/// All settings.
#[derive(Debug)]
pub struct Settings {
    table: HashMap<Key, Value, BuildHasherDefault<Fnv>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

impl Settings {
    /// Makes an empty table, with memory for all that will ever be in it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            table: HashMap::with_capacity_and_hasher(MAX_SETTINGS, BuildHasherDefault::default()),
        }
    }

    /// Applies an encoded command.
    pub fn apply(&mut self, command: &[u8]) -> Outcome {
        match Command::decode(command) {
            Some(Command::Put { key, value }) => self.put(key, value).unwrap_or(Outcome::Full),
            Some(Command::Delete { key }) => match self.table.remove(key) {
                Some(_) => Outcome::Deleted,
                None => Outcome::Absent,
            },
            None => Outcome::Unknown,
        }
    }

    /// What a key is set to.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.table.get(key).map(heapless::String::as_str)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// All of it as bytes: for each key, in order, its length, the key, the length of the value, the value.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let mut rows: Vec<_> = self.table.iter().collect();
        rows.sort_unstable();
        let len = |(key, value): &(&Key, &Value)| 2 + key.len() + value.len();
        let mut bytes = Vec::with_capacity(rows.iter().map(len).sum());
        for (key, value) in rows {
            for part in [key.as_bytes(), value.as_bytes()] {
                bytes.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
                bytes.extend_from_slice(part);
            }
        }
        bytes
    }

    /// Replaces all of it by a snapshot; returns whether that is one. If not, nothing changes.
    pub fn load(&mut self, snapshot: &[u8]) -> bool {
        let mut new = Self::new();
        let mut rest = snapshot;
        while !rest.is_empty() {
            let (Some(key), Some(value)) = (take(&mut rest), take(&mut rest)) else {
                return false;
            };
            if new.put(key, value).is_none() {
                return false;
            }
        }
        *self = new;
        true
    }

    fn put(&mut self, key: &str, value: &str) -> Option<Outcome> {
        let value = Value::try_from(value).ok()?;
        if let Some(place) = self.table.get_mut(key) {
            *place = value;
            return Some(Outcome::Changed);
        }
        if self.table.len() >= MAX_SETTINGS {
            return None;
        }
        self.table.insert(Key::try_from(key).ok()?, value);
        Some(Outcome::Added)
    }
}

/// Takes a text with its length before it.
fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (&len, after) = rest.split_first()?;
    let (text, after) = after.split_at_checked(usize::from(len))?;
    *rest = after;
    str::from_utf8(text).ok()
}

/// FNV-1a: small, and the same in every run.
#[derive(Debug, Clone, Copy)]
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
