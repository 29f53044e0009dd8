//! [`Log`]: a snapshot and the entries after it (§7); [`CommitStatus`].

use crate::entries::EntryRef;
use crate::{ClusterConfig, LogEntries, LogIndex, LogPosition};

/// The log of a node: what a snapshot stands for, and the entries after it (§5.3, §7).
///
/// This is what a node has to find again after a restart, together with its term and vote. The user stores
/// the entries as the [`Action::AppendLogEntries`](crate::Action::AppendLogEntries) say, and with a
/// snapshot its position and configuration.
///
/// ```
/// use raftbare::{ClusterConfig, Log, LogEntries, LogPosition};
///
/// let log = Log::new(ClusterConfig::new(), LogEntries::new(LogPosition::ZERO));
/// assert_eq!(log.last_position(), LogPosition::ZERO);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Log {
    snapshot_config: ClusterConfig,
    entries: LogEntries,
}

impl Log {
    /// Makes a log of `entries` that follow a snapshot whose configuration is `snapshot_config`.
    ///
    /// The snapshot's position is [`LogEntries::prev_position`]. Without a snapshot these are
    /// [`ClusterConfig::new`] and [`LogPosition::ZERO`].
    ///
    /// ```
    /// # use raftbare::{ClusterConfig, Log, LogEntries, LogEntry, LogPosition};
    /// let entries = LogEntries::from_iter(LogPosition::ZERO, [LogEntry::Command]);
    /// assert_eq!(Log::new(ClusterConfig::new(), entries).entries().len(), 1);
    /// ```
    #[must_use]
    pub const fn new(snapshot_config: ClusterConfig, entries: LogEntries) -> Self {
        Self {
            snapshot_config,
            entries,
        }
    }

    /// The entries after the snapshot.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// assert!(Node::start(NodeId::new(1)).log().entries().is_empty());
    /// ```
    #[must_use]
    pub fn entries(&self) -> &LogEntries {
        &self.entries
    }

    /// The position of the last entry; that of the snapshot if there is no entry after it.
    ///
    /// ```
    /// # use raftbare::{LogPosition, Node, NodeId};
    /// assert_eq!(Node::start(NodeId::new(1)).log().last_position(), LogPosition::ZERO);
    /// ```
    #[must_use]
    pub fn last_position(&self) -> LogPosition {
        self.entries.last_position()
    }

    /// The position of the last entry that the snapshot includes; [`LogPosition::ZERO`] without one.
    ///
    /// ```
    /// # use raftbare::{LogPosition, Node, NodeId};
    /// assert_eq!(Node::start(NodeId::new(1)).log().snapshot_position(), LogPosition::ZERO);
    /// ```
    #[must_use]
    pub fn snapshot_position(&self) -> LogPosition {
        self.entries.prev_position()
    }

    /// The configuration at the position of the snapshot.
    ///
    /// ```
    /// # use raftbare::{ClusterConfig, Node, NodeId};
    /// assert_eq!(*Node::start(NodeId::new(1)).log().snapshot_config(), ClusterConfig::new());
    /// ```
    #[must_use]
    pub fn snapshot_config(&self) -> &ClusterConfig {
        &self.snapshot_config
    }

    /// §6: the configuration in force: the last one in the log, committed or not.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// let mut node = Node::start(NodeId::new(1));
    /// node.create_cluster(&[NodeId::new(1)]);
    /// assert!(node.log().latest_config().voters.contains(&NodeId::new(1)));
    /// ```
    #[must_use]
    pub fn latest_config(&self) -> &ClusterConfig {
        self.entries
            .last_config()
            .map_or(&self.snapshot_config, |(_, config)| config)
    }

    /// The position at `index` and the configuration in force there; `None` outside the log.
    ///
    /// The log starts at the position of the snapshot, that one included. A snapshot of the state at
    /// `index` is stored with these two, and handed to
    /// [`Node::handle_snapshot_installed`](crate::Node::handle_snapshot_installed).
    ///
    /// ```
    /// # use raftbare::{LogIndex, Node, NodeId};
    /// let mut node = Node::start(NodeId::new(1));
    /// let position = node.create_cluster(&[NodeId::new(1)]);
    /// let (at, config) = node.log().get_position_and_config(position.index).expect("it is in the log");
    /// assert_eq!(at, position);
    /// assert_eq!(config.voters.len(), 1);
    /// assert_eq!(node.log().get_position_and_config(LogIndex::new(99)), None);
    /// ```
    #[must_use]
    pub fn get_position_and_config(
        &self,
        index: LogIndex,
    ) -> Option<(LogPosition, &ClusterConfig)> {
        let position = self.entries.position_at(index)?;
        Some((position, self.config_at(index)))
    }

    /// The index at which the configuration in force stands.
    pub(crate) fn latest_config_index(&self) -> LogIndex {
        self.entries
            .last_config()
            .map_or(self.snapshot_position().index, |&(index, _)| index)
    }

    /// §6: the configuration in force at `index` and all later ones in the log, oldest first.
    pub(crate) fn configs_from(&self, index: LogIndex) -> impl Iterator<Item = &ClusterConfig> {
        let later = self.entries.configs_after(index);
        core::iter::once(self.config_at(index)).chain(later.iter().map(|(_, config)| config))
    }

    /// Appends one entry.
    pub(crate) fn push(&mut self, entry: EntryRef<'_>) {
        self.entries.push_ref(entry);
    }

    /// §5.3: replaces all after the start of `entries`, which is a position of this log, by `entries`.
    pub(crate) fn overwrite(&mut self, entries: &LogEntries) {
        self.entries.overwrite(entries);
    }

    /// §7: lets a snapshot stand for all up to `position`; the entries after it stay if this log contains it.
    pub(crate) fn compact(&mut self, position: LogPosition, config: ClusterConfig) {
        self.entries = self
            .entries
            .since(position)
            .unwrap_or(LogEntries::new(position));
        self.snapshot_config = config;
    }

    /// The configuration in force at `index`.
    pub(crate) fn config_at(&self, index: LogIndex) -> &ClusterConfig {
        self.entries
            .config_at(index)
            .map_or(&self.snapshot_config, |(_, config)| config)
    }
}

/// What has become of a proposed entry; the answer of
/// [`Node::get_commit_status`](crate::Node::get_commit_status).
///
/// ```
/// use raftbare::{CommitStatus, LogPosition, Node, NodeId};
///
/// let node = Node::start(NodeId::new(1));
/// assert_eq!(node.get_commit_status(LogPosition::INVALID), CommitStatus::Rejected);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CommitStatus {
    /// Not decided yet: the entry may still be committed, or overwritten.
    InProgress,
    /// The entry is committed: it stays in the log at this position, for ever and on every node.
    Committed,
    /// Another entry was committed in its place: this one never will be.
    Rejected,
    /// A snapshot stands for this part of the log, so nothing is known of the single entry.
    Unknown,
}

impl CommitStatus {
    /// Whether this is [`CommitStatus::InProgress`].
    ///
    /// ```
    /// assert!(raftbare::CommitStatus::InProgress.is_in_progress());
    /// ```
    #[must_use]
    pub const fn is_in_progress(self) -> bool {
        matches!(self, Self::InProgress)
    }

    /// Whether this is [`CommitStatus::Committed`].
    ///
    /// ```
    /// assert!(raftbare::CommitStatus::Committed.is_committed());
    /// ```
    #[must_use]
    pub const fn is_committed(self) -> bool {
        matches!(self, Self::Committed)
    }

    /// Whether this is [`CommitStatus::Rejected`].
    ///
    /// ```
    /// assert!(raftbare::CommitStatus::Rejected.is_rejected());
    /// ```
    #[must_use]
    pub const fn is_rejected(self) -> bool {
        matches!(self, Self::Rejected)
    }

    /// Whether this is [`CommitStatus::Unknown`].
    ///
    /// ```
    /// assert!(raftbare::CommitStatus::Unknown.is_unknown());
    /// ```
    #[must_use]
    pub const fn is_unknown(self) -> bool {
        matches!(self, Self::Unknown)
    }
}
