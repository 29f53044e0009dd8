//! [`Event`]: what a node tells besides its actions, to whoever wants to know.

use crate::{LogPosition, NodeId, Term};

/// Something that has happened at a node, for people and counters: nothing has to be done about it.
///
/// Given out by [`Node::next_event`](crate::Node::next_event) if
/// [`NodeOptions::events`](crate::NodeOptions::events) is on. Counters are a fold over the events:
///
/// ```
/// use raftbare::{Event, Node, NodeId, NodeOptions};
///
/// let mut options = NodeOptions::default();
/// options.events = true;
/// let mut node = Node::start(NodeId::new(1));
/// node.set_options(options);
/// node.create_cluster(&[NodeId::new(1)]);
///
/// let mut terms_led = 0;
/// while let Some(event) = node.next_event() {
///     if let Event::BecameLeader(_) = event {
///         terms_led += 1;
///     }
/// }
/// assert_eq!(terms_led, 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Event {
    /// This node has become the leader of the term (§5.2).
    BecameLeader(Term),
    /// This node leads the term no more, and why.
    SteppedDown(Term, StepDown),
    /// The configuration at this position is committed (§6). Where it has come with a snapshot (§7), the position is
    /// the snapshot's, and what was committed before it is not told.
    ConfigCommitted(LogPosition),
    /// The node lacks entries that are compacted away here: it needs the snapshot (§7).
    SnapshotWanted(NodeId),
    /// The follower has lost entries that it had acknowledged: it is refused, see
    /// [`NodeOptions::refuses_lost_tail`](crate::NodeOptions::refuses_lost_tail).
    FollowerLostTail(NodeId),
    /// The transfer of leadership to this node has ended (thesis §3.10), and how.
    TransferEnded(NodeId, TransferOutcome),
}

/// Why a leader has become a follower.
///
/// ```
/// use raftbare::{Event, StepDown, Term};
///
/// let event = Event::SteppedDown(Term::new(3), StepDown::Silence);
/// assert_eq!(event.to_string(), "stepped down from t3: no majority has answered");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StepDown {
    /// A message of a higher term has come (§5.1).
    HigherTerm,
    /// It is no voter of the configuration that is committed now (§6).
    Removed,
    /// No majority has answered for too long (thesis §6.2).
    Silence,
    /// Its own storage has not reported for too long (thesis §10.2.1).
    StorageStalled,
}

/// How a transfer of leadership has ended (thesis §3.10).
///
/// ```
/// use raftbare::{Event, NodeId, TransferOutcome};
///
/// let event = Event::TransferEnded(NodeId::new(2), TransferOutcome::Done);
/// assert_eq!(event.to_string(), "transfer to 2: done");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransferOutcome {
    /// The target leads.
    Done,
    /// It has taken too long: this node goes on to lead.
    TimedOut,
    /// [`Node::abort_transfer`](crate::Node::abort_transfer) was called: this node goes on to lead.
    Aborted,
    /// This node leads no more, and the target is not the next that was heard to lead.
    LeadershipLost,
}
