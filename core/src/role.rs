//! [`Role`]: follower, candidate or leader (§5.1).

/// The role of a node (§5.1, figure 4).
///
/// ```
/// use raftbare::{Node, NodeId, Role};
///
/// assert_eq!(Node::start(NodeId::new(1)).role(), Role::Follower);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Answers the calls of leaders and candidates.
    Follower,
    /// Asks for votes, to become the leader of its term.
    Candidate,
    /// The one node of its term that proposes log entries.
    Leader,
}

impl Role {
    /// Whether this is [`Role::Leader`].
    ///
    /// ```
    /// assert!(raftbare::Role::Leader.is_leader());
    /// ```
    #[must_use]
    pub const fn is_leader(self) -> bool {
        matches!(self, Self::Leader)
    }

    /// Whether this is [`Role::Follower`].
    ///
    /// ```
    /// assert!(raftbare::Role::Follower.is_follower());
    /// ```
    #[must_use]
    pub const fn is_follower(self) -> bool {
        matches!(self, Self::Follower)
    }

    /// Whether this is [`Role::Candidate`].
    ///
    /// ```
    /// assert!(raftbare::Role::Candidate.is_candidate());
    /// ```
    #[must_use]
    pub const fn is_candidate(self) -> bool {
        matches!(self, Self::Candidate)
    }
}
