//! §5.3: several calls before the actions are taken: what is pending merges, and nothing is lost.

use raftbare::{Message, Node};
use raftbare_sim::notation::parse_entries;
use raftbare_tests::disk::Disk;
use raftbare_tests::values::{
    append_call, append_reply, assert_actions, at, candidate, follower, id, leader, vote, vote_call,
};

/// Ends at 1/4.
const LOG: &str = "snapshot {1,2,3} log 0/0[term(1) cmd*3]";

/// A call whose entries are written in the notation.
fn call(from: u64, term: u64, seqno: u64, commit: u64, entries: &str) -> Message {
    let entries = parse_entries(entries).unwrap_or_else(|error| panic!("{error}"));
    append_call(from, term, seqno, commit, entries)
}

#[test]
fn several_calls_before_a_drain_become_one_append_and_one_answer() {
    let mut node = follower(1, 1, Some(2), LOG);
    node.handle_message(call(2, 1, 3, 0, "1/4[cmd]"));
    node.handle_message(call(2, 1, 4, 0, "1/5[cmd*2]"));
    node.handle_message(call(2, 1, 5, 4, "1/7[]"));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "AppendLogEntries 1/4[cmd*3]",
            "SendMessage 2 1 t1 #5 AppendEntriesReply last 1/7",
        ],
    );
}

#[test]
fn of_answers_in_one_term_the_highest_number_and_the_newest_position_are_sent() {
    let mut node = follower(1, 1, Some(2), LOG);
    node.handle_message(call(2, 1, 4, 0, "1/5[cmd]")); // overtakes #3: its start is not there yet
    node.handle_message(call(2, 1, 3, 0, "1/4[cmd]"));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "AppendLogEntries 1/4[cmd]",
            "SendMessage 2 1 t1 #4 AppendEntriesReply last 1/5",
        ],
    );
}

#[test]
fn answers_of_two_terms_are_not_mixed() {
    let mut node = follower(1, 1, Some(2), LOG);
    node.handle_message(call(2, 1, 9, 0, "1/4[cmd]"));
    node.handle_message(call(2, 2, 3, 0, "1/5[term(2)]")); // the same node leads the next term
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "AppendLogEntries 1/4[cmd term(2)]",
            "SendMessage 2 1 t2 #3 AppendEntriesReply last 2/6",
        ],
    );
}

#[test]
fn answers_of_a_term_that_is_over_are_withdrawn_and_what_was_to_be_stored_is_not() {
    let after = |input: fn(&mut Node), rest: [&str; 2]| {
        let mut node = follower(1, 1, Some(2), LOG);
        node.handle_message(call(2, 1, 9, 0, "1/4[cmd]"));
        input(&mut node);
        let first = ["SetElectionTimeout", "SaveCurrentTerm", "SaveVotedFor"];
        assert_actions(&mut node, &[&first[..], &rest].concat());
    };
    after(
        |node| node.handle_message(vote_call(3, 2, 1, at(1, 5))),
        [
            "AppendLogEntries 1/4[cmd]",
            "SendMessage 3 1 t2 #1 RequestVoteReply granted",
        ],
    );
    after(
        |node| node.handle_message(call(3, 2, 1, 0, "1/3[term(2)]")),
        [
            "AppendLogEntries 1/3[term(2)]",
            "SendMessage 3 1 t2 #1 AppendEntriesReply last 2/4",
        ],
    );
    after(
        Node::handle_election_timeout,
        [
            "BroadcastMessage 1 t2 #1 RequestVoteCall last 1/5",
            "AppendLogEntries 1/4[cmd]",
        ],
    );
}

#[test]
fn a_new_leader_withdraws_its_call_for_votes_and_no_answer() {
    let mut node = candidate(1, 2, LOG);
    node.handle_election_timeout();
    node.handle_message(vote_call(3, 1, 7, at(1, 4))); // refused
    node.handle_message(vote(2, 3, 1));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "BroadcastMessage 1 t3 #2 AppendEntriesCall commit 0 prev 1/4[term(3)]",
            "AppendLogEntries 1/4[term(3)]",
            "SendMessage 3 1 t3 #7 RequestVoteReply refused",
        ],
    );
}

#[test]
fn the_pending_append_starts_at_the_lowest_index_that_was_not_taken_yet() {
    for (second, expected) in [
        ("1/5[term(2)]", "1/4[cmd term(2)]"), // overwrites within what is pending
        ("1/4[term(2)]", "1/4[term(2)]"),     // all of it
        ("1/2[term(2)]", "1/2[term(2)]"),     // and what is stored
        ("1/6[term(2)]", "1/4[cmd*2 term(2)]"), // extends it
    ] {
        let mut node = follower(1, 1, Some(2), LOG);
        let mut disk = Disk::of(&node);
        node.handle_message(call(2, 1, 3, 0, "1/4[cmd*2]"));
        node.handle_message(call(3, 2, 1, 0, second));
        let pending = node
            .actions()
            .append_log_entries
            .as_ref()
            .map(ToString::to_string);
        assert_eq!(pending.as_deref(), Some(expected));
        disk.execute_all(&mut node);
        disk.assert_equals_memory(&node);
    }
}

/// All sequences of four inputs out of these, with all choices of which actions are taken in between: what
/// is executed always leaves on the disk what is in memory.
#[test]
fn replaying_the_actions_onto_a_disk_gives_the_log_for_every_interleaving() {
    let inputs: [fn(&mut Node); 8] = [
        |node| node.handle_message(call(2, 1, 1, 0, "1/4[cmd*2]")),
        |node| node.handle_message(call(2, 1, 2, 3, "1/6[cmd]")),
        |node| node.handle_message(call(3, 2, 1, 0, "1/3[term(2) cmd*3]")),
        |node| node.handle_message(call(3, 2, 2, 4, "1/2[cmd term(2) cmd]")),
        |node| node.handle_message(call(2, 3, 1, 0, "1/4[term(3) config({1,2})]")),
        |node| node.handle_message(call(2, 3, 2, 0, "2/4[term(3) cmd]")),
        Node::handle_election_timeout,
        |node| node.handle_message(call(3, 5, 1, 0, "1/2[term(5)]")),
    ];
    let sequences = inputs.len().pow(4);
    for sequence in 0..sequences {
        for taken in [0b0000, 0b0010, 0b0100, 0b0101, 0b1010, 0b1111] {
            let mut node = follower(1, 1, Some(2), LOG);
            let mut disk = Disk::of(&node);
            let mut rest = sequence;
            for step in 0..4 {
                inputs[rest % inputs.len()](&mut node);
                rest /= inputs.len();
                if taken >> step & 1 == 1 {
                    disk.execute_all(&mut node);
                    disk.assert_equals_memory(&node);
                }
            }
            disk.execute_all(&mut node);
            disk.assert_equals_memory(&node);
        }
    }
}

#[test]
fn section_5_3_a_repair_that_waits_takes_every_command_of_a_batch_along() {
    let mut leader = leader(1, 2, "snapshot {1,2,3} log 0/0[term(1) cmd*3]");
    leader.propose_command();
    leader.handle_message(append_reply(3, 2, 2, at(1, 2)));
    for _ in 0..3 {
        leader.propose_command();
    }
    let waiting = &leader.actions().send_messages[&id(3)];
    assert!(
        waiting
            .to_string()
            .ends_with("prev 1/2[cmd*2 term(2) cmd*4]"),
        "{waiting}"
    );
}

#[test]
fn section_5_3_a_probe_that_waits_to_be_sent_takes_no_new_entries_along() {
    let mut node = leader(1, 3, LOG); // ends at 3/5
    node.handle_message(append_reply(2, 3, 2, at(2, 9)));
    node.propose_command();
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "BroadcastMessage 1 t3 #4 AppendEntriesCall commit 0 prev 3/5[cmd]",
            "AppendLogEntries 3/5[cmd]",
            "SendMessage 2 1 t3 #5 AppendEntriesCall commit 0 prev 1/4[]",
        ],
    );
}
