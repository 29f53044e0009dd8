//! How rough the simulated world is.

use raftbare::{NodeOptions, StableLeadership};

use crate::random::Random;

/// Probabilities (parts of a thousand), numbers and times (microseconds) of a simulated world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How many servers there are, members or not.
    pub servers: u64,
    /// How many of them found the cluster.
    pub voters: u64,
    /// A message is lost.
    pub loss: u64,
    /// A message comes twice.
    pub duplication: u64,
    /// The entries of a call are cut.
    pub truncation: u64,
    /// A message takes up to this long.
    pub delay_us: u64,
    /// A message takes up to a hundred times as long, and others overtake it.
    pub straggling: u64,
    /// A caller gives further inputs before it takes all actions.
    pub partial_drain: u64,
    /// A server crashes before one of the actions it takes.
    pub crash_in_drain: u64,
    /// The mean time between two faults of the world; 0 for none.
    pub fault_every_us: u64,
    /// The mean time between two inputs of clients; 0 for none.
    pub client_every_us: u64,
    /// Commands in a burst of a client, at most.
    pub burst: u64,
    /// Faults may change the membership.
    pub membership: bool,
    /// Faults may take snapshots.
    pub snapshots: bool,
    /// A fault is that a leader is told to hand over, or to go on to lead.
    pub transfers: u64,
}

impl Options {
    /// The interval of a leader's heartbeats.
    pub const HEARTBEAT_US: u64 = 50_000;
    /// The shortest election timeout of a follower; the longest is twice that.
    pub const ELECTION_TIMEOUT_US: u64 = 300_000;
    /// How long a healed cluster may take to agree: ten of the longest election timeouts.
    pub const LIVE_WITHIN_US: u64 = 10 * 2 * Self::ELECTION_TIMEOUT_US;

    /// What can be switched off by name.
    pub const TROUBLES: &[&str] = &[
        "loss",
        "duplication",
        "truncation",
        "straggling",
        "partial-drain",
        "crash-in-drain",
        "faults",
        "membership",
        "snapshots",
        "transfers",
    ];

    /// Switches one of the [`TROUBLES`](Self::TROUBLES) off; says whether there is one of that name.
    pub fn switch_off(&mut self, trouble: &str) -> bool {
        match trouble {
            "loss" => self.loss = 0,
            "duplication" => self.duplication = 0,
            "truncation" => self.truncation = 0,
            "straggling" => self.straggling = 0,
            "partial-drain" => self.partial_drain = 0,
            "crash-in-drain" => self.crash_in_drain = 0,
            "faults" => self.fault_every_us = 0,
            "membership" => self.membership = false,
            "snapshots" => self.snapshots = false,
            "transfers" => self.transfers = 0,
            _ => return false,
        }
        true
    }

    /// A calm world: nothing is lost, nobody fails.
    #[must_use]
    pub const fn calm(servers: u64, voters: u64) -> Self {
        Self {
            servers,
            voters,
            loss: 0,
            duplication: 0,
            truncation: 0,
            delay_us: 2_000,
            straggling: 0,
            partial_drain: 0,
            crash_in_drain: 0,
            fault_every_us: 0,
            client_every_us: 10_000,
            burst: 3,
            membership: false,
            snapshots: false,
            transfers: 0,
        }
    }

    /// A world that leads to figure 8: five voters, leaders that get only a part of their entries out before
    /// they crash, and little else. Chance alone hardly ever gets there.
    #[must_use]
    pub const fn figure_8(servers: u64) -> Self {
        let mut options = Self::calm(servers, servers);
        options.truncation = 700;
        options.loss = 500;
        options.crash_in_drain = 30;
        options.fault_every_us = 100_000;
        options.client_every_us = 300_000;
        options.burst = 1;
        options
    }

    /// A rough world, drawn by chance: each has its own mixture of what goes wrong.
    #[must_use]
    pub fn rough(random: &mut Random) -> Self {
        let mut some = |likely: u64, most: u64| match random.chance(likely) {
            true => random.between(1, most),
            false => 0,
        };
        let (loss, duplication, truncation) = (some(600, 200), some(500, 200), some(300, 200));
        let (straggling, partial_drain) = (some(500, 150), some(600, 400));
        let (crash_in_drain, is_hasty) = (some(500, 10), some(500, 1));
        let voters = random.between(1, 5);
        Self {
            servers: voters + random.below(3),
            voters,
            loss,
            duplication,
            truncation,
            delay_us: if is_hasty == 1 {
                2_000
            } else {
                random.between(5_000, 100_000)
            },
            straggling,
            partial_drain,
            crash_in_drain,
            fault_every_us: random.between(20_000, 400_000),
            client_every_us: random.between(2_000, 60_000),
            burst: random.between(1, 6),
            membership: random.chance(600),
            snapshots: random.chance(600),
            transfers: 0,
        }
    }

    /// The same world, in which leaders are told to hand over too, and what its nodes do beyond the basic algorithm.
    #[must_use]
    pub fn rough_with_nodes(random: &mut Random) -> (Self, NodeOptions) {
        let mut options = Self::rough(random);
        options.transfers = random.between(0, 400);
        let mut nodes = NodeOptions::default();
        let silent_timeouts = random.between(2, 8) as u8;
        nodes.stable_leadership = random
            .chance(500)
            .then_some(StableLeadership { silent_timeouts });
        nodes.transfer_timeouts = random.between(1, 8) as u8;
        nodes.refuses_lost_tail = random.chance(700);
        nodes.events = random.chance(700);
        (options, nodes)
    }
}
