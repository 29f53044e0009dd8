//! Memory and traffic stay bounded, whatever others do.

use raftbare::Message;
use raftbare::codec::DecodeProblem;
use raftbare::replica::{Refusal, Replica};
use raftbare_tests::values::{
    append_call, append_reply, at, commands, id, ids, vote, vote_call, with_non_voters,
};

use crate::cluster::{Cluster, envelope, options};

/// How many entries the calls to this node bring, call by call; they are taken off the wire.
fn calls(cluster: &mut Cluster, to: u64) -> Vec<usize> {
    let (calls, rest) = std::mem::take(&mut cluster.wire)
        .into_iter()
        .partition(|it| it.to == to);
    cluster.wire = rest;
    let calls: Vec<crate::cluster::Packet> = calls;
    let entries = calls.into_iter().filter_map(|it| match it.message? {
        Message::AppendEntriesCall { entries, .. } => Some(entries.len()),
        _ => None,
    });
    entries.collect()
}

#[test]
fn b_a_silent_follower_gets_a_window_of_entries_and_then_one_empty_call_in_sixteen() {
    let mut options = options();
    options.max_calls_in_flight = 3;
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options);
    let mut sent = Vec::new();
    for number in 0..163_u8 {
        cluster.propose(1, &[number]);
        cluster.run(1);
        sent.extend(calls(&mut cluster, 3));
        cluster.settle();
        calls(&mut cluster, 3);
    }
    assert_eq!(sent[..3], [1, 1, 1]);
    assert_eq!(sent[3..], [0; 10], "160 calls, one in sixteen, empty");
    // Heartbeats go on.
    for _ in 0..5 {
        cluster.replica(1).handle_timeout();
        cluster.run(1);
        assert_eq!(calls(&mut cluster, 3), [0]);
    }
}

#[test]
fn b_a_follower_that_answers_again_gets_each_entry_once_more_at_most() {
    let mut options = options();
    options.max_call_entries = 16;
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options);
    cluster.silent.insert(3);
    for number in 0..100_u8 {
        cluster.propose(1, &[number]);
        cluster.settle();
    }
    cluster.silent.clear();
    cluster.replica(1).handle_timeout();
    let mut entries = 0;
    for _ in 0..50 {
        cluster.run(1);
        let to_third = cluster
            .wire
            .iter()
            .filter(|it| it.to == 3)
            .filter_map(|it| it.message.as_ref());
        entries += to_third
            .map(|message| match message {
                Message::AppendEntriesCall { entries, .. } => entries.len(),
                _ => 0,
            })
            .sum::<usize>();
        cluster.deliver();
        cluster.run(2);
        cluster.run(3);
        cluster.deliver();
    }
    assert_eq!(entries, 100);
    cluster.settle();
    cluster.beat(1);
    cluster.assert_equal_states();
}

#[test]
fn b_a_follower_that_has_caught_up_gets_the_broadcasts_again() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.silent.insert(3);
    for number in 0..40_u8 {
        cluster.propose(1, &[number]);
        cluster.settle();
    }
    cluster.silent.clear();
    cluster.beat(1);
    for number in 0..40_u8 {
        cluster.propose(1, &[number]);
        cluster.run(1);
        let call = cluster.wire.iter().find(|it| it.to == 3).expect("a call");
        assert!(call.text.ends_with("[cmd]"), "{}", call.text);
        cluster.settle();
    }
}

#[test]
fn b_a_node_that_was_removed_gets_no_call() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    let config = cluster.replica(1).node().config().clone();
    cluster.propose_config(1, config.to_joint_consensus(&[], &[id(3)]));
    cluster.settle();
    cluster.propose(1, b"a");
    cluster.run(1);
    assert!(!calls(&mut cluster, 2).is_empty());
    assert_eq!(calls(&mut cluster, 3), []);
}

/// A leader whose calls fill the window of node 3, which has answered none.
fn full_window() -> Cluster {
    let mut options = options();
    options.max_calls_in_flight = 2;
    let mut cluster = Cluster::founded(3, &options);
    for number in 0..5_u8 {
        cluster.propose(1, &[number]);
        cluster.run(1);
        calls(&mut cluster, 3);
        cluster.settle();
    }
    cluster
}

#[test]
fn b_an_answer_of_another_term_opens_no_window() {
    let mut cluster = full_window();
    let late = append_reply(3, 0, 99, at(0, 1));
    cluster.receive(1, &envelope(&late, &[]));
    cluster.propose(1, b"a");
    cluster.run(1);
    assert_eq!(calls(&mut cluster, 3), []);
}

#[test]
fn b_a_new_term_begins_with_open_windows() {
    let mut cluster = full_window();
    for _ in 0..10 {
        cluster.replica(1).handle_timeout();
    }
    cluster.receive(1, &envelope(&vote_call(2, 5, 1, at(5, 90)), &[]));
    cluster.run(1);
    cluster.replica(1).handle_timeout();
    cluster.run(1);
    cluster.receive(1, &envelope(&vote(2, 6, 1), &[]));
    cluster.wire.clear();
    cluster.run(1);
    assert_eq!(calls(&mut cluster, 3), [1]);
}

#[test]
fn b_a_window_opens_with_the_answers() {
    let mut options = options();
    options.max_calls_in_flight = 2;
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options);
    let mut sent = Vec::new();
    for number in 0..20_u8 {
        cluster.propose(1, &[number]);
        cluster.run(1);
        sent.extend(
            cluster
                .wire
                .iter()
                .filter(|it| it.to == 3)
                .map(|it| it.text.contains("cmd")),
        );
        cluster.settle();
    }
    assert_eq!(sent, [true; 20]);
}

#[test]
fn b_too_much_uncommitted_refuses_commands_and_not_configurations() {
    let mut options = options();
    options.max_uncommitted = 3;
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options);
    cluster.silent = [2, 3].into();
    for _ in 0..3 {
        cluster.propose(1, b"a");
    }
    let refused = cluster
        .replica(1)
        .propose(b"b".to_vec())
        .expect_err("three are not committed");
    assert_eq!(
        (refused.payload, refused.reason),
        (b"b".to_vec(), Refusal::TooManyUncommitted)
    );
    cluster.propose_config(1, with_non_voters(&[1, 2, 3], &[4]));
    cluster.silent.clear();
    cluster.beat(1);
    cluster.propose(1, b"b");
}

#[test]
fn b_a_full_log_refuses_commands_until_a_snapshot_and_takes_configurations() {
    let mut options = options();
    options.max_log = 8;
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options);
    let mut taken = 0;
    let refused = loop {
        match cluster.replica(1).propose(b"a".to_vec()) {
            Ok(ticket) => cluster.note(1, ticket, b"a"),
            Err(refused) => break refused,
        }
        cluster.settle();
        taken += 1;
    };
    // Before them there are the founding configuration and the entry that starts the term.
    assert_eq!(taken, 6);
    assert_eq!(
        (refused.payload, refused.reason),
        (b"a".to_vec(), Refusal::LogFull)
    );
    assert!(cluster.replica(1).wants_snapshot());
    cluster.propose_config(1, with_non_voters(&[1, 2, 3], &[4]));
    cluster.settle();
    assert!(cluster.snapshot(1));
    assert!(!cluster.replica(1).wants_snapshot());
    cluster.propose(1, b"a");
    cluster.settle();
    cluster.beat(1);
    cluster.assert_equal_states();
}

#[test]
fn b_a_full_log_takes_sixteen_configurations_and_no_more() {
    let mut options = options();
    options.max_log = 8;
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options);
    let mut taken = 0;
    let refusal = loop {
        let others: &[u64] = if taken % 2 == 0 { &[4] } else { &[] };
        let config = with_non_voters(&[1, 2, 3], others);
        if let Err(refusal) = cluster.replica(1).propose_config(config.clone()) {
            break refusal;
        }
        cluster.settle();
        taken += 1;
    };
    assert_eq!((taken, refusal), (6 + 16, Refusal::LogFull));
}

#[test]
fn b_a_full_log_takes_what_starts_a_term() {
    let mut options = options();
    options.max_log = 8;
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options);
    while let Ok(ticket) = cluster.replica(1).propose(b"a".to_vec()) {
        cluster.note(1, ticket, b"a");
        cluster.settle();
    }
    for leader in (1..=3).cycle().skip(1).take(60) {
        cluster.elect(leader);
        cluster.beat(leader);
        let node = cluster.replica(leader).node();
        assert_eq!(node.commit_index(), node.log().last_position().index);
    }
    cluster.beat(1);
    cluster.assert_equal_states();
}

#[test]
fn b_a_follower_whose_log_is_full_takes_no_more_until_it_has_a_snapshot() {
    let mut cluster = Cluster::<Vec<u8>>::new(3, &options());
    let mut small = options();
    small.max_log = 8;
    *cluster.replica(3) = Replica::start(id(3), small);
    assert!(cluster.replica(1).create_cluster(&ids(&[1, 2, 3])));
    cluster.settle();
    for number in 0..100_u8 {
        cluster.propose(1, &[number]);
        cluster.settle();
    }
    let last = |cluster: &mut Cluster| cluster.replica(3).node().log().last_position().index;
    assert_eq!(last(&mut cluster).get(), 2 + 8); // the founding configuration, the start of the term, commands
    let mut snapshots = 0;
    while last(&mut cluster).get() < 2 + 100 {
        assert!(cluster.replica(3).wants_snapshot());
        assert!(cluster.snapshot(3));
        cluster.beat(1);
        snapshots += 1;
        assert_eq!(
            last(&mut cluster).get(),
            (2 + 8 + 8 * snapshots).min(2 + 100)
        );
    }
    cluster.beat(1);
    cluster.assert_equal_states();
}

#[test]
fn b_an_envelope_above_the_limits_is_refused_and_changes_nothing() {
    let mut options = options();
    options.limits.bytes = 40;
    let mut replica = Replica::<Vec<u8>>::start(id(2), options);
    let call = append_call(1, 1, 1, 0, commands(at(0, 0), 1));
    let longest = envelope(&call, &[&[7; 30]]);
    assert_eq!(longest.len(), 40);
    let error = replica
        .receive(&envelope(&call, &[&[7; 31]]))
        .expect_err("too long");
    assert_eq!(error.problem, DecodeProblem::TooLong);
    assert!(replica.next_batch().is_none());
    assert_eq!(replica.receive(&longest), Ok(()));
    assert!(replica.next_batch().is_some());
}

/// The limits on what an envelope may hold are those of the options.
#[test]
fn b_more_entries_than_the_limits_allow_are_refused() {
    let mut options = options();
    options.limits.entries = 2;
    let mut replica = Replica::<Vec<u8>>::start(id(2), options);
    let call = |count| append_call(1, 1, 1, 0, commands(at(0, 0), count));
    assert!(
        replica
            .receive(&envelope(&call(3), &[b"a", b"b", b"c"]))
            .is_err()
    );
    assert_eq!(replica.receive(&envelope(&call(2), &[b"a", b"b"])), Ok(()));
}
