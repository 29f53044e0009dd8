//! The cluster and its network, in which nothing happens by itself.

use raftbare::{LogIndex, LogPosition, Node, NodeId, NodeOptions};
use raftbare_sim::checker::{Checker, Verdict};
use raftbare_sim::integration::{Content, DiskWork, Effect, Integration, Read};
use raftbare_sim::random::Random;
use raftbare_sim::server::Payload;
use raftbare_sim::traffic::Traffic;

use crate::Tell;

pub(super) type Packet = Box<Payload>;

/// Three found the cluster; the last one waits to be added.
pub(super) const SERVERS: u64 = 4;
/// The one that never leads, where there is one.
const NEVER_LEADS: NodeId = NodeId::new(3);

/// All servers.
pub(super) fn ids() -> impl Iterator<Item = NodeId> {
    (1..=SERVERS).map(NodeId::new)
}

/// The server that a byte names.
pub(super) fn id(byte: u8) -> NodeId {
    NodeId::new(1 + u64::from(byte) % SERVERS)
}

/// A packet on its way.
#[derive(Debug, Clone)]
pub(super) struct Flying {
    pub(super) from: NodeId,
    pub(super) to: NodeId,
    pub(super) packet: Packet,
}

/// Servers of the simulator, packets on their way, and the simulator's checks.
#[derive(Debug)]
pub(super) struct World<S> {
    pub(super) servers: Vec<S>,
    flying: Vec<Flying>,
    pub(super) checker: Checker,
    pub(super) traffic: Traffic,
    pub(super) reads: Vec<(NodeId, Read)>,
    pub(super) proposed: Vec<LogPosition>,
    next_command: u64,
    pub(super) told: Vec<&'static str>,
    /// Where the log of each begins.
    pub(super) snapshots: Vec<LogIndex>,
    /// What each node is told when it starts.
    options: NodeOptions,
    pub(super) never_leads: Option<NodeId>,
}

impl<S: Integration<Packet = Packet>> World<S> {
    /// More packets are not on their way at once: the oldest is lost.
    const MOST_FLYING: usize = 32;

    pub(super) fn new(
        options: NodeOptions,
        one_never_leads: bool,
        server: impl Fn(NodeId, NodeOptions) -> S,
    ) -> Self {
        let mut this = Self {
            servers: ids().map(|id| server(id, options)).collect(),
            flying: Vec::new(),
            checker: Checker::default(),
            traffic: Traffic::default(),
            reads: Vec::new(),
            proposed: Vec::new(),
            next_command: 1,
            told: Vec::new(),
            snapshots: ids().map(|_| LogIndex::ZERO).collect(),
            options,
            never_leads: one_never_leads.then_some(NEVER_LEADS),
        };
        ids().for_each(|id| this.set_options(id));
        this.found();
        this
    }

    pub(super) fn set_options(&mut self, id: NodeId) {
        let mut options = self.options;
        options.never_leads = self.never_leads == Some(id);
        self.server(id).set_node_options(options);
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
        let is_late = self.servers[0]
            .node()
            .is_some_and(|it| it.options().asynchronous_storage);
        let leader = match (is_late, self.options.stable_leadership) {
            (true, Some(_)) => "stable leader, late disks",
            (true, None) => "leader, late disks",
            (false, Some(_)) => "stable leader",
            (false, None) => "leader",
        };
        (0..self.checker.leaders_seen()).for_each(|_| tell(leader));
        (0..self.checker.commit_index().get()).for_each(|_| tell("commit"));
        self.told.iter().for_each(|what| tell(what));
    }

    /// Server 1 founds the cluster; again, if a crash has made it forget.
    fn found(&mut self) {
        self.servers[0].create_cluster(&[1, 2, 3].map(NodeId::new));
    }

    pub(super) fn server(&mut self, id: NodeId) -> &mut S {
        &mut self.servers[id.get() as usize - 1]
    }

    pub(super) fn is_down(&self, id: NodeId) -> bool {
        self.servers[id.get() as usize - 1].node().is_none()
    }

    /// The disks of the servers in these bits get on with their work.
    pub(super) fn let_disks_work(&mut self, bits: u8) -> Verdict {
        for id in ids().filter(|id| bits >> (id.get() - 1) & 1 == 1) {
            if !self.is_down(id) && self.server(id).disk_work() != DiskWork::None {
                self.server(id).finish_disk_work();
                self.told.push("disk");
                self.take(id, usize::MAX)?;
            }
        }
        Ok(())
    }

    pub(super) fn are_disks_done(&mut self) -> bool {
        let mut servers = self.servers.iter_mut();
        servers.all(|it| it.disk_work() == DiskWork::None)
    }

    /// Gives an input to a node that runs.
    pub(super) fn ask(
        &mut self,
        id: NodeId,
        waits: bool,
        input: impl FnOnce(&mut Node),
    ) -> Verdict {
        self.server(id).node_mut().map(input);
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
        if let Some(node) = self.server(id).node_mut()
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
        self.server(id).take_snapshot();
        self.follow_input(id, waits)
    }

    /// An operator lets a leader hand over, or go on to lead.
    pub(super) fn transfer(&mut self, id: NodeId, to: Option<NodeId>) -> Verdict {
        if self.server(id).transfer_leadership(to) {
            self.told.push(match to {
                Some(_) => "transfer",
                None => "transfer aborted",
            });
        }
        self.follow_input(id, false)
    }

    /// The power fails after up to three effects, or in the middle of an append among them.
    pub(super) fn crash(&mut self, id: NodeId, seed: u8) -> Verdict {
        for _ in 0..seed % 4 {
            if self.is_down(id) {
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
        if !self.is_down(id) {
            self.server(id).lose_power(&mut Random::new(seed.into()));
            self.reads.retain(|&(reader, _)| reader != id);
            self.checker.note_crash(id);
            self.told.push("crash");
        }
        Ok(())
    }

    pub(super) fn restart(&mut self, id: NodeId) -> Verdict {
        if !self.is_down(id) {
            return Ok(());
        }
        self.server(id).restart();
        self.set_options(id);
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
        if let (Some(node), Content::Message(message)) = (server.node(), S::content(&packet)) {
            self.traffic.note_reply(node, &message);
        }
        if server.node().is_some() {
            server.receive(packet);
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
