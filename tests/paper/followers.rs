//! §5.3: what a follower does with its leader's calls.

use raftbare::{LogEntries, Message, Node};
use raftbare_sim::notation::parse_entries;
use raftbare_tests::values::{
    append_call, assert_actions, at, commands, config, drain, follower, id, index,
};

/// Ends at 1/4.
const LOG: &str = "snapshot {1,2,3} log 0/0[term(1) cmd*3]";

/// A call whose entries are written in the notation.
fn call(from: u64, term: u64, seqno: u64, commit: u64, entries: &str) -> Message {
    let entries = parse_entries(entries).unwrap_or_else(|error| panic!("{error}"));
    append_call(from, term, seqno, commit, entries)
}

/// A follower of node 2 in term 1 that has committed up to `commit`.
fn committed_up_to(commit: u64) -> Node {
    let mut node = follower(1, 1, Some(2), LOG);
    node.handle_message(append_call(2, 1, 1, commit, LogEntries::new(at(1, 4))));
    drain(&mut node);
    assert_eq!(node.commit_index(), index(commit));
    node
}

#[test]
fn section_5_3_new_entries_are_stored_and_then_acknowledged() {
    let mut node = follower(1, 1, Some(2), LOG);
    node.handle_message(call(2, 1, 3, 2, "1/4[cmd config({1,2})]"));
    assert_eq!(node.log().last_position(), at(1, 6));
    assert_eq!(
        (node.commit_index(), node.config()),
        (index(2), &config(&[1, 2]))
    );
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "AppendLogEntries 1/4[cmd config({1,2})]",
            "SendMessage 2 1 t1 #3 AppendEntriesReply last 1/6",
        ],
    );
}

#[test]
fn section_5_3_a_heartbeat_is_answered_and_nothing_is_stored() {
    let mut node = follower(1, 1, Some(2), LOG);
    node.handle_message(call(2, 1, 3, 0, "1/4[]"));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SendMessage 2 1 t1 #3 AppendEntriesReply last 1/4",
        ],
    );
}

#[test]
fn section_5_3_without_the_entry_before_them_entries_are_not_taken() {
    let mut node = follower(1, 1, Some(2), LOG);
    node.handle_message(call(2, 1, 3, 5, "1/6[cmd]"));
    assert_eq!(
        (node.log().last_position(), node.commit_index()),
        (at(1, 4), index(0))
    );
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SendMessage 2 1 t1 #3 AppendEntriesReply last 1/4",
        ],
    );
}

#[test]
fn section_5_3_a_node_without_a_log_says_so() {
    let mut node = Node::start(id(3));
    node.handle_message(call(1, 2, 3, 5, "1/6[cmd]"));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "SendMessage 1 3 t2 #3 AppendEntriesReply last 0/0",
        ],
    );
}

/// Figure 7 (f): terms 1 1 1 2 2 2 3 3 3 3 3.
#[test]
fn section_5_3_where_terms_differ_the_answer_is_the_last_entry_that_the_leader_may_have() {
    let log = "snapshot {1,2,3} log 0/0[term(1) cmd*2 term(2) cmd*2 term(3) cmd*4]";
    for (prev, answer) in [
        ("6/10", "3/10"), // may be in its log
        ("4/7", "3/7"),
        ("2/9", "2/6"), // what is of term 3 cannot be before an entry of term 2
        ("1/5", "1/3"),
        ("6/99", "3/11"),
        ("7/4", "2/4"),
    ] {
        let mut node = follower(1, 8, Some(2), log);
        let before = node.log().clone();
        node.handle_message(call(2, 8, 3, 0, &format!("{prev}[]")));
        assert_eq!(*node.log(), before);
        let reply = format!("SendMessage 2 1 t8 #3 AppendEntriesReply last {answer}");
        assert_actions(&mut node, &["SetElectionTimeout", &reply]);
    }
}

#[test]
fn section_5_3_entries_are_overwritten_from_the_first_conflict_on() {
    let mut node = follower(1, 2, Some(3), LOG);
    node.handle_message(call(3, 2, 1, 0, "1/1[cmd term(2) cmd]"));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "AppendLogEntries 1/2[term(2) cmd]",
            "SendMessage 3 1 t2 #1 AppendEntriesReply last 2/4",
        ],
    );
    assert_eq!(
        *node.log().entries(),
        parse_entries("0/0[term(1) cmd term(2) cmd]").expect("entries")
    );
}

/// All logs of up to 20 entries, with the first conflict anywhere.
#[test]
fn section_5_3_the_first_conflict_is_found_wherever_it_is() {
    for len in 2..=20 {
        for conflict in 2..=len {
            let own = format!(
                "snapshot {{1,2}} log 0/0[term(1){} term(2){}]",
                cmds(conflict - 2),
                cmds(len - conflict)
            );
            let entries = format!(
                "1/1[{} term(3){}]",
                cmds(conflict - 2),
                cmds(len - conflict)
            )
            .replace("[ ", "[");
            let mut node = follower(1, 3, Some(2), &own);
            node.handle_message(call(2, 3, 1, 0, &entries));
            let append = format!(
                "AppendLogEntries 1/{}[term(3){}]",
                conflict - 1,
                cmds(len - conflict)
            );
            let reply = format!("SendMessage 2 1 t3 #1 AppendEntriesReply last 3/{len}");
            assert_actions(&mut node, &["SetElectionTimeout", &append, &reply]);
        }
    }
}

/// So many commands in the notation, each with a space before it.
fn cmds(count: usize) -> String {
    " cmd".repeat(count)
}

#[test]
fn section_5_3_a_shorter_log_of_the_leader_cuts_what_conflicts() {
    let mut node = follower(1, 2, Some(3), LOG);
    node.handle_message(call(3, 2, 1, 0, "1/2[term(2)]"));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "AppendLogEntries 1/2[term(2)]",
            "SendMessage 3 1 t2 #1 AppendEntriesReply last 2/3",
        ],
    );
    assert_eq!(node.log().last_position(), at(2, 3));
}

#[test]
fn section_5_3_a_late_call_that_ends_earlier_cuts_nothing() {
    for (late, answer) in [
        ("1/1[cmd]", "1/4"),
        ("1/1[]", "1/4"),
        ("0/0[term(1) cmd*3]", "1/4"),
    ] {
        let mut node = follower(1, 1, Some(2), LOG);
        let before = node.log().clone();
        node.handle_message(call(2, 1, 3, 0, late));
        assert_eq!(*node.log(), before);
        let reply = format!("SendMessage 2 1 t1 #3 AppendEntriesReply last {answer}");
        assert_actions(&mut node, &["SetElectionTimeout", &reply]);
    }
}

#[test]
fn section_5_3_of_a_call_that_overlaps_only_the_new_entries_are_stored() {
    let mut node = follower(1, 1, Some(2), LOG);
    node.handle_message(call(2, 1, 3, 0, "1/2[cmd*5]"));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "AppendLogEntries 1/4[cmd*3]",
            "SendMessage 2 1 t1 #3 AppendEntriesReply last 1/7",
        ],
    );
}

/// Entries of older terms after the end of the call may be others than the leader's.
#[test]
fn section_5_3_only_what_is_known_to_be_the_leaders_is_acknowledged() {
    let mut node = follower(1, 2, Some(3), LOG);
    node.handle_message(call(3, 2, 1, 0, "1/2[]"));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SendMessage 3 1 t2 #1 AppendEntriesReply last 1/2",
        ],
    );
    node.handle_message(call(3, 2, 2, 0, "1/2[cmd]"));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SendMessage 3 1 t2 #2 AppendEntriesReply last 1/3",
        ],
    );
    assert_eq!(node.log().last_position(), at(1, 4));
}

#[test]
fn section_5_3_the_commit_index_follows_the_leader_up_to_the_end_of_the_call() {
    let mut node = follower(1, 2, Some(3), LOG);
    for (commit, entries, expected) in [
        (9, "1/2[]", 2), // what comes after may be overwritten yet
        (1, "1/4[]", 2), // a late call
        (3, "1/4[]", 3), // the leader's
        (9, "1/2[cmd]", 3),
        (9, "1/4[term(2) cmd]", 6),
    ] {
        node.handle_message(call(3, 2, 1, commit, entries));
        assert_eq!(node.commit_index(), index(expected), "{commit} {entries}");
    }
}

#[test]
fn section_5_3_what_is_committed_is_never_overwritten() {
    for (commit, entries, is_taken) in [
        (3, "1/1[term(2)]", false),
        (3, "1/2[term(2)]", false),
        (3, "1/3[term(2)]", true),
        (4, "1/3[term(2)]", false),
        (4, "0/0[term(2) cmd*9]", false),
    ] {
        let mut node = committed_up_to(commit);
        let before = node.log().clone();
        node.handle_message(call(3, 2, 1, 9, entries));
        assert_eq!(*node.log() != before, is_taken, "{commit} {entries}");
        if !is_taken {
            // The term is adopted, the call itself is dropped.
            assert_eq!(node.commit_index(), index(commit));
            assert_actions(
                &mut node,
                &["SetElectionTimeout", "SaveCurrentTerm", "SaveVotedFor"],
            );
        }
    }
}

#[test]
fn section_5_3_a_call_that_starts_at_another_committed_entry_is_dropped() {
    for (prev, is_answered) in [("2/3", false), ("2/2", false), ("2/4", true)] {
        let mut node = committed_up_to(3);
        node.handle_message(call(3, 2, 1, 9, &format!("{prev}[cmd]")));
        let mut expected = vec!["SetElectionTimeout", "SaveCurrentTerm", "SaveVotedFor"];
        if is_answered {
            expected.push("SendMessage 3 1 t2 #1 AppendEntriesReply last 1/4");
        }
        assert_actions(&mut node, &expected);
    }
}

#[test]
fn section_5_4_what_is_committed_is_always_acknowledged() {
    // Every later leader has it, so an answer need not name less.
    let mut node = committed_up_to(3);
    node.handle_message(call(3, 2, 1, 0, "1/1[]"));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "SendMessage 3 1 t2 #1 AppendEntriesReply last 1/3",
        ],
    );
    let mut node = follower(
        1,
        4,
        Some(2),
        "snapshot {1,2,3} log 0/0[term(1) term(3) cmd*2]",
    );
    node.handle_message(call(2, 4, 1, 3, "3/3[]"));
    drain(&mut node);
    node.handle_message(call(2, 4, 2, 3, "2/9[]"));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SendMessage 2 1 t4 #2 AppendEntriesReply last 3/3",
        ],
    );
}

#[test]
fn section_6_a_configuration_that_is_overwritten_gives_way_to_the_one_before() {
    for (log, call_text, expected) in [
        (
            "snapshot {1,2,3} log 0/0[term(1) config({1,2,3}->{1,2})]",
            "1/1[term(2)]",
            vec![1, 2, 3],
        ),
        (
            "snapshot {1,2,3} log 0/0[config({1,2}) term(1) config({1})]",
            "1/2[term(2)]",
            vec![1, 2],
        ),
        (
            "snapshot {1,2,3} log 0/0[config({1,2}) term(1) config({1})]",
            "0/0[term(2)]",
            vec![1, 2, 3],
        ),
    ] {
        let mut node = follower(1, 2, Some(3), log);
        node.handle_message(call(3, 2, 1, 0, call_text));
        assert_eq!(*node.config(), config(&expected), "{log} {call_text}");
    }
}

#[test]
fn a_full_log_takes_what_is_there_already_and_no_more() {
    let log = "snapshot {1,2,3} log 1/18446744073709551614[cmd]";
    let mut node = follower(1, 1, Some(2), log);
    node.handle_message(append_call(
        2,
        1,
        3,
        u64::MAX,
        commands(at(1, u64::MAX - 1), 3),
    ));
    assert_eq!(node.log().last_position(), at(1, u64::MAX));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SendMessage 2 1 t1 #3 AppendEntriesReply last 1/18446744073709551615",
        ],
    );
}
