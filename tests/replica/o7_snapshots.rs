//! O7: snapshots, taken and sent.

use raftbare::replica::{Replica, ReplicaOptions};
use raftbare_tests::values::{id, index, joint};

use crate::checks::join;
use crate::cluster::{Cluster, options};

/// Node 3 has missed 20 commands, which nodes 1 and 2 have compacted.
pub(crate) fn behind() -> Cluster {
    behind_with(&options())
}

pub(crate) fn behind_with(options: &ReplicaOptions) -> Cluster {
    let mut cluster = Cluster::founded(3, options);
    cluster.silent.insert(3);
    for number in 0..20_u8 {
        cluster.propose(1, &[number]);
    }
    cluster.settle();
    cluster.beat(1);
    assert!(cluster.snapshot(1) && cluster.snapshot(2));
    cluster.silent.clear();
    for node in [1, 2, 3] {
        cluster.said(node);
    }
    cluster
}

/// One round: node 1 and 3 do what there is, and all is delivered.
fn round(cluster: &mut Cluster) {
    cluster.run(1);
    cluster.run(3);
    cluster.deliver();
}

/// Plays until node 3 has this many bytes.
pub(crate) fn play_until(cluster: &mut Cluster, bytes: u64) {
    cluster.replica(1).handle_timeout();
    for _ in 0..20 {
        let offset = cluster
            .replica(3)
            .incoming_snapshot()
            .map(|(_, offset)| offset);
        if offset == Some(bytes) {
            return;
        }
        round(cluster);
    }
    panic!("not so far");
}

#[test]
fn o7_a_snapshot_comes_in_chunks_one_under_way_at_a_time() {
    let mut cluster = behind();
    play_until(&mut cluster, 8);
    assert_eq!(cluster.replica(1).snapshot_progress(id(3)), Some(0));
    let mut chunks = Vec::new();
    for progress in [8, 16, 24, 32] {
        cluster.run(3);
        cluster.deliver();
        cluster.run(1);
        let under_way = cluster
            .wire
            .iter()
            .filter(|it| it.text.starts_with("chunk"));
        chunks.extend(under_way.map(|it| it.text.clone()));
        assert_eq!(cluster.replica(1).snapshot_progress(id(3)), Some(progress));
        cluster.deliver();
    }
    assert_eq!(
        chunks,
        ["chunk 8+8", "chunk 16+8", "chunk 24+8", "chunk 32+8"]
    );
    cluster.settle();
    assert_eq!(cluster.said(3), ["load 1/22"]);
    assert_eq!(cluster.replica(1).snapshot_progress(id(3)), None);
    assert_eq!(cluster.replica(3).incoming_snapshot(), None);
    cluster.assert_equal_states();
    cluster.propose(1, b"more");
    cluster.settle();
    cluster.beat(1);
    cluster.assert_equal_states();
}

#[test]
fn o7_lost_chunks_and_answers_come_again_with_the_timeouts() {
    let mut cluster = behind();
    for lost in 0..30 {
        cluster.replica(1).handle_timeout();
        for step in 0..4 {
            round(&mut cluster);
            if (lost + step) % 3 == 0 {
                cluster.wire.retain(|it| !it.text.starts_with("chunk"));
            }
        }
    }
    cluster.settle();
    assert_eq!(cluster.said(3), ["load 1/22"]);
    cluster.assert_equal_states();
}

#[test]
fn o7_duplicated_and_reordered_parts_do_no_harm() {
    let mut cluster = behind();
    let mut old = Vec::new();
    cluster.replica(1).handle_timeout();
    for round in 0..40 {
        cluster.run(1);
        cluster.run(3);
        let parts = cluster
            .wire
            .iter()
            .filter(|it| it.text.starts_with("chunk"))
            .cloned();
        old.extend(parts);
        if round % 2 == 1 {
            cluster.wire.extend(old.clone().into_iter().rev().take(3));
        }
        cluster.wire.reverse();
        cluster.deliver();
    }
    cluster.settle();
    assert_eq!(cluster.said(3), ["load 1/22"]);
    cluster.assert_equal_states();
    // All of them once more: nothing.
    cluster.wire = old;
    cluster.settle();
    assert!(cluster.said(3).is_empty());
}

#[test]
fn o7_wrong_bytes_are_found_at_the_end_and_it_starts_again() {
    let mut cluster = behind();
    play_until(&mut cluster, 8);
    cluster.run(3);
    cluster.deliver();
    cluster.run(1);
    let chunk = cluster
        .wire
        .iter_mut()
        .find(|it| it.text == "chunk 8+8")
        .expect("the next");
    *chunk.bytes.last_mut().expect("it has bytes") ^= 1;
    cluster.settle();
    assert!(cluster.said(3).is_empty(), "the damage is seen at the end");
    assert_eq!(
        cluster
            .replica(3)
            .incoming_snapshot()
            .map(|(_, offset)| offset),
        Some(0)
    );
    cluster.beat(1);
    cluster.beat(1);
    assert_eq!(cluster.said(3), ["load 1/22"]);
    cluster.assert_equal_states();
}

#[test]
fn o7_a_crash_in_the_middle_starts_the_transfer_again() {
    let mut cluster = behind();
    play_until(&mut cluster, 24);
    cluster.crash(3);
    assert_eq!(cluster.member(3).store.snapshot, None);
    cluster.beat(1);
    cluster.beat(1);
    assert_eq!(cluster.said(3), ["load 1/22"]);
    cluster.assert_equal_states();
}

#[test]
fn o7_an_empty_snapshot_is_one_too() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.silent.insert(3);
    cluster.propose_config(1, joint(&[1, 2, 3], &[1, 2, 3]));
    cluster.settle();
    assert!(cluster.snapshot(1));
    assert_eq!(
        cluster
            .replica(1)
            .snapshot()
            .map(|it| (it.len(), it.checksum())),
        Some((0, 0))
    );
    cluster.silent.clear();
    cluster.beat(1);
    cluster.beat(1);
    assert_eq!(cluster.said(3), ["load 1/4"]);
    let sent = cluster.replica(1).snapshot().cloned();
    assert_eq!(cluster.replica(3).snapshot(), sent.as_ref());
}

#[test]
fn o7_the_configuration_is_that_at_the_snapshots_index() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.propose(1, b"a");
    cluster.settle();
    cluster.propose_config(1, joint(&[1, 2, 3], &[1, 2])); // not committed
    assert!(cluster.snapshot(1));
    let snapshot = cluster.replica(1).snapshot().cloned().expect("it is there");
    assert_eq!(
        (snapshot.position().index, snapshot.config().to_string()),
        (index(3), "{1,2,3}".to_owned())
    );
}

#[test]
fn o7_after_a_restart_the_state_is_loaded_if_and_only_if_it_is_older() {
    for (applied, loads) in [(0, true), (21, true), (22, false)] {
        let mut cluster = behind();
        let store = cluster.member(1).store.clone();
        let mut replica =
            Replica::<Vec<u8>>::restart(id(1), options(), store.stored(index(applied)))
                .expect("it fits");
        assert_eq!(replica.applied(), index(22));
        let batch = replica.next_batch().expect("a timer");
        let outputs: Vec<_> = replica
            .persisted(batch)
            .map(|it| format!("{it:?}"))
            .collect();
        assert_eq!(
            outputs.iter().any(|it| it.starts_with("LoadSnapshot")),
            loads,
            "{outputs:?}"
        );
    }
    let mut cluster = behind();
    cluster.crash(1);
    cluster.run(1);
    assert_eq!(cluster.said(1), ["load 1/22"]);
    assert_eq!(join(&cluster.member(1).state).len(), 40);
}
