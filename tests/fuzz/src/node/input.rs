//! What happens to a node.

use raftbare::{
    ClusterConfig, Event, LogPosition, Message, MessageKind, Node, NodeId, NodeOptions, ReadToken,
    StableLeadership,
};

use super::late::Report;

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
    /// These options are set, and so is stable leadership as it was.
    Options(NodeOptions),
    /// It is to hand over to this node.
    Transfer(NodeId),
    /// It is to go on to lead.
    AbortTransfer,
    /// Somebody wants to know what has happened.
    Event,
    /// So many actions are taken.
    Take(usize),
    /// The disk makes so many of the writes that wait.
    Write(usize),
    /// Of what was written, so many reports arrive, or the last of them for all.
    Report(usize, bool),
    /// The newest reports arrive once more.
    ReportAgain,
    /// A report arrives of what need not be stored.
    Claim(Report),
    /// What is not stored is lost.
    Crash,
}

/// What a call has returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The read that has begun.
    pub read: Option<ReadToken>,
    /// Whether the proposal, the founding, the snapshot or the transfer was accepted.
    pub is_accepted: bool,
    /// What was told.
    pub event: Option<Event>,
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

    /// What it is, for those who count.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Message(message) => match message.kind() {
                MessageKind::PreVote => "message of a pre-vote",
                MessageKind::TransferVote => "message of a vote after a transfer",
                MessageKind::CampaignNow => "order to campaign",
                _ => "message",
            },
            Self::Crowd(..) => "messages of strangers",
            Self::Timeout => "handle_election_timeout",
            Self::Found(_) => "create_cluster",
            Self::Propose(_) => "propose_command",
            Self::Config(_) => "propose_config",
            Self::Heartbeat => "heartbeat",
            Self::Read => "read_index",
            Self::Snapshot(..) => "handle_snapshot_installed",
            Self::Stable(_) | Self::Options(_) => "set_options",
            Self::Transfer(_) => "transfer_leadership",
            Self::AbortTransfer => "abort_transfer",
            Self::Event => "next_event",
            Self::Take(_) => "actions taken",
            Self::Write(_) => "writes",
            Self::Report(..) => "reports",
            Self::ReportAgain => "reports once more",
            Self::Claim(Report::HardState(..)) => "claim of a hard state",
            Self::Claim(Report::Log(_)) => "claim of a log",
            Self::Crash => "crash",
        }
    }

    /// Gives the input to the node; what is no input of the node's is left to the caller.
    pub fn apply(&self, node: &mut Node) -> Answer {
        let (mut read, mut event) = (None, None);
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
                let mut options = *node.options();
                options.stable_leadership =
                    silent_timeouts.map(|silent_timeouts| StableLeadership { silent_timeouts });
                node.set_options(options);
                false
            }
            Self::Options(options) => {
                node.set_options(*options);
                false
            }
            Self::Transfer(target) => node.transfer_leadership(*target),
            Self::AbortTransfer => node.abort_transfer(),
            Self::Event => {
                event = node.next_event();
                event.is_some()
            }
            Self::Claim(report) => {
                report.arrive(node);
                false
            }
            Self::Take(_) | Self::Write(_) | Self::Report(..) | Self::ReportAgain | Self::Crash => {
                false
            }
        };
        Answer {
            read,
            is_accepted,
            event,
        }
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
