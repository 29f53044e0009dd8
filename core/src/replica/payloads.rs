//! The payloads of the commands in the log, by position.

use alloc::collections::VecDeque;

use crate::{Log, LogEntries, LogEntry, LogIndex, LogPosition, Term};

/// What the commands of a [`Replica`](super::Replica) are kept and sent as: bytes, one way or another.
///
/// Implemented for everything that fits, such as `Vec<u8>`, `Box<[u8]>`, `Arc<[u8]>`, `heapless::Vec<u8, N>` and
/// `[u8; N]`. A payload is cloned once, to be stored. A command whose bytes are refused by the `TryFrom` (too
/// many for a `heapless::Vec`, say) is not accepted from the leader, and so never acknowledged.
pub trait Payload: Clone + AsRef<[u8]> + for<'a> TryFrom<&'a [u8]> {}

impl<T: Clone + AsRef<[u8]> + for<'a> TryFrom<&'a [u8]>> Payload for T {}

/// A slot for each entry after the snapshot: its term, and the payload if it is a command.
///
/// Invariant after each [`follow`](Self::follow): the slots are the entries of the log, and those of commands
/// have their payloads.
#[derive(Debug, Clone)]
pub(super) struct PayloadLog<P> {
    /// The index before the first slot.
    prev: LogIndex,
    slots: VecDeque<(Term, Option<P>)>,
}

impl<P> PayloadLog<P> {
    pub(super) fn new(prev: LogIndex) -> Self {
        Self {
            prev,
            slots: VecDeque::new(),
        }
    }

    /// The payload of the command at this position.
    pub(super) fn get(&self, position: LogPosition) -> Option<&P> {
        let offset = position.index.get().checked_sub(self.prev.get())?;
        let slot = usize::try_from(offset.checked_sub(1)?).ok()?;
        let (term, payload) = self.slots.get(slot)?;
        payload.as_ref().filter(|_| *term == position.term)
    }

    /// Drops the payloads above `index`.
    pub(super) fn truncate_after(&mut self, index: LogIndex) {
        let slots = index.distance_from(self.prev);
        self.slots
            .truncate(usize::try_from(slots).unwrap_or(usize::MAX));
    }

    /// Makes the slots those of `log`, whatever has changed in it: what is not there any more goes first; then
    /// new entries take their payloads from `payload_of`, which is asked in the order of the log.
    pub(super) fn follow(
        &mut self,
        log: &Log,
        mut payload_of: impl FnMut(LogPosition) -> Option<P>,
    ) {
        let entries = log.entries();
        while self.prev < log.snapshot_position().index {
            self.prev = match self.slots.pop_front() {
                Some(_) => self.prev.plus(1),
                None => log.snapshot_position().index,
            };
        }
        // Logs that agree at an index agree before it (§5.3), so from the end on what differs is gone.
        while let Some(&(term, _)) = self.slots.back() {
            if entries.get_term(self.last_index()) == Some(term) {
                break;
            }
            self.slots.pop_back();
        }
        while let Some(index) = self.last_index().checked_next() {
            let Some(position) = entries.position_at(index) else {
                break;
            };
            let is_command = entries.get_entry(index) == Some(LogEntry::Command);
            let payload = is_command.then(|| payload_of(position)).flatten();
            self.slots.push_back((position.term, payload));
        }
    }

    fn last_index(&self) -> LogIndex {
        self.prev.plus(self.slots.len())
    }
}

impl<P: AsRef<[u8]>> PayloadLog<P> {
    /// The payloads of the commands among `entries`, as far as they are here.
    pub(super) fn of<'a>(&'a self, entries: &'a LogEntries) -> impl Iterator<Item = &'a P> {
        commands(entries).filter_map(|position| self.get(position))
    }

    /// How many of `entries` go into one call of at most so many bytes of payloads: at least one of them. `None`
    /// if a payload is gone with a snapshot, so that the call cannot be sent any more.
    pub(super) fn fitting(&self, entries: &LogEntries, max_bytes: usize) -> Option<usize> {
        let mut bytes = 0_usize;
        for position in commands(entries) {
            bytes = bytes.saturating_add(self.get(position)?.as_ref().len());
            if bytes > max_bytes {
                let before = position
                    .index
                    .distance_from(entries.prev_position().index)
                    .saturating_sub(1);
                return usize::try_from(before).ok().map(|before| before.max(1));
            }
        }
        Some(entries.len())
    }
}

/// The positions of the commands among `entries`.
pub(super) fn commands(entries: &LogEntries) -> impl Iterator<Item = LogPosition> {
    let all = entries.iter_with_positions();
    all.filter(|(_, entry)| *entry == LogEntry::Command)
        .map(|(position, _)| position)
}
