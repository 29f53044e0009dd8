//! [`ReadToken`] and [`ReadStatus`]: a linearizable read under way (§8).

use crate::{LogIndex, MessageSeqNo, Term};

/// A read that [`Node::read_index`](crate::Node::read_index) has begun. It holds all there is to know of it: the node stores nothing.
///
/// ```
/// # use raftbare::{Node, NodeId, ReadToken};
/// let mut node = Node::start(NodeId::new(1));
/// node.create_cluster(&[NodeId::new(1)]);
/// let token: ReadToken = node.read_index().expect("it is the leader");
/// assert_eq!(token, token.clone());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReadToken {
    pub(crate) term: Term,
    pub(crate) seqno: MessageSeqNo,
    pub(crate) index: LogIndex,
}

/// How far a read is; the answer of [`Node::read_status`](crate::Node::read_status).
///
/// ```
/// # use raftbare::{Node, NodeId, ReadStatus};
/// let mut node = Node::start(NodeId::new(1));
/// node.create_cluster(&[NodeId::new(1)]);
/// let token = node.read_index().expect("it is the leader");
/// assert_eq!(node.read_status(token), ReadStatus::Pending);
/// for _action in node.actions_mut() { /* execute */ }
/// assert_eq!(node.read_status(token), ReadStatus::Ready(node.commit_index()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReadStatus {
    /// Not known yet. If it stays so, there is no majority to be heard.
    Pending,
    /// The read may be answered from a state machine to which all up to this index is applied.
    Ready(LogIndex),
    /// This node does not lead the term of the read any more, or never did: begin a new read at the leader.
    Lost,
}
