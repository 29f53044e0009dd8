//! Snapshots on their way, chunk by chunk (§7): those that a leader sends, and the one that a follower takes.

use alloc::vec::Vec;

use super::checksum::Crc32;
use super::envelope::{Chunk, ChunkReply};
use super::snapshot::Snapshot;
use crate::codec::{NoRoom, Output};
use crate::{NodeId, Term};

/// The snapshots that a leader sends: one to each follower that needs it, all of the same snapshot.
#[derive(Debug, Clone, Default)]
pub(super) struct Sending(Vec<Transfer>);

#[derive(Debug, Clone)]
struct Transfer {
    to: NodeId,
    /// Up to here it is stored there.
    offset: u64,
    /// Whether a chunk is to be sent now.
    is_due: bool,
    /// Timeouts since the last answer.
    timeouts: u32,
}

impl Sending {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Begins to send to this node; goes on if that was begun.
    pub(super) fn begin(&mut self, to: NodeId) {
        if self.0.iter().all(|transfer| transfer.to != to) {
            self.0.push(Transfer {
                to,
                offset: 0,
                is_due: true,
                timeouts: 0,
            });
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// A heartbeat's time is over: what is not answered is sent again, or given up.
    pub(super) fn note_timeout(&mut self, max_timeouts: u32) {
        for transfer in &mut self.0 {
            transfer.is_due = true;
            transfer.timeouts = transfer.timeouts.saturating_add(1);
        }
        self.0.retain(|transfer| transfer.timeouts <= max_timeouts);
    }

    /// A follower says which chunk is next.
    pub(super) fn note_reply(&mut self, reply: ChunkReply, snapshot: &Snapshot) {
        let is_of_it =
            reply.position == snapshot.position() && reply.checksum == snapshot.checksum();
        if !is_of_it || reply.next_offset >= snapshot.len() {
            // All of it, or more than it: the node's own messages tell whether that was enough.
            self.0
                .retain(|transfer| !(is_of_it && transfer.to == reply.from));
            return;
        }
        for transfer in &mut self.0 {
            // What is no progress is an old answer or one that came twice, and would double what is under way; after
            // a timeout without an answer it tells that the follower has begun anew.
            let has_begun_anew = reply.next_offset < transfer.offset && transfer.timeouts > 0;
            let is_news = reply.next_offset > transfer.offset || has_begun_anew;
            if transfer.to == reply.from && is_news {
                transfer.offset = reply.next_offset;
                transfer.is_due = true;
                transfer.timeouts = 0;
            }
        }
    }

    /// Whether a chunk is to be sent.
    pub(super) fn is_due(&self) -> bool {
        self.0.iter().any(|transfer| transfer.is_due)
    }

    /// To whom a chunk is to be sent now, and from which byte on.
    pub(super) fn take_due(&mut self) -> Option<(NodeId, u64)> {
        let transfer = self.0.iter_mut().find(|transfer| transfer.is_due)?;
        transfer.is_due = false;
        Some((transfer.to, transfer.offset))
    }

    /// Up to where the snapshot is stored at this node.
    pub(super) fn progress(&self, to: NodeId) -> Option<u64> {
        let transfer = self.0.iter().find(|transfer| transfer.to == to)?;
        Some(transfer.offset)
    }
}

/// The next chunk of a snapshot for a follower: the user reads the bytes and sends what
/// [`encode`](Self::encode) makes of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkToSend {
    pub(super) from: NodeId,
    pub(super) term: Term,
    pub(super) snapshot: Snapshot,
    pub(super) offset: u64,
    pub(super) len: usize,
}

impl ChunkToSend {
    /// The snapshot: the newest one that this node has stored.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The first byte to read.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How many bytes to read.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "a chunk without bytes is sent too: that of a snapshot without bytes"
    )]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Writes the envelope with these bytes; returns how many bytes that took.
    ///
    /// Precondition: `bytes` are [`len`](Self::len) bytes of the snapshot from [`offset`](Self::offset) on. If
    /// not, the follower will find the checksum wrong, and ask for all of it again.
    pub fn encode(&self, bytes: &[u8], output: &mut impl Output) -> Result<usize, NoRoom> {
        Chunk {
            from: self.from,
            term: self.term,
            snapshot: self.snapshot.clone(),
            offset: self.offset,
            bytes,
        }
        .encode(output)
    }
}

/// A chunk of a snapshot that has come in, to be stored: at offset 0 as the start of a new file, else at the end
/// of what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkToStore {
    pub(super) snapshot: Snapshot,
    pub(super) offset: u64,
    pub(super) bytes: Vec<u8>,
}

impl ChunkToStore {
    /// The snapshot that it is a part of.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Where it belongs.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The snapshot that a follower takes.
#[derive(Debug, Clone)]
pub(super) struct Receiving {
    /// The newest term in which it was sent.
    term: Term,
    snapshot: Snapshot,
    /// Up to here it was handed over to be stored.
    offset: u64,
    crc: Crc32,
    /// Whether this node has heard nothing of it since its own last timeout.
    is_idle: bool,
}

/// What is to be done about a chunk.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reception {
    /// Store it, then answer.
    Store,
    /// Answer that this byte is next.
    Answer(u64),
    /// Say nothing: the sender tries again at its next timeout, and not at once.
    Nothing,
}

impl Receiving {
    pub(super) fn new(term: Term, snapshot: Snapshot) -> Self {
        Self {
            term,
            snapshot,
            offset: 0,
            crc: Crc32::new(),
            is_idle: false,
        }
    }

    /// A timeout of this node: no leader is heard. Another one may go on with the same snapshot.
    pub(super) fn note_timeout(&mut self) {
        self.is_idle = true;
    }

    pub(super) fn is_idle(&self) -> bool {
        self.is_idle
    }

    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes the next chunk, if it is the next; a chunk of another snapshot only where that is no older one, or
    /// comes from a newer leader, which has no other.
    pub(super) fn take(&mut self, chunk: &Chunk<'_>) -> Reception {
        if !self.snapshot.is_same_as(&chunk.snapshot) {
            let is_older = chunk.snapshot.position().index < self.snapshot.position().index;
            if is_older && chunk.term <= self.term {
                return Reception::Nothing;
            }
            *self = Self::new(chunk.term, chunk.snapshot.clone());
        }
        self.term = self.term.max(chunk.term);
        self.is_idle = false;
        let len = u64::try_from(chunk.bytes.len()).unwrap_or(u64::MAX);
        let end = self.offset.saturating_add(len);
        let is_next = chunk.offset == self.offset && end <= self.snapshot.len();
        if !is_next || (len == 0 && self.snapshot.len() > 0) {
            return Reception::Answer(self.offset);
        }
        self.crc.update(chunk.bytes);
        self.offset = end;
        if self.is_complete() && self.crc.value() != self.snapshot.checksum() {
            *self = Self::new(self.term, chunk.snapshot.clone());
            return Reception::Nothing;
        }
        Reception::Store
    }

    /// Whether all bytes were handed over.
    pub(super) fn is_complete(&self) -> bool {
        self.offset == self.snapshot.len()
    }

    pub(super) fn into_snapshot(self) -> Snapshot {
        self.snapshot
    }
}
