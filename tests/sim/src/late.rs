//! A server whose node goes on while its disk is at work (thesis §10.2.1): [`LateServer`].

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;
use core::mem;

use raftbare::{
    LogEntries, LogIndex, LogPosition, Node, NodeId, NodeOptions, ReadStatus, StableLeadership,
    Term,
};

use crate::checker::Violation;
use crate::disk::{Commands, Snapshot};
use crate::integration::{Content, DiskWork, Durable, Effect, Integration, Read};
use crate::options::Options;
use crate::random::{Random, mix};
use crate::server::{Payload, Server};
use crate::simulation::Simulation;
use crate::state::State;

/// A mistake in reporting what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LateFlaw {
    /// A write of the log is reported when it begins.
    LogReportedEarly,
    /// Term and vote are reported when their write begins.
    HardStateReportedEarly,
    /// The newest of the writes that wait is made first.
    WritesOutOfOrder,
}

impl LateFlaw {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::LogReportedEarly,
        Self::HardStateReportedEarly,
        Self::WritesOutOfOrder,
    ];
}

/// What was taken from the actions to be written.
#[derive(Debug, Clone)]
enum Write {
    HardState(Term, Option<NodeId>),
    Append(LogEntries, Commands),
    Snapshot(Snapshot),
}

/// What a disk says when it has written something.
#[derive(Debug, Clone, Copy)]
enum Report {
    HardState(Term, Option<NodeId>),
    Log(LogPosition),
}

/// The simulator's server on a disk that takes its time: what the node asks to be stored waits in a queue, and is
/// reported some time after it was written, alone or together with what was written after it, once or twice.
#[derive(Debug, Clone)]
pub struct LateServer {
    server: Server,
    options: NodeOptions,
    /// The chances of this disk.
    random: Random,
    writes: VecDeque<Write>,
    is_working: bool,
    /// Something was stored that the checker has not seen.
    has_stored: bool,
    /// What is wrong with a write.
    failed: Option<&'static str>,
    /// A write takes up to this long, in microseconds.
    disk_us: u64,
    flaw: Option<LateFlaw>,
}

impl LateServer {
    /// A server that was never started before, with these options beside that of its storage.
    #[must_use]
    pub fn new(id: NodeId, seed: u64, mut options: NodeOptions, flaw: Option<LateFlaw>) -> Self {
        options.asynchronous_storage = true;
        let mut random = Random::new(mix(seed ^ mix(id.get())));
        let disk_us = random.between(100, 60_000);
        let mut this = Self {
            server: Server::new(id, None),
            options,
            random,
            writes: VecDeque::new(),
            is_working: false,
            has_stored: false,
            failed: None,
            disk_us,
            flaw,
        };
        this.set_node_options(options);
        this
    }

    /// Puts a piece of work aside that is to be written.
    fn begin_write(&mut self, write: Write) {
        self.writes.push_back(write);
        let (Some(node), Some(flaw)) = (&mut self.server.node, self.flaw) else {
            return;
        };
        match (flaw, self.writes.back()) {
            (LateFlaw::LogReportedEarly, Some(Write::Append(entries, _))) => {
                node.handle_log_persisted(entries.last_position());
            }
            (LateFlaw::HardStateReportedEarly, Some(&Write::HardState(term, vote))) => {
                node.handle_hard_state_persisted(term, vote);
            }
            _ => {}
        }
    }

    /// Writes, and says what there is to report. A snapshot is taken over by the node at once, so that none is on the
    /// disk that the node does not know of.
    fn write(&mut self, write: Write) -> Result<Option<Report>, &'static str> {
        self.has_stored = true;
        let disk = &mut self.server.disk;
        match write {
            Write::HardState(term, vote) => {
                (disk.current_term, disk.voted_for) = (term, vote);
                Ok(Some(Report::HardState(term, vote)))
            }
            Write::Append(entries, commands) => {
                let end = entries.last_position();
                // Behind a snapshot that has come meanwhile: only what goes on from it.
                let rest = match entries.prev_position().index < disk.snapshot.position.index {
                    true => entries.since(disk.snapshot.position),
                    false => Some(entries),
                };
                if let Some(rest) = rest {
                    disk.append(&rest, &commands, usize::MAX)?;
                }
                Ok(Some(Report::Log(end)))
            }
            Write::Snapshot(snapshot) => {
                let position = snapshot.position;
                self.server.receive_snapshot(snapshot);
                match self.server.disk.snapshot.position == position {
                    true => Ok(None),
                    false => Err("the node refuses a snapshot that it has wanted"),
                }
            }
        }
    }

    fn report(&mut self, report: Report) {
        let Some(node) = &mut self.server.node else {
            return;
        };
        match report {
            Report::HardState(term, vote) => node.handle_hard_state_persisted(term, vote),
            Report::Log(position) => node.handle_log_persisted(position),
        }
    }

    /// The disk has written the first of what waits, or more of it at once.
    fn finish_writes(&mut self) -> Result<(), &'static str> {
        let count = match self.random.chance(600) {
            true => 1,
            false => self.random.between(1, self.writes.len().max(1) as u64),
        };
        let mut last = (None, None);
        for _ in 0..count {
            let write = match self.flaw {
                Some(LateFlaw::WritesOutOfOrder) => self.writes.pop_back(),
                _ => self.writes.pop_front(),
            };
            let Some(write) = write else { break };
            match self.write(write)? {
                // Before a snapshot all is reported: the node sees them in the order of the disk.
                None => self.tell(mem::take(&mut last)),
                Some(report @ Report::HardState(..)) => last.0 = Some(report),
                Some(report @ Report::Log(_)) => {
                    last.1 = Some(report);
                    if self.random.chance(500) {
                        self.report(report);
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
                self.report(report);
            }
        }
    }

    /// Whether the node would take over this snapshot, and nothing newer is on its way to the disk.
    fn wants(&self, snapshot: &Snapshot) -> bool {
        let is_newest = |write: &Write| match write {
            Write::Snapshot(other) => other.position.index < snapshot.position.index,
            _ => true,
        };
        let (position, config) = (snapshot.position, snapshot.config.clone());
        let node = self.server.node.clone();
        position.index > self.server.disk.snapshot.position.index
            && self.writes.iter().all(is_newest)
            && node.is_some_and(|mut node| node.handle_snapshot_installed(position, config))
    }

    fn take_over(&mut self, snapshot: Snapshot) {
        if self.wants(&snapshot) {
            self.begin_write(Write::Snapshot(snapshot));
        }
    }
}

/// A world of such servers; those of every other seed have stable leadership.
#[must_use]
pub fn world(seed: u64, options: Options, flaw: Option<LateFlaw>) -> Simulation<LateServer> {
    let mut node_options = NodeOptions::default();
    if seed.is_multiple_of(2) {
        node_options.stable_leadership = Some(StableLeadership::default());
    }
    Simulation::with_integration(seed, options, |id| {
        LateServer::new(id, seed, node_options, flaw)
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
        self.options = options;
        self.options.asynchronous_storage = true;
        if let Some(node) = &mut self.server.node {
            node.set_options(self.options);
        }
    }

    fn receive(&mut self, packet: Box<Payload>) {
        match *packet {
            Payload::Raft(message, commands) => self.server.receive(message, &commands),
            Payload::Snapshot(snapshot) => self.take_over(snapshot),
        }
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
        let node = self.server.node.as_mut()?;
        let hard_state = (node.current_term(), node.voted_for());
        // What is to be stored goes to the queue; all else is executed as ever.
        let actions = node.actions_mut();
        if actions.save_current_term || actions.save_voted_for {
            (actions.save_current_term, actions.save_voted_for) = (false, false);
            self.begin_write(Write::HardState(hard_state.0, hard_state.1));
            return Some(Effect::Done);
        }
        let is_append = actions.broadcast_message.is_none() && !actions.set_election_timeout;
        if let Some(entries) = actions.append_log_entries.take_if(|_| is_append) {
            let commands = self.server.commands.clone();
            self.begin_write(Write::Append(entries.clone(), commands));
            return Some(Effect::Append(entries));
        }
        self.server.next_effect()
    }

    fn disk_work(&mut self) -> DiskWork {
        if self.writes.is_empty() {
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
        let durable = self.node().map_or(LogIndex::ZERO, Node::durable_index);
        match self.server.state.applied < durable {
            true => self.server.apply_next(),
            false => Ok(false),
        }
    }

    fn lose_power(&mut self, random: &mut Random) {
        for _ in 0..random.below(self.writes.len() as u64 + 1) {
            match self.writes.pop_front() {
                Some(Write::Append(entries, commands)) => {
                    let keep = random.below(entries.len() as u64 + 1) as usize;
                    let is_torn = random.chance(300);
                    let disk = &mut self.server.disk;
                    if entries.prev_position().index < disk.snapshot.position.index {
                        break;
                    }
                    let keep = if is_torn { keep } else { usize::MAX };
                    let _ = disk.append(&entries, &commands, keep);
                    if is_torn {
                        break;
                    }
                }
                Some(Write::HardState(term, vote)) => {
                    let disk = &mut self.server.disk;
                    (disk.current_term, disk.voted_for) = (term, vote);
                }
                Some(Write::Snapshot(_)) | None => break,
            }
        }
        self.writes.clear();
        self.is_working = false;
        self.has_stored = false;
        self.server.crash();
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
        let Some(node) = &self.server.node else {
            return;
        };
        let state = self.server.state;
        let found = node.log().get_position_and_config(state.applied);
        if let Some((position, config)) = found.map(|(position, config)| (position, config.clone()))
        {
            self.take_over(Snapshot {
                position,
                config,
                state,
            });
        }
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
