//! Replicas in memory, with a network that the test steps by hand. All that comes out is checked on the way.

use std::collections::{BTreeMap, BTreeSet};

use raftbare::replica::{Batch, Payload, Replica, ReplicaOptions, Ticket};
use raftbare::{ClusterConfig, LogIndex, LogPosition, Message, NodeOptions};
use raftbare_tests::values::{id, ids};

use crate::checks::join;
use crate::store::Store;

/// An envelope under way.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) bytes: Vec<u8>,
    /// The message, or a word for a part of a snapshot.
    pub(crate) text: String,
    pub(crate) message: Option<Message>,
}

/// A replica and its surroundings.
pub(crate) struct Member<P> {
    pub(crate) replica: Replica<P>,
    pub(crate) store: Store,
    /// The batch that is out.
    pub(crate) out: Option<Batch<P>>,
    /// The payloads that are applied: the state.
    pub(crate) state: Vec<Vec<u8>>,
    pub(crate) applied: LogIndex,
    /// All outputs but messages and timers, in words, since the test has last taken them.
    pub(crate) said: Vec<String>,
    /// The proposals that have no end yet.
    pub(crate) waiting: BTreeSet<LogPosition>,
}

pub(crate) struct Cluster<P = Vec<u8>> {
    pub(crate) members: BTreeMap<u64, Member<P>>,
    pub(crate) wire: Vec<Packet>,
    /// Nodes that nothing leaves and nothing reaches.
    pub(crate) silent: BTreeSet<u64>,
    pub(crate) options: ReplicaOptions,
    /// What was proposed where, in all lives.
    pub(crate) proposed: BTreeMap<LogPosition, Vec<u8>>,
    /// What was applied where, by whom soever.
    pub(crate) decided: BTreeMap<LogIndex, LogPosition>,
}

impl<P: Payload + std::fmt::Debug> Cluster<P> {
    /// Nodes 1 to `n`, just started.
    pub(crate) fn new(n: u64, options: &ReplicaOptions) -> Self {
        let mut cluster = Self {
            members: BTreeMap::new(),
            wire: Vec::new(),
            silent: BTreeSet::new(),
            options: options.clone(),
            proposed: BTreeMap::new(),
            decided: BTreeMap::new(),
        };
        (1..=n).for_each(|id| cluster.add(id));
        cluster
    }

    /// The cluster of nodes 1 to `n`, led by node 1, with nothing under way.
    pub(crate) fn founded(n: u64, options: &ReplicaOptions) -> Self {
        let mut cluster = Self::new(n, options);
        let voters: Vec<_> = (1..=n).collect();
        assert!(cluster.replica(1).create_cluster(&ids(&voters)));
        cluster.settle();
        cluster.beat(1);
        for member in cluster.members.values_mut() {
            member.said.clear();
        }
        cluster
    }

    pub(crate) fn add(&mut self, node: u64) {
        let member = Member {
            replica: Replica::start(id(node), self.options.clone()),
            store: Store::default(),
            out: None,
            state: Vec::new(),
            applied: LogIndex::ZERO,
            said: Vec::new(),
            waiting: BTreeSet::new(),
        };
        self.members.insert(node, member);
    }

    pub(crate) fn member(&mut self, node: u64) -> &mut Member<P> {
        self.members.get_mut(&node).expect("a member")
    }

    pub(crate) fn replica(&mut self, node: u64) -> &mut Replica<P> {
        &mut self.member(node).replica
    }

    /// Proposes at this node, which takes it.
    #[track_caller]
    pub(crate) fn propose(&mut self, node: u64, bytes: &[u8]) -> Ticket {
        let Ok(payload) = P::try_from(bytes) else {
            panic!("no payload: {bytes:?}");
        };
        let ticket = self.replica(node).propose(payload).map_err(|it| it.reason);
        let ticket = ticket.expect("the leader takes proposals");
        self.note(node, ticket, bytes);
        ticket
    }

    /// Takes note of a proposal that was taken.
    pub(crate) fn note(&mut self, node: u64, ticket: Ticket, bytes: &[u8]) {
        let before = self.proposed.insert(ticket.position(), bytes.to_vec());
        assert_eq!(before, None, "a position is used once");
        self.member(node).waiting.insert(ticket.position());
        self.check(node);
    }

    /// Proposes a configuration at this node, which takes it.
    #[track_caller]
    pub(crate) fn propose_config(&mut self, node: u64, config: ClusterConfig) -> Ticket {
        let ticket = self.replica(node).propose_config(config);
        let ticket = ticket.expect("the leader takes configurations");
        self.member(node).waiting.insert(ticket.position());
        ticket
    }

    /// Takes a batch and gives it back; what comes out, or `None` if there is no batch.
    #[track_caller]
    pub(crate) fn step(&mut self, node: u64) -> Option<Vec<String>> {
        self.take(node).then(|| self.give(node))
    }

    /// All batches there are.
    #[track_caller]
    pub(crate) fn run(&mut self, node: u64) -> Vec<String> {
        let mut all = Vec::new();
        for _ in 0..1_000 {
            match self.step(node) {
                Some(outputs) => all.extend(outputs),
                None => return all,
            }
        }
        panic!("batches without end from node {node}: {all:?}");
    }

    /// Hands an envelope over.
    pub(crate) fn receive(&mut self, node: u64, bytes: &[u8]) {
        self.replica(node).receive(bytes).expect("an envelope");
        self.check(node);
    }

    /// Hands over all that is under way.
    pub(crate) fn deliver(&mut self) {
        for packet in std::mem::take(&mut self.wire) {
            let is_lost = self.silent.contains(&packet.from) || self.silent.contains(&packet.to);
            if !is_lost && self.members.contains_key(&packet.to) {
                self.receive(packet.to, &packet.bytes);
            }
        }
    }

    /// Runs all nodes and the network until nothing happens any more.
    #[track_caller]
    pub(crate) fn settle(&mut self) {
        for _ in 0..10_000 {
            let nodes: Vec<_> = self.members.keys().copied().collect();
            for node in nodes {
                if !self.silent.contains(&node) {
                    self.run(node);
                }
            }
            if self.wire.is_empty() {
                return;
            }
            self.deliver();
        }
        panic!("messages without end: {:?}", self.wire);
    }

    /// A timeout at this node, and all that follows from it.
    #[track_caller]
    pub(crate) fn beat(&mut self, node: u64) {
        self.replica(node).handle_timeout();
        self.settle();
    }

    /// Lets this node be elected.
    #[track_caller]
    pub(crate) fn elect(&mut self, node: u64) {
        self.beat(node);
        assert!(
            self.replica(node).node().role().is_leader(),
            "node {node} is not elected"
        );
        self.beat(node);
    }

    /// Takes a snapshot of the state as it is; whether it is the newest one.
    pub(crate) fn snapshot(&mut self, node: u64) -> bool {
        let member = self.member(node);
        let mut new = member
            .replica
            .begin_snapshot()
            .expect("there is something new");
        let bytes = join(&member.state);
        new.write(&bytes);
        member.store.own.insert(new.position(), bytes);
        let is_newest = member.replica.finish_snapshot(new);
        self.check(node);
        self.run(node);
        is_newest
    }

    /// The power fails: what is not stored is gone, and so is the state.
    pub(crate) fn crash(&mut self, node: u64) {
        let member = self.member(node);
        member.state.clear();
        member.applied = LogIndex::ZERO;
        self.restart(node);
    }

    /// Comes back with the state, which is stored.
    pub(crate) fn restart(&mut self, node: u64) {
        let options = self.options.clone();
        let member = self.member(node);
        let stored = member.store.stored(member.applied);
        let restarted = Replica::restart(id(node), options, stored);
        member.replica = restarted.expect("what was stored fits together");
        member.out = None;
        member.waiting.clear();
        self.check(node);
    }

    /// What was said since the last time.
    pub(crate) fn said(&mut self, node: u64) -> Vec<String> {
        std::mem::take(&mut self.member(node).said)
    }
}

/// Options with short chunks.
pub(crate) fn options() -> ReplicaOptions {
    let mut options = ReplicaOptions::default();
    // Elections are played here one by one. `stable` has it on, as it is by default.
    options.node = NodeOptions::default();
    options.chunk_bytes = 8;
    options
}

/// The bytes of a message with these payloads.
pub(crate) fn envelope(message: &Message, payloads: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    raftbare::codec::encode_envelope(message, payloads, &mut bytes).expect("a Vec grows");
    bytes
}
