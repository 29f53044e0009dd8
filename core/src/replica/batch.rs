//! [`Batch`]: what is to be stored before anything that depends on it comes out.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::envelope::ChunkReply;
use super::snapshot::Snapshot;
use super::state::State;
use super::transfer::ChunkToStore;
use crate::codec::{self, NoRoom, Output};
use crate::{LogEntries, LogEntry, LogIndex, LogPosition, Message, NodeId, Term};

/// What is to be stored, all of it or nothing, durably; and the proof that it was, when it is given back to
/// [`Replica::persisted`](super::Replica::persisted).
///
/// [`changes`](Self::changes) gives all but the chunk as changes of a table, for a key-value store. For other
/// stores there are the single parts. Best stored in one transaction. Where there is none, in this order, each step
/// durable before the next; what is removed goes from the last record to the first where the end is cut, and from the
/// first to the last below a snapshot, so that no gap is ever left:
///
/// 1. [`chunk`](Self::chunk): write its bytes at its offset (at offset 0: of a new file);
/// 2. [`hard_state`](Self::hard_state): replace the stored one;
/// 3. [`snapshot`](Self::snapshot): from now on, this is the snapshot; drop the older one, and the records up to
///    and including its index;
/// 4. [`truncate_from`](Self::truncate_from): drop the records at this index and above;
/// 5. [`records`](Self::records): write them.
///
/// A batch belongs to its replica and cannot be made or copied. If it is dropped, the replica is silent from then
/// on: it may not say what it cannot know to be stored.
#[derive(Debug)]
#[must_use = "the replica is silent until its batch is stored and given back to `persisted`"]
pub struct Batch<P> {
    pub(super) owner: NodeId,
    pub(super) number: u64,
    /// Where the term or the vote has changed, or the snapshot.
    pub(super) state: Option<State>,
    pub(super) saves_hard_state: bool,
    pub(super) chunk: Option<ChunkToStore>,
    pub(super) snapshot: Option<Snapshot>,
    pub(super) append: Option<LogEntries>,
    /// Those of the commands in `append`.
    pub(super) payloads: Vec<P>,
    pub(super) outbox: Outbox,
}

/// What may leave when the batch is stored.
#[derive(Debug, Clone, Default)]
pub(super) struct Outbox {
    pub(super) set_timer: bool,
    pub(super) broadcast: Option<Message>,
    pub(super) sends: BTreeMap<NodeId, Message>,
    pub(super) snapshots_to: BTreeSet<NodeId>,
    pub(super) chunk_reply: Option<(NodeId, ChunkReply)>,
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        !self.set_timer
            && self.broadcast.is_none()
            && self.sends.is_empty()
            && self.snapshots_to.is_empty()
            && self.chunk_reply.is_none()
    }
}

impl<P> Batch<P> {
    /// Whether there is nothing to store. It is to be given back all the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.state.is_none() && self.chunk.is_none() && self.append.is_none()
    }

    /// The term and the vote, if one of them has changed (figure 2).
    #[must_use]
    pub fn hard_state(&self) -> Option<(Term, Option<NodeId>)> {
        let state = self.state.as_ref().filter(|_| self.saves_hard_state)?;
        Some((state.current_term, state.voted_for))
    }

    /// A chunk of a snapshot that the leader sends (§7).
    #[must_use]
    pub fn chunk(&self) -> Option<&ChunkToStore> {
        self.chunk.as_ref()
    }

    /// The snapshot that stands for the log up to its position from now on. All of its bytes are stored: by the
    /// user, or by the chunks up to that of this batch.
    #[must_use]
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }

    /// From which index on stored records are to be dropped, before the new ones are written.
    #[must_use]
    pub fn truncate_from(&self) -> Option<LogIndex> {
        let prev = self.append.as_ref()?.prev_position();
        Some(prev.index.plus(1))
    }

    /// The log entries to be written, each with its payload, in the order of the log, without a gap.
    pub fn records(&self) -> impl Iterator<Item = Record<'_, P>> {
        let mut payloads = self.payloads.iter();
        let mut prev = self
            .append
            .as_ref()
            .map_or(LogPosition::ZERO, LogEntries::prev_position);
        let entries = self.append.iter().flat_map(LogEntries::iter_with_positions);
        entries.map(move |(position, entry)| {
            let payload = match entry {
                LogEntry::Command => payloads.next(),
                _ => None,
            };
            Record {
                prev: core::mem::replace(&mut prev, position),
                position,
                entry,
                payload,
            }
        })
    }
}

/// A log entry to be stored under its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a, P> {
    prev: LogPosition,
    position: LogPosition,
    entry: LogEntry,
    payload: Option<&'a P>,
}

impl<P> Record<'_, P> {
    /// The index under which it is stored: a key. There is one record for each.
    #[must_use]
    pub fn index(&self) -> LogIndex {
        self.position.index
    }

    /// The position of the entry.
    #[must_use]
    pub fn position(&self) -> LogPosition {
        self.position
    }

    /// The entry.
    #[must_use]
    pub fn entry(&self) -> &LogEntry {
        &self.entry
    }
}

impl<P: AsRef<[u8]>> Record<'_, P> {
    /// The payload, if the entry is a command.
    #[must_use]
    pub fn payload(&self) -> Option<&[u8]> {
        self.payload.map(AsRef::as_ref)
    }

    /// Writes the record; returns how many bytes that took. See [`codec`] for the layout, and
    /// [`Stored::push`](super::Stored::push) for the way back.
    pub fn encode(&self, output: &mut impl Output) -> Result<usize, NoRoom> {
        let one = LogEntries::from_iter(self.prev, [self.entry.clone()]);
        let len = codec::encode_entries(&one, output)?;
        let payload = self.payload().unwrap_or_default();
        output.write(payload)?;
        Ok(len.saturating_add(payload.len()))
    }
}
