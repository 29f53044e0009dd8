//! What is done about the outputs of a replica, and about what is typed.

use core::fmt;

use embassy_time::Instant;
use heapless::Deque;
use raftbare::replica::{Output, ReadTicket, Ticket};
use raftbare::{ClusterConfig, LogPosition, NodeId};

use super::config::{Timing, address};
use super::flash::{Job, envelope};
use super::waiting::{Waiting, Wish};
use crate::app::{Command, Payload, Settings};
use crate::console::Console;
use crate::link::{Kind, Link};

/// Everything but the replica.
pub(super) struct Desk<'a, const PORTS: usize> {
    pub(super) timing: Timing,
    pub(super) random: u64,
    pub(super) deadline: Instant,
    pub(super) link: &'a Link<PORTS>,
    pub(super) console: &'a Console,
    pub(super) settings: Settings,
    pub(super) waiting: Waiting,
    /// What the flash is to do before the next batch.
    pub(super) jobs: Deque<Job, 8>,
}

impl<const PORTS: usize> Desk<'_, PORTS> {
    /// Executes an output. Returns whether the next one may be taken at once.
    pub(super) fn execute(&mut self, output: Output<'_, Payload>) -> bool {
        match output {
            Output::SetTimer(role) => {
                let random = self.next_random();
                self.deadline = Instant::now() + self.timing.timeout(role, random);
            }
            Output::Send(to, message) => {
                let bytes = envelope(|output| message.encode(output));
                self.link.send(address(to), Kind::Raft, bytes);
            }
            Output::SendChunk(to, chunk) => {
                // If there are too many, it is sent again later.
                let _ = self.jobs.push_back(Job::ReadChunk(to, chunk));
            }
            Output::LoadSnapshot(snapshot) => {
                // What comes after it is to be applied to the new state.
                if let Err(job) = self.jobs.push_front(Job::Load(snapshot)) {
                    self.jobs.pop_back();
                    let _ = self.jobs.push_front(job);
                }
                return false;
            }
            Output::Apply {
                position,
                payload,
                ticket,
            } => self.apply(position, payload, ticket),
            Output::ConfigCommitted {
                position, config, ..
            } => self.note_config(position, &config),
            Output::Rejected(ticket) => {
                let text = format_args!("another leader has come in between: try again there");
                self.answer_error(ticket, text);
            }
            Output::Unknown(ticket) => {
                let text = format_args!("it is not known what became of it: `get` tells");
                self.answer_error(ticket, text);
            }
            Output::ReadReady(ticket) => self.answer_read(ticket),
            Output::ReadLost(ticket) => {
                let wish = self.take_read(ticket);
                if wish.is_some() {
                    self.error(format_args!("this node leads no more: try again"));
                }
            }
        }
        true
    }

    /// Whether the state is to be another one before more is applied to it.
    pub(super) fn waits_to_load(&self) -> bool {
        self.jobs.iter().any(|job| matches!(job, Job::Load(_)))
    }

    /// Answers that something went well.
    pub(super) fn ok(&self, text: fmt::Arguments<'_>) {
        self.console.say(format_args!("ok {text}"));
    }

    /// Answers what went wrong, and what to do.
    pub(super) fn error(&self, text: fmt::Arguments<'_>) {
        self.console.say(format_args!("error {text}"));
    }

    /// Tells those who have waited for too long.
    pub(super) fn tell_late(&mut self) {
        while let Some((wish, ms)) = self.waiting.take_older(self.timing.answer_ms) {
            match wish {
                Wish::Read(..) => self.error(format_args!(
                    "no majority has answered within {ms} ms: see `peers`"
                )),
                _ => self.error(format_args!(
                    "no majority has answered within {ms} ms: it may still happen, `get` tells"
                )),
            }
        }
    }

    fn apply(&mut self, position: LogPosition, payload: &Payload, ticket: Option<Ticket>) {
        let outcome = self.settings.apply(payload);
        match Command::decode(payload) {
            Some(command) => self.console.say(format_args!("* {position} {command}")),
            None => self.console.say(format_args!("* {position} unknown")),
        }
        let wish = ticket.and_then(|ticket| self.waiting.take_ticket(ticket));
        if let Some((_, ms)) = wish {
            self.ok(format_args!("{outcome} at {position} in {ms} ms"));
        }
    }

    fn note_config(&mut self, position: LogPosition, config: &ClusterConfig) {
        self.console.say(format_args!("* {position} {config}"));
        if config.is_joint_consensus() {
            return;
        }
        let wish = self.waiting.take(|wish| match wish {
            Wish::Config(ticket) => ticket.position().index < position.index,
            _ => false,
        });
        if wish.is_some() {
            self.ok(format_args!("the voters are {}", Ids(config)));
        }
    }

    fn answer_error(&mut self, ticket: Ticket, text: fmt::Arguments<'_>) {
        if self.waiting.take_ticket(ticket).is_some() {
            self.error(text);
        }
    }

    fn answer_read(&mut self, ticket: ReadTicket) {
        let Some((Wish::Read(_, key), ms)) = self.take_read(ticket) else {
            return;
        };
        match self.settings.get(&key) {
            Some(value) => self.ok(format_args!("{key} = {value} in {ms} ms")),
            None => self.ok(format_args!("{key} is not set in {ms} ms")),
        }
    }

    fn take_read(&mut self, ticket: ReadTicket) -> Option<(Wish, u64)> {
        self.waiting
            .take(|wish| matches!(wish, Wish::Read(other, _) if *other == ticket))
    }

    /// xorshift64*: no secret, but another row of numbers at each node.
    fn next_random(&mut self) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32
    }
}

/// The voters of a configuration, with blanks between.
pub(super) struct Ids<'a>(pub(super) &'a ClusterConfig);

impl fmt::Display for Ids<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ids = self.0.voters.iter().copied().map(NodeId::get);
        if let Some(first) = ids.next() {
            write!(f, "{first}")?;
        }
        ids.try_for_each(|id| write!(f, " {id}"))
    }
}
