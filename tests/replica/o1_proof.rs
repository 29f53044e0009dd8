//! O1: nothing that depends on a batch comes out before the batch is given back.

use raftbare::replica::{Refusal, Replica};
use raftbare_tests::values::{
    append_call, at, commands, config, id, ids, refusal, term, vote_call,
};

use crate::cluster::{Cluster, envelope, options};

/// Node 1 alone in its cluster, with a batch out.
fn alone() -> Replica<Vec<u8>> {
    let mut replica = Replica::start(id(1), options());
    assert!(replica.create_cluster(&ids(&[1])));
    replica
}

#[test]
fn o1_no_batch_comes_while_one_is_out() {
    let mut replica = alone();
    let first = replica.next_batch().expect("an election");
    assert!(replica.next_batch().is_none());
    replica.propose(b"a".to_vec()).expect("it leads");
    assert!(replica.next_batch().is_none());
    assert!(replica.persisted(first).count() > 0);
    assert!(replica.next_batch().is_some());
}

#[test]
fn o1_a_term_alone_is_stored_and_so_is_a_vote_alone() {
    let mut cluster = Cluster::<Vec<u8>>::new(3, &options());
    for (message, vote) in [
        (refusal(2, 5, 1), None),
        (vote_call(2, 5, 1, at(0, 0)), Some(id(2))),
    ] {
        cluster.receive(1, &envelope(&message, &[]));
        assert!(cluster.take(1));
        let batch = cluster.member(1).out.as_ref().expect("a batch");
        assert_eq!(batch.hard_state(), Some((term(5), vote)));
        cluster.give(1);
    }
}

#[test]
fn o1_without_anything_to_do_there_is_no_batch() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    assert!(!cluster.take(1) && !cluster.take(2));
    let mut new = Replica::<Vec<u8>>::start(id(1), options());
    assert!(new.next_batch().is_none());
}

#[test]
fn o1_the_batch_of_another_replica_is_no_proof() {
    let mut replica = alone();
    let mut other = Replica::<Vec<u8>>::start(id(2), options());
    other.create_cluster(&ids(&[2]));
    let own = replica.next_batch().expect("an election");
    let others = other.next_batch().expect("an election");
    assert_eq!(replica.persisted(others).count(), 0);
    assert!(replica.next_batch().is_none(), "its own is still out");
    assert!(replica.persisted(own).count() > 0);
}

#[test]
fn o1_the_batch_of_an_earlier_life_is_no_proof() {
    let (mut before, mut after) = (alone(), alone());
    let first = before.next_batch().expect("an election");
    let _ = before.persisted(first).count();
    before.handle_timeout();
    let old = before.next_batch().expect("a timer");
    let own = after.next_batch().expect("an election");
    assert_eq!(after.persisted(old).count(), 0);
    assert!(after.next_batch().is_none(), "its own is still out");
    assert!(after.persisted(own).count() > 0);
}

#[test]
fn o1_a_batch_is_no_proof_where_none_is_out() {
    let (mut replica, mut other) = (alone(), alone());
    let own = replica.next_batch().expect("an election");
    assert!(replica.persisted(own).count() > 0);
    let others = other.next_batch().expect("an election");
    replica.handle_timeout();
    assert_eq!(replica.persisted(others).count(), 0);
    assert!(replica.next_batch().is_some());
}

#[test]
fn o1_a_failed_store_ends_a_replica_without_a_batch_out_too() {
    let (mut replica, mut other) = (alone(), alone());
    let others = other.next_batch().expect("an election");
    replica.storage_failed(others);
    assert!(replica.is_stopped() && replica.next_batch().is_none());
}

#[test]
fn o1_a_dropped_batch_makes_the_replica_silent() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.replica(1).handle_timeout();
    assert!(cluster.take(1));
    cluster.member(1).out = None;
    cluster.propose(1, b"a");
    cluster.replica(1).handle_timeout();
    assert!(!cluster.take(1));
}

#[test]
fn o1_a_failed_store_ends_the_replica_for_good() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.propose(1, b"a");
    assert!(cluster.take(1));
    let replica = cluster.replica(1);
    assert!(!replica.is_stopped());
    let new = replica
        .begin_snapshot()
        .expect("a configuration is applied");
    let batch = cluster.member(1).out.take().expect("it is out");
    let replica = cluster.replica(1);
    replica.storage_failed(batch);
    assert!(replica.is_stopped());
    let refused = replica.propose(b"b".to_vec()).expect_err("it has ended");
    assert_eq!(
        (refused.payload, refused.reason),
        (b"b".to_vec(), Refusal::Stopped)
    );
    assert_eq!(replica.read(), Err(Refusal::Stopped));
    assert_eq!(
        replica.propose_config(config(&[1, 2, 3])),
        Err(Refusal::Stopped)
    );
    assert!(!replica.wants_snapshot() && replica.begin_snapshot().is_none());
    assert!(!replica.finish_snapshot(new));
    replica.handle_timeout();
    let call = envelope(&vote_call(2, 9, 1, at(9, 9)), &[]);
    assert_eq!(replica.receive(&call), Ok(()));
    assert!(replica.next_batch().is_none());
}

#[test]
fn o1_a_batch_of_another_replica_wakes_no_replica_that_has_ended() {
    let (mut replica, mut other) = (alone(), alone());
    let own = replica.next_batch().expect("an election");
    replica.storage_failed(own);
    let others = other.next_batch().expect("an election");
    assert_eq!(replica.persisted(others).count(), 0);
    assert!(replica.next_batch().is_none());
}

/// Each kind of output: the input comes while a batch is out, and giving that one back does not let it out.
#[test]
fn o1_what_comes_in_while_a_batch_is_out_is_answered_with_the_next_one() {
    let inputs = [
        ("RequestVoteReply", vote_call(2, 9, 1, at(9, 9))),
        (
            "AppendEntriesReply last 9/3",
            append_call(2, 9, 1, 2, commands(at(1, 2), 0)),
        ),
    ];
    for (answer, input) in inputs {
        let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
        cluster.replica(3).handle_timeout();
        assert!(cluster.take(3));
        cluster.receive(3, &envelope(&input, &[]));
        let first = cluster.give(3);
        assert!(!first.iter().any(|it| it.contains("Reply")), "{first:?}");
        assert!(cluster.take(3));
        assert_eq!(
            cluster
                .member(3)
                .out
                .as_ref()
                .map(|it| it.hard_state().is_some()),
            Some(true)
        );
        let second = cluster.give(3);
        let name = answer.split(' ').next().unwrap_or_default();
        assert!(second.iter().any(|it| it.contains(name)), "{second:?}");
    }
}

#[test]
fn o1_an_acknowledgement_waits_for_its_entries() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.replica(3).handle_timeout();
    assert!(cluster.take(3));
    let term = cluster.replica(3).node().current_term().get();
    let call = append_call(1, term + 1, 1, 3, commands(at(1, 2), 0));
    cluster.receive(3, &envelope(&call, &[]));
    assert!(cluster.give(3).iter().all(|it| !it.contains("Reply")));
    assert!(
        cluster
            .step(3)
            .expect("the reply")
            .iter()
            .any(|it| it.contains("Reply"))
    );
}

#[test]
fn o1_nothing_is_applied_or_answered_before_the_own_entry_is_stored() {
    let mut cluster = Cluster::<Vec<u8>>::founded(1, &options());
    cluster.replica(1).handle_timeout();
    assert!(cluster.take(1));
    cluster.propose(1, b"a");
    let early = cluster.give(1);
    assert!(!early.iter().any(|it| it.starts_with("apply")), "{early:?}");
    assert_eq!(
        cluster.step(1).expect("the entry"),
        ["apply 1/3 a for its client"]
    );
}

#[test]
fn o1_a_leader_applies_what_a_majority_has_stored_only_when_it_has_itself() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.propose(1, b"a");
    cluster.step(1); // the broadcast
    cluster.deliver();
    cluster.run(2);
    cluster.run(3);
    assert!(cluster.take(1)); // the append
    cluster.deliver(); // both acknowledge
    assert!(cluster.said(1).is_empty());
    let outputs = cluster.give(1);
    assert_eq!(outputs, ["apply 1/3 a for its client"]);
}

#[test]
fn o1_what_is_not_taken_comes_the_next_time_but_messages() {
    let mut cluster = Cluster::<Vec<u8>>::founded(1, &options());
    cluster.propose(1, b"a");
    cluster.propose(1, b"b");
    assert!(cluster.take(1));
    assert_eq!(cluster.give_some(1, 1), ["apply 1/3 a for its client"]);
    assert_eq!(cluster.run(1), ["apply 1/4 b for its client"]);
    cluster.replica(1).handle_timeout();
    assert!(cluster.take(1));
    assert!(cluster.give_some(1, 0).is_empty());
    assert_eq!(cluster.run(1), ["timer Leader"]);
}

#[test]
fn o1_a_broadcast_that_was_not_taken_to_its_end_does_not_shorten_the_next() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.replica(1).handle_timeout();
    assert!(cluster.take(1));
    let taken = cluster.give_some(1, 2);
    assert!(
        taken
            .iter()
            .any(|it| it.contains("to 2") || it.contains("send 2")),
        "{taken:?}"
    );
    cluster.wire.clear();
    cluster.replica(1).handle_timeout();
    cluster.run(1);
    let to: Vec<_> = cluster.wire.iter().map(|it| it.to).collect();
    assert_eq!(to, [2, 3]);
}
