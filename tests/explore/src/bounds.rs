//! How far the exploration goes.

use std::collections::BTreeMap;
use std::fmt;

use raftbare::{LogEntry, LogPosition, NodeId, NodeOptions, StableLeadership};
use raftbare_sim::disk::{Disk, Snapshot};
use raftbare_sim::flaw::Flaw;
use raftbare_sim::random::mix;
use raftbare_sim::script::{Ids, Script, Stored, Verb};
use raftbare_sim::server::LateFlaw;
use raftbare_sim::state::State;

use crate::budget::Budget;

/// What may happen, and how often. All numbers of events are for the whole cluster, and at most 7.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// The disks that the servers 1, 2, ... start from: see [`disks`].
    pub disks: Vec<Disk>,
    /// No timer of a follower or candidate fires in this term.
    pub max_term: u64,
    /// Timers that fire; that of a leader sends heartbeats.
    pub timeouts: u8,
    /// Commands that clients propose.
    pub commands: u8,
    /// Changes of the membership to [`target`](Self::target).
    pub changes: u8,
    /// Snapshots that servers take of their own.
    pub snapshots: u8,
    /// Linearizable reads.
    pub reads: u8,
    /// Crashes, each between any two actions or in the middle of a write.
    pub crashes: u8,
    /// Messages, and reports of a disk that takes its time, that come once more.
    pub duplicates: u8,
    /// Calls that arrive with fewer entries than they were sent with.
    pub cuts: u8,
    /// Inputs that are followed by another one before all actions are executed.
    pub waits: u8,
    /// Leaders that are told to hand over, or to go on to lead.
    pub transfers: u8,
    /// The voters that a change is to lead to.
    pub target: Vec<NodeId>,
    /// Whether the nodes have the option of stable leadership.
    pub is_stable: bool,
    /// Whether the disks take their time, and report; a crash loses what they have not written yet.
    pub is_late: bool,
    /// Whether a crash may take entries from a disk that it has had. There may be one leader then: what is forgotten
    /// between two of them is not found.
    pub forgets: bool,
    /// The mistake that all servers make.
    pub flaw: Option<Flaw>,
    /// The mistake that all disks make that take their time.
    pub late_flaw: Option<LateFlaw>,
}

impl Default for Bounds {
    /// Three new servers, and nothing happens to them.
    fn default() -> Self {
        Self {
            disks: disks("restart 1,2,3 t0 vote - snapshot {1,2,3} log 0/0[]").unwrap_or_default(),
            max_term: 3,
            timeouts: 0,
            commands: 0,
            changes: 0,
            snapshots: 0,
            reads: 0,
            crashes: 0,
            duplicates: 0,
            cuts: 0,
            waits: 0,
            transfers: 0,
            target: Vec::new(),
            is_stable: false,
            is_late: false,
            forgets: false,
            flaw: None,
            late_flaw: None,
        }
    }
}

impl Bounds {
    /// The most servers there can be.
    pub const MAX_SERVERS: usize = 5;

    /// The numbers, in the order of [`Trouble`](crate::budget::Trouble).
    pub(crate) const fn counts(&self) -> [u8; 10] {
        [
            self.timeouts,
            self.commands,
            self.changes,
            self.snapshots,
            self.reads,
            self.crashes,
            self.duplicates,
            self.cuts,
            self.waits,
            self.transfers,
        ]
    }

    /// What a server has to be told at each start.
    #[must_use]
    pub fn node_options(&self) -> NodeOptions {
        let mut options = NodeOptions::default();
        // The smallest number of silent timeouts, so that a leader gives up within the bounds.
        options.stable_leadership = self
            .is_stable
            .then_some(StableLeadership { silent_timeouts: 2 });
        if self.transfers > 0 {
            options.transfer_timeouts = 2;
        }
        options.asynchronous_storage = self.is_late;
        // Whose disk makes a mistake may well lose what it had.
        options.refuses_lost_tail = self.flaw.is_none() && self.late_flaw.is_none();
        options
    }

    /// What a crash may do.
    #[must_use]
    pub(crate) const fn crash(&self) -> Crash {
        match (self.crashes, self.forgets) {
            (0, _) => Crash::Never,
            (_, false) => Crash::LosesMemory,
            (_, true) => Crash::LosesEntries,
        }
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} servers, terms up to {}",
            self.disks.len(),
            self.max_term
        )?;
        for (count, what) in self.counts().into_iter().zip(Budget::NAMES) {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        if self.changes > 0 {
            let target: Vec<_> = self.target.iter().map(NodeId::to_string).collect();
            write!(f, " (to {})", target.join(","))?;
        }
        let switches = [
            (self.is_stable, "stable leadership"),
            (self.is_late, "disks that take their time"),
            (self.forgets, "disks that forget"),
        ];
        let on = switches.iter().filter(|it| it.0);
        on.into_iter()
            .try_for_each(|(_, what)| write!(f, ", {what}"))
    }
}

/// What a crash of a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// There is none.
    Never,
    /// What is not on the disk is gone.
    LosesMemory,
    /// And so may be the last entries on the disk.
    LosesEntries,
}

/// The disks that a script of the simulator begins with, in lines `restart IDS tTERM vote VOTE LOG` and `start IDS`.
///
/// # Errors
///
/// If it says anything else, or the servers are not 1, 2, ...
pub fn disks(script: &str) -> Result<Vec<Disk>, String> {
    let script = Script::parse(script).map_err(|error| error.to_string())?;
    let mut disks = BTreeMap::new();
    for line in script.lines() {
        let (ids, disk) = match &line.verb {
            Some(Verb::Start(Ids::These(ids))) => (ids, Disk::default()),
            Some(Verb::Restart(Ids::These(ids), Some(stored))) => (ids, disk_of(stored)),
            None => continue,
            Some(_) => return Err(format!("`{}` is no start", line.text)),
        };
        for id in ids {
            if disks.insert(id.get(), disk.clone()).is_some() {
                return Err(format!("`{}`: {id} was there before", line.text));
            }
        }
    }
    if !disks.keys().copied().eq(1..=disks.len() as u64) {
        return Err("the servers have other numbers than 1, 2, ...".to_string());
    }
    Ok(disks.into_values().collect())
}

fn disk_of(stored: &Stored) -> Disk {
    let position = stored.log.snapshot_position();
    let snapshot = Snapshot {
        position,
        config: stored.log.snapshot_config().clone(),
        // As after entries that are no commands.
        state: State {
            applied: position.index,
            digest: 0,
        },
    };
    let mut disk = Disk {
        current_term: stored.term,
        voted_for: stored.voted_for,
        snapshot,
        entries: stored.log.entries().clone(),
        ..Disk::default()
    };
    for (position, entry) in stored.log.entries().iter_with_positions() {
        if entry == LogEntry::Command {
            disk.commands.insert(position, command_at(position));
        }
    }
    disk
}

/// The command of the entry at this position: no two of them are equal.
#[must_use]
pub fn command_at(position: LogPosition) -> u64 {
    mix(position.term.get() ^ mix(position.index.get()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_read_as_the_simulator_reads_it() {
        let text = "# two that were there, and a new one\n\
                    restart 1,2 t2 vote 1 snapshot {1,2} log 1/1[cmd term(2)]\nstart 3\n";
        let disks = disks(text).unwrap();
        assert_eq!(disks.len(), 3);
        assert_eq!(disks[0], disks[1]);
        assert_eq!(
            disks[0].log().to_string(),
            "snapshot {1,2} log 1/1[cmd term(2)]"
        );
        assert_eq!(disks[2], Disk::default());
        for wrong in [
            "start 2",
            "start *",
            "start 1,1",
            "timeout 1",
            "restart 1",
            "fly",
        ] {
            assert!(super::disks(wrong).is_err(), "{wrong}");
        }
    }
}
