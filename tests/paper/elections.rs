//! §5.2: leader election. §5.4.1: the election restriction. Thesis §4.2.2: who may campaign.

use raftbare::{LogEntries, LogPosition, Node, Role};
use raftbare_tests::values::{
    append_call, assert_actions, at, candidate, commands, drain, follower, id, leader, refusal,
    term, vote, vote_call,
};

/// Ends at 1/4.
const LOG: &str = "snapshot {1,2,3} log 0/0[term(1) cmd*3]";
const FIVE: &str = "snapshot {1,2,3,4,5} log 0/0[term(1) cmd*3]";

#[test]
fn section_5_2_a_timeout_starts_an_election_in_the_next_term() {
    let mut node = follower(1, 2, Some(3), LOG);
    node.handle_election_timeout();
    assert_eq!(
        (node.role(), node.current_term()),
        (Role::Candidate, term(3))
    );
    assert_eq!((node.voted_for(), node.leader_id()), (Some(id(1)), None));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "BroadcastMessage 1 t3 #1 RequestVoteCall last 1/4",
        ],
    );
}

#[test]
fn section_5_2_a_candidate_whose_time_is_up_tries_the_next_term() {
    let mut node = candidate(1, 3, LOG);
    node.handle_message(vote(3, 2, 1)); // of an older term: too late
    node.handle_election_timeout();
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "BroadcastMessage 1 t4 #1 RequestVoteCall last 1/4",
        ],
    );
    node.handle_message(vote(2, 3, 1)); // of the election before: too late
    assert_eq!(
        (node.role(), node.current_term()),
        (Role::Candidate, term(4))
    );
}

#[test]
fn section_5_2_of_two_elections_before_a_drain_only_the_newer_call_is_sent() {
    let mut node = follower(1, 2, None, LOG);
    node.handle_election_timeout();
    node.handle_election_timeout();
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "BroadcastMessage 1 t4 #1 RequestVoteCall last 1/4",
        ],
    );
}

#[test]
fn section_5_2_the_first_candidate_of_a_term_gets_the_vote_and_no_other() {
    let mut node = follower(1, 2, Some(3), LOG);
    node.handle_message(vote_call(2, 3, 8, at(1, 4)));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "SendMessage 2 1 t3 #8 RequestVoteReply granted",
        ],
    );
    let before = node.clone();
    node.handle_message(vote_call(3, 3, 1, at(2, 99)));
    assert_eq!(node, before); // refused by silence, and the timer runs on
    node.handle_message(vote_call(2, 3, 9, at(1, 4)));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SendMessage 2 1 t3 #9 RequestVoteReply granted",
        ],
    );
    assert_eq!(node, before);
}

#[test]
fn section_5_2_candidates_and_leaders_have_voted_for_themselves() {
    for node in [candidate(1, 3, LOG), leader(1, 3, LOG)] {
        let mut after = node.clone();
        after.handle_message(vote_call(2, 3, 1, at(2, 99)));
        assert_eq!(after, node);
        assert_eq!(after.voted_for(), Some(id(1)));
    }
}

#[test]
fn section_5_2_a_node_in_no_cluster_votes() {
    let mut node = Node::start(id(3));
    node.handle_message(vote_call(1, 1, 1, at(0, 1)));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "SendMessage 1 3 t1 #1 RequestVoteReply granted",
        ],
    );
}

/// The log of the voter ends at 3/4.
fn answers_to(last: LogPosition) -> bool {
    let mut node = follower(
        1,
        3,
        None,
        "snapshot {1,2,3} log 0/0[term(1) cmd*2 term(3)]",
    );
    node.handle_message(vote_call(2, 4, 1, last));
    let is_granted = node.voted_for() == Some(id(2));
    match is_granted {
        true => assert_actions(
            &mut node,
            &[
                "SetElectionTimeout",
                "SaveCurrentTerm",
                "SaveVotedFor",
                "SendMessage 2 1 t4 #1 RequestVoteReply granted",
            ],
        ),
        // The term is adopted. The timer is not touched: whoever cannot win shall not keep others from it.
        false => assert_actions(&mut node, &["SaveCurrentTerm"]),
    }
    is_granted
}

#[test]
fn section_5_4_1_the_later_term_wins_over_the_longer_log() {
    assert!(!answers_to(at(1, 5)));
    assert!(!answers_to(at(2, 4)));
    assert!(!answers_to(at(2, 99)));
    assert!(answers_to(at(4, 1)));
    assert!(answers_to(at(4, 4)));
}

#[test]
fn section_5_4_1_with_equal_terms_the_longer_log_wins_and_an_equal_one_is_enough() {
    assert!(!answers_to(at(3, 3)));
    assert!(answers_to(at(3, 4)));
    assert!(answers_to(at(3, 5)));
}

#[test]
fn section_5_4_1_the_snapshot_counts_as_the_end_of_an_empty_log() {
    let node = follower(1, 3, None, "snapshot {1,2,3} log 2/7[]");
    for (last, is_granted) in [(at(2, 6), false), (at(2, 7), true), (at(1, 9), false)] {
        let mut node = node.clone();
        node.handle_message(vote_call(2, 4, 1, last));
        assert_eq!(node.voted_for().is_some(), is_granted, "{last}");
    }
}

/// A crash between saving the term and saving the vote leaves term 3 with the vote of term 2.
#[test]
fn section_5_4_1_the_log_is_checked_for_the_node_that_has_the_vote_already() {
    let mut node = follower(1, 3, Some(2), LOG);
    let before = node.clone();
    node.handle_message(vote_call(2, 3, 1, at(1, 3)));
    assert_eq!(node, before);
}

#[test]
fn section_5_2_more_than_half_of_the_votes_make_a_leader() {
    let mut node = candidate(1, 3, FIVE);
    node.handle_message(vote(2, 3, 1));
    assert_eq!(node.role(), Role::Candidate);
    assert_actions(&mut node, &[]);
    node.handle_message(vote(5, 3, 1));
    assert_eq!(node.role(), Role::Leader);
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "BroadcastMessage 1 t3 #2 AppendEntriesCall commit 0 prev 1/4[term(3)]",
            "AppendLogEntries 1/4[term(3)]",
        ],
    );
}

#[test]
fn section_5_2_half_of_the_votes_are_no_majority() {
    let mut node = candidate(1, 3, "snapshot {1,2,3,4} log 0/0[term(1) cmd*3]");
    node.handle_message(vote(2, 3, 1));
    assert_eq!(node.role(), Role::Candidate);
    node.handle_message(vote(3, 3, 1));
    assert_eq!(node.role(), Role::Leader);
}

#[test]
fn section_5_2_a_vote_that_comes_twice_counts_once() {
    let mut node = candidate(1, 3, FIVE);
    for _ in 0..5 {
        node.handle_message(vote(2, 3, 1));
    }
    assert_eq!(node.role(), Role::Candidate);
}

#[test]
fn section_5_2_a_refused_vote_does_not_count() {
    let mut node = candidate(1, 3, LOG);
    let before = node.clone();
    node.handle_message(refusal(2, 3, 1));
    node.handle_message(refusal(3, 3, 1));
    assert_eq!(node, before);
}

#[test]
fn section_5_2_votes_of_non_voters_and_strangers_do_not_count() {
    let mut node = candidate(1, 3, "snapshot {1,2,3}+{4,5,6} log 0/0[term(1) cmd*3]");
    let before = node.clone();
    for other in 4..=9 {
        node.handle_message(vote(other, 3, 1));
    }
    assert_eq!(node, before);
}

#[test]
fn section_5_2_votes_do_nothing_to_followers_and_leaders() {
    for node in [follower(1, 3, Some(1), LOG), leader(1, 3, LOG)] {
        let mut after = node.clone();
        after.handle_message(vote(2, 3, 1));
        after.handle_message(vote(3, 3, 1));
        assert_eq!(after, node);
    }
}

#[test]
fn section_5_2_a_sole_voter_leads_at_once() {
    let mut node = follower(1, 2, None, "snapshot {1} log 0/0[term(1)]");
    node.handle_election_timeout();
    assert_eq!(node.role(), Role::Leader);
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "AppendLogEntries 1/1[term(3)]",
        ],
    );
}

#[test]
fn section_5_2_a_sole_voter_with_non_voters_sends_its_entry_but_no_call_for_votes() {
    let mut node = follower(1, 2, None, "snapshot {1}+{2} log 0/0[term(1)]");
    node.handle_election_timeout();
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "BroadcastMessage 1 t3 #2 AppendEntriesCall commit 0 prev 1/1[term(3)]",
            "AppendLogEntries 1/1[term(3)]",
        ],
    );
}

#[test]
fn section_5_2_a_candidate_that_hears_the_leader_of_its_term_follows_it() {
    let mut node = follower(1, 2, None, LOG);
    node.handle_election_timeout();
    node.handle_message(append_call(2, 3, 6, 0, LogEntries::new(at(1, 4))));
    assert_eq!(
        (node.role(), node.leader_id()),
        (Role::Follower, Some(id(2)))
    );
    // The call for votes, not sent yet, is withdrawn.
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "SendMessage 2 1 t3 #6 AppendEntriesReply last 1/4",
        ],
    );
    assert_eq!(node.voted_for(), Some(id(2)));
}

#[test]
fn section_5_2_who_voted_for_a_loser_follows_the_winner_and_gives_no_second_vote() {
    let mut node = follower(1, 3, Some(3), LOG);
    node.handle_message(append_call(2, 3, 6, 0, LogEntries::new(at(1, 4))));
    assert_eq!(
        (node.voted_for(), node.leader_id()),
        (Some(id(2)), Some(id(2)))
    );
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveVotedFor",
            "SendMessage 2 1 t3 #6 AppendEntriesReply last 1/4",
        ],
    );
    let before = node.clone();
    node.handle_message(vote_call(3, 3, 2, at(2, 9)));
    assert_eq!(node, before);
}

#[test]
fn section_5_2_a_follower_without_a_vote_cannot_vote_once_it_has_heard_the_leader() {
    let mut node = follower(1, 3, None, LOG);
    node.handle_message(append_call(2, 3, 6, 0, LogEntries::new(at(1, 4))));
    drain(&mut node);
    let before = node.clone();
    node.handle_message(vote_call(3, 3, 2, at(2, 9)));
    assert_eq!(node, before);
}

#[test]
fn section_5_2_a_leader_drops_a_leaders_call_of_its_own_term() {
    let mut node = leader(1, 3, LOG);
    let before = node.clone();
    node.handle_message(append_call(2, 3, 6, 9, commands(at(1, 2), 3)));
    assert_eq!(node, before);
}

#[test]
fn section_5_2_a_leaders_timeout_sends_heartbeats_and_asks_for_the_next_timer() {
    let mut node = leader(1, 3, LOG);
    for seqno in 3..6 {
        node.handle_election_timeout();
        let call = format!("BroadcastMessage 1 t3 #{seqno} AppendEntriesCall commit 0 prev 3/5[]");
        assert_actions(&mut node, &["SetElectionTimeout", &call]);
        assert_eq!((node.role(), node.current_term()), (Role::Leader, term(3)));
    }
}

#[test]
fn section_5_2_heartbeat_is_for_leaders_only() {
    let mut node = leader(1, 3, LOG);
    assert!(node.heartbeat());
    assert_actions(
        &mut node,
        &["BroadcastMessage 1 t3 #3 AppendEntriesCall commit 0 prev 3/5[]"],
    );
    for node in [follower(1, 3, None, LOG), candidate(1, 3, LOG)] {
        let mut after = node.clone();
        assert!(!after.heartbeat());
        assert_eq!(after, node);
    }
}
