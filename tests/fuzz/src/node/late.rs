//! What a disk that takes its time has still to write, and to report (thesis §10.2.1).

use std::collections::VecDeque;

use raftbare::{Action, LogEntries, LogPosition, Node, NodeId, Term};
use raftbare_tests::disk::Disk;

/// What was taken from the actions to be written.
#[derive(Debug, Clone)]
enum Write {
    HardState(Term, Option<NodeId>),
    Append(LogEntries),
}

/// What a disk says when it has written something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// This term and this vote are stored.
    HardState(Term, Option<NodeId>),
    /// The log is stored up to here.
    Log(LogPosition),
}

impl Report {
    /// The report arrives at the node.
    pub fn arrive(self, node: &mut Node) {
        match self {
            Self::HardState(term, vote) => node.handle_hard_state_persisted(term, vote),
            Self::Log(position) => node.handle_log_persisted(position),
        }
    }
}

/// Two queues: what is to be written, and what is written and to be reported. Each in the order of the actions.
#[derive(Debug, Default)]
pub(super) struct Late {
    writes: VecDeque<Write>,
    reports: VecDeque<Report>,
    /// The newest reports that have arrived.
    hard_state: Option<Report>,
    log: Option<Report>,
}

impl Late {
    /// Puts a piece of work aside. Term and vote go together.
    pub(super) fn begin(&mut self, node: &mut Node, action: &Action) {
        match action {
            Action::SaveCurrentTerm | Action::SaveVotedFor => {
                node.actions_mut().save_voted_for = false;
                let (term, vote) = (node.current_term(), node.voted_for());
                self.writes.push_back(Write::HardState(term, vote));
            }
            Action::AppendLogEntries(entries) => {
                self.writes.push_back(Write::Append(entries.clone()));
            }
            _ => {}
        }
    }

    /// Makes the first writes that wait.
    pub(super) fn write(&mut self, count: usize, disk: &mut Disk) {
        for write in self.writes.drain(..count.min(self.writes.len())) {
            self.reports.push_back(match write {
                Write::HardState(term, vote) => {
                    disk.save_hard_state(term, vote);
                    Report::HardState(term, vote)
                }
                Write::Append(entries) => {
                    disk.append(&entries);
                    Report::Log(entries.last_position())
                }
            });
        }
    }

    /// The first reports that wait; or the newest of each kind among them, which stand for all.
    pub(super) fn report(&mut self, count: usize, only_newest: bool) -> Vec<Report> {
        let reports = self.reports.drain(..count.min(self.reports.len()));
        let mut reports = Vec::from_iter(reports);
        let newest = |is_it: fn(&Report) -> bool| reports.iter().copied().rfind(is_it);
        let hard_state = newest(|it| matches!(it, Report::HardState(..)));
        let log = newest(|it| matches!(it, Report::Log(_)));
        self.hard_state = hard_state.or(self.hard_state);
        self.log = log.or(self.log);
        if only_newest {
            reports = log.into_iter().chain(hard_state).collect();
        }
        reports
    }

    /// The newest reports that have arrived, once more.
    pub(super) fn report_again(&self) -> impl Iterator<Item = Report> {
        self.hard_state.into_iter().chain(self.log)
    }

    /// Whether everything is written and reported.
    pub(super) fn is_done(&self) -> bool {
        self.writes.is_empty() && self.reports.is_empty()
    }
}
