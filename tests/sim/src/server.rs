//! One server: a node, its disk, and the integration around it, as the crate's documentation demands it.

use alloc::vec::Vec;

use raftbare::{LogEntries, LogEntry, LogIndex, Message, Node, NodeId, ReadToken};

use crate::disk::{Commands, Disk, Snapshot};
use crate::state::State;

/// What travels between servers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Payload {
    /// A message with the commands of its entries, in order.
    Raft(Message, Vec<u64>),
    /// A snapshot.
    Snapshot(Snapshot),
}

/// A linearizable read that a client waits for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Read {
    /// What the node has given out.
    pub token: ReadToken,
    /// The highest index that any server knew to be committed when the read began.
    pub bound: LogIndex,
}

/// A server of the simulated cluster.
#[derive(Debug, Clone)]
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
    /// Counts the timers that were set: a timer of an older count has been replaced.
    pub timer: u64,
    /// How many microseconds of this server's clock pass in a thousand real ones.
    pub clock_rate: u64,
    /// Until when the server does nothing, as under SIGSTOP.
    pub paused_until: u64,
    /// Reads under way.
    pub reads: Vec<Read>,
}

impl Server {
    /// A server that was never started before.
    #[must_use]
    pub fn new(id: NodeId) -> Self {
        Self {
            id,
            node: Some(Node::start(id)),
            disk: Disk::default(),
            commands: Commands::default(),
            state: State::default(),
            timer: 0,
            clock_rate: 1_000,
            paused_until: 0,
            reads: Vec::new(),
        }
    }

    /// Loses everything but the disk.
    pub fn crash(&mut self) {
        self.node = None;
        self.commands = Commands::default();
        self.state = State::default();
        self.timer += 1;
        self.reads.clear();
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

    /// Gives a message to the node. The commands are kept under the positions of the entries that it has
    /// taken into its log.
    pub fn receive(&mut self, message: Message, commands: &[u64]) {
        let Some(node) = &mut self.node else { return };
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
            let is_taken = position.index > node.log().snapshot_position().index
                && node.log().entries().contains(position);
            if is_taken {
                self.commands.insert(position, command);
            }
        }
    }

    /// Takes a snapshot that the leader has sent. It counts as stored when the node has accepted it.
    pub fn receive_snapshot(&mut self, snapshot: Snapshot) {
        let Some(node) = &mut self.node else { return };
        if !node.handle_snapshot_installed(snapshot.position, snapshot.config.clone()) {
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
        let Some(node) = &mut self.node else { return };
        let Some((position, config)) = node.log().get_position_and_config(self.state.applied)
        else {
            return;
        };
        let config = config.clone();
        let state = self.state;
        if node.handle_snapshot_installed(position, config.clone()) {
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

    /// Applies what is committed. Says what is wrong if a committed entry or its command is missing.
    pub fn apply_committed(&mut self) -> Result<(), &'static str> {
        let Some(node) = &self.node else {
            return Ok(());
        };
        let commit_index = node.commit_index();
        while self.state.applied < commit_index {
            let index = self.state.applied + LogIndex::new(1);
            let entries = node.log().entries();
            let term = entries
                .get_term(index)
                .ok_or("a committed entry is not in the log")?;
            let command = match entries.get_entry(index) {
                Some(LogEntry::Command) => {
                    let position = raftbare::LogPosition { term, index };
                    Some(
                        self.commands
                            .get(position)
                            .ok_or("the command of a committed entry is gone")?,
                    )
                }
                _ => None,
            };
            self.state.apply(index, command);
        }
        Ok(())
    }
}
