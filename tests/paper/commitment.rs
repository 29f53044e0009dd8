//! §5.3, §5.4.2: when an entry is committed, and what is said of it.

use raftbare::{
    Action, ClusterConfig, CommitStatus, LogEntries, LogEntry, LogPosition, Message, Node, Role,
};
use raftbare_tests::values::{
    append_call, append_reply, assert_actions, at, config, drain, entries, follower, id, index,
    joint, leader, refusal, term, with_non_voters,
};

/// With the leader's `Term` entry of term 3 it ends at 3/5; the newest call is #2 then.
const LOG: &str = "snapshot {1,2,3} log 0/0[term(1) cmd*3]";

#[test]
fn section_5_3_an_entry_is_committed_once_more_than_half_of_the_voters_have_it() {
    for (voters, needed) in [
        ("1,2", 1),
        ("1,2,3", 1),
        ("1,2,3,4", 2),
        ("1,2,3,4,5", 2),
        ("1,2,3,4,5,6", 3),
    ] {
        let mut node = leader(1, 3, &format!("snapshot {{{voters}}} log 0/0[term(1)]"));
        for acknowledged in 1..=needed {
            assert_eq!(node.commit_index(), index(0), "{voters}");
            node.handle_message(append_reply(acknowledged + 1, 3, 2, at(3, 2)));
        }
        assert_eq!(node.commit_index(), index(2), "{voters}");
    }
}

#[test]
fn section_5_3_the_commit_index_is_the_highest_that_a_majority_has() {
    let mut node = leader(1, 3, "snapshot {1,2,3,4,5} log 0/0[term(1)]"); // ends at 3/2
    for _ in 0..4 {
        node.propose_command(); // up to 3/6, by #3
    }
    drain(&mut node);
    node.handle_message(append_reply(2, 3, 3, at(3, 3)));
    node.handle_message(append_reply(3, 3, 3, at(3, 5)));
    assert_eq!(node.commit_index(), index(3));
    node.handle_message(append_reply(4, 3, 3, at(3, 4)));
    assert_eq!(node.commit_index(), index(4));
    node.handle_message(append_reply(5, 3, 3, at(3, 6)));
    assert_eq!(node.commit_index(), index(5));
}

#[test]
fn section_5_4_2_an_entry_of_an_older_term_is_not_committed_by_counting() {
    let mut node = leader(1, 3, LOG);
    for follower in [2, 3] {
        node.handle_message(append_reply(follower, 3, 2, at(1, 4)));
    }
    assert_eq!(node.match_index(id(2)), Some(index(4)));
    assert_eq!(node.commit_index(), index(0)); // all three have 1/4
    assert_eq!(node.get_commit_status(at(1, 4)), CommitStatus::InProgress);
    drain(&mut node); // repairs #3 and #4
    node.handle_message(append_reply(3, 3, 4, at(3, 5)));
    assert_eq!(node.commit_index(), index(5)); // with the leader's own entry all before it
    assert_eq!(node.get_commit_status(at(1, 4)), CommitStatus::Committed);
}

#[test]
fn thesis_10_2_1_a_leader_counts_itself_only_for_what_was_taken_to_be_stored() {
    let mut node = leader(1, 3, "snapshot {1,2} log 0/0[term(1)]"); // ends at 3/2
    let position = node.propose_command();
    // A follower answers before the leader's own write: user code may send before it stores.
    let sent = node.actions_mut().next();
    assert_eq!(
        sent.map(|action| action.to_string()).as_deref(),
        Some("BroadcastMessage 1 t3 #3 AppendEntriesCall commit 0 prev 3/2[cmd]")
    );
    node.handle_message(append_reply(2, 3, 3, position));
    assert_eq!(
        (node.commit_index(), node.match_index(id(1))),
        (index(2), Some(index(2)))
    );
    assert_eq!(node.get_commit_status(position), CommitStatus::InProgress);
    assert_actions(&mut node, &["AppendLogEntries 3/2[cmd]"]);
    assert_eq!(
        (node.commit_index(), node.match_index(id(1))),
        (index(3), Some(index(3)))
    );
    assert_eq!(node.get_commit_status(position), CommitStatus::Committed);
}

#[test]
fn thesis_10_2_1_an_entry_that_the_followers_alone_have_by_majority_is_committed_without_the_leader()
 {
    let mut node = leader(1, 3, LOG);
    let position = node.propose_command();
    assert!(matches!(
        node.actions_mut().next(),
        Some(Action::BroadcastMessage(_))
    ));
    node.handle_message(append_reply(2, 3, 3, position));
    assert_eq!(node.commit_index(), index(5));
    node.handle_message(append_reply(3, 3, 3, position));
    assert_eq!(node.commit_index(), index(6));
}

#[test]
fn section_5_3_a_sole_voter_commits_what_is_taken_to_be_stored() {
    let mut node = leader(1, 3, "snapshot {1} log 0/0[term(1)]");
    assert_eq!(node.commit_index(), index(2));
    let position = node.propose_command();
    assert_eq!(node.get_commit_status(position), CommitStatus::InProgress);
    assert_actions(&mut node, &["AppendLogEntries 3/2[cmd]"]);
    assert_eq!(node.get_commit_status(position), CommitStatus::Committed);
    assert_eq!(node.commit_index(), index(3));
}

/// Whatever the next input is: the calls that it makes tell what was committed by storing alone.
#[test]
fn section_5_3_every_input_takes_over_what_was_committed_meanwhile() {
    let inputs: [fn(&mut Node); 5] = [
        |node| assert!(node.heartbeat()),
        |node| assert_eq!(node.propose_command(), at(3, 4)),
        |node| {
            let change = with_non_voters(&[1], &[2, 3]);
            assert_eq!(node.propose_config(change), at(3, 4));
        },
        |node| assert!(node.read_index().is_some()),
        Node::handle_election_timeout,
    ];
    for (place, input) in inputs.into_iter().enumerate() {
        let mut node = leader(1, 3, "snapshot {1}+{2} log 0/0[term(1)]"); // ends at 3/2
        node.propose_command();
        drain(&mut node); // #3
        assert_eq!(node.commit_index(), index(3));
        input(&mut node);
        let Some(Message::AppendEntriesCall { commit_index, .. }) =
            &node.actions().broadcast_message
        else {
            panic!("{}", node.actions());
        };
        assert_eq!(*commit_index, index(3), "input {place}");
    }
}

/// A sole voter's change is through when the appends are taken; each input goes on with it.
#[test]
fn section_6_every_input_goes_on_with_a_change_that_was_committed_meanwhile() {
    let inputs: [fn(&mut Node); 7] = [
        |node| assert!(node.heartbeat()),
        |node| assert_eq!(node.propose_command(), at(3, 7)), // behind C_new
        |node| assert!(node.propose_config(ClusterConfig::new()).is_invalid()),
        |node| assert!(node.read_index().is_some()),
        |node| assert!(node.handle_snapshot_installed(at(3, 2), config(&[1]))),
        Node::handle_election_timeout,
        |node| node.handle_message(refusal(9, 1, 1)), // of no interest in itself
    ];
    for (place, input) in inputs.into_iter().enumerate() {
        let mut node = leader(1, 3, "snapshot {1} log 0/0[term(1)]"); // ends at 3/2
        node.propose_config(joint(&[1], &[1, 2]));
        drain(&mut node); // #2
        node.handle_message(append_reply(2, 3, 2, at(3, 3)));
        drain(&mut node); // #3: {1,2}
        node.handle_message(append_reply(2, 3, 3, at(3, 4)));
        node.propose_config(joint(&[1, 2], &[1]));
        assert!(matches!(
            node.actions_mut().next(),
            Some(Action::SetElectionTimeout)
        ));
        assert!(matches!(
            node.actions_mut().next(),
            Some(Action::BroadcastMessage(_))
        ));
        node.handle_message(append_reply(2, 3, 4, at(3, 5)));
        assert!(node.config().is_joint_consensus()); // the own append is pending
        drain(&mut node);
        assert_eq!(node.commit_index(), index(5));
        input(&mut node);
        assert!(!node.config().is_joint_consensus(), "input {place}");
    }
}

#[test]
fn section_6_non_voters_do_not_count() {
    let mut node = leader(1, 3, "snapshot {1,2,3}+{4,5,6} log 0/0[term(1)]");
    for other in [4, 5, 6] {
        node.handle_message(append_reply(other, 3, 2, at(3, 2)));
    }
    assert_eq!(node.commit_index(), index(0));
    node.handle_message(append_reply(3, 3, 2, at(3, 2)));
    assert_eq!(node.commit_index(), index(2));
}

#[test]
fn section_6_a_joint_configuration_commits_by_both_majorities() {
    let log = "snapshot {1,2,3}->{3,4,5} log 0/0[term(1)]";
    for (acknowledging, is_committed) in [
        (&[2, 3][..], false), // all of the old ones, one of the new ones
        (&[4, 5], false),     // two of the new ones, the leader of the old ones
        (&[2, 4, 5], true),
        (&[3, 4], true),
    ] {
        let mut node = leader(1, 3, log);
        for &other in acknowledging {
            node.handle_message(append_reply(other, 3, 2, at(3, 2)));
        }
        assert_eq!(
            node.commit_index() == index(2),
            is_committed,
            "{acknowledging:?}"
        );
    }
}

#[test]
fn section_6_a_leader_that_is_no_voter_does_not_count_itself() {
    let log = "snapshot {1,2,3} log 0/0[term(1) config({1,2,3}->{2,3,4}) config({2,3,4})]";
    let mut node = leader(1, 3, log); // ends at 3/4
    node.handle_message(append_reply(2, 3, 2, at(3, 4)));
    assert_eq!((node.commit_index(), node.role()), (index(0), Role::Leader));
    node.handle_message(append_reply(3, 3, 2, at(3, 4)));
    assert_eq!(node.commit_index(), index(4));
}

/// What a node that has this log and commit index says of these positions.
fn statuses(node: &Node, positions: &[LogPosition]) -> Vec<CommitStatus> {
    positions
        .iter()
        .map(|&position| node.get_commit_status(position))
        .collect()
}

#[test]
fn the_status_of_a_position_is_as_documented() {
    use CommitStatus::{Committed, InProgress, Rejected, Unknown};
    let mut node = follower(1, 3, Some(2), "snapshot {1,2,3} log 1/4[cmd*2 term(3) cmd]"); // ends at 3/8
    node.handle_message(append_call(2, 3, 1, 6, LogEntries::new(at(3, 8))));
    let expected = [
        (at(1, 3), Unknown), // compacted
        (at(9, 3), Unknown), // nobody knows
        (at(0, 0), Unknown),
        (at(1, 4), Committed), // the snapshot itself
        (at(2, 4), Rejected),
        (at(1, 5), Committed),
        (at(1, 6), Committed),
        (at(2, 6), Rejected), // another entry is committed there
        (at(3, 7), InProgress),
        (at(3, 8), InProgress),
        (at(3, 9), InProgress), // not here yet
        (at(9, 9), InProgress),
        (at(2, 7), InProgress), // replaced, but it may come back (figure 8)
        (at(0, 9), Rejected),   // behind 1/6 no entry of term 0 can stand
        (LogPosition::INVALID, Rejected),
    ];
    let positions = expected.map(|(position, _)| position);
    assert_eq!(
        statuses(&node, &positions),
        expected.map(|(_, status)| status)
    );
    let fresh = Node::start(id(1));
    let answers = statuses(&fresh, &[at(0, 0), at(1, 1), LogPosition::INVALID]);
    assert_eq!(answers, [Committed, InProgress, Rejected]);
}

/// Figure 8: what is overwritten can come back with another leader, until its index or a later term is
/// committed.
#[test]
fn section_5_4_2_an_overwritten_entry_is_in_progress_until_it_is_decided() {
    let mut node = leader(1, 2, "snapshot {1,2,3} log 0/0[term(1)]"); // ends at 2/2
    let position = node.propose_command();
    drain(&mut node);
    assert_eq!(position, at(2, 3));
    // The leader of term 3 replaces it ...
    node.handle_message(append_call(
        3,
        3,
        1,
        0,
        entries(at(1, 1), [LogEntry::Term(term(3))]),
    ));
    assert_eq!(node.log().last_position(), at(3, 2));
    assert_eq!(node.get_commit_status(position), CommitStatus::InProgress);
    // ... and a leader of term 4, who has it from term 2, brings it back and commits it.
    let mut other = node.clone();
    let back = entries(
        at(1, 1),
        [
            LogEntry::Term(term(2)),
            LogEntry::Command,
            LogEntry::Term(term(4)),
        ],
    );
    other.handle_message(append_call(2, 4, 1, 4, back));
    assert_eq!(other.get_commit_status(position), CommitStatus::Committed);
    // Or the leader of term 3 commits its entry: nothing of term 2 can stand behind it.
    node.handle_message(append_call(3, 3, 2, 2, LogEntries::new(at(3, 2))));
    assert_eq!(node.get_commit_status(position), CommitStatus::Rejected);
}

#[test]
fn a_leader_that_steps_down_keeps_the_commit_index_that_it_has_told() {
    let mut node = leader(1, 3, LOG);
    node.propose_command();
    drain(&mut node);
    node.handle_message(append_reply(2, 3, 3, at(3, 6)));
    assert_eq!(node.commit_index(), index(6));
    node.handle_message(refusal(3, 5, 1));
    assert_eq!(
        (node.role(), node.commit_index()),
        (Role::Follower, index(6))
    );
    // Also what was committed by the taking of an append, after the last input.
    let mut node = leader(1, 3, "snapshot {1} log 0/0[term(1)]");
    node.propose_command();
    drain(&mut node);
    assert_eq!(node.commit_index(), index(3));
    node.handle_message(append_call(2, 9, 1, 0, LogEntries::new(at(3, 3))));
    assert_eq!(
        (node.role(), node.commit_index()),
        (Role::Follower, index(3))
    );
}
