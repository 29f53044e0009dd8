//! Ten million checked steps over worlds that go wrong, each healed at the end; and that a seed is a whole run.

use std::thread;

use raftbare::{Node, NodeId, NodeOptions, StableLeadership};
use raftbare_sim::options::Options;
use raftbare_sim::random::Random;
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

/// Stable leadership (thesis §9.6, §4.2.3, §6.2), as it is by default in a replica.
fn stable() -> NodeOptions {
    let mut options = NodeOptions::default();
    options.stable_leadership = Some(StableLeadership::default());
    options
}

/// Worlds in which one voter is left with a single bridge to the rest, and keeps calling for votes or leading;
/// says how many there were, and how many of them took longer than `limit_us` to commit.
fn partial_partitions(options: NodeOptions, limit_us: u64) -> (u32, u32) {
    let (mut partitioned, mut late) = (0, 0);
    for seed in 0..1_000 {
        let mut simulation = Simulation::rough(seed);
        simulation.set_node_options(options);
        let is_partitioned = simulation
            .run(2_000)
            .and_then(|()| simulation.heal())
            .and_then(|()| simulation.run_until_live(Options::LIVE_WITHIN_US))
            .and_then(|()| simulation.heal_around_one())
            .unwrap_or_else(|violation| panic!("seed {seed}: {violation}"));
        if is_partitioned {
            partitioned += 1;
            late += u32::from(simulation.run_until_commit(limit_us).is_err());
        }
    }
    (partitioned, late)
}

/// By default nothing protects the others from such a voter, so it takes longer than in a whole cluster, and where
/// the bridge alone could win and votes for the other each time, it may take for ever. In these worlds it does not.
#[test]
fn a_partial_partition_elects_and_commits() {
    let (partitioned, late) =
        partial_partitions(NodeOptions::default(), 10 * Options::LIVE_WITHIN_US);
    assert!(partitioned > 300 && late == 0, "{late} of {partitioned}");
}

/// With stable leadership it takes no longer than in a whole cluster: ten of the longest election timeouts.
#[test]
fn with_stable_leadership_a_partial_partition_elects_and_commits_in_time() {
    let (partitioned, late) = partial_partitions(stable(), Options::LIVE_WITHIN_US);
    assert!(partitioned > 300 && late == 0, "{late} of {partitioned}");
}

#[test]
fn with_stable_leadership_no_guarantee_is_broken_and_every_healed_cluster_agrees() {
    for seed in 0..500 {
        let mut simulation = Simulation::rough(seed);
        simulation.set_node_options(stable());
        let verdict = simulation.run_and_heal(4_000);
        verdict.unwrap_or_else(|violation| panic!("seed {seed}: {violation}"));
    }
}

/// A world in which leaders are told to hand over, and the nodes do more than the basic algorithm.
fn world_with_nodes(seed: u64) -> Simulation {
    let (options, nodes) = Options::rough_with_nodes(&mut Random::new(!seed));
    let mut simulation = Simulation::new(seed, options);
    simulation.set_node_options(nodes);
    simulation
}

/// No node is taken for one that has lost what it acknowledged, and after a transfer that came to nothing commands are
/// taken again: else the healed cluster would not commit.
#[test]
fn leaders_hand_over_and_no_guarantee_is_broken() {
    let (mut transfers, mut handovers) = (0, 0);
    for seed in 0..600 {
        let mut simulation = world_with_nodes(seed);
        let verdict = simulation.run_and_heal(5_000);
        verdict.unwrap_or_else(|violation| {
            panic!(
                "{violation}\nTo see it again: cargo xtask simulate --options --seeds {seed}..{} --steps 5000 --trace 50",
                seed + 1
            )
        });
        transfers += simulation.counts().transfers;
        handovers += simulation.counts().handovers;
    }
    println!("{transfers} transfers, {handovers} told to be done");
    assert!(
        transfers > 1_000 && handovers > 100,
        "{transfers}, {handovers}"
    );
}

/// thesis §3.10: in a calm cluster a transfer takes less than an election timeout, and commits go on.
#[test]
fn in_a_calm_world_leadership_passes_at_once() {
    let mut simulation = Simulation::new(1, Options::calm(3, 3));
    simulation.set_node_options(stable());
    simulation
        .run_until_commit(Options::LIVE_WITHIN_US)
        .expect("it commits");
    for _ in 0..20 {
        let leader = |simulation: &Simulation| {
            let servers = simulation.servers().iter();
            let mut nodes = servers.filter_map(|server| server.node.as_ref());
            nodes.find(|node| node.role().is_leader()).map(Node::id)
        };
        let old = leader(&simulation).expect("a leader");
        let to = NodeId::new(old.get() % 3 + 1);
        let (begun_us, verdict) = (simulation.now_us(), simulation.transfer_from(old, to));
        assert!(verdict.expect("nothing is broken"));
        while leader(&simulation) != Some(to) {
            simulation.step().expect("nothing is broken");
        }
        let took_us = simulation.now_us() - begun_us;
        assert!(took_us < Options::ELECTION_TIMEOUT_US / 2, "{took_us}");
        simulation
            .run_until_commit(Options::LIVE_WITHIN_US)
            .expect("it commits");
    }
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
