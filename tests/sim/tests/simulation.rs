//! Ten million checked steps over worlds that go wrong, each healed at the end; and that a seed is a whole run.

use std::thread;

use raftbare_sim::options::Options;
use raftbare_sim::simulation::Simulation;

const WORLDS: u64 = 2_000;
const STEPS: u64 = 5_000;

/// Runs worlds of trouble and heals them; returns the steps.
fn run(seeds: impl Iterator<Item = u64>) -> u64 {
    seeds
        .map(|seed| {
            let mut simulation = Simulation::rough(seed);
            simulation
                .run(STEPS)
                .and_then(|()| simulation.heal())
                .and_then(|()| simulation.run_until_live(Options::LIVE_WITHIN_US))
                .unwrap_or_else(|violation| {
                    panic!(
                        "{violation}\nTo see it again: cargo xtask simulate --seeds {seed}..{} --steps {STEPS} --trace 50",
                        seed + 1
                    )
                });
            simulation.counts().steps
        })
        .sum()
}

#[test]
fn no_guarantee_is_broken_and_every_healed_cluster_agrees() {
    let steps = thread::scope(|scope| {
        let other = scope.spawn(|| run((1..WORLDS).step_by(2)));
        run((0..WORLDS).step_by(2)) + other.join().expect("it has told its seed")
    });
    assert!(steps >= 10_000_000, "{steps}");
}

/// One voter is left with a single bridge to the rest, and keeps calling for votes or leading. By default
/// nothing protects the others from it (that is what pre-vote and check-quorum are for), so it takes longer than
/// in a whole cluster, and where the bridge alone could win and votes for the other each time, it may take for
/// ever. In these worlds it does not.
#[test]
fn a_partial_partition_elects_and_commits() {
    let mut partitioned = 0;
    for seed in 0..1_000 {
        let mut simulation = Simulation::rough(seed);
        let is_partitioned = simulation
            .run(2_000)
            .and_then(|()| simulation.heal())
            .and_then(|()| simulation.run_until_live(Options::LIVE_WITHIN_US))
            .and_then(|()| simulation.heal_around_one())
            .expect("no guarantee is broken");
        if is_partitioned {
            partitioned += 1;
            let verdict = simulation.run_until_commit(10 * Options::LIVE_WITHIN_US);
            verdict.unwrap_or_else(|violation| panic!("seed {seed}: {violation}"));
        }
    }
    assert!(partitioned > 300, "{partitioned}");
}

#[test]
fn a_long_world_keeps_its_guarantees() {
    let mut simulation = Simulation::rough(7);
    simulation.run(300_000).expect("no guarantee is broken");
}

#[test]
fn a_seed_is_a_whole_run_and_a_copy_goes_on_the_same() {
    for seed in 0..20 {
        let mut simulation = Simulation::rough(seed);
        simulation.run(2_000).expect("no guarantee is broken");
        let mut copy = simulation.clone();
        let mut again = Simulation::rough(seed);
        again.run(2_000).expect("no guarantee is broken");
        for other in [&mut copy, &mut again] {
            other.run(2_000).expect("no guarantee is broken");
        }
        simulation.run(2_000).expect("no guarantee is broken");
        for other in [&copy, &again] {
            assert_eq!(simulation.counts(), other.counts());
            assert_eq!(simulation.now_us(), other.now_us());
            for (server, twin) in simulation.servers().iter().zip(other.servers()) {
                assert_eq!(
                    (&server.node, &server.disk, server.state),
                    (&twin.node, &twin.disk, twin.state)
                );
            }
        }
    }
}
