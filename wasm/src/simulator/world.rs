//! [`RawSimulation`]: a world that runs by itself.

use super::options;
use super::parts::PutMore;
use super::trace::Traced;
use crate::buffer::Buffer;
use crate::bytes::Put;
use alloc::boxed::Box;
use alloc::format;
use core::fmt::Display;
use raftbare::{Node, NodeId, NodeOptions};
use raftbare_sim::checker::{Verdict, Violation};
use raftbare_sim::flaw::Flaw;
use raftbare_sim::integration::Integration;
use raftbare_sim::late::{self, LateFlaw, LateServer};
use raftbare_sim::options::Options;
use raftbare_sim::random::Random;
use raftbare_sim::server::Server;
use raftbare_sim::simulation::Simulation;
use wasm_bindgen::prelude::wasm_bindgen;

/// A [`Simulation`] with what did not hold in it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct RawSimulation {
    world: World,
    nodes: NodeOptions,
    violation: Option<Violation>,
    buffer: Buffer,
}

/// A simulation of servers of one kind.
#[derive(Debug, Clone)]
enum World {
    /// Whose disks have stored when the action is taken.
    Prompt(Box<Traced<Server>>),
    /// Whose disks take their time, and report.
    Late(Box<Traced<LateServer>>),
}

/// Does the same in a world of either kind.
macro_rules! in_world {
    ($any:expr, $world:ident => $act:expr) => {
        match $any {
            World::Prompt($world) => $act,
            World::Late($world) => $act,
        }
    };
}

impl World {
    /// With asynchronous storage, disks take their time. The number of a flaw is its place among those of the kind.
    fn new(seed: u64, options: Options, nodes: NodeOptions, flaw: u32) -> Self {
        match nodes.asynchronous_storage {
            true => Self::Late(trace(late_world(seed, options, flaw), nodes)),
            false => {
                let flaw = pick(Flaw::ALL, flaw);
                Self::Prompt(trace(Simulation::with_flaw(seed, options, flaw), nodes))
            }
        }
    }
}

fn late_world(seed: u64, options: Options, flaw: u32) -> Simulation<LateServer> {
    late::world(seed, options, pick(LateFlaw::ALL, flaw))
}

fn trace<I: Integration>(mut simulation: Simulation<I>, nodes: NodeOptions) -> Box<Traced<I>> {
    simulation.set_node_options(nodes);
    Box::new(Traced::new(simulation))
}

/// One of these, or none.
fn pick<T: Copy>(all: &[T], number: u32) -> Option<T> {
    all.get(usize::try_from(number).ok()?).copied()
}

/// What the nodes of a world do, as it was made.
fn nodes_of<I: Integration>(simulation: &Simulation<I>) -> NodeOptions {
    let node = simulation.servers().first().and_then(Integration::node);
    node.map(Node::options).copied().unwrap_or_default()
}

impl RawSimulation {
    fn of(world: World, nodes: NodeOptions) -> Self {
        Self {
            world,
            nodes,
            violation: None,
            buffer: Buffer::default(),
        }
    }

    /// Remembers the first thing that did not hold.
    fn judge(&mut self, verdict: Verdict) {
        if let Err(violation) = verdict {
            self.violation.get_or_insert(violation);
        }
    }

    /// A run with the same interventions has the same hash, and only that.
    fn note(&mut self, verb: &impl Display) {
        in_world!(&mut self.world, world => world.note(verb));
    }
}

/// How a world comes to be, and how it goes on.
#[wasm_bindgen]
impl RawSimulation {
    /// A calm world of one server, in the place of which the others come.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        let nodes = NodeOptions::default();
        Self::of(World::new(0, Options::calm(1, 1), nodes, u32::MAX), nodes)
    }

    /// Makes room for an argument.
    pub fn reserve(&mut self, len: usize) -> *mut u8 {
        self.buffer.reserve(len)
    }

    /// A world with the options in the buffer.
    pub fn create(&mut self, seed: u64, flaw: u32) {
        let (options, nodes) = options::read(self.buffer.argument());
        *self = Self::of(World::new(seed, options, nodes, flaw), nodes);
    }

    /// The rough world of a seed, as `cargo xtask simulate` runs it; with `--options`, with `--late-disks`.
    pub fn rough(&mut self, seed: u64, has_options: bool, has_late_disks: bool, flaw: u32) {
        let mut random = Random::new(!seed);
        let (options, mut nodes) = match has_options {
            true => Options::rough_with_nodes(&mut random),
            false => (Options::rough(&mut random), NodeOptions::default()),
        };
        if has_late_disks && !has_options {
            nodes = nodes_of(&late_world(seed, options.clone(), u32::MAX));
        }
        nodes.asynchronous_storage = has_late_disks;
        *self = Self::of(World::new(seed, options, nodes, flaw), nodes);
    }

    /// A world that goes on the same.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            world: self.world.clone(),
            nodes: self.nodes,
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
            let verdict = in_world!(&mut self.world, world => world.step());
            self.judge(verdict);
        }
    }

    /// [`Simulation::heal`].
    pub fn heal(&mut self) {
        self.note(&"heal");
        let verdict = in_world!(&mut self.world, world => world.simulation.heal());
        self.judge(verdict);
    }

    /// [`Simulation::run_and_heal`]: so many events, the end of all trouble, and then all have to agree.
    #[wasm_bindgen(js_name = runAndHeal)]
    pub fn run_and_heal(&mut self, steps: u32) {
        self.run(steps);
        if self.violation.is_none() {
            self.note(&"run and heal");
            let verdict = in_world!(&mut self.world, world => world.simulation.run_and_heal(0));
            self.judge(verdict);
        }
    }
}

/// A hand in the world.
#[wasm_bindgen]
impl RawSimulation {
    /// [`Simulation::withdraw`].
    pub fn withdraw(&mut self, number: u64) -> bool {
        self.note(&format!("withdraw {number}"));
        in_world!(&mut self.world, world => world.simulation.withdraw(number))
    }

    /// [`Simulation::put_off`].
    #[wasm_bindgen(js_name = putOff)]
    pub fn put_off(&mut self, number: u64, by_us: u64) -> bool {
        self.note(&format!("put off {number} by {by_us}"));
        in_world!(&mut self.world, world => world.simulation.put_off(number, by_us))
    }

    /// [`Simulation::repeat`].
    pub fn repeat(&mut self, number: u64, by_us: u64) -> bool {
        self.note(&format!("repeat {number} after {by_us}"));
        in_world!(&mut self.world, world => world.simulation.repeat(number, by_us))
    }

    /// [`Simulation::crash_server`].
    pub fn crash(&mut self, id: u64) {
        self.note(&format!("crash {id}"));
        let id = NodeId::new(id);
        let verdict = in_world!(&mut self.world, world => world.simulation.crash_server(id));
        self.judge(verdict);
    }

    /// [`Simulation::restart_server`].
    pub fn restart(&mut self, id: u64) {
        self.note(&format!("restart {id}"));
        let id = NodeId::new(id);
        let verdict = in_world!(&mut self.world, world => world.simulation.restart_server(id));
        self.judge(verdict);
    }

    /// [`Simulation::fire_timer`].
    #[wasm_bindgen(js_name = fireTimer)]
    pub fn fire_timer(&mut self, id: u64) {
        self.note(&format!("timeout {id}"));
        let id = NodeId::new(id);
        let verdict = in_world!(&mut self.world, world => world.simulation.fire_timer(id));
        self.judge(verdict);
    }

    /// [`Simulation::propose_at`]; the position follows in the buffer.
    pub fn propose(&mut self, id: u64) -> *const u8 {
        self.note(&format!("propose {id}"));
        let id = NodeId::new(id);
        let (position, verdict) =
            in_world!(&mut self.world, world => world.simulation.propose_at(id));
        self.judge(verdict);
        self.buffer.result(|result| result.position(position))
    }

    /// [`Simulation::transfer_from`].
    pub fn transfer(&mut self, id: u64, target: u64) -> bool {
        self.note(&format!("transfer {id} {target}"));
        let (id, target) = (NodeId::new(id), NodeId::new(target));
        let begun = in_world!(&mut self.world, world => world.simulation.transfer_from(id, target));
        match begun {
            Ok(is_begun) => is_begun,
            Err(violation) => {
                self.judge(Err(violation));
                false
            }
        }
    }

    /// [`Simulation::cut_link`].
    pub fn cut(&mut self, from: u64, to: u64) {
        self.note(&format!("cut {from}->{to}"));
        let (from, to) = (NodeId::new(from), NodeId::new(to));
        in_world!(&mut self.world, world => world.simulation.cut_link(from, to));
    }

    /// [`Simulation::mend_links`].
    pub fn mend(&mut self) {
        self.note(&"mend");
        in_world!(&mut self.world, world => world.simulation.mend_links());
    }

    /// [`Simulation::is_linked`].
    #[wasm_bindgen(js_name = isLinked)]
    #[must_use]
    pub fn is_linked(&self, from: u64, to: u64) -> bool {
        let (from, to) = (NodeId::new(from), NodeId::new(to));
        in_world!(&self.world, world => world.simulation.is_linked(from, to))
    }
}

/// Questions.
#[wasm_bindgen]
impl RawSimulation {
    /// The hash of all that has happened.
    #[wasm_bindgen(js_name = traceHash)]
    #[must_use]
    pub fn trace_hash(&self) -> u64 {
        in_world!(&self.world, world => world.hash())
    }

    /// [`Simulation::now_us`].
    #[wasm_bindgen(js_name = nowUs)]
    #[must_use]
    pub fn now_us(&self) -> u64 {
        in_world!(&self.world, world => world.simulation.now_us())
    }

    /// The first thing that did not hold.
    pub fn violation(&mut self) -> *const u8 {
        let violation = self.violation.as_ref();
        self.buffer.result(|result| result.violation(violation))
    }

    /// [`Simulation::counts`], integers in the order of their declaration.
    pub fn counts(&mut self) -> *const u8 {
        let counts = in_world!(&self.world, world => world.simulation.counts());
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
                counts.transfers,
                counts.handovers,
            ] {
                result.number(count);
            }
        })
    }

    /// [`Simulation::options`], and those of the nodes.
    pub fn options(&mut self) -> *const u8 {
        let options = in_world!(&self.world, world => world.simulation.options());
        self.buffer
            .result(|result| options::put(options, &self.nodes, result))
    }

    /// [`Simulation::servers`].
    pub fn servers(&mut self) -> *const u8 {
        self.buffer.result(|result| match &self.world {
            World::Prompt(world) => {
                let servers = world.simulation.servers();
                result.list(servers, PutMore::server);
            }
            World::Late(world) => {
                let servers = world.simulation.servers();
                result.list(servers, |result, late| result.server(late.server()));
            }
        })
    }

    /// [`Simulation::pending`].
    pub fn pending(&mut self) -> *const u8 {
        let pending = in_world!(&self.world, world => world.simulation.pending());
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
