//! One server: a node, its disk, and the integration around it, as the crate's documentation demands it.

use alloc::vec::Vec;

use raftbare::{
    Action, LogEntries, LogEntry, LogIndex, LogPosition, Message, MessageSeqNo, Node, NodeId,
    ReadStatus,
};

use crate::disk::{Commands, Disk, Snapshot};
use crate::flaw::Flaw;
use crate::integration::Read;
use crate::state::State;

mod crashes;
mod effects;
mod writes;

pub use writes::LateFlaw;
use writes::Writes;

/// What travels between servers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Payload {
    /// A message with the commands of its entries, in order.
    Raft(Message, Vec<u64>),
    /// A snapshot.
    Snapshot(Snapshot),
}

/// A server of the simulated cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Server {
    /// The identifier of its node.
    pub id: NodeId,
    /// The running node; `None` while the server is down.
    pub node: Option<Node>,
    /// What survives a crash.
    pub disk: Disk,
    /// The commands of the node's log, in memory.
    pub commands: Commands,
    /// The state machine, in memory.
    pub state: State,
    /// The number of the newest call that was sent.
    pub newest_seqno: MessageSeqNo,
    /// The mistake that is made here.
    pub flaw: Option<Flaw>,
    /// What is being appended.
    appending: Option<LogEntries>,
    /// What was stored before the last append, while that may not be synced.
    before_last_append: Option<Disk>,
    /// What waits to be written while the node goes on.
    writes: Writes,
}

impl Server {
    /// A server that was never started before.
    #[must_use]
    pub fn new(id: NodeId, flaw: Option<Flaw>) -> Self {
        Self {
            id,
            node: Some(Node::start(id)),
            disk: Disk::default(),
            commands: Commands::default(),
            state: State::default(),
            newest_seqno: MessageSeqNo::new(0),
            flaw,
            appending: None,
            before_last_append: None,
            writes: Writes::default(),
        }
    }

    /// Loses everything but the disk.
    pub fn crash(&mut self) {
        self.node = None;
        self.commands = Commands::default();
        self.state = State::default();
        self.appending = None;
        self.writes.crash();
        let before_last_append = self.before_last_append.take();
        if let Some(flaw) = self.flaw {
            flaw.damage(&mut self.disk, before_last_append);
        }
    }

    /// Comes back from nothing but the disk.
    pub fn restart(&mut self) {
        let disk = &self.disk;
        self.node = Some(Node::restart(
            self.id,
            disk.current_term,
            disk.voted_for,
            disk.log(),
        ));
        self.commands = disk.commands.clone();
        self.state = disk.snapshot.state;
    }

    /// Executes `AppendLogEntries`; see [`Disk::append`].
    pub fn append(&mut self, entries: &LogEntries, keep: usize) -> Result<(), &'static str> {
        match self.flaw {
            Some(Flaw::AppendNotSynced) => self.before_last_append = Some(self.disk.clone()),
            Some(Flaw::AppendKeepsTail) => {
                return self.disk.append_keeping_tail(entries, &self.commands);
            }
            _ => {}
        }
        self.disk.append(entries, &self.commands, keep)
    }

    /// What [`next_effect`](crate::integration::Integration::next_effect) executes next, or leaves out.
    #[must_use]
    pub fn next_action(&self) -> Option<Action> {
        let mut actions = self.node.as_ref()?.actions().clone();
        match self.flaw {
            Some(flaw) => flaw.next_action(&mut actions),
            None => actions.next(),
        }
    }

    /// The power fails in the middle of an append: the first `keep` entries are stored.
    pub fn tear_append(&mut self, entries: &LogEntries, keep: usize) -> Result<(), &'static str> {
        self.disk.append(entries, &self.commands, keep)
    }

    /// Up to where entries are committed, as far as this server knows.
    #[must_use]
    pub fn commit_index(&self) -> LogIndex {
        match (&self.node, self.flaw) {
            (None, _) => LogIndex::ZERO,
            (Some(node), None) => node.commit_index(),
            // What was taken for committed once is applied, and stays so.
            (Some(node), Some(flaw)) => flaw.commit_index(node).max(self.state.applied),
        }
    }

    /// How far a read is.
    #[must_use]
    pub fn read_status(&self, read: &Read) -> ReadStatus {
        let Some(node) = &self.node else {
            return ReadStatus::Lost;
        };
        self.flaw.map_or_else(
            || node.read_status(read.token),
            |flaw| flaw.read_status(node, read),
        )
    }

    /// The command of the entry at `position`.
    fn command(&self, position: LogPosition) -> Option<u64> {
        match self.flaw {
            Some(Flaw::CommandsByIndex) => self.commands.get_by_index(position.index),
            _ => self.commands.get(position),
        }
    }

    /// The commands of the `Command` entries among `entries`, in order; `None` if one is missing.
    #[must_use]
    pub fn commands_of(&self, entries: &LogEntries) -> Option<Vec<u64>> {
        let commands = entries
            .iter_with_positions()
            .filter(|(_, entry)| *entry == LogEntry::Command);
        commands
            .map(|(position, _)| self.command(position))
            .collect()
    }

    /// Gives a message to the node. The commands are kept under the positions of the entries that it has
    /// taken into its log.
    pub fn receive(&mut self, mut message: Message, commands: &[u64]) {
        let Some(node) = &mut self.node else { return };
        if let Some(flaw) = self.flaw {
            flaw.alter_message(node, self.newest_seqno, &mut message);
            for vote in flaw.further_votes(node, &message) {
                node.handle_message(vote);
            }
        }
        let entries = match &message {
            Message::AppendEntriesCall { entries, .. } => Some(entries.clone()),
            _ => None,
        };
        node.handle_message(message);
        self.commands
            .truncate_after(node.log().last_position().index);
        if let Some(entries) = entries {
            self.keep_commands(&entries, commands);
        }
    }

    fn keep_commands(&mut self, entries: &LogEntries, commands: &[u64]) {
        let Some(node) = &self.node else { return };
        let of_entries = entries
            .iter_with_positions()
            .filter(|(_, entry)| *entry == LogEntry::Command);
        for ((position, _), &command) in of_entries.zip(commands) {
            // Who keeps commands by index alone keeps the first that comes.
            let is_kept_by_index = self.flaw == Some(Flaw::CommandsByIndex)
                && self.commands.get_by_index(position.index).is_some();
            let is_taken = position.index > node.log().snapshot_position().index
                && node.log().entries().contains(position)
                && !is_kept_by_index;
            if is_taken {
                self.commands.insert(position, command);
            }
        }
    }

    /// Takes a snapshot that the leader has sent.
    pub fn receive_snapshot(&mut self, snapshot: Snapshot) {
        match self.is_late() {
            true => self.begin_snapshot(snapshot),
            false => self.install(snapshot),
        }
    }

    /// Puts a snapshot to the disk. It counts as stored when the node has accepted it.
    fn install(&mut self, snapshot: Snapshot) {
        let Some(node) = &mut self.node else { return };
        if !node.handle_snapshot_installed(snapshot.position, snapshot.config.clone()) {
            if self.flaw == Some(Flaw::TakesOlderSnapshots) {
                self.state = snapshot.state;
            }
            return;
        }
        self.commands
            .truncate_after(node.log().last_position().index);
        if self.state.applied < snapshot.state.applied {
            self.state = snapshot.state;
        }
        self.disk.install(snapshot);
    }

    /// Takes a snapshot of the present state.
    pub fn take_snapshot(&mut self) {
        let is_late = self.is_late();
        let Some(node) = &mut self.node else { return };
        let Some((position, config)) = node.log().get_position_and_config(self.state.applied)
        else {
            return;
        };
        let mut config = config.clone();
        let state = self.state;
        if is_late {
            return self.begin_snapshot(Snapshot {
                position,
                config,
                state,
            });
        }
        if node.handle_snapshot_installed(position, config.clone()) {
            if self.flaw == Some(Flaw::SnapshotWithLatestConfig) {
                config = node.config().clone();
            }
            self.disk.install(Snapshot {
                position,
                config,
                state,
            });
        }
    }

    /// Drops the commands that the snapshot stands for, once no message that waits needs them.
    pub fn drop_compacted_commands(&mut self) {
        if let Some(node) = &self.node
            && node.actions().is_empty()
        {
            self.commands
                .drop_through(node.log().snapshot_position().index);
        }
    }

    /// Applies the next committed entry; says whether there was one, or what is wrong if it or its command is
    /// missing.
    pub fn apply_next(&mut self) -> Result<bool, &'static str> {
        let Some(node) = &self.node else {
            return Ok(false);
        };
        let is_stored = !self.is_late() || self.state.applied < node.durable_index();
        if self.state.applied >= self.commit_index() || !is_stored {
            return Ok(false);
        }
        let index = self.state.applied + LogIndex::new(1);
        let entries = node.log().entries();
        let term = entries
            .get_term(index)
            .ok_or("a committed entry is not in the log")?;
        let command = match entries.get_entry(index) {
            Some(LogEntry::Command) => {
                let command = self.command(LogPosition { term, index });
                Some(command.ok_or("the command of a committed entry is gone")?)
            }
            _ => None,
        };
        self.state.apply(index, command);
        Ok(true)
    }
}
