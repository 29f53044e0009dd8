//! What is typed at the console.

use core::fmt;

use embassy_time::Instant;
use raftbare::ClusterConfig;
use raftbare::NodeId;
use raftbare::replica::{Refusal, Replica};

use super::board::Board;
use super::config::address;
use super::desk::Ids;
use super::flash::Job;
use super::member::{HEAP_RESERVE, Member};
use super::waiting::Wish;
use crate::app::{Command, MAX_SETTINGS, Payload};
use crate::console::{HELP, Request, Usage};

impl<const PORTS: usize, B: Board> Member<'_, PORTS, B> {
    pub(super) fn take_request(&mut self, request: Result<Request, Usage>) {
        let request = match request {
            Ok(request) => request,
            Err(usage) => return self.desk.error(format_args!("{usage}")),
        };
        match request {
            Request::Help => self.desk.ok(format_args!("{HELP}")),
            Request::Status => self.say_status(),
            Request::Format { is_certain, voters } => self.format(is_certain, &voters),
            _ if self.desk.waiting.is_full() => {
                self.desk
                    .error(format_args!("too many wait: try again later"));
            }
            Request::Peers => self.say_peers(),
            Request::Snapshot => self.snapshot(),
            Request::Get(key) => {
                if let Some(ticket) = self.begin(Replica::read) {
                    self.desk.waiting.push(Wish::Read(ticket, key));
                }
            }
            Request::Put { key, value } => self.propose(Command::Put {
                key: &key,
                value: &value,
            }),
            Request::Delete(key) => self.propose(Command::Delete { key: &key }),
            Request::Add(id) => self.change_voters(id, true),
            Request::Remove(id) => self.change_voters(id, false),
        }
    }

    /// Asks the replica for something; if it refuses, the answer says why.
    fn begin<T>(
        &mut self,
        ask: impl FnOnce(&mut Replica<Payload>) -> Result<T, Refusal>,
    ) -> Option<T> {
        match &mut self.replica {
            Ok(replica) => match ask(replica) {
                Ok(begun) => return Some(begun),
                Err(refusal) => self.desk.error(format_args!("{refusal}")),
            },
            Err(error) => self.desk.error(format_args!("{error}")),
        }
        None
    }

    fn propose(&mut self, command: Command<'_>) {
        if self.replica.is_ok() && self.board.heap_free() < HEAP_RESERVE {
            return self.desk.error(format_args!(
                "no memory is free for it: try again after the next snapshot"
            ));
        }
        let payload = command.encode().unwrap_or_default();
        let ask = |replica: &mut Replica<_>| {
            let proposed = replica.propose(payload);
            proposed.map_err(|refused| refused.reason)
        };
        if let Some(ticket) = self.begin(ask) {
            self.desk.waiting.push(Wish::Command(ticket));
        }
    }

    fn change_voters(&mut self, id: u8, is_added: bool) {
        let id = NodeId::new(u64::from(id));
        let ids = [id];
        if let Ok(replica) = &self.replica {
            let voters = &replica.node().config().voters;
            if voters.contains(&id) == is_added {
                let is = if is_added { "already" } else { "not" };
                return self.desk.error(format_args!("node {id} is {is} a voter"));
            }
            if !is_added && voters.len() == 1 {
                return self.desk.error(format_args!(
                    "the last voter has to stay: `add` another first"
                ));
            }
        }
        let ask = |replica: &mut Replica<_>| {
            let config = replica.node().config();
            let next: ClusterConfig = match is_added {
                true => config.to_joint_consensus(&ids, &[]),
                false => config.to_joint_consensus(&[], &ids),
            };
            replica.propose_config(next)
        };
        if let Some(ticket) = self.begin(ask) {
            self.desk.waiting.push(Wish::Config(ticket));
        }
    }

    fn snapshot(&mut self) {
        if let Err(error) = &self.replica {
            return self.desk.error(format_args!("{error}"));
        }
        match self.taking.is_none() && self.take_snapshot() {
            true => self.desk.waiting.push(Wish::Snapshot),
            false => self.desk.error(format_args!(
                "nothing was applied since the last one, or one is on its way"
            )),
        }
    }

    /// Makes an empty store. A node that has one is asked to be certain: it forgets its vote.
    fn format(&mut self, is_certain: bool, voters: &[u8]) {
        let is_blank = matches!(self.replica, Err(crate::store::OpenError::Blank));
        if !is_blank && !is_certain {
            return self.desk.error(format_args!(
                "there is something: `format yes` forgets it; before that, remove this node from its cluster"
            ));
        }
        self.founders = voters.iter().copied().collect();
        self.desk.jobs.clear();
        let _ = self.desk.jobs.push_back(Job::Format);
        self.desk.ok(format_args!("formatting"));
    }

    fn say_status(&self) {
        let now = Instant::now().as_millis();
        let frames = self.desk.link.counters();
        let (heap, stack) = (self.board.heap_free(), self.board.stack_free());
        let start = self.board.start_reason();
        let rest = format_args!(
            "frames in {} out {} passed {} damaged {} dropped {} heap {heap} stack {stack} start {start} up {now} ms",
            frames.received, frames.sent, frames.forwarded, frames.damaged, frames.dropped
        );
        match &self.replica {
            Err(error) => self
                .desk
                .ok(format_args!("node {} {rest}: {error}", self.id)),
            Ok(replica) => {
                let node = replica.node();
                let log = node.log();
                self.desk.ok(format_args!(
                    "node {} {} term {} commit {} applied {} last {} snapshot {} settings {}/{MAX_SETTINGS} {rest}",
                    self.id,
                    role(replica),
                    node.current_term(),
                    node.commit_index(),
                    replica.applied(),
                    log.last_position(),
                    log.snapshot_position(),
                    self.desk.settings.len(),
                ));
            }
        }
    }

    fn say_peers(&self) {
        match &self.replica {
            Err(error) => self.desk.error(format_args!("{error}")),
            Ok(replica) => {
                let config = replica.node().config();
                self.desk.ok(format_args!(
                    "config {config} voters {} ways{}",
                    Ids(config),
                    Ways(self)
                ));
            }
        }
    }
}

/// By which port each other node was heard lately.
struct Ways<'a, 'b, const PORTS: usize, B>(&'a Member<'b, PORTS, B>);

impl<const PORTS: usize, B> fmt::Display for Ways<'_, '_, PORTS, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(replica) = &self.0.replica else {
            return Ok(());
        };
        let ids = replica.node().config().unique_nodes();
        for id in ids.filter(|&id| id != self.0.id) {
            match self.0.desk.link.way_to(address(id)) {
                Some(port) => write!(f, " {id}:{port}")?,
                None => write!(f, " {id}:none")?,
            }
        }
        Ok(())
    }
}

fn role(replica: &Replica<Payload>) -> &'static str {
    match replica.node().role() {
        _ if replica.is_stopped() => "stopped",
        raftbare::Role::Follower => "follower",
        raftbare::Role::Candidate => "candidate",
        raftbare::Role::Leader => "leader",
    }
}
