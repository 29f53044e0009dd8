//! What a node tells besides its actions ([`raftbare::Event`]): each event, in time, and without an influence.

use raftbare::{Event, Node, StepDown, TransferOutcome};
use raftbare_tests::values::{
    append_call, append_reply, at, candidate, commands, config, drain, entries, follower, id,
    joint, leader, stable, take_events, term, vote, with_events, with_non_voters, with_options,
};

/// Ends at 1/4.
const LOG: &str = "snapshot {1,2,3} log 0/0[term(1) cmd*3]";

/// Takes all events that wait; no more than could be waited for.
fn events(node: &mut Node) -> Vec<Event> {
    std::iter::from_fn(|| node.next_event()).take(100).collect()
}

/// A life with a bit of everything: elections, a change of configuration, a transfer, a step down.
fn live(node: &mut Node) -> Vec<String> {
    let mut done = Vec::new();
    let mut note = |node: &mut Node| {
        done.extend(drain(node).iter().map(ToString::to_string));
        done.push(node.to_string());
    };
    node.handle_election_timeout();
    node.handle_message(vote(2, 2, 1));
    note(node);
    node.handle_message(append_reply(2, 2, 2, at(2, 5)));
    node.propose_config(joint(&[1, 2, 3], &[1, 2]));
    note(node);
    node.handle_message(append_reply(2, 2, 3, at(2, 6)));
    note(node);
    node.handle_message(append_reply(2, 2, 4, at(2, 7)));
    node.transfer_leadership(id(2));
    note(node);
    node.handle_message(append_reply(2, 3, 0, at(1, 4)));
    note(node);
    done
}

#[test]
fn by_default_nothing_is_told_or_kept() {
    let mut node = follower(1, 1, None, LOG);
    assert!(!node.options().events);
    live(&mut node);
    let before = node.clone();
    assert_eq!(node.next_event(), None);
    assert_eq!(node, before);
    // Whoever stops to listen is as one who never did.
    let mut other = with_events(follower(1, 1, None, LOG));
    live(&mut other);
    assert_ne!(other, node);
    assert_eq!(with_options(other, |options| options.events = false), node);
}

#[test]
fn what_is_told_changes_nothing_else() {
    let mut plain = follower(1, 1, None, LOG);
    let mut node = with_events(plain.clone());
    assert_eq!(live(&mut node), live(&mut plain));
    assert_eq!(
        take_events(&mut node),
        [
            "leader of t2",
            "stepped down from t2: there is a higher term",
            "configuration 2/6 committed",
            "configuration 2/7 committed"
        ]
    );
    assert!(node.actions().is_empty()); // nor does it to ask
}

#[test]
fn section_5_2_who_becomes_leader_tells_the_term() {
    let mut node = with_events(candidate(1, 4, LOG));
    assert_eq!(events(&mut node), []);
    node.handle_message(vote(3, 4, 1));
    assert_eq!(events(&mut node), [Event::BecameLeader(term(4))]);
    let mut alone = with_events(Node::start(id(1)));
    alone.create_cluster(&[id(1)]);
    assert_eq!(events(&mut alone), [Event::BecameLeader(term(1))]);
}

#[test]
fn section_5_1_only_who_leads_tells_that_it_steps_down() {
    let higher = append_reply(3, 7, 0, at(1, 4));
    for node in [follower(1, 2, None, LOG), candidate(1, 2, LOG)] {
        let mut node = with_events(node);
        node.handle_message(higher.clone());
        assert_eq!(events(&mut node), []);
    }
    let mut node = with_events(leader(1, 2, LOG));
    node.handle_message(higher);
    let event = Event::SteppedDown(term(2), StepDown::HigherTerm);
    assert_eq!(events(&mut node), [event]);
}

#[test]
fn section_6_a_leader_that_is_removed_tells_so() {
    let mut node = with_events(leader(1, 2, "snapshot {1,2}->{2} log 0/0[term(1)]"));
    node.handle_message(append_reply(2, 2, 2, at(2, 2))); // C_new follows
    drain(&mut node);
    assert_eq!(events(&mut node), []);
    node.handle_message(append_reply(2, 2, 3, at(2, 3)));
    assert_eq!(
        events(&mut node),
        [
            Event::SteppedDown(term(2), StepDown::Removed),
            Event::ConfigCommitted(at(2, 3))
        ]
    );
}

#[test]
fn thesis_6_2_a_leader_without_a_majority_tells_so() {
    let mut node = with_events(stable(leader(1, 2, LOG), 2));
    for _ in 0..2 {
        assert_eq!(events(&mut node), []);
        node.handle_election_timeout();
        drain(&mut node);
    }
    let event = Event::SteppedDown(term(2), StepDown::Silence);
    assert_eq!(events(&mut node), [event]);
}

#[test]
fn thesis_10_2_1_a_leader_whose_storage_stalls_tells_so() {
    let node = with_options(leader(1, 2, LOG), |it| it.asynchronous_storage = true);
    let mut node = with_events(stable(node, 3));
    node.propose_command();
    drain(&mut node);
    for number in 3..=5 {
        assert_eq!(events(&mut node), []);
        node.handle_message(append_reply(2, 2, number, at(2, 6)));
        node.handle_election_timeout();
        drain(&mut node);
    }
    let event = Event::SteppedDown(term(2), StepDown::StorageStalled);
    assert_eq!(events(&mut node), [event]);
}

#[test]
fn section_6_a_configuration_is_told_once_it_is_known_to_be_committed() {
    let mut node = with_events(follower(1, 1, Some(2), "snapshot {1,2,3} log 0/0[term(1)]"));
    let call = |commit, seqno| {
        let change = [&joint(&[1, 2, 3], &[1, 2]), &config(&[1, 2])]
            .map(|it| raftbare::LogEntry::ClusterConfig(it.clone()));
        append_call(2, 1, seqno, commit, entries(at(1, 1), change))
    };
    node.handle_message(call(1, 1));
    assert_eq!(events(&mut node), []);
    node.handle_message(call(2, 2));
    assert_eq!(events(&mut node), [Event::ConfigCommitted(at(1, 2))]);
    node.handle_message(call(3, 3));
    assert_eq!(events(&mut node), [Event::ConfigCommitted(at(1, 3))]);
    assert_eq!(events(&mut node), []);
    // Who asks only now hears of both, in order.
    let mut late = with_events(follower(1, 1, Some(2), "snapshot {1,2,3} log 0/0[term(1)]"));
    late.handle_message(call(3, 1));
    assert_eq!(
        events(&mut late),
        [at(1, 2), at(1, 3)].map(Event::ConfigCommitted)
    );
}

#[test]
fn section_6_what_was_committed_before_anybody_listened_is_not_told() {
    let mut node = follower(
        1,
        1,
        Some(2),
        "snapshot {1,2,3} log 0/0[config({1,2,3}) cmd config({1,2})]",
    );
    node.handle_message(append_call(2, 1, 1, 2, commands(at(0, 3), 0)));
    let mut node = with_events(node);
    assert_eq!(events(&mut node), []);
    node.handle_message(append_call(2, 1, 2, 3, commands(at(0, 3), 0)));
    assert_eq!(events(&mut node), [Event::ConfigCommitted(at(0, 3))]);
}

#[test]
fn section_6_an_overwritten_configuration_is_never_told() {
    let log = "snapshot {1,2,3} log 0/0[term(1) config({1,2,3}->{1,2})]";
    let mut node = with_events(follower(1, 1, None, log));
    node.handle_message(append_call(
        2,
        2,
        1,
        2,
        entries(at(1, 1), [raftbare::LogEntry::Term(term(2))]),
    ));
    assert_eq!(node.commit_index(), at(2, 2).index);
    assert_eq!(events(&mut node), []);
}

#[test]
fn section_7_a_configuration_that_an_own_snapshot_stands_for_is_told_all_the_same() {
    let log =
        "snapshot {1,2,3} log 0/0[config({1,2,3}->{1,2}) config({1,2}) cmd config({1,2}+{3})]";
    let mut node = with_events(follower(1, 1, Some(2), log));
    node.handle_message(append_call(2, 1, 1, 4, commands(at(0, 4), 0)));
    let told = node.next_event();
    assert_eq!(told, Some(Event::ConfigCommitted(at(0, 1))));
    assert!(node.handle_snapshot_installed(at(0, 2), config(&[1, 2])));
    assert!(node.handle_snapshot_installed(at(0, 3), config(&[1, 2])));
    assert_eq!(
        events(&mut node),
        [at(0, 2), at(0, 4)].map(Event::ConfigCommitted)
    );
    assert!(node.handle_snapshot_installed(at(0, 4), with_non_voters(&[1, 2], &[3])));
    assert_eq!(events(&mut node), []);
}

#[test]
fn section_7_a_snapshot_that_is_ahead_of_the_known_commit_tells_what_it_commits() {
    let log = "snapshot {1,2,3} log 0/0[config({1,2,3}->{1,2}) config({1,2})]";
    let mut node = with_events(follower(1, 1, Some(2), log));
    assert!(node.handle_snapshot_installed(at(0, 1), joint(&[1, 2, 3], &[1, 2])));
    assert_eq!(events(&mut node), [Event::ConfigCommitted(at(0, 1))]);
}

#[test]
fn section_7_a_configuration_that_comes_with_a_snapshot_is_told_with_its_position() {
    let log = "snapshot {1,2,3} log 0/0[term(1) config({1,2,3}->{1,2}) config({1,2})]";
    let mut node = with_events(follower(1, 1, Some(2), log));
    // Of what it has itself, it knows the one up to its commit index to be committed, and nothing of the other.
    node.handle_message(append_call(2, 1, 1, 2, commands(at(1, 3), 0)));
    assert!(node.handle_snapshot_installed(at(1, 9), config(&[1, 2])));
    assert_eq!(
        events(&mut node),
        [at(1, 2), at(1, 9)].map(Event::ConfigCommitted)
    );
    // The same configuration again is no news.
    assert!(node.handle_snapshot_installed(at(1, 12), config(&[1, 2])));
    assert_eq!(events(&mut node), []);
    // To one that has just joined, everything is.
    let mut new = with_events(Node::start(id(4)));
    assert!(new.handle_snapshot_installed(at(1, 9), config(&[1, 2])));
    assert_eq!(events(&mut new), [Event::ConfigCommitted(at(1, 9))]);
}

#[test]
fn section_7_what_follows_a_snapshot_is_told_once() {
    let mut node = with_events(Node::start(id(1)));
    assert!(node.handle_snapshot_installed(at(1, 9), config(&[1, 2])));
    let change = [raftbare::LogEntry::ClusterConfig(config(&[1, 2, 3]))];
    node.handle_message(append_call(2, 1, 1, 10, entries(at(1, 9), change)));
    assert_eq!(
        events(&mut node),
        [at(1, 9), at(1, 10)].map(Event::ConfigCommitted)
    );
    assert_eq!(events(&mut node), []);
}

#[test]
fn section_6_a_leader_tells_what_is_committed_at_the_moment_of_the_question() {
    let mut node = with_events(Node::start(id(1)));
    node.create_cluster(&[id(1)]);
    assert_eq!(take_events(&mut node), ["leader of t1"]);
    drain(&mut node); // it is stored now
    assert_eq!(take_events(&mut node), ["configuration 0/1 committed"]);
}

#[test]
fn section_7_a_follower_that_wants_the_snapshot_is_told_of_each_time_it_does() {
    let mut node = with_events(leader(1, 4, "snapshot {1,2,3} log 3/9[cmd]"));
    node.handle_message(append_reply(2, 4, 2, at(1, 2)));
    assert_eq!(events(&mut node), [Event::SnapshotWanted(id(2))]);
    node.handle_election_timeout(); // #3
    node.actions_mut().broadcast_message = None;
    node.handle_message(append_reply(2, 4, 3, at(1, 2)));
    assert_eq!(events(&mut node), []); // it waits to be sent yet
    drain(&mut node);
    node.handle_election_timeout(); // #4
    drain(&mut node);
    node.handle_message(append_reply(2, 4, 4, at(1, 2)));
    assert_eq!(events(&mut node), [Event::SnapshotWanted(id(2))]);
}

#[test]
fn thesis_3_8_a_follower_without_its_tail_is_told_of_once() {
    let node = with_options(leader(1, 2, LOG), |it| it.refuses_lost_tail = true);
    let mut node = with_events(node);
    node.handle_message(append_reply(2, 2, 2, at(2, 5)));
    for seqno in 3..9 {
        node.handle_election_timeout();
        drain(&mut node);
        node.handle_message(append_reply(2, 2, seqno, at(1, 2)));
        let expected = [Event::FollowerLostTail(id(2))];
        assert_eq!(events(&mut node), expected[..usize::from(seqno == 3)]);
    }
}

#[test]
fn thesis_3_10_each_transfer_is_told_to_have_ended_once() {
    let mut node = with_events(leader(1, 2, LOG));
    for _ in 0..3 {
        node.transfer_leadership(id(2));
        node.transfer_leadership(id(2));
        node.abort_transfer();
        node.abort_transfer();
        let event = Event::TransferEnded(id(2), TransferOutcome::Aborted);
        assert_eq!(events(&mut node), [event]);
    }
}

/// Leads and steps down in the terms 2, 4, 6, ...
fn lead_often(node: &mut Node, times: u64) {
    for time in 1..=times {
        node.handle_election_timeout();
        node.handle_message(vote(2, 2 * time, 1));
        node.handle_message(append_reply(3, 2 * time + 1, 0, at(1, 4)));
        drain(node);
    }
}

#[test]
fn sixteen_events_wait_and_of_more_the_oldest_are_lost() {
    for times in [8, 9, 100] {
        let mut node = with_events(follower(1, 1, None, LOG));
        lead_often(&mut node, times);
        let newest = (times - 7..=times).flat_map(|time| {
            let term = term(2 * time);
            [
                Event::BecameLeader(term),
                Event::SteppedDown(term, StepDown::HigherTerm),
            ]
        });
        assert_eq!(events(&mut node), newest.collect::<Vec<_>>());
        assert_eq!(node.next_event(), None);
    }
}

#[test]
fn the_same_event_waits_once() {
    let mut node = with_events(leader(1, 2, LOG));
    for _ in 0..100 {
        node.transfer_leadership(id(2));
        node.abort_transfer();
        node.transfer_leadership(id(3));
        node.abort_transfer();
    }
    let ended = |to| Event::TransferEnded(id(to), TransferOutcome::Aborted);
    assert_eq!(events(&mut node), [ended(2), ended(3)]);
}
