//! [`LogEntry`] and [`LogEntries`]: a stretch of a log, in memory that does not grow with its commands.
//!
//! A log is mostly commands, and the crate knows nothing of a command but its position. So a stretch is its
//! first position, its last index, and two sorted lists: where a term starts and where a configuration
//! stands. All other entries are commands, and the term of each is that of the nearest start before it.

use crate::marks::{self, Marks};
use crate::{ClusterConfig, LogIndex, LogPosition, Term};

mod walk;

use walk::Walk;

/// One entry of the log (§5.3).
///
/// ```
/// use raftbare::{LogEntry, Term};
///
/// assert_ne!(LogEntry::Command, LogEntry::Term(Term::new(1)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LogEntry {
    /// The first entry of a leader: from here on the entries belong to this term. Once it is committed, so
    /// are all entries before it (§5.4.2, §8).
    Term(Term),
    /// A configuration of the cluster. It is in force as soon as it is in the log (§6).
    ClusterConfig(ClusterConfig),
    /// A command of the user, who keeps what it says under its position.
    Command,
}

/// Consecutive log entries after a known position.
///
/// Takes memory for its terms and configurations, none for its commands. Positions outside are a matter of
/// fact, not of trust: an entry's term is the last [`LogEntry::Term`] at or before it, or else the term of
/// [`prev_position`](Self::prev_position).
///
/// ```
/// use raftbare::{LogEntries, LogEntry, LogIndex, LogPosition, Term};
///
/// let mut entries = LogEntries::new(LogPosition::ZERO);
/// entries.push(LogEntry::Term(Term::new(1)));
/// entries.push(LogEntry::Command);
/// assert_eq!(entries.len(), 2);
/// assert_eq!(entries.last_position(), LogPosition { term: Term::new(1), index: LogIndex::new(2) });
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LogEntries {
    prev_position: LogPosition,
    last_position: LogPosition,
    /// The entries that are no commands.
    marks: Marks,
}

impl LogEntries {
    /// Makes an empty stretch that starts after `prev_position`.
    ///
    /// ```
    /// # use raftbare::{LogEntries, LogPosition};
    /// assert!(LogEntries::new(LogPosition::ZERO).is_empty());
    /// ```
    #[must_use]
    pub const fn new(prev_position: LogPosition) -> Self {
        Self {
            prev_position,
            last_position: prev_position,
            marks: Marks::NONE,
        }
    }

    /// Makes a stretch of `entries` that starts after `prev_position`.
    ///
    /// ```
    /// # use raftbare::{LogEntries, LogEntry, LogPosition};
    /// let entries = LogEntries::from_iter(LogPosition::ZERO, [LogEntry::Command, LogEntry::Command]);
    /// assert_eq!(entries.len(), 2);
    /// ```
    pub fn from_iter<I>(prev_position: LogPosition, entries: I) -> Self
    where
        I: IntoIterator<Item = LogEntry>,
    {
        let mut this = Self::new(prev_position);
        this.extend(entries);
        this
    }

    /// The number of entries (at most `usize::MAX`).
    ///
    /// ```
    /// # use raftbare::{LogEntries, LogEntry, LogPosition};
    /// assert_eq!(LogEntries::from_iter(LogPosition::ZERO, [LogEntry::Command]).len(), 1);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        let len = self.last_index().distance_from(self.prev_position.index);
        usize::try_from(len).unwrap_or(usize::MAX)
    }

    /// Whether there is no entry.
    ///
    /// ```
    /// # use raftbare::{LogEntries, LogPosition};
    /// assert!(LogEntries::new(LogPosition::ZERO).is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.last_index() == self.prev_position.index
    }

    /// The position before the first entry.
    ///
    /// ```
    /// # use raftbare::{LogEntries, LogPosition};
    /// assert_eq!(LogEntries::new(LogPosition::ZERO).prev_position(), LogPosition::ZERO);
    /// ```
    #[must_use]
    pub fn prev_position(&self) -> LogPosition {
        self.prev_position
    }

    /// The position of the last entry; [`prev_position`](Self::prev_position) if there is none.
    ///
    /// ```
    /// # use raftbare::{LogEntries, LogEntry, LogIndex, LogPosition};
    /// let entries = LogEntries::from_iter(LogPosition::ZERO, [LogEntry::Command]);
    /// assert_eq!(entries.last_position().index, LogIndex::new(1));
    /// ```
    #[must_use]
    pub fn last_position(&self) -> LogPosition {
        self.last_position
    }

    /// The entries from first to last.
    ///
    /// ```
    /// # use raftbare::{LogEntries, LogEntry, LogPosition};
    /// let entries = LogEntries::from_iter(LogPosition::ZERO, [LogEntry::Command]);
    /// assert_eq!(entries.iter().next(), Some(LogEntry::Command));
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = LogEntry> {
        self.iter_with_positions().map(|(_, entry)| entry)
    }

    /// The entries from first to last, each with its position.
    ///
    /// ```
    /// # use raftbare::{LogEntries, LogEntry, LogIndex, LogPosition};
    /// let entries = LogEntries::from_iter(LogPosition::ZERO, [LogEntry::Command, LogEntry::Command]);
    /// for (position, entry) in entries.iter_with_positions() {
    ///     assert!(entries.contains(position));
    ///     assert_eq!(entries.get_entry(position.index), Some(entry));
    /// }
    /// ```
    pub fn iter_with_positions(&self) -> impl Iterator<Item = (LogPosition, LogEntry)> {
        self.walk()
    }

    /// Whether `position` is one of these entries, with this very term, or [`prev_position`](Self::prev_position).
    ///
    /// ```
    /// # use raftbare::{LogEntries, LogIndex, LogPosition, Term};
    /// let entries = LogEntries::new(LogPosition::ZERO);
    /// assert!(entries.contains(LogPosition::ZERO));
    /// assert!(!entries.contains(LogPosition { term: Term::new(1), index: LogIndex::ZERO }));
    /// ```
    #[must_use]
    pub fn contains(&self, position: LogPosition) -> bool {
        self.get_term(position.index) == Some(position.term)
    }

    /// Whether `index` is that of one of these entries, whatever its term, or of
    /// [`prev_position`](Self::prev_position).
    ///
    /// ```
    /// # use raftbare::{LogEntries, LogIndex, LogPosition};
    /// let entries = LogEntries::new(LogPosition::ZERO);
    /// assert!(entries.contains_index(LogIndex::ZERO));
    /// assert!(!entries.contains_index(LogIndex::new(1)));
    /// ```
    #[must_use]
    pub fn contains_index(&self, index: LogIndex) -> bool {
        self.prev_position.index <= index && index <= self.last_index()
    }

    /// The term at `index`, that of [`prev_position`](Self::prev_position) included; `None` outside.
    ///
    /// ```
    /// # use raftbare::{LogEntries, LogEntry, LogIndex, LogPosition, Term};
    /// let entries = LogEntries::from_iter(LogPosition::ZERO, [LogEntry::Term(Term::new(4))]);
    /// assert_eq!(entries.get_term(LogIndex::new(1)), Some(Term::new(4)));
    /// assert_eq!(entries.get_term(LogIndex::new(2)), None);
    /// ```
    #[must_use]
    pub fn get_term(&self, index: LogIndex) -> Option<Term> {
        if !self.contains_index(index) {
            return None;
        }
        // Nearly every question is about the tail.
        let run = match self.marks.terms().last() {
            Some(&(start, _)) if index < start => marks::last_at(self.marks.terms(), index),
            last => last,
        };
        Some(run.map_or(self.prev_position.term, |&(_, term)| term))
    }

    /// The entry at `index`; `None` outside and at [`prev_position`](Self::prev_position).
    ///
    /// ```
    /// # use raftbare::{LogEntries, LogEntry, LogIndex, LogPosition};
    /// let entries = LogEntries::from_iter(LogPosition::ZERO, [LogEntry::Command]);
    /// assert_eq!(entries.get_entry(LogIndex::new(1)), Some(LogEntry::Command));
    /// assert_eq!(entries.get_entry(LogIndex::ZERO), None);
    /// ```
    #[must_use]
    pub fn get_entry(&self, index: LogIndex) -> Option<LogEntry> {
        if index <= self.prev_position.index || self.last_index() < index {
            return None;
        }
        if let Some(&(_, term)) = marks::exactly_at(self.marks.terms(), index) {
            return Some(LogEntry::Term(term));
        }
        if let Some((_, config)) = marks::exactly_at(self.marks.configs(), index) {
            return Some(LogEntry::ClusterConfig(config.clone()));
        }
        Some(LogEntry::Command)
    }

    /// Appends an entry. At the index `u64::MAX` there is no room for another, and nothing happens.
    ///
    /// ```
    /// # use raftbare::{LogEntries, LogEntry, LogPosition};
    /// let mut entries = LogEntries::new(LogPosition::ZERO);
    /// entries.push(LogEntry::Command);
    /// assert_eq!(entries.len(), 1);
    /// ```
    pub fn push(&mut self, entry: LogEntry) {
        let Some(index) = self.last_index().checked_next() else {
            return;
        };
        match entry {
            LogEntry::Term(term) => {
                self.marks.push_term(index, term);
                self.last_position.term = term;
            }
            LogEntry::ClusterConfig(config) => self.marks.push_config(index, config),
            LogEntry::Command => {}
        }
        self.last_position.index = index;
    }

    /// Keeps the first `len` entries. If there are not more, nothing happens.
    ///
    /// A call may be cut so before it is sent, for a transport with a largest message: the follower answers
    /// with what it got, and the leader sends the rest.
    ///
    /// ```
    /// # use raftbare::{LogEntries, LogEntry, LogPosition};
    /// let mut entries = LogEntries::from_iter(LogPosition::ZERO, [LogEntry::Command, LogEntry::Command]);
    /// entries.truncate(1);
    /// assert_eq!(entries.len(), 1);
    /// ```
    pub fn truncate(&mut self, len: usize) {
        let len = u64::try_from(len).unwrap_or(u64::MAX);
        let last = self.prev_position.index.get().saturating_add(len);
        self.truncate_after(LogIndex::new(last));
    }

    /// The entries after `position`, or `None` if [`contains`](Self::contains) does not hold for it.
    ///
    /// Costs the terms and configurations after `position`, whatever lies before.
    ///
    /// ```
    /// # use raftbare::{LogEntries, LogEntry, LogIndex, LogPosition, Term};
    /// let entries = LogEntries::from_iter(LogPosition::ZERO, [LogEntry::Command, LogEntry::Command]);
    /// let first = LogPosition { term: Term::ZERO, index: LogIndex::new(1) };
    /// assert_eq!(entries.since(first).map(|rest| rest.len()), Some(1));
    /// assert_eq!(entries.since(LogPosition::INVALID), None);
    /// ```
    #[must_use]
    pub fn since(&self, position: LogPosition) -> Option<Self> {
        self.contains(position).then(|| Self {
            prev_position: position,
            last_position: self.last_position,
            marks: self.marks.since(position.index),
        })
    }

    /// Appends an entry that is only looked at.
    pub(crate) fn push_ref(&mut self, entry: EntryRef<'_>) {
        match entry {
            EntryRef::Term(term) => self.push(LogEntry::Term(term)),
            EntryRef::ClusterConfig(config) => self.push(LogEntry::ClusterConfig(config.clone())),
            EntryRef::Command => {
                self.push_commands(1);
            }
        }
    }

    /// The index of the last entry; that of [`prev_position`](Self::prev_position) if there is none.
    pub(crate) fn last_index(&self) -> LogIndex {
        self.last_position.index
    }

    /// Appends so many commands at once, or none if there are not so many indexes left; says whether it did.
    pub(crate) fn push_commands(&mut self, count: u64) -> bool {
        let last = self.last_index().get().checked_add(count);
        if let Some(last) = last {
            self.last_position.index = LogIndex::new(last);
        }
        last.is_some()
    }

    /// How many of the entries are commands.
    pub(crate) fn command_count(&self) -> usize {
        self.commands_up_to(self.last_index())
    }

    /// How many of the entries up to `index` are commands.
    pub(crate) fn commands_up_to(&self, index: LogIndex) -> usize {
        let start = self.prev_position.index;
        let entries = index.min(self.last_index()).distance_from(start);
        let terms = marks::count_up_to(self.marks.terms(), index);
        let others = terms.saturating_add(marks::count_up_to(self.marks.configs(), index));
        let entries = usize::try_from(entries).unwrap_or(usize::MAX);
        entries.saturating_sub(others)
    }

    /// Walks the entries, with the choice to skip commands.
    pub(crate) fn walk(&self) -> Walk<'_> {
        Walk {
            position: self.prev_position,
            last_index: self.last_index(),
            terms: self.marks.terms().iter(),
            configs: self.marks.configs().iter(),
        }
    }

    /// The position of the entry at `index`, [`prev_position`](Self::prev_position) included.
    pub(crate) fn position_at(&self, index: LogIndex) -> Option<LogPosition> {
        Some(LogPosition {
            term: self.get_term(index)?,
            index,
        })
    }

    /// §5.3: the last position with an index at most `limit.index` and a term at most `limit.term`.
    ///
    /// Two logs that ask each other so meet at their last common position in a round trip per term.
    pub(crate) fn last_position_within(&self, limit: LogPosition) -> Option<LogPosition> {
        let later_terms = self
            .marks
            .terms()
            .partition_point(|&(_, term)| term <= limit.term);
        let last_index = self
            .marks
            .terms()
            .get(later_terms)
            .map_or(self.last_index(), |&(start, _)| start.prev());
        self.position_at(last_index.min(limit.index))
            .filter(|position| position.term <= limit.term)
    }

    /// §5.3: the last index at which both have the same term, given that they agree where `other` starts.
    ///
    /// By Log Matching all before it is the same, so the search may halve.
    #[cold]
    pub(crate) fn last_common_index(&self, other: &Self) -> LogIndex {
        let same = |index| self.get_term(index) == other.get_term(index);
        let mut common = other.prev_position.index.max(self.prev_position.index);
        let mut end = self.last_index().min(other.last_index());
        if same(end) {
            return end.max(common);
        }
        // Invariant: equal at `common`, different at `end`.
        while end.distance_from(common) > 1 {
            let middle = LogIndex::new(common.get().midpoint(end.get()));
            if same(middle) {
                common = middle;
            } else {
                end = middle;
            }
        }
        common
    }

    /// Drops what lies after `index`.
    pub(crate) fn truncate_after(&mut self, index: LogIndex) {
        if index < self.last_index() {
            let last_index = index.max(self.prev_position.index);
            self.last_position.term = self.get_term(last_index).unwrap_or(self.prev_position.term);
            self.last_position.index = last_index;
            self.marks.truncate_after(last_index);
        }
    }

    /// Replaces what lies after the start of `other` by `other`, which starts at one of these positions.
    pub(crate) fn overwrite(&mut self, other: &Self) {
        self.truncate_after(other.prev_position.index);
        self.marks.extend(&other.marks);
        self.last_position = other.last_position;
    }

    /// The last configuration at or below `index`, with its index.
    pub(crate) fn config_at(&self, index: LogIndex) -> Option<&(LogIndex, ClusterConfig)> {
        marks::last_at(self.marks.configs(), index)
    }

    /// The configurations above `index`, oldest first.
    pub(crate) fn configs_after(&self, index: LogIndex) -> &[(LogIndex, ClusterConfig)] {
        marks::after(self.marks.configs(), index)
    }

    /// The last configuration, with its index.
    pub(crate) fn last_config(&self) -> Option<&(LogIndex, ClusterConfig)> {
        self.marks.configs().last()
    }

    /// Whether the terms never fall and none is above `limit`, as in every log of a real leader.
    pub(crate) fn has_rising_terms_up_to(&self, limit: Term) -> bool {
        let mut last = self.prev_position.term;
        for &(_, term) in self.marks.terms() {
            if term < last {
                return false;
            }
            last = term;
        }
        last <= limit
    }
}

impl Extend<LogEntry> for LogEntries {
    fn extend<I: IntoIterator<Item = LogEntry>>(&mut self, entries: I) {
        for entry in entries {
            self.push(entry);
        }
    }
}

/// An entry that is only looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum EntryRef<'a> {
    Term(Term),
    ClusterConfig(&'a ClusterConfig),
    Command,
}
