//! How replicas and their disks behave in a world.

use raftbare::replica::ReplicaOptions;

use crate::random::{Random, mix};

/// The bounds of the replicas of a cluster, and what their disks and users are like. Probabilities are parts of a
/// thousand, times microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manner {
    /// The bounds. Small ones are reached in a simulated world.
    pub options: ReplicaOptions,
    /// A batch is stored in one transaction. If not, step by step, as the documentation of
    /// [`Batch`](raftbare::replica::Batch) demands.
    pub transactions: bool,
    /// The store is a table, and takes the batch as [`changes`](raftbare::replica::Batch::changes) of it.
    pub is_table: bool,
    /// A step of the disk takes time.
    pub slow: u64,
    /// A slow step takes up to this long.
    pub disk_us: u64,
    /// A batch fails, and nobody knows what of it is stored.
    pub failure: u64,
    /// The state machine is stored too, with how far it is. If not, it begins from the snapshot in each life.
    pub keeps_state: bool,
    /// Not all outputs are taken.
    pub partial_outputs: u64,
    /// A snapshot that was begun is finished at the next opportunity.
    pub finish: u64,
    /// A chunk of a snapshot arrives damaged.
    pub damage: u64,
    /// A fault is that a leader is told to hand over, or to give it up.
    pub transfers: u64,
}

impl Manner {
    /// All trouble ends. What is slow by nature stays slow.
    pub(super) fn calm_down(&mut self) {
        self.failure = 0;
        self.partial_outputs = 0;
        self.damage = 0;
    }

    /// The manner that belongs to the rough world of this seed.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        Self::drawn(&mut Random::new(mix(!seed)))
    }

    /// Drawn by chance: each cluster is of its own manner.
    #[must_use]
    pub fn drawn(random: &mut Random) -> Self {
        let mut options = ReplicaOptions::default();
        if random.chance(800) {
            options.max_call_entries = random.between(2, 6) as usize;
            options.max_call_bytes = random.between(22, 80) as usize;
            options.max_calls_in_flight = random.between(1, 4) as usize;
            options.max_uncommitted = random.between(3, 20);
            options.max_waiting = random.between(2, 8) as usize;
        }
        options.chunk_bytes = random.between(5, 30) as usize;
        options.transfer_timeouts = random.between(2, 20) as u32;
        options.snapshot_after = match random.below(4) {
            0 => random.between(1, 5),
            1 => random.between(6, 60),
            _ => u64::MAX,
        };
        let mut this = Self {
            options,
            transactions: random.chance(400),
            is_table: random.chance(500),
            slow: random.pick(&[0, 100, 500, 900]).copied().unwrap_or(0),
            disk_us: random.between(100, 8_000),
            failure: random.pick(&[0, 0, 1]).copied().unwrap_or(0),
            keeps_state: random.chance(500),
            partial_outputs: random.pick(&[0, 0, 30]).copied().unwrap_or(0),
            finish: random.pick(&[1_000, 100]).copied().unwrap_or(1_000),
            damage: random.pick(&[0, 10]).copied().unwrap_or(0),
            transfers: random.pick(&[0, 200]).copied().unwrap_or(0),
        };
        if random.chance(500) {
            this.options.node.stable_leadership = None;
        }
        if random.chance(400) {
            this.options.node.asynchronous_storage = true;
        }
        if random.chance(300) {
            this.options.max_log = this
                .options
                .max_uncommitted
                .saturating_add(random.between(1, 40));
        }
        this
    }
}
