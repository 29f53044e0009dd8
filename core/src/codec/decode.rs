//! Bytes to values. Nothing is believed.

use alloc::collections::BTreeSet;

use super::error::{DecodeError, DecodeProblem};
use super::layout::{KIND_SHIFT, VERSION, item, stored, tag};
use crate::{
    ClusterConfig, LogEntries, LogEntry, LogIndex, LogPosition, Message, MessageHeader,
    MessageSeqNo, NodeId, Term,
};

/// How much a decoded value may hold. What is longer is refused before memory is taken for it.
///
/// ```
/// use raftbare::codec::Limits;
///
/// let small = Limits { entries: 100, members: 8, ..Limits::default() };
/// assert!(small.entries < Limits::default().entries);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limits {
    /// The most bytes of an encoding. By default 65,536.
    pub bytes: usize,
    /// The most log entries. By default 1,048,576: they cost no memory, but time for whoever walks them.
    pub entries: u64,
    /// The most `Term` entries and configurations together. By default 4,096.
    pub terms_and_configs: usize,
    /// The most members of a configuration, counted in each of its three sets. By default 256.
    pub members: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 1 << 16,
            entries: 1 << 20,
            terms_and_configs: 1 << 12,
            members: 1 << 8,
        }
    }
}

type Result<T> = core::result::Result<T, DecodeError>;

/// Reads a message, all of `bytes`.
///
/// Preconditions: none; if it is no encoding of a message within the limits, the error says why.
///
/// ```
/// use raftbare::codec::{self, Limits};
/// use raftbare::{Message, MessageHeader, MessageSeqNo, NodeId, Term};
///
/// let header = MessageHeader { from: NodeId::new(2), term: Term::new(1), seqno: MessageSeqNo::new(9) };
/// let vote = Message::RequestVoteReply { header, vote_granted: true };
/// assert_eq!(codec::decode_message(&[0x22, 2, 1, 9], &Limits::default()), Ok(vote));
/// ```
pub fn decode_message(bytes: &[u8], limits: &Limits) -> Result<Message> {
    let mut reader = Reader::new(bytes, limits)?;
    let message = reader.message()?;
    reader.end(message)
}

/// Reads a hard state, all of `bytes`: the term and the vote.
///
/// ```
/// use raftbare::codec::{self, Limits};
/// use raftbare::{NodeId, Term};
///
/// let state = (Term::new(5), Some(NodeId::new(2)));
/// assert_eq!(codec::decode_hard_state(&[0x25, 5, 1, 2], &Limits::default()), Ok(state));
/// ```
pub fn decode_hard_state(bytes: &[u8], limits: &Limits) -> Result<(Term, Option<NodeId>)> {
    let mut reader = Reader::new(bytes, limits)?;
    let state = reader.hard_state()?;
    reader.end(state)
}

/// Reads log entries with the position before them, all of `bytes`.
///
/// ```
/// use raftbare::codec::{self, Limits};
///
/// let entries = codec::decode_entries(&[0x2d, 0, 0, 2, 0, 1, 2], &Limits::default())?;
/// assert_eq!(entries.to_string(), "0/0[term(1) cmd]");
/// # Ok::<(), codec::DecodeError>(())
/// ```
pub fn decode_entries(bytes: &[u8], limits: &Limits) -> Result<LogEntries> {
    let mut reader = Reader::new(bytes, limits)?;
    let entries = reader.entries()?;
    reader.end(entries)
}

/// Reads a configuration, all of `bytes`.
///
/// ```
/// use raftbare::codec::{self, Limits};
///
/// let config = codec::decode_config(&[0x35, 3, 1, 1, 3, 0, 0], &Limits::default())?;
/// assert_eq!(config.to_string(), "{1,2,5}");
/// # Ok::<(), codec::DecodeError>(())
/// ```
pub fn decode_config(bytes: &[u8], limits: &Limits) -> Result<ClusterConfig> {
    let mut reader = Reader::new(bytes, limits)?;
    reader.stored(stored::CONFIG)?;
    let config = reader.config()?;
    reader.end(config)
}

/// Reads the parts of values.
pub(crate) struct Reader<'a> {
    all: &'a [u8],
    rest: &'a [u8],
    limits: Limits,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8], limits: &Limits) -> Result<Self> {
        let reader = Self {
            all: bytes,
            rest: bytes,
            limits: *limits,
        };
        match bytes.len() > limits.bytes {
            true => Err(reader.error(DecodeProblem::TooLong)),
            false => Ok(reader),
        }
    }

    /// An error at the next byte.
    pub(crate) fn error(&self, problem: DecodeProblem) -> DecodeError {
        let offset = self.all.len().saturating_sub(self.rest.len());
        DecodeError { offset, problem }
    }

    pub(crate) fn end<T>(self, value: T) -> Result<T> {
        match self.rest.is_empty() {
            true => Ok(value),
            false => Err(self.error(DecodeProblem::Trailing)),
        }
    }

    pub(crate) fn byte(&mut self) -> Result<u8> {
        let Some((&byte, rest)) = self.rest.split_first() else {
            return Err(self.error(DecodeProblem::Truncated));
        };
        self.rest = rest;
        Ok(byte)
    }

    /// The value and the kind of a tag of a known version.
    pub(crate) fn tag(&mut self) -> Result<(u8, u8)> {
        let error = self.error(DecodeProblem::Version(0));
        let byte = self.byte()?;
        match byte >> 5 {
            VERSION => Ok((byte & 0b111, byte >> 3 & 0b11)),
            version => Err(DecodeError {
                problem: DecodeProblem::Version(version),
                ..error
            }),
        }
    }

    /// The tag is not that of the value that is wanted.
    pub(crate) fn wrong_tag(&self) -> DecodeError {
        let tag = self.all.first().copied().unwrap_or_default();
        DecodeError {
            offset: 0,
            problem: DecodeProblem::Tag(tag),
        }
    }

    pub(crate) fn stored(&mut self, wanted: u8) -> Result<()> {
        match self.tag()? {
            (tag::STORED, kind) if kind == wanted => Ok(()),
            _ => Err(self.wrong_tag()),
        }
    }

    /// So many of the next bytes.
    pub(crate) fn bytes(&mut self, len: u64) -> Result<&'a [u8]> {
        let split = usize::try_from(len)
            .ok()
            .and_then(|len| self.rest.split_at_checked(len));
        let Some((bytes, rest)) = split else {
            return Err(self.error(DecodeProblem::Truncated));
        };
        self.rest = rest;
        Ok(bytes)
    }

    /// All that is left, taken.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.rest)
    }

    /// All that is left, only looked at.
    pub(crate) fn peek(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn number(&mut self) -> Result<u64> {
        let mut value = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            let is_last = byte < 0x80;
            // The tenth byte has room for one bit; a last byte of zero would have been left out.
            if bits.wrapping_shl(shift).wrapping_shr(shift) != bits
                || (is_last && bits == 0 && shift > 0)
            {
                return Err(self.error(DecodeProblem::NotCanonical));
            }
            value |= bits.wrapping_shl(shift);
            if is_last {
                return Ok(value);
            }
        }
        Err(self.error(DecodeProblem::NotCanonical))
    }

    /// A number that is a checksum.
    pub(crate) fn number_u32(&mut self) -> Result<u32> {
        let number = self.number()?;
        u32::try_from(number).map_err(|_| self.error(DecodeProblem::NotCanonical))
    }

    fn signed(&mut self) -> Result<u64> {
        let number = self.number()?;
        Ok(number >> 1 ^ (number & 1).wrapping_neg())
    }

    pub(super) fn message(&mut self) -> Result<Message> {
        let (value, kind) = self.tag()?;
        if value >= tag::STORED {
            return Err(self.wrong_tag());
        }
        let header = self.header(kind)?;
        Ok(match value {
            tag::REQUEST_VOTE_CALL => {
                let last_position = self.position(header.term)?;
                Message::RequestVoteCall {
                    header,
                    last_position,
                }
            }
            tag::VOTE_REFUSED => Message::RequestVoteReply {
                header,
                vote_granted: false,
            },
            tag::VOTE_GRANTED => Message::RequestVoteReply {
                header,
                vote_granted: true,
            },
            tag::APPEND_ENTRIES_CALL => {
                let prev = self.position(header.term)?;
                let commit_index = LogIndex::new(prev.index.get().wrapping_add(self.signed()?));
                let entries = self.items(prev)?;
                Message::AppendEntriesCall {
                    header,
                    commit_index,
                    entries,
                }
            }
            _ => {
                let last_position = self.position(header.term)?;
                Message::AppendEntriesReply {
                    header,
                    last_position,
                }
            }
        })
    }

    fn header(&mut self, kind: u8) -> Result<MessageHeader> {
        let from = NodeId::new(self.number()?);
        let term = Term::new(self.number()?);
        let number = self.number()?;
        // A kind that the number itself has would be another form of the same number.
        let is_canonical = match kind {
            0 => !matches!(number >> KIND_SHIFT, 1..=3),
            _ => number >> KIND_SHIFT == 0,
        };
        if !is_canonical {
            return Err(self.error(DecodeProblem::NotCanonical));
        }
        let seqno = MessageSeqNo::new(number | u64::from(kind) << KIND_SHIFT);
        Ok(MessageHeader { from, term, seqno })
    }

    fn position(&mut self, term_of_header: Term) -> Result<LogPosition> {
        let index = LogIndex::new(self.number()?);
        let below = self.number()?;
        let term = Term::new(term_of_header.get().wrapping_sub(below));
        Ok(LogPosition { term, index })
    }

    pub(crate) fn hard_state(&mut self) -> Result<(Term, Option<NodeId>)> {
        self.stored(stored::HARD_STATE)?;
        let term = Term::new(self.number()?);
        let vote = match self.number()? {
            0 => None,
            1 => Some(NodeId::new(self.number()?)),
            _ => return Err(self.error(DecodeProblem::NotCanonical)),
        };
        Ok((term, vote))
    }

    pub(crate) fn entries(&mut self) -> Result<LogEntries> {
        self.stored(stored::ENTRIES)?;
        let index = LogIndex::new(self.number()?);
        let term = Term::new(self.number()?);
        self.items(LogPosition { term, index })
    }

    fn items(&mut self, prev: LogPosition) -> Result<LogEntries> {
        let mut entries = LogEntries::new(prev);
        let mut terms_and_configs = 0_usize;
        let mut is_run_before = false;
        for _ in 0..self.number()? {
            let is_run = match self.number()? {
                item::TERM => {
                    let above = self.number()?;
                    let term = entries.last_position().term.get().wrapping_add(above);
                    self.push(
                        &mut entries,
                        LogEntry::Term(Term::new(term)),
                        &mut terms_and_configs,
                    )?;
                    false
                }
                item::CONFIG => {
                    let config = self.config()?;
                    self.push(
                        &mut entries,
                        LogEntry::ClusterConfig(config),
                        &mut terms_and_configs,
                    )?;
                    false
                }
                number => {
                    let commands = number.saturating_sub(item::CONFIG);
                    if !entries.push_commands(commands) {
                        return Err(self.error(DecodeProblem::IndexTooLarge));
                    }
                    true
                }
            };
            if is_run && is_run_before {
                return Err(self.error(DecodeProblem::NotCanonical));
            }
            is_run_before = is_run;
            if entries.last_position().index.distance_from(prev.index) > self.limits.entries {
                return Err(self.error(DecodeProblem::TooLong));
            }
        }
        Ok(entries)
    }

    fn push(&self, entries: &mut LogEntries, entry: LogEntry, count: &mut usize) -> Result<()> {
        *count = count.saturating_add(1);
        if *count > self.limits.terms_and_configs {
            return Err(self.error(DecodeProblem::TooLong));
        }
        if entries.last_position().index.checked_next().is_none() {
            return Err(self.error(DecodeProblem::IndexTooLarge));
        }
        entries.push(entry);
        Ok(())
    }

    pub(crate) fn config(&mut self) -> Result<ClusterConfig> {
        Ok(ClusterConfig {
            voters: self.set()?,
            new_voters: self.set()?,
            non_voters: self.set()?,
        })
    }

    fn set(&mut self) -> Result<BTreeSet<NodeId>> {
        let count = self.number()?;
        if count > u64::try_from(self.limits.members).unwrap_or(u64::MAX) {
            return Err(self.error(DecodeProblem::TooLong));
        }
        let mut ids = BTreeSet::new();
        for _ in 0..count {
            let above = self.number()?;
            let id = match ids.last() {
                None => Some(above),
                Some(&before) => NodeId::get(before).checked_add(above).filter(|_| above > 0),
            };
            let Some(id) = id else {
                return Err(self.error(DecodeProblem::NotCanonical));
            };
            ids.insert(NodeId::new(id));
        }
        Ok(ids)
    }
}
