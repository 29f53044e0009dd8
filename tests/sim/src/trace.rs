//! The hash of a run: two runs with the same hash have done the same, on whatever machine.

use alloc::vec::Vec;
use core::fmt::{self, Display, Write};

use crate::checker::{Verdict, Violation};
use crate::integration::Integration;
use crate::options::Options;
use crate::replica::{self, Manner, ReplicaServer};
use crate::server::Server;
use crate::simulation::{Counts, Simulation};

/// A hash over texts (FNV-1a of 64 bits): the same on every machine, unlike the standard library's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceHash(u64);

impl Default for TraceHash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Write for TraceHash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

impl TraceHash {
    /// Takes a value, by its text.
    pub fn note(&mut self, value: &impl Display) {
        // A hash takes all text.
        let _ = writeln!(self, "{value}");
    }

    /// The hash.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A simulation with the hash of all that has happened in it: of each event with its time, and of the servers at the
/// end.
#[derive(Debug, Clone)]
pub struct Traced<I: Integration = Server> {
    /// The simulation.
    pub simulation: Simulation<I>,
    events: TraceHash,
}

impl<I: Integration> Traced<I> {
    /// Begins with a simulation in which nothing has happened yet.
    #[must_use]
    pub fn new(simulation: Simulation<I>) -> Self {
        Self {
            simulation,
            events: TraceHash::default(),
        }
    }

    /// Runs the next event, and checks.
    pub fn step(&mut self) -> Verdict {
        if let Some(event) = self.simulation.next_event() {
            self.events.note(&event);
        }
        self.simulation.step()
    }

    /// Takes note of something that is done to the simulation from outside.
    pub fn note(&mut self, what: &impl Display) {
        self.events.note(what);
    }

    /// The hash of the run up to here.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut hash = self.events;
        for server in self.simulation.servers() {
            match server.node() {
                Some(node) => hash.note(node),
                None => hash.note(&"down"),
            }
            hash.note(&server.state().digest);
        }
        hash.get()
    }
}

/// What has come out of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    /// What has happened.
    pub counts: Counts,
    /// The hash of it.
    pub hash: u64,
}

impl Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.counts;
        write!(
            f,
            "{} steps, {} messages, {} faults, {} crashes, {} elections, {} snapshots: {:016x}",
            counts.steps,
            counts.messages,
            counts.faults,
            counts.crashes,
            counts.elections,
            counts.snapshots,
            self.hash
        )
    }
}

/// Runs three servers around bare nodes for so many steps, in a world in which everything goes wrong.
///
/// ```
/// use raftbare_sim::trace::three_nodes;
///
/// assert_eq!(three_nodes(7, 1_000), three_nodes(7, 1_000));
/// assert_ne!(three_nodes(7, 1_000), three_nodes(8, 1_000));
/// ```
pub fn three_nodes(seed: u64, steps: u64) -> Result<Trace, Violation> {
    run(Simulation::new(seed, trouble()), steps)
}

/// Runs three servers around replicas for so many steps, in a world in which everything goes wrong, disks included.
pub fn three_replicas(seed: u64, steps: u64) -> Result<Trace, Violation> {
    let manner = Manner::of_seed(seed);
    let world: Simulation<ReplicaServer<Vec<u8>>> = replica::world(seed, trouble(), manner, None);
    run(world, steps)
}

fn run<I: Integration>(simulation: Simulation<I>, steps: u64) -> Result<Trace, Violation> {
    let mut world = Traced::new(simulation);
    (0..steps).try_for_each(|_| world.step())?;
    Ok(Trace {
        counts: world.simulation.counts(),
        hash: world.hash(),
    })
}

/// Three servers; messages get lost, come twice, and overtake each other; servers crash and come back.
fn trouble() -> Options {
    Options {
        servers: 3,
        voters: 3,
        loss: 100,
        duplication: 100,
        truncation: 50,
        delay_us: 20_000,
        straggling: 50,
        partial_drain: 100,
        crash_in_drain: 2,
        fault_every_us: 400_000,
        client_every_us: 10_000,
        burst: 4,
        membership: false,
        snapshots: true,
        transfers: 0,
    }
}
