//! What a server finds again after a crash.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;

use raftbare::{ClusterConfig, Log, LogEntries, LogEntry, LogIndex, LogPosition, NodeId, Term};

use crate::integration::Durable;
use crate::state::State;

/// The commands of a log by index, each with the term of its entry: two entries of one index are different.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
pub struct Commands(BTreeMap<LogIndex, (Term, u64)>);

impl Commands {
    /// The command of the entry at `position`.
    #[must_use]
    pub fn get(&self, position: LogPosition) -> Option<u64> {
        let (term, command) = self.0.get(&position.index)?;
        (*term == position.term).then_some(*command)
    }

    /// The command of the entry at `index`, of whatever term.
    #[must_use]
    pub fn get_by_index(&self, index: LogIndex) -> Option<u64> {
        self.0.get(&index).map(|&(_, command)| command)
    }

    /// Keeps a command for the entry at `position`, in place of one of another term.
    pub fn insert(&mut self, position: LogPosition, command: u64) {
        self.0.insert(position.index, (position.term, command));
    }

    /// Drops the commands above `index`.
    pub fn truncate_after(&mut self, index: LogIndex) {
        while self
            .0
            .last_key_value()
            .is_some_and(|(&last, _)| last > index)
        {
            self.0.pop_last();
        }
    }

    /// Drops the commands at and below `index`.
    pub fn drop_through(&mut self, index: LogIndex) {
        while self
            .0
            .first_key_value()
            .is_some_and(|(&first, _)| first <= index)
        {
            self.0.pop_first();
        }
    }
}

/// A snapshot: a state with the position and configuration that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Snapshot {
    /// The position of the last entry that the state includes.
    pub position: LogPosition,
    /// The configuration at that position.
    pub config: ClusterConfig,
    /// The state.
    pub state: State,
}

/// Durable storage. Every write is durable when it returns; what a crash loses is what was not written yet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Disk {
    /// What the last `SaveCurrentTerm` has written.
    pub current_term: Term,
    /// What the last `SaveVotedFor` has written.
    pub voted_for: Option<NodeId>,
    /// The snapshot; at first the empty state at position 0/0.
    pub snapshot: Snapshot,
    /// The entries after the snapshot.
    pub entries: LogEntries,
    /// The commands of the entries.
    pub commands: Commands,
}

impl Default for Disk {
    fn default() -> Self {
        Self {
            current_term: Term::ZERO,
            voted_for: None,
            snapshot: Snapshot {
                position: LogPosition::ZERO,
                config: ClusterConfig::new(),
                state: State::default(),
            },
            entries: LogEntries::new(LogPosition::ZERO),
            commands: Commands::default(),
        }
    }
}

impl Disk {
    /// Executes `AppendLogEntries`: drops what lies after the start of `entries`, then appends the first
    /// `keep` of them. Fewer than all are what a crash in the middle leaves.
    ///
    /// Says what is wrong if the append would leave a gap, follows another entry than it should, or needs a
    /// command that is not in `commands`.
    pub fn append(
        &mut self,
        entries: &LogEntries,
        commands: &Commands,
        keep: usize,
    ) -> Result<(), &'static str> {
        let prev = entries.prev_position();
        if !self.entries.contains(prev) {
            return Err("the append does not follow what is stored");
        }
        let kept = (prev.index - self.entries.prev_position().index).get();
        self.entries.truncate(kept as usize);
        self.commands.truncate_after(prev.index);
        for (position, entry) in entries.iter_with_positions().take(keep) {
            if entry == LogEntry::Command {
                let command = commands
                    .get(position)
                    .ok_or("the command of an appended entry is gone")?;
                self.commands.insert(position, command);
            }
            self.entries.push(entry);
        }
        Ok(())
    }

    /// As [`append`](Self::append) by somebody who does not drop what was stored after the start of `entries`
    /// and beyond their end.
    pub(crate) fn append_keeping_tail(
        &mut self,
        entries: &LogEntries,
        commands: &Commands,
    ) -> Result<(), &'static str> {
        let old = self.clone();
        self.append(entries, commands, usize::MAX)?;
        let end = self.entries.last_position().index;
        for (position, entry) in old
            .entries
            .iter_with_positions()
            .filter(|(position, _)| position.index > end)
        {
            if let Some(command) = old.commands.get(position) {
                self.commands.insert(position, command);
            }
            self.entries.push(entry);
        }
        Ok(())
    }

    /// Puts a snapshot in the place of all up to its position. The entries after it stay if the log contains it.
    pub fn install(&mut self, snapshot: Snapshot) {
        let position = snapshot.position;
        match self.entries.since(position) {
            Some(rest) => {
                self.entries = rest;
                self.commands.drop_through(position.index);
            }
            None => {
                self.entries = LogEntries::new(position);
                self.commands = Commands::default();
            }
        }
        self.snapshot = snapshot;
    }

    /// The log, as a restart reads it.
    #[must_use]
    pub fn log(&self) -> Log {
        Log::new(self.snapshot.config.clone(), self.entries.clone())
    }

    /// What a restart would find.
    #[must_use]
    pub fn durable(&self) -> Durable<'_> {
        Durable {
            current_term: self.current_term,
            voted_for: self.voted_for,
            snapshot_config: Cow::Borrowed(&self.snapshot.config),
            entries: Cow::Borrowed(&self.entries),
        }
    }
}
