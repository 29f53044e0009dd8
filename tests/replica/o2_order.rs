//! O2: the order of what comes out.

use crate::cluster::{Cluster, options};

#[test]
fn o2_a_broadcast_leaves_in_a_batch_of_its_own_before_the_append() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.propose(1, b"a");
    assert!(cluster.take(1));
    let batch = cluster.member(1).out.as_ref().expect("it is out");
    assert!(batch.is_empty() && batch.records().next().is_none());
    let calls: Vec<_> = cluster.give(1);
    assert_eq!(calls.len(), 3, "{calls:?}"); // the timer and two calls
    assert!(calls[1].starts_with("to 2: ") && calls[2].starts_with("to 3: "));
    assert!(cluster.take(1));
    let batch = cluster.member(1).out.as_ref().expect("it is out");
    assert_eq!(batch.records().count(), 1);
    assert!(cluster.give(1).is_empty());
}

#[test]
fn o2_a_busy_leader_writes_at_least_with_every_other_batch() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    let mut written = Vec::new();
    for round in 0..10_u8 {
        cluster.propose(1, &[b'a' + round]);
        assert!(cluster.take(1));
        let batch = cluster.member(1).out.as_ref().expect("it is out");
        written.push(batch.records().count());
        cluster.propose(1, &[b'A' + round]);
        cluster.give(1);
    }
    assert_eq!(written, [0, 3, 0, 4, 0, 4, 0, 4, 0, 4]);
}

#[test]
fn o2_an_append_without_a_broadcast_waits_for_nothing() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.propose(1, b"a");
    cluster.step(1);
    cluster.deliver();
    assert!(cluster.take(2));
    let batch = cluster.member(2).out.as_ref().expect("it is out");
    assert_eq!(batch.records().count(), 1);
    let outputs = cluster.give(2);
    assert_eq!(outputs[0], "timer Follower");
    assert_eq!(outputs[1], "to 1: 2 t1 #6 AppendEntriesReply last 1/3");
    assert_eq!(outputs.len(), 2);
}

#[test]
fn o2_timer_messages_chunks_state_answers_and_reads_in_this_order() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.silent.insert(3);
    (0..4).for_each(|_| {
        cluster.propose(1, b"before");
        cluster.settle();
    });
    assert!(cluster.snapshot(1));
    cluster.silent.clear();
    cluster.replica(1).handle_timeout();
    cluster.run(1);
    cluster.deliver();
    cluster.run(2);
    cluster.run(3);
    // The answers, a command that is committed with them, and a read: all in one batch.
    cluster.propose(1, b"x");
    let last = cluster.propose(1, b"y");
    assert_eq!(last.position().to_string(), "1/8");
    cluster.run(1);
    cluster.deliver();
    cluster.run(2);
    cluster.replica(1).read().expect("it leads");
    cluster.run(1);
    cluster.deliver();
    cluster.run(2);
    cluster.replica(1).handle_timeout();
    let wire = std::mem::take(&mut cluster.wire);
    for packet in wire.into_iter().filter(|it| it.to == 1) {
        cluster.receive(1, &packet.bytes);
    }
    let outputs = cluster.step(1).expect("much to do");
    let kinds = [
        "timer",
        "to 2: 1",
        "to 3: 1",
        "apply 1/7",
        "apply 1/8",
        "ready",
    ];
    let places: Vec<_> = kinds
        .iter()
        .map(|kind| outputs.iter().position(|it| it.starts_with(kind)))
        .collect();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{outputs:?}"
    );
}

#[test]
fn o2_a_chunk_leaves_after_all_messages() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.silent.insert(3);
    cluster.propose(1, b"a");
    cluster.settle();
    assert!(cluster.snapshot(1));
    cluster.silent.clear();
    cluster.replica(1).handle_timeout();
    cluster.run(1);
    cluster.deliver();
    cluster.run(3);
    cluster.deliver();
    cluster.replica(1).handle_timeout();
    let outputs = cluster.step(1).expect("a chunk and a heartbeat");
    let words: Vec<_> = outputs
        .iter()
        .map(|it| it.split(' ').nth(2).unwrap_or(""))
        .collect();
    assert_eq!(words, ["", "1", "1", "chunk"], "{outputs:?}");
}

#[test]
fn o2_the_state_is_loaded_before_answers_and_what_follows_is_applied() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    // Node 1 proposes where nobody hears it; the others go on without it, and compact.
    cluster.silent.insert(1);
    cluster.propose(1, b"lost");
    cluster.run(1);
    cluster.wire.clear();
    cluster.silent.clear();
    cluster.silent.insert(1);
    cluster.elect(2);
    cluster.propose(2, b"kept");
    cluster.settle();
    assert!(cluster.snapshot(2));
    cluster.propose(2, b"more");
    cluster.settle();
    cluster.silent.clear();
    cluster.beat(2);
    cluster.beat(2);
    assert_eq!(
        cluster.said(1),
        ["load 2/4", "unknown 1/3", "apply 2/5 more"]
    );
    cluster.assert_equal_states();
}
