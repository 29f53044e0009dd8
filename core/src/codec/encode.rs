//! Values to bytes.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use super::layout::{KIND_SHIFT, VERSION, item, stored, tag};
use crate::entries::EntryRef;
use crate::{ClusterConfig, LogEntries, LogPosition, Message, MessageHeader, NodeId, Term};

/// Takes the bytes of an encoding.
///
/// Implemented for a `Vec<u8>`, which grows, and for a `&mut [u8]`, which moves on behind what was written.
///
/// ```
/// use raftbare::codec::{NoRoom, Output};
///
/// let mut buffer = [0; 2];
/// let mut rest = buffer.as_mut_slice();
/// assert_eq!(rest.write(&[1, 2, 3]), Err(NoRoom));
/// assert_eq!(rest.write(&[1]), Ok(()));
/// assert_eq!(rest.len(), 1);
/// ```
pub trait Output {
    /// Appends `bytes`, or nothing if there is no room for all of them.
    fn write(&mut self, bytes: &[u8]) -> core::result::Result<(), NoRoom>;
}

/// The buffer is too small for the value. What has been written of it is of no use.
///
/// ```
/// use raftbare::codec::{self, NoRoom};
/// use raftbare::Term;
///
/// assert_eq!(codec::encode_hard_state(Term::new(1), None, &mut [0; 2].as_mut_slice()), Err(NoRoom));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NoRoom;

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the buffer is too small for the value")
    }
}

impl core::error::Error for NoRoom {}

type Result<T = ()> = core::result::Result<T, NoRoom>;

impl Output for Vec<u8> {
    fn write(&mut self, bytes: &[u8]) -> Result {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

impl Output for &mut [u8] {
    fn write(&mut self, bytes: &[u8]) -> Result {
        if bytes.len() > self.len() {
            return Err(NoRoom);
        }
        let (place, rest) = core::mem::take(self).split_at_mut(bytes.len());
        place.copy_from_slice(bytes);
        *self = rest;
        Ok(())
    }
}

/// Writes a message; returns how many bytes that took. The commands of its entries are not part of it.
///
/// ```
/// use raftbare::{LogPosition, Message, MessageHeader, MessageSeqNo, NodeId, Term, codec};
///
/// let header = MessageHeader { from: NodeId::new(2), term: Term::new(1), seqno: MessageSeqNo::new(9) };
/// let mut bytes = Vec::new();
/// codec::encode_message(&Message::RequestVoteReply { header, vote_granted: true }, &mut bytes)?;
/// assert_eq!(bytes, [0x22, 2, 1, 9]);
/// # Ok::<(), codec::NoRoom>(())
/// ```
pub fn encode_message(message: &Message, output: &mut impl Output) -> Result<usize> {
    let mut writer = Writer::new(output);
    writer.message(message)?;
    Ok(writer.len())
}

/// Writes the hard state, what `SaveCurrentTerm` and `SaveVotedFor` store; returns how many bytes that took.
///
/// ```
/// use raftbare::{NodeId, Term, codec};
///
/// let mut bytes = Vec::new();
/// codec::encode_hard_state(Term::new(5), Some(NodeId::new(2)), &mut bytes)?;
/// assert_eq!(bytes, [0x25, 5, 1, 2]);
/// # Ok::<(), codec::NoRoom>(())
/// ```
pub fn encode_hard_state(
    current_term: Term,
    voted_for: Option<NodeId>,
    output: &mut impl Output,
) -> Result<usize> {
    let mut writer = Writer::new(output);
    writer.tag(tag::STORED, stored::HARD_STATE)?;
    writer.number(current_term.get())?;
    match voted_for {
        None => writer.number(0)?,
        Some(id) => {
            writer.number(1)?;
            writer.number(id.get())?;
        }
    }
    Ok(writer.len())
}

/// Writes log entries, with the position before them; returns how many bytes that took.
///
/// ```
/// use raftbare::{LogEntries, LogEntry, LogPosition, Term, codec};
///
/// let entries = LogEntries::from_iter(LogPosition::ZERO, [LogEntry::Term(Term::new(1)), LogEntry::Command]);
/// let mut bytes = Vec::new();
/// codec::encode_entries(&entries, &mut bytes)?;
/// assert_eq!(bytes, [0x2d, 0, 0, 2, 0, 1, 2]);
/// # Ok::<(), codec::NoRoom>(())
/// ```
pub fn encode_entries(entries: &LogEntries, output: &mut impl Output) -> Result<usize> {
    let mut writer = Writer::new(output);
    writer.tag(tag::STORED, stored::ENTRIES)?;
    writer.number(entries.prev_position().index.get())?;
    writer.number(entries.prev_position().term.get())?;
    writer.items(entries)?;
    Ok(writer.len())
}

/// Writes a configuration; returns how many bytes that took.
///
/// ```
/// use raftbare::{ClusterConfig, NodeId, codec};
///
/// let mut config = ClusterConfig::new();
/// config.voters.extend([1, 2, 5].map(NodeId::new));
/// let mut bytes = Vec::new();
/// codec::encode_config(&config, &mut bytes)?;
/// assert_eq!(bytes, [0x35, 3, 1, 1, 3, 0, 0]);
/// # Ok::<(), codec::NoRoom>(())
/// ```
pub fn encode_config(config: &ClusterConfig, output: &mut impl Output) -> Result<usize> {
    let mut writer = Writer::new(output);
    writer.tag(tag::STORED, stored::CONFIG)?;
    writer.config(config)?;
    Ok(writer.len())
}

/// `a - b` modulo 2^64.
fn difference(a: u64, b: u64) -> u64 {
    a.wrapping_sub(b)
}

/// Writes the parts of values, and counts.
pub(crate) struct Writer<'a, O> {
    output: &'a mut O,
    len: usize,
}

impl<'a, O: Output> Writer<'a, O> {
    pub(crate) fn new(output: &'a mut O) -> Self {
        Self { output, len: 0 }
    }

    /// How many bytes were written.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result {
        self.output.write(bytes)?;
        self.len = self.len.saturating_add(bytes.len());
        Ok(())
    }

    pub(crate) fn tag(&mut self, value: u8, kind: u8) -> Result {
        self.bytes(&[VERSION << 5 | kind << 3 | value])
    }

    /// Seven bits a byte, the lowest first; the highest bit says that there are more.
    pub(crate) fn number(&mut self, mut value: u64) -> Result {
        while value >= 0x80 {
            self.bytes(&[value as u8 | 0x80])?;
            value >>= 7;
        }
        self.bytes(&[value as u8])
    }

    /// A signed difference: small ones of either sign are small numbers.
    fn signed(&mut self, difference: u64) -> Result {
        let sign = (difference as i64 >> 63) as u64;
        self.number(difference << 1 ^ sign)
    }

    pub(super) fn message(&mut self, message: &Message) -> Result {
        let header = message.header();
        let kind = match header.seqno.get().wrapping_shr(KIND_SHIFT) {
            1 => 1,
            2 => 2,
            3 => 3,
            _ => 0,
        };
        let value = match message {
            Message::RequestVoteCall { .. } => tag::REQUEST_VOTE_CALL,
            Message::RequestVoteReply {
                vote_granted: false,
                ..
            } => tag::VOTE_REFUSED,
            Message::RequestVoteReply {
                vote_granted: true, ..
            } => tag::VOTE_GRANTED,
            Message::AppendEntriesCall { .. } => tag::APPEND_ENTRIES_CALL,
            Message::AppendEntriesReply { .. } => tag::APPEND_ENTRIES_REPLY,
        };
        self.tag(value, kind)?;
        self.header(header, kind)?;
        match message {
            Message::RequestVoteCall { last_position, .. }
            | Message::AppendEntriesReply { last_position, .. } => {
                self.position(*last_position, header.term)?;
            }
            Message::RequestVoteReply { .. } => {}
            Message::AppendEntriesCall {
                commit_index,
                entries,
                ..
            } => {
                let prev = entries.prev_position();
                self.position(prev, header.term)?;
                self.signed(difference(commit_index.get(), prev.index.get()))?;
                self.items(entries)?;
            }
        }
        Ok(())
    }

    fn header(&mut self, header: MessageHeader, kind: u8) -> Result {
        self.number(header.from.get())?;
        self.number(header.term.get())?;
        let kind_bits = u64::from(kind) << KIND_SHIFT;
        self.number(header.seqno.get() ^ kind_bits)
    }

    fn position(&mut self, position: LogPosition, term_of_header: Term) -> Result {
        self.number(position.index.get())?;
        self.number(difference(term_of_header.get(), position.term.get()))
    }

    fn items(&mut self, entries: &LogEntries) -> Result {
        let mut count = 0_u64;
        each_item(entries, |_| {
            count = count.saturating_add(1);
            Ok(())
        })?;
        self.number(count)?;
        let mut term = entries.prev_position().term;
        each_item(entries, |one| match one {
            Item::Commands(commands) => self.number(commands.saturating_add(item::CONFIG)),
            Item::Entry(EntryRef::Term(next)) => {
                let above = difference(next.get(), term.get());
                term = next;
                self.number(item::TERM)?;
                self.number(above)
            }
            Item::Entry(EntryRef::ClusterConfig(config)) => {
                self.number(item::CONFIG)?;
                self.config(config)
            }
            Item::Entry(EntryRef::Command) => Ok(()), // Commands come in runs.
        })
    }

    pub(crate) fn config(&mut self, config: &ClusterConfig) -> Result {
        [&config.voters, &config.new_voters, &config.non_voters]
            .into_iter()
            .try_for_each(|set| self.set(set))
    }

    fn set(&mut self, ids: &BTreeSet<NodeId>) -> Result {
        self.number(u64::try_from(ids.len()).unwrap_or(u64::MAX))?;
        let mut before = NodeId::new(0);
        for &id in ids {
            self.number(difference(id.get(), before.get()))?;
            before = id;
        }
        Ok(())
    }
}

/// One item of a list of entries.
enum Item<'a> {
    Entry(EntryRef<'a>),
    /// So many commands in a row.
    Commands(u64),
}

fn each_item(entries: &LogEntries, mut take: impl FnMut(Item<'_>) -> Result) -> Result {
    let mut walk = entries.walk();
    loop {
        match walk.skip_commands() {
            0 => {}
            commands => take(Item::Commands(commands))?,
        }
        match walk.next_ref() {
            Some((_, entry)) => take(Item::Entry(entry))?,
            None => return Ok(()),
        }
    }
}
