//! Reads that are linearizable without a log entry (§8, thesis §6.4).

use super::{Node, RoleState};
use crate::{Message, MessageSeqNo, ReadStatus, ReadToken};

impl Node {
    /// Begins a linearizable read (§8, thesis §6.4).
    ///
    /// Precondition: this node is the leader; if not, `None`, and nothing happens. Then ask
    /// [`read_status`](Self::read_status) after each message until it is `Ready`; once all entries up to its
    /// index are applied, read the state machine. A lost message is made up for by the next heartbeat.
    ///
    /// Actions: a broadcast without entries, or the pending one gets a new number: a hundred reads before the
    /// actions are taken cost one message to each follower. Alone in its cluster, a leader needs none.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// assert_eq!(Node::start(NodeId::new(1)).read_index(), None);
    /// ```
    pub fn read_index(&mut self) -> Option<ReadToken> {
        self.begin_input();
        let RoleState::Leader(leader) = &self.role else {
            return None;
        };
        // Before an entry of its own term is committed, a leader may not know the newest commits (§8).
        let index = self.commit_index.max(leader.term_start());
        if let Some(Message::AppendEntriesCall { .. }) = self.actions.broadcast_message {
            // Its sender may have looked at it already, so only a new number is surely sent from now on.
            self.renumber_calls();
        }
        self.send_heartbeat();
        Some(ReadToken {
            term: self.current_term,
            seqno: self.seqno_of_broadcast(),
            index,
        })
    }

    /// How far the read of this token is.
    ///
    /// `Ready` means: an entry of the leader's own term and all that was committed when the read began is
    /// committed here, and a majority of the voters in force (§6: of both halves) has answered a call that
    /// was made after the read began, in this term; so nobody had been elected in between. `Lost` stays.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId, ReadStatus};
    /// let mut leader = Node::start(NodeId::new(1));
    /// leader.create_cluster(&[NodeId::new(1)]);
    /// let token = leader.read_index().expect("it is the leader");
    /// assert_eq!(Node::start(NodeId::new(2)).read_status(token), ReadStatus::Lost);
    /// ```
    #[must_use]
    pub fn read_status(&self, token: ReadToken) -> ReadStatus {
        let RoleState::Leader(leader) = &self.role else {
            return ReadStatus::Lost;
        };
        if token.term != self.current_term {
            ReadStatus::Lost
        } else if self.commit_index() >= token.index
            && leader.is_answered_by_majority(self.config(), token.seqno)
        {
            ReadStatus::Ready(token.index)
        } else {
            ReadStatus::Pending
        }
    }

    /// The number of the pending broadcast; without one the newest number.
    fn seqno_of_broadcast(&self) -> MessageSeqNo {
        self.actions
            .broadcast_message
            .as_ref()
            .map_or(self.seqno, Message::seqno)
    }
}
