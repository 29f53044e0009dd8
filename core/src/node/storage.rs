//! A storage that takes its time (thesis §10.2.1): what promises something is held back until it is stored.
//!
//! Only with [`NodeOptions::asynchronous_storage`](crate::NodeOptions::asynchronous_storage); without, what was taken
//! from the actions is stored. What is held back is not among the actions; it comes there with the report.

use alloc::boxed::Box;

use super::Node;
use crate::storage::Storage;
use crate::{LogIndex, LogPosition, Message, MessageHeader, MessageSeqNo, NodeId, Term};

impl Node {
    /// Takes the report that the log is stored up to `position`, durably: the last position of an
    /// [`AppendLogEntries`](crate::Action::AppendLogEntries) that was taken.
    ///
    /// Preconditions: the writes are made in the order in which they were taken, and reported in that order. One report
    /// may stand for several, and may come twice. Without
    /// [`asynchronous_storage`](crate::NodeOptions::asynchronous_storage) nothing happens.
    ///
    /// Actions: the acknowledgement that waited for it, an append that waited, and what a commit entails.
    ///
    /// ```
    /// # use raftbare::{Action, LogPosition, Node, NodeId, NodeOptions};
    /// let mut options = NodeOptions::default();
    /// options.asynchronous_storage = true;
    /// let mut node = Node::start(NodeId::new(1));
    /// node.set_options(options);
    /// node.create_cluster(&[NodeId::new(1)]);
    /// let (term, vote) = (node.current_term(), node.voted_for());
    /// let mut end = LogPosition::ZERO;
    /// for action in node.actions_mut() {
    ///     if let Action::AppendLogEntries(entries) = action {
    ///         end = entries.last_position(); // ... begin to write, and go on ...
    ///     }
    /// }
    /// assert!(node.role().is_candidate()); // its own vote is not stored yet
    /// node.handle_hard_state_persisted(term, vote);
    /// assert!(node.role().is_leader());
    /// node.handle_log_persisted(end);
    /// assert_eq!(node.durable_index(), end.index);
    /// ```
    pub fn handle_log_persisted(&mut self, position: LogPosition) {
        self.begin_input();
        let is_in_log = self.log.entries().contains(position);
        let Some(storage) = &mut self.storage else {
            return;
        };
        storage.note_log_stored(position, is_in_log);
        self.offer_append();
        self.release_acknowledgement();
        self.advance_commit_index();
    }

    /// Takes the report that this term and this vote are stored, durably: what
    /// [`SaveCurrentTerm`](crate::Action::SaveCurrentTerm) and [`SaveVotedFor`](crate::Action::SaveVotedFor) asked for,
    /// as they were when these were taken.
    ///
    /// Preconditions: both together, and in the order in which they were taken. Without
    /// [`asynchronous_storage`](crate::NodeOptions::asynchronous_storage) nothing happens.
    ///
    /// Actions: the vote, the call for votes, or the acknowledgement that waited for it.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId, Term};
    /// let mut node = Node::start(NodeId::new(1));
    /// node.handle_hard_state_persisted(Term::new(0), None); // of no interest by default
    /// assert!(node.actions().is_empty());
    /// ```
    pub fn handle_hard_state_persisted(&mut self, term: Term, voted_for: Option<NodeId>) {
        self.begin_input();
        let Some(storage) = &mut self.storage else {
            return;
        };
        storage.note_hard_state_stored(term, voted_for);
        self.release_vote();
        self.release_acknowledgement();
        self.stand_for_election();
    }

    /// Up to where the log is stored.
    ///
    /// By default, what was taken from the actions is; with
    /// [`asynchronous_storage`](crate::NodeOptions::asynchronous_storage), what was reported. A leader counts itself
    /// only so far; and nobody may apply entries beyond it, committed or not.
    ///
    /// ```
    /// # use raftbare::{LogIndex, Node, NodeId};
    /// let mut node = Node::start(NodeId::new(1));
    /// node.create_cluster(&[NodeId::new(1)]);
    /// assert_eq!(node.durable_index(), LogIndex::ZERO);
    /// for _action in node.actions_mut() { /* execute */ }
    /// assert_eq!(node.durable_index(), LogIndex::new(2));
    /// ```
    #[must_use]
    pub fn durable_index(&self) -> LogIndex {
        match &self.storage {
            Some(storage) => storage.durable_index(),
            None => self.handed_over_index(),
        }
    }

    /// Begins to wait for reports, if the options say so. What was taken so far is stored. There is no way back: what
    /// is under way would count as stored.
    pub(super) fn follow_options_with_storage(&mut self) {
        self.options.asynchronous_storage |= self.storage.is_some();
        if !self.options.asynchronous_storage || self.storage.is_some() {
            return;
        }
        let saves = self.actions.save_current_term || self.actions.save_voted_for;
        let hard_state = (!saves).then_some((self.current_term, self.voted_for));
        let stored = self.position_at(self.handed_over_index());
        let mut storage = Storage::new(stored, hard_state);
        storage.is_offered = self.actions.append_log_entries.is_some();
        self.storage = Some(Box::new(storage));
    }

    /// Takes note of an append that was taken since the last input.
    pub(super) fn note_taken_append(&mut self) {
        let Some(storage) = &mut self.storage else {
            return;
        };
        if storage.is_offered && self.actions.append_log_entries.is_none() {
            storage.note_taken(self.log.last_position());
        }
    }

    /// Lets an append wait among the actions, of all that was not handed over yet, if it need not wait itself.
    pub(super) fn offer_append(&mut self) {
        let last_index = self.log.last_position().index;
        let Some(storage) = &self.storage else {
            return;
        };
        let start = storage.next_write(last_index);
        let entries = start.and_then(|index| self.log.entries().since(self.position_at(index)));
        if let Some(storage) = &mut self.storage {
            storage.is_offered = entries.is_some();
        }
        self.actions.append_log_entries = entries;
    }

    /// §7: takes note of a snapshot, which is stored behind all writes that were taken before it.
    pub(super) fn note_snapshot_stored(&mut self, position: LogPosition, is_in_log: bool) {
        let entries = self.log.entries();
        if let Some(storage) = &mut self.storage {
            storage.note_snapshot(position, is_in_log);
            storage.renew_acknowledgements(position, |position| entries.contains(position));
        }
        self.offer_append();
        self.release_acknowledgement();
    }

    /// Whether the term and the vote are not stored yet.
    pub(super) fn waits_for_hard_state(&self) -> bool {
        let storage = self.storage.as_ref();
        storage.is_some_and(|it| !it.has_stored_vote(self.current_term, self.voted_for))
    }

    /// Whether the storage of this node does not get on: then it does not campaign. It could promise nothing, and would
    /// come back with a term that nobody has heard of.
    pub(super) fn waits_for_storage(&self) -> bool {
        self.waits_for_hard_state() || self.storage.as_ref().is_some_and(|it| it.is_stalled())
    }

    /// Ends the time since the last timeout of a node that does not lead; says whether it may campaign.
    pub(super) fn has_storage_to_campaign(&mut self) -> bool {
        let waits = self.waits_for_storage();
        self.storage.as_mut().map(|it| it.take_stall());
        !waits
    }

    /// Whether the own storage of this leader gets on, at one of its timeouts. With stable leadership it may not stall
    /// longer than a majority may be silent.
    pub(super) fn has_live_storage(&mut self) -> bool {
        let (Some(stable), Some(storage)) = (self.options.stable_leadership, &mut self.storage)
        else {
            return true;
        };
        storage.note_leader_timeout() < stable.most_silent_timeouts()
    }

    /// §5.3: answers a call of the leader, now or when the position is stored.
    pub(super) fn acknowledge(&mut self, call: MessageHeader, last_position: LogPosition) {
        match &mut self.storage {
            None => self.send_acknowledgement(call.from, call.seqno, last_position),
            Some(storage) => {
                storage.forget_vote();
                storage.hold_acknowledgement(call.from, call.seqno, last_position);
                self.release_acknowledgement();
            }
        }
    }

    /// §5.2: gives the vote of this term, now or when it is stored.
    pub(super) fn grant_vote(&mut self, call: MessageHeader) {
        match &mut self.storage {
            None => self.send_vote(call.from, call.seqno),
            Some(storage) => {
                storage.hold_vote(call.from, call.seqno);
                self.release_vote();
            }
        }
    }

    fn release_acknowledgement(&mut self) {
        let Some(storage) = &mut self.storage else {
            return;
        };
        if !storage.has_stored_term(self.current_term) {
            return;
        }
        let entries = self.log.entries();
        let released = storage.take_acknowledgement(|position| entries.contains(position));
        if let Some((leader, seqno, position)) = released {
            self.send_acknowledgement(leader, seqno, position);
        }
    }

    fn release_vote(&mut self) {
        let storage = self.storage.as_mut();
        let released = storage.and_then(|it| it.take_vote(self.current_term));
        if let Some((candidate, seqno)) = released {
            self.send_vote(candidate, seqno);
        }
    }

    pub(super) fn send_acknowledgement(
        &mut self,
        leader: NodeId,
        seqno: MessageSeqNo,
        last_position: LogPosition,
    ) {
        let header = self.header(seqno);
        self.send(
            leader,
            Message::AppendEntriesReply {
                header,
                last_position,
            },
        );
    }

    fn send_vote(&mut self, candidate: NodeId, seqno: MessageSeqNo) {
        let header = self.header(seqno);
        self.send(
            candidate,
            Message::RequestVoteReply {
                header,
                vote_granted: true,
            },
        );
    }
}
