//! O9: what a crash may leave, and the two ways to load it.

use raftbare::replica::{Replica, Stored, StoredError};
use raftbare_tests::values::{at, config, id, index, term};

use crate::cluster::{Cluster, options};
use crate::o9_stored::{good, restarted, snapshot};
use crate::store::Store;

#[test]
fn o9_records_below_and_across_the_snapshot() {
    // As a crash between the mark and the removal of records leaves them.
    for first in 0..=3 {
        let replica = restarted(&good()[first..], |it| {
            it.snapshot = Some(snapshot(at(1, 3)));
        })
        .expect("it fits");
        assert_eq!(replica.node().log().snapshot_position(), at(1, 3));
        assert_eq!(replica.node().log().last_position(), at(2, 5));
        assert_eq!(replica.payload(at(2, 5)), Some(&b"c".to_vec()));
        assert_eq!(replica.payload(at(1, 3)), None);
        assert_eq!(replica.applied(), index(3));
    }
    let gap =
        restarted(&good()[4..], |it| it.snapshot = Some(snapshot(at(1, 3)))).expect_err("a gap");
    assert_eq!(
        gap,
        StoredError::Gap {
            expected: at(1, 3),
            found: at(2, 4)
        }
    );
}

#[test]
fn o9_a_log_that_does_not_contain_the_snapshot_is_dropped() {
    for position in [at(2, 3), at(2, 5), at(2, 9)] {
        let replica =
            restarted(&good()[1..], |it| it.snapshot = Some(snapshot(position))).expect("it fits");
        let log = replica.node().log();
        assert_eq!(
            (log.snapshot_position(), log.last_position()),
            (position, position)
        );
        assert_eq!(replica.payload(at(2, 5)), None);
        assert_eq!(log.snapshot_config(), &config(&[1]));
    }
}

#[test]
fn o9_rows_and_parts_say_the_same() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    for text in ["a", "b"] {
        cluster.propose(1, text.as_bytes());
        cluster.settle();
    }
    assert!(cluster.snapshot(1));
    cluster.propose(1, b"c");
    cluster.settle();
    let store = &cluster.member(1).store;
    let mut by_parts = Stored::<Vec<u8>>::default();
    (by_parts.current_term, by_parts.voted_for) = (term(store.hard_state.0), store.hard_state.1);
    by_parts.snapshot = store.snapshot.clone();
    for (_, record) in store.rows.iter().filter(|(key, _)| **key > 0) {
        by_parts.push(record).expect("it fits");
    }
    let by_rows = store.stored::<Vec<u8>>(index(0));
    assert_eq!(format!("{by_parts:?}"), format!("{by_rows:?}"));
}

/// A snapshot from the leader over a log that it does not continue: the place where most is changed at once.
#[test]
fn o9_a_crash_between_two_changes_leaves_what_fits_together() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.silent.insert(1);
    for _ in 0..9 {
        cluster.propose(1, b"lost");
    }
    cluster.run(1);
    cluster.wire.clear();
    cluster.elect(2);
    cluster.propose(2, b"kept");
    cluster.settle();
    assert!(cluster.snapshot(2));
    cluster.silent.clear();
    let mut most = 0;
    for _ in 0..30 {
        cluster.replica(2).handle_timeout();
        cluster.run(2);
        cluster.deliver();
        while cluster.take(1) {
            most = most.max(crash_everywhere(&cluster, 1));
            cluster.give(1);
        }
        cluster.deliver();
    }
    assert_eq!(most, 3, "the mark, the records below it, those above");
    cluster.settle();
    cluster.beat(2);
    assert!(cluster.said(1).contains(&"load 2/4".to_owned()));
}

/// Restarts from the rows after each of the changes of the batch that is out; says how many these are.
pub(crate) fn crash_everywhere(cluster: &Cluster, node: u64) -> usize {
    let member = &cluster.members[&node];
    let batch = member.out.as_ref().expect("it is out");
    let mut store = member.store.clone();
    let restart = |store: &Store| {
        let stored = store.stored::<Vec<u8>>(index(0));
        Replica::restart(id(node), options(), stored).expect("it fits together")
    };
    for change in batch.changes() {
        store.make(&change);
        restart(&store);
    }
    let replica = restart(&store);
    let end = batch.records().last().map(|it| it.position());
    assert!(end.is_none_or(|end| replica.node().log().last_position() == end));
    batch.changes().count()
}
