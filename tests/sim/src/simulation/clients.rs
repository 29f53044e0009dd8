//! What clients do: commands and reads.

use alloc::vec::Vec;

use raftbare::{Node, NodeId};

use super::{Event, Simulation};
use crate::checker::Verdict;
use crate::integration::Integration;

impl<I: Integration> Simulation<I> {
    pub(super) fn schedule_next_client(&mut self) {
        if self.options.client_every_us > 0 {
            let delay = self.random.between(1, 2 * self.options.client_every_us);
            self.schedule(delay, Event::Client);
        }
    }

    /// A client proposes commands or begins a read, at a server that believes to lead.
    pub(super) fn act_as_client(&mut self) -> Verdict {
        self.schedule_next_client();
        let awake = self
            .servers
            .iter()
            .zip(&self.machines)
            .filter(|(_, machine)| machine.paused_until <= self.now);
        let leaders: Vec<NodeId> = awake
            .filter_map(|(server, _)| server.node())
            .filter(|node| node.role().is_leader())
            .map(Node::id)
            .collect();
        let Some(&id) = self.random.pick(&leaders) else {
            return Ok(());
        };
        let bound = self.checker.commit_index();
        let is_read = self.random.chance(300);
        let burst = self.random.between(1, self.options.burst);
        let server = &mut self.servers[Self::index_of(id)];
        if is_read {
            let reads = &mut self.machines[Self::index_of(id)].reads;
            if let Some(read) = server.begin_read(bound)
                && reads.len() < 8
            {
                reads.push(read);
            }
        } else {
            for _ in 0..burst {
                let position = server.propose(self.next_command);
                if position.is_invalid() {
                    break;
                }
                self.checker.note_proposed(position, self.next_command);
                self.next_command += 1;
                self.proposed.push(position);
            }
            let too_many = self.proposed.len().saturating_sub(64);
            self.proposed.drain(..too_many);
        }
        self.follow_input(id)
    }
}
