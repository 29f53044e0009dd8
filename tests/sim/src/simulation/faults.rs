//! What goes wrong by itself, and what operators do: crashes, partitions, pauses, snapshots, other members.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use raftbare::{ClusterConfig, Node, NodeId};

use super::{Event, Simulation};
use crate::checker::Verdict;
use crate::integration::Integration;

impl<I: Integration> Simulation<I> {
    pub(super) fn schedule_next_fault(&mut self) {
        if self.options.fault_every_us > 0 {
            let delay = self.random.between(1, 2 * self.options.fault_every_us);
            self.schedule(delay, Event::Fault);
        }
    }

    /// Something goes wrong, or somebody changes the cluster.
    pub(super) fn act_as_fault(&mut self) -> Verdict {
        if self.options.fault_every_us == 0 {
            return Ok(());
        }
        self.schedule_next_fault();
        self.counts.faults += 1;
        let ids = self.ids();
        let Some(&id) = self.random.pick(&ids) else {
            return Ok(());
        };
        // Where nobody hands over, no number is drawn.
        if self.options.transfers > 0 && self.random.chance(self.options.transfers) {
            return self.transfer_leadership();
        }
        match self.random.below(20) {
            0..=3 => self.crash(id),
            4 => ids.iter().for_each(|&id| self.crash(id)),
            5..=7 => self.network.cut_by_chance(&ids, &mut self.random),
            8..=10 => self.network.heal(),
            11 => self.machines[Self::index_of(id)].clock_rate = self.random.between(500, 2_000),
            12 => {
                self.machines[Self::index_of(id)].paused_until =
                    self.now + self.random.below(2_000_000);
            }
            13..=15 if self.options.snapshots => {
                self.counts.snapshots += 1;
                let server = &mut self.servers[Self::index_of(id)];
                if server.node().is_some() {
                    server.take_snapshot();
                }
                return self.follow_input(id);
            }
            16..=18 if self.options.membership => return self.change_membership(),
            _ => {
                // Somebody calls for no reason.
                self.server_mut(id).handle_timeout();
                return self.follow_input(id);
            }
        }
        self.check(id)
    }

    /// A leader is told to hand over to some server, fit for it or not; or to go on to lead.
    fn transfer_leadership(&mut self) -> Verdict {
        let leaders = self.nodes().filter(|node| node.role().is_leader());
        let leaders: Vec<NodeId> = leaders.map(Node::id).collect();
        let Some(&id) = self.random.pick(&leaders) else {
            return Ok(());
        };
        let ids = self.ids();
        let target = self.random.pick(&ids).copied();
        let target = target.filter(|_| self.random.chance(800));
        let is_begun = self.server_mut(id).transfer_leadership(target) && target.is_some();
        self.counts.transfers += u64::from(is_begun);
        self.follow_input(id)
    }

    /// A leader is asked for another configuration.
    fn change_membership(&mut self) -> Verdict {
        let leaders = self.nodes().filter(|node| node.role().is_leader());
        let leaders: Vec<NodeId> = leaders.map(Node::id).collect();
        let Some(&id) = self.random.pick(&leaders) else {
            return Ok(());
        };
        let Some(config) = self.server_mut(id).node().map(|node| node.config().clone()) else {
            return Ok(());
        };
        let next = self.next_config(&config);
        if !self.server_mut(id).propose_config(next).is_invalid() {
            self.counts.config_changes += 1;
        }
        self.follow_input(id)
    }

    fn next_config(&mut self, config: &ClusterConfig) -> ClusterConfig {
        let mut next = config.clone();
        let others = self.options.servers;
        let mut chosen = |likely: u64| -> BTreeSet<NodeId> {
            (1..=others)
                .map(NodeId::new)
                .filter(|_| self.random.chance(likely))
                .collect()
        };
        let (voters, non_voters) = (chosen(600), chosen(300));
        if self.random.chance(700) {
            next.new_voters = voters;
        }
        next.non_voters = non_voters
            .into_iter()
            .filter(|id| !next.voters.contains(id) && !next.new_voters.contains(id))
            .collect();
        next
    }
}
