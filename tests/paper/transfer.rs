//! thesis §3.10: the rules of a transfer of leadership. What they come to in a cluster is in `handovers`, what
//! late votes and lost kinds are worth in `transfer_votes`.

use raftbare::{Message, Node, ReadStatus, Role};
use raftbare_tests::values::{
    append_call, append_reply, assert_actions, at, campaign_now, candidate, commands, drain,
    follower, id, joint, leader, refusal, stable, take_events, term, transfer_vote,
    transfer_vote_call, vote, with_events, with_options,
};

/// Ends at 1/4.
const LOG: &str = "snapshot {1,2,3} log 0/0[term(1) cmd*3]";

/// The leader of term 2, whose log ends at 2/5, with the follower 2 at this position.
fn leader_with_2_at(term: u64, index: u64) -> Node {
    let mut node = leader(1, 2, LOG);
    node.handle_message(append_reply(2, 2, 2, at(term, index)));
    drain(&mut node);
    node
}

/// The same, handing over to a target that has all of the log and was told so.
fn handing_over() -> Node {
    let mut node = leader_with_2_at(2, 5);
    assert!(node.transfer_leadership(id(2)));
    drain(&mut node);
    node
}

/// Node 2, a follower of node 1 in term 2 that has just heard from it.
fn in_contact() -> Node {
    let mut node = follower(2, 2, Some(1), LOG);
    node.handle_message(append_call(1, 2, 1, 0, commands(at(1, 4), 0)));
    drain(&mut node);
    node
}

#[test]
fn thesis_3_10_only_a_leader_hands_over_and_only_to_another_voter() {
    let log = "snapshot {1,2,3}+{4} log 0/0[term(1) cmd*3]";
    for (node, to) in [
        (follower(1, 2, None, log), 2),
        (candidate(1, 2, log), 2),
        (leader(1, 2, log), 1), // itself
        (leader(1, 2, log), 4), // no voter
        (leader(1, 2, log), 9), // no member
    ] {
        let mut after = node.clone();
        assert!(!after.transfer_leadership(id(to)));
        assert_eq!(after, node);
    }
    let mut node = leader(1, 2, log);
    assert!(node.transfer_leadership(id(3)));
    assert_eq!(node.transfer_target(), Some(id(3)));
}

#[test]
fn thesis_3_10_in_joint_consensus_the_target_is_a_new_voter() {
    let node = leader(1, 2, "snapshot {1,2,3}->{1,3,4} log 0/0[term(1)]");
    for (to, may) in [(2, false), (3, true), (4, true)] {
        assert_eq!(node.clone().transfer_leadership(id(to)), may, "to {to}");
    }
}

#[test]
fn thesis_3_10_there_is_one_transfer_at_a_time_and_asking_again_gives_it_no_more_time() {
    let mut node = with_options(leader(1, 2, LOG), |it| it.transfer_timeouts = 3);
    assert!(node.transfer_leadership(id(2)));
    for _ in 0..3 {
        let before = node.clone();
        assert!(node.transfer_leadership(id(2)));
        assert!(!node.transfer_leadership(id(3)));
        assert_eq!(node, before);
        node.handle_election_timeout();
        drain(&mut node);
    }
    assert_eq!(node.transfer_target(), None);
    assert!(node.transfer_leadership(id(3)));
}

#[test]
fn thesis_3_10_a_leader_that_hands_over_takes_no_proposals() {
    let mut node = handing_over();
    let before = node.clone();
    assert!(node.propose_command().is_invalid());
    assert!(node.propose_config(joint(&[1, 2, 3], &[1, 2])).is_invalid());
    assert_eq!(node, before);
}

#[test]
fn thesis_3_10_nor_does_it_take_them_into_a_batch_that_waits() {
    let mut node = leader_with_2_at(2, 5);
    assert_eq!(node.propose_command(), at(2, 6));
    assert_eq!(node.propose_command(), at(2, 7));
    assert!(node.transfer_leadership(id(2)));
    let before = node.clone();
    assert!(node.propose_command().is_invalid());
    assert_eq!(node, before);
    assert!(node.abort_transfer());
    assert_eq!(node.propose_command(), at(2, 8));
}

#[test]
fn thesis_3_10_all_else_goes_on_meanwhile() {
    let mut node = leader_with_2_at(2, 5);
    node.propose_command();
    assert!(node.transfer_leadership(id(2)));
    assert!(node.heartbeat());
    let token = node.read_index().expect("it leads");
    drain(&mut node);
    node.handle_message(append_reply(3, 2, 4, at(2, 6)));
    assert_eq!(node.commit_index(), at(2, 6).index);
    assert_eq!(node.read_status(token), ReadStatus::Ready(at(2, 5).index));
    node.handle_election_timeout();
    assert!(node.actions().broadcast_message.is_some());
}

#[test]
fn thesis_3_10_a_target_with_the_whole_log_is_told_at_once() {
    let mut node = leader_with_2_at(2, 5);
    assert!(node.transfer_leadership(id(2)));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t2 #2 CampaignNowCall last 2/5"],
    );
}

#[test]
fn thesis_3_10_any_other_is_brought_up_to_date_first() {
    let mut node = leader_with_2_at(1, 4);
    assert!(node.transfer_leadership(id(2)));
    assert_actions(&mut node, &[]);
    node.handle_message(append_reply(3, 2, 2, at(2, 5))); // somebody else's log
    assert_actions(&mut node, &[]);
    node.handle_election_timeout();
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "BroadcastMessage 1 t2 #4 AppendEntriesCall commit 5 prev 2/5[]",
        ],
    );
    node.handle_message(append_reply(2, 2, 4, at(2, 5)));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t2 #4 CampaignNowCall last 2/5"],
    );
}

#[test]
fn thesis_3_10_entries_that_wait_for_the_target_are_not_displaced() {
    let mut node = leader(1, 2, LOG);
    node.handle_election_timeout(); // #3
    drain(&mut node);
    node.handle_message(append_reply(2, 2, 2, at(1, 2)));
    let waits = node.actions().send_messages.clone();
    assert_eq!(waits.len(), 1);
    node.handle_message(append_reply(2, 2, 3, at(2, 5))); // from somewhere it got them
    assert!(node.transfer_leadership(id(2)));
    assert_eq!(node.actions().send_messages, waits);
    drain(&mut node);
    node.handle_election_timeout();
    assert!(drain(&mut node).iter().any(is_order));
}

fn is_order(action: &raftbare::Action) -> bool {
    action.to_string().contains("CampaignNow")
}

#[test]
fn thesis_3_10_it_is_told_again_at_each_timeout_of_the_leader() {
    let mut node = handing_over();
    for number in 3..=9 {
        node.handle_election_timeout();
        assert_actions(
            &mut node,
            &[
                "SetElectionTimeout",
                &format!("BroadcastMessage 1 t2 #{number} AppendEntriesCall commit 5 prev 2/5[]"),
                &format!("SendMessage 2 1 t2 #{number} CampaignNowCall last 2/5"),
            ],
        );
    }
}

#[test]
fn thesis_3_10_the_target_campaigns_at_once_without_asking_first() {
    for node in [in_contact(), stable(in_contact(), 8)] {
        let mut node = node;
        node.handle_message(campaign_now(1, 2, 7, at(1, 4)));
        assert!(!node.is_pre_candidate());
        assert_actions(
            &mut node,
            &[
                "SetElectionTimeout",
                "SaveCurrentTerm",
                "SaveVotedFor",
                "BroadcastMessage 2 t3 #1 TransferVoteCall last 1/4",
            ],
        );
        node.handle_message(transfer_vote(3, 3, 1));
        assert_eq!((node.role(), node.current_term()), (Role::Leader, term(3)));
    }
}

#[test]
fn thesis_3_10_only_the_order_of_the_leader_of_its_term_with_its_very_log_moves_a_follower() {
    let mut lonely = in_contact();
    lonely.handle_election_timeout();
    let asking = stable(in_contact(), 8);
    let asking = {
        let mut node = asking;
        node.handle_election_timeout();
        node
    };
    let never_leads = with_options(in_contact(), |it| it.never_leads = true);
    let mut no_voter = follower(2, 2, Some(1), "snapshot {1,3}+{2} log 0/0[term(1) cmd*3]");
    no_voter.handle_message(append_call(1, 2, 1, 0, commands(at(1, 4), 0)));
    let order = campaign_now(1, 2, 7, at(1, 4));
    for (what, node, message) in [
        ("older", in_contact(), campaign_now(1, 1, 7, at(1, 4))),
        (
            "of a higher term",
            in_contact(),
            campaign_now(1, 3, 7, at(1, 4)),
        ),
        ("of another", in_contact(), campaign_now(3, 2, 7, at(1, 4))),
        (
            "the log was shorter",
            in_contact(),
            campaign_now(1, 2, 7, at(1, 3)),
        ),
        (
            "the log is longer",
            in_contact(),
            campaign_now(1, 2, 7, at(2, 5)),
        ),
        (
            "other entries",
            in_contact(),
            campaign_now(1, 2, 7, at(2, 4)),
        ),
        ("a reply", in_contact(), vote(1, 2, 3 << 50 | 7)),
        ("a refusal", in_contact(), refusal(1, 9, 3 << 50 | 7)),
        (
            "out of contact",
            follower(2, 2, Some(1), LOG),
            order.clone(),
        ),
        ("a candidate", lonely, campaign_now(1, 3, 7, at(1, 4))),
        ("asking already", asking, order.clone()),
        (
            "a leader",
            leader(2, 2, LOG),
            campaign_now(1, 2, 7, at(2, 5)),
        ),
        ("never leads", never_leads, order.clone()),
        ("no voter", no_voter, order),
    ] {
        let mut after = node.clone();
        after.handle_message(message);
        assert_eq!(after, node, "{what}"); // no reply, no term, no vote, no timer
    }
}

#[test]
fn thesis_3_10_in_the_last_term_and_while_its_storage_is_at_work_it_stays() {
    let mut last = follower(2, u64::MAX, Some(1), LOG);
    last.handle_message(append_call(1, u64::MAX, 1, 0, commands(at(1, 4), 0)));
    let mut storing = with_options(in_contact(), |it| it.asynchronous_storage = true);
    storing.handle_message(append_call(1, 2, 2, 0, commands(at(1, 4), 1)));
    drain(&mut storing);
    for (node, order) in [
        (last, campaign_now(1, u64::MAX, 7, at(1, 4))),
        (storing.clone(), campaign_now(1, 2, 7, at(1, 5))),
    ] {
        let mut after = node.clone();
        after.handle_message(order);
        assert!(after.role().is_follower());
        assert_eq!(after.current_term(), node.current_term());
        assert_eq!(after.actions(), node.actions());
    }
    storing.handle_log_persisted(at(1, 5));
    storing.handle_message(campaign_now(1, 2, 7, at(1, 5)));
    assert!(storing.role().is_candidate());
}

#[test]
fn thesis_3_10_leader_and_voters_in_contact_heed_the_vote_that_was_ordered() {
    for node in [
        handing_over(),
        stable(handing_over(), 8),
        stable(leader(1, 2, LOG), 8), // nor does a leader that has not ordered it object
    ] {
        let mut node = node;
        node.handle_message(transfer_vote_call(2, 3, 1, at(2, 5)));
        assert_eq!(
            (node.role(), node.current_term(), node.voted_for()),
            (Role::Follower, term(3), Some(id(2)))
        );
        assert_actions(
            &mut node,
            &[
                "SetElectionTimeout",
                "SaveCurrentTerm",
                "SaveVotedFor",
                "SendMessage 2 1 t3 #1 TransferVoteReply granted",
            ],
        );
    }
    for node in [in_contact(), stable(in_contact(), 8)] {
        for from in [3, 9] {
            let mut node = node.clone();
            node.handle_message(transfer_vote_call(from, 3, 1, at(1, 4)));
            assert_eq!(
                (node.current_term(), node.voted_for()),
                (term(3), Some(id(from)))
            );
        }
    }
}

#[test]
fn thesis_3_10_one_vote_per_term_and_the_newer_log_hold_for_it_as_well() {
    for node in [in_contact(), stable(in_contact(), 8)] {
        let mut node = node;
        node.handle_message(transfer_vote_call(3, 3, 1, at(1, 3))); // §5.4.1
        assert_eq!((node.current_term(), node.voted_for()), (term(3), None));
        node.handle_message(transfer_vote_call(3, 3, 1, at(1, 4)));
        drain(&mut node);
        let before = node.clone();
        node.handle_message(transfer_vote_call(1, 3, 1, at(1, 4))); // §5.2
        assert_eq!(node, before);
        node.handle_message(transfer_vote_call(1, 2, 9, at(1, 4))); // §5.1
        assert_actions(
            &mut node,
            &["SendMessage 1 2 t3 #9 TransferVoteReply refused"],
        );
    }
}

#[test]
fn thesis_3_10_a_transfer_without_effect_ends_by_the_leaders_timeouts() {
    for (timeouts, expected) in [(0, 1), (1, 1), (3, 3), (8, 8), (255, 255)] {
        let node = with_events(leader(1, 2, LOG));
        let mut node = with_options(node, |it| it.transfer_timeouts = timeouts);
        take_events(&mut node);
        assert!(node.transfer_leadership(id(2)));
        for _ in 0..expected {
            assert_eq!(node.transfer_target(), Some(id(2)));
            assert!(node.propose_command().is_invalid());
            node.handle_election_timeout();
            drain(&mut node);
        }
        assert_eq!(node.transfer_target(), None);
        assert_eq!((node.role(), node.current_term()), (Role::Leader, term(2)));
        assert_eq!(node.propose_command(), at(2, 6));
        assert_eq!(take_events(&mut node), ["transfer to 2: timed out"]);
    }
}

#[test]
fn thesis_3_10_a_leader_may_go_on_to_lead() {
    let mut node = with_events(leader_with_2_at(2, 5));
    let before = node.clone();
    assert!(!node.abort_transfer());
    assert_eq!(node, before);
    assert!(node.transfer_leadership(id(2)));
    assert!(node.abort_transfer());
    // What the target was not sent yet, it is not told.
    assert_actions(&mut node, &[]);
    assert_eq!(node.transfer_target(), None);
    assert_eq!(take_events(&mut node), ["transfer to 2: aborted"]);
    assert_eq!(node, before);
    assert_eq!(node.propose_command(), at(2, 6));
}

#[test]
fn thesis_3_10_an_abort_withdraws_nothing_but_the_order() {
    let mut node = leader(1, 2, LOG);
    assert!(node.transfer_leadership(id(2)));
    node.handle_message(append_reply(2, 2, 2, at(1, 2)));
    let waits = node.actions().clone();
    assert!(matches!(
        waits.send_messages[&id(2)],
        Message::AppendEntriesCall { .. }
    ));
    assert!(node.abort_transfer());
    assert_eq!(*node.actions(), waits);
}

#[test]
fn thesis_3_10_begun_ended_and_begun_again_is_one_order() {
    let mut once = leader_with_2_at(2, 5);
    let mut again = once.clone();
    assert!(once.transfer_leadership(id(2)));
    assert!(again.transfer_leadership(id(3)));
    assert!(again.abort_transfer());
    assert!(again.transfer_leadership(id(2)));
    assert!(again.abort_transfer());
    assert!(again.transfer_leadership(id(2)));
    assert_eq!(again, once);
}

#[test]
fn thesis_3_10_whoever_stops_to_lead_hands_over_no_more() {
    let mut node = leader_with_2_at(2, 5);
    assert!(node.transfer_leadership(id(2)));
    node.handle_message(append_reply(3, 7, 0, at(1, 4)));
    assert_eq!(node.transfer_target(), None);
    assert!(!drain(&mut node).iter().any(is_order));
    assert!(!node.abort_transfer());
    let restarted = follower(1, 2, Some(1), LOG);
    assert_eq!(restarted.transfer_target(), None);
}
