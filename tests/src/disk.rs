//! A disk that does what the documentation of the actions says, and nothing else.
//!
//! It keeps its entries as a plain list of its own, so that it cannot share a mistake with `LogEntries`.

use raftbare::{Action, ClusterConfig, Log, LogEntries, LogEntry, LogPosition, Node, NodeId, Term};

/// What survives a crash of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    term: Term,
    voted_for: Option<NodeId>,
    snapshot_position: LogPosition,
    snapshot_config: ClusterConfig,
    entries: Vec<(LogPosition, LogEntry)>,
}

impl Default for Disk {
    fn default() -> Self {
        Self {
            term: Term::ZERO,
            voted_for: None,
            snapshot_position: LogPosition::ZERO,
            snapshot_config: ClusterConfig::new(),
            entries: Vec::new(),
        }
    }
}

impl Disk {
    /// The disk of a node that has executed all its actions.
    pub fn of(node: &Node) -> Self {
        let log = node.log();
        Self {
            term: node.current_term(),
            voted_for: node.voted_for(),
            snapshot_position: log.snapshot_position(),
            snapshot_config: log.snapshot_config().clone(),
            entries: log.entries().iter_with_positions().collect(),
        }
    }

    /// Executes an action that was just taken from `node`; those that store nothing are ignored.
    pub fn execute(&mut self, node: &Node, action: &Action) {
        match action {
            Action::SaveCurrentTerm => self.term = node.current_term(),
            Action::SaveVotedFor => self.voted_for = node.voted_for(),
            Action::AppendLogEntries(entries) => self.append(entries),
            Action::SetElectionTimeout
            | Action::BroadcastMessage(_)
            | Action::SendMessage(..)
            | Action::InstallSnapshot(_) => {}
        }
    }

    /// Stores the term and the vote together.
    pub fn save_hard_state(&mut self, term: Term, voted_for: Option<NodeId>) {
        (self.term, self.voted_for) = (term, voted_for);
    }

    /// The stored term and vote.
    pub fn hard_state(&self) -> (Term, Option<NodeId>) {
        (self.term, self.voted_for)
    }

    /// Executes all pending actions of `node` that store something, and drops the others.
    pub fn execute_all(&mut self, node: &mut Node) {
        while let Some(action) = node.actions_mut().next() {
            self.execute(node, &action);
        }
    }

    /// Drops what is stored after the entries' start, then appends them.
    ///
    /// # Panics
    ///
    /// If that leaves a gap, or the entry before the first one is another one here.
    pub fn append(&mut self, entries: &LogEntries) {
        let prev = entries.prev_position();
        assert!(
            self.contains(prev),
            "nothing at {prev} to append {entries} to: {self:?}"
        );
        self.entries
            .retain(|(position, _)| position.index <= prev.index);
        self.entries.extend(entries.iter_with_positions());
    }

    /// Stores a snapshot. The entries after it stay if it stands for this very log, else all are dropped.
    pub fn install_snapshot(&mut self, position: LogPosition, config: ClusterConfig) {
        match self.contains(position) {
            true => self
                .entries
                .retain(|(stored, _)| stored.index > position.index),
            false => self.entries.clear(),
        }
        self.snapshot_position = position;
        self.snapshot_config = config;
    }

    /// Whether the entry at `position` is stored, or `position` is the snapshot's.
    pub fn contains(&self, position: LogPosition) -> bool {
        position == self.snapshot_position
            || self.entries.iter().any(|&(stored, _)| stored == position)
    }

    /// Whether the entry at `position` is stored, or stood for by the snapshot.
    pub fn covers(&self, position: LogPosition) -> bool {
        position.index < self.snapshot_position.index || self.contains(position)
    }

    /// What is stored, for [`Node::restart`].
    ///
    /// # Panics
    ///
    /// If the entries read back have other positions than those written.
    pub fn log(&self) -> Log {
        let stored = self.entries.iter().map(|(_, entry)| entry.clone());
        let entries = LogEntries::from_iter(self.snapshot_position, stored);
        let positions = self.entries.iter().map(|&(position, _)| position);
        assert!(
            entries
                .iter_with_positions()
                .map(|(position, _)| position)
                .eq(positions)
        );
        Log::new(self.snapshot_config.clone(), entries)
    }

    /// Starts the node again from what is stored.
    pub fn restart(&self, id: NodeId) -> Node {
        Node::restart(id, self.term, self.voted_for, self.log())
    }

    /// Checks that what is stored is what `node` has in memory. It has to be so whenever nothing is pending.
    ///
    /// # Panics
    ///
    /// If it is not.
    #[track_caller]
    pub fn assert_equals_memory(&self, node: &Node) {
        assert!(
            node.actions().is_empty(),
            "actions are pending: {}",
            node.actions()
        );
        assert_eq!(
            self.term,
            node.current_term(),
            "the term on disk, and of {node}"
        );
        assert_eq!(
            self.voted_for,
            node.voted_for(),
            "the vote on disk, and of {node}"
        );
        assert_eq!(self.log(), *node.log(), "the log on disk, and of {node}");
    }
}
