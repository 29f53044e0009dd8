//! §8: linearizable reads.

use raftbare::{LogEntries, Node, ReadStatus, ReadToken};
use raftbare_tests::values::{
    append_call, append_reply, assert_actions, at, drain, follower, index, joint, leader, refusal,
    vote, with_non_voters,
};

/// With the leader's `Term` entry of term 3 it ends at 3/5; the newest call is #2 then.
const LOG: &str = "snapshot {1,2,3} log 0/0[term(1) cmd*3]";

/// A leader that has committed its `Term` entry with the help of node 2.
fn established(log: &str) -> Node {
    let mut node = leader(1, 3, log);
    let last = node.log().last_position();
    node.handle_message(append_reply(2, 3, 2, last));
    drain(&mut node);
    assert_eq!(node.commit_index(), last.index);
    node
}

/// Begins a read, and sends its call.
fn read(node: &mut Node) -> ReadToken {
    let token = node.read_index().expect("it leads");
    drain(node);
    token
}

#[test]
fn section_8_a_read_asks_all_followers_once() {
    let mut node = established(LOG);
    let tokens: Vec<_> = (0..100)
        .map(|_| node.read_index().expect("it leads"))
        .collect();
    let actions = drain(&mut node);
    assert_eq!(actions.len(), 1, "{actions:?}");
    let raftbare::Action::BroadcastMessage(call) = &actions[0] else {
        panic!("{actions:?}");
    };
    let expected = append_call(1, 3, call.seqno().get(), 5, LogEntries::new(at(3, 5)));
    assert_eq!(*call, expected);
    node.handle_message(append_reply(3, 3, call.seqno().get(), at(3, 5)));
    for token in tokens {
        assert_eq!(node.read_status(token), ReadStatus::Ready(index(5)));
    }
}

#[test]
fn section_8_a_read_is_ready_when_a_majority_has_answered_its_call() {
    let mut node = leader(1, 3, "snapshot {1,2,3,4,5} log 0/0[term(1)]"); // ends at 3/2
    for other in [2, 3] {
        node.handle_message(append_reply(other, 3, 2, at(3, 2)));
    }
    let token = read(&mut node); // #3
    assert_eq!(node.read_status(token), ReadStatus::Pending);
    node.handle_message(append_reply(4, 3, 3, at(3, 2)));
    assert_eq!(node.read_status(token), ReadStatus::Pending); // two of five
    node.handle_message(append_reply(5, 3, 3, at(3, 2)));
    assert_eq!(node.read_status(token), ReadStatus::Ready(index(2)));
}

#[test]
fn section_8_an_answer_to_an_older_call_confirms_nothing() {
    let mut node = established(LOG);
    let token = read(&mut node); // #3
    node.handle_message(append_reply(3, 3, 2, at(3, 5)));
    assert_eq!(node.read_status(token), ReadStatus::Pending);
    node.handle_message(append_reply(2, 3, 2, at(3, 5))); // once more
    assert_eq!(node.read_status(token), ReadStatus::Pending);
    node.handle_message(append_reply(2, 3, 4, at(3, 5))); // to no call
    assert_eq!(node.read_status(token), ReadStatus::Pending);
    node.handle_message(append_reply(2, 3, 3, at(3, 5)));
    assert_eq!(node.read_status(token), ReadStatus::Ready(index(5)));
}

#[test]
fn section_8_an_answer_to_a_later_call_confirms_too_wherever_the_follower_stands() {
    let mut node = established(LOG);
    let token = read(&mut node); // #3
    node.propose_command();
    drain(&mut node); // #4
    node.handle_message(append_reply(3, 3, 4, at(1, 1)));
    assert_eq!(node.read_status(token), ReadStatus::Ready(index(5)));
}

#[test]
fn section_8_a_call_that_waits_already_gets_a_new_number_for_a_read() {
    let mut node = established(LOG);
    node.propose_command(); // its broadcast, #3, may have been looked at and sent already
    let token = node.read_index().expect("it leads");
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "BroadcastMessage 1 t3 #4 AppendEntriesCall commit 5 prev 3/5[cmd]",
            "AppendLogEntries 3/5[cmd]",
        ],
    );
    node.handle_message(append_reply(2, 3, 3, at(3, 5)));
    assert_eq!(node.read_status(token), ReadStatus::Pending);
    node.handle_message(append_reply(2, 3, 4, at(3, 6)));
    assert_eq!(node.read_status(token), ReadStatus::Ready(index(5)));
}

#[test]
fn section_8_a_new_leader_reads_only_after_its_own_entry_is_committed() {
    let mut node = leader(1, 3, LOG);
    let token = read(&mut node); // #3
    node.handle_message(append_reply(2, 3, 3, at(1, 4)));
    node.handle_message(append_reply(3, 3, 3, at(1, 4)));
    assert_eq!(node.read_status(token), ReadStatus::Pending); // all have answered
    drain(&mut node); // repairs #4 and #5
    node.handle_message(append_reply(2, 3, 4, at(3, 5)));
    assert_eq!(node.read_status(token), ReadStatus::Ready(index(5)));
}

#[test]
fn section_8_a_read_sees_what_was_committed_when_it_began() {
    let mut node = established(LOG);
    let position = node.propose_command();
    drain(&mut node); // #3
    node.handle_message(append_reply(2, 3, 3, position));
    let token = read(&mut node); // #4
    node.handle_message(append_reply(2, 3, 4, position));
    assert_eq!(node.read_status(token), ReadStatus::Ready(position.index));
    // What is committed later does not delay it, nor change its answer.
    let later = node.propose_command();
    drain(&mut node);
    node.handle_message(append_reply(2, 3, 5, later));
    assert_eq!(node.read_status(token), ReadStatus::Ready(position.index));
}

#[test]
fn section_8_non_voters_and_strangers_confirm_no_read() {
    let mut node = established("snapshot {1,2,3}+{4,5} log 0/0[term(1)]"); // ends at 3/2
    let token = read(&mut node);
    for other in [4, 5, 9] {
        node.handle_message(append_reply(other, 3, 3, at(3, 2)));
    }
    assert_eq!(node.read_status(token), ReadStatus::Pending);
    node.handle_message(append_reply(3, 3, 3, at(3, 2)));
    assert_eq!(node.read_status(token), ReadStatus::Ready(index(2)));
}

#[test]
fn section_8_in_a_joint_configuration_both_majorities_confirm_a_read() {
    let mut node = leader(1, 3, "snapshot {1,2,3} log 0/0[term(1)]"); // ends at 3/2
    node.handle_message(append_reply(2, 3, 2, at(3, 2)));
    node.propose_config(joint(&[1, 2, 3], &[3, 4, 5]));
    drain(&mut node); // #3
    let token = read(&mut node); // #4
    node.handle_message(append_reply(2, 3, 4, at(3, 2)));
    assert_eq!(node.read_status(token), ReadStatus::Pending);
    node.handle_message(append_reply(4, 3, 4, at(0, 0)));
    assert_eq!(node.read_status(token), ReadStatus::Pending);
    node.handle_message(append_reply(5, 3, 4, at(0, 0)));
    assert_eq!(node.read_status(token), ReadStatus::Ready(index(2)));
}

#[test]
fn section_8_whoever_becomes_a_voter_after_the_read_has_not_answered_it_yet() {
    let mut node = leader(1, 3, "snapshot {1} log 0/0[term(1)]");
    let token = read(&mut node); // no call: the number is that of the call for votes
    assert_eq!(node.read_status(token), ReadStatus::Ready(index(2)));
    node.propose_config(joint(&[1], &[1, 2]));
    assert_eq!(node.read_status(token), ReadStatus::Pending);
    drain(&mut node);
    node.handle_message(append_reply(2, 3, 2, at(0, 0)));
    assert_eq!(node.read_status(token), ReadStatus::Ready(index(2)));
}

#[test]
fn section_8_a_sole_voter_reads_at_once_and_asks_nobody() {
    let mut node = leader(1, 3, "snapshot {1} log 0/0[term(1)]");
    let token = node.read_index().expect("it leads");
    assert_actions(&mut node, &[]);
    assert_eq!(node.read_status(token), ReadStatus::Ready(index(2)));
    // With non-voters too: they are asked like any follower, and not waited for.
    node.propose_config(with_non_voters(&[1], &[2]));
    drain(&mut node);
    let token = node.read_index().expect("it leads");
    assert_actions(
        &mut node,
        &["BroadcastMessage 1 t3 #3 AppendEntriesCall commit 3 prev 3/3[]"],
    );
    assert_eq!(node.read_status(token), ReadStatus::Ready(index(3)));
}

#[test]
fn section_8_a_read_is_lost_with_the_leadership_and_stays_lost() {
    let mut node = established(LOG);
    let token = read(&mut node);
    node.handle_message(refusal(2, 4, 1));
    assert_eq!(node.read_status(token), ReadStatus::Lost);
    node.handle_election_timeout();
    assert_eq!(node.read_status(token), ReadStatus::Lost);
    node.handle_message(vote(2, 5, 1));
    assert!(node.role().is_leader());
    drain(&mut node); // #2
    node.heartbeat();
    drain(&mut node); // #3, as the token's number in term 3
    for other in [2, 3] {
        node.handle_message(append_reply(other, 5, 3, at(5, 6)));
    }
    assert_eq!(node.read_status(token), ReadStatus::Lost);
    assert_eq!(
        follower(1, 3, None, LOG).read_status(token),
        ReadStatus::Lost
    );
}

#[test]
fn section_8_reading_is_for_leaders() {
    let node = follower(1, 3, None, LOG);
    let mut after = node.clone();
    assert_eq!(after.read_index(), None);
    assert_eq!(after, node);
}
