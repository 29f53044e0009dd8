//! What is measured: the same on every machine, every time.

use crate::cluster::Cluster;

/// What one round of a workload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// So many commands are proposed before anything is sent, and committed.
    Commit(u32),
    /// The leader calls all followers, and they answer.
    Heartbeat,
    /// A command is proposed, its call is lost, and a heartbeat leads to its repair.
    Repair,
}

/// A row of the comparison.
#[derive(Debug, Clone, Copy)]
pub struct Workload {
    /// Its name on the command line.
    pub name: &'static str,
    /// What one unit of it is.
    pub unit: &'static str,
    /// How many voters the cluster has.
    voters: u64,
    /// How often the leader has changed before.
    elections: u32,
    work: Work,
}

const fn row(
    name: &'static str,
    unit: &'static str,
    voters: u64,
    elections: u32,
    work: Work,
) -> Workload {
    Workload {
        name,
        unit,
        voters,
        elections,
        work,
    }
}

/// All rows.
#[rustfmt::skip]
pub const WORKLOADS: &[Workload] = &[
    row("commit-3",      "commit, 3 voters",          3,   0,    Work::Commit(1)),
    row("commit-5",      "commit, 5 voters",          5,   0,    Work::Commit(1)),
    row("commit-7",      "commit, 7 voters",          7,   0,    Work::Commit(1)),
    row("commit-101",    "commit, 101 voters",        101, 0,    Work::Commit(1)),
    row("pipeline-16",   "command, 16 at once",       3,   0,    Work::Commit(16)),
    row("pipeline-256",  "command, 256 at once",      3,   0,    Work::Commit(256)),
    row("pipeline-4096", "command, 4,096 at once",    3,   0,    Work::Commit(4096)),
    row("heartbeat",     "heartbeat round, 3 voters", 3,   0,    Work::Heartbeat),
    row("repair",        "repair after 1 election",            3,   0,    Work::Repair),
    row("repair-terms",  "repair after 1,001",       3,   1000, Work::Repair),
];

impl Workload {
    /// The row of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        WORKLOADS.iter().find(|row| row.name == name).copied()
    }

    /// Units in one round.
    #[must_use]
    pub fn units(&self) -> u32 {
        match self.work {
            Work::Commit(commands) => commands,
            Work::Heartbeat | Work::Repair => 1,
        }
    }

    /// The cluster to play it on.
    pub fn cluster(&self, led: fn(u64) -> Box<dyn Cluster>) -> Box<dyn Cluster> {
        let mut cluster = led(self.voters);
        for _ in 0..self.elections / 2 {
            cluster.elect(1);
            cluster.elect(0);
        }
        cluster
    }

    /// Plays so many rounds, and checks that they have done their work.
    ///
    /// # Panics
    ///
    /// If not all commands are committed.
    pub fn play(&self, cluster: &mut dyn Cluster, rounds: u32) {
        let before = cluster.commit_index();
        for _ in 0..rounds {
            match self.work {
                Work::Commit(commands) => cluster.propose(commands),
                Work::Heartbeat => cluster.heartbeat(),
                Work::Repair => {
                    cluster.propose(1);
                    cluster.lose();
                    cluster.heartbeat();
                }
            }
            cluster.settle();
        }
        let committed = cluster.commit_index() - before;
        let proposed = match self.work {
            Work::Heartbeat => 0,
            Work::Commit(_) | Work::Repair => rounds * self.units(),
        };
        assert_eq!(committed, u64::from(proposed), "{}", self.name);
    }
}
