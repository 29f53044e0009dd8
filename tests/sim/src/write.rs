//! What a disk that takes its time is asked to write, and what it says of it (thesis §10.2.1).

use core::fmt::{Display, Formatter, Result as FmtResult};

use raftbare::{LogEntries, LogPosition, NodeId, Term};

use crate::disk::{Commands, Disk, Snapshot};

/// What was taken from the actions to be written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Write {
    /// The term and the vote.
    HardState(Term, Option<NodeId>),
    /// The entries, with the commands among them.
    Append(LogEntries, Commands),
    /// A snapshot. The node takes it over when it is written, so that none is on the disk that it does not know of.
    Snapshot(Snapshot),
}

/// What a disk says when it has written something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// This term and this vote are stored.
    HardState(Term, Option<NodeId>),
    /// The log is stored up to here.
    Log(LogPosition),
}

impl Write {
    /// Brings it to the disk.
    ///
    /// # Errors
    ///
    /// If it does not fit what is stored.
    pub fn make(self, disk: &mut Disk) -> Result<(), &'static str> {
        match self {
            Self::HardState(term, vote) => (disk.current_term, disk.voted_for) = (term, vote),
            Self::Append(entries, commands) => {
                let stored = disk.snapshot.position;
                // Behind a snapshot that has come meanwhile: only what goes on from it.
                let rest = match entries.prev_position().index < stored.index {
                    true => entries.since(stored),
                    false => Some(entries),
                };
                if let Some(rest) = rest {
                    disk.append(&rest, &commands, usize::MAX)?;
                }
            }
            Self::Snapshot(snapshot) => disk.install(snapshot),
        }
        Ok(())
    }

    /// What there is to report when it is made. A snapshot is told to the node with its configuration.
    #[must_use]
    pub fn report(&self) -> Option<Report> {
        match self {
            Self::HardState(term, vote) => Some(Report::HardState(*term, *vote)),
            Self::Append(entries, _) => Some(Report::Log(entries.last_position())),
            Self::Snapshot(_) => None,
        }
    }
}

impl Display for Write {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        match self {
            Self::HardState(term, vote) => Report::HardState(*term, *vote).fmt(f),
            Self::Append(entries, _) => entries.fmt(f),
            Self::Snapshot(snapshot) => {
                write!(f, "snapshot {} {}", snapshot.position, snapshot.config)
            }
        }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        match self {
            Self::HardState(term, None) => write!(f, "t{term} vote -"),
            Self::HardState(term, Some(vote)) => write!(f, "t{term} vote {vote}"),
            Self::Log(position) => position.fmt(f),
        }
    }
}
