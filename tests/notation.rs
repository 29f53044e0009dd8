//! What the core prints parses back to an equal value; so a text is as good as the value in every test.

use std::fmt::{Debug, Display};

use raftbare::{
    Action, Actions, ClusterConfig, CommitStatus, Log, LogEntries, LogEntry, LogIndex, LogPosition,
    MessageSeqNo, Node, NodeId, ReadStatus, Role, Term,
};
use raftbare_sim::notation::{
    NodeLine, parse_action, parse_actions, parse_config, parse_entries, parse_entry, parse_log,
    parse_message, parse_node, parse_position, parse_read, parse_role, parse_status,
};
use raftbare_tests::generate::Generator;
use raftbare_tests::values::{
    append_call, append_reply, at, commands, config, drain, entries, id, ids, joint, leader,
    pre_vote, pre_vote_call, pre_vote_refusal, refusal, term, vote, vote_call, with_non_voters,
};

/// Prints, parses back, compares.
#[track_caller]
fn assert_round_trip<T: Display + Debug + PartialEq>(
    value: &T,
    parse: impl FnOnce(&str) -> Result<T, String>,
) {
    let text = value.to_string();
    assert_eq!(parse(&text).as_ref(), Ok(value), "printed as {text:?}");
    assert!(!text.contains('\n'), "{text:?} is one line");
}

#[test]
fn positions_configurations_and_entries_parse_back() {
    let mut generator = Generator::new(1);
    for _ in 0..20_000 {
        assert_round_trip(&generator.position(), parse_position);
        assert_round_trip(&generator.config(), parse_config);
        assert_round_trip(&generator.entry(), parse_entry);
        assert_round_trip(&generator.entries(), parse_entries);
    }
}

#[test]
fn messages_parse_back() {
    let mut generator = Generator::new(2);
    for _ in 0..20_000 {
        assert_round_trip(&generator.message(), parse_message);
    }
}

#[test]
fn actions_and_logs_parse_back() {
    let mut generator = Generator::new(3);
    for _ in 0..10_000 {
        let actions = generator.actions();
        let text = actions.to_string();
        let list: Vec<Action> = actions.collect();
        assert_eq!(
            parse_actions(&text).as_ref(),
            Ok(&list),
            "printed as {text:?}"
        );
        for action in &list {
            assert_round_trip(action, parse_action);
        }
        assert_round_trip(
            &Log::new(generator.config(), generator.entries()),
            parse_log,
        );
    }
}

#[test]
fn roles_and_statuses_parse_back() {
    for role in [Role::Follower, Role::Candidate, Role::Leader] {
        assert_round_trip(&role, parse_role);
    }
    for status in [
        CommitStatus::InProgress,
        CommitStatus::Committed,
        CommitStatus::Rejected,
        CommitStatus::Unknown,
    ] {
        assert_round_trip(&status, parse_status);
    }
    for index in [0, 4, u64::MAX].map(LogIndex::new) {
        assert_round_trip(&ReadStatus::Ready(index), parse_read);
    }
    assert_round_trip(&ReadStatus::Pending, parse_read);
    assert_round_trip(&ReadStatus::Lost, parse_read);
}

#[test]
fn nodes_parse_back() {
    let mut founder = Node::start(id(2));
    founder.create_cluster(&ids(&[1, 2, 3]));
    for node in [
        Node::start(id(u64::MAX)),
        founder,
        leader(1, 3, "snapshot {1,2} log 2/7[cmd config({1,2,3})]"),
    ] {
        let line = NodeLine {
            id: node.id(),
            role: node.role(),
            term: node.current_term(),
            voted_for: node.voted_for(),
            commit_index: node.commit_index(),
            log: node.log().clone(),
        };
        assert_eq!(parse_node(&node.to_string()), Ok(line));
    }
}

#[test]
fn the_printed_form_is_this() {
    let golden: [(&dyn Display, &str); 32] = [
        (&NodeId::new(u64::MAX), "18446744073709551615"),
        (&Term::new(3), "3"),
        (&LogIndex::new(4), "4"),
        (&MessageSeqNo::new(5), "5"),
        (&at(3, 17), "3/17"),
        (&LogPosition::ZERO, "0/0"),
        (&LogPosition::INVALID, "invalid"),
        (&at(u64::MAX, 1), "18446744073709551615/1"),
        (&ClusterConfig::new(), "{}"),
        (&config(&[3, 1, 2]), "{1,2,3}"),
        (&joint(&[1, 2], &[2, 3]), "{1,2}->{2,3}"),
        (&with_non_voters(&[1, 2], &[9]), "{1,2}+{9}"),
        (&LogEntry::Command, "cmd"),
        (&LogEntry::Term(term(4)), "term(4)"),
        (&LogEntry::ClusterConfig(config(&[1])), "config({1})"),
        (&LogEntries::new(at(3, 16)), "3/16[]"),
        (&commands(at(3, 16), 1), "3/16[cmd]"),
        (&commands(at(3, 16), 2), "3/16[cmd*2]"),
        (&commands(LogPosition::INVALID, 1), "invalid[cmd]"),
        (
            &entries(
                at(3, 16),
                [
                    LogEntry::Command,
                    LogEntry::Term(term(4)),
                    LogEntry::Command,
                ],
            ),
            "3/16[cmd term(4) cmd]",
        ),
        (
            &vote_call(1, 2, 3, at(1, 4)),
            "1 t2 #3 RequestVoteCall last 1/4",
        ),
        (&vote(1, 2, 3), "1 t2 #3 RequestVoteReply granted"),
        (&refusal(1, 2, 3), "1 t2 #3 RequestVoteReply refused"),
        (
            &pre_vote_call(1, 2, 3, at(1, 4)),
            "1 t2 #3 PreVoteCall last 1/4",
        ),
        (&pre_vote(1, 2, 3), "1 t2 #3 PreVoteReply granted"),
        (&pre_vote_refusal(1, 2, 3), "1 t2 #3 PreVoteReply refused"),
        (
            &append_call(1, 2, 3, 4, commands(at(2, 5), 6)),
            "1 t2 #3 AppendEntriesCall commit 4 prev 2/5[cmd*6]",
        ),
        (
            &append_reply(1, 2, 3, at(2, 5)),
            "1 t2 #3 AppendEntriesReply last 2/5",
        ),
        (
            &Action::SendMessage(id(7), vote(1, 2, 3)),
            "SendMessage 7 1 t2 #3 RequestVoteReply granted",
        ),
        (&Action::InstallSnapshot(id(7)), "InstallSnapshot 7"),
        (&Actions::default(), "[]"),
        (
            &Node::start(id(1)),
            "1 follower t0 vote - commit 0 snapshot {} log 0/0[]",
        ),
    ];
    for (value, text) in golden {
        assert_eq!(value.to_string(), text);
    }
}

#[test]
fn the_token_of_a_read_is_printed() {
    let mut node = leader(1, 3, "snapshot {1,2,3} log 2/7[cmd]");
    let token = node.read_index().expect("it leads");
    assert_eq!(token.to_string(), "t3 #3 index 9");
}

#[test]
fn pending_actions_are_printed_in_their_order() {
    let mut node = Node::start(id(1));
    node.create_cluster(&ids(&[1, 2]));
    let text = "[SetElectionTimeout; SaveCurrentTerm; SaveVotedFor; \
        BroadcastMessage 1 t1 #1 RequestVoteCall last 0/1; AppendLogEntries 0/0[config({1,2})]]";
    assert_eq!(node.actions().to_string(), text);
    assert_eq!(parse_actions(text), Ok(drain(&mut node)));
}

#[test]
fn a_million_commands_are_one_item() {
    let entries = commands(at(1, 1), 1_000_000);
    assert_eq!(entries.to_string(), "1/1[cmd*1000000]");
    assert_round_trip(&entries, parse_entries);
}

#[test]
fn what_is_not_in_the_notation_is_refused() {
    for text in [
        "",
        "1",
        "1/",
        "/1",
        "1/x",
        "1/2 ",
        " 1/2",
        "-1/2",
        "+1/2",
        "1/18446744073709551616",
    ] {
        assert!(parse_position(text).is_err(), "{text:?}");
    }
    for text in [
        "0/0",
        "0/0[",
        "0/0[cmd",
        "0/0[cmd,cmd]",
        "0/0[cmd*1]",
        "0/0[cmd*]",
        "0/0[ cmd]",
    ] {
        assert!(parse_entries(text).is_err(), "{text:?}");
    }
    for text in [
        "1 t2 RequestVoteReply granted",
        "1 t2 #3 RequestVoteReply",
        "1 t2 #3 Vote granted",
    ] {
        assert!(parse_message(text).is_err(), "{text:?}");
    }
    for text in [
        "[",
        "[;]",
        "[SaveVotedFor;SaveVotedFor]",
        "SaveVotedFor",
        "[Save]",
    ] {
        assert!(parse_actions(text).is_err(), "{text:?}");
    }
}
