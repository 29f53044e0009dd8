//! A message together with the commands of its entries.

use super::decode::{Limits, Reader};
use super::encode::{NoRoom, Output, Writer};
use super::error::DecodeError;
use crate::{LogEntries, Message};

/// Writes a message and the payloads of its commands; returns how many bytes that took.
///
/// Precondition: `payloads` are those of the [`LogEntry::Command`](crate::LogEntry::Command)s among the
/// entries of the message, all of them, in their order. Other numbers of them are refused when it is read.
///
/// ```
/// use raftbare::{LogEntries, LogEntry, LogIndex, LogPosition, Message, MessageHeader, MessageSeqNo, NodeId, Term, codec};
///
/// let header = MessageHeader { from: NodeId::new(1), term: Term::new(1), seqno: MessageSeqNo::new(2) };
/// let prev = LogPosition { term: Term::new(1), index: LogIndex::new(1) };
/// let entries = LogEntries::from_iter(prev, [LogEntry::Command]);
/// let call = Message::AppendEntriesCall { header, commit_index: LogIndex::new(1), entries };
/// let mut bytes = Vec::new();
/// codec::encode_envelope(&call, [b"hi".as_slice()], &mut bytes)?;
/// assert_eq!(bytes, [0x23, 1, 1, 2, 1, 0, 0, 1, 2, 2, b'h', b'i']);
/// # Ok::<(), codec::NoRoom>(())
/// ```
pub fn encode_envelope(
    message: &Message,
    payloads: impl IntoIterator<Item = impl AsRef<[u8]>>,
    output: &mut impl Output,
) -> Result<usize, NoRoom> {
    let mut writer = Writer::new(output);
    writer.message(message)?;
    for payload in payloads {
        let payload = payload.as_ref();
        writer.number(u64::try_from(payload.len()).unwrap_or(u64::MAX))?;
        writer.bytes(payload)?;
    }
    Ok(writer.len())
}

/// Reads a message and the payloads of its commands, all of `bytes`.
///
/// ```
/// use raftbare::codec::{self, Limits};
///
/// let bytes = [0x23, 1, 1, 2, 1, 0, 0, 1, 2, 2, b'h', b'i'];
/// let (message, mut payloads) = codec::decode_envelope(&bytes, &Limits::default())?;
/// assert_eq!(message.to_string(), "1 t1 #2 AppendEntriesCall commit 1 prev 1/1[cmd]");
/// assert_eq!(payloads.next(), Some(b"hi".as_slice()));
/// assert_eq!(payloads.next(), None);
/// # Ok::<(), codec::DecodeError>(())
/// ```
pub fn decode_envelope<'a>(
    bytes: &'a [u8],
    limits: &Limits,
) -> Result<(Message, Payloads<'a>), DecodeError> {
    let mut reader = Reader::new(bytes, limits)?;
    let message = reader.message()?;
    let rest = reader.peek();
    for _ in 0..message.entries().map_or(0, LogEntries::command_count) {
        let len = reader.number()?;
        reader.bytes(len)?;
    }
    let payloads = Payloads { rest };
    reader.end((message, payloads))
}

/// The payloads of a message's commands, in order; see [`decode_envelope`].
///
/// ```
/// use raftbare::codec::{self, Limits};
///
/// let (_, payloads) = codec::decode_envelope(&[0x22, 2, 1, 9], &Limits::default())?;
/// assert_eq!(payloads.count(), 0);
/// # Ok::<(), codec::DecodeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Payloads<'a> {
    /// Each with its length before it; checked when it was read.
    rest: &'a [u8],
}

impl<'a> Iterator for Payloads<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let limits = Limits {
            bytes: usize::MAX,
            ..Limits::default()
        };
        let mut reader = Reader::new(self.rest, &limits).ok()?;
        let payload = reader.number().and_then(|len| reader.bytes(len)).ok()?;
        self.rest = reader.rest();
        Some(payload)
    }
}
