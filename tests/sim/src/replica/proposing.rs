//! What clients want of a replica, and whether it is taken or refused rightly.

use alloc::format;

use raftbare::replica::{Refusal, Refused, Replica, Ticket};
use raftbare::{ClusterConfig, LogEntry, LogIndex, LogPosition, Node, Term};

use super::clients::Wrong;
use super::flaw::ReplicaFlaw;
use super::{Command, ReplicaServer};
use crate::integration::Answer;

impl<P: Command> ReplicaServer<P> {
    /// The term that this server leads.
    pub(super) fn leads(&self) -> Option<Term> {
        let node = self.replica.as_ref()?.node();
        node.role().is_leader().then(|| node.current_term())
    }

    /// Proposes a command. The position is invalid if it is refused, and nothing has happened.
    pub(super) fn propose_to_replica(&mut self, command: u64) -> Result<LogPosition, Wrong> {
        let Some(replica) = &mut self.replica else {
            return Ok(LogPosition::INVALID);
        };
        let before = replica.node().log().last_position();
        let proposed = replica.propose(P::of(command));
        let is_unchanged = replica.node().log().last_position() == before;
        match proposed {
            Ok(ticket) => {
                self.check_bounds()?;
                self.clients.propose(ticket, Some(command))?;
                Ok(ticket.position())
            }
            Err(refused) if is_unchanged => {
                self.seen.refused += u64::from(self.leads().is_some());
                self.check_refusal(&refused, command)
            }
            Err(refused) => Err((REASON, format!("{refused}, and the log is longer"))),
        }
    }

    /// How many entries are not committed, as the node knows.
    fn uncommitted(&self) -> u64 {
        let node = self.replica.as_ref().map(Replica::node);
        node.map_or(0, |node| {
            let last = node.log().last_position().index.get();
            last.saturating_sub(node.commit_index().get())
        })
    }

    /// How many entries are in the log after the snapshot.
    fn log_len(&self) -> u64 {
        let log = self.replica.as_ref().map(|it| it.node().log());
        log.map_or(0, |log| {
            let start = log.snapshot_position().index.get();
            log.last_position().index.get().saturating_sub(start)
        })
    }

    /// How many of them are commands. Where a command is taken, C_new may have come before it.
    fn commands_in_log(&self) -> u64 {
        let log = self.replica.as_ref().map(|it| it.node().log());
        let entries = log.into_iter().flat_map(|log| log.entries().iter());
        entries.filter(|it| *it == LogEntry::Command).count() as u64
    }

    /// After a command was taken, before its ticket is noted.
    fn check_bounds(&self) -> Result<(), Wrong> {
        let options = &self.manner.options;
        let uncommitted = self.uncommitted();
        let (waiting, configs) = self.clients.waiting();
        let is_jammed =
            uncommitted > options.max_uncommitted || waiting >= options.max_waiting + configs;
        let commands = self.commands_in_log();
        match is_jammed || commands > options.max_log {
            true => {
                let detail =
                    format!("{uncommitted} uncommitted, {waiting} wait, {commands} in the log");
                Err(("Few enough wait", detail))
            }
            false => Ok(()),
        }
    }

    fn check_refusal(&self, refused: &Refused<P>, command: u64) -> Result<LogPosition, Wrong> {
        let options = &self.manner.options;
        let is_right = match refused.reason {
            Refusal::NotLeader(_) => self.leads().is_none(),
            Refusal::TooManyUncommitted => self.uncommitted() >= options.max_uncommitted,
            Refusal::LogFull => self.log_len() >= options.max_log,
            Refusal::TooManyWaiting => self.clients.waiting().0 >= options.max_waiting,
            Refusal::Stopped => self.has_ended,
            Refusal::Transferring(target) => {
                let node = self.replica.as_ref().map(Replica::node);
                node.and_then(Node::transfer_target) == Some(target)
            }
            _ => false,
        };
        match is_right && P::read(refused.payload.as_ref()) == Some(command) {
            true => Ok(LogPosition::INVALID),
            false => Err((REASON, format!("{refused:?}"))),
        }
    }

    /// Proposes a configuration. The position is invalid if it is refused.
    pub(super) fn propose_config_to_replica(&mut self, config: ClusterConfig) -> LogPosition {
        let replica = self.replica.as_mut();
        let proposed = replica.and_then(|it| it.propose_config(config).ok());
        if let Some(ticket) = proposed
            && let Err(wrong) = self.clients.propose(ticket, None)
        {
            self.fail(wrong);
        }
        proposed.map_or(LogPosition::INVALID, Ticket::position)
    }

    /// Begins a read, which has to see all up to `bound`.
    pub(super) fn read_from_replica(&mut self, bound: LogIndex) {
        let Some(replica) = &mut self.replica else {
            return;
        };
        if self.flaw == Some(ReplicaFlaw::ReadsAtOnce) {
            let seen = self.state.applied;
            self.answers.push_back(Answer::Read { bound, seen });
            return;
        }
        let Ok(ticket) = replica.read() else { return };
        let term = replica.node().current_term();
        if let Err(wrong) = self.clients.read(ticket, bound, term) {
            self.fail(wrong);
        }
        let reading = self.clients.reading();
        if reading > self.manner.options.max_waiting {
            self.fail(("Few enough wait", format!("{reading} reads")));
        }
    }
}

const REASON: &str = "What is refused has its reason";
