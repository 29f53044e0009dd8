//! thesis §4.2.3, §6.2: stickiness and check-quorum, and what stable leadership comes to with pre-votes.

use raftbare::{Node, Role};
use raftbare_tests::cluster::run;
use raftbare_tests::values::{
    append_call, append_reply, at, commands, drain, follower, id, leader, refusal, stable, term,
    vote, vote_call,
};

/// Ends at 1/4.
const LOG: &str = "snapshot {1,2,3} log 0/0[term(1) cmd*3]";

/// A follower of node 2 in term 2 that has just heard from it.
fn in_contact() -> Node {
    let mut node = follower(1, 2, Some(2), LOG);
    node.handle_message(append_call(2, 2, 1, 0, commands(at(1, 4), 0)));
    drain(&mut node);
    node
}

#[test]
fn thesis_4_2_3_who_hears_a_leader_or_is_one_heeds_no_call_for_votes() {
    for node in [stable(in_contact(), 8), stable(leader(1, 2, LOG), 8)] {
        for from in [2, 3, 9] {
            let mut after = node.clone();
            after.handle_message(vote_call(from, 7, 1, at(6, 99)));
            assert_eq!(after, node);
        }
        // Any other message of a higher term is heeded: a node whose term ran ahead comes back this way.
        let mut after = node.clone();
        after.handle_message(append_reply(3, 7, 0, at(1, 4)));
        assert_eq!(after.current_term(), term(7));
        let mut after = node;
        after.handle_message(refusal(3, 7, 1));
        assert_eq!(after.current_term(), term(7));
    }
    let mut node = stable(in_contact(), 8);
    node.handle_election_timeout();
    node.handle_message(vote_call(3, 7, 1, at(6, 99)));
    assert_eq!(node.current_term(), term(7));
}

#[test]
fn thesis_6_2_a_leader_that_no_majority_answers_steps_down_and_keeps_its_vote() {
    for silent_timeouts in [2, 3, 8, 255] {
        let mut node = stable(leader(1, 2, LOG), silent_timeouts);
        for timeout in 1..=silent_timeouts {
            assert!(node.role().is_leader(), "{timeout} of {silent_timeouts}");
            node.handle_election_timeout();
            let sent = drain(&mut node).len();
            assert_eq!(sent, if timeout < silent_timeouts { 2 } else { 1 });
        }
        assert_eq!(
            (node.role(), node.current_term()),
            (Role::Follower, term(2))
        );
        assert_eq!((node.voted_for(), node.leader_id()), (Some(id(1)), None));
        let before = node.clone();
        node.handle_message(vote_call(3, 2, 1, at(1, 99))); // no second vote in its term
        assert_eq!(node, before);
    }
}

#[test]
fn thesis_6_2_zero_and_one_silent_timeouts_count_as_two() {
    for silent_timeouts in [0, 1] {
        let mut node = stable(leader(1, 2, LOG), silent_timeouts);
        node.handle_election_timeout();
        drain(&mut node);
        assert!(node.role().is_leader());
        node.handle_election_timeout();
        assert!(node.role().is_follower());
    }
}

#[test]
fn thesis_6_2_an_answer_of_a_majority_to_something_new_starts_the_count_again() {
    let mut node = stable(leader(1, 2, LOG), 3);
    let mut newest = 2; // the number of the `Term` entry's call
    for _ in 0..100 {
        node.handle_message(append_reply(2, 2, newest, at(2, 5)));
        for _ in 0..2 {
            node.handle_election_timeout();
            newest += 1;
            drain(&mut node);
        }
        assert!(node.role().is_leader());
    }
    // The same answers again, and those of others than voters, are no news.
    for _ in 0..2 {
        node.handle_message(append_reply(2, 2, newest - 2, at(2, 5)));
        node.handle_message(append_reply(9, 2, newest, at(2, 5)));
        node.handle_election_timeout();
        drain(&mut node);
    }
    assert!(node.role().is_follower());
}

#[test]
fn thesis_6_2_timeouts_of_a_user_who_takes_no_actions_prove_nothing() {
    let mut node = stable(leader(1, 2, LOG), 3);
    for _ in 0..100 {
        node.handle_election_timeout();
    }
    assert!(node.role().is_leader());
}

#[test]
fn thesis_6_2_one_half_of_a_joint_configuration_is_no_majority() {
    let log = "snapshot {1,2,3}->{1,4,5} log 0/0[term(1)]";
    let mut node = follower(1, 1, None, log);
    node.handle_election_timeout();
    drain(&mut node);
    for peer in 2..=5 {
        node.handle_message(vote(peer, 2, 1));
    }
    drain(&mut node);
    let mut node = stable(node, 4);
    for timeout in 0..4 {
        assert!(node.role().is_leader());
        for peer in [4, 5] {
            node.handle_message(append_reply(peer, 2, 2 + timeout, at(1, 1)));
        }
        node.handle_election_timeout();
        drain(&mut node);
    }
    assert!(node.role().is_follower());
}

#[test]
fn thesis_6_2_alone_a_leader_is_a_majority_and_without_the_option_it_stays() {
    let alone = stable(leader(1, 2, "snapshot {1}+{2} log 0/0[term(1)]"), 2);
    for mut node in [alone, leader(1, 2, LOG)] {
        for _ in 0..1_000 {
            node.handle_election_timeout();
            drain(&mut node);
        }
        assert!(node.role().is_leader());
    }
}

/// A cluster with stable leadership, led by node 1 in term 1.
fn cluster(size: u64) -> Vec<Node> {
    let ids: Vec<_> = (1..=size).map(id).collect();
    let mut nodes: Vec<_> = ids.iter().map(|&id| stable(Node::start(id), 4)).collect();
    nodes[0].create_cluster(&ids);
    run(&mut nodes, |_, _| true);
    nodes[0].handle_election_timeout();
    run(&mut nodes, |_, _| true);
    nodes
}

#[test]
fn a_flapping_node_never_raises_the_term() {
    let mut nodes = cluster(3);
    for _ in 0..1_000 {
        nodes[2].handle_election_timeout(); // cut off
        run(&mut nodes, |from, to| from != 3 && to != 3);
        nodes[0].handle_election_timeout();
        run(&mut nodes, |_, _| true); // and back
        nodes[2].handle_election_timeout();
        run(&mut nodes, |_, _| true);
    }
    assert!(nodes[0].role().is_leader());
    assert!(nodes.iter().all(|node| node.current_term() == term(1)));
}

#[test]
fn a_removed_node_that_never_learnt_it_disturbs_nobody() {
    let mut nodes = cluster(4);
    let joint = nodes[0].config().to_joint_consensus(&[], &[id(4)]);
    assert!(!nodes[0].propose_config(joint).is_invalid());
    let without_4 = |from: u64, to: u64| from != 4 && to != 4;
    for _ in 0..3 {
        run(&mut nodes, without_4);
        nodes[0].handle_election_timeout();
    }
    assert_eq!(nodes[0].config().voters.len(), 3);
    for _ in 0..100 {
        nodes[3].handle_election_timeout();
        run(&mut nodes, |_, _| true);
        nodes[0].handle_election_timeout();
        run(&mut nodes, |_, _| true);
    }
    assert!(nodes[0].role().is_leader());
    assert!(nodes[..3].iter().all(|node| node.current_term() == term(1)));
}

#[test]
fn behind_a_bridge_to_the_old_leader_the_fully_connected_elect() {
    // 1 leads and hears only 2; 5 is dead; 2, 3 and 4 hear each other.
    let connects = |from: u64, to: u64| {
        let pair = (from.min(to), from.max(to));
        pair == (1, 2) || (pair.0 > 1 && pair.1 < 5)
    };
    let mut nodes = cluster(5);
    // The first timeout looks back on better times.
    for _ in 0..=4 {
        nodes[0].handle_election_timeout();
        run(&mut nodes, connects);
    }
    assert!(
        nodes[0].role().is_follower(),
        "no majority answers it any more"
    );
    for node in [1, 2, 3] {
        nodes[node].handle_election_timeout();
        run(&mut nodes, connects);
    }
    nodes[2].handle_election_timeout();
    run(&mut nodes, connects);
    let led = nodes[1..4].iter().filter(|node| node.role().is_leader());
    assert_eq!(led.count(), 1);
}

/// What frees the others is that the leader gives up: with one that hardly ever does, they wait for it.
#[test]
fn behind_a_bridge_to_a_leader_that_does_not_give_up_nobody_elects() {
    let connects = |from: u64, to: u64| {
        let pair = (from.min(to), from.max(to));
        pair == (1, 2) || (pair.0 > 1 && pair.1 < 5)
    };
    let nodes = cluster(5).into_iter();
    let mut nodes: Vec<_> = nodes.map(|node| stable(node, 255)).collect();
    for _ in 0..100 {
        for node in [0, 2, 3] {
            nodes[node].handle_election_timeout();
            run(&mut nodes, connects);
        }
    }
    assert!(nodes[0].role().is_leader());
    assert!(nodes.iter().all(|node| node.current_term() == term(1)));
}

#[test]
fn thesis_4_2_3_a_follower_that_is_behind_is_in_contact_all_the_same() {
    let mut node = stable(follower(1, 2, Some(2), LOG), 8);
    for seqno in 1..=100 {
        node.handle_message(append_call(2, 2, seqno, 0, commands(at(2, 9), 1)));
        assert!(node.actions().set_election_timeout); // so that it does not campaign
        drain(&mut node);
        let before = node.clone();
        node.handle_message(vote_call(3, 7, 1, at(6, 99)));
        assert_eq!(node, before);
    }
}

#[test]
fn a_node_of_a_higher_term_and_an_older_log_comes_back_with_one_election() {
    let mut nodes = cluster(3);
    let without_3 = |from: u64, to: u64| from != 3 && to != 3;
    nodes[2] = follower(3, 9, Some(3), "snapshot {1,2,3} log 0/0[config({1,2,3})]");
    nodes[0].propose_command();
    run(&mut nodes, without_3);
    // Its pre-votes and votes impress nobody, but its answer to the leader does.
    let mut node = stable(nodes[2].clone(), 4);
    node.handle_election_timeout();
    nodes[2] = node;
    run(&mut nodes, |_, _| true);
    assert_eq!(nodes[0].current_term(), term(1));
    nodes[0].handle_election_timeout();
    run(&mut nodes, |_, _| true);
    assert!(!nodes[0].role().is_leader());
    nodes[1].handle_election_timeout();
    run(&mut nodes, |_, _| true);
    nodes[0].handle_election_timeout();
    run(&mut nodes, |_, _| true);
    let leaders = nodes.iter().filter(|node| node.role().is_leader());
    assert_eq!(leaders.count(), 1);
    assert!(nodes.iter().all(|node| node.current_term() == term(10)));
}
