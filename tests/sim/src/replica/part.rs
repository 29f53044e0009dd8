//! Parts of snapshots on the wire, read from outside: a replica tells nobody what is in them.

use raftbare::{LogIndex, LogPosition, Term};

/// The tag of a chunk, and that of an answer to one.
const CHUNK: u8 = 0x26;
const REPLY: u8 = 0x2e;

/// What is in the head of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) position: LogPosition,
    /// In an answer: the checksum of the snapshot, and the next byte to send.
    pub(super) reply: Option<(u32, u64)>,
}

impl Part {
    /// Reads the head of a chunk or of an answer; `None` if it is neither.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (&tag, mut rest) = bytes.split_first()?;
        let (_from, _term) = (number(&mut rest)?, number(&mut rest)?);
        let index = LogIndex::new(number(&mut rest)?);
        let term = Term::new(number(&mut rest)?);
        let reply = match tag {
            CHUNK => None,
            REPLY => Some((number(&mut rest)? as u32, number(&mut rest)?)),
            _ => return None,
        };
        let position = LogPosition { term, index };
        Some(Self { position, reply })
    }

    /// Damages the bytes of a chunk; says whether it is one.
    pub(super) fn damage(bytes: &mut [u8]) -> bool {
        let is_chunk = bytes.first() == Some(&CHUNK);
        if is_chunk && let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
        is_chunk
    }
}

/// An unsigned LEB128.
fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
