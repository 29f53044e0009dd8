//! thesis §3.8: a follower that has lost what it had acknowledged is refused, if the leader is told to; and no other
//! is ever taken for one.

use raftbare::{LogEntry, Node, Role, StepDown};
use raftbare_tests::values::{
    append_call, append_reply, assert_actions, at, commands, drain, entries, follower, id, index,
    joint, leader, take_events, term, with_events, with_options,
};

/// Ends at 1/4.
const LOG: &str = "snapshot {1,2,3} log 0/0[term(1) cmd*3]";

/// A leader that refuses whoever has lost what it had acknowledged.
fn refusing(node: Node) -> Node {
    let mut node = with_events(with_options(node, |it| it.refuses_lost_tail = true));
    take_events(&mut node);
    node
}

/// The leader of term 2, whose log ends at 2/5; the follower 2 has acknowledged all of it, and a heartbeat (#3) is
/// under way.
fn acknowledged(mut node: Node) -> Node {
    node.handle_message(append_reply(2, 2, 2, at(2, 5)));
    node.handle_election_timeout();
    drain(&mut node);
    node
}

#[test]
fn thesis_3_8_by_default_a_follower_without_its_tail_is_repaired() {
    let mut node = acknowledged(leader(1, 2, LOG));
    node.handle_message(append_reply(2, 2, 3, at(1, 3)));
    assert!(!node.has_lost_tail(id(2)));
    assert_eq!(node.match_index(id(2)), Some(index(3)));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t2 #4 AppendEntriesCall commit 5 prev 1/3[cmd term(2)]"],
    );
}

#[test]
fn thesis_3_8_a_leader_that_is_told_to_refuses_it() {
    let mut node = acknowledged(refusing(leader(1, 2, LOG)));
    assert_eq!(node.commit_index(), index(5));
    node.handle_message(append_reply(2, 2, 3, at(1, 3)));
    assert!(node.has_lost_tail(id(2)) && !node.has_lost_tail(id(3)));
    assert_eq!(node.match_index(id(2)), Some(index(0)));
    assert_actions(&mut node, &[]);
    assert_eq!(take_events(&mut node), ["follower 2 lost its tail"]);
    assert_eq!(node.commit_index(), index(5)); // what is committed stays so
}

#[test]
fn thesis_3_8_whatever_it_says_later_counts_no_more() {
    let mut node = acknowledged(refusing(leader(1, 2, LOG)));
    node.handle_message(append_reply(2, 2, 3, at(1, 3)));
    node.propose_command(); // #4
    let token = node.read_index().expect("it leads"); // #5
    drain(&mut node);
    let before = node.clone();
    for (seqno, position) in [(4, at(2, 6)), (5, at(2, 6)), (3, at(2, 5)), (5, at(1, 1))] {
        node.handle_message(append_reply(2, 2, seqno, position));
        assert_eq!(node, before);
    }
    assert!(node.read_status(token).to_string().contains("pending"));
    assert_eq!(node.commit_index(), index(5));
    node.handle_message(append_reply(3, 2, 5, at(2, 6)));
    assert_eq!(node.commit_index(), index(6));
    assert!(node.read_status(token).to_string().contains("ready"));
}

#[test]
fn thesis_3_8_to_a_leader_that_needs_a_majority_it_is_silent() {
    let node = with_options(leader(1, 2, LOG), |it| {
        it.stable_leadership = Some(raftbare::StableLeadership { silent_timeouts: 3 });
    });
    let mut node = acknowledged(refusing(node));
    for seqno in 3..6 {
        assert_eq!(node.role(), Role::Leader);
        node.handle_message(append_reply(2, 2, seqno, at(1, 3)));
        node.handle_election_timeout();
        drain(&mut node);
    }
    let event = raftbare::Event::SteppedDown(term(2), StepDown::Silence).to_string();
    assert!(take_events(&mut node).contains(&event));
}

#[test]
fn thesis_3_8_a_reply_of_a_higher_term_is_heeded_all_the_same() {
    let mut node = acknowledged(refusing(leader(1, 2, LOG)));
    node.handle_message(append_reply(2, 2, 3, at(1, 3)));
    node.handle_message(append_reply(2, 7, 0, at(1, 3)));
    assert_eq!(
        (node.role(), node.current_term()),
        (Role::Follower, term(7))
    );
    assert!(!node.has_lost_tail(id(2))); // only a leader knows
}

#[test]
fn thesis_3_8_only_the_answer_to_a_later_call_is_a_proof() {
    for (what, reply) in [
        ("the same again", append_reply(2, 2, 2, at(2, 5))),
        (
            "to the call that was acknowledged",
            append_reply(2, 2, 2, at(1, 3)),
        ),
        ("to an earlier call", append_reply(2, 2, 1, at(1, 3))),
        ("to no call", append_reply(2, 2, 0, at(1, 3))),
        (
            "to a call that was never made",
            append_reply(2, 2, 4, at(1, 3)),
        ),
        ("no less", append_reply(2, 2, 3, at(2, 5))),
        ("of an outsider", append_reply(9, 2, 3, at(1, 3))),
        (
            "of one that has acknowledged nothing",
            append_reply(3, 2, 3, at(1, 0)),
        ),
    ] {
        let mut node = acknowledged(refusing(leader(1, 2, LOG)));
        node.handle_message(reply);
        for follower in [2, 3, 9] {
            assert!(!node.has_lost_tail(id(follower)), "{what}");
        }
        assert_eq!(node.match_index(id(2)), Some(index(5)), "{what}");
    }
}

/// A broadcast that waited as the acknowledgement came may have been handled before it, under whatever number.
#[test]
fn thesis_3_8_a_call_that_waited_meanwhile_proves_nothing() {
    let mut node = refusing(leader(1, 2, LOG));
    node.handle_election_timeout(); // #3, not sent yet
    node.handle_message(append_reply(2, 2, 2, at(2, 5)));
    drain(&mut node);
    node.handle_message(append_reply(2, 2, 3, at(1, 3)));
    assert!(!node.has_lost_tail(id(2)));
}

#[test]
fn thesis_3_8_a_cut_call_that_begins_below_proves_nothing() {
    let mut node = refusing(leader(1, 2, LOG));
    node.handle_message(append_reply(2, 2, 2, at(1, 1))); // it is to be sent all from 1/1 on
    node.handle_election_timeout(); // #4; what waits for it is #5
    node.handle_message(append_reply(2, 2, 4, at(1, 4)));
    assert_eq!(node.match_index(id(2)), Some(index(4)));
    node.read_index(); // a new heartbeat: #6, and what waits is #7
    let sent = drain(&mut node);
    let repair = sent.last().expect("a call").to_string();
    let expected = "SendMessage 2 1 t2 #7 AppendEntriesCall commit 0 prev 1/1[cmd*3 term(2)]";
    assert_eq!(repair, expected);
    let mut other = node.clone();
    node.handle_message(append_reply(2, 2, 7, at(1, 2))); // as it arrived with one entry only
    assert!(!node.has_lost_tail(id(2)));
    other.handle_message(append_reply(2, 2, 6, at(1, 2))); // the heartbeat begins at the end
    assert!(other.has_lost_tail(id(2)));
}

/// The follower is behind, and yet has acknowledged where the call begins: whoever takes the call has that, or lost it.
#[test]
fn thesis_3_8_a_cut_call_that_begins_at_what_was_acknowledged_is_a_proof() {
    let mut node = refusing(leader(1, 2, LOG));
    node.handle_message(append_reply(2, 2, 2, at(1, 4)));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t2 #3 AppendEntriesCall commit 0 prev 1/4[term(2)]"],
    );
    let mut other = node.clone();
    node.handle_message(append_reply(2, 2, 3, at(1, 4))); // as it arrived without its entry
    assert!(!node.has_lost_tail(id(2)));
    other.handle_message(append_reply(2, 2, 3, at(1, 3)));
    assert!(other.has_lost_tail(id(2)));
}

#[test]
fn section_6_in_joint_consensus_it_counts_in_neither_half() {
    for (others, last) in [([3, 5, 4], 7), ([4, 7, 3], 5)] {
        let log = "snapshot {1,2,3,5,6}->{1,2,4,7,8} log 0/0[term(1)]";
        let mut node = refusing(leader(1, 2, log));
        node.handle_message(append_reply(2, 2, 2, at(2, 2)));
        node.handle_election_timeout();
        drain(&mut node);
        node.handle_message(append_reply(2, 2, 3, at(1, 1)));
        assert!(node.has_lost_tail(id(2)));
        for other in others {
            node.handle_message(append_reply(other, 2, 3, at(2, 2)));
            assert_eq!(node.commit_index(), index(0), "{others:?}");
        }
        node.handle_message(append_reply(last, 2, 3, at(2, 2)));
        assert_eq!(node.commit_index(), index(2));
    }
}

#[test]
fn thesis_3_8_removed_and_added_again_it_begins_anew() {
    let mut node = acknowledged(refusing(leader(1, 2, LOG)));
    node.handle_message(append_reply(2, 2, 3, at(1, 3)));
    for (config, last) in [
        (joint(&[1, 2, 3], &[1, 3]), at(2, 6)),
        (joint(&[1, 3], &[1, 2, 3]), at(2, 8)),
    ] {
        assert_eq!(node.propose_config(config), last); // C_new follows
        drain(&mut node);
        let newest = |node: &mut Node| {
            node.heartbeat();
            let broadcast = node.actions().broadcast_message.clone();
            drain(node);
            broadcast.expect("a heartbeat").seqno().get()
        };
        for _ in 0..2 {
            let seqno = newest(&mut node);
            let last = node.log().last_position();
            node.handle_message(append_reply(3, 2, seqno, last));
            drain(&mut node);
        }
        assert!(!node.config().is_joint_consensus());
    }
    assert!(!node.has_lost_tail(id(2)));
    assert_eq!(node.match_index(id(2)), Some(index(0)));
}

#[test]
fn thesis_3_10_leadership_is_not_handed_over_to_it() {
    let mut node = acknowledged(refusing(leader(1, 2, LOG)));
    node.handle_message(append_reply(2, 2, 3, at(1, 3)));
    assert!(node.transfer_leadership(id(2)));
    for newest in 4..12 {
        assert_eq!(node.transfer_target(), Some(id(2)));
        node.handle_election_timeout();
        let sent = drain(&mut node);
        assert!(!sent.iter().any(|it| it.to_string().contains("CampaignNow")));
        node.handle_message(append_reply(2, 2, newest, at(2, 5)));
    }
    assert!(take_events(&mut node).contains(&"transfer to 2: timed out".to_owned()));
}

/// The follower's side: acknowledgements that wait become one, which says no less than the newest of them.
#[test]
fn section_5_3_a_late_call_does_not_take_back_what_is_acknowledged() {
    let mut node = follower(2, 2, Some(1), LOG);
    node.handle_message(append_call(1, 2, 5, 0, commands(at(1, 4), 0)));
    node.handle_message(append_call(1, 2, 4, 0, commands(at(1, 2), 0)));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SendMessage 1 2 t2 #5 AppendEntriesReply last 1/4",
        ],
    );
    // In their order, the last one says how far the log is known to be the leader's.
    node.handle_message(append_call(1, 2, 4, 0, commands(at(1, 4), 0)));
    node.handle_message(append_call(1, 2, 5, 0, commands(at(1, 2), 0)));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SendMessage 1 2 t2 #5 AppendEntriesReply last 1/2",
        ],
    );
    // What is not in the log any more cannot be said.
    node.handle_message(append_call(1, 2, 7, 0, commands(at(2, 9), 0)));
    let overwriting = entries(at(1, 2), [LogEntry::Term(term(2))]);
    node.handle_message(append_call(1, 2, 6, 0, overwriting));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "AppendLogEntries 1/2[term(2)]",
            "SendMessage 1 2 t2 #7 AppendEntriesReply last 2/3",
        ],
    );
}
