//! Pre-vote: a node asks whether it could be elected before it raises the term (thesis §9.6).

use alloc::boxed::Box;

use super::{Node, RoleState};
use crate::quorum::Votes;
use crate::{LogPosition, Message, MessageHeader, MessageKind, MessageSeqNo, NodeId, Term};

impl Node {
    /// thesis §9.6: asks all members whether they would vote for this node in the next term.
    ///
    /// Term and vote stay as they are, and nothing is saved.
    pub(super) fn start_pre_vote(&mut self) {
        let Some(term) = self.current_term.checked_next() else {
            return;
        };
        let call = MessageKind::PreVote.number(self.next_seqno());
        let mut votes = Votes::new(call);
        votes.insert(self.id);
        self.role = RoleState::PreCandidate(Box::new(votes));
        self.call_for_votes(term, call);
        self.count_pre_votes();
    }

    /// thesis §9.6: a pre-vote changes neither term nor role, so the term rule does not apply to it.
    #[cold]
    pub(super) fn handle_pre_vote(&mut self, msg: &Message) {
        match *msg {
            Message::RequestVoteCall {
                header,
                last_position,
            } => self.answer_pre_vote(header, last_position),
            Message::RequestVoteReply {
                header,
                vote_granted,
            } => self.handle_pre_vote_reply(header, vote_granted),
            Message::AppendEntriesCall { .. } | Message::AppendEntriesReply { .. } => {}
        }
    }

    /// thesis §9.6: says whether this node would vote for the caller in the term that it names.
    ///
    /// Not while there is a leader. Who asks for a term that is over learns the present one, leader or not: its
    /// term is the one thing that keeps it from coming back. A grant carries the term that it is for, not the own
    /// one: a voter whose term is lower would never be heard otherwise.
    fn answer_pre_vote(&mut self, header: MessageHeader, last_position: LogPosition) {
        if header.term <= self.current_term {
            self.send_pre_vote_reply(header.from, self.current_term, header.seqno, false);
            return;
        }
        let has_leader = self.has_contact || self.role().is_leader();
        if !has_leader && last_position.is_up_to_date(self.log.last_position()) {
            self.send_pre_vote_reply(header.from, header.term, header.seqno, true);
        }
    }

    /// Queues an answer, but not in the place of another message of this term, which tells more.
    fn send_pre_vote_reply(&mut self, to: NodeId, term: Term, seqno: MessageSeqNo, granted: bool) {
        let pending = self.actions.send_messages.get(&to);
        if pending.is_some_and(|it| it.term() == self.current_term && !it.kind().is_pre_vote()) {
            return;
        }
        let header = MessageHeader {
            from: self.id,
            term,
            seqno,
        };
        self.send(
            to,
            Message::RequestVoteReply {
                header,
                vote_granted: granted,
            },
        );
    }

    /// thesis §9.6: counts the answer to this round. A refusal tells of a higher term, a grant only of one that may
    /// come.
    fn handle_pre_vote_reply(&mut self, header: MessageHeader, vote_granted: bool) {
        if !vote_granted {
            if header.term > self.current_term {
                self.become_follower(header.term);
            }
            return;
        }
        let is_voter = self.log.latest_config().is_voter(header.from);
        let next_term = self.current_term.checked_next();
        if let RoleState::PreCandidate(votes) = &mut self.role {
            if is_voter && header.seqno == votes.call() && Some(header.term) == next_term {
                votes.insert(header.from);
                self.count_pre_votes();
            }
        }
    }

    /// thesis §9.6: campaigns once a majority would vote for this node.
    fn count_pre_votes(&mut self) {
        let RoleState::PreCandidate(votes) = &self.role else {
            return;
        };
        if votes.are_majority(self.config()) {
            self.start_election(MessageKind::Ordinary);
        }
    }
}
