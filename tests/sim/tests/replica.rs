//! Replicas in worlds that go wrong: two million checked steps, healed worlds, and the mistakes of their users.

use std::ops::Range;
use std::time::Instant;

use raftbare::NodeOptions;
use raftbare_sim::options::Options;
use raftbare_sim::random::Random;
use raftbare_sim::replica::flaw::ReplicaFlaw;
use raftbare_sim::replica::{Command, Manner, ReplicaServer, Seen, rough_world, world};
use raftbare_sim::simulation::Simulation;

/// Runs worlds of trouble, each healed at its end. Returns the steps, and what has come up.
fn run<P: Command>(seeds: Range<u64>, steps: u64) -> (u64, Vec<Seen>) {
    let (mut total, mut seen) = (0, Vec::new());
    for seed in seeds {
        let mut world = rough_world::<P>(seed);
        if let Err(violation) = world.run_and_heal(steps) {
            panic!(
                "{violation}\nTo see it again: cargo xtask simulate --replicas --seeds {seed}..{} --steps {steps} --trace 50",
                seed + 1
            );
        }
        total += world.counts().steps;
        seen.extend(world.servers().iter().map(ReplicaServer::seen));
    }
    (total, seen)
}

#[test]
fn no_guarantee_is_broken_with_payloads_of_one_length() {
    let (steps, seen) = run::<[u8; 8]>(0..400, 4_000);
    assert!(steps >= 1_000_000, "{steps}");
    // What is to be tested happens.
    let total = |of: fn(&Seen) -> u64| seen.iter().map(of).sum::<u64>();
    for (what, count, least) in [
        ("committed", total(|it| it.committed), 50_000),
        ("rejected", total(|it| it.rejected), 100),
        ("refused", total(|it| it.refused), 10_000),
        ("full calls", total(|it| it.full_calls), 1_000),
        ("chunks", total(|it| it.chunks), 1_000),
        ("loaded", total(|it| it.loaded), 300),
        ("slow steps", total(|it| it.slow_steps), 100_000),
        ("meanwhile", total(|it| it.meanwhile), 10_000),
        ("interrupted", total(|it| it.interrupted), 500),
        ("failed", total(|it| it.failed), 50),
    ] {
        println!("{what}: {count}");
        assert!(count >= least, "{what}: {count}");
    }
}

#[test]
fn no_guarantee_is_broken_with_payloads_of_any_length() {
    let (steps, _) = run::<Vec<u8>>(1_000..1_250, 4_000);
    assert!(steps >= 1_000_000, "{steps}");
}

/// Short worlds leave more to be caught up with: servers that were never started, logs that were cut.
#[test]
fn healed_worlds_elect_commit_and_become_equal() {
    run::<Vec<u8>>(2_000..2_300, 800);
}

/// Leaders are cut off with proposals that wait, and find a snapshot in the place of these when they are back.
#[test]
fn what_a_snapshot_has_swallowed_is_unknown() {
    let mut unknown = 0;
    for seed in 0..200 {
        let mut options = Options::calm(5, 5);
        options.fault_every_us = 600_000;
        options.client_every_us = 5_000;
        options.burst = 2;
        let mut manner = Manner::of_seed(seed);
        manner.options.snapshot_after = 2;
        manner.options.node = NodeOptions::default();
        manner.options.max_uncommitted = 20;
        manner.options.max_waiting = 20;
        let mut world = world::<[u8; 8]>(seed, options, manner, None);
        let verdict = world.run_and_heal(6_000);
        assert_eq!(verdict, Ok(()), "seed {seed}");
        let servers = world.servers().iter();
        unknown += servers.map(|it| it.seen().unknown).sum::<u64>();
    }
    println!("{unknown}");
    assert!(unknown >= 100, "{unknown}");
}

#[test]
fn a_seed_is_a_whole_run() {
    let run = |seed| {
        let mut world = rough_world::<Vec<u8>>(seed);
        let verdict = world.run(2_000);
        assert_eq!(verdict, Ok(()), "seed {seed}");
        let servers = world.servers().iter();
        let disks: Vec<_> = servers.map(|it| format!("{:?}", it.disk())).collect();
        (world.counts(), world.now_us(), disks)
    };
    for seed in 0..10 {
        assert_eq!(run(seed), run(seed));
    }
}

/// The world of a seed, run to its end; and what is wrong with it.
fn run_flawed(
    seed: u64,
    flaw: Option<ReplicaFlaw>,
) -> (Simulation<ReplicaServer<Vec<u8>>>, Option<&'static str>) {
    let options = Options::rough(&mut Random::new(!seed));
    let mut simulation = world(seed, options, Manner::of_seed(seed), flaw);
    let verdict = simulation.run_and_heal(4_000);
    (
        simulation,
        verdict.err().map(|violation| violation.property),
    )
}

#[test]
fn every_mistake_of_a_user_is_found() {
    println!("found by                                  seed   step    ms  what is done wrong");
    let mut missed = Vec::new();
    for &flaw in ReplicaFlaw::ALL {
        let start = Instant::now();
        let found = (0..500).find_map(|seed| {
            let (simulation, violation) = run_flawed(seed, Some(flaw));
            Some((seed, simulation.counts().steps, violation?))
        });
        let Some((seed, step, property)) = found else {
            missed.push(flaw);
            continue;
        };
        let (time, how) = (start.elapsed().as_millis(), flaw.how());
        println!("{property:<40} {seed:>5} {step:>6} {time:>5}  {how}");
        // Without the flaw, the same world keeps its guarantees.
        assert_eq!(run_flawed(seed, None).1, None, "{flaw:?}, seed {seed}");
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}
