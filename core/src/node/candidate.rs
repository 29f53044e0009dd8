//! Candidates: starting an election and counting its votes (§5.2).

use super::{Node, RoleState};
use crate::{Message, MessageHeader};

impl Node {
    /// §5.2: asks all members for their votes in the next term. After the last term there is none.
    pub(super) fn start_election(&mut self) {
        let Some(term) = self.current_term.checked_next() else {
            return;
        };
        self.become_candidate(term);
        let seqno = self.next_seqno();
        let header = self.header(seqno);
        let call = Message::RequestVoteCall {
            header,
            last_position: self.log.last_position(),
        };
        let has_peers = self.peers().next().is_some();
        self.actions.broadcast_message = has_peers.then_some(call);
        self.count_votes();
    }

    /// §5.2: counts a vote of the current term. Only voters have one.
    pub(super) fn handle_request_vote_reply(&mut self, header: MessageHeader, vote_granted: bool) {
        let RoleState::Candidate(votes) = &mut self.role else {
            return;
        };
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
