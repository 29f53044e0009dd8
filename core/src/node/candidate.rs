//! Candidates: starting an election and counting its votes (§5.2).

use alloc::boxed::Box;

use super::{Node, RoleState};
use crate::quorum::Votes;
use crate::{Message, MessageHeader, MessageKind, MessageSeqNo, Term};

impl Node {
    /// §5.2: becomes a candidate of the next term, and asks all members for their votes. After the last term there is
    /// none.
    pub(super) fn start_election(&mut self, kind: MessageKind) {
        let Some(term) = self.current_term.checked_next() else {
            return;
        };
        // Numbers go on after a pre-vote, so that a late answer to it is none to this call, whatever its kind.
        let last_seqno = match self.role {
            RoleState::PreCandidate(..) => self.seqno,
            _ => MessageSeqNo::ZERO,
        };
        self.enter_term(term, Some(self.id));
        self.seqno = last_seqno;
        let call = kind.number(self.next_seqno());
        self.actions.set_election_timeout = true;
        self.role = RoleState::Candidate(Box::new(Votes::new(call)));
        self.stand_for_election();
    }

    /// §5.2: votes for itself, once that vote is stored, and asks all members for theirs.
    ///
    /// A call for votes that is sent before could be answered to a candidate that has forgotten it, and its log.
    pub(super) fn stand_for_election(&mut self) {
        if self.waits_for_hard_state() {
            return;
        }
        let RoleState::Candidate(votes) = &mut self.role else {
            return;
        };
        if votes.insert(self.id) {
            let call = votes.call();
            self.call_for_votes(self.current_term, call);
            self.count_votes();
        }
    }

    /// §5.2: sends all members a call for their votes in this term.
    pub(super) fn call_for_votes(&mut self, term: Term, seqno: MessageSeqNo) {
        let header = MessageHeader {
            from: self.id,
            term,
            seqno,
        };
        let call = Message::RequestVoteCall {
            header,
            last_position: self.log.last_position(),
        };
        let has_peers = self.peers().next().is_some();
        self.actions.broadcast_message = has_peers.then_some(call);
    }

    /// §5.2: counts a vote of the current term. Only voters have one. With pre-votes about (thesis §9.6), it has to
    /// answer the very call. Before this node has asked for votes, there are none: it may not lead in a term that is
    /// not stored.
    #[cold]
    pub(super) fn handle_request_vote_reply(&mut self, header: MessageHeader, vote_granted: bool) {
        if self.waits_for_hard_state() {
            return;
        }
        let RoleState::Candidate(votes) = &mut self.role else {
            return;
        };
        if self.options.stable_leadership.is_some() && header.seqno != votes.call() {
            return;
        }
        if vote_granted && self.log.latest_config().is_voter(header.from) {
            votes.insert(header.from);
            self.count_votes();
        }
    }

    /// §5.2: becomes the leader with the votes of a majority.
    fn count_votes(&mut self) {
        let RoleState::Candidate(votes) = &self.role else {
            return;
        };
        if votes.are_majority(self.config()) {
            self.become_leader();
        }
    }
}
