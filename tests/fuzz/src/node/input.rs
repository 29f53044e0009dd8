//! What happens to a node.

use raftbare::{
    ClusterConfig, LogPosition, Message, Node, NodeId, NodeOptions, ReadToken, StableLeadership,
};

/// What happens to a node.
#[derive(Debug, Clone)]
pub enum Input {
    /// A message arrives.
    Message(Message),
    /// The same message arrives from so many strangers.
    Crowd(u8, Message),
    /// The timer fires.
    Timeout,
    /// It founds a cluster.
    Found(Vec<NodeId>),
    /// So many commands are proposed.
    Propose(u8),
    /// A configuration is proposed.
    Config(ClusterConfig),
    /// A heartbeat is asked for.
    Heartbeat,
    /// A read begins.
    Read,
    /// A snapshot was installed.
    Snapshot(LogPosition, ClusterConfig),
    /// Stable leadership is wanted, with so many silent timeouts, or not any more.
    Stable(Option<u8>),
    /// So many actions are taken.
    Take(usize),
    /// What is not stored is lost.
    Crash,
}

/// What a call has returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The read that has begun.
    pub read: Option<ReadToken>,
    /// Whether the proposal, the founding or the snapshot was accepted.
    pub is_accepted: bool,
}

impl Input {
    /// The messages that arrive.
    pub fn messages(&self) -> impl Iterator<Item = Message> {
        let (message, strangers) = match self {
            Self::Message(message) => (Some(message.clone()), None),
            Self::Crowd(count, message) => (None, Some((*count, message))),
            _ => (None, None),
        };
        let crowd = strangers.into_iter().flat_map(|(count, message)| {
            let strangers = (0..count).map(|number| NodeId::new(1_000 + u64::from(number)));
            strangers.map(|stranger| from(message, stranger))
        });
        message.into_iter().chain(crowd)
    }

    /// Gives the input to the node; what is no input of the node's is left to the caller.
    pub fn apply(&self, node: &mut Node) -> Answer {
        let mut read = None;
        let is_accepted = match self {
            Self::Message(_) | Self::Crowd(..) => {
                let messages = self.messages();
                messages.for_each(|message| node.handle_message(message));
                false
            }
            Self::Timeout => {
                node.handle_election_timeout();
                false
            }
            Self::Found(voters) => !node.create_cluster(voters).is_invalid(),
            Self::Propose(count) => (0..*count).all(|_| !node.propose_command().is_invalid()),
            Self::Config(config) => !node.propose_config(config.clone()).is_invalid(),
            Self::Heartbeat => node.heartbeat(),
            Self::Read => {
                read = node.read_index();
                read.is_some()
            }
            Self::Snapshot(position, config) => {
                node.handle_snapshot_installed(*position, config.clone())
            }
            Self::Stable(silent_timeouts) => {
                let mut options = NodeOptions::default();
                options.stable_leadership =
                    silent_timeouts.map(|silent_timeouts| StableLeadership { silent_timeouts });
                node.set_options(options);
                false
            }
            Self::Take(_) | Self::Crash => false,
        };
        Answer { read, is_accepted }
    }
}

/// The message with another sender.
fn from(message: &Message, from: NodeId) -> Message {
    let mut message = message.clone();
    match &mut message {
        Message::RequestVoteCall { header, .. }
        | Message::RequestVoteReply { header, .. }
        | Message::AppendEntriesCall { header, .. }
        | Message::AppendEntriesReply { header, .. } => header.from = from,
    }
    message
}
