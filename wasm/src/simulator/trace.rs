//! The hash of a run: two runs with the same hash have done the same.

use core::fmt::{Display, Write};
use raftbare_sim::checker::Verdict;
use raftbare_sim::simulation::Simulation;

/// A hash over texts (FNV-1a of 64 bits): the same on every machine, unlike the standard library's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceHash(u64);

impl Default for TraceHash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Write for TraceHash {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
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
pub struct Traced {
    /// The simulation.
    pub simulation: Simulation,
    events: TraceHash,
}

impl Traced {
    /// Begins with a simulation in which nothing has happened yet.
    #[must_use]
    pub fn new(simulation: Simulation) -> Self {
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
            match &server.node {
                Some(node) => hash.note(node),
                None => hash.note(&"down"),
            }
            hash.note(&server.state.digest);
        }
        hash.get()
    }
}
