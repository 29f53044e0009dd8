//! What the values of the document mean: numbers, positions, entries, logs, configurations, actions.

use raftbare::{
    Action, Actions, ClusterConfig, CommitStatus, Log, LogEntries, LogEntry, LogIndex, LogPosition,
    Message, MessageSeqNo, NodeId, Role, Term,
};
use raftbare_sim::notation::parse_actions;
use raftbare_tests::values::{
    append_call, append_reply, at, commands, config, entries, id, ids, index, joint, refusal, set,
    term, vote, vote_call, with_non_voters,
};

#[test]
fn numbers_convert_both_ways_and_compare_as_numbers() {
    for value in [0, 1, 7, u64::MAX] {
        assert_eq!(u64::from(NodeId::from(value)), value);
        assert_eq!(u64::from(Term::from(value)), value);
        assert_eq!(u64::from(LogIndex::from(value)), value);
        assert_eq!(u64::from(MessageSeqNo::from(value)), value);
        assert_eq!(NodeId::new(value).get(), value);
        assert_eq!(Term::new(value).get(), value);
        assert_eq!(LogIndex::new(value).get(), value);
        assert_eq!(MessageSeqNo::new(value).get(), value);
    }
    assert!(NodeId::new(2) < NodeId::new(10) && Term::new(2) < Term::new(10));
    assert!(LogIndex::new(2) < LogIndex::new(10) && MessageSeqNo::new(2) < MessageSeqNo::new(10));
}

#[test]
fn operators_add_and_subtract_and_saturate() {
    macro_rules! check {
        ($($number:ident),*) => {
            $(
                let [three, four, max] = [3, 4, u64::MAX].map($number::new);
                assert_eq!((three + four, four - three), ($number::new(7), $number::new(1)));
                assert_eq!((three - four, max + three), ($number::new(0), max));
                let mut sum = three;
                sum += four;
                assert_eq!(sum, $number::new(7));
                sum -= four;
                assert_eq!(sum, three);
                sum -= four;
                assert_eq!(sum, $number::new(0));
                sum += max;
                sum += max;
                assert_eq!(sum, max);
            )*
        };
    }
    check!(NodeId, Term, LogIndex, MessageSeqNo);
}

#[test]
fn section_5_4_1_positions_are_ordered_by_term_and_then_by_index() {
    let rising = [at(0, 0), at(0, 9), at(1, 5), at(3, 4), at(3, 5), at(4, 0)];
    assert!(rising.is_sorted_by(|a, b| a < b));
    assert_eq!(
        (LogPosition::ZERO, LogPosition::INVALID),
        (at(0, 0), at(u64::MAX, 0))
    );
    assert!(!at(u64::MAX, 1).is_invalid() && !at(0, 0).is_invalid());
}

#[test]
fn predicates_name_one_variant_each() {
    let statuses = [
        CommitStatus::InProgress,
        CommitStatus::Committed,
        CommitStatus::Rejected,
        CommitStatus::Unknown,
    ];
    for (place, status) in statuses.into_iter().enumerate() {
        let answers = [
            status.is_in_progress(),
            status.is_committed(),
            status.is_rejected(),
            status.is_unknown(),
        ];
        assert!(
            (0..4).all(|other| answers[other] == (other == place)),
            "{status}"
        );
    }
    for (place, role) in [Role::Leader, Role::Follower, Role::Candidate]
        .into_iter()
        .enumerate()
    {
        let answers = [role.is_leader(), role.is_follower(), role.is_candidate()];
        assert!(
            (0..3).all(|other| answers[other] == (other == place)),
            "{role}"
        );
    }
}

#[test]
fn messages_tell_their_header() {
    for message in [
        vote_call(1, 2, 3, at(1, 1)),
        vote(1, 2, 3),
        refusal(1, 2, 3),
        append_call(1, 2, 3, 0, commands(at(1, 1), 1)),
        append_reply(1, 2, 3, at(1, 1)),
    ] {
        let told = (message.from(), message.term(), message.seqno());
        assert_eq!(told, (id(1), term(2), MessageSeqNo::new(3)), "{message}");
    }
}

#[test]
fn actions_come_out_in_the_documented_order() {
    let mut actions = Actions {
        install_snapshots: set(&[9, 8]),
        send_messages: [(id(5), vote(1, 1, 1)), (id(4), vote(1, 1, 2))].into(),
        append_log_entries: Some(commands(at(1, 1), 1)),
        broadcast_message: Some(vote_call(1, 1, 1, at(1, 1))),
        save_voted_for: true,
        save_current_term: true,
        set_election_timeout: true,
    };
    let text = actions.to_string();
    let expected = [
        Action::SetElectionTimeout,
        Action::SaveCurrentTerm,
        Action::SaveVotedFor,
        Action::BroadcastMessage(vote_call(1, 1, 1, at(1, 1))),
        Action::AppendLogEntries(commands(at(1, 1), 1)),
        Action::SendMessage(id(4), vote(1, 1, 2)),
        Action::SendMessage(id(5), vote(1, 1, 1)),
        Action::InstallSnapshot(id(8)),
        Action::InstallSnapshot(id(9)),
    ];
    assert_eq!(parse_actions(&text), Ok(expected.to_vec()));
    for action in expected {
        assert!(!actions.is_empty());
        assert_eq!(actions.next(), Some(action));
    }
    assert!(actions.is_empty());
    assert_eq!(actions.next(), None);
    assert_eq!(actions, Actions::default());
}

#[test]
fn each_single_action_makes_actions_not_empty() {
    let single = [
        Actions {
            set_election_timeout: true,
            ..Actions::default()
        },
        Actions {
            save_current_term: true,
            ..Actions::default()
        },
        Actions {
            save_voted_for: true,
            ..Actions::default()
        },
        Actions {
            broadcast_message: Some(vote(1, 1, 1)),
            ..Actions::default()
        },
        Actions {
            append_log_entries: Some(commands(at(0, 0), 0)),
            ..Actions::default()
        },
        Actions {
            send_messages: [(id(1), vote(1, 1, 1))].into(),
            ..Actions::default()
        },
        Actions {
            install_snapshots: set(&[1]),
            ..Actions::default()
        },
    ];
    for mut actions in single {
        assert!(!actions.is_empty());
        assert!(actions.next().is_some());
        assert!(actions.is_empty());
    }
}

/// Entries with a bit of everything: 1/4 | cmd, term 2, config, cmd, term 5.
fn mixed() -> LogEntries {
    entries(
        at(1, 4),
        [
            LogEntry::Command,
            LogEntry::Term(term(2)),
            LogEntry::ClusterConfig(config(&[1])),
            LogEntry::Command,
            LogEntry::Term(term(5)),
        ],
    )
}

#[test]
fn entries_answer_for_every_index() {
    let entries = mixed();
    assert_eq!((entries.len(), entries.is_empty()), (5, false));
    assert_eq!(
        (entries.prev_position(), entries.last_position()),
        (at(1, 4), at(5, 9))
    );
    let terms: Vec<_> = (3..=10)
        .map(|i| entries.get_term(index(i)).map(Term::get))
        .collect();
    assert_eq!(
        terms,
        [
            None,
            Some(1),
            Some(1),
            Some(2),
            Some(2),
            Some(2),
            Some(5),
            None
        ]
    );
    let found: Vec<_> = (4..=10).map(|i| entries.get_entry(index(i))).collect();
    assert_eq!(
        found,
        [
            None, // the position before the first
            Some(LogEntry::Command),
            Some(LogEntry::Term(term(2))),
            Some(LogEntry::ClusterConfig(config(&[1]))),
            Some(LogEntry::Command),
            Some(LogEntry::Term(term(5))),
            None,
        ]
    );
    let contained: Vec<_> = (3..=10).map(|i| entries.contains_index(index(i))).collect();
    assert_eq!(
        contained,
        [false, true, true, true, true, true, true, false]
    );
    for (position, entry) in entries.iter_with_positions() {
        assert!(entries.contains(position));
        assert!(!entries.contains(at(position.term.get() + 1, position.index.get())));
        assert_eq!(entries.get_entry(position.index), Some(entry));
    }
    assert!(entries.contains(at(1, 4)) && !entries.contains(at(0, 4)));
    assert!(!entries.contains(at(1, 3)) && !entries.contains(at(5, 10)));
    assert!(
        entries
            .iter()
            .eq(entries.iter_with_positions().map(|(_, entry)| entry))
    );
}

#[test]
fn iterators_tell_how_many_entries_are_left() {
    let entries = mixed();
    let mut left = entries.iter_with_positions();
    for count in (0..=5).rev() {
        assert_eq!(left.size_hint(), (count, Some(count)));
        assert_eq!(left.next().is_some(), count > 0);
    }
    assert_eq!(entries.iter().size_hint(), (5, Some(5)));
}

#[test]
fn truncating_keeps_the_first_entries() {
    for len in 0..=5 {
        let mut entries = mixed();
        entries.truncate(len);
        let expected: Vec<_> = mixed().iter_with_positions().take(len).collect();
        assert_eq!(entries.len(), len);
        assert!(entries.iter_with_positions().eq(expected.iter().cloned()));
        let last = expected.last().map_or(at(1, 4), |&(position, _)| position);
        assert_eq!(entries.last_position(), last);
        assert_eq!(
            entries,
            LogEntries::from_iter(at(1, 4), mixed().iter().take(len))
        );
    }
    for len in [5, 6, usize::MAX] {
        let mut entries = mixed();
        entries.truncate(len);
        assert_eq!(entries, mixed());
    }
}

#[test]
fn pushing_and_extending_are_the_same() {
    let mut pushed = LogEntries::new(at(1, 4));
    for entry in mixed().iter() {
        pushed.push(entry);
    }
    let mut extended = LogEntries::new(at(1, 4));
    extended.extend(mixed().iter());
    assert_eq!(pushed, mixed());
    assert_eq!(extended, mixed());
    pushed.push(LogEntry::Command);
    assert_eq!(pushed.last_position(), at(5, 10));
    assert_ne!(pushed, mixed());
}

#[test]
fn at_the_last_index_there_is_no_room_for_another_entry() {
    let mut full = commands(at(3, u64::MAX - 1), 1);
    let before = full.clone();
    full.push(LogEntry::Term(term(9)));
    full.push(LogEntry::ClusterConfig(config(&[1])));
    assert_eq!(full, before);
    assert_eq!(
        full.iter_with_positions().last(),
        Some((at(3, u64::MAX), LogEntry::Command))
    );
    let empty = LogEntries::new(at(3, u64::MAX));
    assert_eq!((empty.iter().count(), empty.len()), (0, 0));
    assert!(empty.is_empty());
}

#[test]
fn a_log_is_a_snapshot_and_what_follows() {
    let log = Log::new(config(&[1, 2]), mixed());
    assert_eq!(*log.entries(), mixed());
    assert_eq!(
        (log.snapshot_position(), log.last_position()),
        (at(1, 4), at(5, 9))
    );
    assert_eq!(*log.snapshot_config(), config(&[1, 2]));
    assert_eq!(*log.latest_config(), config(&[1]));
    let (old, new) = (config(&[1, 2]), config(&[1]));
    let found: Vec<_> = (3..=10)
        .map(|i| log.get_position_and_config(index(i)))
        .collect();
    assert_eq!(
        found,
        [
            None,
            Some((at(1, 4), &old)),
            Some((at(1, 5), &old)),
            Some((at(2, 6), &old)),
            Some((at(2, 7), &new)),
            Some((at(2, 8), &new)),
            Some((at(5, 9), &new)),
            None,
        ]
    );
    let empty = Log::new(config(&[1, 2]), LogEntries::new(at(1, 4)));
    assert_eq!(
        (empty.last_position(), empty.latest_config()),
        (at(1, 4), &old)
    );
}

#[test]
fn section_6_a_joint_configuration_is_made_from_the_present_one() {
    assert_eq!(ClusterConfig::new(), ClusterConfig::default());
    assert_eq!(ClusterConfig::new().unique_nodes().count(), 0);
    let present = with_non_voters(&[1, 2, 3], &[4, 5]);
    assert!(!present.is_joint_consensus());
    let changed = present.to_joint_consensus(&ids(&[4, 6]), &ids(&[1]));
    assert_eq!(
        changed,
        ClusterConfig {
            voters: set(&[1, 2, 3]),
            new_voters: set(&[2, 3, 4, 6]),
            non_voters: set(&[5]),
        }
    );
    assert!(changed.is_joint_consensus());
    for member in 1..=6 {
        assert!(changed.contains(id(member)));
    }
    assert!(!changed.contains(id(7)) && !present.contains(id(6)));
    assert!(changed.unique_nodes().eq([1, 2, 3, 4, 5, 6].map(id)));
    assert_eq!(
        config(&[1, 2]).to_joint_consensus(&[], &ids(&[2])),
        joint(&[1, 2], &[1])
    );
    assert_eq!(
        config(&[1]).to_joint_consensus(&ids(&[2]), &[]),
        joint(&[1], &[1, 2])
    );
    assert!(
        !config(&[1])
            .to_joint_consensus(&[], &ids(&[1]))
            .is_joint_consensus()
    );
}

#[test]
fn a_message_is_compared_whole() {
    let message = append_call(1, 2, 3, 4, mixed());
    let Message::AppendEntriesCall { entries, .. } = &message else {
        panic!("{message}");
    };
    let mut shorter = entries.clone();
    shorter.truncate(4);
    assert_ne!(append_call(1, 2, 3, 4, shorter), message);
    assert_ne!(append_call(1, 2, 3, 5, mixed()), message);
    assert_ne!(append_call(1, 2, 4, 4, mixed()), message);
    assert_eq!(message.clone(), message);
}
