//! What may be wrong with bytes.

use core::fmt;

use super::layout::VERSION;

/// Why bytes are no encoding, and where that was seen.
///
/// ```
/// use raftbare::codec::{self, DecodeError, DecodeProblem, Limits};
///
/// let error = DecodeError { offset: 0, problem: DecodeProblem::Truncated };
/// assert_eq!(codec::decode_message(&[], &Limits::default()), Err(error));
/// assert_eq!(error.to_string(), "byte 0: the encoding ends too early");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DecodeError {
    /// The byte at which it was seen, counted from 0.
    pub offset: usize,
    /// What is wrong.
    pub problem: DecodeProblem,
}

/// What is wrong with an encoding.
///
/// ```
/// assert_eq!(raftbare::codec::DecodeProblem::Trailing.to_string(), "there are bytes behind the value");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeProblem {
    /// The bytes end within the value.
    Truncated,
    /// There are bytes behind the value.
    Trailing,
    /// The version is not known here.
    Version(u8),
    /// The tag is that of another value, or of none.
    Tag(u8),
    /// A number or a list is not in its one form: overlong, unsorted, divided.
    NotCanonical,
    /// An index would be above `u64::MAX`.
    IndexTooLarge,
    /// A limit is exceeded.
    TooLong,
}

impl fmt::Display for DecodeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the encoding ends too early"),
            Self::Trailing => f.write_str("there are bytes behind the value"),
            Self::Version(version) => write!(
                f,
                "version {version} is not known; this is version {VERSION}"
            ),
            Self::Tag(tag) => write!(f, "tag {tag:#04x} is not that of the value"),
            Self::NotCanonical => f.write_str("a number or list is not in its one form"),
            Self::IndexTooLarge => f.write_str("an index is above the largest one"),
            Self::TooLong => f.write_str("a limit is exceeded"),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {}", self.offset, self.problem)
    }
}

impl core::error::Error for DecodeError {}
