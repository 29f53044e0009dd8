//! Questions to a node, which change nothing. Those that only a leader answers are in `leader` and `read`.

use super::{Node, RoleState};
use crate::{
    Actions, ClusterConfig, CommitStatus, Log, LogPosition, NodeId, NodeOptions, Role, Term,
};

impl Node {
    /// The identifier of this node.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// assert_eq!(Node::start(NodeId::new(1)).id(), NodeId::new(1));
    /// ```
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// The role of this node.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// assert!(Node::start(NodeId::new(1)).role().is_follower());
    /// ```
    #[must_use]
    pub fn role(&self) -> Role {
        match self.role {
            RoleState::Follower => Role::Follower,
            RoleState::PreCandidate(..) | RoleState::Candidate(..) => Role::Candidate,
            RoleState::Leader(_) => Role::Leader,
        }
    }

    /// Whether this node is a candidate that only asks yet whether it could be elected (thesis §9.6). Its term is
    /// that of the last election.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId, NodeOptions, StableLeadership};
    /// let mut node = Node::start(NodeId::new(1));
    /// node.create_cluster(&[NodeId::new(1), NodeId::new(2)]);
    /// assert!(node.role().is_candidate() && !node.is_pre_candidate()); // the first election is a real one
    /// let mut options = NodeOptions::default();
    /// options.stable_leadership = Some(StableLeadership::default());
    /// node.set_options(options);
    /// node.handle_election_timeout();
    /// assert!(node.role().is_candidate() && node.is_pre_candidate());
    /// ```
    #[must_use]
    pub fn is_pre_candidate(&self) -> bool {
        matches!(self.role, RoleState::PreCandidate(..))
    }

    /// What this node does beyond the basic algorithm.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId, NodeOptions};
    /// assert_eq!(*Node::start(NodeId::new(1)).options(), NodeOptions::default());
    /// ```
    #[must_use]
    pub fn options(&self) -> &NodeOptions {
        &self.options
    }

    /// Changes what this node does beyond the basic algorithm; at any time. Options are not stored: they are to be
    /// set again after a restart. No action follows.
    ///
    /// [`NodeOptions::asynchronous_storage`] cannot be switched off again. Precondition of switching it on: what waits
    /// among the actions by then is still executed in its order, each stored before the next.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId, NodeOptions};
    /// Node::start(NodeId::new(1)).set_options(NodeOptions::default());
    /// ```
    pub fn set_options(&mut self, options: NodeOptions) {
        self.options = options;
        self.follow_options_with_events();
        self.follow_options_with_storage();
    }

    /// The latest term this node has seen; what [`SaveCurrentTerm`](crate::Action::SaveCurrentTerm) stores.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId, Term};
    /// assert_eq!(Node::start(NodeId::new(1)).current_term(), Term::ZERO);
    /// ```
    #[must_use]
    pub fn current_term(&self) -> Term {
        self.current_term
    }

    /// The node that has this node's vote of the current term; what
    /// [`SaveVotedFor`](crate::Action::SaveVotedFor) stores.
    ///
    /// Once the leader of the term has called, it is the leader, whoever had the vote: so it tells clients
    /// where to try next, and no second vote can be given. See also [`leader_id`](Self::leader_id).
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// assert_eq!(Node::start(NodeId::new(1)).voted_for(), None);
    /// ```
    #[must_use]
    pub fn voted_for(&self) -> Option<NodeId> {
        self.voted_for
    }

    /// The leader of the current term: this node, or the one that has called since this node's last
    /// timeout. `None` if there is none as far as this node knows.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// let mut node = Node::start(NodeId::new(1));
    /// assert_eq!(node.leader_id(), None);
    /// node.create_cluster(&[NodeId::new(1)]);
    /// assert_eq!(node.leader_id(), Some(NodeId::new(1)));
    /// ```
    #[must_use]
    pub fn leader_id(&self) -> Option<NodeId> {
        match self.role {
            RoleState::Leader(_) => Some(self.id),
            _ => self.voted_for.filter(|_| self.has_contact),
        }
    }

    /// The log: the snapshot's position and configuration, and the entries after it.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// assert!(Node::start(NodeId::new(1)).log().entries().is_empty());
    /// ```
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The configuration in force: the last one in the log, committed or not (§6).
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// let node = Node::start(NodeId::new(1));
    /// assert_eq!(node.config(), node.log().latest_config());
    /// ```
    #[must_use]
    pub fn config(&self) -> &ClusterConfig {
        self.log.latest_config()
    }

    /// All members but this node, in ascending order; whom a broadcast is for.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// let mut node = Node::start(NodeId::new(1));
    /// node.create_cluster(&[1, 2, 3].map(NodeId::new));
    /// assert!(node.peers().eq([2, 3].map(NodeId::new)));
    /// ```
    pub fn peers(&self) -> impl Iterator<Item = NodeId> {
        match &self.role {
            // A leader has them in a row.
            RoleState::Leader(leader) => Peers::Followers(leader.peers()),
            _ => Peers::Members(self.config().unique_nodes().filter(|&id| id != self.id)),
        }
    }

    /// The actions that wait to be executed.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// assert!(Node::start(NodeId::new(1)).actions().is_empty());
    /// ```
    #[must_use]
    pub fn actions(&self) -> &Actions {
        &self.actions
    }

    /// The actions that wait to be executed, to be taken out: an iterator.
    ///
    /// What is taken has to be executed. See [`Actions`] for the order.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// let mut node = Node::start(NodeId::new(1));
    /// node.handle_election_timeout();
    /// assert_eq!(node.actions_mut().count(), 1);
    /// assert!(node.actions().is_empty());
    /// ```
    pub fn actions_mut(&mut self) -> &mut Actions {
        &mut self.actions
    }

    /// What has become of the entry that was proposed at `position`.
    ///
    /// The answer is never taken back: an entry that another one has replaced here is `InProgress` until it
    /// is certain that it will not come back (figure 8). It is decided once this node has committed its index
    /// or an entry of a later term. [`LogPosition::INVALID`] is `Rejected`.
    ///
    /// A leader answers for the moment of the question: alone in its cluster, it has committed an entry as
    /// soon as the append has been taken from the actions.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// let mut node = Node::start(NodeId::new(1));
    /// let position = node.create_cluster(&[NodeId::new(1)]);
    /// assert!(node.get_commit_status(position).is_in_progress()); // not stored yet
    /// for _action in node.actions_mut() { /* execute */ }
    /// assert!(node.get_commit_status(position).is_committed());
    /// ```
    #[must_use]
    pub fn get_commit_status(&self, position: LogPosition) -> CommitStatus {
        let commit_index = self.commit_index();
        if position.is_invalid() {
            CommitStatus::Rejected
        } else if position.index < self.log.snapshot_position().index {
            CommitStatus::Unknown
        } else if position.index <= commit_index {
            match self.log.entries().contains(position) {
                true => CommitStatus::Committed,
                false => CommitStatus::Rejected,
            }
        } else if self.position_at(commit_index).term > position.term {
            // Terms never fall along a log: behind this commit no entry of that term can stand.
            CommitStatus::Rejected
        } else {
            CommitStatus::InProgress
        }
    }
}

/// The peers of a leader, or of another node.
enum Peers<F, M> {
    Followers(F),
    Members(M),
}

impl<F, M> Iterator for Peers<F, M>
where
    F: Iterator<Item = NodeId>,
    M: Iterator<Item = NodeId>,
{
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        match self {
            Self::Followers(followers) => followers.next(),
            Self::Members(members) => members.next(),
        }
    }
}
