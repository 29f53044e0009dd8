//! `trace KIND STEPS SEEDS [...]`: the hash of so many steps of the rough worlds of the seeds below a number, one a line.
//!
//! A kind is `basic`, or what `cargo xtask simulate` calls `options`, `late-disks`, or both. The test of the npm
//! package compares the lines, `KIND STEPS SEED HASH`, with what the module computes.

use raftbare::NodeOptions;
use raftbare_sim::integration::Integration;
use raftbare_sim::options::Options;
use raftbare_sim::random::Random;
use raftbare_sim::{late, simulation::Simulation};
use raftbare_wasm::simulator::trace::Traced;
use std::{env, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (given, rest) = arguments.as_chunks::<3>();
    if given.is_empty() || !rest.is_empty() {
        eprintln!("usage: trace KIND STEPS SEEDS [KIND STEPS SEEDS]...");
        return ExitCode::from(2);
    }
    for [kind, steps, seeds] in given {
        let (Ok(steps), Ok(seeds)) = (steps.parse(), seeds.parse()) else {
            eprintln!("`{steps}` or `{seeds}` is no number");
            return ExitCode::from(2);
        };
        for seed in 0..seeds {
            match hash(kind, seed, steps) {
                Ok(hash) => println!("{kind} {steps} {seed} {hash}"),
                Err(what) => {
                    eprintln!("{kind}, seed {seed}: {what}");
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    ExitCode::SUCCESS
}

fn hash(kind: &str, seed: u64, steps: u64) -> Result<u64, String> {
    let mut random = Random::new(!seed);
    let (options, nodes) = match kind {
        "basic" | "late-disks" => (Options::rough(&mut random), None),
        "options" | "options+late-disks" => {
            let (options, nodes) = Options::rough_with_nodes(&mut random);
            (options, Some(nodes))
        }
        _ => return Err("there is no such kind".to_owned()),
    };
    match kind.ends_with("late-disks") {
        true => run(late::world(seed, options, None), nodes, steps),
        false => run(Simulation::new(seed, options), nodes, steps),
    }
}

fn run<I: Integration>(
    mut simulation: Simulation<I>,
    nodes: Option<NodeOptions>,
    steps: u64,
) -> Result<u64, String> {
    if let Some(nodes) = nodes {
        simulation.set_node_options(nodes);
    }
    let mut world = Traced::new(simulation);
    for _ in 0..steps {
        world.step().map_err(|violation| violation.to_string())?;
    }
    Ok(world.hash())
}
