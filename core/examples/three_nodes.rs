//! A whole cluster in one thread: the smallest program that shows the crate at work.
//!
//! `cargo run --example three_nodes`
//!
//! There is no clock, no network and no disk. The program carries the messages and fires the timers itself,
//! so every run prints the same, in the notation of the crate: `1 -> 2: 1 t1 #1 RequestVoteCall last 0/1`
//! is a message of node 1 to node 2, of term 1. The example `counter` has a real one of all three.

use std::collections::{BTreeMap, VecDeque};

use raftbare::{Action, LogIndex, LogPosition, Message, Node, NodeId, ReadStatus};

/// What clients ask for. The order matters: without Raft the replicas would not agree.
enum Command {
    Add(i64),
    Multiply(i64),
}

/// A node, and the state machine that the node keeps in step with the others.
struct Replica {
    node: Node,
    applied: LogIndex,
    value: i64,
}

struct Cluster {
    replicas: BTreeMap<NodeId, Replica>,
    /// The crate knows only the positions of commands; the data behind them is kept here. A position is the
    /// same command on every node, so within one process one map is enough for all.
    commands: BTreeMap<LogPosition, Command>,
    network: VecDeque<(NodeId, Message)>,
}

fn main() {
    let [one, two, three, four] = [1, 2, 3, 4].map(NodeId::new);
    let mut cluster = Cluster::new(&[one, two, three, four]);

    println!("Node 1 founds the cluster. The others elect it as the leader.");
    let founded = cluster.node(one).create_cluster(&[one, two, three]);
    cluster.run(one);
    assert!(cluster.node(one).get_commit_status(founded).is_committed());

    println!("\nThree commands reach the leader: +5, *3, +1. They travel together.");
    for command in [Command::Add(5), Command::Multiply(3), Command::Add(1)] {
        cluster.propose(one, command);
    }
    cluster.run(one);

    println!("\nThe leader's timer fires. Its heartbeat tells the others what is committed.");
    cluster.fire_timer(one);

    println!("\nA client reads. Before it answers, the leader makes sure that it still leads.");
    let token = cluster.node(one).read_index().expect("node 1 leads");
    cluster.run(one);
    let Replica {
        node,
        applied,
        value,
    } = cluster.replica(one);
    assert!(matches!(node.read_status(token), ReadStatus::Ready(index) if index <= *applied));
    assert_eq!(*value, 16);
    println!("  The value is {value}.");

    println!("\nNode 4 takes the place of node 1, by way of joint consensus.");
    let joint = cluster
        .node(one)
        .config()
        .to_joint_consensus(&[four], &[one]);
    assert!(!cluster.node(one).propose_config(joint).is_invalid());
    cluster.run(one);
    assert!(cluster.node(one).role().is_follower());

    println!("\nNode 1 is out, and has stepped down. The timer of node 2 fires first.");
    cluster.fire_timer(two);
    assert!(cluster.node(two).role().is_leader());

    println!("\nThe new leader gets one more command: *2.");
    cluster.propose(two, Command::Multiply(2));
    cluster.run(two);
    cluster.fire_timer(two);

    println!("\nIn the end the members have the same log and the same value.");
    for id in [two, three, four] {
        let Replica { node, value, .. } = cluster.replica(id);
        println!("  {node}, value {value}");
        assert_eq!(*value, 32);
    }
}

impl Cluster {
    fn new(ids: &[NodeId]) -> Self {
        let replica = |&id| {
            (
                id,
                Replica {
                    node: Node::start(id),
                    applied: LogIndex::ZERO,
                    value: 0,
                },
            )
        };
        Self {
            replicas: ids.iter().map(replica).collect(),
            commands: BTreeMap::new(),
            network: VecDeque::new(),
        }
    }

    fn propose(&mut self, leader: NodeId, command: Command) {
        let position = self.node(leader).propose_command();
        assert!(!position.is_invalid(), "node {leader} does not lead");
        self.commands.insert(position, command);
    }

    fn fire_timer(&mut self, id: NodeId) {
        self.node(id).handle_election_timeout();
        self.run(id);
    }

    /// Executes what a node asks for, and all that follows from it, until no message is under way.
    fn run(&mut self, id: NodeId) {
        self.execute_actions(id);
        while let Some((to, message)) = self.network.pop_front() {
            println!("  {} -> {to}: {message}", message.from());
            self.node(to).handle_message(message);
            self.execute_actions(to);
        }
    }

    /// The one place where actions become deeds, in the order in which they come.
    fn execute_actions(&mut self, id: NodeId) {
        while let Some(action) = self.node(id).actions_mut().next() {
            match action {
                Action::BroadcastMessage(message) => {
                    let peers: Vec<_> = self.node(id).peers().collect();
                    self.network
                        .extend(peers.into_iter().map(|to| (to, message.clone())));
                }
                Action::SendMessage(to, message) => self.network.push_back((to, message)),
                // `main` fires the timers; no node fails, so memory will do for a disk; and no log is cut,
                // so no snapshot is needed.
                Action::SetElectionTimeout
                | Action::SaveCurrentTerm
                | Action::SaveVotedFor
                | Action::AppendLogEntries(_)
                | Action::InstallSnapshot(_) => println!("  {id}: {action}"),
            }
        }
        self.apply_commands(id);
    }

    /// Brings the state machine of a node up to what the node knows to be committed.
    fn apply_commands(&mut self, id: NodeId) {
        let commands = &self.commands;
        let Replica {
            node,
            applied,
            value,
        } = self.replicas.get_mut(&id).expect("a known node");
        while *applied < node.commit_index() {
            *applied += LogIndex::new(1);
            let (position, _) = node
                .log()
                .get_position_and_config(*applied)
                .expect("in the log");
            match commands.get(&position) {
                Some(Command::Add(number)) => *value += number,
                Some(Command::Multiply(number)) => *value *= number,
                None => {} // An entry of Raft itself: the start of a term, or a configuration.
            }
        }
    }

    fn node(&mut self, id: NodeId) -> &mut Node {
        &mut self.replica(id).node
    }

    fn replica(&mut self, id: NodeId) -> &mut Replica {
        self.replicas.get_mut(&id).expect("a known node")
    }
}
