//! thesis §10.2.1: the writes of a storage that takes its time: which wait for which, what a report says, and snapshots
//! among them (§7).

use raftbare::{LogPosition, Node};
use raftbare_tests::values::{
    append_call, assert_actions, at, commands, config, drain, id, index, term,
};

use crate::storage::{call, late_follower, take_append};

/// The append that waits, in the notation.
fn pending_append(node: &Node) -> Option<String> {
    let append = node.actions().append_log_entries.as_ref();
    append.map(ToString::to_string)
}

#[test]
fn thesis_10_2_1_one_report_stands_for_all_writes_before_it() {
    let mut node = late_follower();
    for number in 5..=8 {
        let entries = format!("1/{}[cmd]", number - 1);
        node.handle_message(call(2, 1, number, &entries));
        let append = format!("AppendLogEntries {entries}");
        assert_actions(&mut node, &["SetElectionTimeout", &append]);
    }
    node.handle_log_persisted(at(1, 7));
    assert_eq!(node.durable_index(), index(7));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t1 #7 AppendEntriesReply last 1/7"],
    );
    node.handle_log_persisted(at(1, 6)); // late
    assert_eq!(node.durable_index(), index(7));
    assert_actions(&mut node, &[]);
    node.handle_log_persisted(at(1, 8));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t1 #8 AppendEntriesReply last 1/8"],
    );
}

#[test]
fn thesis_10_2_1_what_was_not_taken_yet_is_not_stored_whatever_is_reported() {
    let mut node = late_follower();
    node.handle_message(call(2, 1, 3, "1/4[cmd]"));
    node.handle_log_persisted(at(1, 5));
    node.handle_log_persisted(LogPosition::INVALID);
    assert_eq!(node.durable_index(), index(4));
    assert_actions(
        &mut node,
        &["SetElectionTimeout", "AppendLogEntries 1/4[cmd]"],
    );
}

#[test]
fn thesis_10_2_1_what_overwrites_waits_for_all_before_it_and_all_after_wait_for_it() {
    let mut node = late_follower();
    node.handle_message(call(2, 1, 3, "1/4[cmd*2]"));
    let first = take_append(&mut node);
    node.handle_message(call(3, 2, 1, "1/4[term(2)]"));
    assert_eq!(pending_append(&node), None);
    node.handle_log_persisted(first);
    assert_eq!(pending_append(&node).as_deref(), Some("1/4[term(2)]"));
    let second = take_append(&mut node);
    node.handle_message(call(3, 2, 2, "2/5[cmd]"));
    assert_eq!(pending_append(&node), None);
    assert_eq!(node.durable_index(), index(4));
    node.handle_log_persisted(second);
    assert_eq!(pending_append(&node).as_deref(), Some("2/5[cmd]"));
    assert_eq!(node.durable_index(), index(5));
}

#[test]
fn thesis_10_2_1_an_append_that_was_not_taken_is_replaced_without_waiting() {
    let mut node = late_follower();
    node.handle_message(call(2, 1, 3, "1/4[cmd*2]"));
    node.handle_message(call(3, 2, 1, "1/4[term(2)]"));
    assert_eq!(pending_append(&node).as_deref(), Some("1/4[term(2)]"));
    // But not if it would overwrite what is being written.
    let mut node = late_follower();
    node.handle_message(call(2, 1, 3, "1/4[cmd]"));
    take_append(&mut node);
    node.handle_message(call(2, 1, 4, "1/5[cmd]"));
    assert_eq!(pending_append(&node).as_deref(), Some("1/5[cmd]"));
    node.handle_message(call(3, 2, 1, "1/4[term(2)]"));
    assert_eq!(pending_append(&node), None);
}

#[test]
fn thesis_10_2_1_a_report_is_never_taken_for_that_of_another_write() {
    let mut node = late_follower();
    node.handle_message(call(2, 1, 3, "1/4[cmd*2]"));
    let first = take_append(&mut node);
    node.handle_message(call(3, 2, 1, "1/4[term(2)]"));
    drain(&mut node);
    node.handle_message(call(2, 3, 1, "1/4[cmd*2 term(3)]"));
    assert_eq!(pending_append(&node), None); // the first is still under way
    // It is in the log again, and yet not stored for good: the second could have been begun.
    assert!(node.log().entries().contains(first));
    node.handle_log_persisted(first);
    let second = take_append(&mut node);
    assert_eq!(second, at(3, 7));
    for _ in 0..2 {
        node.handle_log_persisted(second);
        assert_eq!(node.durable_index(), index(7));
    }

    let mut node = late_follower();
    node.handle_message(call(2, 1, 3, "1/4[cmd*2]"));
    let first = take_append(&mut node);
    node.handle_message(call(3, 2, 1, "1/4[term(2)]"));
    node.handle_log_persisted(first);
    let second = take_append(&mut node); // is being written
    node.handle_message(call(2, 3, 1, "1/4[cmd*2 term(3)]"));
    node.handle_log_persisted(first); // once more
    assert_eq!(node.durable_index(), index(4));
    assert_eq!(pending_append(&node), None);
    node.handle_log_persisted(second);
    assert_eq!(node.durable_index(), index(4));
    let third = take_append(&mut node);
    node.handle_log_persisted(third);
    assert_eq!(node.durable_index(), index(7));
}

#[test]
fn thesis_10_2_1_a_report_of_what_was_overwritten_says_nothing_of_what_has_taken_its_place() {
    let mut node = late_follower();
    node.handle_message(call(2, 1, 3, "1/4[cmd*2]"));
    let first = take_append(&mut node);
    node.handle_message(call(3, 2, 1, "1/4[term(2) cmd]"));
    node.handle_log_persisted(first);
    let second = take_append(&mut node); // is being written
    assert_eq!((first.index, second), (second.index, at(2, 6)));
    node.handle_log_persisted(first); // once more
    assert_eq!(node.durable_index(), index(4));
    node.handle_log_persisted(second);
    assert_eq!(node.durable_index(), index(6));
}

#[test]
fn section_7_a_snapshot_settles_the_writes_that_end_below_it_or_with_it() {
    for entries in ["1/4[cmd*2]", "1/4[cmd*5]"] {
        let mut node = late_follower();
        node.handle_message(call(2, 1, 3, entries));
        take_append(&mut node);
        assert!(node.handle_snapshot_installed(at(2, 9), config(&[1, 2, 3])));
        assert_eq!(node.durable_index(), index(9));
        // Nothing above it is stored, so nothing is to be dropped.
        assert_eq!(pending_append(&node), None);
        node.handle_message(call(2, 2, 1, "2/9[cmd]"));
        assert_eq!(pending_append(&node).as_deref(), Some("2/9[cmd]"));
    }
}

#[test]
fn section_7_an_acknowledgement_that_waits_names_the_snapshot_in_place_of_what_is_gone() {
    let mut node = late_follower();
    node.handle_message(call(2, 2, 3, "1/4[cmd*2]"));
    take_append(&mut node);
    node.handle_hard_state_persisted(term(2), Some(id(2)));
    assert_actions(&mut node, &[]);
    assert!(node.handle_snapshot_installed(at(2, 9), config(&[1, 2, 3])));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t2 #3 AppendEntriesReply last 2/9"],
    );
}

#[test]
fn section_7_what_a_write_has_brought_above_a_foreign_snapshot_is_dropped_when_it_has_ended() {
    let mut node = late_follower();
    node.handle_message(call(2, 1, 3, "1/4[cmd*9]"));
    let first = take_append(&mut node);
    assert_eq!(first, at(1, 13));
    assert!(node.handle_snapshot_installed(at(2, 9), config(&[1, 2, 3])));
    assert_eq!(node.durable_index(), index(9));
    assert_eq!(pending_append(&node), None); // until that write has ended
    node.handle_log_persisted(first);
    assert_eq!(pending_append(&node).as_deref(), Some("2/9[]"));
    let second = take_append(&mut node);
    node.handle_message(call(2, 2, 1, "2/9[cmd]"));
    assert_eq!(pending_append(&node), None);
    node.handle_log_persisted(second);
    assert_eq!(pending_append(&node).as_deref(), Some("2/9[cmd]"));
}

#[test]
fn section_7_what_was_to_be_overwritten_above_a_snapshot_is_dropped_all_the_same() {
    for (stored, dropped) in [("1/4[cmd*6]", Some("2/7[]")), ("1/4[cmd*3]", None)] {
        let mut node = late_follower();
        node.handle_message(call(2, 1, 3, stored));
        let first = take_append(&mut node);
        node.handle_log_persisted(first);
        drain(&mut node);
        node.handle_message(call(3, 2, 1, "1/4[term(2) cmd*2]"));
        assert_eq!(pending_append(&node).as_deref(), Some("1/4[term(2) cmd*2]"));
        assert!(node.handle_snapshot_installed(at(2, 7), config(&[1, 2, 3])));
        assert_eq!(pending_append(&node).as_deref(), dropped);
    }
}

#[test]
fn section_7_an_own_snapshot_leaves_the_writes_above_it_alone() {
    let mut node = late_follower();
    node.handle_message(append_call(2, 1, 3, 6, commands(at(1, 4), 4)));
    let end = take_append(&mut node);
    assert!(node.handle_snapshot_installed(at(1, 6), config(&[1, 2, 3])));
    assert_eq!(node.durable_index(), index(6));
    assert_actions(&mut node, &[]);
    node.handle_log_persisted(end);
    assert_eq!(node.durable_index(), index(8));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t1 #3 AppendEntriesReply last 1/8"],
    );
}
