//! The term rule, which every message meets first (§5.1), and who may start a term of its own (§6, thesis §4.2.2).

use super::{Node, RoleState};
use crate::quorum::is_majority;
use crate::{Message, MessageKind, MessageSeqNo};

impl Node {
    /// §5.1: whether the message is of the current term, once a higher term has been adopted and an older
    /// one refused.
    pub(super) fn heeds_term(&mut self, msg: &Message) -> bool {
        if msg.term() > self.current_term {
            if self.is_disturbance(msg) {
                return false;
            }
            self.become_follower(msg.term());
        } else if msg.term() < self.current_term {
            self.refuse_older_term(msg);
            return false;
        }
        true
    }

    /// §5.1: tells the caller of an older term the current one. Replies of an older term are dropped.
    ///
    /// A message of this term that waits for the caller tells it already. The reply to an AppendEntriesCall
    /// has the number 0: its caller may yet lead this term, and must not take it for an answer to a call of
    /// this term, which a read might count. It names the committed position, as far as that is stored: it is still
    /// there when the user gets to send it.
    #[cold]
    fn refuse_older_term(&mut self, msg: &Message) {
        let storage = self.storage.as_ref();
        if storage.is_some_and(|it| !it.has_stored_term(self.current_term)) {
            return; // It asks again.
        }
        let stored_index = storage.map_or(self.commit_index, |it| it.durable_index());
        let is_told = |pending: &Message| pending.term() == self.current_term;
        if self
            .actions
            .send_messages
            .get(&msg.from())
            .is_some_and(is_told)
        {
            return;
        }
        match *msg {
            Message::RequestVoteCall { header, .. } => {
                let header = self.header(header.seqno);
                self.send(
                    msg.from(),
                    Message::RequestVoteReply {
                        header,
                        vote_granted: false,
                    },
                );
            }
            Message::AppendEntriesCall { header, .. } => {
                let last_position = self.position_at(self.commit_index.min(stored_index));
                self.send_acknowledgement(header.from, MessageSeqNo::ZERO, last_position);
            }
            Message::RequestVoteReply { .. } | Message::AppendEntriesReply { .. } => {}
        }
    }

    /// §6: whether this is a call for votes that must not unseat a leader that is there.
    ///
    /// A leader that is in contact with its followers heeds none. A follower that has heard from the leader
    /// heeds those of voters only: a removed server, which does not get heartbeats any more, is none in any
    /// configuration from the known commit on. With stable leadership (thesis §4.2.3) neither heeds any. By order of
    /// the leader itself (thesis §3.10) it is none.
    #[cold]
    fn is_disturbance(&self, msg: &Message) -> bool {
        let is_call = matches!(msg, Message::RequestVoteCall { .. });
        if !is_call || msg.kind() == MessageKind::TransferVote {
            return false;
        }
        if self.options.stable_leadership.is_some() {
            return self.has_contact || self.role().is_leader();
        }
        match &self.role {
            RoleState::Leader(leader) => leader.is_in_contact(self.config()),
            _ => {
                let mut configs = self.log.configs_from(self.commit_index);
                self.has_contact && !configs.any(|config| config.is_voter(msg.from()))
            }
        }
    }

    /// thesis §4.2.2: whether this node may start an election.
    ///
    /// It has to be a voter of a configuration from the known commit on. The latest alone would not do: if an
    /// uncommitted C_new removes the node with the newest log, nobody else could be elected.
    pub(super) fn may_campaign(&self) -> bool {
        self.current_term.checked_next().is_some()
            && self.log.last_position().index.checked_next().is_some()
            && self
                .log
                .configs_from(self.commit_index)
                .any(|config| config.is_voter(self.id))
    }

    /// Whether this node does not campaign by its own choice. Alone it has to: nobody else can.
    pub(super) fn leaves_leading_to_others(&self) -> bool {
        self.options.never_leads && !is_majority(self.config(), &|id| id == self.id)
    }
}
