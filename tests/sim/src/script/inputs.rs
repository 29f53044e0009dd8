//! The inputs of the nodes of a script: starts and crashes, clients, messages that arrive.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use raftbare::{ClusterConfig, LogEntry, LogIndex, LogPosition, Message, Node, NodeId};

use super::event::Event;
use super::mail::Flying;
use super::record::{Did, Recorded};
use super::verb::Stored;
use super::world::{World, refuse};
use crate::checker::Verdict;
use crate::disk::{Disk, Snapshot};
use crate::integration::Read;
use crate::random::mix;
use crate::server::{Payload, Server};
use crate::state::State;

/// The most proposals whose fate is asked for.
const MOST_PROPOSED: usize = 64;

impl World {
    pub(super) fn start(&mut self, id: NodeId) -> Verdict {
        if self.servers.contains_key(&id) {
            return refuse(format!("node {id} was started before"));
        }
        let server = Server::new(id, None);
        self.servers.insert(id, server);
        self.note_told(id);
        Ok(())
    }

    pub(super) fn crash(&mut self, id: NodeId) -> Verdict {
        self.node(id)?;
        self.server(id)?.crash();
        self.reads.remove(&id);
        self.checker.note_crash(id);
        self.told.remove(&id);
        Ok(())
    }

    pub(super) fn restart(&mut self, id: NodeId) -> Verdict {
        if self.server(id)?.node.is_some() {
            return refuse(format!("node {id} is not down"));
        }
        self.server(id)?.restart();
        self.set_options(id);
        self.follow_input(id)
    }

    /// Tells a running node its options, as whoever starts it has to.
    pub(super) fn set_options(&mut self, id: NodeId) {
        let node = self.servers.get_mut(&id).and_then(|it| it.node.as_mut());
        if let (Some(node), Some(options)) = (node, self.options.get(&id)) {
            node.set_options(*options);
        }
    }

    pub(super) fn restart_from(&mut self, id: NodeId, stored: &Stored) -> Verdict {
        let before = self.servers.get(&id);
        if before.is_some_and(|server| server.node.is_some()) {
            return refuse(format!("node {id} is not down"));
        }
        let mut server = Server::new(id, before.and_then(|server| server.flaw));
        server.disk = disk_of(stored);
        let Disk {
            entries, commands, ..
        } = &server.disk;
        let snapshot_index = entries.prev_position().index;
        self.has_snapshot_of_script |= snapshot_index > LogIndex::ZERO;
        self.checker.note_crash(id);
        self.checker.begin_after(snapshot_index);
        self.checker
            .check_stored(entries, |position| commands.get(position))?;
        server.restart();
        self.servers.insert(id, server);
        self.set_options(id);
        self.note_told(id);
        self.follow_input(id)
    }

    /// Gives a node an input.
    pub(super) fn input(&mut self, id: NodeId, input: impl FnOnce(&mut Node)) -> Verdict {
        input(self.node(id)?);
        self.follow_input(id)
    }

    /// Gives a node an input that has an answer.
    pub(super) fn ask<T: ToString>(
        &mut self,
        id: NodeId,
        input: impl FnOnce(&mut Node) -> T,
    ) -> Verdict {
        let answer = input(self.node(id)?).to_string();
        self.answer(id, answer);
        self.follow_input(id)
    }

    pub(super) fn propose(&mut self, id: NodeId, count: u64) -> Verdict {
        let mut positions = Vec::new();
        for _ in 0..count {
            let position = self.node(id)?.propose_command();
            positions.push(position);
            if position.is_invalid() {
                break;
            }
            self.proposed.push(position);
            self.server(id)?
                .commands
                .insert(position, command_at(position));
        }
        let too_many = self.proposed.len().saturating_sub(MOST_PROPOSED);
        self.proposed.drain(..too_many);
        match positions[..] {
            [] => {}
            [position] => self.answer(id, position.to_string()),
            [first, .., last] => self.answer(id, format!("{first}..{last}")),
        }
        self.follow_input(id)
    }

    pub(super) fn read(&mut self, id: NodeId) -> Verdict {
        let bound = self.checker.commit_index();
        let node = self.node(id)?;
        let token = node.read_index();
        let known_at_begin = node.commit_index();
        let answer = token.map_or("none".to_string(), |token| token.to_string());
        let read = token.map(|token| Read {
            token,
            bound,
            known_at_begin,
        });
        self.reads.entry(id).or_default().extend(read);
        self.answer(id, answer);
        self.follow_input(id)
    }

    pub(super) fn tell_reads(&mut self, id: NodeId) -> Verdict {
        self.node(id)?;
        let reads = self.reads.get(&id).cloned().unwrap_or_default();
        let server = self.server(id)?;
        let reads = reads
            .iter()
            .map(|read| format!("{} {}", read.token, server.read_status(read)));
        let reads: Vec<_> = reads.collect();
        reads.into_iter().for_each(|read| self.answer(id, read));
        Ok(())
    }

    pub(super) fn take_snapshot(&mut self, id: NodeId) -> Verdict {
        self.node(id)?;
        let server = self.server(id)?;
        server.take_snapshot();
        let Snapshot {
            position, config, ..
        } = server.newest_snapshot();
        let answer = match position.index == server.state.applied {
            true => format!("{position} {config}"),
            false => "refused".to_string(),
        };
        self.answer(id, answer);
        self.follow_input(id)
    }

    pub(super) fn inject(&mut self, to: NodeId, message: &Message) -> Verdict {
        self.node(to)?;
        let mut commands = Vec::new();
        if let Message::AppendEntriesCall { entries, .. } = message {
            let all = entries.iter_with_positions();
            let commanding = all.filter(|(_, entry)| *entry == LogEntry::Command);
            commands.extend(commanding.map(|(position, _)| command_at(position)));
        }
        let payload = Payload::Raft(message.clone(), commands);
        self.arrive(Flying {
            number: 0,
            from: message.from(),
            to,
            payload,
        })
    }

    pub(super) fn inject_snapshot(
        &mut self,
        to: NodeId,
        position: LogPosition,
        config: &ClusterConfig,
    ) -> Verdict {
        self.node(to)?;
        self.has_snapshot_of_script = true;
        let payload = Payload::Snapshot(snapshot_at(position, config));
        self.arrive(Flying {
            number: 0,
            from: to,
            to,
            payload,
        })
    }

    /// A message or snapshot arrives.
    pub(super) fn arrive(&mut self, flying: Flying) -> Verdict {
        let to = flying.to;
        let Some(server) = self.servers.get_mut(&to).filter(|s| s.node.is_some()) else {
            let recorded = Recorded::at_the_end(Did::Drop, &flying);
            self.recorded.push(recorded);
            self.events.push(Event::Unheard(flying));
            return Ok(());
        };
        let recorded = Recorded::at_the_end(Did::Receive, &flying);
        self.recorded.push(recorded);
        self.events.push(Event::Message(flying.clone()));
        match flying.payload {
            Payload::Raft(message, commands) => server.receive(message, &commands),
            Payload::Snapshot(snapshot) => {
                let (position, config) = (snapshot.position, snapshot.config.clone());
                server.receive_snapshot(snapshot);
                let stored = server.newest_snapshot();
                let is_taken = stored.position == position && stored.config == config;
                self.answer(to, is_taken.to_string());
            }
        }
        self.follow_input(to)
    }
}

/// The command of an entry. That it follows from the position makes those of disks, of injected messages and
/// of clients the same.
fn command_at(position: LogPosition) -> u64 {
    mix(position.term.get() ^ mix(position.index.get()))
}

fn disk_of(stored: &Stored) -> Disk {
    let entries = stored.log.entries();
    let mut disk = Disk {
        current_term: stored.term,
        voted_for: stored.voted_for,
        snapshot: snapshot_at(stored.log.snapshot_position(), stored.log.snapshot_config()),
        entries: entries.clone(),
        ..Disk::default()
    };
    for (position, entry) in entries.iter_with_positions() {
        if entry == LogEntry::Command {
            disk.commands.insert(position, command_at(position));
        }
    }
    disk
}

/// A snapshot of which only the position is known.
fn snapshot_at(position: LogPosition, config: &ClusterConfig) -> Snapshot {
    let digest = match position.index {
        LogIndex::ZERO => 0,
        _ => command_at(position),
    };
    Snapshot {
        position,
        config: config.clone(),
        state: State {
            applied: position.index,
            digest,
        },
    }
}
