//! [`Storage`]: what a node knows of a storage that takes its time (thesis §10.2.1).
//!
//! Values only: the file `node::storage` asks here, and holds back what is not stored yet.
//!
//! One write is an append that the user has taken from the actions. Writes that only extend the log follow each other
//! at once; one that overwrites waits until all before it are stored, and all after it wait for it. So the position at
//! its end names one write, and a report that comes late or twice is never taken for that of another.

use crate::{LogIndex, LogPosition, MessageSeqNo, NodeId, Term};

/// The storage of a node, as far as it has reported.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Storage {
    /// Up to here the log is stored.
    durable: LogIndex,
    /// Up to here the log was handed over to be written.
    anchor: LogIndex,
    /// The end of the newest write.
    newest_write: LogPosition,
    /// Whether the newest write was reported, and so all of them.
    is_settled: bool,
    /// Whether the newest write overwrites.
    is_rewrite: bool,
    /// Whether stored entries above the anchor are to be dropped, even if none take their place.
    cuts: bool,
    /// Whether an append waits among the actions.
    pub(crate) is_offered: bool,
    /// The stored term and vote.
    hard_state: Option<(Term, Option<NodeId>)>,
    /// Whether the log was reported since the last timeout.
    has_reported: bool,
    /// The timeouts in a row with a write under way and no report.
    stalled_timeouts: u8,
    /// Acknowledgements that wait: for this leader, oldest first.
    leader: Option<NodeId>,
    acknowledgements: heapless::Vec<(MessageSeqNo, LogPosition), 8>,
    /// The vote that waits: for whom, and the number of the call.
    vote: Option<(NodeId, MessageSeqNo)>,
}

impl Storage {
    /// All up to `stored` is stored, and the hard state, if it is known to be.
    pub(crate) fn new(stored: LogPosition, hard_state: Option<(Term, Option<NodeId>)>) -> Self {
        Self {
            durable: stored.index,
            anchor: stored.index,
            newest_write: stored,
            is_settled: true,
            is_rewrite: false,
            cuts: false,
            is_offered: false,
            hard_state,
            has_reported: false,
            stalled_timeouts: 0,
            leader: None,
            acknowledgements: heapless::Vec::new(),
            vote: None,
        }
    }

    /// Up to here the log is stored.
    pub(crate) fn durable_index(&self) -> LogIndex {
        self.durable
    }

    /// Whether so much of the hard state is stored.
    pub(crate) fn has_stored_term(&self, term: Term) -> bool {
        self.hard_state.is_some_and(|(stored, _)| stored >= term)
    }

    /// Whether this very hard state is stored.
    pub(crate) fn has_stored_vote(&self, term: Term, voted_for: Option<NodeId>) -> bool {
        self.hard_state == Some((term, voted_for))
    }

    /// Takes note that the append that waited was taken: the log is handed over up to its end.
    pub(crate) fn note_taken(&mut self, end: LogPosition) {
        self.is_rewrite = self.overwrites();
        self.is_offered = false;
        self.is_settled = false;
        self.cuts = false;
        self.anchor = end.index;
        self.newest_write = end;
    }

    /// Takes note that everything in the log above `index` has changed.
    pub(crate) fn note_change_after(&mut self, index: LogIndex) {
        self.anchor = self.anchor.min(index);
        self.durable = self.durable.min(index);
    }

    /// §7: takes note that a snapshot is stored. Where the log did not contain it, nothing above it is left.
    pub(crate) fn note_snapshot(&mut self, position: LogPosition, is_in_log: bool) {
        let index = position.index;
        if is_in_log {
            // An overwriting write that was not taken yet: what it would have dropped above is still to be dropped.
            if self.anchor < index && self.newest_write.index > index {
                self.cuts = true;
            }
            self.anchor = self.anchor.max(index);
            self.durable = self.durable.max(index);
        } else {
            self.anchor = index;
            self.durable = index;
            self.cuts = self.newest_write.index > index;
        }
        self.is_settled |= self.newest_write.index <= index;
    }

    /// Where the next write begins, if there is one for a log that ends at `last_index`, and it need not wait.
    pub(crate) fn next_write(&self, last_index: LogIndex) -> Option<LogIndex> {
        let is_wanted = self.anchor < last_index || self.cuts;
        let waits = !self.is_settled && (self.is_rewrite || self.overwrites());
        (is_wanted && !waits).then_some(self.anchor)
    }

    /// Whether a write from the anchor on drops what an earlier one has written.
    fn overwrites(&self) -> bool {
        self.cuts || self.anchor < self.newest_write.index
    }

    /// Takes the report that the log is stored up to `position`, which the log contains or not.
    pub(crate) fn note_log_stored(&mut self, position: LogPosition, is_in_log: bool) {
        self.has_reported = true;
        self.is_settled |= position == self.newest_write;
        if is_in_log && position.index <= self.anchor {
            self.durable = self.durable.max(position.index);
        }
    }

    /// Takes the report that the hard state is stored.
    pub(crate) fn note_hard_state_stored(&mut self, term: Term, voted_for: Option<NodeId>) {
        if self.hard_state.is_none_or(|(stored, _)| stored <= term) {
            self.hard_state = Some((term, voted_for));
        }
    }

    /// Ends the time since the last timeout; says whether the storage has [stalled](Self::is_stalled) in it.
    pub(crate) fn take_stall(&mut self) -> bool {
        let is_stalled = self.is_stalled();
        self.has_reported = false;
        is_stalled
    }

    /// Whether a write of the log is under way of which nothing was heard since the last timeout.
    pub(crate) fn is_stalled(&self) -> bool {
        !self.is_settled && !self.has_reported
    }

    /// Counts a timeout of a leader; says how many in a row had a write under way and no report.
    pub(crate) fn note_leader_timeout(&mut self) -> u8 {
        self.stalled_timeouts = match self.take_stall() {
            true => self.stalled_timeouts.saturating_add(1),
            false => 0,
        };
        self.stalled_timeouts
    }

    /// Lets an acknowledgement to the leader wait until its position is stored.
    pub(crate) fn hold_acknowledgement(
        &mut self,
        leader: NodeId,
        seqno: MessageSeqNo,
        position: LogPosition,
    ) {
        if self.leader.replace(leader) != Some(leader) {
            self.acknowledgements.clear();
        }
        let Err(newest) = self.acknowledgements.push((seqno, position)) else {
            return;
        };
        if let Some(last) = self.acknowledgements.last_mut().filter(|it| it.0 <= seqno) {
            *last = newest;
        }
    }

    /// The newest acknowledgement whose position is stored; the older ones say no more than that. Positions that are
    /// not in the log any more are none.
    pub(crate) fn take_acknowledgement(
        &mut self,
        is_in_log: impl Fn(LogPosition) -> bool,
    ) -> Option<(NodeId, MessageSeqNo, LogPosition)> {
        let mut newest: Option<(MessageSeqNo, LogPosition)> = None;
        self.acknowledgements.retain(|&(seqno, position)| {
            let is_in_log = is_in_log(position);
            let is_stored = position.index <= self.durable;
            if is_in_log && is_stored && newest.is_none_or(|(other, _)| other < seqno) {
                newest = Some((seqno, position));
            }
            is_in_log && !is_stored
        });
        let (seqno, position) = newest?;
        Some((self.leader?, seqno, position))
    }

    /// §7: acknowledgements that wait name the snapshot in place of a position that is gone.
    pub(crate) fn renew_acknowledgements(
        &mut self,
        snapshot: LogPosition,
        is_in_log: impl Fn(LogPosition) -> bool,
    ) {
        for (_, position) in &mut self.acknowledgements {
            if !is_in_log(*position) {
                *position = snapshot;
            }
        }
    }

    /// Lets a vote wait until it is stored.
    pub(crate) fn hold_vote(&mut self, candidate: NodeId, seqno: MessageSeqNo) {
        self.vote = Some((candidate, seqno));
    }

    /// The vote of this term that waits, if it is stored.
    pub(crate) fn take_vote(&mut self, term: Term) -> Option<(NodeId, MessageSeqNo)> {
        let (candidate, _) = self.vote?;
        match self.has_stored_vote(term, Some(candidate)) {
            true => self.vote.take(),
            false => None,
        }
    }

    /// Forgets the vote that waits: the leader of the term is known.
    pub(crate) fn forget_vote(&mut self) {
        self.vote = None;
    }

    /// Forgets what waits to be promised: the term is over.
    pub(crate) fn forget_promises(&mut self) {
        self.vote = None;
        self.acknowledgements.clear();
    }
}
