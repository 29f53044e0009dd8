//! §6: removed servers do not disturb, and when a leader believes that it leads.

use raftbare::{LogEntries, Node, Role};
use raftbare_tests::values::{
    append_call, append_reply, assert_actions, at, candidate, drain, follower, id, leader, refusal,
    term, vote_call,
};

/// Ends at 1/4.
const LOG: &str = "snapshot {1,2,3}+{4} log 0/0[term(1) cmd*3]";

/// A follower of node 2 in term 1 with this log, that has just heard from it, and knows this commit index.
fn in_contact(log: &str, commit: u64) -> Node {
    let mut node = follower(1, 1, Some(2), log);
    let last = node.log().last_position();
    node.handle_message(append_call(2, 1, 1, commit, LogEntries::new(last)));
    drain(&mut node);
    node
}

/// Whether a call for votes in term 5 by `from` is heeded; if not, it leaves no trace.
fn is_heeded(node: &Node, from: u64) -> bool {
    let mut after = node.clone();
    after.handle_message(vote_call(from, 5, 1, at(1, 99)));
    assert!(after == *node || after.current_term() == term(5));
    after != *node
}

#[test]
fn section_6_a_follower_that_hears_the_leader_ignores_calls_of_outsiders_and_non_voters() {
    let node = in_contact(LOG, 0);
    assert_eq!(
        [2, 3, 4, 9].map(|from| is_heeded(&node, from)),
        [true, true, false, false]
    );
}

#[test]
fn section_6_a_call_of_a_voter_is_answered_though_the_leader_is_heard() {
    let mut node = in_contact(LOG, 0);
    node.handle_message(vote_call(3, 2, 1, at(1, 4)));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "SendMessage 3 1 t2 #1 RequestVoteReply granted",
        ],
    );
}

#[test]
fn section_6_a_voter_is_one_of_any_configuration_from_the_known_commit_on() {
    let log = "snapshot {1,2,3,4} log 0/0[term(1) config({1,2,3,4}->{1,2,5}) config({1,2,5})]";
    for (commit, heeded) in [
        (1, [true, true, true]),
        (2, [true, true, true]),
        (3, [false, false, true]),
    ] {
        let node = in_contact(log, commit);
        assert_eq!(
            [3, 4, 5].map(|from| is_heeded(&node, from)),
            heeded,
            "commit {commit}"
        );
    }
}

#[test]
fn section_6_after_its_own_timeout_everybody_heeds_everybody() {
    for log in [
        LOG,                                   // a voter
        "snapshot {2,3}+{1} log 0/0[term(1)]", // a non-voter
        "snapshot {2,3} log 0/0[term(1)]",     // outside the configuration
    ] {
        let mut node = in_contact(log, 0);
        assert!(!is_heeded(&node, 9));
        node.handle_election_timeout();
        drain(&mut node);
        assert!(is_heeded(&node, 9), "{log}");
        assert_eq!(node.leader_id(), None);
    }
}

#[test]
fn section_6_contact_is_hearing_the_leader_of_the_term_and_nothing_else() {
    // A restart, a vote, a higher term: no contact.
    assert!(is_heeded(&follower(1, 1, Some(2), LOG), 9));
    let mut node = follower(1, 1, None, LOG);
    node.handle_message(vote_call(2, 2, 1, at(1, 4)));
    assert!(is_heeded(&node, 9));
    let mut node = in_contact(LOG, 0);
    node.handle_message(refusal(3, 2, 1));
    assert!(is_heeded(&node, 9));
    // A call of an older leader neither.
    let mut node = follower(1, 3, None, LOG);
    node.handle_message(append_call(2, 1, 1, 0, LogEntries::new(at(1, 4))));
    assert!(is_heeded(&node, 9));
    // A call that does not match is contact all the same.
    let mut node = follower(1, 1, Some(2), LOG);
    node.handle_message(append_call(2, 1, 1, 0, LogEntries::new(at(1, 9))));
    assert!(!is_heeded(&node, 9));
    assert!(is_heeded(&candidate(1, 3, LOG), 9));
}

#[test]
fn section_6_only_calls_for_votes_are_ignored() {
    for node in [
        in_contact(LOG, 0),
        leader(1, 1, "snapshot {1,2,3} log 0/0[]"),
    ] {
        for message in [
            append_call(9, 5, 1, 0, LogEntries::new(at(0, 0))),
            append_reply(9, 5, 1, at(0, 0)),
            refusal(9, 5, 1),
        ] {
            let mut after = node.clone();
            after.handle_message(message);
            assert_eq!(
                (after.role(), after.current_term()),
                (Role::Follower, term(5))
            );
        }
    }
}

#[test]
fn section_6_within_its_term_a_call_for_votes_is_no_disturbance() {
    // The guard is for higher terms; an older one is refused as always.
    let mut node = in_contact(LOG, 0);
    node.handle_message(vote_call(9, 0, 7, at(0, 0)));
    assert_actions(
        &mut node,
        &["SendMessage 9 1 t1 #7 RequestVoteReply refused"],
    );
}

/// Lets the timer of a leader fire so often.
fn beat(node: &mut Node, times: usize) {
    for _ in 0..times {
        node.handle_election_timeout();
        drain(node);
    }
}

#[test]
fn section_6_a_leader_in_contact_ignores_calls_for_votes_of_anybody() {
    let node = leader(1, 3, LOG);
    assert_eq!([2, 3, 4, 9].map(|from| is_heeded(&node, from)), [false; 4]);
}

#[test]
fn section_6_a_leader_is_in_contact_for_ten_timeouts_after_its_election() {
    let mut node = leader(1, 3, LOG);
    beat(&mut node, 9);
    assert_eq!([2, 9].map(|from| is_heeded(&node, from)), [false; 2]);
    beat(&mut node, 1);
    assert_eq!([2, 9].map(|from| is_heeded(&node, from)), [true; 2]);
    beat(&mut node, 300);
    assert!(is_heeded(&node, 2));
}

#[test]
fn section_6_a_leader_is_in_contact_for_ten_timeouts_after_a_fresh_answer_of_a_voter() {
    let mut node = leader(1, 3, LOG);
    beat(&mut node, 30); // #3 to #32
    node.handle_message(append_reply(2, 3, 20, at(1, 4)));
    drain(&mut node);
    beat(&mut node, 9);
    assert!(!is_heeded(&node, 3));
    node.handle_message(append_reply(2, 3, 20, at(1, 4))); // the same answer once more
    node.handle_message(append_reply(2, 3, 19, at(1, 4))); // an older one
    node.handle_message(append_reply(2, 3, 99, at(1, 4))); // to no call
    node.handle_message(append_reply(4, 3, 21, at(1, 4))); // of a non-voter
    node.handle_message(append_reply(9, 3, 21, at(1, 4))); // of a stranger
    drain(&mut node);
    beat(&mut node, 1);
    assert!(is_heeded(&node, 3));
    node.handle_message(append_reply(3, 3, 21, at(2, 9))); // wherever it stands
    assert!(!is_heeded(&node, 2));
}

#[test]
fn section_6_voters_to_come_are_contact_too() {
    let mut node = leader(1, 3, "snapshot {1,2}->{3,4} log 0/0[term(1)]");
    beat(&mut node, 10);
    assert!(is_heeded(&node, 2));
    node.handle_message(append_reply(4, 3, 5, at(3, 2)));
    assert!(!is_heeded(&node, 2));
}

#[test]
fn section_6_a_leader_that_is_a_majority_by_itself_is_always_in_contact() {
    for log in [
        "snapshot {1} log 0/0[term(1)]",
        "snapshot {1}+{2,3} log 0/0[term(1)]",
    ] {
        let mut node = leader(1, 3, log);
        beat(&mut node, 100);
        assert!(!is_heeded(&node, 2), "{log}");
    }
    let mut node = leader(1, 3, "snapshot {1}->{1,2} log 0/0[term(1)]");
    beat(&mut node, 10);
    assert!(is_heeded(&node, 2)); // of one half only
}

#[test]
fn section_6_proposals_and_heartbeats_by_hand_are_no_timeouts() {
    let mut node = leader(1, 3, LOG);
    for _ in 0..50 {
        node.propose_command();
        node.heartbeat();
        drain(&mut node);
    }
    assert!(!is_heeded(&node, 2));
}

#[test]
fn section_6_a_leader_that_heeds_a_call_gives_its_vote() {
    let mut node = leader(1, 3, LOG); // ends at 3/5
    beat(&mut node, 10);
    node.handle_message(vote_call(2, 4, 1, at(3, 5)));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "SendMessage 2 1 t4 #1 RequestVoteReply granted",
        ],
    );
    assert_eq!(
        (node.role(), node.voted_for()),
        (Role::Follower, Some(id(2)))
    );
}

/// Else a leader under load that nobody hears would never get to its timeouts.
#[test]
fn a_proposal_or_heartbeat_asks_for_a_timer_only_if_an_answer_came_since_the_last_one() {
    let asks = |node: &mut Node| {
        let asks = node.actions().set_election_timeout;
        drain(node);
        asks
    };
    let propose = |node: &mut Node| {
        node.propose_command();
        asks(node)
    };
    let heartbeat = |node: &mut Node| {
        node.heartbeat();
        asks(node)
    };
    let mut node = leader(1, 3, LOG);
    assert_eq!([propose(&mut node), heartbeat(&mut node)], [false; 2]); // #3, #4
    node.handle_message(append_reply(2, 3, 2, at(3, 5)));
    assert!(!asks(&mut node)); // the answer itself does not
    assert_eq!(
        [propose(&mut node), propose(&mut node), heartbeat(&mut node)],
        [true, false, false]
    );
    node.handle_message(append_reply(2, 3, 2, at(3, 5))); // no new one
    node.handle_message(append_reply(4, 3, 3, at(3, 6))); // a non-voter's
    drain(&mut node);
    assert!(!propose(&mut node));
    node.handle_message(append_reply(3, 3, 4, at(3, 6)));
    drain(&mut node);
    assert_eq!([heartbeat(&mut node), propose(&mut node)], [true, false]);
    node.handle_message(append_reply(3, 3, 5, at(3, 7)));
    drain(&mut node);
    node.handle_election_timeout();
    assert!(asks(&mut node)); // its own timeout always does, and counts as asked
    assert!(!propose(&mut node));
    node.handle_election_timeout();
    assert!(asks(&mut node));
}
