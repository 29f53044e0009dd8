//! Three nodes without the standard library: they elect a leader and commit one command.
#![no_std]

extern crate alloc;

use alloc::{collections::VecDeque, vec::Vec};
use raftbare::{Action, LogPosition, Message, Node, NodeId};

/// Runs three nodes and returns the position of a command that all of them know to be committed.
pub fn commit_a_command() -> Option<LogPosition> {
    let ids = [NodeId::new(0), NodeId::new(1), NodeId::new(2)];
    let mut nodes: Vec<Node> = ids.into_iter().map(Node::start).collect();

    let [leader, ..] = &mut nodes[..] else {
        return None;
    };
    leader.create_cluster(&ids);
    deliver(&mut nodes);

    let leader = nodes.iter_mut().find(|node| node.role().is_leader())?;
    let command = leader.propose_command();
    deliver(&mut nodes);

    // The next beat tells the followers.
    nodes
        .iter_mut()
        .find(|node| node.role().is_leader())?
        .heartbeat();
    deliver(&mut nodes);

    let committed = |node: &Node| node.get_commit_status(command).is_committed();
    nodes.iter().all(committed).then_some(command)
}

/// Executes actions and delivers messages until there are no more.
fn deliver(nodes: &mut [Node]) {
    let mut network = VecDeque::new();
    loop {
        nodes
            .iter_mut()
            .for_each(|node| execute(node, &mut network));
        let Some((to, message)) = network.pop_front() else {
            return;
        };
        nodes
            .iter_mut()
            .filter(|node| node.id() == to)
            .for_each(|node| {
                node.handle_message(Message::clone(&message));
            });
    }
}

fn execute(node: &mut Node, network: &mut VecDeque<(NodeId, Message)>) {
    while let Some(action) = node.actions_mut().next() {
        match action {
            // This node lives in memory: without a disk, and without a clock, as every message arrives.
            Action::SetElectionTimeout | Action::SaveCurrentTerm | Action::SaveVotedFor => {}
            Action::AppendLogEntries(_) | Action::InstallSnapshot(_) => {}
            Action::BroadcastMessage(message) => {
                network.extend(node.peers().map(|peer| (peer, message.clone())));
            }
            Action::SendMessage(to, message) => network.push_back((to, message)),
        }
    }
}
