//! `trace STEPS SEED...`: the hashes of so many steps of three servers, around nodes and around replicas, one a line.
//!
//! The firmware of the board `qemu-checks` says the same lines, computed by an emulated microcontroller.

use raftbare_sim::trace::{three_nodes, three_replicas};
use std::{env, process::ExitCode};

fn main() -> ExitCode {
    let numbers: Option<Vec<u64>> = env::args().skip(1).map(|text| text.parse().ok()).collect();
    let Some([steps, seeds @ ..]) = numbers.as_deref() else {
        eprintln!("usage: trace STEPS SEED...");
        return ExitCode::from(2);
    };
    for &seed in seeds {
        for (kind, run) in [
            ("nodes", three_nodes(seed, *steps)),
            ("replicas", three_replicas(seed, *steps)),
        ] {
            match run {
                Ok(trace) => println!("seed {seed}, {kind}: {trace}"),
                Err(violation) => {
                    eprintln!("seed {seed}, {kind}: {violation}");
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    ExitCode::SUCCESS
}
