//! thesis §10.2.1: a storage that takes its time, and reports. What promises something waits for the report.

use raftbare::{
    Action, Event, LogPosition, Message, Node, NodeOptions, ReadStatus, Role, StepDown,
};
use raftbare_sim::notation::parse_entries;
use raftbare_tests::values::{
    append_call, append_reply, assert_actions, at, config, drain, follower, id, index, leader,
    stable, term, vote, vote_call,
};

/// Ends at 1/4.
const LOG: &str = "snapshot {1,2,3} log 0/0[term(1) cmd*3]";

/// Switches asynchronous storage on: what was taken so far is stored.
pub(super) fn late(mut node: Node) -> Node {
    let mut options = *node.options();
    options.asynchronous_storage = true;
    node.set_options(options);
    node
}

/// A follower of node 2 in term 1.
pub(super) fn late_follower() -> Node {
    late(follower(1, 1, Some(2), LOG))
}

/// A call whose entries are written in the notation.
pub(super) fn call(from: u64, term: u64, seqno: u64, entries: &str) -> Message {
    let entries = parse_entries(entries).unwrap_or_else(|error| panic!("{error}"));
    append_call(from, term, seqno, 0, entries)
}

/// Takes the append that waits; says where it ends.
pub(super) fn take_append(node: &mut Node) -> LogPosition {
    let appended = drain(node).into_iter().find_map(|action| match action {
        Action::AppendLogEntries(entries) => Some(entries.last_position()),
        _ => None,
    });
    appended.expect("there is an append")
}

/// Takes the broadcast that waits; says its number.
fn newest_call(node: &mut Node) -> u64 {
    let number = drain(node).into_iter().find_map(|action| match action {
        Action::BroadcastMessage(call) => Some(call.seqno().get()),
        _ => None,
    });
    number.expect("there is a broadcast")
}

#[test]
fn thesis_10_2_1_an_acknowledgement_waits_until_its_position_is_stored() {
    let mut node = late_follower();
    node.handle_message(call(2, 1, 3, "1/4[cmd]"));
    assert_actions(
        &mut node,
        &["SetElectionTimeout", "AppendLogEntries 1/4[cmd]"],
    );
    node.handle_log_persisted(at(1, 4)); // of an earlier write
    assert_actions(&mut node, &[]);
    node.handle_log_persisted(at(1, 5));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t1 #3 AppendEntriesReply last 1/5"],
    );
    node.handle_log_persisted(at(1, 5)); // twice
    assert_actions(&mut node, &[]);
    // Nothing is under way: a heartbeat is answered at once.
    node.handle_message(call(2, 1, 4, "1/5[]"));
    let reply = "SendMessage 2 1 t1 #4 AppendEntriesReply last 1/5";
    assert_actions(&mut node, &["SetElectionTimeout", reply]);
}

#[test]
fn thesis_10_2_1_an_acknowledgement_waits_until_its_term_is_stored() {
    let mut node = late_follower();
    node.handle_message(call(3, 2, 1, "1/4[]"));
    let saves = ["SetElectionTimeout", "SaveCurrentTerm", "SaveVotedFor"];
    assert_actions(&mut node, &saves);
    node.handle_hard_state_persisted(term(1), Some(id(2)));
    assert_actions(&mut node, &[]);
    node.handle_hard_state_persisted(term(2), Some(id(3)));
    assert_actions(
        &mut node,
        &["SendMessage 3 1 t2 #1 AppendEntriesReply last 1/4"],
    );
    // Without knowing whether it is stored, nobody is told of a term that a crash could take back.
    node.handle_message(call(2, 3, 1, "1/4[]"));
    drain(&mut node);
    for message in [vote_call(3, 2, 9, at(1, 4)), call(3, 2, 9, "1/4[]")] {
        node.handle_message(message);
        assert_actions(&mut node, &[]);
    }
}

#[test]
fn thesis_10_2_1_a_term_that_is_over_promises_nothing_any_more() {
    let mut node = late_follower();
    node.handle_message(call(2, 1, 3, "1/4[cmd]"));
    drain(&mut node);
    node.handle_message(call(3, 2, 1, "1/4[]"));
    drain(&mut node);
    node.handle_log_persisted(at(1, 5));
    node.handle_hard_state_persisted(term(2), Some(id(3)));
    assert_actions(
        &mut node,
        &["SendMessage 3 1 t2 #1 AppendEntriesReply last 1/4"],
    );
}

#[test]
fn thesis_10_2_1_an_acknowledgement_of_a_term_that_is_over_is_none_to_the_same_leader() {
    let mut node = late_follower();
    node.handle_message(call(2, 1, 3, "1/4[cmd]"));
    drain(&mut node);
    node.handle_message(call(2, 2, 1, "1/4[]"));
    drain(&mut node);
    node.handle_hard_state_persisted(term(2), Some(id(2)));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t2 #1 AppendEntriesReply last 1/4"],
    );
    node.handle_log_persisted(at(1, 5));
    assert_actions(&mut node, &[]);
}

#[test]
fn thesis_10_2_1_acknowledgements_that_wait_are_few_and_the_newest_is_not_lost() {
    let mut node = late_follower();
    for number in 5..=44 {
        node.handle_message(call(2, 1, number, &format!("1/{}[cmd]", number - 1)));
        drain(&mut node);
    }
    node.handle_log_persisted(at(1, 6));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t1 #6 AppendEntriesReply last 1/6"],
    );
    node.handle_log_persisted(at(1, 44));
    assert_actions(
        &mut node,
        &["SendMessage 2 1 t1 #44 AppendEntriesReply last 1/44"],
    );
}

#[test]
fn thesis_10_2_1_a_vote_waits_until_it_is_stored() {
    let mut node = late_follower();
    node.handle_message(vote_call(3, 2, 7, at(1, 4)));
    let saves = ["SetElectionTimeout", "SaveCurrentTerm", "SaveVotedFor"];
    assert_actions(&mut node, &saves);
    node.handle_hard_state_persisted(term(2), None); // only the term yet
    assert_actions(&mut node, &[]);
    node.handle_hard_state_persisted(term(2), Some(id(3)));
    assert_actions(
        &mut node,
        &["SendMessage 3 1 t2 #7 RequestVoteReply granted"],
    );
    // Stored already: asked again, it answers at once.
    node.handle_message(vote_call(3, 2, 8, at(1, 4)));
    let reply = "SendMessage 3 1 t2 #8 RequestVoteReply granted";
    assert_actions(&mut node, &["SetElectionTimeout", reply]);
}

#[test]
fn thesis_10_2_1_a_vote_that_waits_ends_with_its_term_and_with_a_leader() {
    let mut voted = late_follower();
    voted.handle_message(vote_call(3, 2, 7, at(1, 4)));
    drain(&mut voted);
    let mut led = voted.clone();
    led.handle_message(call(2, 2, 1, "1/4[]"));
    drain(&mut led);
    led.handle_hard_state_persisted(term(2), Some(id(3)));
    led.handle_hard_state_persisted(term(2), Some(id(2)));
    assert_actions(
        &mut led,
        &["SendMessage 2 1 t2 #1 AppendEntriesReply last 1/4"],
    );
    let mut later = voted;
    later.handle_message(vote_call(2, 3, 4, at(1, 4)));
    drain(&mut later);
    later.handle_hard_state_persisted(term(2), Some(id(3)));
    assert_actions(&mut later, &[]);
    later.handle_hard_state_persisted(term(3), Some(id(2)));
    assert_actions(
        &mut later,
        &["SendMessage 2 1 t3 #4 RequestVoteReply granted"],
    );
}

#[test]
fn thesis_10_2_1_a_candidate_asks_for_votes_when_its_own_is_stored() {
    let mut node = late_follower();
    node.handle_election_timeout();
    let saves = ["SetElectionTimeout", "SaveCurrentTerm", "SaveVotedFor"];
    assert_actions(&mut node, &saves);
    // Its own vote counts no earlier, and no other one either: none was asked for.
    node.handle_message(vote(2, 2, 1));
    node.handle_message(vote(3, 2, 1));
    assert_eq!(node.role(), Role::Candidate);
    node.handle_hard_state_persisted(term(2), None);
    assert_actions(&mut node, &[]);
    let mut asked = late_follower();
    asked.handle_election_timeout();
    drain(&mut asked);
    asked.handle_hard_state_persisted(term(2), Some(id(1)));
    assert_actions(
        &mut asked,
        &["BroadcastMessage 1 t2 #1 RequestVoteCall last 1/4"],
    );
    asked.handle_hard_state_persisted(term(2), Some(id(1))); // twice
    assert_actions(&mut asked, &[]);
    asked.handle_message(vote(2, 2, 1));
    assert_eq!(asked.role(), Role::Leader);
}

#[test]
fn thesis_10_2_1_alone_a_node_leads_and_commits_at_the_reports() {
    let mut node = late(Node::start(id(1)));
    let position = node.create_cluster(&[id(1)]);
    drain(&mut node);
    assert_eq!(node.role(), Role::Candidate);
    node.handle_hard_state_persisted(term(1), Some(id(1)));
    assert_eq!(node.role(), Role::Leader);
    let command = node.propose_command();
    drain(&mut node);
    assert!(node.get_commit_status(position).is_in_progress());
    node.handle_log_persisted(position);
    assert!(node.get_commit_status(position).is_in_progress()); // §5.4.2: of an earlier term
    node.handle_log_persisted(command);
    assert!(node.get_commit_status(command).is_committed());
    assert_eq!(node.match_index(id(1)), Some(command.index));
}

#[test]
fn thesis_10_2_1_a_majority_of_others_commits_before_the_leaders_disk() {
    let mut node = late(leader(1, 2, LOG));
    let command = node.propose_command();
    let sent = drain(&mut node);
    assert!(
        sent.iter()
            .any(|it| matches!(it, Action::BroadcastMessage(_)))
    );
    node.handle_message(append_reply(2, 2, 3, command));
    assert_eq!(node.commit_index(), index(5)); // the leader's own part is missing
    node.handle_message(append_reply(3, 2, 3, command));
    assert_eq!(
        (node.commit_index(), node.durable_index()),
        (command.index, index(5))
    );
    node.handle_log_persisted(command);
    assert_eq!(node.durable_index(), command.index);
}

#[test]
fn thesis_10_2_1_calls_of_a_leader_and_heartbeats_wait_for_no_disk() {
    let mut node = late(leader(1, 2, LOG));
    node.propose_command();
    for _ in 0..100 {
        node.handle_election_timeout();
        assert!(
            drain(&mut node)
                .iter()
                .any(|it| matches!(it, Action::BroadcastMessage(_)))
        );
    }
}

/// The same entries are written, overwritten, and written again: a report of the first write says nothing of the third.

#[test]
fn thesis_10_2_1_who_waits_for_its_disk_does_not_campaign() {
    // For the hard state.
    let mut node = late_follower();
    node.handle_message(call(3, 2, 1, "1/4[]"));
    drain(&mut node);
    for _ in 0..10 {
        node.handle_election_timeout();
        assert_actions(&mut node, &["SetElectionTimeout"]);
    }
    assert_eq!(node.current_term(), term(2));
    node.handle_hard_state_persisted(term(2), Some(id(3)));
    drain(&mut node);
    node.handle_election_timeout();
    assert_eq!(node.current_term(), term(3));
    // For the log, if nothing was heard of it for a whole timeout.
    let mut node = late_follower();
    node.handle_message(call(2, 1, 3, "1/4[cmd]"));
    drain(&mut node);
    node.handle_message(call(2, 1, 4, "1/5[cmd]"));
    drain(&mut node);
    for _ in 0..10 {
        node.handle_election_timeout();
        assert_actions(&mut node, &["SetElectionTimeout"]);
    }
    let mut slow = node.clone();
    slow.handle_log_persisted(at(1, 5)); // it gets on, if slowly
    drain(&mut slow);
    slow.handle_election_timeout();
    assert_eq!(slow.current_term(), term(2));
}

#[test]
fn thesis_10_2_1_a_leader_with_a_stalled_disk_steps_down_as_if_it_were_not_heard() {
    let mut options = *stable(leader(1, 2, LOG), 3).options();
    options.events = true;
    options.asynchronous_storage = true;
    let mut node = leader(1, 2, LOG);
    node.set_options(options);
    let command = node.propose_command();
    drain(&mut node);
    for timeout in 1..=3 {
        assert!(node.role().is_leader(), "{timeout}");
        for peer in [2, 3] {
            node.handle_message(append_reply(peer, 2, 2 + timeout, at(2, 5)));
        }
        node.handle_election_timeout();
        drain(&mut node);
    }
    assert_eq!(
        (node.role(), node.voted_for()),
        (Role::Follower, Some(id(1)))
    );
    let reason = Event::SteppedDown(term(2), StepDown::StorageStalled);
    assert_eq!(node.next_event(), Some(reason));
    node.handle_election_timeout();
    assert_eq!(node.current_term(), term(2)); // and does not campaign
    node.handle_log_persisted(command);
    node.handle_election_timeout();
    assert!(node.is_pre_candidate());
}

#[test]
fn thesis_10_2_1_a_disk_that_reports_now_and_then_has_not_stalled() {
    let mut node = late(stable(leader(1, 2, LOG), 3));
    for _ in 0..20 {
        let first = node.propose_command();
        take_append(&mut node);
        node.propose_command();
        take_append(&mut node);
        for _ in 0..2 {
            node.handle_election_timeout();
            let number = newest_call(&mut node);
            for peer in [2, 3] {
                node.handle_message(append_reply(peer, 2, number, first));
            }
            drain(&mut node);
        }
        node.handle_log_persisted(first); // the second is still under way
        assert!(node.role().is_leader());
    }
}

#[test]
fn reports_are_of_no_interest_without_the_option_and_there_is_no_way_back() {
    let mut node = follower(1, 1, Some(2), LOG);
    node.handle_message(call(2, 1, 3, "1/4[cmd]"));
    let before = node.clone();
    node.handle_log_persisted(at(1, 5));
    node.handle_hard_state_persisted(term(9), None);
    assert_eq!(node, before);
    let mut node = late(node);
    node.set_options(NodeOptions::default());
    assert!(node.options().asynchronous_storage);
}

#[test]
fn what_waits_to_be_saved_when_the_option_comes_is_not_taken_for_stored() {
    let mut node = follower(1, 1, Some(2), LOG);
    node.handle_message(vote_call(3, 2, 7, at(1, 4)));
    let mut node = late(node); // the vote is among the actions already, behind its saves
    drain(&mut node);
    node.handle_election_timeout();
    assert_eq!(node.current_term(), term(2));
    node.handle_hard_state_persisted(term(2), Some(id(3)));
    node.handle_election_timeout();
    assert_eq!(node.current_term(), term(3));
    // A term alone, as of a snapshot, is not stored either.
    let mut node = follower(1, 1, None, LOG);
    assert!(node.handle_snapshot_installed(at(2, 9), config(&[1, 2, 3])));
    let mut node = late(node);
    node.handle_message(call(2, 2, 1, "2/9[]"));
    let saves = ["SetElectionTimeout", "SaveCurrentTerm", "SaveVotedFor"];
    assert_actions(&mut node, &saves);
}

#[test]
fn thesis_6_4_a_read_sees_what_a_smaller_majority_alone_has_committed() {
    let mut node = late(leader(1, 2, "snapshot {1,2,3,4,5} log 0/0[term(1)]"));
    let joint = node.config().to_joint_consensus(&[], &[id(4), id(5)]);
    let joint = node.propose_config(joint);
    drain(&mut node);
    let command = node.propose_command();
    drain(&mut node);
    for peer in [2, 3] {
        node.handle_message(append_reply(peer, 2, 3, command));
    }
    // In C_old the leader is needed, in C_new it is not: with C_new the command is committed, and nobody says so.
    node.handle_log_persisted(joint);
    assert_eq!(*node.config(), config(&[1, 2, 3]));
    let token = node.read_index().expect("it leads");
    let number = newest_call(&mut node);
    for peer in [2, 3] {
        node.handle_message(append_reply(peer, 2, number, command));
    }
    let status = node.read_status(token);
    assert_eq!(status, ReadStatus::Ready(command.index));
}
