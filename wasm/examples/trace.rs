//! `trace STEPS SEED...`: the hash of so many steps of the rough world of each seed, one a line.
//!
//! The test of the npm package compares them with those that the module computes.

use raftbare_sim::simulation::Simulation;
use raftbare_wasm::simulator::trace::Traced;
use std::{env, process::ExitCode};

fn main() -> ExitCode {
    let numbers: Option<Vec<u64>> = env::args().skip(1).map(|text| text.parse().ok()).collect();
    let Some([steps, seeds @ ..]) = numbers.as_deref() else {
        eprintln!("usage: trace STEPS SEED...");
        return ExitCode::from(2);
    };
    for &seed in seeds {
        let mut world = Traced::new(Simulation::rough(seed));
        for _ in 0..*steps {
            if let Err(violation) = world.step() {
                eprintln!("seed {seed}: {violation}");
                return ExitCode::FAILURE;
            }
        }
        println!("{seed} {}", world.hash());
    }
    ExitCode::SUCCESS
}
