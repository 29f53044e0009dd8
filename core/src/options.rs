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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct NodeOptions {
    /// Keeps a leader that works, and takes leave of one that does not.
    pub stable_leadership: Option<StableLeadership>,
    /// This node votes and stores as any other, but does not call for votes: for one on slow hardware, or far away.
    ///
    /// It leads all the same where nobody else could, alone in its cluster; and the first election of
    /// [`create_cluster`](crate::Node::create_cluster) is held.
    ///
    /// What it costs: if an entry is committed by the leader and this node alone, and then the leader fails, the
    /// others cannot be elected, as they lack the entry (§5.4.1), and this node does not try. Nothing is lost, but
    /// there is no leader until the failed one is back.
    ///
    /// ```
    /// use raftbare::{Node, NodeId, NodeOptions};
    ///
    /// let mut node = Node::start(NodeId::new(1));
    /// node.create_cluster(&[NodeId::new(1), NodeId::new(2)]); // the first election is held
    /// let mut options = NodeOptions::default();
    /// options.never_leads = true;
    /// node.set_options(options);
    /// let term = node.current_term();
    /// node.handle_election_timeout();
    /// assert_eq!(node.current_term(), term); // another one was not
    /// ```
    pub never_leads: bool,
    /// After so many of its own timeouts a leader gives up a
    /// [transfer](crate::Node::transfer_leadership), and takes proposals again; 0 counts as 1. By default 8.
    pub transfer_timeouts: u8,
    /// As leader, this node refuses a follower that has lost entries which it had acknowledged: its replies count no
    /// more, and it gets no repair. By default it is repaired, as a node without storage may be.
    ///
    /// For clusters whose nodes store what they acknowledge. There such a follower has a disk that forgets, and may
    /// have forgotten its vote as well (figure 2, "persistent state"): a person has to look. It is to be removed from
    /// the configuration, and may come back under another identifier with an empty store. A leader knows only what was
    /// acknowledged to itself: what is forgotten between two leaders is not found. See
    /// [`Node::has_lost_tail`](crate::Node::has_lost_tail) and [`Event::FollowerLostTail`](crate::Event).
    pub refuses_lost_tail: bool,
    /// Storing takes its time, and the node goes on meanwhile: what was taken from the actions counts as stored only
    /// when [`Node::handle_log_persisted`](crate::Node::handle_log_persisted) and
    /// [`Node::handle_hard_state_persisted`](crate::Node::handle_hard_state_persisted) say so. By default the user
    /// stores before the next action is taken.
    ///
    /// Whatever promises something waits in the node until it is stored: acknowledgements, votes, calls for votes, and
    /// the leader's own part of a majority. So the actions may be executed at once, in any order but for the writes,
    /// which keep theirs. Entries may be applied up to the commit index *and* the
    /// [`durable_index`](crate::Node::durable_index). Heartbeats go on while the storage is at work; with stable
    /// leadership, a leader steps down when it stalls for as many timeouts as a majority may be silent.
    ///
    /// Once on, it stays on for the life of the node. Best switched on right after the start: what waited among the
    /// actions before is to be executed in its order.
    pub asynchronous_storage: bool,
    /// What happens is told by [`Node::next_event`](crate::Node::next_event). By default nothing is kept for it.
    pub events: bool,
}

impl NodeOptions {
    /// The default, for constants.
    pub(crate) const DEFAULT: Self = Self {
        stable_leadership: None,
        never_leads: false,
        transfer_timeouts: 8,
        refuses_lost_tail: false,
        asynchronous_storage: false,
        events: false,
    };
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
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

impl StableLeadership {
    /// After so many timeouts without a majority a leader steps down.
    pub(crate) fn most_silent_timeouts(self) -> u8 {
        self.silent_timeouts.max(2)
    }
}

impl Default for StableLeadership {
    fn default() -> Self {
        Self { silent_timeouts: 8 }
    }
}
