//! What clients do: commands and reads.

use alloc::vec::Vec;

use raftbare::NodeId;

use super::{Event, Simulation};
use crate::checker::Verdict;
use crate::server::Read;

impl Simulation {
    pub(super) fn schedule_next_client(&mut self) {
        if self.options.client_every_us > 0 {
            let delay = self.random.between(1, 2 * self.options.client_every_us);
            self.schedule(delay, Event::Client);
        }
    }

    /// A client proposes commands or begins a read, at a server that believes to lead.
    pub(super) fn act_as_client(&mut self) -> Verdict {
        self.schedule_next_client();
        let leaders: Vec<NodeId> = self
            .servers
            .iter()
            .filter(|server| server.paused_until <= self.now)
            .filter(|server| {
                server
                    .node
                    .as_ref()
                    .is_some_and(|node| node.role().is_leader())
            })
            .map(|server| server.id)
            .collect();
        let Some(&id) = self.random.pick(&leaders) else {
            return Ok(());
        };
        let bound = self.checker.commit_index();
        let is_read = self.random.chance(300);
        let burst = self.random.between(1, self.options.burst);
        let server = &mut self.servers[Self::index_of(id)];
        let Some(node) = &mut server.node else {
            return Ok(());
        };
        if is_read {
            if let Some(token) = node.read_index()
                && server.reads.len() < 8
            {
                let known_at_begin = node.commit_index();
                server.reads.push(Read {
                    token,
                    bound,
                    known_at_begin,
                });
            }
        } else {
            for _ in 0..burst {
                let position = node.propose_command();
                if position.is_invalid() {
                    break;
                }
                server.commands.insert(position, self.next_command);
                self.next_command += 1;
                self.proposed.push(position);
            }
            let too_many = self.proposed.len().saturating_sub(64);
            self.proposed.drain(..too_many);
        }
        self.follow_input(id)
    }
}
