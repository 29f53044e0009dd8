//! O7: transfers that meet other leaders, other snapshots, and what comes late.

use raftbare_tests::values::{id, joint, refusal};

use crate::cluster::{Cluster, envelope, options};
use crate::o7_snapshots::{behind, play_until};

#[test]
fn o7_another_leader_goes_on_or_sends_its_own() {
    for takes_newer in [false, true] {
        let mut cluster = behind();
        play_until(&mut cluster, 16);
        cluster.silent.insert(1);
        cluster.wire.clear();
        cluster.elect(2);
        if takes_newer {
            cluster.propose(2, b"newer");
        }
        cluster.settle();
        cluster.beat(2);
        cluster.beat(2);
        assert_eq!(
            cluster.said(3).first().map(String::as_str),
            Some("load 1/22")
        );
        cluster.silent.clear();
        cluster.beat(2);
        cluster.beat(2);
        cluster.assert_equal_states();
    }
}

/// The new leader's snapshot is older than the one that was under way, and that leader is gone.
#[test]
fn o7_a_new_leader_with_an_older_snapshot_is_heard() {
    let mut cluster = behind();
    cluster.silent.insert(3);
    for number in 20..40_u8 {
        cluster.propose(1, &[number]);
    }
    cluster.settle();
    cluster.beat(1);
    assert!(cluster.snapshot(1)); // node 2 keeps the older one
    cluster.silent.clear();
    play_until(&mut cluster, 16);
    // Node 3 has no timeout of its own in all of this.
    cluster.silent.insert(1);
    cluster.wire.clear();
    cluster.replica(2).handle_timeout();
    cluster.settle();
    for _ in 0..3 {
        cluster.beat(2);
    }
    assert!(cluster.replica(2).node().role().is_leader());
    assert_eq!(
        cluster.said(3).first().map(String::as_str),
        Some("load 1/22")
    );
    cluster.silent.clear();
    cluster.beat(2);
    cluster.beat(2);
    cluster.assert_equal_states();
}

/// A leader that has kept its log brings the entries, and the snapshot that was under way is forgotten.
#[test]
fn o7_a_transfer_that_the_log_overtakes_is_over() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.silent.insert(3);
    for number in 0..20_u8 {
        cluster.propose(1, &[number]);
    }
    cluster.settle();
    cluster.beat(1);
    assert!(cluster.snapshot(1)); // node 2 takes none
    cluster.silent.clear();
    play_until(&mut cluster, 16);
    cluster.run(3);
    cluster.deliver();
    cluster.run(1);
    let late = cluster
        .wire
        .iter()
        .find(|it| it.text == "chunk 16+8")
        .cloned()
        .expect("the next");
    cluster.silent.insert(1);
    cluster.wire.clear();
    cluster.elect(2);
    cluster.beat(2);
    assert_eq!(cluster.said(3).len(), 20);
    assert_eq!(cluster.replica(3).incoming_snapshot(), None);
    assert!(cluster.replica(3).begin_snapshot().is_some());
    cluster.receive(3, &late.bytes); // it is taken by nobody
    assert_eq!(cluster.replica(3).incoming_snapshot(), None);
}

#[test]
fn o7_a_late_chunk_of_an_older_snapshot_does_not_end_a_transfer() {
    let mut cluster = behind();
    play_until(&mut cluster, 8);
    cluster.run(3);
    cluster.deliver();
    cluster.run(1);
    let late = cluster
        .wire
        .iter()
        .find(|it| it.text == "chunk 8+8")
        .cloned()
        .expect("the next");
    cluster.settle();
    assert_eq!(cluster.said(3), ["load 1/22"]);
    cluster.silent.insert(3);
    for number in 20..40_u8 {
        cluster.propose(1, &[number]);
    }
    cluster.settle();
    cluster.beat(1);
    assert!(cluster.snapshot(1));
    cluster.silent.clear();
    play_until(&mut cluster, 16);
    cluster.run(3);
    cluster.receive(3, &late.bytes);
    assert_eq!(
        cluster
            .replica(3)
            .incoming_snapshot()
            .map(|(_, offset)| offset),
        Some(16)
    );
    cluster.settle();
    assert_eq!(cluster.said(3), ["load 1/42"]);
}

#[test]
fn o7_a_chunk_of_an_older_term_or_from_a_follower_is_nothing() {
    let mut cluster = behind();
    play_until(&mut cluster, 8);
    cluster.run(3);
    cluster.deliver();
    cluster.run(1);
    let chunk = cluster
        .wire
        .iter()
        .find(|it| it.text == "chunk 8+8")
        .cloned()
        .expect("the next");
    cluster.replica(3).handle_timeout(); // a newer term
    cluster.run(3);
    cluster.receive(3, &chunk.bytes);
    assert!(!cluster.take(3));
    let (_, bytes) = cluster
        .replica(3)
        .incoming_snapshot()
        .expect("it may go on");
    assert_eq!(bytes, 8);
    // A leader takes none either.
    cluster.receive(1, &chunk.bytes);
    assert!(!cluster.take(1));
}

#[test]
fn o7_a_leader_that_steps_down_sends_no_more_chunks() {
    let mut cluster = behind();
    play_until(&mut cluster, 8);
    cluster.replica(1).handle_timeout();
    assert!(cluster.take(1)); // a chunk is due with it
    for _ in 0..10 {
        cluster.replica(1).handle_timeout();
    }
    cluster.replica(2).handle_timeout();
    cluster.run(2);
    let call = cluster
        .wire
        .iter()
        .find(|it| it.from == 2 && it.to == 1)
        .cloned()
        .expect("a call for votes");
    cluster.receive(1, &call.bytes);
    assert!(!cluster.replica(1).node().role().is_leader());
    let outputs = cluster.give(1);
    assert!(
        outputs.iter().all(|it| !it.contains("chunk")),
        "{outputs:?}"
    );
}

#[test]
fn o7_a_leader_that_is_removed_sends_no_more_chunks() {
    let mut cluster = behind();
    play_until(&mut cluster, 8);
    cluster.propose_config(1, joint(&[1, 2, 3], &[2]));
    for _ in 0..2 {
        cluster.run(1);
        cluster.deliver();
        cluster.run(2);
        cluster.wire.retain(|it| it.to == 1);
        if cluster.replica(1).node().config().is_joint_consensus() {
            cluster.deliver();
        }
    }
    cluster.replica(1).handle_timeout();
    assert!(cluster.take(1)); // a chunk is due with it
    cluster.deliver(); // C_new is committed
    assert!(!cluster.replica(1).node().role().is_leader());
    let outputs = cluster.give(1);
    assert!(
        outputs.iter().all(|it| !it.contains("chunk")),
        "{outputs:?}"
    );
}

#[test]
fn o7_a_transfer_ends_with_the_leadership() {
    let mut cluster = behind();
    play_until(&mut cluster, 8);
    assert!(cluster.replica(1).snapshot_progress(id(3)).is_some());
    cluster.receive(1, &envelope(&refusal(2, 9, 1), &[]));
    cluster.run(1);
    assert_eq!(cluster.replica(1).snapshot_progress(id(3)), None);
}

#[test]
fn o7_a_transfer_that_is_complete_ends_no_other() {
    let mut cluster = Cluster::<Vec<u8>>::founded(5, &options());
    cluster.silent.extend([4, 5]);
    for number in 0..20_u8 {
        cluster.propose(1, &[number]);
    }
    cluster.settle();
    cluster.beat(1);
    assert!(cluster.snapshot(1));
    cluster.silent.clear();
    cluster.replica(1).handle_timeout();
    for _ in 0..20 {
        if cluster.replica(1).snapshot_progress(id(5)) == Some(8) {
            break;
        }
        for node in [1, 4, 5] {
            cluster.run(node);
        }
        cluster.deliver();
    }
    cluster.silent.insert(5);
    cluster.settle();
    let progress = [4, 5].map(|node| cluster.replica(1).snapshot_progress(id(node)));
    assert_eq!(progress, [None, Some(8)]);
}
