//! Bytes to inputs of a node.

use raftbare::{
    ClusterConfig, Log, LogEntries, LogEntry, LogIndex, LogPosition, Message, MessageHeader,
    MessageSeqNo, Node, NodeId, NodeOptions, Term,
};

use super::input::Input;
use super::late::Report;
use crate::bytes::Bytes;

/// A new node, or one that comes back with any log whose terms rise.
pub fn first_node(bytes: &mut Bytes<'_>) -> Node {
    let id = id(bytes);
    if !bytes.chance(96) {
        return Node::start(id);
    }
    let (term, vote) = (Term::new(bytes.number()), id_or_none(bytes));
    let prev = match bytes.chance(64) {
        true => Some(any_position(bytes)).filter(|prev| !prev.is_invalid()),
        false => None,
    };
    let prev = prev.unwrap_or(LogPosition::ZERO);
    let mut config = config(bytes);
    if bytes.chance(192) {
        config.voters.insert(id);
    }
    let count = bytes.below(12);
    Node::restart(
        id,
        term,
        vote,
        Log::new(config, entries(bytes, prev, count, true)),
    )
}

/// The next input. Most of what it names, the node knows, or nearly.
pub fn input(bytes: &mut Bytes<'_>, node: &Node) -> Input {
    match bytes.below(32) {
        0..=1 => Input::Timeout,
        2 => Input::Found(ids(bytes)),
        3..=4 => Input::Propose(1 + bytes.below(4)),
        5 => Input::Config(next_config(bytes, node)),
        6 => Input::Heartbeat,
        7 => Input::Read,
        8..=9 => snapshot(bytes, node),
        10..=12 => match bytes.below(8) {
            0 => rare_input(bytes, node),
            limit => Input::Take(limit.into()),
        },
        13..=14 => Input::Take(usize::MAX),
        15 => Input::Crash,
        16 => Input::Crowd(bytes.below(32), message(bytes, node)),
        17 => Input::Stable((!bytes.chance(64)).then(|| bytes.below(4))),
        _ => Input::Message(message(bytes, node)),
    }
}

/// What belongs to an option, or to a transfer.
fn rare_input(bytes: &mut Bytes<'_>, node: &Node) -> Input {
    match bytes.below(16) {
        0..=1 => Input::Options(options(bytes, node)),
        2..=3 => Input::Write(1 + usize::from(bytes.below(3))),
        4..=5 => Input::Report(1 + usize::from(bytes.below(3)), bytes.chance(64)),
        6 => Input::ReportAgain,
        7 => Input::Claim(claim(bytes, node)),
        8..=10 => Input::Transfer(sender(bytes, node)),
        11 => Input::AbortTransfer,
        12 => Input::Event,
        _ => Input::Message(tagged_message(bytes, node)),
    }
}

/// Options, each by chance. Stable leadership stays as it is.
fn options(bytes: &mut Bytes<'_>, node: &Node) -> NodeOptions {
    let (mut options, bits) = (NodeOptions::default(), bytes.byte());
    options.stable_leadership = node.options().stable_leadership;
    options.never_leads = bits & 3 == 3;
    options.refuses_lost_tail = bits & 4 != 0;
    options.asynchronous_storage = bits & 8 != 0;
    options.events = bits & 16 != 0;
    options.transfer_timeouts = bits >> 6;
    options
}

/// A report of what the node has in mind, or of anything.
fn claim(bytes: &mut Bytes<'_>, node: &Node) -> Report {
    match bytes.below(4) {
        0 => Report::HardState(node.current_term(), node.voted_for()),
        1 => Report::HardState(Term::new(bytes.number()), id_or_none(bytes)),
        _ => Report::Log(position(bytes, node)),
    }
}

/// A call or reply of a pre-vote, of a vote after a transfer, or the order to campaign.
fn tagged_message(bytes: &mut Bytes<'_>, node: &Node) -> Message {
    let kind = 1 + u64::from(bytes.below(3));
    let term = match bytes.below(4) {
        0 => node.current_term(),
        1 => node.current_term() - Term::new(1),
        _ => node.current_term() + Term::new(1),
    };
    let seqno = MessageSeqNo::new(kind << 50 | u64::from(bytes.below(8)));
    let from = sender(bytes, node);
    let (is_order, is_reply) = (kind == 3, bytes.chance(128));
    let header = match is_order {
        // Of the leader, who has the same log, there would be no other.
        true => MessageHeader {
            from: node.leader_id().unwrap_or(from),
            term: node.current_term(),
            seqno,
        },
        false => MessageHeader { from, term, seqno },
    };
    match is_reply {
        true => Message::RequestVoteReply {
            header,
            vote_granted: !bytes.chance(64),
        },
        false => Message::RequestVoteCall {
            header,
            last_position: position(bytes, node),
        },
    }
}

fn id(bytes: &mut Bytes<'_>) -> NodeId {
    // Now and then one above all that a number usually is: so there are more than a few strangers.
    NodeId::new(match bytes.chance(32) {
        true => 100 + u64::from(bytes.byte()),
        false => bytes.number() % 6,
    })
}

/// A peer, or anybody.
fn sender(bytes: &mut Bytes<'_>, node: &Node) -> NodeId {
    let peer = match bytes.chance(192) {
        true => node.peers().nth(bytes.below(4).into()),
        false => None,
    };
    peer.unwrap_or_else(|| id(bytes))
}

fn id_or_none(bytes: &mut Bytes<'_>) -> Option<NodeId> {
    bytes.chance(128).then(|| id(bytes))
}

fn ids(bytes: &mut Bytes<'_>) -> Vec<NodeId> {
    (0..bytes.below(5)).map(|_| id(bytes)).collect()
}

fn any_position(bytes: &mut Bytes<'_>) -> LogPosition {
    LogPosition {
        term: Term::new(bytes.number()),
        index: LogIndex::new(bytes.number()),
    }
}

/// A position in the node's log, or any.
fn position(bytes: &mut Bytes<'_>, node: &Node) -> LogPosition {
    let back = u64::from(bytes.byte());
    if back >= 192 {
        return any_position(bytes);
    }
    let log = node.log();
    let index = log.last_position().index - LogIndex::new(back % 16);
    let known = log.get_position_and_config(index);
    known.map_or(log.snapshot_position(), |(position, _)| position)
}

fn config(bytes: &mut Bytes<'_>) -> ClusterConfig {
    let mut config = ClusterConfig::new();
    config.voters.extend(ids(bytes));
    if bytes.chance(64) {
        config.new_voters.extend(ids(bytes));
    }
    if bytes.chance(64) {
        config.non_voters.extend(ids(bytes));
    }
    config
}

/// A configuration that may be proposed next, or any.
pub fn next_config(bytes: &mut Bytes<'_>, node: &Node) -> ClusterConfig {
    match bytes.chance(64) {
        true => config(bytes),
        false => node.config().to_joint_consensus(&ids(bytes), &ids(bytes)),
    }
}

fn snapshot(bytes: &mut Bytes<'_>, node: &Node) -> Input {
    let position = position(bytes, node);
    let known = node.log().get_position_and_config(position.index);
    let config = match known {
        Some((_, known)) if !bytes.chance(32) => known.clone(),
        _ => config(bytes),
    };
    Input::Snapshot(position, config)
}

/// So many entries after `prev`; if `rises`, then with terms that do.
fn entries(bytes: &mut Bytes<'_>, prev: LogPosition, count: u8, rises: bool) -> LogEntries {
    let mut entries = LogEntries::new(prev);
    for _ in 0..count {
        let term = entries.last_position().term;
        entries.push(match bytes.below(8) {
            0..=1 if rises => LogEntry::Term(term + Term::new(bytes.below(3).into())),
            0..=1 => LogEntry::Term(Term::new(bytes.number())),
            2 => LogEntry::ClusterConfig(config(bytes)),
            _ => LogEntry::Command,
        });
    }
    entries
}

/// A message of any content; most of what it names, the node knows, or nearly.
pub fn message(bytes: &mut Bytes<'_>, node: &Node) -> Message {
    let term = match bytes.below(16) {
        0 => Term::new(bytes.number()),
        1..=2 => node.current_term() + Term::new(1),
        3 => node.current_term() - Term::new(1),
        _ => node.current_term(),
    };
    let header = MessageHeader {
        from: sender(bytes, node),
        term,
        seqno: MessageSeqNo::new(bytes.number()),
    };
    match bytes.below(6) {
        0 => Message::RequestVoteCall {
            header,
            last_position: position(bytes, node),
        },
        1 => Message::RequestVoteReply {
            header,
            vote_granted: !bytes.chance(64),
        },
        2..=3 => Message::AppendEntriesReply {
            header,
            last_position: position(bytes, node),
        },
        _ => {
            let prev = position(bytes, node);
            let (count, rises) = (bytes.below(6), !bytes.chance(32));
            Message::AppendEntriesCall {
                header,
                commit_index: match bytes.chance(64) {
                    true => LogIndex::new(bytes.number()),
                    false => prev.index + LogIndex::new(bytes.below(4).into()),
                },
                entries: entries(bytes, prev, count, rises),
            }
        }
    }
}
