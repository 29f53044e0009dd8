//! A follower that has lost what it had acknowledged (figure 2: "persistent state"; thesis §3.8).

use super::{Node, RoleState};
use crate::{Event, LogPosition, MessageHeader, NodeId};

impl Node {
    /// Whether this leader has found that `id` lost entries which it had acknowledged, and refuses it.
    ///
    /// Only with [`NodeOptions::refuses_lost_tail`](crate::NodeOptions::refuses_lost_tail). `false` if this node is not
    /// the leader.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// assert!(!Node::start(NodeId::new(1)).has_lost_tail(NodeId::new(2)));
    /// ```
    #[must_use]
    pub fn has_lost_tail(&self, id: NodeId) -> bool {
        match &self.role {
            RoleState::Leader(leader) => leader.has_lost_tail(id),
            _ => false,
        }
    }

    /// thesis §3.8: whether a reply is that of a follower which has lost its tail. What it says counts no more.
    #[cold]
    pub(super) fn is_from_lost_tail(
        &mut self,
        header: MessageHeader,
        last_position: LogPosition,
    ) -> bool {
        let RoleState::Leader(leader) = &mut self.role else {
            return false;
        };
        if leader.note_lost_tail(header.from, header.seqno, self.seqno, last_position) {
            self.tell(Event::FollowerLostTail(header.from));
        }
        self.has_lost_tail(header.from)
    }
}
