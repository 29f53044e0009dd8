//! Several nodes, and the messages between them.

use raftbare::{Action, Message, Node};

use crate::values::drain;

/// Takes all pending actions of the nodes 1, 2, ...; returns the messages among them, with sender and receiver.
pub fn sent(nodes: &mut [Node]) -> Vec<(u64, u64, Message)> {
    let mut messages = Vec::new();
    for node in nodes {
        let from = node.id().get();
        let peers: Vec<_> = node.peers().collect();
        for action in drain(node) {
            match action {
                Action::BroadcastMessage(message) => {
                    messages.extend(peers.iter().map(|to| (from, to.get(), message.clone())));
                }
                Action::SendMessage(to, message) => messages.push((from, to.get(), message)),
                _ => {}
            }
        }
    }
    messages
}

/// Lets the nodes 1, 2, ... talk until they have nothing to say any more. What passes is for `passes` to say.
pub fn run_with(nodes: &mut [Node], mut passes: impl FnMut(u64, u64, &Message) -> bool) {
    loop {
        let messages = sent(nodes);
        if messages.is_empty() {
            return;
        }
        for (from, to, message) in messages {
            if passes(from, to, &message) {
                nodes[to as usize - 1].handle_message(message);
            }
        }
    }
}

/// The same; messages pass between those that `connects` says.
pub fn run(nodes: &mut [Node], connects: impl Fn(u64, u64) -> bool) {
    run_with(nodes, |from, to, _| connects(from, to));
}
