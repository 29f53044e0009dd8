//! The writes of a server whose node goes on while its disk is at work (thesis §10.2.1): they wait in a queue, are made
//! in their order, and are reported. Which of this happens when is for whoever drives the server to say.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use raftbare::{LogEntries, LogEntry, LogPosition, Node};

use super::{Payload, Server};
use crate::disk::{Commands, Snapshot};
use crate::integration::Effect;
use crate::write::{Report, Write};

/// A mistake in reporting what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LateFlaw {
    /// A write of the log is reported when it begins.
    LogReportedEarly,
    /// Term and vote are reported when their write begins.
    HardStateReportedEarly,
    /// The newest of the writes that wait is made first.
    WritesOutOfOrder,
    /// Of a write only the index is known where it ends: the entry reported is the one that is there by then.
    ReportedByIndex,
}

impl LateFlaw {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::LogReportedEarly,
        Self::HardStateReportedEarly,
        Self::WritesOutOfOrder,
        Self::ReportedByIndex,
    ];
}

/// The writes that wait, and what was written.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
pub(super) struct Writes {
    /// Oldest first.
    pub(super) queue: VecDeque<Write>,
    /// Where the newest write of the log has ended in this life.
    log_end: Option<LogPosition>,
    flaw: Option<LateFlaw>,
}

impl Writes {
    /// Loses what waits.
    pub(super) fn crash(&mut self) {
        self.queue.clear();
        self.log_end = None;
    }
}

impl Server {
    /// The same server with this mistake in its reports.
    #[must_use]
    pub fn with_late_flaw(mut self, flaw: Option<LateFlaw>) -> Self {
        self.writes.flaw = flaw;
        self
    }

    /// Whether the node waits for reports of what is stored.
    #[must_use]
    pub fn is_late(&self) -> bool {
        let node = self.node.as_ref();
        node.is_some_and(|node| node.options().asynchronous_storage)
    }

    /// The writes that wait, oldest first.
    pub fn waiting_writes(&self) -> impl ExactSizeIterator<Item = &Write> {
        self.writes.queue.iter()
    }

    /// Whether the node knows of writes that are not stored yet, or not reported.
    #[must_use]
    pub fn has_unreported_writes(&self) -> bool {
        let is_stored = |node: &Node| node.durable_index() == node.log().last_position().index;
        self.is_late()
            && !(self.writes.queue.is_empty() && self.node.as_ref().is_some_and(is_stored))
    }

    /// What the newest writes have stored, to be reported again.
    pub fn newest_reports(&self) -> impl Iterator<Item = Report> + use<> {
        let hard_state = Report::HardState(self.disk.current_term, self.disk.voted_for);
        let log_end = self.writes.log_end;
        let log = log_end.unwrap_or(self.disk.entries.last_position());
        [hard_state, Report::Log(log)].into_iter()
    }

    /// The present term and vote are to be written, both together.
    pub(super) fn begin_hard_state(&mut self) -> Effect<Box<Payload>> {
        let node = self.node.as_ref();
        let write = node.map(|node| Write::HardState(node.current_term(), node.voted_for()));
        if let Some(write) = write.filter(|write| self.writes.queue.back() != Some(write)) {
            self.begin(write);
        }
        Effect::Done
    }

    pub(super) fn begin_append(&mut self, entries: LogEntries) -> Effect<Box<Payload>> {
        let mut commands = Commands::default();
        for (position, entry) in entries.iter_with_positions() {
            if let (LogEntry::Command, Some(command)) = (entry, self.commands.get(position)) {
                commands.insert(position, command);
            }
        }
        self.begin(Write::Append(entries.clone(), commands));
        Effect::Append(entries)
    }

    /// A snapshot is to be written, if the node would take it over, and no newer one is on its way to the disk.
    pub(super) fn begin_snapshot(&mut self, snapshot: Snapshot) {
        let is_newest = |write: &Write| match write {
            Write::Snapshot(other) => other.position.index < snapshot.position.index,
            _ => true,
        };
        let (position, config) = (snapshot.position, snapshot.config.clone());
        let is_wanted = position.index > self.disk.snapshot.position.index
            && self.writes.queue.iter().all(is_newest)
            && (self.node.clone())
                .is_some_and(|mut node| node.handle_snapshot_installed(position, config));
        if is_wanted {
            self.begin(Write::Snapshot(snapshot));
        }
    }

    /// The newest snapshot that is on the disk, or on its way there.
    #[must_use]
    pub fn newest_snapshot(&self) -> &Snapshot {
        let waiting = self.writes.queue.iter().rev();
        let mut snapshots = waiting.filter_map(|write| match write {
            Write::Snapshot(snapshot) => Some(snapshot),
            _ => None,
        });
        snapshots.next().unwrap_or(&self.disk.snapshot)
    }

    fn begin(&mut self, write: Write) {
        let (early, flaw) = (write.report(), self.writes.flaw);
        self.writes.queue.push_back(write);
        match (early, flaw) {
            (Some(report @ Report::Log(_)), Some(LateFlaw::LogReportedEarly))
            | (Some(report @ Report::HardState(..)), Some(LateFlaw::HardStateReportedEarly)) => {
                self.report(report);
            }
            _ => {}
        }
    }

    /// The disk makes the oldest of the writes that wait, and reports nothing yet.
    ///
    /// # Errors
    ///
    /// If it does not fit what is stored.
    pub fn write_next(&mut self) -> Result<Option<Write>, &'static str> {
        let next = match self.writes.flaw {
            Some(LateFlaw::WritesOutOfOrder) => self.writes.queue.pop_back(),
            _ => self.writes.queue.pop_front(),
        };
        let Some(write) = next else {
            return Ok(None);
        };
        if let Write::Snapshot(snapshot) = &write {
            self.install(snapshot.clone());
            if self.disk.snapshot.position != snapshot.position {
                return Err("the node refuses a snapshot that it has wanted");
            }
            return Ok(Some(write));
        }
        write.clone().make(&mut self.disk)?;
        if let Some(Report::Log(end)) = write.report() {
            self.writes.log_end = Some(end);
        }
        Ok(Some(write))
    }

    /// The disk makes so many of the writes that wait, and reports the newest of each kind: one for all.
    ///
    /// # Errors
    ///
    /// If one of them does not fit what is stored.
    pub fn write_and_report(&mut self, count: usize) -> Result<(), &'static str> {
        let (mut hard_state, mut log) = (None, None);
        for _ in 0..count {
            match self.write_next()?.and_then(|write| write.report()) {
                Some(report @ Report::HardState(..)) => hard_state = Some(report),
                Some(report @ Report::Log(_)) => log = Some(report),
                None => {}
            }
        }
        let reports = [hard_state, log].into_iter().flatten();
        reports.for_each(|report| self.report(report));
        Ok(())
    }

    /// Gives a report to the node.
    pub fn report(&mut self, report: Report) {
        let Some(node) = &mut self.node else {
            return;
        };
        match report {
            Report::HardState(term, vote) => node.handle_hard_state_persisted(term, vote),
            Report::Log(position) => {
                let by_index = self.writes.flaw == Some(LateFlaw::ReportedByIndex);
                let found = by_index.then(|| entry_at(node, position)).flatten();
                node.handle_log_persisted(found.unwrap_or(position));
            }
        }
    }
}

/// The entry of this node at the index of `position`, whatever its term.
fn entry_at(node: &Node, position: LogPosition) -> Option<LogPosition> {
    let index = position.index;
    let term = node.log().entries().get_term(index)?;
    Some(LogPosition { term, index })
}
