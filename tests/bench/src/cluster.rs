//! Clusters of each crate behind one trait.

use std::collections::VecDeque;

/// Nodes that are connected, and led by the first.
pub trait Cluster {
    /// The leader proposes so many commands.
    fn propose(&mut self, count: u32);
    /// The leader calls all followers.
    fn heartbeat(&mut self);
    /// The leader's actions are executed, and its messages lost.
    fn lose(&mut self);
    /// The node at this place campaigns, and wins.
    fn elect(&mut self, index: usize);
    /// All actions are executed and all messages delivered, until there is nothing left to do.
    fn settle(&mut self);
    /// The last index that the leader knows to be committed.
    fn commit_index(&self) -> u64;
}

/// A crate: its name, and how to make a cluster of so many voters.
pub type Peer = (&'static str, fn(u64) -> Box<dyn Cluster>);

/// The crate that the others are compared with: that of this name in the public registry.
pub const REFERENCE: &str = "raftbare 0.2.2";

/// All crates, this one last.
pub const PEERS: &[Peer] = &[
    (REFERENCE, registry_raftbare_cluster::led),
    ("noraft 0.7.1", noraft_cluster::led),
    #[cfg(feature = "raft-rs")]
    ("raft 0.7.0", crate::raft_rs::led),
    (THIS, raftbare_cluster::led),
];

/// This crate.
pub const THIS: &str = "this crate";

/// The crates of this shape differ in how a node takes a message.
macro_rules! clusters {
    ($module:ident, $krate:ident, $handle:expr) => {
        mod $module {
            use super::{Cluster, VecDeque};
            use $krate::{Action, Message, Node, NodeId};

            struct Nodes {
                nodes: Vec<Node>,
                /// Which nodes have had an input since their actions were last taken.
                has_input: Vec<bool>,
                messages: VecDeque<(NodeId, Message)>,
            }

            pub(super) fn led(voters: u64) -> Box<dyn Cluster> {
                let ids: Vec<NodeId> = (1..=voters).map(NodeId::new).collect();
                let mut this = Nodes {
                    nodes: ids.iter().map(|&id| Node::start(id)).collect(),
                    has_input: ids.iter().map(|_| false).collect(),
                    messages: VecDeque::new(),
                };
                this.nodes[0].create_cluster(&ids);
                this.has_input[0] = true;
                this.settle();
                assert!(this.nodes[0].role().is_leader());
                Box::new(this)
            }

            impl Nodes {
                fn execute_actions(&mut self, index: usize) {
                    let node = &mut self.nodes[index];
                    while let Some(action) = node.actions_mut().next() {
                        match action {
                            Action::BroadcastMessage(message) => {
                                let messages = node.peers().map(|to| (to, message.clone()));
                                self.messages.extend(messages);
                            }
                            Action::SendMessage(to, message) => {
                                self.messages.push_back((to, message));
                            }
                            _ => {}
                        }
                    }
                }
            }

            impl Cluster for Nodes {
                fn propose(&mut self, count: u32) {
                    for _ in 0..count {
                        self.nodes[0].propose_command();
                    }
                    self.has_input[0] = true;
                }

                fn heartbeat(&mut self) {
                    self.nodes[0].heartbeat();
                    self.has_input[0] = true;
                }

                fn lose(&mut self) {
                    self.execute_actions(0);
                    self.messages.clear();
                }

                fn elect(&mut self, index: usize) {
                    let nodes = self.nodes.len();
                    // In one of the crates a follower votes for nobody else before it has timed out, too.
                    for place in (0..nodes).map(|place| (index + place) % nodes).cycle() {
                        self.nodes[place].handle_election_timeout();
                        self.has_input[place] = true;
                        self.settle();
                        if self.nodes[index].role().is_leader() {
                            break;
                        }
                    }
                }

                fn settle(&mut self) {
                    loop {
                        for index in 0..self.nodes.len() {
                            if std::mem::take(&mut self.has_input[index]) {
                                self.execute_actions(index);
                            }
                        }
                        if self.messages.is_empty() {
                            break;
                        }
                        for _ in 0..self.messages.len() {
                            if let Some((to, message)) = self.messages.pop_front() {
                                let index = to.get() as usize - 1;
                                $handle(&mut self.nodes[index], message);
                                self.has_input[index] = true;
                            }
                        }
                    }
                }

                fn commit_index(&self) -> u64 {
                    self.nodes[0].commit_index().get()
                }
            }
        }
    };
}

clusters!(raftbare_cluster, raftbare, Node::handle_message);
clusters!(
    registry_raftbare_cluster,
    registry_raftbare,
    Node::handle_message
);
clusters!(noraft_cluster, noraft, |node: &mut Node, message| {
    node.handle_message(&message).expect("a valid message");
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cluster_commits_what_is_proposed() {
        for (name, led) in PEERS {
            let mut cluster = led(3);
            let before = cluster.commit_index();
            cluster.propose(5);
            assert_eq!(cluster.commit_index(), before, "{name}");
            cluster.settle();
            assert_eq!(cluster.commit_index(), before + 5, "{name}");
            cluster.elect(1);
            cluster.elect(0);
            assert!(cluster.commit_index() >= before + 7, "{name}");
        }
    }
}
