//! Test your own integration: an own store and an own transport, in simulated worlds that go wrong.
//!
//! `cargo run --release -p raftbare-sim --example your_integration`
//!
//! `main` runs some hundred worlds with a correct integration, and then with one that sends before it syncs.
//! `member` is the integration: what stands around a node. It has two parts, `store`, an append-only file of
//! records, and `transport`, datagrams. Put yours in their place.

mod member;
mod store;
mod transport;

use std::fmt;
use std::ops::Range;
use std::process::ExitCode;

use raftbare_sim::checker::Violation;
use raftbare_sim::simulation::Simulation;

use member::Member;
pub(crate) use member::Order;

const WORLDS: u64 = 300;
/// Events of trouble in each world, before it is healed.
const STEPS: u64 = 3_000;

fn main() -> ExitCode {
    println!("{WORLDS} rough worlds, each with own stores, transports and crashes:");
    let right = run_worlds(Order::SyncThenSend, 0..WORLDS);
    match &right {
        Ok(done) => println!("  {done}"),
        Err(broken) => println!("  THIS SHOULD NOT BE: {broken}"),
    }
    println!("The same with one line wrong, messages leave before the file is synced:");
    let wrong = run_worlds(Order::SendThenSync, 0..WORLDS);
    match &wrong {
        Ok(done) => println!("  THIS SHOULD NOT BE: {done}"),
        Err(broken) => println!("  {broken}"),
    }
    match (right, wrong) {
        (Ok(_), Err(_)) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Runs a world for each seed, up to the first that breaks.
pub(crate) fn run_worlds(order: Order, seeds: Range<u64>) -> Result<Done, Broken> {
    let mut done = Done::default();
    for seed in seeds {
        let mut world = world(seed, order);
        if let Err(violation) = world.run_and_heal(STEPS) {
            return Err(Broken::new(seed, order, world.counts().steps, violation));
        }
        done.steps += world.counts().steps;
        done.crashes += world.counts().crashes;
    }
    Ok(done)
}

/// The world of this seed: how many servers there are, and what goes wrong, follows from the seed.
fn world(seed: u64, order: Order) -> Simulation<Member> {
    Simulation::rough_with_integration(seed, |id| Member::new(id, order))
}

/// What was done, and nothing was wrong.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) steps: u64,
    pub(crate) crashes: u64,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { steps, crashes } = self;
        write!(
            f,
            "{steps} steps, {crashes} crashes, every step checked: no guarantee is broken"
        )
    }
}

/// Where something was wrong, and what.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) seed: u64,
    pub(crate) step: u64,
    /// What happened in that step.
    pub(crate) event: String,
    pub(crate) violation: Violation,
}

impl Broken {
    /// A seed is a whole run: up to the step before, nothing is wrong this time either.
    fn new(seed: u64, order: Order, step: u64, violation: Violation) -> Self {
        let mut again = world(seed, order);
        let event = match step <= STEPS && again.run(step - 1).is_ok() {
            true => again.next_event(),
            false => None,
        };
        let event = event.unwrap_or("all faults have ended".into());
        Self {
            seed,
            step,
            event: event.trim().into(),
            violation,
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            step,
            event,
            violation,
        } = self;
        write!(
            f,
            "seed {seed} breaks at step {step}\n    after:  {event}\n    broken: {violation}"
        )
    }
}
