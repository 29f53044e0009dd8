//! O7: there are never two snapshots on their way; what is sent ends some time.

use crate::checks::join;
use crate::cluster::{Cluster, options};
use crate::o7_snapshots::{behind, behind_with, play_until};
use raftbare_tests::values::id;

fn with_some(texts: &[&str]) -> Cluster {
    let mut cluster = Cluster::founded(3, &options());
    for text in texts {
        cluster.propose(1, text.as_bytes());
        cluster.settle();
    }
    cluster.beat(1);
    cluster
}

#[test]
fn o7_none_begins_while_one_is_sent_or_comes_in() {
    let mut cluster = behind();
    cluster.silent.insert(3);
    cluster.propose(1, b"new");
    cluster.settle();
    cluster.silent.clear();
    play_until(&mut cluster, 8);
    assert!(cluster.replica(1).begin_snapshot().is_none(), "it sends");
    assert!(cluster.replica(3).begin_snapshot().is_none(), "a chunk");
    assert!(!cluster.replica(3).wants_snapshot());
    cluster.run(3);
    assert!(cluster.replica(3).begin_snapshot().is_none(), "more come");
}

#[test]
fn o7_none_begins_while_a_chunk_is_stored_whose_transfer_is_over() {
    let mut cluster = behind();
    play_until(&mut cluster, 8);
    assert!(cluster.take(3));
    cluster.replica(3).handle_timeout();
    assert!(cluster.replica(3).begin_snapshot().is_none());
    cluster.give(3);
    assert!(cluster.replica(3).begin_snapshot().is_some());
    assert!(cluster.replica(3).incoming_snapshot().is_none());
}

#[test]
fn o7_none_begins_before_the_one_before_is_the_stored_one() {
    let mut cluster = with_some(&["a"]);
    cluster.propose(1, b"b");
    cluster.run(1);
    cluster.deliver();
    cluster.run(2);
    cluster.replica(1).handle_timeout();
    assert!(cluster.take(1));
    let member = cluster.member(1);
    let mut new = member.replica.begin_snapshot().expect("it is applied");
    let bytes = join(&member.state);
    new.write(&bytes);
    member.store.own.insert(new.position(), bytes);
    assert!(member.replica.finish_snapshot(new));
    cluster.deliver();
    cluster.give(1);
    assert_eq!(cluster.said(1).last().map(|it| &it[..9]), Some("apply 1/4"));
    assert!(cluster.replica(1).begin_snapshot().is_none());
    cluster.run(1);
    assert!(cluster.replica(1).begin_snapshot().is_some());
}

#[test]
fn o7_none_begins_where_nothing_new_is_applied() {
    let mut cluster = with_some(&["a"]);
    assert!(cluster.snapshot(1));
    assert!(cluster.replica(1).begin_snapshot().is_none());
    assert!(
        Cluster::<Vec<u8>>::new(1, &options())
            .replica(1)
            .begin_snapshot()
            .is_none()
    );
}

#[test]
fn o7_none_is_sent_while_one_is_taken() {
    let mut cluster = behind();
    cluster.silent.insert(3);
    cluster.propose(1, b"new");
    cluster.settle();
    cluster.silent.clear();
    let new = cluster
        .replica(1)
        .begin_snapshot()
        .expect("something is new");
    cluster.beat(1);
    assert!(cluster.said(3).is_empty());
    cluster.replica(1).abandon_snapshot(new);
    cluster.beat(1);
    cluster.beat(1);
    assert_eq!(cluster.said(3), ["load 1/22", "apply 1/23 new"]);
}

#[test]
fn o7_a_chunk_that_comes_while_one_is_taken_counts_as_lost() {
    let mut cluster = behind();
    let new = cluster
        .replica(3)
        .begin_snapshot()
        .expect("its configuration is applied");
    cluster.beat(1);
    assert!(cluster.said(3).is_empty());
    assert!(cluster.replica(3).incoming_snapshot().is_none());
    cluster.replica(3).abandon_snapshot(new);
    cluster.beat(1);
    assert_eq!(cluster.said(3), ["load 1/22"]);
}

#[test]
fn o7_a_chunk_that_comes_while_a_batch_is_out_counts_as_lost() {
    let mut cluster = behind();
    play_until(&mut cluster, 8);
    cluster.run(3);
    cluster.deliver();
    cluster.replica(1).handle_timeout();
    cluster.run(1);
    let to_third = cluster.wire.iter().filter(|it| it.to == 3);
    let (chunks, calls): (Vec<_>, Vec<_>) = to_third
        .cloned()
        .partition(|it| it.text.starts_with("chunk"));
    cluster.wire.clear();
    cluster.receive(3, &calls[0].bytes);
    assert!(cluster.take(3));
    cluster.receive(3, &chunks[0].bytes);
    cluster.give(3);
    assert!(!cluster.take(3), "nothing is to be stored or answered");
    assert_eq!(
        cluster.replica(3).incoming_snapshot().map(|(_, it)| it),
        Some(8)
    );
}

#[test]
fn o7_a_snapshot_is_finished_once_and_only_the_newest() {
    let mut cluster = with_some(&["a"]);
    let stale = cluster
        .replica(1)
        .begin_snapshot()
        .expect("something is new");
    cluster.propose(1, b"b");
    cluster.settle();
    cluster.replica(1).abandon_snapshot(stale);
    let member = cluster.member(1);
    let mut new = member.replica.begin_snapshot().expect("something is new");
    assert_eq!(new.position().to_string(), "1/4");
    let bytes = join(&member.state);
    new.write(&bytes);
    member.store.own.insert(new.position(), bytes);
    assert!(member.replica.finish_snapshot(new));
    cluster.run(1);
    assert_eq!(
        cluster
            .replica(1)
            .snapshot()
            .map(|it| it.position().to_string()),
        Some("1/4".to_owned())
    );
}

#[test]
fn o7_another_replicas_new_snapshot_finishes_nothing() {
    let mut cluster = with_some(&["a", "b"]);
    let mut other = with_some(&["a"]);
    let others = other.replica(1).begin_snapshot().expect("something is new");
    assert!(!cluster.replica(1).finish_snapshot(others));
    assert!(cluster.replica(1).snapshot().is_none());
    let others = other.replica(2).begin_snapshot().expect("something is new");
    let own = cluster
        .replica(1)
        .begin_snapshot()
        .expect("something is new");
    cluster.replica(1).abandon_snapshot(others);
    assert!(!cluster.replica(1).wants_snapshot());
    drop(own);
}

#[test]
fn o7_it_is_time_for_one_after_so_many_applied_entries() {
    let mut options = options();
    options.snapshot_after = 4;
    let mut cluster = Cluster::<Vec<u8>>::founded(1, &options);
    let mut wants = Vec::new();
    for _ in 0..3 {
        wants.push(cluster.replica(1).wants_snapshot());
        cluster.propose(1, b"a");
        cluster.run(1);
    }
    wants.push(cluster.replica(1).wants_snapshot());
    assert_eq!(wants, [false, false, true, true]); // the configuration and the entry of the term count
    assert!(cluster.snapshot(1));
    assert!(!cluster.replica(1).wants_snapshot());
}

#[test]
fn o7_a_dead_transfer_ends_and_a_later_answer_starts_it_again() {
    let mut options = options();
    options.transfer_timeouts = 3;
    let mut cluster = behind_with(&options);
    let to = id(3);
    cluster.replica(1).handle_timeout();
    cluster.run(1);
    cluster.deliver();
    cluster.run(3);
    cluster.deliver();
    cluster.run(1); // the first chunk is under way
    assert_eq!(cluster.replica(1).snapshot_progress(to), Some(0));
    cluster.silent.insert(3);
    let mut lasts = Vec::new();
    for _ in 0..5 {
        cluster.beat(1);
        lasts.push(cluster.replica(1).snapshot_progress(to).is_some());
    }
    assert_eq!(lasts, [true, true, true, false, false]);
    cluster.silent.clear();
    cluster.beat(1);
    cluster.beat(1);
    assert_eq!(cluster.said(3), ["load 1/22"]);
}

#[test]
fn o7_a_slow_transfer_is_not_a_dead_one() {
    let mut options = options();
    options.transfer_timeouts = 2;
    let mut cluster = behind_with(&options);
    play_until(&mut cluster, 8);
    for bytes in [16, 24, 32] {
        cluster.replica(1).handle_timeout();
        cluster.run(1);
        cluster.wire.clear(); // lost
        cluster.replica(1).handle_timeout();
        for _ in 0..2 {
            cluster.run(1);
            cluster.run(3);
            cluster.deliver();
        }
        cluster.run(3);
        cluster.deliver();
        let progress = cluster.replica(1).snapshot_progress(id(3));
        assert!(progress >= Some(bytes - 8), "{progress:?} before {bytes}");
    }
    cluster.settle();
    assert_eq!(cluster.said(3), ["load 1/22"]);
}

#[test]
fn o7_none_begins_while_the_mark_of_the_one_before_is_being_stored() {
    let mut cluster = with_some(&["a"]);
    cluster.propose(1, b"b");
    cluster.settle();
    let member = cluster.member(1);
    let mut new = member.replica.begin_snapshot().expect("it is applied");
    let bytes = join(&member.state);
    new.write(&bytes);
    member.store.own.insert(new.position(), bytes);
    cluster.propose(1, b"c");
    cluster.settle();
    assert!(cluster.replica(1).finish_snapshot(new));
    assert!(cluster.take(1));
    assert!(
        cluster.replica(1).begin_snapshot().is_none(),
        "the bytes are still in use"
    );
    cluster.give(1);
    assert!(cluster.replica(1).begin_snapshot().is_some());
}
