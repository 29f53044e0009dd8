//! The crates of the same shape side by side. What the README says of them is shown here.
//!
//! The expectations of the others are what they do today; if one gets better, this test says so, and the
//! README has to follow.

use std::collections::VecDeque;

/// What the README's table compares.
#[derive(Debug, PartialEq)]
struct Row {
    /// A candidate whose log is longer but of an older term gets the vote (§5.4.1 forbids it).
    votes_for_an_older_log: bool,
    /// Entries sent to two followers for 100 commands, when a round trip takes eight proposals.
    entries_sent: usize,
    /// Messages until a follower with 10,000 divergent entries has caught up.
    rejoin_messages: usize,
}

/// Runs the same program on a crate. They differ in how messages are written and taken.
macro_rules! row_of {
    ($krate:ident, $handle:expr, $vote_call:expr, $vote:expr) => {{
        use $krate::{
            Action, ClusterConfig, Log, LogEntries, LogEntry, LogIndex, LogPosition, Message, Node,
            NodeId, Term,
        };

        fn at(term: u64, index: u64) -> LogPosition {
            LogPosition {
                term: Term::new(term),
                index: LogIndex::new(index),
            }
        }

        fn log(entries: impl IntoIterator<Item = LogEntry>) -> Log {
            Log::new(
                ClusterConfig::new(),
                LogEntries::from_iter(at(0, 0), entries),
            )
        }

        let id = NodeId::new;
        let term = |term| LogEntry::Term(Term::new(term));
        let founding = || {
            let mut config = ClusterConfig::new();
            config.voters.extend([1, 2, 3].map(NodeId::new));
            [
                LogEntry::ClusterConfig(config),
                LogEntry::Term(Term::new(1)),
            ]
        };
        let commands = |n| std::iter::repeat_n(LogEntry::Command, n);

        let votes_for_an_older_log = {
            let entries = founding().into_iter().chain(commands(1)).chain([term(3)]);
            let mut voter = Node::restart(id(1), Term::new(3), None, log(entries));
            $handle(&mut voter, $vote_call(2, 4, at(1, 5)));
            voter.voted_for() == Some(id(2))
        };

        let entries_of = |message: &Message| match message {
            Message::AppendEntriesCall { entries, .. } => entries.len(),
            _ => 0,
        };

        let entries_sent = {
            let mut nodes = [1, 2, 3].map(|i| Node::start(id(i)));
            nodes[0].create_cluster(&[1, 2, 3].map(NodeId::new));
            let mut in_flight: VecDeque<(usize, NodeId, Message)> = VecDeque::new();
            let mut sent = 0;
            for round in 0..260 {
                if (100..200).contains(&round) {
                    nodes[0].propose_command();
                }
                let is_measured = round >= 100;
                while in_flight.front().is_some_and(|&(due, ..)| due <= round) {
                    let Some((_, to, message)) = in_flight.pop_front() else {
                        break;
                    };
                    if let Some(node) = nodes.iter_mut().find(|node| node.id() == to) {
                        $handle(node, message);
                    }
                    for node in &mut nodes {
                        sent += take_actions!(node, round + 4, in_flight, entries_of)
                            * usize::from(is_measured);
                    }
                }
                for node in &mut nodes {
                    sent += take_actions!(node, round + 4, in_flight, entries_of)
                        * usize::from(is_measured);
                }
            }
            assert_eq!(nodes[0].log().last_position(), at(1, 102));
            assert_eq!(nodes[0].commit_index(), LogIndex::new(102));
            sent
        };

        let rejoin_messages = {
            let common = || founding().into_iter().chain(commands(5));
            let leaders = common().chain([term(3)]).chain(commands(10_000));
            let divergent = common().chain([term(2)]).chain(commands(10_000));
            let mut leader = Node::restart(id(1), Term::new(3), None, log(leaders));
            let mut follower = Node::restart(id(2), Term::new(3), None, log(divergent));
            leader.handle_election_timeout();
            $handle(&mut leader, $vote(3, 4));
            assert!(leader.role().is_leader());
            let mut messages = 0;
            loop {
                let before = messages;
                for action in leader.actions_mut().collect::<Vec<_>>() {
                    if let Action::BroadcastMessage(message) | Action::SendMessage(_, message) =
                        action
                    {
                        messages += 1;
                        $handle(&mut follower, message);
                    }
                }
                for action in follower.actions_mut().collect::<Vec<_>>() {
                    if let Action::SendMessage(_, message) = action {
                        messages += 1;
                        $handle(&mut leader, message);
                    }
                }
                if messages == before {
                    break;
                }
            }
            assert_eq!(follower.log().last_position(), leader.log().last_position());
            messages
        };

        Row {
            votes_for_an_older_log,
            entries_sent,
            rejoin_messages,
        }
    }};
}

/// Takes all actions of a node and sends its messages; says how many entries went out.
macro_rules! take_actions {
    ($node:expr, $due:expr, $in_flight:expr, $entries_of:expr) => {{
        let peers: Vec<_> = $node.peers().collect();
        let mut entries = 0;
        for action in $node.actions_mut() {
            match action {
                Action::BroadcastMessage(message) => {
                    for &to in &peers {
                        entries += $entries_of(&message);
                        $in_flight.push_back(($due, to, message.clone()));
                    }
                }
                Action::SendMessage(to, message) => {
                    entries += $entries_of(&message);
                    $in_flight.push_back(($due, to, message));
                }
                _ => {}
            }
        }
        entries
    }};
}

/// The two crates that write messages with a header.
macro_rules! row_with_headers {
    ($krate:ident) => {{
        let header = |from, term| $krate::MessageHeader {
            from: $krate::NodeId::new(from),
            term: $krate::Term::new(term),
            seqno: $krate::MessageSeqNo::new(1),
        };
        row_of!(
            $krate,
            |node: &mut Node, message| node.handle_message(message),
            |from, term, last_position| Message::RequestVoteCall {
                header: header(from, term),
                last_position
            },
            |from, term| Message::RequestVoteReply {
                header: header(from, term),
                vote_granted: true
            }
        )
    }};
}

#[test]
fn this_crate() {
    let expected = Row {
        votes_for_an_older_log: false,
        entries_sent: 200,
        rejoin_messages: 6,
    };
    assert_eq!(row_with_headers!(raftbare), expected);
}

#[test]
fn the_registry_crate_of_this_name() {
    let expected = Row {
        votes_for_an_older_log: true,
        entries_sent: 10_100,
        rejoin_messages: 20_004,
    };
    assert_eq!(row_with_headers!(registry_raftbare), expected);
}

#[test]
fn noraft() {
    let row = row_of!(
        noraft,
        |node: &mut Node, message: Message| {
            let _ = node.handle_message(&message);
        },
        |from, term, last_position| Message::RequestVoteCall {
            from: NodeId::new(from),
            term: Term::new(term),
            last_position,
        },
        |from, term| Message::RequestVoteReply {
            from: NodeId::new(from),
            term: Term::new(term),
            vote_granted: true,
        }
    );
    let expected = Row {
        votes_for_an_older_log: false,
        entries_sent: 10_100,
        rejoin_messages: 20_004,
    };
    assert_eq!(row, expected);
}
