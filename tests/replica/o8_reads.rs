//! O8: reads.

use raftbare::replica::Refusal;
use raftbare_tests::values::{at, id, vote_call};

use crate::cluster::{Cluster, envelope, options};

#[test]
fn o8_a_read_is_ready_when_a_majority_has_answered() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    let read = cluster.replica(1).read().expect("it leads");
    cluster.run(1);
    assert!(cluster.said(1).is_empty());
    cluster.deliver();
    cluster.run(2);
    cluster.deliver();
    assert_eq!(cluster.run(1), [format!("ready {read:?}")]);
}

#[test]
fn o8_reads_are_numbered_from_1_in_the_order_in_which_they_begin() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    for number in 1..=3 {
        let read = cluster.replica(1).read().expect("it leads");
        assert_eq!(read.number(), number);
    }
}

#[test]
fn o8_a_read_waits_until_all_committed_before_it_is_applied() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.propose(1, b"a");
    cluster.run(1);
    cluster.deliver();
    cluster.run(2);
    cluster.deliver(); // committed, and not applied
    let read = cluster.replica(1).read().expect("it leads");
    assert!(cluster.take(1));
    cluster.give_some(1, 2); // the messages
    cluster.deliver();
    cluster.run(2);
    cluster.deliver();
    cluster.run(1);
    let wanted = [
        "apply 1/3 a for its client".to_owned(),
        format!("ready {read:?}"),
    ];
    assert_eq!(cluster.said(1), wanted);
}

#[test]
fn o8_a_new_leader_reads_only_after_an_entry_of_its_own_term() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.propose(1, b"a");
    cluster.run(1);
    cluster.deliver();
    cluster.run(2);
    cluster.wire.clear();
    cluster.silent.insert(1);
    cluster.replica(2).handle_timeout();
    cluster.run(2);
    cluster.deliver();
    cluster.run(3);
    cluster.deliver();
    let read = cluster.replica(2).read().expect("it leads");
    cluster.settle();
    assert_eq!(
        cluster.said(2),
        ["apply 1/3 a".to_owned(), format!("ready {read:?}")]
    );
}

#[test]
fn o8_reads_are_lost_with_the_leadership() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    let first = cluster.replica(1).read().expect("it leads");
    let second = cluster.replica(1).read().expect("it leads");
    assert_ne!(first, second);
    for _ in 0..10 {
        cluster.replica(1).handle_timeout();
    }
    cluster.receive(1, &envelope(&vote_call(2, 5, 1, at(5, 9)), &[]));
    cluster.run(1);
    assert_eq!(
        cluster.said(1),
        [format!("lost {first:?}"), format!("lost {second:?}")]
    );
}

#[test]
fn o8_a_hundred_reads_cost_one_message_to_each_follower() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    for _ in 0..100 {
        cluster.replica(1).read().expect("it leads");
    }
    cluster.run(1);
    assert_eq!(cluster.wire.len(), 2);
    cluster.settle();
    assert_eq!(cluster.said(1).len(), 100);
}

#[test]
fn o8_alone_a_read_is_ready_with_the_next_batch() {
    let mut cluster = Cluster::<Vec<u8>>::founded(1, &options());
    let read = cluster.replica(1).read().expect("it leads");
    assert!(cluster.take(1));
    assert!(
        cluster
            .member(1)
            .out
            .as_ref()
            .is_some_and(raftbare::replica::Batch::is_empty)
    );
    assert_eq!(cluster.give(1), [format!("ready {read:?}")]);
    assert!(!cluster.take(1));
}

#[test]
fn o8_alone_a_read_sees_what_was_proposed_before_and_committed() {
    let mut cluster = Cluster::<Vec<u8>>::founded(1, &options());
    cluster.propose(1, b"a");
    let read = cluster.replica(1).read().expect("it leads");
    assert_eq!(
        cluster.run(1),
        [
            "apply 1/3 a for its client".to_owned(),
            format!("ready {read:?}")
        ]
    );
}

#[test]
fn o8_only_so_many_wait_and_only_a_leader_takes_them() {
    let mut options = options();
    options.max_waiting = 2;
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options);
    assert!(cluster.replica(1).read().is_ok() && cluster.replica(1).read().is_ok());
    assert_eq!(cluster.replica(1).read(), Err(Refusal::TooManyWaiting));
    cluster.settle();
    assert!(cluster.replica(1).read().is_ok());
    assert_eq!(
        cluster.replica(2).read(),
        Err(Refusal::NotLeader(Some(id(1))))
    );
}
