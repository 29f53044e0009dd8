//! What the paper leaves open and users rely on: numbers, strangers, order, equality, taking a part.

use raftbare::{Action, LogEntries, LogEntry, Message, Node};
use raftbare_tests::values::{
    append_call, assert_actions, at, config, drain, entries, follower, id, index, leader, term,
    vote_call,
};

/// Ends at 1/4.
const LOG: &str = "snapshot {1,2,3} log 0/0[term(1) cmd*3]";

#[test]
fn answers_carry_the_number_of_their_call_with_all_64_bits() {
    // Votes of the kinds 1 to 3 mean something else: see `pre_votes` and `transfer`.
    for seqno in [0, 1, 4 << 50, (5 << 50) + 7, 1 << 63, u64::MAX] {
        let mut node = follower(1, 1, Some(2), LOG);
        node.handle_message(append_call(2, 1, seqno, 0, LogEntries::new(at(1, 4))));
        let reply = format!("SendMessage 2 1 t1 #{seqno} AppendEntriesReply last 1/4");
        assert_actions(&mut node, &["SetElectionTimeout", &reply]);
        node.handle_message(vote_call(2, 2, seqno, at(1, 4)));
        let reply = format!("SendMessage 2 1 t2 #{seqno} RequestVoteReply granted");
        assert_actions(
            &mut node,
            &[
                "SetElectionTimeout",
                "SaveCurrentTerm",
                "SaveVotedFor",
                &reply,
            ],
        );
        node.handle_message(vote_call(3, 1, seqno, at(1, 4)));
        let reply = format!("SendMessage 3 1 t2 #{seqno} RequestVoteReply refused");
        assert_actions(&mut node, &[&reply]);
    }
}

/// The nodes to which messages wait.
fn receivers(node: &Node) -> Vec<u64> {
    node.actions()
        .send_messages
        .keys()
        .map(|to| to.get())
        .collect()
}

#[test]
fn at_most_sixteen_messages_wait_for_strangers_and_members_do_not_count() {
    let mut node = follower(1, 5, Some(3), LOG);
    node.handle_message(vote_call(2, 4, 1, at(1, 4)));
    for stranger in 10..40 {
        node.handle_message(vote_call(stranger, 4, 1, at(1, 4)));
    }
    node.handle_message(vote_call(3, 4, 1, at(1, 4))); // a member is always answered
    assert_eq!(
        receivers(&node),
        [2, 3].into_iter().chain(10..26).collect::<Vec<_>>()
    );
}

#[test]
fn a_vote_for_a_stranger_takes_the_place_of_a_refusal() {
    let mut node = follower(1, 5, None, LOG);
    for stranger in 10..40 {
        node.handle_message(vote_call(stranger, 4, 1, at(1, 4)));
    }
    node.handle_message(vote_call(99, 5, 1, at(1, 4)));
    let receivers = receivers(&node);
    assert_eq!((receivers.len(), receivers.last()), (16, Some(&99)));
    let pending = node.actions().send_messages[&id(99)].to_string();
    assert_eq!(pending, "1 t5 #1 RequestVoteReply granted");
}

#[test]
fn a_refusal_is_given_up_before_any_vote() {
    let mut node = follower(1, 1, None, LOG);
    for stranger in 10..18 {
        node.handle_message(vote_call(stranger, stranger, 1, at(1, 4))); // a vote in each of these terms
    }
    for stranger in 20..28 {
        node.handle_message(vote_call(stranger, 2, 1, at(1, 4))); // refused in term 17
    }
    node.handle_message(vote_call(50, 18, 1, at(1, 4)));
    assert_eq!(
        receivers(&node),
        (10..18).chain(21..28).chain([50]).collect::<Vec<_>>()
    );
}

#[test]
fn of_votes_for_strangers_the_oldest_term_is_given_up() {
    let mut node = follower(1, 1, None, LOG);
    for stranger in 10..30 {
        node.handle_message(vote_call(stranger, stranger, 1, at(1, 4))); // a vote in each of these terms
    }
    assert_eq!(receivers(&node), (14..30).collect::<Vec<_>>());
    // Refusals do not take their place.
    node.handle_message(vote_call(50, 3, 1, at(1, 4)));
    assert_eq!(receivers(&node), (14..30).collect::<Vec<_>>());
    // An answer to a leader that is a stranger does.
    for seqno in [1, 2] {
        // The second time it waits already, and takes no other place.
        node.handle_message(append_call(60, 30, seqno, 0, LogEntries::new(at(1, 4))));
        assert_eq!(receivers(&node), (15..30).chain([60]).collect::<Vec<_>>());
    }
}

#[test]
fn a_leader_that_is_a_stranger_is_followed() {
    let mut node = follower(9, 1, None, LOG);
    node.handle_message(append_call(8, 2, 1, 0, LogEntries::new(at(1, 4))));
    assert_eq!(
        (node.leader_id(), node.voted_for()),
        (Some(id(8)), Some(id(8)))
    );
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "SaveCurrentTerm",
            "SaveVotedFor",
            "SendMessage 8 9 t2 #1 AppendEntriesReply last 1/4",
        ],
    );
}

#[test]
fn equal_nodes_go_on_equally_whatever_their_past() {
    // By way of calls in another order, and after a restart.
    let mut one = follower(1, 2, None, LOG);
    one.handle_message(append_call(
        2,
        2,
        1,
        0,
        LogEntries::from_iter(at(1, 4), [LogEntry::Command]),
    ));
    one.handle_message(append_call(2, 2, 2, 4, LogEntries::new(at(1, 5))));
    drain(&mut one);
    let mut two = follower(1, 1, Some(3), LOG);
    two.handle_message(append_call(
        2,
        2,
        9,
        4,
        LogEntries::from_iter(at(1, 4), [LogEntry::Command]),
    ));
    drain(&mut two);
    assert_eq!(one, two);
    for node in [&mut one, &mut two] {
        node.handle_election_timeout();
        node.handle_message(raftbare_tests::values::vote(2, 3, 1));
        node.propose_command();
    }
    assert_eq!(one, two);
    assert_eq!(drain(&mut one), drain(&mut two));
}

/// Actions are taken one by one with inputs in between; what is taken is never repeated, nothing is lost.
#[test]
fn taking_only_a_part_of_the_actions_loses_nothing() {
    let mut node = leader(1, 3, LOG); // ends at 3/5
    node.propose_command();
    assert!(matches!(
        node.actions_mut().next(),
        Some(Action::BroadcastMessage(_))
    )); // #3
    node.propose_command();
    // The entry of #3 is stored only now, together with the next; the next call starts where #3 ended.
    assert_actions(
        &mut node,
        &[
            "BroadcastMessage 1 t3 #4 AppendEntriesCall commit 0 prev 3/6[cmd]",
            "AppendLogEntries 3/5[cmd*2]",
        ],
    );
}

#[test]
fn taking_the_fields_of_the_actions_by_hand_works_as_well() {
    let mut node = leader(1, 3, "snapshot {1} log 0/0[term(1)]"); // ends at 3/2
    let position = node.propose_command();
    assert!(node.get_commit_status(position).is_in_progress());
    let taken = node
        .actions_mut()
        .append_log_entries
        .take()
        .expect("the entry is to be stored");
    assert_eq!(taken.last_position(), position);
    assert!(node.get_commit_status(position).is_committed());
    node.propose_command();
    let taken = std::mem::take(node.actions_mut());
    assert_eq!(
        taken
            .append_log_entries
            .map(|entries| entries.to_string())
            .as_deref(),
        Some("3/3[cmd]")
    );
    assert_eq!(node.commit_index(), index(4));
}

#[test]
fn a_broadcast_that_was_cut_by_hand_gives_way_to_one_that_starts_where_the_log_ended() {
    let mut node = leader(1, 3, LOG); // ends at 3/5
    node.propose_command();
    node.propose_command();
    if let Some(Message::AppendEntriesCall { entries, .. }) =
        &mut node.actions_mut().broadcast_message
    {
        entries.truncate(1);
    }
    node.propose_command();
    assert_actions(
        &mut node,
        &[
            "BroadcastMessage 1 t3 #4 AppendEntriesCall commit 0 prev 3/7[cmd]",
            "AppendLogEntries 3/5[cmd*3]",
        ],
    );
}

#[test]
fn an_append_that_was_cut_by_hand_is_made_whole_by_the_next_entry() {
    let mut node = leader(1, 3, LOG); // ends at 3/5
    node.propose_command();
    node.propose_command();
    if let Some(entries) = &mut node.actions_mut().append_log_entries {
        entries.truncate(1);
    }
    node.propose_command();
    assert_actions(
        &mut node,
        &[
            "BroadcastMessage 1 t3 #3 AppendEntriesCall commit 0 prev 3/5[cmd*3]",
            "AppendLogEntries 3/5[cmd*3]",
        ],
    );
}

#[test]
fn messages_to_nodes_that_were_members_once_are_bounded_too() {
    let mut node = Node::start(id(1));
    for number in 1..=1_000 {
        // Each candidate is a member when it gets the vote, and none any more one step later.
        let candidate = 100 + number;
        node.handle_message(vote_call(candidate, number, 1, at(number, 9)));
        let entries = entries(
            at(0, 0),
            [
                LogEntry::Term(term(number)),
                LogEntry::ClusterConfig(config(&[99, candidate + 1])),
            ],
        );
        node.handle_message(append_call(99, number, 1, 0, entries));
        let waiting = node.actions().send_messages.len();
        assert!(waiting <= 16 + 2, "{waiting}");
    }
}
