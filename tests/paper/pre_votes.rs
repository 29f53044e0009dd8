//! thesis §9.6: pre-vote, a part of stable leadership.

use raftbare::{Message, MessageKind, Node, Role};
use raftbare_tests::values::{
    append_call, append_reply, assert_actions, at, candidate, commands, drain, follower, id,
    leader, pre_vote, pre_vote_call, pre_vote_refusal, stable, term, vote, vote_call,
};

/// Ends at 1/4.
const LOG: &str = "snapshot {1,2,3} log 0/0[term(1) cmd*3]";

/// Node 1 in term 2, asking whether it could be elected, in its round 1.
fn pre_candidate() -> Node {
    let mut node = stable(follower(1, 2, Some(2), LOG), 8);
    node.handle_election_timeout();
    drain(&mut node);
    assert!(node.is_pre_candidate());
    node
}

/// A follower of node 2 in term 2 that has just heard from it.
fn in_contact() -> Node {
    let mut node = follower(1, 2, Some(2), LOG);
    node.handle_message(append_call(2, 2, 1, 0, commands(at(1, 4), 0)));
    drain(&mut node);
    node
}

#[test]
fn thesis_9_6_a_timeout_asks_before_it_campaigns_and_changes_nothing() {
    let mut node = stable(follower(1, 2, Some(2), LOG), 8);
    node.handle_election_timeout();
    assert_eq!(
        (node.current_term(), node.voted_for()),
        (term(2), Some(id(2)))
    );
    assert_eq!((node.role(), node.leader_id()), (Role::Candidate, None));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "BroadcastMessage 1 t3 #1 PreVoteCall last 1/4",
        ],
    );
}

#[test]
fn thesis_9_6_a_majority_of_pre_votes_starts_the_election() {
    let mut node = pre_candidate();
    node.handle_message(pre_vote(3, 3, 1));
    assert!(!node.is_pre_candidate());
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "BroadcastMessage 1 t3 #2 RequestVoteCall last 1/4",
        ],
    );
    node.handle_message(vote(3, 3, 2));
    assert!(node.role().is_leader());
}

#[test]
fn thesis_9_6_only_answers_of_voters_to_this_very_round_count() {
    for (what, message) in [
        ("an outsider", pre_vote(9, 3, 1)),
        ("another round", pre_vote(3, 3, 2)),
        ("the term of now", pre_vote(3, 2, 1)),
        ("a later term", pre_vote(3, 4, 1)),
        ("a refusal of the present term", pre_vote_refusal(3, 2, 1)),
    ] {
        let mut node = pre_candidate();
        node.handle_message(message);
        assert_eq!(node, pre_candidate(), "{what}");
    }
    let mut node = pre_candidate();
    node.handle_election_timeout(); // round 2
    drain(&mut node);
    node.handle_message(pre_vote(3, 3, 1));
    assert!(node.is_pre_candidate());
    node.handle_message(pre_vote(3, 3, 2));
    assert!(!node.is_pre_candidate());
}

#[test]
fn thesis_9_6_both_halves_of_a_joint_configuration_have_to_agree() {
    let log = "snapshot {1,2,3}->{1,4,5} log 0/0[term(1)]";
    let mut node = stable(follower(1, 1, None, log), 8);
    node.handle_election_timeout();
    node.handle_message(pre_vote(2, 2, 1));
    node.handle_message(pre_vote(3, 2, 1));
    assert!(node.is_pre_candidate());
    node.handle_message(pre_vote(4, 2, 1));
    assert_eq!(node.current_term(), term(2));
}

#[test]
fn thesis_9_6_a_failed_candidate_asks_again_so_terms_do_not_climb() {
    let mut node = stable(candidate(1, 3, LOG), 8);
    for _ in 0..1_000 {
        node.handle_election_timeout();
        drain(&mut node);
        assert_eq!(
            (node.current_term(), node.is_pre_candidate()),
            (term(3), true)
        );
    }
}

#[test]
fn thesis_9_6_alone_and_at_the_founding_there_is_nobody_to_ask() {
    let mut alone = stable(follower(1, 1, None, "snapshot {1} log 0/0[term(1)]"), 8);
    alone.handle_election_timeout();
    assert_eq!(
        (alone.role(), alone.current_term()),
        (Role::Leader, term(2))
    );
    let mut founder = stable(Node::start(id(1)), 8);
    founder.create_cluster(&[id(1), id(2)]);
    assert_eq!(founder.current_term(), term(1));
    assert!(!founder.is_pre_candidate());
}

#[test]
fn thesis_9_6_every_node_answers_and_nothing_changes_in_it() {
    // Whatever its options are, and whether it is a member or not.
    for log in [LOG, "snapshot {2,3,4} log 0/0[term(1) cmd*3]"] {
        let quiet = follower(1, 2, Some(2), log);
        for node in [quiet.clone(), stable(quiet, 8)] {
            for (call, answer) in [
                (
                    pre_vote_call(3, 3, 7, at(1, 4)),
                    "1 t3 #7 PreVoteReply granted",
                ),
                (
                    pre_vote_call(3, 9, 7, at(2, 1)),
                    "1 t9 #7 PreVoteReply granted",
                ),
                (
                    pre_vote_call(3, 2, 7, at(2, 9)),
                    "1 t2 #7 PreVoteReply refused",
                ),
                (
                    pre_vote_call(3, 1, 7, at(1, 9)),
                    "1 t2 #7 PreVoteReply refused",
                ),
            ] {
                let mut after = node.clone();
                after.handle_message(call);
                assert_actions(&mut after, &[&format!("SendMessage 3 {answer}")]);
                assert_eq!(after, node);
            }
            // A log that is not up-to-date (§5.4.1) gets no answer.
            let mut after = node.clone();
            after.handle_message(pre_vote_call(3, 3, 7, at(1, 3)));
            assert_eq!(after, node);
        }
    }
}

#[test]
fn thesis_9_6_where_there_is_a_leader_only_who_is_behind_in_its_term_gets_an_answer() {
    for node in [in_contact(), stable(in_contact(), 8), leader(1, 2, LOG)] {
        let mut after = node.clone();
        after.handle_message(pre_vote_call(3, 3, 7, at(2, 99)));
        assert_eq!(after, node);
        after.handle_message(pre_vote_call(3, 2, 7, at(2, 99)));
        assert_actions(&mut after, &["SendMessage 3 1 t2 #7 PreVoteReply refused"]);
    }
    let mut lonely = in_contact();
    lonely.handle_election_timeout(); // contact ends; it campaigns itself in term 3
    drain(&mut lonely);
    lonely.handle_message(pre_vote_call(3, 4, 7, at(2, 99)));
    assert_actions(
        &mut lonely,
        &["SendMessage 3 1 t3 #7 PreVoteReply granted"]
            .map(|text| text.replace("t3", "t4"))
            .each_ref()
            .map(String::as_str),
    );
}

#[test]
fn thesis_9_6_a_refusal_tells_of_a_higher_term_and_a_grant_does_not() {
    for node in [pre_candidate(), in_contact(), stable(leader(1, 2, LOG), 8)] {
        let mut granted = node.clone();
        granted.handle_message(pre_vote(3, 9, 99));
        assert_eq!(granted, node);
        let mut refused = node;
        refused.handle_message(pre_vote_refusal(3, 9, 99));
        assert_eq!(
            (refused.current_term(), refused.role()),
            (term(9), Role::Follower)
        );
    }
}

#[test]
fn thesis_9_6_a_leader_or_a_vote_ends_the_asking() {
    let mut node = stable(follower(1, 2, Some(2), LOG), 8);
    node.handle_election_timeout();
    node.handle_message(append_call(2, 2, 5, 0, commands(at(1, 4), 0)));
    assert_eq!(
        (node.role(), node.leader_id()),
        (Role::Follower, Some(id(2)))
    );
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SendMessage 2 1 t2 #5 AppendEntriesReply last 1/4",
        ],
    );
    // Its vote of a term without one is free yet.
    let mut node = stable(follower(1, 2, None, LOG), 8);
    node.handle_election_timeout();
    node.handle_message(vote_call(3, 2, 1, at(1, 4)));
    assert_eq!(
        (node.role(), node.voted_for()),
        (Role::Follower, Some(id(3)))
    );
    let actions = drain(&mut node);
    assert!(
        !actions
            .iter()
            .any(|it| it.to_string().contains("PreVoteCall"))
    );
}

#[test]
fn thesis_9_6_an_answer_takes_no_place_of_a_promise() {
    let acknowledged = append_call(2, 2, 5, 0, commands(at(1, 4), 1));
    let promises: [(Message, u64); 2] = [(acknowledged, 2), (vote_call(2, 2, 1, at(1, 4)), 2)];
    for (call, from) in promises {
        let mut node = follower(1, 2, None, LOG);
        node.handle_message(call);
        node.handle_election_timeout(); // a non-leader's contact ends, and with it the silence
        let before = node.actions().send_messages.clone();
        // The timeout is one of a voter: it has gone on to term 3. An acknowledgement of term 2 is withdrawn.
        if before.contains_key(&id(from)) {
            node.handle_message(pre_vote_call(from, 9, 7, at(2, 99)));
            let kind = node.actions().send_messages[&id(from)].kind();
            assert_eq!(kind, MessageKind::PreVote);
        }
    }
    // Of the present term, a vote or an acknowledgement that waits stays.
    let mut node = follower(1, 2, None, LOG);
    node.handle_message(vote_call(2, 2, 1, at(1, 4)));
    let before = node.clone();
    node.handle_message(pre_vote_call(2, 3, 7, at(1, 4)));
    assert_eq!(node, before);
    let mut node = follower(1, 2, Some(2), LOG);
    node.handle_message(append_call(2, 2, 5, 0, commands(at(1, 4), 1)));
    let before = node.clone();
    node.handle_message(pre_vote_call(2, 2, 7, at(1, 4)));
    assert_eq!(node, before);
    // Nor does it take that of a call, which tells the term as well.
    let mut node = leader(1, 2, LOG);
    node.handle_message(append_reply(3, 2, 2, at(1, 2)));
    let before = node.clone();
    assert!(node.actions().send_messages.contains_key(&id(3)));
    node.handle_message(pre_vote_call(3, 2, 7, at(1, 2)));
    assert_eq!(node, before);
    // Otherwise the newer answer is the better one.
    let mut node = follower(1, 2, None, LOG);
    node.handle_message(pre_vote_call(2, 2, 7, at(1, 4)));
    node.handle_message(pre_vote_call(2, 2, 8, at(1, 4)));
    assert_actions(&mut node, &["SendMessage 2 1 t2 #8 PreVoteReply refused"]);
    let mut node = follower(1, 2, None, LOG);
    node.handle_message(pre_vote_call(2, 3, 7, at(1, 4)));
    node.handle_message(pre_vote_call(2, 3, 8, at(1, 4)));
    assert_actions(&mut node, &["SendMessage 2 1 t3 #8 PreVoteReply granted"]);
}

#[test]
fn thesis_9_6_a_late_pre_vote_is_no_vote_even_without_its_kind() {
    let mut node = pre_candidate();
    node.handle_message(pre_vote(3, 3, 1));
    drain(&mut node);
    let before = node.clone();
    node.handle_message(pre_vote(2, 3, 1));
    assert_eq!(node, before);
    // A codec that cuts the number to 32 bits.
    node.handle_message(vote(2, 3, 1));
    assert_eq!(node, before);
    node.handle_message(vote(2, 3, 2));
    assert!(node.role().is_leader());
}

#[test]
fn thesis_9_6_a_pre_vote_without_its_kind_is_a_vote_call_that_counts_as_less() {
    let mut node = follower(2, 2, None, LOG);
    node.handle_message(vote_call(1, 3, 1, at(1, 4)));
    assert_eq!(
        (node.current_term(), node.voted_for()),
        (term(3), Some(id(1)))
    );
    // The caller, still in term 2, hears of term 3 and has lost nothing but time.
    let mut caller = pre_candidate();
    caller.handle_message(vote(2, 3, 1));
    assert_eq!(
        (caller.current_term(), caller.role()),
        (term(3), Role::Follower)
    );
}

#[test]
fn kinds_small_numbers_and_the_largest_are_ordinary() {
    for seqno in (0..=7).chain([(1 << 50) - 1, 4 << 50, u64::MAX]) {
        let call = vote_call(2, 3, seqno, at(1, 4));
        assert_eq!(call.kind(), MessageKind::Ordinary);
        let mut node = follower(1, 2, None, LOG);
        node.handle_message(call);
        assert_eq!(node.voted_for(), Some(id(2)), "{seqno}");
    }
    let call = append_call(2, 3, 1 << 50, 0, commands(at(1, 4), 0));
    assert_eq!(call.kind(), MessageKind::Ordinary); // AppendEntries have no kinds
}
