//! The end of all trouble: does the cluster come to agree?

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use raftbare::{LogIndex, Node, NodeId};

use super::Simulation;
use crate::checker::{Verdict, Violation};
use crate::integration::Integration;
use crate::options::Options;

impl<I: Integration> Simulation<I> {
    /// Ends all faults: links are mended, servers restarted, nothing is lost any more. Clients go on.
    pub fn heal(&mut self) -> Verdict {
        self.options = Options::calm(self.options.servers, self.options.voters);
        self.network.heal();
        self.schedule_next_client();
        for id in self.ids() {
            let machine = &mut self.machines[Self::index_of(id)];
            machine.clock_rate = 1_000;
            machine.paused_until = self.now;
            self.server_mut(id).calm_down();
            self.restart(id)?;
            self.drain(id, usize::MAX)?;
        }
        Ok(())
    }

    /// As [`heal`](Self::heal), but for one server: it hears the others, and is heard, over one bridge only.
    /// It goes on to call for votes, or to lead; either way new commands have to be committed.
    ///
    /// Says whether there are servers for that: a voter whom no majority needs, and another member.
    pub fn heal_around_one(&mut self) -> Result<bool, Violation> {
        self.heal()?;
        let voters = self.ids();
        let chosen = voters
            .iter()
            .flat_map(|&absent| voters.iter().map(move |&bridge| (absent, bridge)));
        let mut chosen = chosen
            .filter(|&(absent, bridge)| absent != bridge && self.can_do_without(absent, bridge));
        let Some((absent, bridge)) = chosen.next() else {
            return Ok(false);
        };
        for &other in voters.iter().filter(|&&id| id != absent && id != bridge) {
            self.network.cut(absent, other);
            self.network.cut(other, absent);
        }
        Ok(true)
    }

    /// Whether every configuration that is in force somewhere has its majorities without `absent`, and counts
    /// `absent` and `bridge` among its voters.
    fn can_do_without(&self, absent: NodeId, bridge: NodeId) -> bool {
        let mut configs = self.nodes().flat_map(|node| {
            let committed = node.log().get_position_and_config(node.commit_index());
            committed
                .map(|(_, config)| config)
                .into_iter()
                .chain([node.config()])
        });
        let has_majority = |voters: &BTreeSet<NodeId>| {
            let present = voters.iter().filter(|&&id| id != absent).count();
            voters.is_empty() || present > voters.len() / 2
        };
        configs.all(|config| {
            let of_both =
                |voters: &BTreeSet<NodeId>| voters.contains(&absent) && voters.contains(&bridge);
            let is_nobodys = config.unique_nodes().next().is_none();
            is_nobodys
                || has_majority(&config.voters)
                    && has_majority(&config.new_voters)
                    && of_both(&config.voters)
        })
    }

    /// A whole world: so many events of trouble, then [`heal`](Self::heal), and the cluster has to come to
    /// agree within the time that a healed one may take.
    pub fn run_and_heal(&mut self, steps: u64) -> Verdict {
        self.run(steps)?;
        self.heal()?;
        self.run_until_live(Options::LIVE_WITHIN_US)
    }

    /// Runs until a new command is committed. Fails if that takes longer than `limit_us`.
    pub fn run_until_commit(&mut self, limit_us: u64) -> Verdict {
        let goal = self.commit_goal();
        self.run_until(limit_us, |this| this.checker.commit_index() >= goal)
    }

    /// Runs until a new command is committed on a leader and all servers of its configuration have applied
    /// all of its log, after [`heal`](Self::heal). Fails if that takes longer than `limit_us`, and
    /// what it may take to bring everybody what it lacks.
    pub fn run_until_live(&mut self, limit_us: u64) -> Verdict {
        let goal = self.commit_goal();
        let catch_up_us = self.most_lacking().saturating_mul(I::CATCH_UP_US);
        self.run_until(limit_us.saturating_add(catch_up_us), |this| {
            if this.checker.commit_index() >= goal {
                this.options.client_every_us = 0;
            }
            this.options.client_every_us == 0 && this.is_settled()
        })
    }

    /// By how many entries the shortest log is behind the longest.
    fn most_lacking(&self) -> u64 {
        let ends = || {
            self.nodes()
                .map(|node| node.log().last_position().index.get())
        };
        let longest = ends().max().unwrap_or(0);
        longest.saturating_sub(ends().min().unwrap_or(0))
    }

    /// Beyond what could have been committed unnoticed: the `Term` entry of a new leader, and a command.
    fn commit_goal(&self) -> LogIndex {
        self.checker.commit_index() + LogIndex::new(2)
    }

    fn run_until(&mut self, limit_us: u64, mut is_done: impl FnMut(&mut Self) -> bool) -> Verdict {
        let end = self.now + limit_us;
        while self.now < end && !self.events.is_empty() {
            self.step()?;
            if is_done(self) {
                return Ok(());
            }
        }
        let nodes = self
            .servers
            .iter()
            .map(|server| server.node().map(Node::to_string));
        let nodes: Vec<_> = nodes.collect();
        Err(Violation {
            property: "Liveness",
            detail: format!("not there after {limit_us} us: {nodes:#?}"),
        })
    }

    /// Whether one leader's log is committed and applied on all members.
    fn is_settled(&self) -> bool {
        let Some(leader) = self
            .nodes()
            .filter(|node| node.role().is_leader())
            .max_by_key(|node| node.current_term())
        else {
            return false;
        };
        let last = leader.log().last_position();
        let members = self
            .ids()
            .into_iter()
            .filter(|&id| leader.config().contains(id));
        let mut states = members.map(|id| self.servers[Self::index_of(id)].state());
        let Some(first) = states.next() else {
            return false;
        };
        first.applied == last.index
            && states.all(|state| state == first)
            && !leader.config().is_joint_consensus()
    }
}
