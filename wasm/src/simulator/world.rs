//! [`RawSimulation`]: a world that runs by itself.

use super::parts::{PutMore, numbers};
use super::trace::Traced;
use crate::buffer::Buffer;
use crate::bytes::Put;
use alloc::format;
use raftbare::NodeId;
use raftbare_sim::checker::{Verdict, Violation};
use raftbare_sim::flaw::Flaw;
use raftbare_sim::options::Options;
use raftbare_sim::simulation::Simulation;
use wasm_bindgen::prelude::wasm_bindgen;

/// A [`Simulation`] with what did not hold in it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct RawSimulation {
    world: Traced,
    violation: Option<Violation>,
    buffer: Buffer,
}

fn flaw_of(number: u32) -> Option<Flaw> {
    Flaw::ALL.get(usize::try_from(number).ok()?).copied()
}

fn options_of(argument: &[u8]) -> Options {
    let mut given = numbers(argument);
    let mut next = || given.next().unwrap_or_default();
    Options {
        servers: next(),
        voters: next(),
        loss: next(),
        duplication: next(),
        truncation: next(),
        delay_us: next(),
        straggling: next(),
        partial_drain: next(),
        crash_in_drain: next(),
        fault_every_us: next(),
        client_every_us: next(),
        burst: next(),
        membership: next() > 0,
        snapshots: next() > 0,
        transfers: 0,
    }
}

impl RawSimulation {
    fn of(simulation: Simulation) -> Self {
        Self {
            world: Traced::new(simulation),
            violation: None,
            buffer: Buffer::default(),
        }
    }

    /// Remembers the first thing that did not hold.
    fn note(&mut self, verdict: Verdict) {
        if let Err(violation) = verdict {
            self.violation.get_or_insert(violation);
        }
    }

    fn intervene(&mut self, verb: &str, act: impl FnOnce(&mut Simulation) -> Verdict) {
        // A run with the same interventions has the same hash, and only that.
        self.world.note(&verb);
        let verdict = act(&mut self.world.simulation);
        self.note(verdict);
    }
}

/// How a world comes to be, and how it goes on.
#[wasm_bindgen]
impl RawSimulation {
    /// A calm world of one server, in the place of which the others come.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::of(Simulation::new(0, Options::calm(1, 1)))
    }

    /// Makes room for an argument.
    pub fn reserve(&mut self, len: usize) -> *mut u8 {
        self.buffer.reserve(len)
    }

    /// [`Simulation::with_flaw`] with the options in the buffer, integers in the order of their declaration.
    pub fn create(&mut self, seed: u64, flaw: u32) {
        let options = options_of(self.buffer.argument());
        *self = Self::of(Simulation::with_flaw(seed, options, flaw_of(flaw)));
    }

    /// [`Simulation::rough`], with a flaw.
    pub fn rough(&mut self, seed: u64, flaw: u32) {
        let options = Options::rough(&mut raftbare_sim::random::Random::new(!seed));
        *self = Self::of(Simulation::with_flaw(seed, options, flaw_of(flaw)));
    }

    /// A world that goes on the same.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            world: self.world.clone(),
            violation: self.violation.clone(),
            buffer: Buffer::default(),
        }
    }

    /// Runs so many events, up to the first violation.
    pub fn run(&mut self, steps: u32) {
        for _ in 0..steps {
            if self.violation.is_some() {
                return;
            }
            let verdict = self.world.step();
            self.note(verdict);
        }
    }

    /// [`Simulation::heal`].
    pub fn heal(&mut self) {
        self.intervene("heal", Simulation::heal);
    }

    /// [`Simulation::run_and_heal`]: so many events, the end of all trouble, and then all have to agree.
    #[wasm_bindgen(js_name = runAndHeal)]
    pub fn run_and_heal(&mut self, steps: u32) {
        self.run(steps);
        if self.violation.is_none() {
            self.intervene("run and heal", |world| world.run_and_heal(0));
        }
    }
}

/// A hand in the world.
#[wasm_bindgen]
impl RawSimulation {
    /// [`Simulation::withdraw`].
    pub fn withdraw(&mut self, number: u64) -> bool {
        self.world.note(&format!("withdraw {number}"));
        self.world.simulation.withdraw(number)
    }

    /// [`Simulation::put_off`].
    #[wasm_bindgen(js_name = putOff)]
    pub fn put_off(&mut self, number: u64, by_us: u64) -> bool {
        self.world.note(&format!("put off {number} by {by_us}"));
        self.world.simulation.put_off(number, by_us)
    }

    /// [`Simulation::repeat`].
    pub fn repeat(&mut self, number: u64, by_us: u64) -> bool {
        self.world.note(&format!("repeat {number} after {by_us}"));
        self.world.simulation.repeat(number, by_us)
    }

    /// [`Simulation::crash_server`].
    pub fn crash(&mut self, id: u64) {
        self.intervene(&format!("crash {id}"), |world| {
            world.crash_server(NodeId::new(id))
        });
    }

    /// [`Simulation::restart_server`].
    pub fn restart(&mut self, id: u64) {
        self.intervene(&format!("restart {id}"), |world| {
            world.restart_server(NodeId::new(id))
        });
    }

    /// [`Simulation::fire_timer`].
    #[wasm_bindgen(js_name = fireTimer)]
    pub fn fire_timer(&mut self, id: u64) {
        self.intervene(&format!("timeout {id}"), |world| {
            world.fire_timer(NodeId::new(id))
        });
    }

    /// [`Simulation::propose_at`]; the position follows in the buffer.
    pub fn propose(&mut self, id: u64) -> *const u8 {
        self.world.note(&format!("propose {id}"));
        let (position, verdict) = self.world.simulation.propose_at(NodeId::new(id));
        self.note(verdict);
        self.buffer.result(|result| result.position(position))
    }

    /// [`Simulation::cut_link`].
    pub fn cut(&mut self, from: u64, to: u64) {
        self.world.note(&format!("cut {from}->{to}"));
        let (from, to) = (NodeId::new(from), NodeId::new(to));
        self.world.simulation.cut_link(from, to);
    }

    /// [`Simulation::mend_links`].
    pub fn mend(&mut self) {
        self.world.note(&"mend");
        self.world.simulation.mend_links();
    }

    /// [`Simulation::is_linked`].
    #[wasm_bindgen(js_name = isLinked)]
    #[must_use]
    pub fn is_linked(&self, from: u64, to: u64) -> bool {
        let (from, to) = (NodeId::new(from), NodeId::new(to));
        self.world.simulation.is_linked(from, to)
    }
}

/// Questions.
#[wasm_bindgen]
impl RawSimulation {
    /// The hash of all that has happened.
    #[wasm_bindgen(js_name = traceHash)]
    #[must_use]
    pub fn trace_hash(&self) -> u64 {
        self.world.hash()
    }

    /// [`Simulation::now_us`].
    #[wasm_bindgen(js_name = nowUs)]
    #[must_use]
    pub fn now_us(&self) -> u64 {
        self.world.simulation.now_us()
    }

    /// The first thing that did not hold.
    pub fn violation(&mut self) -> *const u8 {
        let violation = self.violation.as_ref();
        self.buffer.result(|result| result.violation(violation))
    }

    /// [`Simulation::counts`], integers in the order of their declaration.
    pub fn counts(&mut self) -> *const u8 {
        let counts = self.world.simulation.counts();
        self.buffer.result(|result| {
            for count in [
                counts.steps,
                counts.messages,
                counts.crashes,
                counts.faults,
                counts.elections,
                counts.snapshots,
                counts.config_changes,
                counts.reads,
            ] {
                result.number(count);
            }
        })
    }

    /// [`Simulation::options`], integers in the order of their declaration.
    pub fn options(&mut self) -> *const u8 {
        let options = self.world.simulation.options().clone();
        self.buffer.result(|result| {
            for number in [
                options.servers,
                options.voters,
                options.loss,
                options.duplication,
                options.truncation,
                options.delay_us,
                options.straggling,
                options.partial_drain,
                options.crash_in_drain,
                options.fault_every_us,
                options.client_every_us,
                options.burst,
                u64::from(options.membership),
                u64::from(options.snapshots),
            ] {
                result.number(number);
            }
        })
    }

    /// [`Simulation::servers`].
    pub fn servers(&mut self) -> *const u8 {
        let servers = self.world.simulation.servers();
        self.buffer
            .result(|result| result.list(servers, PutMore::server))
    }

    /// [`Simulation::pending`].
    pub fn pending(&mut self) -> *const u8 {
        let pending = self.world.simulation.pending();
        self.buffer.result(|result| {
            result.list(pending, |result, pending| {
                result.number(pending.number);
                result.number(pending.at_us);
                result.optional(pending.server.map(NodeId::get));
                result.word(u8::from(pending.is_timer));
                result.text(&pending.text);
                match pending.packet {
                    Some(packet) => result.payload(packet),
                    None => result.word(0),
                }
            });
        })
    }
}

impl Default for RawSimulation {
    fn default() -> Self {
        Self::new()
    }
}
