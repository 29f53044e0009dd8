//! §5.3: what a leader sends to its followers, and what it makes of their answers.

use raftbare::{LogPosition, Message, Node, Role};
use raftbare_tests::values::{
    append_reply, assert_actions, at, candidate, drain, follower, id, index, leader,
};

/// With the leader's `Term` entry of term 3 it ends at 3/5; the newest call is #2 then.
const LOG: &str = "snapshot {1,2,3} log 0/0[term(1) cmd*3]";

/// Proposes a command and takes the actions: a call of its own.
fn propose(node: &mut Node) -> LogPosition {
    let position = node.propose_command();
    drain(node);
    position
}

#[test]
fn section_5_3_a_command_is_sent_to_all_and_stored() {
    let mut node = leader(1, 3, LOG);
    assert_eq!(node.propose_command(), at(3, 6));
    assert_actions(
        &mut node,
        &[
            "BroadcastMessage 1 t3 #3 AppendEntriesCall commit 0 prev 3/5[cmd]",
            "AppendLogEntries 3/5[cmd]",
        ],
    );
}

#[test]
fn section_5_3_only_leaders_take_commands() {
    for node in [
        follower(1, 3, None, LOG),
        candidate(1, 3, LOG),
        Node::start(id(1)),
    ] {
        let mut after = node.clone();
        assert_eq!(after.propose_command(), LogPosition::INVALID);
        assert_eq!(after, node);
    }
}

#[test]
fn section_5_3_commands_before_a_drain_travel_together() {
    let mut node = leader(1, 3, LOG);
    assert_eq!(
        [6, 7, 8].map(|i| at(3, i)),
        [(); 3].map(|()| node.propose_command())
    );
    node.heartbeat();
    assert_actions(
        &mut node,
        &[
            "BroadcastMessage 1 t3 #3 AppendEntriesCall commit 0 prev 3/5[cmd*3]",
            "AppendLogEntries 3/5[cmd*3]",
        ],
    );
}

#[test]
fn section_5_3_a_full_log_takes_no_more_commands() {
    let mut node = leader(1, 3, "snapshot {1} log 2/18446744073709551612[cmd]");
    assert_eq!(node.propose_command(), at(3, u64::MAX));
    drain(&mut node);
    assert_eq!(node.propose_command(), LogPosition::INVALID);
    assert_eq!(
        node.propose_config(node.config().clone()),
        LogPosition::INVALID
    );
    assert_actions(&mut node, &[]);
    assert_eq!(
        (node.log().last_position(), node.commit_index()),
        (at(3, u64::MAX), index(u64::MAX))
    );
}

#[test]
fn section_5_3_an_answer_that_says_up_to_date_triggers_no_action_even_when_it_commits() {
    let mut node = leader(1, 3, LOG);
    node.handle_message(append_reply(2, 3, 2, at(3, 5)));
    assert_eq!(
        (node.commit_index(), node.match_index(id(2))),
        (index(5), Some(index(5)))
    );
    assert_actions(&mut node, &[]);
}

#[test]
fn section_5_3_the_next_call_tells_the_new_commit_index() {
    let mut node = leader(1, 3, LOG);
    node.propose_command(); // a call waits, with the commit index of before
    node.handle_message(append_reply(2, 3, 2, at(3, 5)));
    node.propose_command();
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "BroadcastMessage 1 t3 #3 AppendEntriesCall commit 5 prev 3/5[cmd*2]",
            "AppendLogEntries 3/5[cmd*2]",
        ],
    );
    node.handle_election_timeout();
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "BroadcastMessage 1 t3 #4 AppendEntriesCall commit 5 prev 3/7[]",
        ],
    );
}

#[test]
fn section_5_3_a_follower_that_is_behind_gets_what_it_lacks_in_one_message() {
    let mut node = leader(1, 3, LOG);
    node.handle_message(append_reply(2, 3, 2, at(1, 2)));
    assert_eq!(node.match_index(id(2)), Some(index(2)));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t3 #3 AppendEntriesCall commit 0 prev 1/2[cmd*2 term(3)]"],
    );
    node.handle_message(append_reply(2, 3, 3, at(3, 5)));
    assert_actions(&mut node, &[]);
    assert_eq!(node.commit_index(), index(5));
}

#[test]
fn section_5_3_while_a_repair_is_under_way_no_other_is_sent() {
    let mut node = leader(1, 3, LOG);
    node.heartbeat(); // #3
    drain(&mut node);
    node.heartbeat(); // #4
    drain(&mut node);
    node.handle_message(append_reply(2, 3, 2, at(1, 2)));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t3 #5 AppendEntriesCall commit 0 prev 1/2[cmd*2 term(3)]"],
    );
    for seqno in [3, 4] {
        node.handle_message(append_reply(2, 3, seqno, at(1, 2)));
        assert_actions(&mut node, &[]);
    }
    node.handle_message(append_reply(2, 3, 5, at(3, 5)));
    assert_actions(&mut node, &[]);
}

#[test]
fn section_5_3_a_repair_that_was_lost_is_sent_again_after_the_next_heartbeat() {
    let mut node = leader(1, 3, LOG);
    node.handle_message(append_reply(2, 3, 2, at(1, 2)));
    drain(&mut node); // #3, lost
    node.heartbeat(); // #4
    drain(&mut node);
    node.handle_message(append_reply(2, 3, 4, at(1, 2)));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t3 #5 AppendEntriesCall commit 0 prev 1/2[cmd*2 term(3)]"],
    );
}

#[test]
fn section_5_3_a_repair_without_progress_waits_for_the_next_heartbeat() {
    let mut node = leader(1, 3, LOG);
    node.handle_message(append_reply(2, 3, 2, at(1, 2)));
    drain(&mut node); // #3
    node.handle_message(append_reply(2, 3, 3, at(1, 2)));
    assert_actions(&mut node, &[]);
    node.handle_message(append_reply(3, 3, 2, at(2, 9)));
    drain(&mut node); // #4, a probe
    node.handle_message(append_reply(3, 3, 4, at(2, 9)));
    assert_actions(&mut node, &[]);
    node.handle_election_timeout(); // #5
    drain(&mut node);
    node.handle_message(append_reply(2, 3, 5, at(1, 2)));
    node.handle_message(append_reply(3, 3, 5, at(2, 9)));
    assert_actions(
        &mut node,
        &[
            "SendMessage 2 1 t3 #6 AppendEntriesCall commit 0 prev 1/2[cmd*2 term(3)]",
            "SendMessage 3 1 t3 #7 AppendEntriesCall commit 0 prev 1/4[]",
        ],
    );
}

#[test]
fn section_5_3_a_repair_that_makes_progress_goes_on_at_once() {
    let mut node = leader(1, 3, LOG);
    node.handle_message(append_reply(2, 3, 2, at(1, 1)));
    drain(&mut node); // #3, and the transport cuts its entries
    node.handle_message(append_reply(2, 3, 3, at(1, 2)));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t3 #4 AppendEntriesCall commit 0 prev 1/2[cmd*2 term(3)]"],
    );
}

/// Terms 1 1 1 1 3 against 1 1 2 2 2 2 2: a round trip for the term, not for each entry.
#[test]
fn section_5_3_the_last_common_entry_is_looked_for_term_by_term() {
    let mut node = leader(1, 3, LOG);
    node.handle_message(append_reply(2, 3, 2, at(2, 4))); // of the leader's 3/5 it knows nothing
    assert_eq!(node.match_index(id(2)), Some(index(0)));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t3 #3 AppendEntriesCall commit 0 prev 1/4[]"],
    );
    node.handle_message(append_reply(2, 3, 3, at(1, 2)));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t3 #4 AppendEntriesCall commit 0 prev 1/2[cmd*2 term(3)]"],
    );
    node.handle_message(append_reply(2, 3, 4, at(3, 5)));
    assert_actions(&mut node, &[]);
}

#[test]
fn section_5_3_what_a_follower_has_beyond_the_leaders_log_is_looked_for_below_it() {
    let mut node = leader(1, 3, LOG);
    node.handle_message(append_reply(2, 3, 2, at(1, 9)));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t3 #3 AppendEntriesCall commit 0 prev 1/4[]"],
    );
    let mut node = leader(1, 3, LOG);
    node.handle_message(append_reply(2, 3, 2, at(2, 2)));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t3 #3 AppendEntriesCall commit 0 prev 1/2[]"],
    );
}

#[test]
fn section_7_a_follower_that_needs_compacted_entries_gets_a_snapshot() {
    let mut node = leader(1, 3, "snapshot {1,2,3} log 1/4[cmd]");
    for (seqno, position) in [(2, at(0, 0)), (3, at(1, 3)), (4, at(0, 9))] {
        node.handle_message(append_reply(2, 3, seqno, position));
        assert_eq!(node.match_index(id(2)), Some(index(0)));
        assert_actions(&mut node, &["InstallSnapshot 2"]); // again each time: it may have been dropped
        node.heartbeat();
        drain(&mut node);
    }
    // It is installed: at the snapshot's position the entries go on.
    node.handle_message(append_reply(2, 3, 5, at(1, 4)));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t3 #6 AppendEntriesCall commit 4 prev 1/4[cmd term(3)]"],
    );
}

#[test]
fn section_5_3_a_follower_that_lost_its_log_is_repaired_by_the_same_leader() {
    let mut node = leader(1, 3, LOG);
    node.handle_message(append_reply(2, 3, 2, at(3, 5)));
    assert_eq!(node.commit_index(), index(5));
    node.heartbeat();
    drain(&mut node);
    node.handle_message(append_reply(2, 3, 3, at(0, 0)));
    assert_eq!(node.match_index(id(2)), Some(index(0)));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t3 #4 AppendEntriesCall commit 5 prev 0/0[term(1) cmd*3 term(3)]"],
    );
    assert_eq!(node.commit_index(), index(5)); // what is committed stays so
    // It counts no more for what it has lost: node 1 alone is no majority for a new entry.
    let position = propose(&mut node);
    assert!(node.get_commit_status(position).is_in_progress());
}

#[test]
fn section_5_3_what_is_committed_stays_so_when_a_follower_loses_a_part_of_it() {
    let mut node = leader(1, 3, LOG);
    let position = propose(&mut node); // #3
    node.handle_message(append_reply(2, 3, 3, position));
    assert_eq!(node.commit_index(), index(6));
    node.heartbeat(); // #4
    drain(&mut node);
    node.handle_message(append_reply(2, 3, 4, at(3, 5))); // the end of its log was lost
    assert_eq!(
        (node.match_index(id(2)), node.commit_index()),
        (Some(index(5)), index(6))
    );
    assert!(node.get_commit_status(position).is_committed());
}

#[test]
fn section_5_3_in_a_pipeline_nothing_is_sent_twice() {
    let mut node = leader(1, 3, LOG);
    let positions: Vec<_> = (3..=7).map(|_| propose(&mut node)).collect(); // #3 to #7
    for (seqno, &position) in (3..).zip(&positions) {
        node.handle_message(append_reply(2, 3, seqno, position));
        assert_actions(&mut node, &[]);
    }
    // The other one answers late, and out of order.
    for (seqno, position) in [
        (3, positions[0]),
        (6, positions[3]),
        (5, positions[2]),
        (7, positions[4]),
    ] {
        node.handle_message(append_reply(3, 3, seqno, position));
        assert_actions(&mut node, &[]);
    }
}

#[test]
fn section_5_3_one_lost_call_in_a_pipeline_costs_one_repair() {
    let mut node = leader(1, 3, LOG);
    for _ in 3..=8 {
        propose(&mut node); // #3 brings 3/6, and so on; #4 is lost
    }
    node.handle_message(append_reply(2, 3, 3, at(3, 6)));
    assert_actions(&mut node, &[]);
    node.handle_message(append_reply(2, 3, 5, at(3, 6)));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t3 #9 AppendEntriesCall commit 6 prev 3/6[cmd*5]"],
    );
    for seqno in 6..=8 {
        node.handle_message(append_reply(2, 3, seqno, at(3, 6)));
        assert_actions(&mut node, &[]);
    }
    node.handle_message(append_reply(2, 3, 9, at(3, 11)));
    assert_actions(&mut node, &[]);
    assert_eq!(node.commit_index(), index(11));
}

#[test]
fn section_5_3_hundreds_of_calls_under_way_are_told_from_losses() {
    let mut node = leader(1, 3, LOG);
    for _ in 0..500 {
        propose(&mut node); // #3 brings 3/6, ... #502 brings 3/505
    }
    for seqno in 3..=400 {
        node.handle_message(append_reply(2, 3, seqno, at(3, seqno + 3)));
        assert_actions(&mut node, &[]);
    }
    // #401 is lost. It turns out at the latest when the newest call is answered.
    for seqno in 402..=502 {
        node.handle_message(append_reply(2, 3, seqno, at(3, 403)));
    }
    let repairs: Vec<_> = drain(&mut node);
    assert_eq!(repairs.len(), 1, "{repairs:?}");
    let repair = format!("{}", repairs[0]);
    assert_eq!(
        repair,
        "SendMessage 2 1 t3 #503 AppendEntriesCall commit 403 prev 3/403[cmd*102]"
    );
}

/// What is remembered of the calls is bounded: when it is full, it is thinned out evenly.
#[test]
fn section_5_3_of_more_than_32_calls_under_way_every_other_one_tells_its_loss_at_once() {
    let mut node = leader(1, 3, LOG);
    for _ in 3..=34 {
        propose(&mut node); // #3 brings 3/6, ... #34 brings 3/37
    }
    let tell = (3..=34).filter(|&seqno| {
        let mut node = node.clone();
        // It has all before this call, which came without its entry.
        node.handle_message(append_reply(2, 3, seqno, at(3, seqno + 2)));
        !drain(&mut node).is_empty()
    });
    assert!(tell.eq((3..=33).step_by(2).chain([34])));
}

#[test]
fn section_5_3_entries_cut_by_the_transport_are_sent_later() {
    let mut node = leader(1, 3, LOG);
    for _ in 0..5 {
        node.propose_command();
    }
    drain(&mut node); // #3 with five entries, cut to two on the way
    node.handle_message(append_reply(2, 3, 3, at(3, 7)));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t3 #4 AppendEntriesCall commit 0 prev 3/7[cmd*3]"],
    );
}

#[test]
fn section_5_3_a_repair_that_waits_to_be_sent_takes_new_entries_along() {
    let mut node = leader(1, 3, LOG);
    node.handle_message(append_reply(2, 3, 2, at(1, 2)));
    node.propose_command();
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "BroadcastMessage 1 t3 #4 AppendEntriesCall commit 0 prev 3/5[cmd]",
            "AppendLogEntries 3/5[cmd]",
            "SendMessage 2 1 t3 #5 AppendEntriesCall commit 0 prev 1/2[cmd*2 term(3) cmd]",
        ],
    );
    // The broadcast overtakes the repair: nothing to be done. The repair brings it all.
    node.handle_message(append_reply(2, 3, 4, at(1, 2)));
    assert_actions(&mut node, &[]);
    node.handle_message(append_reply(2, 3, 5, at(3, 6)));
    assert_actions(&mut node, &[]);
}

#[test]
fn answers_count_once() {
    let mut node = leader(1, 3, LOG);
    node.heartbeat(); // #3
    drain(&mut node);
    node.handle_message(append_reply(2, 3, 3, at(3, 5)));
    let before = node.clone();
    for seqno in [0, 1, 2, 3] {
        for position in [at(3, 5), at(1, 1), at(2, 9), at(0, 0)] {
            node.handle_message(append_reply(2, 3, seqno, position));
            assert_eq!(node, before, "#{seqno} {position}");
        }
    }
}

#[test]
fn answers_to_calls_that_were_never_made_do_not_count_and_do_not_deafen() {
    let mut node = leader(1, 3, LOG);
    let before = node.clone();
    for seqno in [3, 4, 1 << 50, u64::MAX] {
        node.handle_message(append_reply(2, 3, seqno, at(3, 5)));
        assert_eq!(node, before);
    }
    node.handle_message(append_reply(2, 3, 2, at(3, 5)));
    assert_eq!(node.commit_index(), index(5));
}

#[test]
fn answers_of_strangers_do_not_count() {
    let mut node = leader(1, 3, LOG);
    let before = node.clone();
    node.handle_message(append_reply(9, 3, 2, at(3, 5)));
    node.handle_message(append_reply(9, 3, 2, at(1, 1)));
    assert_eq!(node, before);
}

#[test]
fn an_answer_to_a_call_of_the_candidate_is_none_to_the_leader() {
    // The number 1 was the call for votes.
    let mut node = leader(1, 3, LOG);
    let before = node.clone();
    node.handle_message(append_reply(2, 3, 1, at(3, 5)));
    assert_eq!(node, before);
}

#[test]
fn answers_do_nothing_to_followers_and_candidates() {
    for node in [follower(1, 3, None, LOG), candidate(1, 3, LOG)] {
        let mut after = node.clone();
        after.handle_message(append_reply(2, 3, 1, at(1, 4)));
        assert_eq!(after, node);
    }
}

#[test]
fn calls_not_sent_yet_are_withdrawn_when_the_leader_steps_down_and_the_append_is_not() {
    let mut node = leader(1, 3, "snapshot {1,2,3,4} log 1/4[cmd]"); // ends at 3/6
    node.handle_message(append_reply(2, 3, 2, at(1, 4)));
    node.handle_message(append_reply(3, 3, 2, at(0, 0)));
    node.propose_command();
    assert!(node.actions().broadcast_message.is_some());
    assert_eq!(
        (
            node.actions().send_messages.len(),
            node.actions().install_snapshots.len()
        ),
        (1, 1)
    );
    node.handle_message(raftbare_tests::values::refusal(4, 5, 1));
    assert_eq!(node.role(), Role::Follower);
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "AppendLogEntries 3/6[cmd]",
        ],
    );
}

#[test]
fn numbers_start_again_in_each_term() {
    let mut node = leader(1, 3, LOG);
    for _ in 0..5 {
        propose(&mut node);
    }
    node.handle_message(raftbare_tests::values::refusal(2, 4, 1));
    drain(&mut node);
    node.handle_election_timeout();
    let broadcast = node
        .actions()
        .broadcast_message
        .as_ref()
        .map(Message::seqno);
    assert_eq!(broadcast.map(raftbare::MessageSeqNo::get), Some(1));
}
