//! O3: for each command in the log after the snapshot there is exactly its payload. The harness looks after every
//! input; here are the ways to get it wrong.

use raftbare::LogEntry;
use raftbare::replica::{Output, Replica};
use raftbare_tests::values::{append_call, at, commands, config, entries, id, term};

use crate::cluster::{Cluster, envelope, options};

/// The payloads of a replica, by position.
fn payloads(replica: &Replica<Vec<u8>>) -> Vec<String> {
    let log = replica.node().log().entries();
    let positions = log.iter_with_positions().map(|(position, _)| position);
    let both = positions.filter_map(|it| Some((it, replica.payload(it)?)));
    both.map(|(at, bytes)| format!("{at} {}", String::from_utf8_lossy(bytes)))
        .collect()
}

/// A follower that was sent this call.
fn receive(replica: &mut Replica<Vec<u8>>, call: &raftbare::Message, bytes: &[&[u8]]) {
    replica
        .receive(&envelope(call, bytes))
        .expect("an envelope");
}

fn follower() -> Replica<Vec<u8>> {
    let mut replica = Replica::start(id(2), options());
    let start = entries(
        at(0, 0),
        [
            LogEntry::Term(term(1)),
            LogEntry::Command,
            LogEntry::Command,
            LogEntry::Command,
        ],
    );
    receive(
        &mut replica,
        &append_call(1, 1, 1, 0, start),
        &[b"a", b"b", b"c"],
    );
    replica
}

#[test]
fn o3_a_new_entry_has_the_payload_that_came_with_it() {
    assert_eq!(payloads(&follower()), ["1/2 a", "1/3 b", "1/4 c"]);
}

#[test]
fn o3_an_overwritten_command_takes_its_payload_along() {
    let mut replica = follower();
    let other = entries(at(1, 2), [LogEntry::Term(term(3)), LogEntry::Command]);
    receive(&mut replica, &append_call(3, 3, 1, 0, other), &[b"x"]);
    assert_eq!(payloads(&replica), ["1/2 a", "3/4 x"]);
    assert_eq!(replica.payload(at(1, 3)), None);
    assert_eq!(replica.payload(at(1, 4)), None);
}

#[test]
fn o3_two_leaders_commands_at_the_same_index_are_two() {
    let mut replica = follower();
    let other = entries(at(1, 3), [LogEntry::Term(term(2))]);
    receive(&mut replica, &append_call(3, 2, 1, 0, other), &[]);
    assert_eq!(payloads(&replica), ["1/2 a", "1/3 b"]);
    // A late call of term 1 changes nothing.
    receive(
        &mut replica,
        &append_call(1, 1, 2, 0, commands(at(1, 3), 2)),
        &[b"c", b"d"],
    );
    assert_eq!(payloads(&replica), ["1/2 a", "1/3 b"]);
    let last = entries(
        at(1, 1),
        [
            LogEntry::Term(term(4)),
            LogEntry::Command,
            LogEntry::Command,
        ],
    );
    receive(&mut replica, &append_call(1, 4, 1, 0, last), &[b"p", b"q"]);
    assert_eq!(payloads(&replica), ["4/3 p", "4/4 q"]);
}

#[test]
fn o3_the_first_payload_of_a_position_stays() {
    let mut replica = follower();
    receive(
        &mut replica,
        &append_call(1, 1, 2, 0, commands(at(1, 2), 3)),
        &[b"B", b"C", b"d"],
    );
    assert_eq!(payloads(&replica), ["1/2 a", "1/3 b", "1/4 c", "1/5 d"]);
    receive(
        &mut replica,
        &append_call(1, 1, 1, 0, commands(at(1, 2), 1)),
        &[b"B"],
    );
    assert_eq!(payloads(&replica), ["1/2 a", "1/3 b", "1/4 c", "1/5 d"]);
}

/// No leader sends it: at 1/2, where a term has started, it has a command.
#[test]
fn o3_a_forged_call_that_gives_a_position_to_another_entry_brings_its_payload() {
    let mut replica = Replica::start(id(2), options());
    let founding = LogEntry::ClusterConfig(config(&[1, 2, 3]));
    let start = entries(
        at(0, 0),
        [founding, LogEntry::Term(term(1)), LogEntry::Command],
    );
    receive(&mut replica, &append_call(1, 1, 1, 0, start), &[b"a"]);
    assert_eq!(payloads(&replica), ["1/3 a"]);
    let forged = entries(
        at(0, 0),
        [
            LogEntry::Term(term(1)),
            LogEntry::Command,
            LogEntry::Term(term(2)),
        ],
    );
    receive(&mut replica, &append_call(1, 2, 1, 3, forged), &[b"x"]);
    assert_eq!(payloads(&replica), ["1/2 x"]);
    let mut applied = 0;
    while let Some(batch) = replica.next_batch() {
        let outputs = replica.persisted(batch);
        applied += outputs
            .filter(|it| matches!(it, Output::Apply { .. }))
            .count();
    }
    assert_eq!(applied, 1);
}

#[test]
fn o3_a_call_that_does_not_fit_leaves_no_payloads() {
    let mut replica = follower();
    receive(
        &mut replica,
        &append_call(1, 1, 2, 0, commands(at(1, 9), 2)),
        &[b"x", b"y"],
    );
    assert_eq!(payloads(&replica), ["1/2 a", "1/3 b", "1/4 c"]);
    receive(
        &mut replica,
        &append_call(1, 1, 3, 0, commands(at(1, 4), 1)),
        &[b"d"],
    );
    assert_eq!(payloads(&replica), ["1/2 a", "1/3 b", "1/4 c", "1/5 d"]);
}

#[test]
fn o3_a_payload_for_each_command_or_no_envelope() {
    let mut replica = follower();
    let call = append_call(1, 1, 2, 0, commands(at(1, 4), 2));
    assert!(replica.receive(&envelope(&call, &[b"d"])).is_err());
    assert!(
        replica
            .receive(&envelope(&call, &[b"d", b"e", b"f"]))
            .is_err()
    );
    assert_eq!(payloads(&replica), ["1/2 a", "1/3 b", "1/4 c"]);
}

#[test]
fn o3_compaction_takes_the_payloads_up_to_it() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    for text in ["a", "b"] {
        cluster.propose(1, text.as_bytes());
        cluster.settle();
    }
    cluster.propose(1, b"c");
    assert!(cluster.snapshot(1));
    assert_eq!(payloads(cluster.replica(1)), ["1/5 c"]);
    assert_eq!(cluster.replica(1).payload(at(1, 4)), None);
    cluster.settle();
    cluster.beat(1);
    cluster.assert_equal_states();
}

#[test]
fn o3_a_snapshot_over_a_conflicting_log_leaves_none() {
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
    cluster.beat(2);
    cluster.beat(2);
    assert_eq!(payloads(cluster.replica(1)), Vec::<String>::new());
    assert!(cluster.member(1).store.records.is_empty());
    cluster.propose(2, b"next");
    cluster.settle();
    assert_eq!(payloads(cluster.replica(1)), ["2/5 next"]);
}

#[test]
fn o3_a_restart_finds_all_payloads_again() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    for text in ["a", "", "c"] {
        cluster.propose(1, text.as_bytes());
    }
    cluster.settle();
    cluster.crash(2);
    assert_eq!(payloads(cluster.replica(2)), ["1/3 a", "1/4 ", "1/5 c"]);
}
