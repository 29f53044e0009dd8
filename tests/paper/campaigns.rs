//! Who may campaign (thesis §4.2.2), and how a node begins: founding a cluster, coming back from a disk.

use raftbare::{LogEntries, LogPosition, Node, Role};
use raftbare_sim::notation::parse_log;
use raftbare_tests::values::{
    append_call, assert_actions, at, candidate, config, drain, follower, id, ids, term, vote,
};

/// Ends at 1/4.
const LOG: &str = "snapshot {1,2,3} log 0/0[term(1) cmd*3]";

#[test]
fn a_created_cluster_starts_with_its_configuration_and_an_election() {
    let mut node = Node::start(id(1));
    assert_eq!(node.create_cluster(&ids(&[1, 2, 3])), at(0, 1));
    assert_eq!(*node.config(), config(&[1, 2, 3]));
    assert_eq!(node.role(), Role::Candidate);
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "BroadcastMessage 1 t1 #1 RequestVoteCall last 0/1",
            "AppendLogEntries 0/0[config({1,2,3})]",
        ],
    );
}

#[test]
fn a_created_cluster_of_one_is_led_at_once() {
    let mut node = Node::start(id(1));
    assert_eq!(node.create_cluster(&ids(&[1])), at(0, 1));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "AppendLogEntries 0/0[config({1}) term(1)]",
        ],
    );
    assert_eq!(node.role(), Role::Leader);
    assert!(node.get_commit_status(at(0, 1)).is_committed());
}

#[test]
fn whoever_creates_a_cluster_of_others_never_leads() {
    let mut node = Node::start(id(1));
    assert_eq!(node.create_cluster(&ids(&[2, 3])), at(0, 1));
    assert_actions(
        &mut node,
        &["SetElectionTimeout", "AppendLogEntries 0/0[config({2,3})]"],
    );
    for _ in 0..3 {
        node.handle_election_timeout();
        assert_actions(&mut node, &["SetElectionTimeout"]);
    }
    assert_eq!(
        (node.role(), node.current_term()),
        (Role::Follower, term(0))
    );
}

#[test]
fn a_cluster_that_is_created_at_the_last_term_waits_for_ever() {
    let mut node = Node::start(id(1));
    node.handle_message(raftbare_tests::values::refusal(2, u64::MAX, 1));
    drain(&mut node);
    assert_eq!(node.create_cluster(&ids(&[1])), at(0, 1));
    assert_eq!(node.role(), Role::Follower);
    assert_actions(
        &mut node,
        &["SetElectionTimeout", "AppendLogEntries 0/0[config({1})]"],
    );
}

#[test]
fn a_cluster_is_created_once_and_with_voters() {
    let mut created = Node::start(id(1));
    created.create_cluster(&ids(&[1, 2]));
    for (node, voters) in [
        (Node::start(id(1)), vec![]),
        (created, ids(&[1])),
        (follower(1, 1, None, LOG), ids(&[1])),
        (follower(1, 1, None, "snapshot {} log 0/0[cmd]"), ids(&[1])),
        (follower(1, 1, None, "snapshot {} log 1/1[]"), ids(&[1])),
        (follower(1, 1, None, "snapshot {2} log 0/0[]"), ids(&[1])),
    ] {
        let mut after = node.clone();
        assert_eq!(
            after.create_cluster(&voters),
            LogPosition::INVALID,
            "{node}"
        );
        assert_eq!(after, node);
    }
}

#[test]
fn a_restarted_node_is_a_follower_that_knows_its_snapshot_as_committed_and_asks_for_a_timer() {
    let log = parse_log("snapshot {1,2,3} log 2/7[cmd*2]").expect("a log");
    let mut node = Node::restart(id(1), term(4), Some(id(2)), log.clone());
    assert_eq!(
        (node.id(), node.role(), node.current_term()),
        (id(1), Role::Follower, term(4))
    );
    assert_eq!((node.voted_for(), node.leader_id()), (Some(id(2)), None));
    assert_eq!((node.commit_index().get(), node.log()), (7, &log));
    assert_actions(&mut node, &["SetElectionTimeout"]);
}

/// A snapshot of term 6 was stored, and then the power failed before the term was.
#[test]
fn a_restarted_node_raises_a_term_that_is_older_than_its_log() {
    for log in [
        "snapshot {1,2,3} log 6/7[]",
        "snapshot {1,2,3} log 2/7[cmd term(6)]",
    ] {
        let log = parse_log(log).expect("a log");
        for voted_for in [Some(id(2)), None] {
            let mut node = Node::restart(id(1), term(4), voted_for, log.clone());
            assert_eq!((node.current_term(), node.voted_for()), (term(6), None));
            assert_actions(
                &mut node,
                &["SetElectionTimeout", "SaveCurrentTerm", "SaveVotedFor"],
            );
        }
    }
}

#[test]
fn a_restarted_node_whose_log_ends_in_its_term_saves_nothing_again() {
    let log = parse_log("snapshot {1,2,3} log 2/7[cmd*2]").expect("a log");
    let mut node = Node::restart(id(1), term(2), Some(id(2)), log);
    assert_eq!(
        (node.current_term(), node.voted_for()),
        (term(2), Some(id(2)))
    );
    assert_actions(&mut node, &["SetElectionTimeout"]);
}

#[test]
fn at_the_last_index_a_node_does_not_campaign() {
    let mut node = follower(1, 3, None, "snapshot {1} log 2/18446744073709551614[cmd]");
    node.handle_election_timeout();
    assert_actions(&mut node, &["SetElectionTimeout"]);
    assert_eq!(node.role(), Role::Follower);
}

/// Whether a node with this log campaigns at its timeout.
fn campaigns(node: &mut Node) -> bool {
    node.handle_election_timeout();
    let is_candidate = !node.role().is_follower();
    drain(node);
    is_candidate
}

#[test]
fn thesis_4_2_2_voters_campaign_and_nobody_else() {
    assert!(campaigns(&mut follower(
        1,
        1,
        None,
        "snapshot {1,2} log 0/0[]"
    )));
    assert!(campaigns(&mut follower(
        1,
        1,
        None,
        "snapshot {2,3}->{1,2} log 0/0[]"
    )));
    assert!(!campaigns(&mut follower(
        1,
        1,
        None,
        "snapshot {2,3}+{1} log 0/0[]"
    )));
    assert!(!campaigns(&mut follower(
        1,
        1,
        None,
        "snapshot {2,3} log 0/0[]"
    )));
    assert!(!campaigns(&mut Node::start(id(1))));
}

#[test]
fn thesis_4_2_2_a_voter_of_the_committed_or_of_any_later_configuration_campaigns() {
    // Committed is the snapshot's; the configurations after it may or may not be.
    let removed = "snapshot {1,2,3} log 0/0[config({1,2,3}->{2,3}) config({2,3})]";
    assert!(campaigns(&mut follower(1, 1, None, removed)));
    let added = "snapshot {2,3}+{1} log 0/0[config({2,3}->{1,2,3})]";
    assert!(campaigns(&mut follower(1, 1, None, added)));
    let in_between = "snapshot {2,3} log 0/0[config({2,3}->{1,2,3}) config({2,3})]";
    assert!(campaigns(&mut follower(1, 1, None, in_between)));
}

#[test]
fn thesis_4_2_2_a_node_that_knows_that_it_is_removed_does_not_campaign() {
    let log = "snapshot {1,2,3} log 0/0[config({1,2,3}->{2,3}) config({2,3})]";
    for (commit, is_candidate) in [(0, true), (1, true), (2, false)] {
        let mut node = follower(1, 1, Some(2), log);
        node.handle_message(append_call(2, 1, 1, commit, LogEntries::new(at(0, 2))));
        assert_eq!(campaigns(&mut node), is_candidate, "commit {commit}");
        if commit == 2 {
            // After a restart it does not know any more.
            assert!(campaigns(&mut Node::restart(
                id(1),
                term(1),
                None,
                node.log().clone()
            )));
        }
    }
}

#[test]
fn section_6_the_own_vote_counts_only_where_the_candidate_is_a_voter() {
    let log = "snapshot {1,2,3} log 0/0[term(1) config({1,2,3}->{2,3}) config({2,3})]";
    let mut node = candidate(1, 2, log);
    node.handle_message(vote(2, 2, 1));
    assert_eq!(node.role(), Role::Candidate);
    node.handle_message(vote(3, 2, 1));
    assert_eq!(node.role(), Role::Leader);
}

#[test]
fn section_6_no_majority_of_nobody() {
    let mut node = follower(1, 1, None, "snapshot {1} log 0/0[term(1) config({})]");
    node.handle_election_timeout();
    assert_actions(
        &mut node,
        &["SetElectionTimeout", "SaveCurrentTerm", "SaveVotedFor"],
    );
    node.handle_message(vote(2, 2, 1));
    assert_eq!(node.role(), Role::Candidate);
}
