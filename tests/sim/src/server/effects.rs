//! The simulator's own server as an [`Integration`]: what it makes of its node's actions.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use raftbare::{
    Action, LogEntries, LogEntry, LogIndex, LogPosition, Message, Node, NodeId, ReadStatus,
};

use super::{Payload, Server};
use crate::checker::Violation;
use crate::flaw::Flaw;
use crate::integration::{Content, Durable, Effect, Integration, Read};
use crate::random::Random;
use crate::state::State;

impl Integration for Server {
    // In a box, as it is large and passes through many hands.
    type Packet = Box<Payload>;

    fn node(&self) -> Option<&Node> {
        self.node.as_ref()
    }

    fn node_mut(&mut self) -> Option<&mut Node> {
        self.node.as_mut()
    }

    fn receive(&mut self, packet: Box<Payload>) {
        match *packet {
            Payload::Raft(message, commands) => Self::receive(self, message, &commands),
            Payload::Snapshot(snapshot) => self.receive_snapshot(snapshot),
        }
    }

    fn propose(&mut self, command: u64) -> LogPosition {
        let Some(node) = &mut self.node else {
            return LogPosition::INVALID;
        };
        let position = node.propose_command();
        if !position.is_invalid() {
            self.commands.insert(position, command);
        }
        position
    }

    fn next_effect(&mut self) -> Option<Effect<Box<Payload>>> {
        if let Some(entries) = self.appending.take() {
            return Some(self.finish_append(&entries, usize::MAX));
        }
        let node = self.node.as_mut()?;
        let action = match self.flaw {
            Some(flaw) => flaw.next_action(node.actions_mut()),
            None => node.actions_mut().next(),
        };
        let Some(action) = action else {
            self.drop_compacted_commands();
            return None;
        };
        if self.skips(&action) {
            return Some(Effect::Done);
        }
        Some(self.execute(action))
    }

    fn apply_next(&mut self) -> Result<bool, &'static str> {
        Self::apply_next(self)
    }

    fn lose_power(&mut self, random: &mut Random) {
        // Where nothing is being written, no number is drawn.
        let written = self.appending.as_ref();
        let written = written.map_or(0, |it| random.below(it.len() as u64 + 1) as usize);
        self.crash_within_write(written);
    }

    fn restart(&mut self) {
        Self::restart(self);
    }

    fn durable(&self) -> Durable<'_> {
        self.disk.durable()
    }

    fn command(&self, position: LogPosition) -> Option<u64> {
        self.commands.get(position)
    }

    fn state(&self) -> State {
        self.state
    }

    fn content(packet: &Box<Payload>) -> Content<'_> {
        match &**packet {
            Payload::Raft(message, _) => Content::Message(Cow::Borrowed(message)),
            Payload::Snapshot(snapshot) => Content::Snapshot(snapshot.position),
        }
    }

    fn take_snapshot(&mut self) {
        Self::take_snapshot(self);
    }

    fn cut(&self, packet: &mut Box<Payload>, len: usize) {
        let Payload::Raft(Message::AppendEntriesCall { entries, .. }, commands) = &mut **packet
        else {
            return;
        };
        entries.truncate(len);
        let rest = entries.iter().filter(|it| *it == LogEntry::Command).count();
        match self.flaw {
            Some(Flaw::CutsTheWrongCommands) => drop(commands.drain(..commands.len() - rest)),
            _ => commands.truncate(rest),
        }
    }

    fn commit_index(&self) -> LogIndex {
        Self::commit_index(self)
    }

    fn read_status(&self, read: &Read) -> ReadStatus {
        Self::read_status(self, read)
    }
}

impl Server {
    /// Crashes. Of the entries that are being written, the first `written` are on the disk.
    pub fn crash_within_write(&mut self, written: usize) {
        if let Some(entries) = self.appending.take() {
            self.finish_append(&entries, written);
        }
        self.crash();
    }

    /// Whether this action of the running node is left out.
    #[must_use]
    pub fn skips(&self, action: &Action) -> bool {
        let (Some(node), Some(flaw)) = (&self.node, self.flaw) else {
            return false;
        };
        flaw.skips(node.role(), action)
    }

    /// Whether an append has begun, and its second half comes with the next effect.
    #[must_use]
    pub fn is_appending(&self) -> bool {
        self.appending.is_some()
    }

    /// Executes one action of the running node. Nothing else in this package does.
    fn execute(&mut self, action: Action) -> Effect<Box<Payload>> {
        let Some(node) = &self.node else {
            return Effect::Done;
        };
        let is_late = self.is_late();
        match action {
            Action::SetElectionTimeout => Effect::SetTimer,
            Action::SaveCurrentTerm | Action::SaveVotedFor if is_late => self.begin_hard_state(),
            Action::AppendLogEntries(entries) if is_late => self.begin_append(entries),
            Action::SaveCurrentTerm => {
                self.disk.current_term = node.current_term();
                Effect::Stored
            }
            Action::SaveVotedFor => {
                self.disk.voted_for = node.voted_for();
                Effect::Stored
            }
            Action::BroadcastMessage(message) => self.wrap(message, Effect::Broadcast),
            Action::AppendLogEntries(entries) => {
                self.appending = Some(entries.clone());
                Effect::Append(entries)
            }
            Action::SendMessage(to, message) => {
                self.wrap(message, |payload| Effect::Send(to, payload))
            }
            Action::InstallSnapshot(to) => {
                let snapshot = self.disk.snapshot.clone();
                Effect::Send(to, Box::new(Payload::Snapshot(snapshot)))
            }
        }
    }

    /// Writes the entries, or the first `keep` of them.
    fn finish_append(&mut self, entries: &LogEntries, keep: usize) -> Effect<Box<Payload>> {
        match self.append(entries, keep) {
            Ok(()) => Effect::Stored,
            Err(what) => failed("Append is possible", self.id, what, entries),
        }
    }

    /// Puts the commands of its entries to a message that leaves.
    fn wrap(
        &mut self,
        message: Message,
        effect: impl FnOnce(Box<Payload>) -> Effect<Box<Payload>>,
    ) -> Effect<Box<Payload>> {
        self.newest_seqno = message.seqno();
        let commands = match &message {
            Message::AppendEntriesCall { entries, .. } => self.commands_of(entries),
            _ => Some(Vec::new()),
        };
        match commands {
            Some(commands) => effect(Box::new(Payload::Raft(message, commands))),
            None => failed(
                "Commands are at hand",
                self.id,
                "a command is gone",
                &message,
            ),
        }
    }
}

fn failed(
    property: &'static str,
    id: NodeId,
    what: &str,
    of: &impl core::fmt::Display,
) -> Effect<Box<Payload>> {
    Effect::Failed(Violation {
        property,
        detail: format!("{id}: {what}: {of}"),
    })
}
