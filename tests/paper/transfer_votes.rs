//! thesis §3.10: what the messages of a transfer are worth when they come late, or have lost their kind on the way.

use raftbare::Node;
use raftbare_tests::values::{
    append_call, assert_actions, at, campaign_now, commands, drain, follower, id, leader, stable,
    transfer_vote, vote, vote_call,
};

/// Ends at 1/4.
const LOG: &str = "snapshot {1,2,3} log 0/0[term(1) cmd*3]";

/// Node 2, a follower of node 1 in term 2 that has just heard from it.
fn in_contact() -> Node {
    let mut node = follower(2, 2, Some(1), LOG);
    node.handle_message(append_call(1, 2, 1, 0, commands(at(1, 4), 0)));
    drain(&mut node);
    node
}

#[test]
fn thesis_3_10_with_stable_leadership_only_the_very_call_is_answered() {
    let mut node = stable(in_contact(), 8);
    node.handle_message(campaign_now(1, 2, 7, at(1, 4)));
    drain(&mut node);
    let before = node.clone();
    for late in [
        vote(3, 3, 1),           // a codec that loses the kind
        vote(3, 3, 1 << 50 | 1), // a pre-vote of the term
        transfer_vote(3, 3, 2),
        transfer_vote(3, 2, 1),
        transfer_vote(9, 3, 1),
    ] {
        node.handle_message(late);
        assert_eq!(node, before);
    }
    node.handle_message(transfer_vote(3, 3, 1));
    assert!(node.role().is_leader());
}

#[test]
fn thesis_3_10_a_late_vote_of_a_transfer_that_failed_counts_in_no_later_election() {
    let mut node = stable(in_contact(), 8);
    node.handle_message(campaign_now(1, 2, 7, at(1, 4)));
    node.handle_election_timeout(); // asks for term 4
    drain(&mut node);
    let before = node.clone();
    node.handle_message(transfer_vote(3, 3, 1));
    assert_eq!(node, before);
    let mut node = in_contact();
    node.handle_message(campaign_now(1, 2, 7, at(1, 4)));
    node.handle_election_timeout(); // campaigns in term 4
    drain(&mut node);
    let before = node.clone();
    node.handle_message(transfer_vote(3, 3, 1));
    assert_eq!(node, before);
}

#[test]
fn thesis_3_10_an_order_read_without_its_kind_is_harmless() {
    // Of the leader's own term: who follows it votes for it again, and it does not count votes.
    let mut node = in_contact();
    node.handle_message(vote_call(1, 2, 7, at(1, 4)));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SendMessage 1 2 t2 #7 RequestVoteReply granted",
        ],
    );
    assert!(node.role().is_follower());
    let mut before = leader(1, 2, LOG);
    assert!(before.transfer_leadership(id(2)));
    let mut after = before.clone();
    after.handle_message(vote(2, 2, 7));
    assert_eq!(after, before);
}

#[test]
fn thesis_3_10_a_vote_call_of_a_transfer_without_its_kind_is_an_ordinary_one() {
    let node = stable(in_contact(), 8);
    let mut after = node.clone();
    after.handle_message(vote_call(3, 3, 1, at(1, 4)));
    assert_eq!(after, node);
    let mut quiet = follower(2, 2, Some(1), LOG);
    quiet.handle_message(vote_call(3, 3, 1, at(1, 4)));
    assert_eq!(quiet.voted_for(), Some(id(3)));
}
