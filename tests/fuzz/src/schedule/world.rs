//! The cluster and its network, in which nothing happens by itself.

use raftbare::{LogPosition, Node, NodeId, NodeOptions, StableLeadership};
use raftbare_sim::checker::{Checker, Verdict};
use raftbare_sim::integration::{Content, Effect, Integration, Read};
use raftbare_sim::random::Random;
use raftbare_sim::server::Server;
use raftbare_sim::traffic::Traffic;

use crate::Tell;

pub(super) type Packet = <Server as Integration>::Packet;

/// A packet on its way.
#[derive(Debug, Clone)]
pub(super) struct Flying {
    pub(super) from: NodeId,
    pub(super) to: NodeId,
    pub(super) packet: Packet,
}

/// Servers of the simulator, packets on their way, and the simulator's checks.
#[derive(Debug)]
pub(super) struct World {
    pub(super) servers: Vec<Server>,
    flying: Vec<Flying>,
    pub(super) checker: Checker,
    pub(super) traffic: Traffic,
    pub(super) reads: Vec<(NodeId, Read)>,
    pub(super) proposed: Vec<LogPosition>,
    next_command: u64,
    pub(super) told: Vec<&'static str>,
    /// What each node is told when it starts.
    options: NodeOptions,
}

impl World {
    /// Three found the cluster; the last one waits to be added.
    pub(super) const SERVERS: u64 = 4;
    /// More packets are not on their way at once: the oldest is lost.
    const MOST_FLYING: usize = 32;

    pub(super) fn new(is_stable: bool) -> Self {
        let mut options = NodeOptions::default();
        options.stable_leadership = is_stable.then(StableLeadership::default);
        let ids = (1..=Self::SERVERS).map(NodeId::new);
        let mut this = Self {
            servers: ids.map(|id| Server::new(id, None)).collect(),
            flying: Vec::new(),
            checker: Checker::default(),
            traffic: Traffic::default(),
            reads: Vec::new(),
            proposed: Vec::new(),
            next_command: 1,
            told: Vec::new(),
            options,
        };
        for server in &mut this.servers {
            server.set_node_options(options);
        }
        this.found();
        this
    }

    /// The server that a byte names.
    pub(super) fn id(byte: u8) -> NodeId {
        NodeId::new(1 + u64::from(byte) % Self::SERVERS)
    }

    /// One of the nodes that lead.
    pub(super) fn leader(&self, byte: u8) -> Option<NodeId> {
        let nodes = self.servers.iter().filter_map(Integration::node);
        let leaders: Vec<_> = nodes.filter(|node| node.role().is_leader()).collect();
        let chosen = usize::from(byte).checked_rem(leaders.len())?;
        leaders.get(chosen).map(|node| node.id())
    }

    /// What the run has come to.
    pub(super) fn tell(&self, tell: Tell<'_>) {
        let leader = match self.options.stable_leadership {
            Some(_) => "stable leader",
            None => "leader",
        };
        (0..self.checker.leaders_seen()).for_each(|_| tell(leader));
        (0..self.checker.commit_index().get()).for_each(|_| tell("commit"));
        self.told.iter().for_each(|what| tell(what));
    }

    /// Server 1 founds the cluster; again, if a crash has made it forget.
    fn found(&mut self) {
        if let Some(node) = &mut self.servers[0].node {
            node.create_cluster(&[1, 2, 3].map(NodeId::new));
        }
    }

    pub(super) fn server(&mut self, id: NodeId) -> &mut Server {
        &mut self.servers[id.get() as usize - 1]
    }

    /// Gives an input to a node that runs.
    pub(super) fn ask(
        &mut self,
        id: NodeId,
        waits: bool,
        input: impl FnOnce(&mut Node),
    ) -> Verdict {
        self.server(id).node.as_mut().map(input);
        self.follow_input(id, waits)
    }

    pub(super) fn propose(&mut self, id: NodeId, count: u8, waits: bool) -> Verdict {
        for _ in 0..count {
            let command = self.next_command;
            self.next_command += 1;
            let position = self.server(id).propose(command);
            if !position.is_invalid() {
                self.proposed.push(position);
            }
        }
        self.follow_input(id, waits)
    }

    pub(super) fn read(&mut self, id: NodeId, waits: bool) -> Verdict {
        let bound = self.checker.commit_index();
        if let Some(node) = &mut self.server(id).node
            && let Some(token) = node.read_index()
        {
            let known_at_begin = node.commit_index();
            let read = Read {
                token,
                bound,
                known_at_begin,
            };
            self.reads.push((id, read));
        }
        self.follow_input(id, waits)
    }

    pub(super) fn take_snapshot(&mut self, id: NodeId, waits: bool) -> Verdict {
        let before = self.server(id).disk.snapshot.position;
        self.server(id).take_snapshot();
        if self.server(id).disk.snapshot.position != before {
            self.told.push("snapshot");
        }
        self.follow_input(id, waits)
    }

    /// The power fails after up to three effects, or in the middle of an append among them.
    pub(super) fn crash(&mut self, id: NodeId, seed: u8) -> Verdict {
        for _ in 0..seed % 4 {
            if self.server(id).node.is_none() {
                break;
            }
            match self.server(id).next_effect() {
                None => break,
                Some(Effect::Append(entries)) => {
                    self.check_append(id, &entries)?;
                    break;
                }
                Some(effect) => self.follow(id, effect)?,
            }
        }
        if self.server(id).node.is_some() {
            self.server(id).lose_power(&mut Random::new(seed.into()));
            self.reads.retain(|&(reader, _)| reader != id);
            self.checker.note_crash(id);
            self.told.push("crash");
        }
        Ok(())
    }

    pub(super) fn restart(&mut self, id: NodeId) -> Verdict {
        if self.server(id).node.is_some() {
            return Ok(());
        }
        let options = self.options;
        self.server(id).restart();
        self.server(id).set_node_options(options);
        self.found();
        self.follow_input(id, false)
    }

    /// The packet that a byte names.
    fn flying(&self, byte: u8) -> Option<usize> {
        usize::from(byte).checked_rem(self.flying.len())
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.flying.is_empty()
    }

    /// A packet arrives, in whatever order.
    pub(super) fn deliver(&mut self, which: u8, waits: bool) -> Verdict {
        let Some(index) = self.flying(which) else {
            return Ok(());
        };
        let Flying { to, packet, .. } = self.flying.remove(index);
        let server = &mut self.servers[to.get() as usize - 1];
        if let (Some(node), Content::Message(message)) = (&server.node, Server::content(&packet)) {
            self.traffic.note_reply(node, &message);
        }
        if server.node.is_some() {
            Integration::receive(server, packet);
        }
        self.follow_input(to, waits)
    }

    /// A packet will come twice.
    pub(super) fn repeat(&mut self, which: u8) {
        if let Some(index) = self.flying(which) {
            self.launch(self.flying[index].clone());
        }
    }

    pub(super) fn lose(&mut self, which: u8) {
        if let Some(index) = self.flying(which) {
            self.flying.remove(index);
        }
    }

    /// A call is cut to a small datagram.
    pub(super) fn cut(&mut self, which: u8, len: u8) {
        if let Some(index) = self.flying(which) {
            let Flying { from, packet, .. } = &mut self.flying[index];
            let sender = &self.servers[from.get() as usize - 1];
            sender.cut(packet, usize::from(len % 3));
        }
    }

    pub(super) fn launch(&mut self, flying: Flying) {
        if self.flying.len() == Self::MOST_FLYING {
            self.flying.remove(0);
        }
        self.flying.push(flying);
    }
}
