//! O4: each command is applied once per life, in order, never above what is stored. The harness checks each.

use raftbare_tests::values::{append_call, at, commands, index};

use crate::cluster::{Cluster, envelope, options};

fn with_three() -> Cluster {
    let mut cluster = Cluster::founded(3, &options());
    for text in ["a", "b", "c"] {
        cluster.propose(1, text.as_bytes());
    }
    cluster.settle();
    cluster.beat(1);
    cluster
}

#[test]
fn o4_commands_come_in_the_order_of_the_log() {
    let mut cluster = with_three();
    assert_eq!(
        cluster.said(2),
        ["apply 1/3 a", "apply 1/4 b", "apply 1/5 c"]
    );
    assert_eq!(cluster.replica(2).applied(), index(5));
}

#[test]
fn o4_with_the_state_stored_nothing_comes_again_after_a_restart() {
    let mut cluster = with_three();
    cluster.said(2);
    cluster.restart(2);
    cluster.beat(1);
    assert!(cluster.said(2).is_empty());
    cluster.propose(1, b"d");
    cluster.settle();
    cluster.beat(1);
    assert_eq!(cluster.said(2), ["apply 1/6 d"]);
}

#[test]
fn o4_with_the_state_in_memory_all_comes_again_after_a_restart() {
    let mut cluster = with_three();
    cluster.said(2);
    cluster.crash(2);
    assert!(
        cluster.run(2).iter().all(|it| it.starts_with("timer")),
        "nothing is known to be committed"
    );
    cluster.beat(1);
    assert_eq!(
        cluster.said(2),
        [
            "config 0/1 {1,2,3}",
            "apply 1/3 a",
            "apply 1/4 b",
            "apply 1/5 c"
        ]
    );
}

#[test]
fn o4_with_an_older_state_the_rest_comes_again() {
    let mut cluster = with_three();
    let member = cluster.member(2);
    member.applied = index(4);
    member.state.truncate(2);
    member.said.clear();
    cluster.restart(2);
    cluster.beat(1);
    assert_eq!(cluster.said(2), ["apply 1/5 c"]);
    cluster.assert_equal_states();
}

#[test]
fn o4_a_committed_entry_that_is_not_stored_yet_is_not_applied() {
    let mut cluster = with_three();
    cluster.said(2);
    cluster.replica(2).handle_timeout();
    assert!(cluster.take(2));
    let term = cluster.replica(2).node().current_term().get();
    let call = append_call(1, term, 9, 7, commands(at(1, 5), 0));
    cluster.receive(2, &envelope(&call, &[]));
    cluster.give(2);
    assert!(cluster.said(2).is_empty());
}

#[test]
fn o4_a_commit_index_that_came_while_a_batch_was_out_counts_for_what_is_stored() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.propose(1, b"a");
    cluster.step(1);
    cluster.deliver();
    assert!(cluster.take(2)); // the entry is being stored
    let call = append_call(1, 1, 90, 3, commands(at(1, 3), 0));
    cluster.receive(2, &envelope(&call, &[]));
    let outputs = cluster.give(2);
    assert_eq!(outputs.last().map(String::as_str), Some("apply 1/3 a"));
}

#[test]
fn o4_a_snapshot_that_is_not_taken_to_be_loaded_comes_with_the_next_batch() {
    let mut cluster = with_three();
    assert!(cluster.snapshot(1));
    cluster.crash(1);
    let mut outputs = Vec::new();
    while cluster.take(1) {
        outputs.extend(cluster.give_some(1, 1));
    }
    assert_eq!(outputs, ["timer Follower", "load 1/5"]);
}
