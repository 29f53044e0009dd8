//! What waits to leave by one port.

use heapless::Deque;

use super::frame::Frame;

/// How urgent a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A message of Raft: elections and commits wait for it.
    Raft,
    /// A part of a snapshot: it leaves when nothing else waits.
    Bulk,
}

/// How many frames wait for one port. More are a sign of a dead wire: the oldest go.
const DEPTH: usize = 6;
/// Of those with parts of a snapshot, one for each follower is under way at most.
const BULK_DEPTH: usize = 4;

/// The frames for one port: own ones and those of others in turns, snapshots after both.
#[derive(Debug)]
pub(super) struct SendQueue {
    own: Deque<Frame, DEPTH>,
    others: Deque<Frame, DEPTH>,
    bulk: Deque<Frame, BULK_DEPTH>,
    is_turn_of_others: bool,
    dropped: u32,
}

impl SendQueue {
    pub(super) const fn new() -> Self {
        Self {
            own: Deque::new(),
            others: Deque::new(),
            bulk: Deque::new(),
            is_turn_of_others: false,
            dropped: 0,
        }
    }

    /// Adds a frame; if there are too many of its sort, the oldest is dropped.
    pub(super) fn push(&mut self, frame: Frame, is_own: bool) {
        let is_dropped = match (frame.kind, is_own) {
            (Kind::Bulk, _) => push(&mut self.bulk, frame),
            (Kind::Raft, true) => push(&mut self.own, frame),
            (Kind::Raft, false) => push(&mut self.others, frame),
        };
        self.dropped = self.dropped.wrapping_add(u32::from(is_dropped));
    }

    /// Takes the frame that leaves next.
    pub(super) fn pop(&mut self) -> Option<Frame> {
        let (first, second) = match self.is_turn_of_others {
            true => (&mut self.others, &mut self.own),
            false => (&mut self.own, &mut self.others),
        };
        if let Some(frame) = first.pop_front() {
            self.is_turn_of_others = !self.is_turn_of_others;
            return Some(frame);
        }
        second.pop_front().or_else(|| self.bulk.pop_front())
    }

    /// How many frames had to go.
    pub(super) fn dropped(&self) -> u32 {
        self.dropped
    }
}

/// Adds a frame; returns whether the oldest had to go for it.
fn push<const LEN: usize>(queue: &mut Deque<Frame, LEN>, frame: Frame) -> bool {
    let is_full = queue.is_full();
    if is_full {
        queue.pop_front();
    }
    // There is room now.
    let _ = queue.push_back(frame);
    is_full
}
