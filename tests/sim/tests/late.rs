//! Nodes that go on while their disks are at work (thesis §10.2.1), in worlds that go wrong; and what their users may
//! not do.

use raftbare_sim::late::{self, LateFlaw, LateServer};
use raftbare_sim::options::Options;
use raftbare_sim::random::Random;
use raftbare_sim::simulation::Simulation;

fn rough_world(seed: u64, flaw: Option<LateFlaw>) -> Simulation<LateServer> {
    late::world(seed, Options::rough(&mut Random::new(!seed)), flaw)
}

#[test]
fn no_guarantee_is_broken_and_every_healed_cluster_agrees() {
    let mut steps = 0;
    for seed in 0..500 {
        let mut world = rough_world(seed, None);
        if let Err(violation) = world.run_and_heal(4_000) {
            panic!(
                "{violation}\nTo see it again: cargo xtask simulate --late-disks --seeds {seed}..{} --steps 4000 --trace 50",
                seed + 1
            );
        }
        steps += world.counts().steps;
    }
    assert!(steps >= 2_000_000, "{steps}");
}

/// Storage, stable leadership, lost tails, events and transfers: on some servers this, on others that.
#[test]
fn whatever_options_each_server_has_no_guarantee_is_broken_and_every_healed_cluster_agrees() {
    let mut crashes = 0;
    for seed in 0..500 {
        let mut world = late::mixed_world(seed);
        let verdict = world.run_and_heal(4_000);
        verdict.unwrap_or_else(|violation| panic!("seed {seed}: {violation}"));
        crashes += world.counts().crashes;
    }
    assert!(crashes >= 10_000, "{crashes}");
}

#[test]
fn who_reports_what_is_not_stored_is_found() {
    for &flaw in LateFlaw::ALL {
        let found = (0..500).find(|&seed| rough_world(seed, Some(flaw)).run(4_000).is_err());
        println!("{flaw:?}: {found:?}");
        assert!(found.is_some(), "{flaw:?} is not found");
    }
}
