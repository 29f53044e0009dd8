//! §5.1: terms.

use raftbare::{LogEntries, LogEntry, Message, Node, Role};
use raftbare_tests::values::{
    append_call, append_reply, assert_actions, at, candidate, commands, drain, entries, follower,
    id, leader, refusal, term, vote, vote_call,
};

/// Ends at 1/4.
const LOG: &str = "snapshot {1,2,3} log 0/0[term(1) cmd*3]";

#[track_caller]
fn assert_follower_of(node: &Node, expected: u64) {
    assert_eq!(
        (node.role(), node.current_term()),
        (Role::Follower, term(expected)),
        "{node}"
    );
}

#[test]
fn section_5_1_a_follower_adopts_a_higher_term_and_its_vote_is_free_again() {
    let mut node = follower(1, 2, Some(2), LOG);
    node.handle_message(refusal(3, 5, 0));
    assert_follower_of(&node, 5);
    assert_eq!(node.voted_for(), None);
    assert_actions(&mut node, &["SaveCurrentTerm", "SaveVotedFor"]);
}

#[test]
fn section_5_1_a_vote_that_was_free_before_is_not_saved_again() {
    let mut node = follower(1, 2, None, LOG);
    node.handle_message(refusal(3, 5, 0));
    assert_actions(&mut node, &["SaveCurrentTerm"]);
}

#[test]
fn section_5_1_a_candidate_that_hears_of_a_higher_term_is_a_follower() {
    for message in [
        refusal(2, 4, 1),
        vote(2, 4, 1),
        append_reply(2, 4, 1, at(1, 4)),
        vote_call(2, 4, 1, at(1, 3)),
    ] {
        let mut node = candidate(1, 3, LOG);
        node.handle_message(message);
        assert_follower_of(&node, 4);
        // Its timer is running already.
        assert_actions(&mut node, &["SaveCurrentTerm", "SaveVotedFor"]);
    }
}

#[test]
fn section_5_1_a_leader_that_hears_of_a_higher_term_is_a_follower_with_a_new_timer() {
    for message in [
        refusal(2, 4, 1),
        vote(2, 4, 1),
        append_reply(2, 4, 1, at(1, 4)),
    ] {
        let mut node = leader(1, 3, LOG);
        node.handle_message(message);
        assert_follower_of(&node, 4);
        assert_actions(
            &mut node,
            &["SetElectionTimeout", "SaveCurrentTerm", "SaveVotedFor"],
        );
    }
}

#[test]
fn section_5_1_a_leader_follows_the_leader_of_a_higher_term() {
    let mut node = leader(1, 3, LOG);
    node.handle_message(append_call(
        2,
        4,
        7,
        0,
        entries(at(1, 4), [LogEntry::Term(term(4))]),
    ));
    assert_follower_of(&node, 4);
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "AppendLogEntries 1/4[term(4)]",
            "SendMessage 2 1 t4 #7 AppendEntriesReply last 4/5",
        ],
    );
}

#[test]
fn section_5_1_a_call_for_votes_of_an_older_term_is_refused_with_its_number() {
    let mut node = follower(1, 5, Some(3), LOG);
    node.handle_message(vote_call(2, 4, 9, at(4, 99)));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t5 #9 RequestVoteReply refused"],
    );
    assert_eq!(
        (node.current_term(), node.voted_for()),
        (term(5), Some(id(3)))
    );
}

#[test]
fn section_5_1_a_leaders_call_of_an_older_term_is_answered_with_the_number_0_and_changes_nothing() {
    let mut node = follower(1, 5, Some(3), LOG);
    let before = node.clone();
    node.handle_message(append_call(2, 4, 9, 4, commands(at(1, 4), 2)));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t5 #0 AppendEntriesReply last 0/0"],
    );
    assert_eq!(node, before);
}

/// What is not committed may be overwritten before the user gets to send the answer.
#[test]
fn section_5_1_the_answer_to_an_older_term_names_what_is_committed() {
    let mut node = follower(1, 5, Some(3), LOG);
    node.handle_message(append_call(3, 5, 1, 2, LogEntries::new(at(1, 4))));
    drain(&mut node);
    node.handle_message(append_call(2, 4, 9, 4, commands(at(1, 4), 2)));
    let replaced = entries(at(1, 2), [LogEntry::Term(term(5))]);
    node.handle_message(append_call(3, 5, 2, 2, replaced));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "AppendLogEntries 1/2[term(5)]",
            "SendMessage 2 1 t5 #0 AppendEntriesReply last 1/2",
            "SendMessage 3 1 t5 #2 AppendEntriesReply last 5/3",
        ],
    );
}

#[test]
fn section_5_1_candidates_and_leaders_refuse_older_terms_too() {
    for mut node in [candidate(1, 5, LOG), leader(1, 5, LOG)] {
        node.handle_message(vote_call(2, 4, 9, at(4, 99)));
        assert_actions(
            &mut node,
            &["SendMessage 2 1 t5 #9 RequestVoteReply refused"],
        );
        node.handle_message(append_call(2, 4, 9, 0, LogEntries::new(at(1, 4))));
        assert_actions(
            &mut node,
            &["SendMessage 2 1 t5 #0 AppendEntriesReply last 0/0"],
        );
    }
}

#[test]
fn section_5_1_replies_of_an_older_term_are_dropped() {
    for node in [
        follower(1, 5, None, LOG),
        candidate(1, 5, LOG),
        leader(1, 5, LOG),
    ] {
        for reply in [
            vote(2, 4, 1),
            refusal(2, 4, 1),
            append_reply(2, 4, 2, at(1, 4)),
        ] {
            let mut after = node.clone();
            after.handle_message(reply);
            assert_eq!(after, node);
        }
    }
}

/// The number 0 matters: node 2 led term 1 and asks with #5; node 1, in term 2 by then, answers. If node 2 gets
/// to lead term 2, an echoed number would look like the answer to its own call #5 of term 2.
#[test]
fn section_5_1_the_answer_to_an_older_term_confirms_no_read_of_a_later_leadership() {
    let mut one = follower(1, 2, Some(2), LOG);
    one.handle_message(append_call(2, 1, 5, 0, LogEntries::new(at(1, 4))));
    let late = drain(&mut one).into_iter().find_map(|action| match action {
        raftbare::Action::SendMessage(to, message) if to == id(2) => Some(message),
        _ => None,
    });
    let late: Message = late.expect("node 1 answers");

    let mut two = leader(2, 2, LOG); // node 1's voice is the only one it will hear
    two.handle_message(append_reply(3, 2, 2, at(2, 5)));
    drain(&mut two);
    two.heartbeat();
    drain(&mut two);
    let read = two.read_index().expect("it leads"); // asks with #4
    two.heartbeat();
    drain(&mut two);
    let pending = two.read_status(read);
    two.handle_message(late);
    assert_eq!(two.read_status(read), pending);
    assert_eq!(pending, raftbare::ReadStatus::Pending);
}

#[test]
fn section_5_1_a_pending_grant_is_not_replaced_by_a_refusal_of_an_older_term() {
    let mut node = follower(1, 2, None, LOG);
    node.handle_message(vote_call(2, 3, 8, at(1, 4)));
    node.handle_message(vote_call(2, 2, 7, at(1, 4))); // an older one arrives late
    node.handle_message(append_call(2, 1, 6, 0, LogEntries::new(at(1, 4))));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "SendMessage 2 1 t3 #8 RequestVoteReply granted",
        ],
    );
}

#[test]
fn section_5_1_a_pending_message_of_an_older_term_gives_way_to_a_refusal() {
    let mut node = follower(1, 2, None, LOG);
    node.handle_message(vote_call(2, 3, 8, at(1, 4)));
    node.handle_message(refusal(3, 5, 0)); // term 5 is heard of
    node.handle_message(vote_call(2, 4, 9, at(1, 4)));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "SendMessage 2 1 t5 #9 RequestVoteReply refused",
        ],
    );
}

#[test]
fn own_messages_that_come_back_are_ignored() {
    for node in [
        follower(1, 2, None, LOG),
        candidate(1, 2, LOG),
        leader(1, 2, LOG),
    ] {
        for message in [
            vote_call(1, 9, 1, at(8, 99)),
            vote(1, 2, 1),
            append_call(1, 2, 3, 0, LogEntries::new(at(1, 4))),
            append_call(1, 9, 3, 0, LogEntries::new(at(1, 4))),
            append_reply(1, 2, 2, at(1, 4)),
        ] {
            let mut after = node.clone();
            after.handle_message(message);
            assert_eq!(after, node);
        }
    }
}

#[test]
fn messages_whose_terms_no_real_node_would_send_are_dropped() {
    let falling = entries(at(3, 4), [LogEntry::Term(term(5)), LogEntry::Term(term(4))]);
    for message in [
        vote_call(2, 6, 1, at(7, 4)),    // a log from the future
        append_reply(2, 6, 1, at(7, 4)), // likewise
        append_call(2, 6, 1, 0, LogEntries::new(at(7, 4))), // likewise
        append_call(2, 6, 1, 0, entries(at(1, 4), [LogEntry::Term(term(7))])), // likewise
        append_call(2, 6, 1, 0, falling), // terms never fall
        append_call(2, 6, 1, 0, entries(at(3, 4), [LogEntry::Term(term(2))])), // likewise
    ] {
        for node in [
            follower(1, 2, None, LOG),
            candidate(1, 2, LOG),
            leader(1, 2, LOG),
        ] {
            let mut after = node.clone();
            after.handle_message(message.clone());
            assert_eq!(after, node, "{message}");
        }
    }
}

#[test]
fn at_the_last_term_a_node_does_not_campaign() {
    let mut node = follower(1, u64::MAX - 1, None, LOG);
    node.handle_election_timeout();
    assert_eq!(
        (node.role(), node.current_term()),
        (Role::Candidate, term(u64::MAX))
    );
    drain(&mut node);
    let before = node.clone();
    node.handle_election_timeout();
    assert_actions(&mut node, &["SetElectionTimeout"]);
    assert_eq!(node, before);
    // It still can be elected in that term.
    node.handle_message(vote(2, u64::MAX, 1));
    assert_eq!(node.role(), Role::Leader);
}
