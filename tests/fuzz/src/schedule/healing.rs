//! The end of all trouble: does the cluster come to agree?

use raftbare::{Node, NodeId};
use raftbare_sim::checker::{Verdict, Violation};
use raftbare_sim::integration::Integration;
use raftbare_sim::server::Payload;

use super::world::{self, World};

impl<S: Integration<Packet = Box<Payload>>> World<S> {
    /// How many timers may fire one after the other until all agree.
    const MOST_TIMEOUTS: u8 = 80;
    /// How often a timer fires before the next server's does. Once is not enough: servers that take turns can
    /// outbid each other for ever, which is what random timers are for (§5.2).
    const IN_A_ROW: u8 = 4;
    /// How many packets may follow one timeout.
    const MOST_PACKETS: u32 = 1_000;

    /// Restarts everybody, and lets timers fire and packets arrive in a good order until all members agree.
    pub(super) fn heal(&mut self) -> Verdict {
        self.never_leads = None;
        for id in world::ids() {
            self.restart(id)?;
            self.set_options(id);
            self.take(id, usize::MAX)?;
        }
        for round in 0..Self::MOST_TIMEOUTS {
            self.settle()?;
            if self.agrees() {
                return Ok(());
            }
            let next = world::id(round / Self::IN_A_ROW);
            let id = self.newest_leader().unwrap_or(next);
            self.ask(id, false, Node::handle_election_timeout)?;
        }
        let nodes = self.servers.iter().filter_map(Integration::node);
        let nodes: Vec<_> = nodes.map(ToString::to_string).collect();
        Err(Violation {
            property: "Liveness",
            detail: format!("after {} timeouts: {nodes:#?}", Self::MOST_TIMEOUTS),
        })
    }

    /// Everything on its way arrives, in order, and the disks do all their work.
    fn settle(&mut self) -> Verdict {
        for _ in 0..Self::MOST_PACKETS {
            if !self.is_quiet() {
                self.deliver(0, false)?;
            } else if self.are_disks_done() {
                return Ok(());
            } else {
                self.let_disks_work(u8::MAX)?;
            }
        }
        Err(Violation {
            property: "Liveness",
            detail: "packets follow each other without end".to_owned(),
        })
    }

    fn newest_leader(&self) -> Option<NodeId> {
        let nodes = self.servers.iter().filter_map(Integration::node);
        let leaders = nodes.filter(|node| node.role().is_leader());
        leaders.max_by_key(|node| node.current_term()).map(Node::id)
    }

    /// Whether a leader has committed all of its log, and every member has applied it.
    fn agrees(&self) -> bool {
        let Some(leader) = self.newest_leader() else {
            return false;
        };
        let server = |id: NodeId| self.servers.get(id.get() as usize - 1);
        let Some((state, node)) = server(leader).and_then(|it| Some((it.state(), it.node()?)))
        else {
            return false;
        };
        state.applied == node.log().last_position().index
            && !node.config().is_joint_consensus()
            && node
                .peers()
                .all(|id| server(id).is_some_and(|server| server.state() == state))
    }
}
