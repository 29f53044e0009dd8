//! Short names for values, and nodes in a wanted state.

use std::collections::BTreeSet;

use raftbare::{
    Action, ClusterConfig, LogEntries, LogEntry, LogIndex, LogPosition, Message, MessageHeader,
    MessageSeqNo, Node, NodeId, NodeOptions, StableLeadership, Term,
};

use raftbare_sim::notation::{parse_action, parse_log};

/// The node identifier `value`.
pub fn id(value: u64) -> NodeId {
    NodeId::new(value)
}

/// The term `value`.
pub fn term(value: u64) -> Term {
    Term::new(value)
}

/// The log index `value`.
pub fn index(value: u64) -> LogIndex {
    LogIndex::new(value)
}

/// The position `term`/`index`.
pub fn at(term: u64, index: u64) -> LogPosition {
    LogPosition {
        term: Term::new(term),
        index: LogIndex::new(index),
    }
}

/// These node identifiers, as a list.
pub fn ids(values: &[u64]) -> Vec<NodeId> {
    values.iter().copied().map(NodeId::new).collect()
}

/// These node identifiers, as a set.
pub fn set(values: &[u64]) -> BTreeSet<NodeId> {
    values.iter().copied().map(NodeId::new).collect()
}

/// The configuration of these voters.
pub fn config(voters: &[u64]) -> ClusterConfig {
    ClusterConfig {
        voters: set(voters),
        ..ClusterConfig::new()
    }
}

/// The joint configuration from `voters` to `new_voters`.
pub fn joint(voters: &[u64], new_voters: &[u64]) -> ClusterConfig {
    ClusterConfig {
        voters: set(voters),
        new_voters: set(new_voters),
        ..ClusterConfig::new()
    }
}

/// The configuration of these voters and non-voters.
pub fn with_non_voters(voters: &[u64], non_voters: &[u64]) -> ClusterConfig {
    ClusterConfig {
        voters: set(voters),
        non_voters: set(non_voters),
        ..ClusterConfig::new()
    }
}

/// These entries after `prev`.
pub fn entries<const N: usize>(prev: LogPosition, entries: [LogEntry; N]) -> LogEntries {
    LogEntries::from_iter(prev, entries)
}

/// So many commands after `prev`.
pub fn commands(prev: LogPosition, count: usize) -> LogEntries {
    LogEntries::from_iter(prev, std::iter::repeat_n(LogEntry::Command, count))
}

/// A header.
pub fn header(from: u64, term: u64, seqno: u64) -> MessageHeader {
    MessageHeader {
        from: NodeId::new(from),
        term: Term::new(term),
        seqno: MessageSeqNo::new(seqno),
    }
}

/// A candidate's call for votes.
pub fn vote_call(from: u64, term: u64, seqno: u64, last_position: LogPosition) -> Message {
    Message::RequestVoteCall {
        header: header(from, term, seqno),
        last_position,
    }
}

/// A vote that is given.
pub fn vote(from: u64, term: u64, seqno: u64) -> Message {
    Message::RequestVoteReply {
        header: header(from, term, seqno),
        vote_granted: true,
    }
}

/// A vote that is refused.
pub fn refusal(from: u64, term: u64, seqno: u64) -> Message {
    Message::RequestVoteReply {
        header: header(from, term, seqno),
        vote_granted: false,
    }
}

/// The number of a pre-vote.
const PRE_VOTE: u64 = 1 << 50;

/// A node asks whether it would get the vote in a term to come.
pub fn pre_vote_call(from: u64, term: u64, seqno: u64, last_position: LogPosition) -> Message {
    vote_call(from, term, PRE_VOTE | seqno, last_position)
}

/// It would.
pub fn pre_vote(from: u64, term: u64, seqno: u64) -> Message {
    vote(from, term, PRE_VOTE | seqno)
}

/// It would not: that term is over.
pub fn pre_vote_refusal(from: u64, term: u64, seqno: u64) -> Message {
    refusal(from, term, PRE_VOTE | seqno)
}

/// The numbers of a vote that the leader asked for, and of its order to campaign.
const TRANSFER_VOTE: u64 = 2 << 50;
const CAMPAIGN_NOW: u64 = 3 << 50;

/// A candidate by order of the leader asks for a vote.
pub fn transfer_vote_call(from: u64, term: u64, seqno: u64, last_position: LogPosition) -> Message {
    vote_call(from, term, TRANSFER_VOTE | seqno, last_position)
}

/// It gets the vote.
pub fn transfer_vote(from: u64, term: u64, seqno: u64) -> Message {
    vote(from, term, TRANSFER_VOTE | seqno)
}

/// A leader tells a voter to campaign.
pub fn campaign_now(from: u64, term: u64, seqno: u64, last_position: LogPosition) -> Message {
    vote_call(from, term, CAMPAIGN_NOW | seqno, last_position)
}

/// The node with other options.
pub fn with_options(mut node: Node, change: impl FnOnce(&mut NodeOptions)) -> Node {
    let mut options = *node.options();
    change(&mut options);
    node.set_options(options);
    node
}

/// Switches stable leadership on: a leader steps down after so many timeouts without a majority.
pub fn stable(node: Node, silent_timeouts: u8) -> Node {
    with_options(node, |options| {
        options.stable_leadership = Some(StableLeadership { silent_timeouts });
    })
}

/// Switches events on.
pub fn with_events(node: Node) -> Node {
    with_options(node, |options| options.events = true)
}

/// Takes all events that wait, in words; no more than could be waited for.
pub fn take_events(node: &mut Node) -> Vec<String> {
    core::iter::from_fn(|| node.next_event())
        .take(100)
        .map(|event| event.to_string())
        .collect()
}

/// A leader's call.
pub fn append_call(
    from: u64,
    term: u64,
    seqno: u64,
    commit_index: u64,
    entries: LogEntries,
) -> Message {
    Message::AppendEntriesCall {
        header: header(from, term, seqno),
        commit_index: LogIndex::new(commit_index),
        entries,
    }
}

/// A follower's answer.
pub fn append_reply(from: u64, term: u64, seqno: u64, last_position: LogPosition) -> Message {
    Message::AppendEntriesReply {
        header: header(from, term, seqno),
        last_position,
    }
}

/// Takes all pending actions.
pub fn drain(node: &mut Node) -> Vec<Action> {
    node.actions_mut().collect()
}

/// Takes all pending actions and checks that they are exactly these, written in the notation.
///
/// # Panics
///
/// If they are not, or if `expected` is not in the notation.
#[track_caller]
pub fn assert_actions(node: &mut Node, expected: &[&str]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|text| parse_action(text).unwrap_or_else(|error| panic!("{error}")))
        .collect();
    let actions = drain(node);
    let as_text = |actions: &[Action]| -> String {
        actions
            .iter()
            .map(|action| format!("\n    {action}"))
            .collect()
    };
    assert!(
        actions == expected,
        "\n  got {}\n  instead of {}\n  from {node}",
        as_text(&actions),
        as_text(&expected)
    );
}

/// A follower that has come back from its disk, with nothing pending. The log is written in the notation,
/// for example `snapshot {1,2,3} log 0/0[term(1) cmd*3]`.
///
/// # Panics
///
/// If `log` is not in the notation.
pub fn follower(id: u64, term: u64, voted_for: Option<u64>, log: &str) -> Node {
    let log = parse_log(log).unwrap_or_else(|error| panic!("{error}"));
    let voted_for = voted_for.map(NodeId::new);
    let mut node = Node::restart(NodeId::new(id), Term::new(term), voted_for, log);
    drain(&mut node);
    node
}

/// A candidate of `term` with this log, with nothing pending. The number of its call is 1.
///
/// # Panics
///
/// If it may not campaign, or needs no other vote.
pub fn candidate(id: u64, term: u64, log: &str) -> Node {
    let mut node = follower(id, term - 1, None, log);
    node.handle_election_timeout();
    drain(&mut node);
    assert!(node.role().is_candidate(), "{node}");
    node
}

/// The leader of `term`, with nothing pending, elected with all votes; its `Term` entry follows `log`. The
/// number of its newest call is 2, or 1 if it has no peers: the election and the `Term` entry. No follower
/// has answered yet.
///
/// # Panics
///
/// If it is not elected.
pub fn leader(id: u64, term: u64, log: &str) -> Node {
    let mut node = follower(id, term - 1, None, log);
    node.handle_election_timeout();
    let peers: Vec<_> = node.peers().collect();
    for peer in peers {
        node.handle_message(vote(peer.get(), term, 1));
    }
    drain(&mut node);
    assert!(node.role().is_leader(), "{node}");
    node
}
