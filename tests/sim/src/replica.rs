//! Servers around a [`Replica`]: a disk that stores what a batch says, slowly or at once, whole or step by step;
//! envelopes as bytes; snapshots in small chunks; clients that wait.
//!
//! [`ReplicaServer`] is an [`Integration`](crate::integration::Integration), so the same worlds run with it, and
//! the same checks. Beside them it watches by itself what a replica promises: one right end for each ticket, the
//! bounds, the payloads. What it finds comes out as [`Effect::Failed`].

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use raftbare::NodeId;
use raftbare::replica::Replica;

use crate::checker::Violation;
use crate::integration::{Answer, Effect};
use crate::options::Options;
use crate::random::{Random, mix};
use crate::simulation::Simulation;
use crate::state::State;

mod batches;
mod checks;
mod clients;
mod command;
mod disk;
pub mod flaw;
mod given;
mod integration;
mod manner;
mod outputs;
mod part;
mod proposing;
mod snapshots;
mod watch;
mod writing;

pub use command::Command;
pub use disk::ReplicaDisk;
pub use manner::Manner;

use clients::{Clients, Wrong};
use flaw::ReplicaFlaw;
use given::Given;
use snapshots::Taking;
use watch::Watch;
use writing::Writing;

/// A server of the simulated cluster: a replica, its disk, its state machine and its clients.
#[derive(Debug)]
pub struct ReplicaServer<P> {
    id: NodeId,
    manner: Manner,
    random: Random,
    flaw: Option<ReplicaFlaw>,
    disk: ReplicaDisk,
    /// `None` while the server is down.
    replica: Option<Replica<P>>,
    /// The batch that is out.
    writing: Option<Writing<P>>,
    taking: Option<Taking>,
    /// What leaves next.
    effects: VecDeque<Effect<Vec<u8>>>,
    /// What is done to the state, and told to clients, next.
    given: VecDeque<Given>,
    answers: VecDeque<Answer>,
    state: State,
    clients: Clients,
    watch: Watch,
    /// The disk without the last batch, where that is not synced.
    unsynced: Option<Box<ReplicaDisk>>,
    /// All that came out with the last batch was taken.
    takes_all: bool,
    /// There is no batch, and nothing to take one for.
    is_idle: bool,
    /// The disk has failed.
    has_ended: bool,
    seen: Seen,
    /// What was found wrong first.
    violation: Option<Violation>,
}

impl<P: Command> ReplicaServer<P> {
    /// A server that was never started before. What its disk does by chance follows from the seed.
    #[must_use]
    pub fn new(id: NodeId, manner: Manner, seed: u64, flaw: Option<ReplicaFlaw>) -> Self {
        Self {
            id,
            random: Random::new(mix(seed) ^ mix(id.get())),
            flaw,
            disk: ReplicaDisk::default(),
            replica: Some(Replica::start(id, manner.options.clone())),
            writing: None,
            taking: None,
            effects: VecDeque::new(),
            given: VecDeque::new(),
            answers: VecDeque::new(),
            state: State::default(),
            clients: Clients::default(),
            watch: Watch::default(),
            unsynced: None,
            takes_all: true,
            is_idle: false,
            has_ended: false,
            seen: Seen::default(),
            violation: None,
            manner,
        }
    }

    /// The running replica; `None` while the server is down.
    #[must_use]
    pub fn replica(&self) -> Option<&Replica<P>> {
        self.replica.as_ref()
    }

    /// How its replica and its disk behave.
    #[must_use]
    pub fn manner(&self) -> &Manner {
        &self.manner
    }

    /// What has come up here.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.seen
    }

    /// What survives a crash.
    #[must_use]
    pub fn disk(&self) -> &ReplicaDisk {
        &self.disk
    }

    /// Takes note of what is wrong, unless something was before.
    fn fail(&mut self, (property, detail): Wrong) {
        let id = self.id;
        self.violation.get_or_insert_with(|| Violation {
            property,
            detail: alloc::format!("{id}: {detail}"),
        });
    }
}

/// How often something has come up at a server, over all its lives.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Proposals that were told to be committed.
    pub committed: u64,
    /// Proposals that were told to be rejected.
    pub rejected: u64,
    /// Proposals of which nobody knows, as a snapshot stands for their place.
    pub unknown: u64,
    /// Proposals that were refused since too many entries were not committed, or too many waited.
    pub refused: u64,
    /// Calls that were as long as they may be.
    pub full_calls: u64,
    /// Chunks of snapshots that were sent.
    pub chunks: u64,
    /// Snapshots that were loaded.
    pub loaded: u64,
    /// Steps of the disk that took time.
    pub slow_steps: u64,
    /// Outputs that came out while a batch was on its way to the disk.
    pub meanwhile: u64,
    /// Batches that were interrupted by a crash.
    pub interrupted: u64,
    /// Batches that failed.
    pub failed: u64,
}

/// A world of this seed with replicas of this manner in it.
#[must_use]
pub fn world<P: Command>(
    seed: u64,
    mut options: Options,
    mut manner: Manner,
    flaw: Option<ReplicaFlaw>,
) -> Simulation<ReplicaServer<P>> {
    if let Some(flaw) = flaw {
        flaw.prepare(&mut manner);
    }
    options.transfers = manner.transfers;
    Simulation::with_integration(seed, options, |id| {
        ReplicaServer::new(id, manner.clone(), seed, flaw)
    })
}

/// A rough world of this seed with replicas in it.
#[must_use]
pub fn rough_world<P: Command>(seed: u64) -> Simulation<ReplicaServer<P>> {
    let options = Options::rough(&mut Random::new(!seed));
    world(seed, options, Manner::of_seed(seed), None)
}
