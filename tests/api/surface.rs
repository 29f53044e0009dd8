//! Every documented item exists with its name and signature. What cannot be said in a value is said in a type:
//! most of these tests fail by not compiling.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::ops::{Add, AddAssign, Sub, SubAssign};

use raftbare::{
    Action, Actions, ClusterConfig, CommitStatus, Log, LogEntries, LogEntry, LogIndex, LogPosition,
    Message, MessageHeader, MessageSeqNo, Node, NodeId, ReadStatus, ReadToken, Role, Term,
};
use raftbare_tests::values::{at, header, id, index, set, term};

#[test]
fn the_methods_of_node_have_the_documented_signatures() {
    let _: fn(NodeId) -> Node = Node::start;
    let _: fn(NodeId, Term, Option<NodeId>, Log) -> Node = Node::restart;
    let _: fn(&mut Node, &[NodeId]) -> LogPosition = Node::create_cluster;
    let _: fn(&mut Node, ClusterConfig) -> LogPosition = Node::propose_config;
    let _: fn(&mut Node) -> LogPosition = Node::propose_command;
    let _: fn(&mut Node, Message) = Node::handle_message;
    let _: fn(&mut Node) = Node::handle_election_timeout;
    let _: fn(&mut Node, LogPosition, ClusterConfig) -> bool = Node::handle_snapshot_installed;
    let _: fn(&Node) -> NodeId = Node::id;
    let _: fn(&Node) -> Role = Node::role;
    let _: fn(&Node) -> Term = Node::current_term;
    let _: fn(&Node) -> Option<NodeId> = Node::voted_for;
    let _: fn(&Node) -> &Log = Node::log;
    let _: fn(&Node) -> LogIndex = Node::commit_index;
    let _: fn(&Node) -> &ClusterConfig = Node::config;
    let _: fn(&Node) -> &Actions = Node::actions;
    let _: fn(&mut Node) -> &mut Actions = Node::actions_mut;
    let _: fn(&Node, LogPosition) -> CommitStatus = Node::get_commit_status;
    let _: fn(&mut Node) -> bool = Node::heartbeat;

    let mut node = Node::start(id(2));
    node.create_cluster(&[id(3), id(1), id(2)]);
    let peers: Vec<NodeId> = node.peers().collect();
    assert_eq!(peers, [id(1), id(3)]);
}

#[test]
fn the_methods_of_log_and_entries_have_the_documented_signatures() {
    let _: fn(ClusterConfig, LogEntries) -> Log = Log::new;
    let _: fn(&Log) -> &LogEntries = Log::entries;
    let _: fn(&Log) -> LogPosition = Log::last_position;
    let _: fn(&Log) -> LogPosition = Log::snapshot_position;
    let _: fn(&Log) -> &ClusterConfig = Log::snapshot_config;
    let _: fn(&Log) -> &ClusterConfig = Log::latest_config;
    let _: fn(&Log, LogIndex) -> Option<(LogPosition, &ClusterConfig)> =
        Log::get_position_and_config;

    let _: fn(LogPosition) -> LogEntries = LogEntries::new;
    let _: fn(LogPosition, Vec<LogEntry>) -> LogEntries = LogEntries::from_iter;
    let _: fn(&LogEntries) -> usize = LogEntries::len;
    let _: fn(&LogEntries) -> bool = LogEntries::is_empty;
    let _: fn(&LogEntries) -> LogPosition = LogEntries::prev_position;
    let _: fn(&LogEntries) -> LogPosition = LogEntries::last_position;
    let _: fn(&LogEntries, LogPosition) -> bool = LogEntries::contains;
    let _: fn(&LogEntries, LogIndex) -> bool = LogEntries::contains_index;
    let _: fn(&LogEntries, LogIndex) -> Option<Term> = LogEntries::get_term;
    let _: fn(&LogEntries, LogIndex) -> Option<LogEntry> = LogEntries::get_entry;
    let _: fn(&mut LogEntries, LogEntry) = LogEntries::push;
    let _: fn(&mut LogEntries, usize) = LogEntries::truncate;

    let entries = LogEntries::from_iter(at(1, 4), [LogEntry::Command, LogEntry::Term(term(2))]);
    let listed: Vec<LogEntry> = entries.iter().collect();
    assert_eq!(listed, [LogEntry::Command, LogEntry::Term(term(2))]);
    let placed: Vec<(LogPosition, LogEntry)> = entries.iter_with_positions().collect();
    assert_eq!(
        placed,
        [
            (at(1, 5), LogEntry::Command),
            (at(2, 6), LogEntry::Term(term(2)))
        ]
    );
}

#[test]
fn the_methods_of_the_other_types_have_the_documented_signatures() {
    let _: fn(&Actions) -> bool = Actions::is_empty;
    let _: fn(&mut Actions) -> Option<Action> = Actions::next;
    let _: fn(&Message) -> NodeId = Message::from;
    let _: fn(&Message) -> Term = Message::term;
    let _: fn(&Message) -> MessageSeqNo = Message::seqno;
    let _: fn(LogPosition) -> bool = LogPosition::is_invalid;
    let _: [fn(CommitStatus) -> bool; 4] = [
        CommitStatus::is_in_progress,
        CommitStatus::is_committed,
        CommitStatus::is_rejected,
        CommitStatus::is_unknown,
    ];
    let _: [fn(Role) -> bool; 3] = [Role::is_leader, Role::is_follower, Role::is_candidate];
    let _: fn() -> ClusterConfig = ClusterConfig::new;
    let _: fn(&ClusterConfig, NodeId) -> bool = ClusterConfig::contains;
    let _: fn(&ClusterConfig) -> bool = ClusterConfig::is_joint_consensus;
    let _: fn(&ClusterConfig, &[NodeId], &[NodeId]) -> ClusterConfig =
        ClusterConfig::to_joint_consensus;

    let config = ClusterConfig {
        voters: set(&[3, 1]),
        new_voters: set(&[2, 3]),
        non_voters: set(&[9]),
    };
    let nodes: Vec<NodeId> = config.unique_nodes().collect();
    assert_eq!(nodes, [1, 2, 3, 9].map(id));
}

#[test]
fn the_additions_have_these_signatures() {
    let _: fn(&Node) -> Option<NodeId> = Node::leader_id;
    let _: fn(&Node, NodeId) -> Option<LogIndex> = Node::match_index;
    let _: fn(&mut Node) -> Option<ReadToken> = Node::read_index;
    let _: fn(&Node, ReadToken) -> ReadStatus = Node::read_status;
    let _: fn(&LogEntries, LogPosition) -> Option<LogEntries> = LogEntries::since;
}

/// Each of these is evaluated by the compiler.
mod constants {
    use super::*;

    pub(super) const NODE_ID: (NodeId, u64) = (NodeId::new(1), NodeId::new(1).get());
    pub(super) const TERM: (Term, u64) = (Term::new(2), Term::new(2).get());
    pub(super) const INDEX: (LogIndex, u64) = (LogIndex::new(3), LogIndex::new(3).get());
    pub(super) const SEQNO: (MessageSeqNo, u64) =
        (MessageSeqNo::new(4), MessageSeqNo::new(4).get());
    pub(super) const ZEROS: (Term, LogIndex, LogPosition) =
        (Term::ZERO, LogIndex::ZERO, LogPosition::ZERO);
    pub(super) const INVALID: bool = LogPosition::INVALID.is_invalid();
    pub(super) const ENTRIES: LogEntries = LogEntries::new(LogPosition::ZERO);
    pub(super) const LOG: Log = Log::new(
        ClusterConfig {
            voters: BTreeSet::new(),
            new_voters: BTreeSet::new(),
            non_voters: BTreeSet::new(),
        },
        LogEntries::new(LogPosition::ZERO),
    );
    pub(super) const STATUSES: [bool; 4] = [
        CommitStatus::InProgress.is_in_progress(),
        CommitStatus::Committed.is_committed(),
        CommitStatus::Rejected.is_rejected(),
        CommitStatus::Unknown.is_unknown(),
    ];
    pub(super) const ROLES: [bool; 3] = [
        Role::Leader.is_leader(),
        Role::Follower.is_follower(),
        Role::Candidate.is_candidate(),
    ];
}

#[test]
fn what_is_documented_as_const_is_const() {
    assert_eq!(constants::NODE_ID, (id(1), 1));
    assert_eq!(constants::TERM, (term(2), 2));
    assert_eq!(constants::INDEX, (index(3), 3));
    assert_eq!(constants::SEQNO, (header(1, 1, 4).seqno, 4));
    assert_eq!(constants::ZEROS, (term(0), index(0), at(0, 0)));
    assert_eq!(
        [constants::INVALID, LogPosition::ZERO.is_invalid()],
        [true, false]
    );
    assert_eq!(constants::ENTRIES, LogEntries::new(at(0, 0)));
    assert_eq!(constants::LOG, *Node::start(id(1)).log());
    assert_eq!(constants::STATUSES, [true; 4]);
    assert_eq!(constants::ROLES, [true; 3]);
}

#[test]
fn the_documented_fields_can_be_written_and_read() {
    let header = MessageHeader {
        from: NodeId::new(1),
        term: Term::new(2),
        seqno: MessageSeqNo::new(3),
    };
    let MessageHeader { from, term, seqno } = header;
    assert_eq!((from.get(), term.get(), seqno.get()), (1, 2, 3));

    let position = LogPosition {
        term: Term::new(4),
        index: LogIndex::new(5),
    };
    let LogPosition { term, index } = position;
    assert_eq!((term.get(), index.get()), (4, 5));

    let config = ClusterConfig {
        voters: BTreeSet::from([NodeId::new(1)]),
        new_voters: BTreeSet::from([NodeId::new(2)]),
        non_voters: BTreeSet::from([NodeId::new(3)]),
    };
    let ClusterConfig {
        voters,
        new_voters,
        non_voters,
    } = config;
    assert_eq!(
        (voters, new_voters, non_voters),
        (set(&[1]), set(&[2]), set(&[3]))
    );

    let reply = Message::RequestVoteReply {
        header,
        vote_granted: true,
    };
    let actions = Actions {
        set_election_timeout: true,
        save_current_term: true,
        save_voted_for: true,
        broadcast_message: Some(reply.clone()),
        append_log_entries: Some(LogEntries::new(position)),
        send_messages: BTreeMap::from([(NodeId::new(7), reply.clone())]),
        install_snapshots: BTreeSet::from([NodeId::new(8)]),
    };
    assert!(!actions.is_empty());
    let Actions {
        set_election_timeout,
        save_current_term,
        save_voted_for,
        broadcast_message,
        append_log_entries,
        send_messages,
        install_snapshots,
    } = actions;
    assert!(set_election_timeout && save_current_term && save_voted_for);
    assert_eq!(broadcast_message, Some(reply.clone()));
    assert_eq!(append_log_entries, Some(LogEntries::new(position)));
    assert_eq!(send_messages.get(&id(7)), Some(&reply));
    assert!(install_snapshots.contains(&id(8)));
}

/// Names every variant without a `_` arm, as the users of the document do.
#[test]
fn there_are_the_documented_variants_and_no_others() {
    fn action(action: Action) -> &'static str {
        match action {
            Action::SetElectionTimeout => "timer",
            Action::SaveCurrentTerm => "term",
            Action::SaveVotedFor => "vote",
            Action::BroadcastMessage(message) => self::message(&message),
            Action::AppendLogEntries(entries) => match entries.get_entry(index(1)) {
                Some(entry) => self::entry(&entry),
                None => "nothing",
            },
            Action::SendMessage(to, message) => match to == message.from() {
                true => "to itself",
                false => self::message(&message),
            },
            Action::InstallSnapshot(to) => match to.get() {
                0 => "to nobody",
                _ => "snapshot",
            },
        }
    }
    let reply = Message::RequestVoteReply {
        header: header(1, 1, 1),
        vote_granted: true,
    };
    let entries = LogEntries::from_iter(LogPosition::ZERO, [LogEntry::Command]);
    let actions = [
        Action::SetElectionTimeout,
        Action::SaveCurrentTerm,
        Action::SaveVotedFor,
        Action::BroadcastMessage(reply.clone()),
        Action::AppendLogEntries(entries),
        Action::SendMessage(id(2), reply),
        Action::InstallSnapshot(id(2)),
    ];
    let names = [
        "timer",
        "term",
        "vote",
        "vote reply",
        "command",
        "vote reply",
        "snapshot",
    ];
    assert_eq!(actions.map(action), names);
    let statuses = [
        CommitStatus::InProgress,
        CommitStatus::Committed,
        CommitStatus::Rejected,
        CommitStatus::Unknown,
    ];
    assert_eq!(statuses.map(status), [1, 2, 3, 4]);
    assert_eq!(
        [Role::Follower, Role::Candidate, Role::Leader].map(role),
        [1, 2, 3]
    );
}

fn message(message: &Message) -> &'static str {
    match message {
        Message::RequestVoteCall {
            header: _,
            last_position: _,
        } => "vote call",
        Message::RequestVoteReply {
            header: _,
            vote_granted: _,
        } => "vote reply",
        Message::AppendEntriesCall {
            header: _,
            commit_index: _,
            entries: _,
        } => "append call",
        Message::AppendEntriesReply {
            header: _,
            last_position: _,
        } => "append reply",
    }
}

fn entry(entry: &LogEntry) -> &'static str {
    match entry {
        LogEntry::Term(_) => "term",
        LogEntry::ClusterConfig(_) => "config",
        LogEntry::Command => "command",
    }
}

fn status(status: CommitStatus) -> u8 {
    match status {
        CommitStatus::InProgress => 1,
        CommitStatus::Committed => 2,
        CommitStatus::Rejected => 3,
        CommitStatus::Unknown => 4,
    }
}

fn role(role: Role) -> u8 {
    match role {
        Role::Follower => 1,
        Role::Candidate => 2,
        Role::Leader => 3,
    }
}

fn is_value<T: Debug + Clone + PartialEq + Eq + Hash + Send + Sync + 'static>() {}

fn is_printed<T: Display>() {}

fn is_copy<T: Copy>() {}

fn is_ordered_copy<T: Copy + Ord>() {}

fn is_number<T>()
where
    T: From<u64> + Add<Output = T> + AddAssign + Sub<Output = T> + SubAssign + Copy + Ord,
    u64: From<T>,
{
}

#[test]
fn all_types_have_the_promised_traits() {
    is_value::<Node>();
    is_value::<Action>();
    is_value::<Actions>();
    is_value::<Message>();
    is_value::<MessageHeader>();
    is_value::<MessageSeqNo>();
    is_value::<Log>();
    is_value::<LogEntries>();
    is_value::<LogEntry>();
    is_value::<LogPosition>();
    is_value::<LogIndex>();
    is_value::<CommitStatus>();
    is_value::<ClusterConfig>();
    is_value::<NodeId>();
    is_value::<Term>();
    is_value::<Role>();
    is_value::<ReadToken>();
    is_value::<ReadStatus>();

    is_number::<NodeId>();
    is_number::<Term>();
    is_number::<LogIndex>();
    is_number::<MessageSeqNo>();
    is_ordered_copy::<LogPosition>();
    is_copy::<MessageHeader>();
    is_copy::<CommitStatus>();
    is_copy::<Role>();
    is_copy::<ReadToken>();
    is_copy::<ReadStatus>();

    is_printed::<Node>();
    is_printed::<Log>();
    is_printed::<LogEntries>();
    is_printed::<LogEntry>();
    is_printed::<LogPosition>();
    is_printed::<ClusterConfig>();
    is_printed::<Message>();
    is_printed::<Action>();
    is_printed::<Actions>();
    is_printed::<NodeId>();

    fn is_default<T: Default>() {}
    is_default::<Actions>();
    is_default::<ClusterConfig>();
    fn is_action_iterator<T: Iterator<Item = Action>>() {}
    is_action_iterator::<Actions>();
    is_action_iterator::<&mut Actions>();
    fn takes_entries<T: Extend<LogEntry>>() {}
    takes_entries::<LogEntries>();
}
