//! The crate `raft` as a cluster, with its storage in memory.

use std::collections::VecDeque;

use raft::prelude::Message;
use raft::storage::MemStorage;
use raft::{Config, RawNode, StateRole, Storage};

use crate::cluster::Cluster;

/// How many entries stay in the storage.
const KEPT: u64 = 10_000;

struct Nodes {
    nodes: Vec<RawNode<MemStorage>>,
    /// Which nodes have had an input since they were last asked what to do.
    has_input: Vec<bool>,
    messages: VecDeque<Message>,
}

/// A cluster of so many voters, led by the first.
///
/// # Panics
///
/// If the crate refuses what it is given.
#[must_use]
pub fn led(voters: u64) -> Box<dyn Cluster> {
    let ids: Vec<u64> = (1..=voters).collect();
    let logger = slog::Logger::root(slog::Discard, slog::o!());
    let node = |&id: &u64| {
        let config = Config {
            id,
            // Many commands in one message, as the others do.
            batch_append: true,
            max_size_per_msg: u64::MAX,
            ..Config::default()
        };
        let storage = MemStorage::new_with_conf_state((ids.clone(), Vec::new()));
        let mut node = RawNode::new(&config, storage, &logger).expect("a valid configuration");
        // The commit index travels with the next call, as with the others.
        node.skip_bcast_commit(true);
        node
    };
    let mut this = Nodes {
        nodes: ids.iter().map(node).collect(),
        has_input: ids.iter().map(|_| true).collect(),
        messages: VecDeque::new(),
    };
    this.elect(0);
    Box::new(this)
}

impl Nodes {
    /// Stores, sends and applies what a node asks for, in the order that the crate documents.
    fn execute_ready(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        while node.has_ready() {
            let mut ready = node.ready();
            self.messages.extend(ready.take_messages());
            drop(ready.take_committed_entries());
            let storage = node.mut_store().clone();
            storage.wl().append(ready.entries()).expect("no gap");
            if let Some(state) = ready.hs() {
                storage.wl().set_hardstate(state.clone());
            }
            self.messages.extend(ready.take_persisted_messages());
            let mut light = node.advance(ready);
            if let Some(commit) = light.commit_index() {
                storage.wl().mut_hard_state().commit = commit;
            }
            self.messages.extend(light.take_messages());
            drop(light.take_committed_entries());
            node.advance_apply();
        }
        // The others keep no commands: neither do old ones stay here.
        let applied = node.raft.raft_log.applied;
        let first = node.store().first_index().expect("a storage in memory");
        if applied > first + 2 * KEPT {
            let storage = node.mut_store().clone();
            storage.wl().compact(applied - KEPT).expect("applied");
        }
    }
}

impl Cluster for Nodes {
    fn propose(&mut self, count: u32) {
        for _ in 0..count {
            self.nodes[0]
                .propose(Vec::new(), Vec::new())
                .expect("it leads");
        }
        self.has_input[0] = true;
    }

    fn heartbeat(&mut self) {
        self.nodes[0].ping();
        self.has_input[0] = true;
    }

    fn lose(&mut self) {
        self.execute_ready(0);
        self.messages.clear();
    }

    fn elect(&mut self, index: usize) {
        self.nodes[index].campaign().expect("it may campaign");
        self.has_input[index] = true;
        self.settle();
        assert_eq!(self.nodes[index].raft.state, StateRole::Leader);
    }

    fn settle(&mut self) {
        loop {
            for index in 0..self.nodes.len() {
                if std::mem::take(&mut self.has_input[index]) {
                    self.execute_ready(index);
                }
            }
            if self.messages.is_empty() {
                break;
            }
            for message in std::mem::take(&mut self.messages) {
                let index = message.to as usize - 1;
                self.nodes[index].step(message).expect("a valid message");
                self.has_input[index] = true;
            }
        }
    }

    fn commit_index(&self) -> u64 {
        self.nodes[0].raft.raft_log.committed
    }
}
