//! [`Walk`]: from entry to entry, with the choice to skip commands.

use super::{EntryRef, LogEntry};
use crate::{ClusterConfig, LogIndex, LogPosition, Term};

/// Walks the entries and both lists side by side.
pub(crate) struct Walk<'a> {
    pub(super) position: LogPosition,
    pub(super) last_index: LogIndex,
    pub(super) terms: core::slice::Iter<'a, (LogIndex, Term)>,
    pub(super) configs: core::slice::Iter<'a, (LogIndex, ClusterConfig)>,
}

impl<'a> Walk<'a> {
    /// Goes on to the next entry that is no command, or to the end; returns how many commands were skipped.
    pub(crate) fn skip_commands(&mut self) -> u64 {
        let term = self.terms.as_slice().first().map(|&(index, _)| index);
        let config = self.configs.as_slice().first().map(|&(index, _)| index);
        let next = term.into_iter().chain(config).min();
        let last_command = next.map_or(self.last_index, LogIndex::prev);
        let skipped = last_command.distance_from(self.position.index);
        self.position.index = last_command;
        skipped
    }

    /// The next entry, not copied.
    pub(crate) fn next_ref(&mut self) -> Option<(LogPosition, EntryRef<'a>)> {
        if self.position.index == self.last_index {
            return None;
        }
        let index = self.position.index.checked_next()?;
        self.position.index = index;
        let term = self.terms.as_slice().first();
        if let Some(&(_, term)) = term.filter(|&&(at, _)| at == index) {
            self.terms.next();
            self.position.term = term;
            return Some((self.position, EntryRef::Term(term)));
        }
        let config = self.configs.as_slice().first();
        if let Some((_, config)) = config.filter(|&&(at, _)| at == index) {
            self.configs.next();
            return Some((self.position, EntryRef::ClusterConfig(config)));
        }
        Some((self.position, EntryRef::Command))
    }
}

impl Iterator for Walk<'_> {
    type Item = (LogPosition, LogEntry);

    fn next(&mut self) -> Option<Self::Item> {
        let (position, entry) = self.next_ref()?;
        let entry = match entry {
            EntryRef::Term(term) => LogEntry::Term(term),
            EntryRef::ClusterConfig(config) => LogEntry::ClusterConfig(config.clone()),
            EntryRef::Command => LogEntry::Command,
        };
        Some((position, entry))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let rest = self.last_index.distance_from(self.position.index);
        usize::try_from(rest).map_or((usize::MAX, None), |rest| (rest, Some(rest)))
    }
}
