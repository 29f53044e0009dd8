//! Why a replica does not take a proposal or a read.

use core::fmt;

use crate::NodeId;

/// Why a proposal or a read is refused. Nothing of it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// This replica does not lead: try at the leader, if it is known.
    NotLeader(Option<NodeId>),
    /// The payload is longer than so many bytes,
    /// [`ReplicaOptions::max_call_bytes`](super::ReplicaOptions::max_call_bytes).
    TooLong(usize),
    /// So many entries as [`ReplicaOptions::max_uncommitted`](super::ReplicaOptions::max_uncommitted) allows
    /// are not committed yet: try again when some are. If it stays so, there is no majority.
    TooManyUncommitted,
    /// The log has as many entries after the snapshot as [`ReplicaOptions::max_log`](super::ReplicaOptions::max_log)
    /// allows: try again after the next snapshot.
    LogFull,
    /// So many proposals or reads as [`ReplicaOptions::max_waiting`](super::ReplicaOptions::max_waiting) allows
    /// wait for their answers.
    TooManyWaiting,
    /// Leadership is being handed over to this node: try again there, or here if it comes to nothing.
    Transferring(NodeId),
    /// Leadership cannot be handed over to this node: see
    /// [`Node::transfer_leadership`](crate::Node::transfer_leadership).
    Target(NodeId),
    /// The configuration cannot follow the present one: see
    /// [`Node::propose_config`](crate::Node::propose_config).
    Config,
    /// The store has failed: this replica has ended, and has to be restarted from what is stored.
    Stopped,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLeader(Some(leader)) => {
                write!(f, "this node does not lead: try at node {leader}")
            }
            Self::NotLeader(None) => {
                f.write_str("this node does not lead, and knows of no leader: try again later")
            }
            Self::TooLong(max) => write!(f, "the command is longer than {max} bytes"),
            Self::TooManyUncommitted => {
                f.write_str("too many commands are not committed yet: try again later")
            }
            Self::LogFull => f.write_str("the log is full: try again after the next snapshot"),
            Self::TooManyWaiting => f.write_str("too many requests are waiting: try again later"),
            Self::Transferring(target) => {
                write!(
                    f,
                    "leadership is being handed over to node {target}: try there"
                )
            }
            Self::Target(target) => {
                write!(
                    f,
                    "node {target} cannot take over: it is no other voter, or one is on the way"
                )
            }
            Self::Config => {
                f.write_str("the configuration cannot follow the present one: see its rules")
            }
            Self::Stopped => f.write_str("the store of this node has failed: restart it"),
        }
    }
}

impl core::error::Error for Refusal {}

/// A proposal that is refused, with its payload given back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Refused<P> {
    /// What was to be proposed.
    pub payload: P,
    /// Why it is not.
    pub reason: Refusal,
}

impl<P> fmt::Display for Refused<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl<P: fmt::Debug> core::error::Error for Refused<P> {}
