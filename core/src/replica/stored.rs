//! [`Stored`]: what a replica comes back from.

use core::fmt;

use alloc::vec::Vec;

use super::payloads::Payload;
use super::snapshot::Snapshot;
use super::state::{STATE_KEY, State};
use crate::codec::{DecodeError, Limits, Reader};
use crate::{ClusterConfig, Log, LogEntries, LogEntry, LogIndex, LogPosition, NodeId, Term};

/// What a store holds of a replica, collected for [`Replica::restart`](super::Replica::restart).
///
/// ```
/// use raftbare::replica::{Replica, ReplicaOptions, Stored};
/// use raftbare::{LogIndex, NodeId, Term};
///
/// let mut stored = Stored::<Vec<u8>>::default();
/// stored.current_term = Term::new(1);
/// stored.voted_for = Some(NodeId::new(1));
/// stored.push(&[0x2d, 0, 0, 1, 1, 1, 1, 0, 0])?; // the configuration {1}
/// stored.push(&[0x2d, 1, 0, 1, 0, 1])?; // the entry that starts term 1
/// stored.push(&[0x2d, 2, 1, 1, 2, b'h', b'i'])?; // a command
/// let replica = Replica::restart(NodeId::new(1), ReplicaOptions::default(), stored)?;
/// assert_eq!(replica.node().log().last_position().index, LogIndex::new(3));
/// # Ok::<(), raftbare::replica::StoredError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Stored<P> {
    /// The term of [`Batch::hard_state`](super::Batch::hard_state); 0 if none was stored.
    pub current_term: Term,
    /// The vote of [`Batch::hard_state`](super::Batch::hard_state).
    pub voted_for: Option<NodeId>,
    /// The newest [`Batch::snapshot`](super::Batch::snapshot). To be set before the first record.
    pub snapshot: Option<Snapshot>,
    /// Up to where commands are applied to the state that is stored; so far, the log is known to be committed. 0 if
    /// the state is in memory only: then the replica asks to load the snapshot, and commands come again from there.
    pub applied: LogIndex,
    /// How large a record may be, and what may be in it. To be as wide as those of
    /// [`ReplicaOptions`](super::ReplicaOptions) at least, or the replica refuses its own records.
    pub limits: Limits,
    /// The records so far, from the snapshot on. `None` before the first.
    entries: Option<LogEntries>,
    payloads: Vec<P>,
}

impl<P> Default for Stored<P> {
    fn default() -> Self {
        Self {
            current_term: Term::ZERO,
            voted_for: None,
            snapshot: None,
            applied: LogIndex::ZERO,
            limits: Limits::default(),
            entries: None,
            payloads: Vec::new(),
        }
    }
}

/// The parts for a node and its payloads.
pub(super) struct Parts<P> {
    pub(super) log: Log,
    pub(super) payloads: Vec<P>,
    pub(super) snapshot: Option<Snapshot>,
}

impl<P: Payload> Stored<P> {
    /// Adds the next row of a table to which [`Batch::changes`](super::Batch::changes) were made. They come in the
    /// order of their keys.
    pub fn load(&mut self, key: u64, value: &[u8]) -> Result<(), StoredError> {
        if key != STATE_KEY {
            return self.push(value);
        }
        let state = State::decode(value, &self.limits)?;
        self.current_term = state.current_term;
        self.voted_for = state.voted_for;
        self.snapshot = state.snapshot;
        Ok(())
    }

    /// Adds the next record, as [`Record::encode`](super::Record::encode) has written it. They come in the order
    /// of their indexes; those that the snapshot stands for may be among them, and are left out.
    pub fn push(&mut self, record: &[u8]) -> Result<(), StoredError> {
        let mut reader = Reader::new(record, &self.limits)?;
        let one = reader.entries()?;
        let Some((position, entry)) = one.iter_with_positions().next().filter(|_| one.len() == 1)
        else {
            return Err(StoredError::NotOneEntry(one.last_position()));
        };
        let base = self.base();
        let is_command = entry == LogEntry::Command;
        let payload = reader.rest();
        if !is_command && !payload.is_empty() {
            return Err(StoredError::Payload(position));
        }
        if position.index <= base.index {
            // Left by a crash, perhaps of another log: what follows the snapshot need not follow it.
            return Ok(());
        }
        let expected = self.entries.as_ref().map(LogEntries::last_position);
        let is_continuation = expected.is_none_or(|expected| expected == one.prev_position());
        let starts_too_late = expected.is_none() && one.prev_position().index > base.index;
        if !is_continuation || starts_too_late {
            return Err(StoredError::Gap {
                expected: expected.unwrap_or(base),
                found: one.prev_position(),
            });
        }
        self.entries
            .get_or_insert_with(|| LogEntries::new(one.prev_position()))
            .push(entry);
        if is_command {
            let payload = P::try_from(payload).map_err(|_| StoredError::Payload(position))?;
            self.payloads.push(payload);
        }
        Ok(())
    }

    /// Where the log begins.
    fn base(&self) -> LogPosition {
        self.snapshot
            .as_ref()
            .map_or(LogPosition::ZERO, Snapshot::position)
    }

    /// Checks how the parts fit together.
    pub(super) fn into_parts(mut self) -> Result<Parts<P>, StoredError> {
        let base = self.base();
        let entries = self.entries.take().unwrap_or(LogEntries::new(base));
        // A snapshot that came from the leader replaces a log that does not contain its position: if the power
        // failed before the records were dropped, they are dropped now.
        let entries = entries.since(base).unwrap_or_else(|| {
            self.payloads.clear();
            LogEntries::new(base)
        });
        let last = entries.last_position();
        if !entries.has_rising_terms_up_to(self.current_term) {
            return Err(StoredError::TermBehind {
                stored: self.current_term,
                last,
            });
        }
        if self.applied > last.index {
            return Err(StoredError::AppliedAhead {
                applied: self.applied,
                last,
            });
        }
        let config = self.snapshot.as_ref().map(Snapshot::config);
        let config = config.cloned().unwrap_or(ClusterConfig::new());
        Ok(Parts {
            log: Log::new(config, entries),
            payloads: self.payloads,
            snapshot: self.snapshot,
        })
    }
}

/// What is wrong with what a store holds. Nothing is repaired: what was promised to others is not there any more.
///
/// If it cannot be had back, this node is lost: let a new one, with a new identifier, take its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoredError {
    /// A record is damaged.
    Record(DecodeError),
    /// A record holds not one entry, but none or several, up to this position.
    NotOneEntry(LogPosition),
    /// The payload of the record at this position is not one, or does not belong there.
    Payload(LogPosition),
    /// A record does not follow the one before it, or not the snapshot.
    Gap {
        /// The position before the missing record.
        expected: LogPosition,
        /// The position before the record that was found.
        found: LogPosition,
    },
    /// The last entry is of a later term than the stored one, so that is an old one.
    TermBehind {
        /// The stored term.
        stored: Term,
        /// The last position in the log.
        last: LogPosition,
    },
    /// More is applied than the log holds.
    AppliedAhead {
        /// Up to where commands are applied.
        applied: LogIndex,
        /// The last position in the log.
        last: LogPosition,
    },
}

impl From<DecodeError> for StoredError {
    fn from(error: DecodeError) -> Self {
        Self::Record(error)
    }
}

impl fmt::Display for StoredError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(error) => write!(f, "a record of the log is damaged: {error}"),
            Self::NotOneEntry(last) => {
                write!(f, "a record does not hold one entry, but ends at {last}")
            }
            Self::Payload(at) => write!(f, "the payload of the record at {at} is no payload"),
            Self::Gap { expected, found } => write!(
                f,
                "the record after {expected} is missing: the next one follows {found}"
            ),
            Self::TermBehind { stored, last } => write!(
                f,
                "the stored term {stored} is older than the log, which ends at {last}"
            ),
            Self::AppliedAhead { applied, last } => write!(
                f,
                "commands up to {applied} are applied, but the log ends at {last}"
            ),
        }
    }
}

impl core::error::Error for StoredError {}
