//! The simulated world: events in the order of their time, every input, every action, every fault.

use alloc::boxed::Box;
use alloc::collections::BinaryHeap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::fmt;

use raftbare::{Action, LogEntry, LogPosition, Message, Node, NodeId, ReadStatus, Role};

use crate::checker::{Checker, Verdict, Violation};
use crate::flaw::Flaw;
use crate::network::Network;
use crate::options::Options;
use crate::random::Random;
use crate::server::{Payload, Server};
use crate::traffic::Traffic;

mod clients;
mod faults;
mod healing;

/// Something that will happen.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    /// A message or snapshot arrives.
    Arrival { to: NodeId, payload: Box<Payload> },
    /// The timer of this count fires.
    Timeout { server: NodeId, timer: u64 },
    /// The caller gets round to the rest of the actions.
    Drain { server: NodeId },
    /// A crashed server comes back.
    Restart { server: NodeId },
    /// A client does something.
    Client,
    /// Something goes wrong.
    Fault,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arrival { to, payload } => match &**payload {
                Payload::Raft(message, _) => write!(f, "{to} receives {message}"),
                Payload::Snapshot(snapshot) => {
                    write!(f, "{to} receives the snapshot at {}", snapshot.position)
                }
            },
            Self::Timeout { server, .. } => write!(f, "{server}: a timer fires"),
            Self::Drain { server } => write!(f, "{server} gets round to its actions"),
            Self::Restart { server } => write!(f, "{server} restarts"),
            Self::Client => write!(f, "a client"),
            Self::Fault => write!(f, "a fault"),
        }
    }
}

/// An event with its time (microseconds) and a number that makes the order total.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Scheduled {
    at: u64,
    number: u64,
    event: Event,
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

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
}

/// A world of servers that runs by itself, the same for the same seed and options.
#[derive(Debug, Clone)]
pub struct Simulation {
    options: Options,
    random: Random,
    now: u64,
    next_number: u64,
    events: BinaryHeap<Reverse<Scheduled>>,
    servers: Vec<Server>,
    network: Network,
    checker: Checker,
    traffic: Traffic,
    counts: Counts,
    next_command: u64,
    /// Proposals whose fate is still asked for.
    proposed: Vec<LogPosition>,
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
        let ids: Vec<NodeId> = (1..=options.servers).map(NodeId::new).collect();
        let mut this = Self {
            random: Random::new(seed),
            now: 0,
            next_number: 0,
            events: BinaryHeap::new(),
            servers: ids.iter().map(|&id| Server::new(id, flaw)).collect(),
            network: Network::default(),
            checker: Checker::default(),
            traffic: Traffic::default(),
            counts: Counts::default(),
            next_command: 1,
            proposed: Vec::new(),
            options,
        };
        this.found_cluster();
        this.schedule(0, Event::Drain { server: ids[0] });
        this.schedule_next_client();
        this.schedule_next_fault();
        this
    }

    /// A rough world of this seed.
    #[must_use]
    pub fn rough(seed: u64) -> Self {
        let mut random = Random::new(!seed);
        Self::new(seed, Options::rough(&mut random))
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
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The next event in words, with its time.
    #[must_use]
    pub fn next_event(&self) -> Option<String> {
        let Reverse(next) = self.events.peek()?;
        Some(format!("{:>12} us  {}", next.at, next.event))
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
            Event::Arrival { to, payload } => self.arrive(to, payload),
            Event::Timeout { server, timer } => self.time_out(server, timer),
            Event::Drain { server } => match self.postpone(server, Event::Drain { server }) {
                true => Ok(()),
                false => self.drain(server, usize::MAX),
            },
            Event::Restart { server } => self.restart(server),
            Event::Client => self.act_as_client(),
            Event::Fault => self.act_as_fault(),
        }
    }

    /// Server 1 founds the cluster; again, if a crash has made it forget.
    fn found_cluster(&mut self) {
        let voters: Vec<NodeId> = (1..=self.options.voters).map(NodeId::new).collect();
        if let Some(node) = &mut self.servers[0].node {
            node.create_cluster(&voters);
        }
    }

    fn schedule(&mut self, delay_us: u64, event: Event) {
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

    fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.servers[Self::index_of(id)].node.as_mut()
    }

    /// Puts off an event of a server that is paused.
    fn postpone(&mut self, id: NodeId, event: Event) -> bool {
        let until = self.servers[Self::index_of(id)].paused_until;
        let is_paused = until > self.now;
        if is_paused {
            self.schedule(until - self.now, event);
        }
        is_paused
    }

    fn arrive(&mut self, to: NodeId, payload: Box<Payload>) -> Verdict {
        if self.servers[Self::index_of(to)].paused_until > self.now {
            self.postpone(to, Event::Arrival { to, payload });
            return Ok(());
        }
        let server = &mut self.servers[Self::index_of(to)];
        match *payload {
            Payload::Raft(message, commands) => {
                if let Some(node) = &server.node {
                    self.traffic.note_reply(node, &message);
                }
                server.receive(message, &commands);
            }
            Payload::Snapshot(snapshot) => {
                self.counts.snapshots += 1;
                server.receive_snapshot(snapshot);
            }
        }
        self.follow_input(to)
    }

    fn time_out(&mut self, id: NodeId, timer: u64) -> Verdict {
        if self.servers[Self::index_of(id)].timer != timer
            || self.postpone(id, Event::Timeout { server: id, timer })
        {
            return Ok(());
        }
        if let Some(node) = self.node_mut(id) {
            node.handle_election_timeout();
        }
        self.follow_input(id)
    }

    /// After every input: checks, and takes the actions, all or some.
    fn follow_input(&mut self, id: NodeId) -> Verdict {
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

    /// Takes up to `limit` actions and executes them in their order.
    fn drain(&mut self, id: NodeId, limit: usize) -> Verdict {
        for _ in 0..limit {
            if self.random.chance(self.options.crash_in_drain) {
                self.crash(id);
                return self.check(id);
            }
            let Some(action) = self.next_action(id) else {
                self.servers[Self::index_of(id)].drop_compacted_commands();
                Checker::check_drained(&self.servers[Self::index_of(id)])?;
                break;
            };
            self.execute(id, action)?;
        }
        self.check(id)
    }

    fn next_action(&mut self, id: NodeId) -> Option<Action> {
        let server = &mut self.servers[Self::index_of(id)];
        let actions = server.node.as_mut()?.actions_mut();
        match server.flaw {
            Some(flaw) => flaw.next_action(actions),
            None => actions.next(),
        }
    }

    /// Executes one action. Nothing else in this package does.
    fn execute(&mut self, id: NodeId, action: Action) -> Verdict {
        let server = &mut self.servers[Self::index_of(id)];
        let Some(node) = &server.node else {
            return Ok(());
        };
        if server
            .flaw
            .is_some_and(|flaw| flaw.skips(node.role(), &action))
        {
            return Ok(());
        }
        match action {
            Action::SetElectionTimeout => {
                server.timer += 1;
                let timer = server.timer;
                let (role, rate) = (node.role(), server.clock_rate);
                let shortest = Options::ELECTION_TIMEOUT_US;
                let timeout = match role {
                    Role::Leader => Options::HEARTBEAT_US,
                    Role::Candidate => self.random.between(shortest / 2, shortest),
                    Role::Follower => self.random.between(shortest, 2 * shortest),
                };
                self.schedule(timeout * 1_000 / rate, Event::Timeout { server: id, timer });
                Ok(())
            }
            Action::SaveCurrentTerm => {
                server.disk.current_term = node.current_term();
                self.checker.check_disk(id, &server.disk)
            }
            Action::SaveVotedFor => {
                server.disk.voted_for = node.voted_for();
                Ok(())
            }
            Action::BroadcastMessage(message) => {
                let peers: Vec<NodeId> = node.peers().collect();
                peers
                    .into_iter()
                    .try_for_each(|to| self.send(id, to, message.clone()))
            }
            Action::AppendLogEntries(entries) => {
                let is_torn = self.random.chance(self.options.crash_in_drain);
                let keep = match is_torn {
                    true => self.random.below(entries.len() as u64 + 1) as usize,
                    false => usize::MAX,
                };
                self.checker.check_stored(&entries, &server.commands)?;
                let stored = server.append(&entries, keep);
                if is_torn {
                    self.crash(id);
                }
                stored.map_err(|what| Violation {
                    property: "Append is possible",
                    detail: format!("{id}: {what}: {entries}"),
                })
            }
            Action::SendMessage(to, message) => self.send(id, to, message),
            Action::InstallSnapshot(to) => {
                let snapshot = server.disk.snapshot.clone();
                self.transmit(id, to, Payload::Snapshot(snapshot));
                Ok(())
            }
        }
    }

    /// Sends a message, with the commands of its entries.
    fn send(&mut self, from: NodeId, to: NodeId, mut message: Message) -> Verdict {
        let server = &mut self.servers[Self::index_of(from)];
        self.checker.check_sent(from, to, &server.disk, &message)?;
        self.traffic.check_call(to, &message)?;
        server.newest_seqno = message.seqno();
        let mut commands = Vec::new();
        if let Message::AppendEntriesCall { entries, .. } = &mut message {
            let Some(found) = server.commands_of(entries) else {
                return Err(Violation {
                    property: "Commands are at hand",
                    detail: format!("{from} to {to}: {message}"),
                });
            };
            commands = found;
            if self.random.chance(self.options.truncation) {
                let all = commands.len();
                entries.truncate(self.random.below(3) as usize);
                let rest = entries
                    .iter()
                    .filter(|entry| *entry == LogEntry::Command)
                    .count();
                match server.flaw {
                    Some(Flaw::CutsTheWrongCommands) => drop(commands.drain(..all - rest)),
                    _ => commands.truncate(rest),
                }
            }
        }
        self.transmit(from, to, Payload::Raft(message, commands));
        Ok(())
    }

    /// Lets the network have its way with a message.
    fn transmit(&mut self, from: NodeId, to: NodeId, payload: Payload) {
        self.counts.messages += 1;
        let is_known = (1..=self.options.servers).contains(&to.get());
        if !is_known || !self.network.connects(from, to) || self.random.chance(self.options.loss) {
            return;
        }
        let payload = Box::new(payload);
        if self.random.chance(self.options.duplication) {
            let delay = self.delay();
            self.schedule(
                delay,
                Event::Arrival {
                    to,
                    payload: payload.clone(),
                },
            );
        }
        let delay = self.delay();
        self.schedule(delay, Event::Arrival { to, payload });
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

    fn crash(&mut self, id: NodeId) {
        let server = &mut self.servers[Self::index_of(id)];
        if server.node.is_none() {
            return;
        }
        server.crash();
        self.checker.note_crash(id);
        self.counts.crashes += 1;
        let delay = self.random.between(1_000, 1_500_000);
        self.schedule(delay, Event::Restart { server: id });
    }

    fn restart(&mut self, id: NodeId) -> Verdict {
        if self.servers[Self::index_of(id)].node.is_some() {
            return Ok(());
        }
        self.servers[Self::index_of(id)].restart();
        self.found_cluster();
        self.follow_input(id)
    }

    /// Applies what is committed on one server, and checks it.
    fn check(&mut self, id: NodeId) -> Verdict {
        let server = &mut self.servers[Self::index_of(id)];
        let led = self.checker.leaders_seen();
        self.checker.check_server(server)?;
        self.counts.elections += self.checker.leaders_seen() - led;
        let wrong = |what| Violation {
            property: "Committed entries can be applied",
            detail: format!("{id}: {what}"),
        };
        while server.apply_next().map_err(wrong)? {
            self.checker.check_applied(id, server.state)?;
        }
        for read in core::mem::take(&mut server.reads) {
            let status = server.read_status(&read);
            Checker::check_read(id, read.bound, status)?;
            match status {
                ReadStatus::Pending => server.reads.push(read),
                ReadStatus::Ready(_) => self.counts.reads += 1,
                ReadStatus::Lost => {}
            }
        }
        let Some(node) = &server.node else {
            return Ok(());
        };
        if let Some(&position) = self.random.pick(&self.proposed) {
            self.checker
                .check_status(position, node.get_commit_status(position))?;
        }
        Ok(())
    }
}
