//! Leadership transfer: a leader hands over to a voter of its choice (thesis §3.10).

use super::{Node, RoleState};
use crate::{Event, Message, MessageKind, NodeId, TransferOutcome};

impl Node {
    /// Begins to hand leadership over to another voter (thesis §3.10).
    ///
    /// The leader takes no proposals meanwhile. Once `target` has all of its log, it is told to campaign, which it does
    /// at once, whatever its timer says; leader and voters heed it even with
    /// [stable leadership](crate::StableLeadership). If that leads to nothing, the transfer ends by itself after
    /// [`NodeOptions::transfer_timeouts`](crate::NodeOptions::transfer_timeouts) of the leader's timeouts: proposals are
    /// taken again, and nothing is lost.
    ///
    /// Preconditions, else `false` is returned and nothing happens: this node is the leader; `target` is another voter
    /// of the configuration in force, in joint consensus a new one; no transfer to a third one is under way. To ask for
    /// the one that is under way is `true` and changes nothing.
    ///
    /// Actions: a call to the target, now or after one of its replies.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// let mut node = Node::start(NodeId::new(1));
    /// node.create_cluster(&[NodeId::new(1)]);
    /// assert!(!node.transfer_leadership(NodeId::new(2))); // no voter
    /// ```
    pub fn transfer_leadership(&mut self, target: NodeId) -> bool {
        self.begin_input();
        let RoleState::Leader(leader) = &mut self.role else {
            return false;
        };
        if let Some(present) = leader.transfer_target() {
            return present == target;
        }
        let config = self.log.latest_config();
        let voters = match config.is_joint_consensus() {
            true => &config.new_voters,
            false => &config.voters,
        };
        if target == self.id || !voters.contains(&target) {
            return false;
        }
        leader.begin_transfer(target, self.options.transfer_timeouts.max(1));
        self.continue_transfer();
        true
    }

    /// Gives up the transfer that is under way: the leader takes proposals again. Returns whether there was one.
    ///
    /// The call to the target may be on its way already: then there is an election at worst. No action follows.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// assert!(!Node::start(NodeId::new(1)).abort_transfer());
    /// ```
    pub fn abort_transfer(&mut self) -> bool {
        let target = self.transfer_target();
        if let Some(target) = target {
            self.end_transfer(target, TransferOutcome::Aborted);
        }
        target.is_some()
    }

    /// To whom this leader is handing over: until it steps down, or the transfer ends without effect.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// assert_eq!(Node::start(NodeId::new(1)).transfer_target(), None);
    /// ```
    #[must_use]
    pub fn transfer_target(&self) -> Option<NodeId> {
        match &self.role {
            RoleState::Leader(leader) => leader.transfer_target(),
            _ => None,
        }
    }

    /// thesis §3.10: tells the target to campaign, as soon as it has all of the log and nothing else waits for it.
    #[cold]
    pub(super) fn continue_transfer(&mut self) {
        let Some(target) = self.transfer_target() else {
            return;
        };
        let last_position = self.log.last_position();
        let pending = self.actions.send_messages.get(&target);
        let waits = matches!(pending, Some(Message::AppendEntriesCall { .. }));
        if waits || self.match_index(target) != Some(last_position.index) {
            return;
        }
        let header = self.header(MessageKind::CampaignNow.number(self.seqno));
        self.send(
            target,
            Message::RequestVoteCall {
                header,
                last_position,
            },
        );
    }

    /// thesis §3.10: counts a timeout of the leader, and takes up its work again when it has waited long enough.
    pub(super) fn note_transfer_timeout(&mut self) {
        let RoleState::Leader(leader) = &mut self.role else {
            return;
        };
        if let Some(target) = leader.note_transfer_timeout() {
            self.end_transfer(target, TransferOutcome::TimedOut);
        }
    }

    /// Ends a transfer without effect. What the target has not been sent yet, it is not told any more.
    #[cold]
    fn end_transfer(&mut self, target: NodeId, outcome: TransferOutcome) {
        if let RoleState::Leader(leader) = &mut self.role {
            leader.end_transfer();
        }
        let messages = &mut self.actions.send_messages;
        if messages
            .get(&target)
            .is_some_and(|it| it.kind() == MessageKind::CampaignNow)
        {
            messages.remove(&target);
        }
        self.tell(Event::TransferEnded(target, outcome));
    }

    /// thesis §3.10: campaigns at once, by order of the leader.
    ///
    /// Only with the very log that the leader had: an order that comes late, after proposals were taken again, finds
    /// another one. It gets no reply and changes no term.
    #[cold]
    pub(super) fn handle_campaign_now(&mut self, msg: &Message) {
        let Message::RequestVoteCall {
            header,
            last_position,
        } = *msg
        else {
            return;
        };
        let is_order = header.term == self.current_term
            && matches!(self.role, RoleState::Follower)
            && self.leader_id() == Some(header.from)
            && last_position == self.log.last_position();
        let may = self.may_campaign() && !self.leaves_leading_to_others();
        if is_order && may && !self.waits_for_storage() {
            self.start_election(MessageKind::TransferVote);
        }
    }
}
