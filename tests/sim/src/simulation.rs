//! The simulated world: events in the order of their time, every input, every action, every fault.

use alloc::collections::BinaryHeap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;

use raftbare::{LogPosition, Node, NodeId, NodeOptions, ReadStatus, TransferOutcome};

use crate::checker::{Checker, Verdict, Violation};
use crate::flaw::Flaw;
use crate::integration::{Answer, Content, Integration, Read};
use crate::network::Network;
use crate::options::Options;
use crate::random::Random;
use crate::server::Server;
use crate::traffic::Traffic;

mod clients;
mod control;
mod effects;
mod event;
mod faults;
mod healing;

pub use control::Pending;
use event::{Event, Scheduled};

/// What has happened so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Events, each checked.
    pub steps: u64,
    /// Messages and snapshots that were sent.
    pub messages: u64,
    /// Crashes of servers.
    pub crashes: u64,
    /// Faults of all kinds.
    pub faults: u64,
    /// Elections won.
    pub elections: u64,
    /// Snapshots taken or received.
    pub snapshots: u64,
    /// Changes of the configuration that were proposed.
    pub config_changes: u64,
    /// Reads that were answered.
    pub reads: u64,
    /// Transfers of leadership that were begun.
    pub transfers: u64,
    /// Transfers that were told to be done.
    pub handovers: u64,
}

/// What the world does to one server, and clients want of it.
#[derive(Debug, Clone)]
struct Machine {
    /// Counts the timers that were set: a timer of an older count has been replaced.
    timer: u64,
    /// Counts the failures of its power.
    crashes: u64,
    /// How many microseconds of its clock pass in a thousand real ones.
    clock_rate: u64,
    /// Until when it does nothing, as under SIGSTOP.
    paused_until: u64,
    /// Reads under way.
    reads: Vec<Read>,
}

impl Machine {
    const NEW: Self = Self {
        timer: 0,
        crashes: 0,
        clock_rate: 1_000,
        paused_until: 0,
        reads: Vec::new(),
    };
}

/// A world of servers that runs by itself, the same for the same seed and options.
///
/// The servers are the simulator's own, or whatever else is an [`Integration`].
#[derive(Debug, Clone)]
pub struct Simulation<I: Integration = Server> {
    options: Options,
    random: Random,
    now: u64,
    next_number: u64,
    events: BinaryHeap<Reverse<Scheduled<I::Packet>>>,
    servers: Vec<I>,
    machines: Vec<Machine>,
    network: Network,
    checker: Checker,
    traffic: Traffic,
    counts: Counts,
    next_command: u64,
    /// Proposals whose fate is still asked for.
    proposed: Vec<LogPosition>,
    /// What the nodes are given after each start.
    node_options: Option<NodeOptions>,
}

impl Simulation {
    /// Makes a world in which server 1 founds a cluster of the first `options.voters` servers.
    #[must_use]
    pub fn new(seed: u64, options: Options) -> Self {
        Self::with_flaw(seed, options, None)
    }

    /// As [`new`](Self::new), with the same mistake made on all servers.
    #[must_use]
    pub fn with_flaw(seed: u64, options: Options, flaw: Option<Flaw>) -> Self {
        Self::with_integration(seed, options, |id| Server::new(id, flaw))
    }

    /// A rough world of this seed.
    #[must_use]
    pub fn rough(seed: u64) -> Self {
        Self::rough_with_integration(seed, |id| Server::new(id, None))
    }
}

impl<I: Integration> Simulation<I> {
    /// As [`new`](Simulation::new), with what `start` makes as servers: nodes that were never started before.
    #[must_use]
    pub fn with_integration(seed: u64, options: Options, start: impl FnMut(NodeId) -> I) -> Self {
        let ids: Vec<NodeId> = (1..=options.servers).map(NodeId::new).collect();
        let mut this = Self {
            random: Random::new(seed),
            now: 0,
            next_number: 0,
            events: BinaryHeap::new(),
            servers: ids.iter().copied().map(start).collect(),
            machines: ids.iter().map(|_| Machine::NEW).collect(),
            network: Network::default(),
            checker: Checker::default(),
            traffic: Traffic::default(),
            counts: Counts::default(),
            next_command: 1,
            proposed: Vec::new(),
            options,
            node_options: None,
        };
        this.found_cluster();
        this.schedule(0, Event::Drain { server: ids[0] });
        this.schedule_next_client();
        this.schedule_next_fault();
        this
    }

    /// A rough world of this seed, with what `start` makes as servers.
    #[must_use]
    pub fn rough_with_integration(seed: u64, start: impl FnMut(NodeId) -> I) -> Self {
        let options = Options::rough(&mut Random::new(!seed));
        Self::with_integration(seed, options, start)
    }

    /// Gives these options to the nodes, those of now and those of all restarts to come.
    pub fn set_node_options(&mut self, options: NodeOptions) {
        self.node_options = Some(options);
        for server in &mut self.servers {
            server.set_node_options(options);
        }
    }

    /// The simulated time, in microseconds.
    #[must_use]
    pub fn now_us(&self) -> u64 {
        self.now
    }

    /// What has happened so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The options of this world.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The servers, in the order of their identifiers.
    #[must_use]
    pub fn servers(&self) -> &[I] {
        &self.servers
    }

    /// The next event in words, with its time.
    #[must_use]
    pub fn next_event(&self) -> Option<String> {
        let Reverse(next) = self.events.peek()?;
        Some(format!(
            "{:>12} us  {}",
            next.at,
            next.event.describe::<I>()
        ))
    }

    /// Runs so many events.
    pub fn run(&mut self, steps: u64) -> Verdict {
        (0..steps).try_for_each(|_| self.step())
    }

    /// Runs the next event, and checks.
    pub fn step(&mut self) -> Verdict {
        let Some(Reverse(Scheduled { at, event, .. })) = self.events.pop() else {
            return Ok(());
        };
        self.now = at;
        self.counts.steps += 1;
        match event {
            Event::Arrival { to, packet } => self.arrive(to, packet),
            Event::Timeout { server, timer } => self.time_out(server, timer),
            Event::Drain { server } => match self.postpone(server, Event::Drain { server }) {
                true => Ok(()),
                false => self.drain(server, usize::MAX),
            },
            Event::DiskDone { server, crashes } => self.finish_disk_work(server, crashes),
            Event::Restart { server } => self.restart(server),
            Event::Client => self.act_as_client(),
            Event::Fault => self.act_as_fault(),
        }
    }

    /// Server 1 founds the cluster; again, if a crash has made it forget.
    fn found_cluster(&mut self) {
        let voters: Vec<NodeId> = (1..=self.options.voters).map(NodeId::new).collect();
        self.servers[0].create_cluster(&voters);
    }

    fn schedule(&mut self, delay_us: u64, event: Event<I::Packet>) {
        let number = self.next_number;
        self.next_number += 1;
        self.events.push(Reverse(Scheduled {
            at: self.now + delay_us,
            number,
            event,
        }));
    }

    fn index_of(id: NodeId) -> usize {
        id.get() as usize - 1
    }

    fn ids(&self) -> Vec<NodeId> {
        (1..=self.options.servers).map(NodeId::new).collect()
    }

    /// The running nodes, in the order of their identifiers.
    fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.servers.iter().filter_map(Integration::node)
    }

    fn server_mut(&mut self, id: NodeId) -> &mut I {
        &mut self.servers[Self::index_of(id)]
    }

    /// Puts off an event of a server that is paused.
    fn postpone(&mut self, id: NodeId, event: Event<I::Packet>) -> bool {
        let until = self.machines[Self::index_of(id)].paused_until;
        let is_paused = until > self.now;
        if is_paused {
            self.schedule(until - self.now, event);
        }
        is_paused
    }

    fn arrive(&mut self, to: NodeId, packet: I::Packet) -> Verdict {
        if self.machines[Self::index_of(to)].paused_until > self.now {
            self.postpone(to, Event::Arrival { to, packet });
            return Ok(());
        }
        let server = &mut self.servers[Self::index_of(to)];
        match (I::content(&packet), server.node()) {
            (Content::Message(message), Some(node)) => self.traffic.note_reply(node, &message),
            (Content::Message(_), None) | (Content::Part(_), _) => {}
            (Content::Snapshot(_), _) => self.counts.snapshots += 1,
        }
        if server.node().is_some() {
            server.receive(packet);
        }
        self.follow_input(to)
    }

    fn time_out(&mut self, id: NodeId, timer: u64) -> Verdict {
        if self.machines[Self::index_of(id)].timer != timer
            || self.postpone(id, Event::Timeout { server: id, timer })
        {
            return Ok(());
        }
        self.server_mut(id).handle_timeout();
        self.follow_input(id)
    }

    /// A disk has done its work, if the power has not failed meanwhile.
    fn finish_disk_work(&mut self, id: NodeId, crashes: u64) -> Verdict {
        let event = Event::DiskDone {
            server: id,
            crashes,
        };
        if self.machines[Self::index_of(id)].crashes != crashes || self.postpone(id, event) {
            return Ok(());
        }
        self.server_mut(id).finish_disk_work();
        self.drain(id, usize::MAX)
    }

    fn crash(&mut self, id: NodeId) {
        let server = &mut self.servers[Self::index_of(id)];
        if server.node().is_none() {
            return;
        }
        server.lose_power(&mut self.random);
        assert!(server.node().is_none(), "{id}: no power, and still a node");
        let machine = &mut self.machines[Self::index_of(id)];
        machine.timer += 1;
        machine.crashes += 1;
        machine.reads.clear();
        self.checker.note_crash(id);
        self.counts.crashes += 1;
        let delay = self.random.between(1_000, 1_500_000);
        self.schedule(delay, Event::Restart { server: id });
    }

    fn restart(&mut self, id: NodeId) -> Verdict {
        if self.servers[Self::index_of(id)].node().is_some() {
            return Ok(());
        }
        let server = &mut self.servers[Self::index_of(id)];
        server.restart();
        assert!(server.node().is_some(), "{id}: restarted, and no node");
        if let Some(options) = self.node_options {
            server.set_node_options(options);
        }
        self.found_cluster();
        self.follow_input(id)
    }

    /// Applies what is committed on one server, and checks it.
    fn check(&mut self, id: NodeId) -> Verdict {
        let server = &mut self.servers[Self::index_of(id)];
        let led = self.checker.leaders_seen();
        self.checker.check_server(server)?;
        self.counts.elections += self.checker.leaders_seen() - led;
        if server.node().is_none() {
            return Ok(());
        }
        let wrong = |what| Violation {
            property: "Committed entries can be applied",
            detail: format!("{id}: {what}"),
        };
        while server.apply_next().map_err(wrong)? {
            self.checker.check_applied(id, server.state())?;
        }
        while let Some(event) = server.next_event() {
            self.checker.check_event(id, event)?;
            self.counts.handovers += u64::from(matches!(
                event,
                raftbare::Event::TransferEnded(_, TransferOutcome::Done)
            ));
        }
        while let Some(answer) = server.next_answer() {
            self.checker.check_answer(id, answer)?;
            self.counts.reads += u64::from(matches!(answer, Answer::Read { .. }));
        }
        let machine = &mut self.machines[Self::index_of(id)];
        for read in core::mem::take(&mut machine.reads) {
            let status = server.read_status(&read);
            Checker::check_read(id, read.bound, status)?;
            match status {
                ReadStatus::Pending => machine.reads.push(read),
                ReadStatus::Ready(_) => self.counts.reads += 1,
                ReadStatus::Lost => {}
            }
        }
        if let Some(&position) = self.random.pick(&self.proposed)
            && let Some(status) = server.commit_status(position)
        {
            self.checker.check_status(position, status)?;
        }
        Ok(())
    }
}
