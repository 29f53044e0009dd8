//! [`NodeOptions`]: what a node does beyond the paper's basic algorithm.

/// What a node does beyond the basic algorithm. By default nothing: then it behaves exactly as documented.
///
/// Options are a node's own: they are not stored, not sent, and need not be the same on all nodes of a cluster. Set
/// them after each start and restart, with [`Node::set_options`](crate::Node::set_options).
///
/// ```
/// use raftbare::{Node, NodeId, NodeOptions, StableLeadership};
///
/// let mut options = NodeOptions::default();
/// options.stable_leadership = Some(StableLeadership::default());
/// let mut node = Node::start(NodeId::new(1));
/// node.set_options(options);
/// assert_eq!(*node.options(), options);
/// ```
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct NodeOptions {
    /// Keeps a leader that works, and takes leave of one that does not.
    pub stable_leadership: Option<StableLeadership>,
}

/// Pre-vote, stickiness and check-quorum together (thesis §9.6, §4.2.3, §6.2), without a clock. One without the
/// others can leave a cluster without a leader, so they are one option.
///
/// - A node asks before it campaigns whether it could win; asking raises no term. All nodes answer, whatever their
///   options are.
/// - While a node hears from the leader, or is the leader, no call for votes of a higher term impresses it.
/// - A leader that no majority has answered for [`silent_timeouts`](Self::silent_timeouts) of its timeouts steps
///   down.
///
/// ```
/// use raftbare::StableLeadership;
///
/// assert_eq!(StableLeadership::default().silent_timeouts, 8);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StableLeadership {
    /// After so many of its own timeouts without a majority a leader steps down; 0 and 1 count as 2. Times the
    /// interval of its heartbeats, this should be about the election timeout of a follower, and longer than the
    /// longest time a store takes. By default 8, for 50 ms and 300 ms.
    pub silent_timeouts: u8,
}

impl Default for StableLeadership {
    fn default() -> Self {
        Self { silent_timeouts: 8 }
    }
}
