//! O6: calls are cut to what fits, on sending and on receiving.

use raftbare::LogEntry;
use raftbare::replica::{Refusal, Replica};
use raftbare_tests::values::{append_call, at, commands, entries, id, index, term};

use crate::cluster::{Cluster, envelope, options};

/// How many entries the calls under way to this node bring, where they bring some.
fn sizes(cluster: &Cluster, to: u64) -> Vec<usize> {
    let calls = cluster.wire.iter().filter(|it| it.to == to);
    let entries = calls.filter_map(|it| match it.message.as_ref()? {
        raftbare::Message::AppendEntriesCall { entries, .. } => Some(entries.len()),
        _ => None,
    });
    entries.collect()
}

#[test]
fn o6_a_broadcast_is_cut_by_entries() {
    let mut options = options();
    options.max_call_entries = 3;
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options);
    for _ in 0..8 {
        cluster.propose(1, b"a");
    }
    cluster.run(1);
    assert_eq!(sizes(&cluster, 2), [3]);
    cluster.deliver();
    cluster.run(2);
    cluster.deliver();
    cluster.run(1);
    assert_eq!(
        sizes(&cluster, 2),
        [3],
        "the rest follows the answer, cut again"
    );
    cluster.settle();
    cluster.beat(1);
    cluster.assert_equal_states();
}

#[test]
fn o6_a_call_is_cut_by_bytes_before_the_command_that_is_too_much() {
    let mut options = options();
    options.max_call_bytes = 10;
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options);
    for text in ["1234", "123456", "1", "1234567890", "", "1"] {
        cluster.propose(1, text.as_bytes());
    }
    cluster.run(1);
    let mut seen = sizes(&cluster, 2);
    for _ in 0..10 {
        cluster.deliver();
        cluster.run(2);
        cluster.deliver();
        cluster.run(1);
        seen.extend(sizes(&cluster, 2));
    }
    seen.retain(|&len| len > 0);
    assert_eq!(seen, [2, 1, 2, 1]);
    cluster.settle();
    cluster.beat(1);
    cluster.assert_equal_states();
}

#[test]
fn o6_a_command_longer_than_a_call_is_sent_alone_where_it_is_in_the_log() {
    // It was taken when the bound was larger.
    let mut options = options();
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options);
    cluster.silent = [2, 3].into();
    cluster.propose(1, b"a long one");
    cluster.propose(1, b"b");
    cluster.run(1);
    options.max_call_bytes = 4;
    cluster.options = options;
    cluster.crash(1);
    cluster.wire.clear();
    cluster.silent.clear();
    cluster.elect(1);
    cluster.beat(1);
    cluster.assert_equal_states();
    assert_eq!(cluster.member(2).state.len(), 2);
}

#[test]
fn o6_what_a_payload_type_refuses_is_cut_off_and_never_acknowledged() {
    type Short = heapless::Vec<u8, 4>;
    let mut replica = Replica::<Short>::start(id(2), options());
    let start = entries(
        at(0, 0),
        [
            LogEntry::Term(term(1)),
            LogEntry::Command,
            LogEntry::Command,
            LogEntry::Command,
        ],
    );
    let call = append_call(1, 1, 1, 4, start);
    for _ in 0..2 {
        replica
            .receive(&envelope(&call, &[b"1234", b"12345", b"1"]))
            .expect("an envelope");
        assert_eq!(replica.node().log().last_position(), at(1, 2));
        assert_eq!(
            replica.payload(at(1, 2)).map(AsRef::as_ref),
            Some(b"1234".as_slice())
        );
        assert_eq!(replica.node().commit_index(), index(2));
        let batch = replica.next_batch().expect("an answer");
        let outputs: Vec<_> = replica
            .persisted(batch)
            .map(|it| format!("{it:?}"))
            .collect();
        let acknowledgement = outputs.iter().find(|it| it.contains("AppendEntriesReply"));
        assert!(
            acknowledgement.expect("an answer").contains("LogIndex(2)"),
            "{outputs:?}"
        );
    }
    // Not even the first one fits.
    let call = append_call(1, 1, 2, 4, commands(at(1, 2), 2));
    replica
        .receive(&envelope(&call, &[b"12345", b"1"]))
        .expect("an envelope");
    assert_eq!(replica.node().log().last_position(), at(1, 2));
}

#[test]
fn o6_a_proposal_longer_than_a_call_is_refused() {
    let mut options = options();
    options.max_call_bytes = 3;
    let mut cluster = Cluster::<Vec<u8>>::founded(1, &options);
    let refused = cluster
        .replica(1)
        .propose(b"1234".to_vec())
        .expect_err("it is too long");
    assert_eq!(
        (refused.payload, refused.reason),
        (b"1234".to_vec(), Refusal::TooLong(3))
    );
    cluster.propose(1, b"123");
}

#[test]
fn o6_a_call_whose_payloads_are_compacted_meanwhile_is_not_sent() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.silent.insert(3);
    cluster.propose(1, b"a");
    cluster.settle();
    cluster.silent.clear();
    cluster.replica(1).handle_timeout();
    cluster.run(1);
    cluster.deliver();
    cluster.run(3);
    cluster.deliver(); // node 3 asks for the entry
    assert!(cluster.take(1)); // the call that brings it waits
    let member = cluster.member(1);
    let mut new = member.replica.begin_snapshot().expect("it is applied");
    let bytes = crate::checks::join(&member.state);
    new.write(&bytes);
    member.store.own.insert(new.position(), bytes);
    assert!(member.replica.finish_snapshot(new));
    let outputs = cluster.give(1);
    assert!(outputs.iter().all(|it| !it.contains("cmd")), "{outputs:?}");
    cluster.run(1);
    cluster.settle();
    cluster.beat(1);
    cluster.beat(1);
    assert_eq!(cluster.said(3).last().map(String::as_str), Some("load 1/3"));
    cluster.assert_equal_states();
}
