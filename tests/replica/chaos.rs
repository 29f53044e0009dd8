//! All rules at once, by chance: inputs at any time, batches that stay out, crashes, losses, snapshots.

use raftbare::replica::ReplicaOptions;
use raftbare_sim::random::Random;
use raftbare_tests::values::joint;

use crate::cluster::{Cluster, options};
use crate::o9_crashes::crash_everywhere;

/// One step of the world.
fn step(cluster: &mut Cluster, random: &mut Random, count: &mut u64) {
    let node = random.between(1, cluster.members.len() as u64);
    let is_leader = cluster.replica(node).node().role().is_leader();
    match random.below(100) {
        0..35 => {
            let place = random.below(cluster.wire.len() as u64) as usize;
            if place < cluster.wire.len() {
                let packet = cluster.wire.swap_remove(place);
                if random.chance(50) {
                    cluster.wire.push(packet.clone());
                }
                if !random.chance(100) {
                    cluster.receive(packet.to, &packet.bytes);
                }
            }
        }
        35..55 => {
            if cluster.take(node) && random.chance(100) {
                crash_everywhere(cluster, node);
            }
        }
        55..75 => {
            if cluster.member(node).out.is_some() {
                let most = if random.chance(100) { 1 } else { usize::MAX };
                cluster.give_some(node, most);
            }
        }
        75..88 => {
            *count += 1;
            let bytes = format!("{count}").into_bytes();
            if let Ok(ticket) = cluster.replica(node).propose(bytes.clone()) {
                cluster.note(node, ticket, &bytes);
            }
        }
        88..93 => {
            if is_leader || random.chance(150) {
                cluster.replica(node).handle_timeout();
            }
        }
        93..95 => {
            let _ = cluster.replica(node).read();
        }
        95..97 => {
            if cluster.replica(node).wants_snapshot() && cluster.member(node).out.is_none() {
                cluster.snapshot(node);
            }
        }
        97 => {
            let is_joint = cluster.replica(node).node().config().is_joint_consensus();
            if is_leader && !is_joint {
                cluster.propose_config(node, joint(&[1, 2, 3], &[1, 2, 3]));
            }
        }
        _ => {
            if random.chance(300) {
                match random.chance(500) {
                    true => cluster.crash(node),
                    false => cluster.restart(node),
                }
            }
        }
    }
}

#[test]
fn random_worlds_keep_all_rules_and_agree_when_they_are_healed() {
    for seed in 0..400 {
        let mut random = Random::new(seed);
        let mut options = options();
        options.snapshot_after = random.between(2, 12);
        options.max_call_entries = random.between(1, 4) as usize;
        options.max_calls_in_flight = random.between(1, 4) as usize;
        options.max_uncommitted = 12;
        options.transfer_timeouts = 3;
        if random.chance(500) {
            options.node = ReplicaOptions::default().node; // stable leadership
        }
        let mut cluster = Cluster::founded(3, &options);
        let mut count = 0;
        for _ in 0..1_500 {
            step(&mut cluster, &mut random, &mut count);
        }
        for node in 1..=3 {
            if cluster.member(node).out.is_some() {
                cluster.give(node);
            }
        }
        cluster.settle();
        for round in 0..40 {
            let leader = (1..=3).find(|&node| cluster.replica(node).node().role().is_leader());
            cluster.beat(leader.unwrap_or(round % 3 + 1));
        }
        cluster.assert_equal_states();
    }
}
