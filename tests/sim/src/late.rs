//! A server whose node goes on while its disk is at work (thesis §10.2.1): [`LateServer`].

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use core::mem;

use raftbare::{LogIndex, LogPosition, Node, NodeId, NodeOptions, ReadStatus, StableLeadership};

use crate::checker::Violation;
use crate::integration::{Content, DiskWork, Durable, Effect, Integration, Read};
use crate::options::Options;
use crate::random::{Random, mix};
pub use crate::server::LateFlaw;
use crate::server::{Payload, Server};
use crate::simulation::Simulation;
use crate::state::State;
use crate::write::Report;

/// The simulator's server on a disk that takes its time: what the node asks to be stored waits in a queue, and is
/// reported some time after it was written, alone or together with what was written after it, once or twice.
#[derive(Debug, Clone)]
pub struct LateServer {
    server: Server,
    options: NodeOptions,
    /// The chances of this disk.
    random: Random,
    is_working: bool,
    /// Something was stored that the checker has not seen.
    has_stored: bool,
    /// What is wrong with a write.
    failed: Option<&'static str>,
    /// A write takes up to this long, in microseconds.
    disk_us: u64,
}

impl LateServer {
    /// A server that was never started before, with these options: without that of its storage its disk is at once.
    #[must_use]
    pub fn new(id: NodeId, seed: u64, options: NodeOptions, flaw: Option<LateFlaw>) -> Self {
        let mut random = Random::new(mix(seed ^ mix(id.get())));
        let disk_us = random.between(100, 60_000);
        let mut this = Self {
            server: Server::new(id, None).with_late_flaw(flaw),
            options,
            random,
            is_working: false,
            has_stored: false,
            failed: None,
            disk_us,
        };
        this.set_node_options(options);
        this
    }

    /// The server, with what is on the disk, and what is on its way there.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The disk has written the first of what waits, or more of it at once.
    fn finish_writes(&mut self) -> Result<(), &'static str> {
        if self.random.chance(100) {
            // Once more what was reported last, while something newer is under way.
            let newest: Vec<_> = self.server.newest_reports().collect();
            newest.into_iter().for_each(|it| self.server.report(it));
        }
        let waiting = self.server.waiting_writes().len() as u64;
        let count = match self.random.chance(600) {
            true => 1,
            false => self.random.between(1, waiting.max(1)),
        };
        let mut last = (None, None);
        for _ in 0..count {
            let Some(write) = self.server.write_next()? else {
                break;
            };
            self.has_stored = true;
            match write.report() {
                // Before a snapshot all is reported: the node sees them in the order of the disk.
                None => self.tell(mem::take(&mut last)),
                Some(report @ Report::HardState(..)) => last.0 = Some(report),
                Some(report @ Report::Log(_)) => {
                    last.1 = Some(report);
                    if self.random.chance(500) {
                        self.server.report(report);
                    }
                }
            }
        }
        self.tell(last);
        Ok(())
    }

    /// Reports the last of each kind, which stands for all before; in any order, once or twice.
    fn tell(&mut self, (hard_state, log): (Option<Report>, Option<Report>)) {
        let mut reports = [hard_state, log];
        if self.random.chance(500) {
            reports.reverse();
        }
        for report in reports.into_iter().flatten() {
            for _ in 0..=u64::from(self.random.chance(100)) {
                self.server.report(report);
            }
        }
    }
}

/// A world of such servers; those of every other seed have stable leadership.
#[must_use]
pub fn world(seed: u64, options: Options, flaw: Option<LateFlaw>) -> Simulation<LateServer> {
    let mut node_options = NodeOptions::default();
    node_options.asynchronous_storage = true;
    if seed.is_multiple_of(2) {
        node_options.stable_leadership = Some(StableLeadership::default());
    }
    Simulation::with_integration(seed, options, |id| {
        LateServer::new(id, seed, node_options, flaw)
    })
}

/// A world in which each server has options of its own, drawn by chance, and leaders are told to hand over.
#[must_use]
pub fn mixed_world(seed: u64) -> Simulation<LateServer> {
    let mut random = Random::new(!seed);
    let (options, _) = Options::rough_with_nodes(&mut random);
    Simulation::with_integration(seed, options, |id| {
        let (_, mut options) = Options::rough_with_nodes(&mut random);
        options.asynchronous_storage = random.chance(500);
        LateServer::new(id, seed, options, None)
    })
}

impl Integration for LateServer {
    type Packet = Box<Payload>;

    fn node(&self) -> Option<&Node> {
        self.server.node.as_ref()
    }

    fn node_mut(&mut self) -> Option<&mut Node> {
        self.server.node.as_mut()
    }

    fn set_node_options(&mut self, options: NodeOptions) {
        // Which disk it has is not for others to say.
        let asynchronous_storage = self.options.asynchronous_storage;
        self.options = options;
        self.options.asynchronous_storage = asynchronous_storage;
        if let Some(node) = &mut self.server.node {
            node.set_options(self.options);
        }
    }

    fn receive(&mut self, packet: Box<Payload>) {
        Integration::receive(&mut self.server, packet);
    }

    fn propose(&mut self, command: u64) -> LogPosition {
        self.server.propose(command)
    }

    fn next_effect(&mut self) -> Option<Effect<Box<Payload>>> {
        if let Some(what) = self.failed {
            return Some(Effect::Failed(Violation {
                property: "What is written fits",
                detail: format!("{}: {what}", self.server.id),
            }));
        }
        if mem::take(&mut self.has_stored) {
            return Some(Effect::Stored);
        }
        self.server.next_effect()
    }

    fn disk_work(&mut self) -> DiskWork {
        if self.server.waiting_writes().len() == 0 {
            return DiskWork::None;
        }
        match mem::replace(&mut self.is_working, true) {
            true => DiskWork::GoesOn,
            false => DiskWork::Begins(self.random.between(1, self.disk_us)),
        }
    }

    fn finish_disk_work(&mut self) {
        self.is_working = false;
        self.failed = self.finish_writes().err();
    }

    fn apply_next(&mut self) -> Result<bool, &'static str> {
        self.server.apply_next()
    }

    fn lose_power(&mut self, random: &mut Random) {
        if !self.options.asynchronous_storage {
            return Integration::lose_power(&mut self.server, random);
        }
        let waiting = self.server.waiting_writes().len() as u64;
        let count = random.below(waiting + 1) as usize;
        let within = random.chance(300).then(|| random.below(8) as usize);
        self.server.crash_within_writes(count, within);
        self.is_working = false;
        self.has_stored = false;
    }

    fn restart(&mut self) {
        self.server.restart();
        self.set_node_options(self.options);
    }

    fn durable(&self) -> Durable<'_> {
        self.server.disk.durable()
    }

    fn command(&self, position: LogPosition) -> Option<u64> {
        self.server.commands.get(position)
    }

    fn state(&self) -> State {
        self.server.state
    }

    fn content(packet: &Box<Payload>) -> Content<'_> {
        Server::content(packet)
    }

    fn take_snapshot(&mut self) {
        self.server.take_snapshot();
    }

    fn cut(&self, packet: &mut Box<Payload>, len: usize) {
        self.server.cut(packet, len);
    }

    fn commit_index(&self) -> LogIndex {
        self.server.commit_index()
    }

    fn read_status(&self, read: &Read) -> ReadStatus {
        self.server.read_status(read)
    }
}
