//! What a server does to the world: where its effects are followed, and its packets travel.

use alloc::vec::Vec;

use raftbare::{Message, Node, NodeId, Role};

use super::{Event, Simulation};
use crate::checker::{Checker, Verdict};
use crate::integration::{Content, DiskWork, Effect, Integration};
use crate::options::Options;

impl<I: Integration> Simulation<I> {
    /// After every input: checks, and takes the actions, all or some.
    pub(super) fn follow_input(&mut self, id: NodeId) -> Verdict {
        self.check(id)?;
        if self.random.chance(self.options.partial_drain) {
            let some = self.random.below(5) as usize;
            let delay = self.random.below(20_000);
            self.schedule(delay, Event::Drain { server: id });
            self.drain(id, some)
        } else {
            self.drain(id, usize::MAX)
        }
    }

    /// Follows up to `limit` effects in their order.
    pub(super) fn drain(&mut self, id: NodeId, limit: usize) -> Verdict {
        for _ in 0..limit {
            if self.random.chance(self.options.crash_in_drain) {
                self.crash(id);
                return self.check(id);
            }
            let Some(effect) = self.next_effect(id) else {
                self.rest(id)?;
                break;
            };
            self.follow(id, effect)?;
        }
        self.check(id)
    }

    /// Nothing is left to do: all is stored, or the disk is at work, or it has failed.
    fn rest(&mut self, id: NodeId) -> Verdict {
        if self.server_mut(id).has_ended() {
            self.crash(id);
            return Ok(());
        }
        match self.server_mut(id).disk_work() {
            DiskWork::None => Checker::check_drained(self.server_mut(id)),
            DiskWork::Begins(time_us) => {
                let crashes = self.machines[Self::index_of(id)].crashes;
                let event = Event::DiskDone {
                    server: id,
                    crashes,
                };
                self.schedule(time_us, event);
                Ok(())
            }
            DiskWork::GoesOn => Ok(()),
        }
    }

    fn next_effect(&mut self, id: NodeId) -> Option<Effect<I::Packet>> {
        let server = &mut self.servers[Self::index_of(id)];
        server.node()?;
        server.next_effect()
    }

    /// Follows one effect. (The actions behind it are executed in one place only: by the integration.)
    fn follow(&mut self, id: NodeId, effect: Effect<I::Packet>) -> Verdict {
        let server = &self.servers[Self::index_of(id)];
        match effect {
            Effect::SetTimer => {
                self.set_timer(id);
                Ok(())
            }
            Effect::Append(entries) => {
                self.checker
                    .check_stored(&entries, |position| server.command(position))?;
                if self.random.chance(self.options.crash_in_drain) {
                    self.crash(id);
                    return Ok(());
                }
                self.next_effect(id)
                    .map_or(Ok(()), |effect| self.follow(id, effect))
            }
            Effect::Stored => self.checker.check_disk(id, &server.durable()),
            Effect::Done => Ok(()),
            Effect::Send(to, packet) => self.send(id, to, packet),
            Effect::Broadcast(packet) => self.broadcast(id, packet),
            Effect::Failed(violation) => Err(violation),
        }
    }

    fn set_timer(&mut self, id: NodeId) {
        let role = self.server_mut(id).node().map(Node::role);
        let machine = &mut self.machines[Self::index_of(id)];
        machine.timer += 1;
        let (timer, rate) = (machine.timer, machine.clock_rate);
        let shortest = Options::ELECTION_TIMEOUT_US;
        let timeout = match role {
            Some(Role::Leader) => Options::HEARTBEAT_US,
            Some(Role::Candidate) => self.random.between(shortest / 2, shortest),
            Some(Role::Follower) | None => self.random.between(shortest, 2 * shortest),
        };
        self.schedule(timeout * 1_000 / rate, Event::Timeout { server: id, timer });
    }

    fn broadcast(&mut self, from: NodeId, packet: I::Packet) -> Verdict {
        let node = self.servers[Self::index_of(from)].node();
        let mut peers: Vec<NodeId> = node.into_iter().flat_map(Node::peers).collect();
        let Some(last) = peers.pop() else {
            return Ok(());
        };
        for to in peers {
            self.send(from, to, packet.clone())?;
        }
        self.send(from, last, packet)
    }

    /// Checks a packet that leaves, and gives it to the network.
    fn send(&mut self, from: NodeId, to: NodeId, mut packet: I::Packet) -> Verdict {
        let server = &self.servers[Self::index_of(from)];
        let mut is_call = false;
        if let Content::Message(message) = I::content(&packet) {
            self.checker
                .check_sent(from, to, &server.durable(), &message)?;
            self.traffic.check_call(to, &message)?;
            for (position, command) in I::commands(&packet) {
                self.checker.check_carried(from, position, command)?;
            }
            is_call = matches!(*message, Message::AppendEntriesCall { .. });
        }
        if is_call && self.random.chance(self.options.truncation) {
            server.cut(&mut packet, self.random.below(3) as usize);
        }
        self.transmit(from, to, packet);
        Ok(())
    }

    /// Lets the network have its way with a packet.
    fn transmit(&mut self, from: NodeId, to: NodeId, packet: I::Packet) {
        self.counts.messages += 1;
        let is_known = (1..=self.options.servers).contains(&to.get());
        if !is_known || !self.network.connects(from, to) || self.random.chance(self.options.loss) {
            return;
        }
        if self.random.chance(self.options.duplication) {
            let delay = self.delay();
            let packet = packet.clone();
            self.schedule(delay, Event::Arrival { to, packet });
        }
        let delay = self.delay();
        self.schedule(delay, Event::Arrival { to, packet });
    }

    fn delay(&mut self) -> u64 {
        let delay = self
            .random
            .between(self.options.delay_us / 4, self.options.delay_us);
        match self.random.chance(self.options.straggling) {
            true => delay * self.random.between(1, 100),
            false => delay,
        }
    }
}
