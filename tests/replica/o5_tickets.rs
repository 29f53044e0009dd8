//! O5: what becomes of proposals.

use raftbare::LogEntry;
use raftbare::replica::Refusal;
use raftbare_tests::values::{
    append_call, at, config, entries, id, joint, term, vote, vote_call, with_non_voters,
};

use crate::cluster::{Cluster, envelope, options};

/// Node 1 leads and has proposed `texts`, unheard; then it is heard again, and nothing of it is under way.
fn unheard(texts: &[&str]) -> Cluster {
    let mut cluster = Cluster::founded(3, &options());
    cluster.silent.insert(1);
    for text in texts {
        cluster.propose(1, text.as_bytes());
    }
    cluster.run(1);
    cluster.wire.clear();
    cluster
}

#[test]
fn o5_apply_carries_the_own_ticket_and_only_where_it_was_proposed() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    let ticket = cluster.propose(1, b"a");
    cluster.settle();
    cluster.beat(1);
    assert_eq!(ticket.position().to_string(), "1/3");
    assert_eq!(cluster.said(1), ["apply 1/3 a for its client"]);
    assert_eq!(cluster.said(2), ["apply 1/3 a"]);
}

#[test]
fn o5_rejected_when_another_entry_is_committed_in_its_place() {
    let mut cluster = unheard(&["a", "b"]);
    cluster.elect(2);
    cluster.propose(2, b"x");
    cluster.settle();
    cluster.silent.clear();
    cluster.beat(2);
    cluster.beat(2);
    assert_eq!(
        cluster.said(1),
        ["rejected 1/3", "rejected 1/4", "apply 2/4 x"]
    );
}

#[test]
fn o5_an_answer_that_is_not_taken_comes_with_the_next_batch() {
    let mut cluster = unheard(&["a", "b"]);
    cluster.elect(2);
    cluster.propose(2, b"x");
    cluster.settle();
    cluster.silent.clear();
    cluster.beat(2);
    cluster.replica(2).handle_timeout();
    cluster.run(2);
    cluster.deliver();
    while cluster.take(1) {
        cluster.give_some(1, 1);
    }
    assert_eq!(
        cluster.said(1),
        ["rejected 1/3", "rejected 1/4", "apply 2/4 x"]
    );
}

#[test]
fn o5_losing_the_leadership_alone_answers_nothing() {
    let mut cluster = unheard(&["a"]);
    cluster.elect(2);
    let term = cluster.replica(2).node().current_term();
    let last = cluster.replica(2).node().log().last_position();
    let step_down = vote_call(2, term.get() + 1, 1, last);
    for _ in 0..10 {
        cluster.replica(1).handle_timeout(); // until it heeds calls for votes
    }
    cluster.receive(1, &envelope(&step_down, &[]));
    cluster.run(1);
    assert!(!cluster.replica(1).node().role().is_leader());
    assert!(cluster.said(1).is_empty());
}

#[test]
fn o5_a_proposal_may_be_committed_by_the_next_leader() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.propose(1, b"a");
    cluster.run(1);
    cluster.deliver();
    cluster.run(2);
    cluster.wire.clear(); // the answers are lost
    cluster.silent.insert(1);
    cluster.elect(2);
    cluster.silent.clear();
    cluster.beat(2);
    cluster.beat(2);
    assert_eq!(cluster.said(1), ["apply 1/3 a for its client"]);
}

/// Another leader, of this term, overwrites all from index 3 on; then node 1 is elected in the next term.
fn lose_and_lead_again(cluster: &mut Cluster, between: u64) {
    let entries = entries(at(1, 2), [LogEntry::Term(term(between))]);
    cluster.receive(1, &envelope(&append_call(2, between, 1, 2, entries), &[]));
    cluster.run(1);
    cluster.replica(1).handle_timeout();
    cluster.run(1);
    cluster.receive(1, &envelope(&vote(2, between + 1, 1), &[]));
    assert!(cluster.replica(1).node().role().is_leader());
}

#[test]
fn o5_two_tickets_at_one_index_are_both_answered() {
    let mut cluster = unheard(&["a", "b", "c"]);
    lose_and_lead_again(&mut cluster, 2);
    let second = cluster.propose(1, b"d");
    assert_eq!(second.position(), at(3, 5));
    cluster.wire.clear();
    cluster.silent.clear();
    cluster.beat(1);
    cluster.beat(1);
    let answers = [
        "rejected 1/3",
        "rejected 1/4",
        "rejected 1/5",
        "apply 3/5 d for its client",
    ];
    assert_eq!(cluster.said(1), answers);
}

#[test]
fn o5_of_more_than_four_tickets_at_one_index_the_oldest_ends() {
    let mut cluster = unheard(&["a", "b", "c"]);
    for term in [2, 4, 6] {
        lose_and_lead_again(&mut cluster, term);
        cluster.propose(1, b"d");
        cluster.run(1);
    }
    assert!(cluster.said(1).is_empty());
    lose_and_lead_again(&mut cluster, 8);
    cluster.propose(1, b"e");
    cluster.run(1);
    assert_eq!(cluster.said(1), ["unknown 1/5"]);
}

#[test]
fn o5_unknown_when_a_snapshot_has_passed_it() {
    let mut cluster = unheard(&["a", "b", "c"]);
    cluster.elect(2);
    cluster.propose(2, b"x");
    cluster.settle();
    assert!(cluster.snapshot(2)); // at 2/4: none of term 1 comes behind it
    cluster.silent.clear();
    cluster.beat(2);
    cluster.beat(2);
    let said = ["load 2/4", "unknown 1/3", "unknown 1/4", "rejected 1/5"];
    assert_eq!(cluster.said(1), said);
}

/// §5.4.2: behind a committed entry none of an earlier term is ever committed.
#[test]
fn o5_rejected_when_an_entry_of_a_later_term_is_committed_before_it() {
    let mut cluster = unheard(&["a", "b", "c"]);
    cluster.elect(2);
    cluster.settle();
    cluster.silent.clear();
    cluster.beat(2);
    cluster.beat(2);
    assert_eq!(cluster.replica(1).node().commit_index().get(), 3);
    let said = ["rejected 1/3", "rejected 1/4", "rejected 1/5"];
    assert_eq!(cluster.said(1), said);
}

/// Whoever leads again takes proposals again, as many as had waited in vain.
#[test]
fn o5_what_waited_in_vain_keeps_nothing_out() {
    let mut options = options();
    options.max_waiting = 3;
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options);
    cluster.silent.insert(1);
    for text in ["a", "b", "c"] {
        cluster.propose(1, text.as_bytes());
    }
    cluster.run(1);
    cluster.wire.clear();
    lose_and_lead_again(&mut cluster, 2);
    let refused = cluster.replica(1).propose(b"d".to_vec());
    assert_eq!(
        refused.map_err(|it| it.reason),
        Err(Refusal::TooManyWaiting)
    );
    cluster.wire.clear();
    cluster.silent.clear();
    cluster.beat(1);
    cluster.beat(1);
    for text in ["d", "e", "f"] {
        cluster.propose(1, text.as_bytes());
    }
    cluster.settle();
    let said = [
        "rejected 1/3",
        "rejected 1/4",
        "rejected 1/5",
        "apply 3/5 d for its client",
        "apply 3/6 e for its client",
        "apply 3/7 f for its client",
    ];
    assert_eq!(cluster.said(1), said);
}

#[test]
fn o5_a_configuration_has_a_ticket_too() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.propose_config(1, with_non_voters(&[1, 2, 3], &[4]));
    cluster.settle();
    cluster.beat(1);
    assert_eq!(cluster.said(1), ["config 1/3 {1,2,3}+{4} for its client"]);
    assert_eq!(cluster.said(2), ["config 1/3 {1,2,3}+{4}"]);
}

#[test]
fn o5_the_end_of_a_joint_configuration_has_no_client() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.propose_config(1, joint(&[1, 2, 3], &[1, 2]));
    cluster.settle();
    cluster.beat(1);
    assert_eq!(
        cluster.said(1),
        [
            "config 1/3 {1,2,3}->{1,2} for its client",
            "config 1/4 {1,2}"
        ]
    );
}

#[test]
fn o5_refusals_say_why_and_give_the_payload_back() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    let refused = cluster
        .replica(2)
        .propose(b"a".to_vec())
        .expect_err("it follows");
    assert_eq!(refused.payload, b"a");
    assert_eq!(refused.reason, Refusal::NotLeader(Some(id(1))));
    let reason = cluster.replica(2).propose_config(config(&[1, 2, 3]));
    assert_eq!(reason, Err(Refusal::NotLeader(Some(id(1)))));
    let reason = cluster.replica(1).propose_config(config(&[1]));
    assert_eq!(reason, Err(Refusal::Config));
    assert!(!cluster.replica(1).create_cluster(&[id(1)]));
}

#[test]
fn o5_only_so_many_wait() {
    let mut options = options();
    options.max_waiting = 2;
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options);
    cluster.propose(1, b"a");
    cluster.propose(1, b"b");
    let refused = cluster
        .replica(1)
        .propose(b"c".to_vec())
        .expect_err("two wait");
    assert_eq!(refused.reason, Refusal::TooManyWaiting);
    cluster.settle();
    cluster.propose(1, b"c");
}
