//! The section "Examples and Common Patterns" of the document. Each example stands here as a user would have
//! typed it, with its gaps filled in as its comments say.

use std::collections::{BTreeMap, VecDeque};

use raftbare::{
    Action, ClusterConfig, CommitStatus, Log, LogEntries, LogEntry, LogIndex, LogPosition, Message,
    MessageSeqNo, Node, NodeId, Role, Term,
};
use raftbare_tests::values::{
    append_call, append_reply, at, config, drain, follower, id, ids, index, leader,
};

const LOG: &str = "snapshot {0,1,2} log 0/0[term(1)]";

/// "Basic Cluster Creation".
#[test]
fn basic_cluster_creation() {
    let node_ids = [NodeId::new(0), NodeId::new(1), NodeId::new(2)];
    let mut node0 = Node::start(node_ids[0]);
    let mut node1 = Node::start(node_ids[1]);
    let mut node2 = Node::start(node_ids[2]);

    let position = node0.create_cluster(&node_ids);
    assert!(!position.is_invalid());

    let mut rounds = 0;
    while node0.get_commit_status(position).is_in_progress() {
        for action in node0.actions_mut() {
            match action {
                Action::SetElectionTimeout => { /* set timeout */ }
                Action::SaveCurrentTerm => { /* persist term */ }
                Action::SaveVotedFor => { /* persist vote */ }
                Action::BroadcastMessage(msg) => {
                    node1.handle_message(msg.clone());
                    node2.handle_message(msg);
                }
                Action::AppendLogEntries(_) => { /* write to disk */ }
                Action::SendMessage(to, msg) => {
                    let node = if to == node1.id() {
                        &mut node1
                    } else {
                        &mut node2
                    };
                    node.handle_message(msg);
                }
                Action::InstallSnapshot(_) => { /* install snapshot */ }
            }
        }
        for node in [&mut node1, &mut node2] {
            for action in node.actions_mut() {
                if let Action::SendMessage(to, msg) = action {
                    assert_eq!(to, node_ids[0]);
                    node0.handle_message(msg);
                }
            }
        }
        rounds += 1;
        assert!(rounds < 10, "the cluster is not created: {node0}");
    }

    assert!(node0.get_commit_status(position).is_committed());
    assert!(node0.role().is_leader());
    for node in [&node1, &node2] {
        assert_eq!(node.log(), node0.log());
        assert_eq!(node.voted_for(), Some(node_ids[0]));
    }
}

/// "Proposing Commands", up to the wait.
fn propose_command(
    leader: &mut Node,
    waiting: &mut VecDeque<&'static str>,
    stored: &mut BTreeMap<LogIndex, &'static str>,
) -> LogPosition {
    let position = leader.propose_command();
    if position.is_invalid() {
        // Not the leader - redirect to voted_for node
        return position;
    }
    for action in leader.actions_mut() {
        match action {
            Action::AppendLogEntries(entries) => {
                for (pos, entry) in entries.iter_with_positions() {
                    if matches!(entry, LogEntry::Command) {
                        stored.extend(waiting.pop_front().map(|command| (pos.index, command)));
                    }
                }
            }
            Action::BroadcastMessage(_) => { /* broadcast */ }
            Action::SetElectionTimeout => { /* reset timeout */ }
            _ => { /* handle other actions */ }
        }
    }
    position
}

#[test]
fn proposing_commands() {
    let mut node = leader(0, 2, LOG);
    let mut waiting = VecDeque::from(["x = 1"]);
    let mut stored = BTreeMap::new();
    let position = propose_command(&mut node, &mut waiting, &mut stored);
    assert_eq!(stored, BTreeMap::from([(position.index, "x = 1")]));
    assert!(node.get_commit_status(position).is_in_progress());
    node.handle_message(append_reply(1, 2, 3, position));
    assert!(node.get_commit_status(position).is_committed());

    let mut other = follower(1, 2, Some(0), LOG);
    assert!(propose_command(&mut other, &mut waiting, &mut stored).is_invalid());
    assert_eq!(other.voted_for(), Some(id(0))); // where to try next
}

/// "Handling Message Delivery", with the destination beside the message.
fn deliver(nodes: &mut [Node], messages: &[(NodeId, Message)]) -> Vec<(NodeId, Message)> {
    let mut answers = Vec::new();
    for (destination, msg) in messages {
        for node in nodes.iter_mut() {
            if node.id() == *destination {
                node.handle_message(msg.clone());
                for action in node.actions_mut() {
                    if let Action::SendMessage(to, answer) = action {
                        answers.push((to, answer));
                    }
                }
                break;
            }
        }
    }
    answers
}

#[test]
fn handling_message_delivery() {
    let mut nodes = [
        leader(0, 2, LOG),
        follower(1, 2, Some(0), LOG),
        follower(2, 2, Some(0), LOG),
    ];
    let position = nodes[0].propose_command();
    let call = drain(&mut nodes[0])
        .into_iter()
        .find_map(|action| match action {
            Action::BroadcastMessage(call) => Some(call),
            _ => None,
        });
    let call = call.expect("the leader calls");
    // The followers lack the `Term` entry, which the test did not deliver: the leader finds out and repairs.
    let mut messages = vec![(id(1), call.clone()), (id(2), call)];
    for _ in 0..4 {
        messages = deliver(&mut nodes, &messages);
    }
    assert!(nodes[0].get_commit_status(position).is_committed());
    assert!(nodes.iter().all(|node| node.log() == nodes[0].log()));
}

/// "Taking Snapshots".
fn take_snapshot(node: &mut Node) {
    let commit_index = node.commit_index();
    let (position, config) = node
        .log()
        .get_position_and_config(commit_index)
        .expect("commit index must be valid");
    let success = node.handle_snapshot_installed(position, config.clone());
    assert!(success);
    assert_eq!(node.log().snapshot_position(), position);
}

#[test]
fn taking_snapshots() {
    let mut node = follower(1, 1, None, "snapshot {0,1,2} log 0/0[term(1) cmd*5]");
    node.handle_message(append_call(0, 1, 1, 4, LogEntries::new(at(1, 6))));
    take_snapshot(&mut node);
    assert_eq!(
        *node.log(),
        Log::new(
            config(&[0, 1, 2]),
            LogEntries::from_iter(at(1, 4), [LogEntry::Command, LogEntry::Command])
        )
    );
    take_snapshot(&mut node); // the same again
    assert_eq!(node.log().snapshot_position(), at(1, 4));
    let mut fresh = Node::start(id(9));
    take_snapshot(&mut fresh); // of nothing
    assert_eq!(fresh, Node::start(id(9)));
}

/// "Configuration Changes".
fn add_node_to_cluster(leader: &mut Node, new_node_id: NodeId) -> LogPosition {
    let new_config = leader.config().to_joint_consensus(&[new_node_id], &[]);
    leader.propose_config(new_config)
}

fn remove_node_from_cluster(leader: &mut Node, old_node_id: NodeId) -> LogPosition {
    let new_config = leader.config().to_joint_consensus(&[], &[old_node_id]);
    leader.propose_config(new_config)
}

#[test]
fn configuration_changes() {
    let mut node = leader(0, 2, LOG);
    let position = add_node_to_cluster(&mut node, id(3));
    assert!(!position.is_invalid());
    assert!(node.config().is_joint_consensus());
    assert!(remove_node_from_cluster(&mut node, id(2)).is_invalid()); // one at a time
    drain(&mut node);
    node.handle_message(append_reply(1, 2, 3, position));
    assert!(node.get_commit_status(position).is_in_progress()); // two of the four to come
    node.handle_message(append_reply(2, 2, 3, position));
    assert!(node.get_commit_status(position).is_committed());
    // "Once committed, a second configuration is automatically proposed to finalize the transition".
    assert_eq!(*node.config(), config(&[0, 1, 2, 3]));
    assert_eq!(node.log().last_position().index, position.index + index(1));
    let position = remove_node_from_cluster(&mut node, id(2));
    assert!(!position.is_invalid());
    assert_eq!(node.config().new_voters, config(&[0, 1, 3]).voters);

    let mut other = follower(1, 2, Some(0), LOG);
    assert!(add_node_to_cluster(&mut other, id(3)).is_invalid());
    assert_eq!(*other.config(), config(&[0, 1, 2]));
}

/// "Node Restart Pattern".
trait PersistentStorage {
    fn load_term(&self) -> Term;
    fn load_voted_for(&self) -> Option<NodeId>;
    fn load_log(&self) -> Log;
}

struct Memory(Node);

impl PersistentStorage for Memory {
    fn load_term(&self) -> Term {
        self.0.current_term()
    }

    fn load_voted_for(&self) -> Option<NodeId> {
        self.0.voted_for()
    }

    fn load_log(&self) -> Log {
        self.0.log().clone()
    }
}

fn restart_node_after_crash(node_id: NodeId, storage: &dyn PersistentStorage) -> (Node, u32) {
    let current_term = storage.load_term();
    let voted_for = storage.load_voted_for();
    let log = storage.load_log();
    let mut node = Node::restart(node_id, current_term, voted_for, log);
    let mut timeouts = 0;
    for action in node.actions_mut() {
        match action {
            Action::SetElectionTimeout => timeouts += 1,
            other => panic!("other actions shouldn't be present: {other}"),
        }
    }
    (node, timeouts)
}

#[test]
fn node_restart_pattern() {
    let before = leader(0, 2, "snapshot {0,1,2} log 1/7[cmd]");
    let (after, timeouts) = restart_node_after_crash(id(0), &Memory(before.clone()));
    assert_eq!(timeouts, 1);
    assert_eq!(after.role(), Role::Follower);
    assert_eq!(
        (after.current_term(), after.voted_for()),
        (Term::new(2), Some(id(0)))
    );
    assert_eq!(after.log(), before.log());
    assert_eq!(after.commit_index(), index(7)); // the snapshot's
}

/// "Election Timeout Handling".
fn handle_timeout_expiration(node: &mut Node) -> Vec<u32> {
    node.handle_election_timeout();
    let mut timeouts_ms = Vec::new();
    let role = node.role();
    for action in node.actions_mut() {
        match action {
            Action::SetElectionTimeout => timeouts_ms.push(match role {
                Role::Leader => 50,     // Heartbeat interval
                Role::Candidate => 230, // a random value in the example
                Role::Follower => 300,  // Election timeout
            }),
            Action::SaveCurrentTerm => { /* candidate incremented term */ }
            Action::BroadcastMessage(_) => { /* election or heartbeat */ }
            _ => { /* handle other actions */ }
        }
    }
    timeouts_ms
}

#[test]
fn election_timeout_handling() {
    let mut node = follower(0, 1, None, LOG);
    assert_eq!(handle_timeout_expiration(&mut node), [230]);
    assert_eq!(
        (node.role(), node.current_term()),
        (Role::Candidate, Term::new(2))
    );
    assert_eq!(handle_timeout_expiration(&mut node), [230]);
    assert_eq!(
        (node.role(), node.current_term()),
        (Role::Candidate, Term::new(3))
    );
    assert_eq!(handle_timeout_expiration(&mut leader(0, 2, LOG)), [50]);
    assert_eq!(handle_timeout_expiration(&mut Node::start(id(7))), [300]);
}

/// "Pipelining Commands".
#[test]
fn pipelining_commands() {
    let mut node = leader(0, 2, LOG);
    let mut positions = Vec::new();
    for _ in 0..5 {
        positions.push(node.propose_command());
    }
    assert_eq!(positions, [3, 4, 5, 6, 7].map(|index| at(2, index)));
    let entries = LogEntries::from_iter(at(2, 2), [const { LogEntry::Command }; 5]);
    assert_eq!(
        drain(&mut node),
        [
            Action::BroadcastMessage(append_call(0, 2, 3, 0, entries.clone())),
            Action::AppendLogEntries(entries),
        ]
    );
}

/// "Linearizable Reads". Returns the number to wait for.
fn linearizable_read(leader: &mut Node) -> Option<MessageSeqNo> {
    if !leader.heartbeat() {
        return None; // Not the leader
    }
    let mut seqno = MessageSeqNo::new(0);
    for action in leader.actions_mut() {
        if let Action::BroadcastMessage(msg) = action {
            seqno = msg.seqno();
        }
    }
    Some(seqno)
}

#[test]
fn linearizable_reads() {
    let mut node = leader(0, 2, LOG);
    let seqno = linearizable_read(&mut node).expect("it leads");
    assert_eq!(seqno, MessageSeqNo::new(3)); // after the election and the `Term` entry
    // A follower answers with that number.
    let mut other = follower(1, 2, Some(0), "snapshot {0,1,2} log 0/0[term(1) term(2)]");
    other.handle_message(append_call(0, 2, 3, 0, LogEntries::new(at(2, 2))));
    assert_eq!(
        drain(&mut other)[1..],
        [Action::SendMessage(id(0), append_reply(1, 2, 3, at(2, 2)))]
    );
    assert_eq!(linearizable_read(&mut other), None);
    assert!(other.actions().is_empty());
}

/// "Error Handling Patterns".
#[test]
fn error_handling_patterns() {
    let mut node = follower(1, 2, Some(0), LOG);
    let before = node.clone();
    assert!(node.propose_command().is_invalid());
    assert_eq!(node.voted_for(), Some(id(0))); // "Redirect client to current leader hint"
    let new_config = node.config().to_joint_consensus(&[NodeId::new(3)], &[]);
    assert!(node.propose_config(new_config).is_invalid());
    assert!(!node.heartbeat());
    assert_eq!(node, before); // and nothing has happened

    let mut node = leader(0, 2, LOG);
    let before = node.clone();
    assert!(node.propose_config(config(&[0, 1])).is_invalid()); // other voters
    assert!(node.propose_config(ClusterConfig::new()).is_invalid());
    assert!(node.create_cluster(&ids(&[0])).is_invalid());
    assert_eq!(node, before);
}

/// "Checking Commit Status".
fn wait_for_commit(node: &mut Node, position: LogPosition, inputs: Vec<Message>) -> CommitStatus {
    for input in inputs {
        let status = node.get_commit_status(position);
        match status {
            CommitStatus::Committed | CommitStatus::Rejected | CommitStatus::Unknown => {
                return status;
            }
            CommitStatus::InProgress => node.handle_message(input),
        }
        drain(node);
    }
    node.get_commit_status(position)
}

#[test]
fn checking_commit_status() {
    let mut node = leader(0, 2, LOG);
    let position = node.propose_command();
    drain(&mut node);
    let status = wait_for_commit(&mut node.clone(), position, vec![]);
    assert_eq!(status, CommitStatus::InProgress);
    let acknowledged = vec![
        append_reply(1, 2, 2, at(2, 2)),
        append_reply(1, 2, 3, position),
    ];
    let status = wait_for_commit(&mut node.clone(), position, acknowledged);
    assert_eq!(status, CommitStatus::Committed);
    let replaced =
        LogEntries::from_iter(at(1, 1), [LogEntry::Term(Term::new(3)), LogEntry::Command]);
    let overwritten = vec![append_call(1, 3, 1, 3, replaced)];
    let status = wait_for_commit(&mut node.clone(), position, overwritten);
    assert_eq!(status, CommitStatus::Rejected);
    let acknowledged = vec![append_reply(1, 2, 3, position)];
    wait_for_commit(&mut node, position, acknowledged);
    let later = node.propose_command();
    drain(&mut node);
    node.handle_message(append_reply(1, 2, 4, later));
    take_snapshot(&mut node);
    assert_eq!(
        wait_for_commit(&mut node, position, vec![]),
        CommitStatus::Unknown
    );
}
