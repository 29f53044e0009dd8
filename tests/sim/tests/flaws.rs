//! Every known mistake is found, and by what. A correct cluster passes the same runs.

use std::time::Instant;

use raftbare_sim::checker::Violation;
use raftbare_sim::flaw::Flaw;
use raftbare_sim::options::Options;
use raftbare_sim::random::Random;
use raftbare_sim::simulation::Simulation;

const STEPS: u64 = 6_000;
const SEEDS: u64 = 3_000;

/// The world of a seed: for figure 8 one that leads there, otherwise a rough one.
fn options(seed: u64, flaw: Flaw) -> Options {
    match flaw {
        Flaw::CommitsOldTerms => Options::figure_8(4 + seed % 2),
        _ => Options::rough(&mut Random::new(!seed)),
    }
}

/// Runs one world to its end, healed, and says what is wrong.
fn run(seed: u64, options: Options, flaw: Option<Flaw>) -> (Simulation, Option<Violation>) {
    let mut simulation = Simulation::with_flaw(seed, options, flaw);
    let verdict = simulation.run_and_heal(STEPS);
    (simulation, verdict.err())
}

#[test]
fn every_flaw_is_found() {
    println!(
        "rule      found by                                seed   step    ms  how the rule is broken"
    );
    let mut missed = Vec::new();
    for &flaw in Flaw::ALL {
        let start = Instant::now();
        let found = (0..SEEDS).find_map(|seed| {
            let (simulation, violation) = run(seed, options(seed, flaw), Some(flaw));
            Some((seed, simulation.counts().steps, violation?))
        });
        let Some((seed, step, violation)) = found else {
            missed.push(flaw);
            continue;
        };
        let time = start.elapsed().as_millis();
        let (rule, how, property) = (flaw.rule(), flaw.how(), violation.property);
        println!("{rule:<9} {property:<38} {seed:>5} {step:>6} {time:>5}  {how}");
        // It is the flaw that was found: without it the same world keeps its guarantees.
        let (_, violation) = run(seed, options(seed, flaw), None);
        assert_eq!(violation, None, "{flaw:?}, seed {seed}");
    }
    assert!(
        missed.is_empty(),
        "not found within {SEEDS} seeds: {missed:?}"
    );
}

/// The worlds that lead to figure 8 are hard on correct clusters too.
#[test]
fn a_correct_cluster_survives_the_worlds_of_figure_8() {
    for seed in 0..600 {
        let options = options(seed, Flaw::CommitsOldTerms);
        assert_eq!(run(seed, options, None).1, None, "seed {seed}");
    }
}

/// With all timers asleep there may be no event left at all.
#[test]
fn a_world_in_which_nothing_happens_any_more_is_not_waited_for() {
    let flaw = Some(Flaw::FollowersSleep);
    let mut simulation = Simulation::with_flaw(7, options(7, Flaw::FollowersSleep), flaw);
    let verdict = simulation.run_and_heal(3_000);
    assert_eq!(
        verdict.map_err(|violation| violation.property),
        Err("Liveness")
    );
    assert_eq!(simulation.next_event(), None);
}
