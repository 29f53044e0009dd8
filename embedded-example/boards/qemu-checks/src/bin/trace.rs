//! `trace STEPS SEED...`: three nodes in one machine, with all that goes wrong. Says the lines of the example `trace` of
//! the simulator, with the same hashes, and at last how long it has taken: the same in each run under `-icount`.
#![no_std]
#![no_main]

use qemu_checks::{start, ticks};
use raftbare_sim::trace::{three_nodes, three_replicas};
use semihosting::experimental::env;
use semihosting::{println, process};

#[cortex_m_rt::entry]
fn main() -> ! {
    start();
    let arguments = env::args::<1024>().expect("there is a command line");
    let mut numbers = (&arguments).skip(1).map(|text| text.ok()?.parse().ok());
    let Some(steps) = numbers.next().flatten() else {
        panic!("usage: trace STEPS SEED...");
    };
    for seed in numbers {
        let seed = seed.expect("a seed is a number");
        for (kind, run) in [
            ("nodes", three_nodes(seed, steps)),
            ("replicas", three_replicas(seed, steps)),
        ] {
            match run {
                Ok(trace) => println!("seed {seed}, {kind}: {trace}"),
                Err(violation) => panic!("seed {seed}, {kind}: {violation}"),
            }
        }
    }
    println!("{} ticks", ticks());
    process::exit(0)
}
