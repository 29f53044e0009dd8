//! §7: snapshots.

use raftbare::{ClusterConfig, Log, LogEntries, LogPosition, Message, Node, Role};
use raftbare_sim::notation::{parse_entries, parse_log};
use raftbare_tests::disk::Disk;
use raftbare_tests::values::{
    append_call, append_reply, assert_actions, at, candidate, config, drain, follower, id, index,
    joint, leader, term, vote_call,
};

/// Ends at 1/6.
const LOG: &str = "snapshot {1,2,3} log 0/0[term(1) cmd*5]";

fn three() -> ClusterConfig {
    config(&[1, 2, 3])
}

fn call(from: u64, term: u64, seqno: u64, commit: u64, entries: &str) -> Message {
    append_call(
        from,
        term,
        seqno,
        commit,
        parse_entries(entries).expect("entries"),
    )
}

fn log(text: &str) -> Log {
    parse_log(text).expect("a log")
}

#[track_caller]
fn assert_refused(node: &Node, position: LogPosition, config: &ClusterConfig) {
    let mut after = node.clone();
    assert!(
        !after.handle_snapshot_installed(position, config.clone()),
        "{position} {config}"
    );
    assert_eq!(after, *node);
}

#[test]
fn section_7_an_own_snapshot_stands_for_the_entries_up_to_it_and_keeps_the_rest() {
    for mut node in [follower(1, 1, Some(2), LOG), candidate(1, 2, LOG)] {
        assert!(node.handle_snapshot_installed(at(1, 4), three()));
        assert_eq!(*node.log(), log("snapshot {1,2,3} log 1/4[cmd*2]"));
        assert_eq!(node.commit_index(), index(4));
        assert_actions(&mut node, &[]);
    }
    let mut node = leader(1, 2, LOG);
    assert!(node.handle_snapshot_installed(at(1, 4), three()));
    assert_eq!(*node.log(), log("snapshot {1,2,3} log 1/4[cmd*2 term(2)]"));
    assert_eq!(node.role(), Role::Leader);
    assert_actions(&mut node, &[]);
}

#[test]
fn section_7_a_snapshot_of_the_leader_replaces_a_log_that_does_not_reach_it() {
    let mut node = follower(1, 1, Some(2), LOG);
    assert!(node.handle_snapshot_installed(at(1, 9), three()));
    assert_eq!(*node.log(), log("snapshot {1,2,3} log 1/9[]"));
    assert_eq!(node.commit_index(), index(9));
    assert_actions(&mut node, &[]); // the user has stored it, and nothing else is to be done
}

#[test]
fn section_7_the_term_of_a_snapshot_is_adopted() {
    for mut node in [follower(1, 1, Some(2), LOG), candidate(1, 2, LOG)] {
        assert!(node.handle_snapshot_installed(at(3, 9), three()));
        assert_eq!(
            (node.role(), node.current_term()),
            (Role::Follower, term(3))
        );
        assert_eq!(node.voted_for(), None);
        assert_actions(&mut node, &["SaveCurrentTerm", "SaveVotedFor"]);
    }
}

#[test]
fn section_7_an_older_snapshot_is_refused_and_the_same_one_is_fine() {
    let mut node = follower(1, 3, None, "snapshot {1,2,3} log 1/4[cmd*2]");
    assert_refused(&node, at(1, 3), &three());
    assert_refused(&node, at(0, 0), &three());
    assert_refused(&node, at(2, 4), &three()); // another one at its index
    assert_refused(&node, at(1, 4), &config(&[1, 2])); // the same position, another configuration
    let before = node.clone();
    assert!(node.handle_snapshot_installed(at(1, 4), three()));
    assert_eq!(node, before);
}

#[test]
fn section_7_a_snapshot_at_another_entry_than_the_committed_one_is_refused() {
    let mut node = follower(
        1,
        3,
        Some(2),
        "snapshot {1,2,3} log 0/0[term(1) cmd term(2) cmd*2]",
    );
    node.handle_message(append_call(2, 3, 1, 4, LogEntries::new(at(2, 5))));
    drain(&mut node);
    assert_refused(&node, at(3, 4), &three());
    assert_refused(&node, at(1, 3), &three());
    assert_refused(&node, at(1, 9), &three()); // behind 2/4 there is no entry of term 1
    assert_refused(&node, LogPosition::INVALID, &three());
    assert!(node.handle_snapshot_installed(at(2, 9), three()));
}

#[test]
fn section_7_a_snapshot_below_the_commit_index_leaves_it_alone() {
    let mut node = follower(1, 1, Some(2), LOG);
    node.handle_message(append_call(2, 1, 1, 5, LogEntries::new(at(1, 6))));
    assert!(node.handle_snapshot_installed(at(1, 3), three()));
    assert_eq!(node.commit_index(), index(5));
}

#[test]
fn section_7_a_leader_takes_no_snapshot_of_what_it_does_not_have() {
    let node = leader(1, 3, LOG); // ends at 3/7
    for position in [at(3, 8), at(3, 99), at(2, 7), at(3, 6), at(4, 8)] {
        assert_refused(&node, position, &three());
    }
}

#[test]
fn section_7_the_configuration_has_to_be_the_one_in_the_log() {
    let text = "snapshot {1,2,3} log 0/0[term(1) config({1,2,3}->{1,2}) config({1,2}) cmd]";
    let node = follower(1, 1, Some(2), text);
    let joint = joint(&[1, 2, 3], &[1, 2]);
    let configs = [
        (1, three()),
        (2, joint.clone()),
        (3, config(&[1, 2])),
        (4, config(&[1, 2])),
    ];
    for (place, (i, right)) in configs.iter().enumerate() {
        let position = node
            .log()
            .get_position_and_config(index(*i))
            .expect("in the log")
            .0;
        for (_, other) in configs
            .iter()
            .skip(place + 1)
            .filter(|(_, other)| other != right)
        {
            assert_refused(&node, position, other);
        }
        assert_refused(&node, position, &ClusterConfig::new());
        let mut node = node.clone();
        assert!(node.handle_snapshot_installed(position, right.clone()));
        assert_eq!(*node.log().snapshot_config(), *right);
    }
}

#[test]
fn section_7_the_configuration_is_that_of_the_snapshot_and_of_the_entries_kept() {
    let text = "snapshot {1,2,3} log 0/0[term(1) config({1,2}) cmd config({1,2}+{3}) cmd]";
    let mut node = follower(1, 1, Some(2), text);
    assert!(node.handle_snapshot_installed(at(1, 3), config(&[1, 2])));
    assert_eq!(node.config().non_voters.len(), 1); // that of the entry kept
    assert!(node.handle_snapshot_installed(at(1, 9), config(&[2, 3])));
    assert_eq!(*node.config(), config(&[2, 3])); // there is no entry left
}

/// Figure 8: what a node has at the index of a snapshot may be uncommitted, of a higher term even.
#[test]
fn section_7_a_snapshot_replaces_uncommitted_entries_of_another_term() {
    for (text, position) in [
        ("snapshot {1,2,3} log 0/0[term(1) cmd*5]", at(2, 4)),
        (
            "snapshot {1,2,3} log 0/0[term(1) cmd term(3) cmd*3]",
            at(2, 4),
        ),
    ] {
        let mut node = follower(1, 4, None, text);
        assert!(node.handle_snapshot_installed(position, three()));
        assert_eq!(*node.log(), log("snapshot {1,2,3} log 2/4[]"));
        assert_actions(&mut node, &["AppendLogEntries 2/4[]"]); // drop what is stored after it
    }
}

#[test]
fn section_7_a_snapshot_where_the_log_ends_leaves_nothing_to_drop() {
    let text = "snapshot {1,2,3} log 0/0[term(1) cmd*3]";
    let mut node = follower(1, 4, None, text);
    assert!(node.handle_snapshot_installed(at(2, 4), three()));
    assert_eq!(*node.log(), log("snapshot {1,2,3} log 2/4[]"));
    assert_actions(&mut node, &[]);
}

#[test]
fn section_7_the_pending_append_keeps_what_lies_above_the_snapshot() {
    for (position, expected) in [
        (at(1, 4), "AppendLogEntries 1/6[cmd*3]"), // below what is pending
        (at(1, 6), "AppendLogEntries 1/6[cmd*3]"),
        (at(1, 8), "AppendLogEntries 1/8[cmd]"),
        (at(1, 9), "AppendLogEntries 1/9[]"),
        (at(1, 12), "AppendLogEntries 1/12[]"), // beyond the log
    ] {
        let mut node = follower(1, 1, Some(2), LOG);
        let mut disk = Disk::of(&node);
        node.handle_message(call(2, 1, 3, 0, "1/6[cmd*3]"));
        node.actions_mut().send_messages.clear();
        assert!(node.handle_snapshot_installed(position, three()));
        disk.install_snapshot(position, three());
        for action in node.clone().actions_mut() {
            disk.execute(&node, &action);
        }
        assert_actions(&mut node, &["SetElectionTimeout", expected]);
        disk.assert_equals_memory(&node);
    }
}

#[test]
fn section_7_an_append_after_a_snapshot_starts_at_it_at_the_lowest() {
    let mut node = follower(1, 1, Some(2), LOG);
    node.handle_message(call(2, 1, 3, 0, "1/6[cmd*3]"));
    assert!(node.handle_snapshot_installed(at(1, 8), three()));
    node.handle_message(call(3, 2, 1, 0, "1/8[term(2) cmd]"));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "AppendLogEntries 1/8[term(2) cmd]",
            "SendMessage 3 1 t2 #1 AppendEntriesReply last 2/10",
        ],
    );
}

#[test]
fn section_7_a_queued_answer_below_the_snapshot_gets_its_position() {
    let mut node = follower(1, 2, Some(3), LOG);
    node.handle_message(call(3, 2, 1, 0, "1/2[]"));
    assert!(node.handle_snapshot_installed(at(1, 4), three()));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SendMessage 3 1 t2 #1 AppendEntriesReply last 1/4",
        ],
    );
}

#[test]
fn section_7_a_queued_answer_about_entries_that_the_snapshot_replaces_gets_its_position() {
    let mut node = follower(1, 4, Some(3), LOG);
    node.handle_message(call(3, 4, 1, 0, "1/6[]"));
    assert!(node.handle_snapshot_installed(at(2, 4), three()));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "AppendLogEntries 2/4[]",
            "SendMessage 3 1 t4 #1 AppendEntriesReply last 2/4",
        ],
    );
}

#[test]
fn section_7_a_queued_answer_goes_with_its_term_when_the_snapshot_is_of_a_higher_one() {
    let mut node = follower(1, 1, Some(2), LOG);
    node.handle_message(call(2, 1, 5, 0, "1/6[]"));
    assert!(node.handle_snapshot_installed(at(3, 9), three()));
    assert_actions(
        &mut node,
        &["SetElectionTimeout", "SaveCurrentTerm", "SaveVotedFor"],
    );
}

#[test]
fn section_7_a_queued_vote_and_a_queued_answer_above_the_snapshot_stay_as_they_are() {
    let mut node = follower(1, 1, None, LOG);
    node.handle_message(vote_call(3, 2, 1, at(1, 6)));
    node.handle_message(call(2, 2, 5, 0, "1/6[cmd]"));
    assert!(node.handle_snapshot_installed(at(1, 4), three()));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "AppendLogEntries 1/6[cmd]",
            "SendMessage 2 1 t2 #5 AppendEntriesReply last 1/7",
            "SendMessage 3 1 t2 #1 RequestVoteReply granted",
        ],
    );
}

#[test]
fn section_7_what_is_compacted_counts_as_matched_and_the_rest_is_appended() {
    let text = "snapshot {1,2,3} log 1/4[cmd*2]"; // ends at 1/6
    for (entries, append, answer) in [
        ("1/1[cmd]", None, "1/6"), // all below
        ("0/0[]", None, "1/6"),
        ("1/2[cmd*2]", None, "1/6"), // up to the snapshot
        ("1/2[cmd*3]", None, "1/6"),
        ("1/2[cmd*5]", Some("AppendLogEntries 1/6[cmd]"), "1/7"),
        ("1/4[cmd*3]", Some("AppendLogEntries 1/6[cmd]"), "1/7"),
    ] {
        let mut node = follower(1, 1, Some(2), text);
        node.handle_message(call(2, 1, 3, 0, entries));
        let reply = format!("SendMessage 2 1 t1 #3 AppendEntriesReply last {answer}");
        let expected: Vec<_> = [Some("SetElectionTimeout"), append, Some(reply.as_str())]
            .into_iter()
            .flatten()
            .collect();
        assert_actions(&mut node, &expected);
    }
}

#[test]
fn section_7_a_call_below_the_snapshot_is_answered_with_what_is_committed() {
    for entries in ["1/1[cmd]", "1/2[cmd*2]"] {
        let mut node = follower(1, 2, Some(3), "snapshot {1,2,3} log 1/4[cmd*2]");
        node.handle_message(call(3, 2, 1, 9, entries));
        assert_actions(
            &mut node,
            &[
                "SetElectionTimeout",
                "SendMessage 3 1 t2 #1 AppendEntriesReply last 1/4",
            ],
        );
        assert_eq!(
            (node.commit_index(), node.log().last_position()),
            (index(4), at(1, 6))
        );
    }
}

#[test]
fn section_7_a_call_with_another_entry_where_the_snapshot_ends_is_dropped() {
    for entries in ["1/2[term(2) cmd*3]", "1/3[term(2)]", "2/4[cmd]"] {
        let mut node = follower(1, 2, Some(3), "snapshot {1,2,3} log 1/4[cmd*2]");
        let before = node.log().clone();
        node.handle_message(call(3, 2, 1, 9, entries));
        assert_actions(&mut node, &["SetElectionTimeout"]);
        assert_eq!((node.commit_index(), node.log()), (index(4), &before));
    }
}

#[test]
fn section_7_a_leader_goes_on_replicating_after_its_own_snapshot() {
    let mut node = leader(1, 3, LOG); // ends at 3/7
    node.propose_command(); // pending, with its broadcast
    assert!(node.handle_snapshot_installed(at(3, 7), three()));
    assert_actions(
        &mut node,
        &[
            "BroadcastMessage 1 t3 #3 AppendEntriesCall commit 0 prev 3/7[cmd]",
            "AppendLogEntries 3/7[cmd]",
        ],
    );
    assert_eq!(node.match_index(id(1)), Some(index(8)));
    node.handle_message(append_reply(2, 3, 3, at(3, 8)));
    assert_eq!(node.commit_index(), index(8));
    node.handle_message(append_reply(3, 3, 2, at(1, 6)));
    assert_actions(&mut node, &["InstallSnapshot 3"]);
}

#[test]
fn section_7_a_snapshot_can_make_a_node_a_voter_whose_timer_runs_already() {
    let mut node = follower(4, 1, None, "snapshot {1,2,3}+{4} log 0/0[term(1)]");
    node.handle_election_timeout();
    assert_actions(&mut node, &["SetElectionTimeout"]); // a non-voter waits on
    assert!(node.handle_snapshot_installed(at(1, 9), config(&[3, 4])));
    assert_actions(&mut node, &[]);
    node.handle_election_timeout();
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "BroadcastMessage 4 t2 #1 RequestVoteCall last 1/9",
        ],
    );
}
