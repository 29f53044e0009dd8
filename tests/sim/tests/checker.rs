//! The checker on histories made by hand: each guarantee broken once, and what looks broken and is not.

use raftbare::{
    CommitStatus, LogEntries, LogIndex, LogPosition, Message, Node, NodeId, ReadStatus, Term,
};
use raftbare_sim::checker::{Checker, Verdict};
use raftbare_sim::disk::{Commands, Disk};
use raftbare_sim::notation::{parse_entries, parse_log, parse_message};
use raftbare_sim::server::Server;
use raftbare_sim::state::State;
use raftbare_sim::traffic::Traffic;

fn id(id: u64) -> NodeId {
    NodeId::new(id)
}

fn at(term: u64, index: u64) -> LogPosition {
    LogPosition {
        term: Term::new(term),
        index: LogIndex::new(index),
    }
}

fn entries(text: &str) -> LogEntries {
    parse_entries(text).expect("in the notation")
}

fn message(text: &str) -> Message {
    parse_message(text).expect("in the notation")
}

/// A server with this node, which has stored all that it has in memory.
fn server(node: Node) -> Server {
    let mut server = Server::new(node.id(), None);
    server.disk.current_term = node.current_term();
    server.disk.voted_for = node.voted_for();
    server.disk.entries = node.log().entries().clone();
    server.disk.snapshot.config = node.log().snapshot_config().clone();
    server.node = Some(node);
    server
}

/// A follower with this log, of the term of its last entry, that has heard from leader 9 of this commit index.
fn follower(number: u64, log: &str, commit_index: u64) -> Server {
    let log = parse_log(log).expect("in the notation");
    let end = log.last_position();
    let mut node = Node::restart(id(number), end.term, None, log);
    node.handle_message(message(&format!(
        "9 t{} #1 AppendEntriesCall commit {commit_index} prev {end}[]",
        end.term
    )));
    node.actions_mut().for_each(drop);
    server(node)
}

/// The leader of `term`, elected by voter 9, with this log before its `Term` entry, and nothing committed.
fn leader(number: u64, term: u64, log_entries: &str) -> Server {
    let log = format!("snapshot {{{number},9}} log {log_entries}");
    let log = parse_log(&log).expect("in the notation");
    let mut node = Node::restart(id(number), Term::new(term - 1), None, log);
    node.handle_election_timeout();
    node.handle_message(message(&format!("9 t{term} #1 RequestVoteReply granted")));
    assert!(node.role().is_leader());
    node.actions_mut().for_each(drop);
    server(node)
}

#[track_caller]
fn assert_broken(verdict: Verdict, property: &str) {
    assert_eq!(verdict.expect_err("it is broken").property, property);
}

#[test]
fn election_safety() {
    let mut checker = Checker::default();
    checker
        .check_server(&leader(1, 5, "0/0[]"))
        .expect("the first leader of term 5");
    checker
        .check_server(&leader(2, 6, "0/0[]"))
        .expect("a leader of another term");
    assert_broken(
        checker.check_server(&leader(3, 5, "0/0[]")),
        "Election Safety",
    );
}

#[test]
fn a_leader_whose_term_is_not_stored_is_none_yet() {
    let mut checker = Checker::default();
    let mut unstored = leader(1, 5, "0/0[]");
    unstored.disk.current_term = Term::new(4);
    checker.check_server(&unstored).expect("nobody can know");
    checker.note_crash(id(1));
    checker
        .check_server(&leader(2, 5, "0/0[]"))
        .expect("the first leader that is stored");
}

#[test]
fn leader_append_only() {
    let mut checker = Checker::default();
    checker
        .check_server(&leader(1, 5, "0/0[term(1) cmd*3]"))
        .expect("a leader");
    assert_broken(
        checker.check_server(&leader(1, 5, "0/0[term(1) cmd]")),
        "Leader Append-Only",
    );
}

#[test]
fn log_matching() {
    let stored = |first: &str, second: &str, command: u64| {
        let mut checker = Checker::default();
        let mut commands = Commands::default();
        commands.insert(at(2, 3), 7);
        checker
            .check_stored(&entries(first), |at| commands.get(at))
            .expect("the first of its position");
        commands.insert(at(2, 3), command);
        checker.check_stored(&entries(second), |at| commands.get(at))
    };
    let first = "0/0[term(1) term(2) cmd]";
    stored(first, "1/1[term(2) cmd]", 7).expect("the same entries");
    // The same position behind an entry of another term, of another kind, with another command.
    assert_broken(stored(first, "0/1[term(2) cmd]", 7), "Log Matching");
    assert_broken(stored(first, "2/2[config({1})]", 7), "Log Matching");
    assert_broken(stored(first, "2/2[cmd]", 8), "Log Matching");
}

#[test]
fn leader_completeness_binds_later_leaders_only() {
    let mut checker = Checker::default();
    checker
        .check_server(&follower(1, "snapshot {} log 0/0[term(3) cmd]", 2))
        .expect("2 entries are committed in term 3");
    checker
        .check_server(&leader(2, 2, "0/0[]"))
        .expect("a leader of an earlier term need not have them");
    checker
        .check_server(&leader(3, 5, "0/0[term(3) cmd]"))
        .expect("a later leader that has them");
    assert_broken(
        checker.check_server(&leader(4, 6, "0/0[term(3)]")),
        "Leader Completeness",
    );
}

#[test]
fn leader_completeness_of_a_leader_that_was_there_before_the_commit() {
    let mut checker = Checker::default();
    checker
        .check_server(&leader(1, 5, "0/0[term(3)]"))
        .expect("a leader whose log ends at 5/2");
    let early = follower(2, "snapshot {} log 0/0[term(3) cmd*2]", 1);
    checker
        .check_server(&early)
        .expect("the leader has this entry");
    let late = follower(2, "snapshot {} log 0/0[term(3) cmd*2]", 3);
    assert_broken(checker.check_server(&late), "Leader Completeness");
}

#[test]
fn state_machine_safety() {
    let mut checker = Checker::default();
    checker
        .check_server(&follower(1, "snapshot {} log 0/0[term(1) cmd]", 2))
        .expect("the first");
    checker
        .check_server(&follower(2, "snapshot {} log 0/0[term(1) cmd term(2)]", 3))
        .expect("one entry more");
    let other = follower(3, "snapshot {} log 0/0[term(1) term(2)]", 2);
    assert_broken(checker.check_server(&other), "State Machine Safety");
    // What is not committed may differ.
    checker
        .check_server(&follower(4, "snapshot {} log 0/0[term(1) term(2)]", 1))
        .expect("only one entry is committed");
}

#[test]
fn state_machine_safety_of_the_states() {
    let mut checker = Checker::default();
    let mut one = State::default();
    one.apply(LogIndex::new(1), Some(7));
    let mut other = State::default();
    other.apply(LogIndex::new(1), Some(8));
    checker.check_applied(id(1), one).expect("the first");
    checker.check_applied(id(2), one).expect("the same");
    assert_broken(checker.check_applied(id(3), other), "State Machine Safety");
}

#[test]
fn disk_equals_memory_after_a_drain() {
    let mut stored = follower(1, "snapshot {} log 0/0[term(1) cmd]", 2);
    Checker::check_drained(&stored).expect("equal");
    stored.disk.entries.truncate(1);
    assert_broken(
        Checker::check_drained(&stored),
        "Disk equals memory after a drain",
    );
}

#[test]
fn persist_before_send() {
    let disk = Disk {
        current_term: Term::new(3),
        voted_for: Some(id(1)),
        entries: entries("0/0[term(1) cmd]"),
        ..Disk::default()
    };
    let sent =
        |text: &str| Checker::default().check_sent(id(1), id(2), &disk.durable(), &message(text));
    sent("1 t3 #1 RequestVoteCall last 1/2").expect("term and own vote are stored");
    sent("1 t3 #1 AppendEntriesReply last 1/2").expect("the entries are stored");
    sent("1 t2 #1 RequestVoteReply granted").expect("an older term cannot be voted in again");
    sent("1 t3 #1 AppendEntriesCall commit 0 prev 1/2[cmd]")
        .expect("a leader sends before it stores");
    for unstored in [
        "1 t4 #1 AppendEntriesReply last 1/2",
        "1 t4 #1 RequestVoteCall last 1/2",
        "1 t3 #1 RequestVoteReply granted",
        "1 t3 #1 AppendEntriesReply last 1/3",
        "1 t3 #1 AppendEntriesReply last 2/2",
    ] {
        assert_broken(sent(unstored), "Persist before send");
    }
}

#[test]
fn one_vote_per_term() {
    let mut checker = Checker::default();
    let mut vote = |term: u64, to: u64| {
        let disk = Disk {
            current_term: Term::new(term),
            voted_for: Some(id(to)),
            ..Disk::default()
        };
        let granted = message(&format!("1 t{term} #1 RequestVoteReply granted"));
        checker.check_sent(id(1), id(to), &disk.durable(), &granted)
    };
    vote(3, 2).expect("the vote of term 3");
    vote(3, 2).expect("the same again");
    vote(4, 3).expect("the vote of term 4");
    assert_broken(vote(3, 3), "One vote per term");
}

#[test]
fn a_second_vote_for_the_leader_of_the_term_is_none() {
    let mut checker = Checker::default();
    checker
        .check_server(&leader(2, 3, "0/0[]"))
        .expect("the leader of term 3");
    let disk = Disk {
        current_term: Term::new(3),
        voted_for: Some(id(2)),
        ..Disk::default()
    };
    let granted = message("1 t3 #1 RequestVoteReply granted");
    checker
        .check_sent(id(1), id(3), &disk.durable(), &granted)
        .expect("given to 3 before the leader was known");
    checker
        .check_sent(id(1), id(2), &disk.durable(), &granted)
        .expect("it elects nobody any more");
}

#[test]
fn term_and_commit_index_never_go_back_in_one_life() {
    let log = "snapshot {} log 0/0[term(1) cmd term(2)]";
    let shorter = "snapshot {} log 0/0[term(1) cmd]";
    let mut checker = Checker::default();
    checker
        .check_server(&follower(1, log, 2))
        .expect("the first step");
    assert_broken(
        checker.check_server(&follower(1, log, 1)),
        "Commit index never goes back",
    );
    assert_broken(
        checker.check_server(&follower(1, shorter, 2)),
        "Term never goes back",
    );
    checker.note_crash(id(1));
    checker
        .check_server(&follower(1, log, 1))
        .expect("a new life learns the commit index anew");
}

#[test]
fn the_stored_term_never_goes_back_in_any_life() {
    let mut checker = Checker::default();
    let disk = |term| Disk {
        current_term: Term::new(term),
        ..Disk::default()
    };
    checker
        .check_disk(id(1), &disk(4).durable())
        .expect("the first");
    checker.note_crash(id(1));
    assert_broken(
        checker.check_disk(id(1), &disk(3).durable()),
        "Stored term never goes back",
    );
}

#[test]
fn reads_are_linearizable() {
    let read = |index| {
        Checker::check_read(
            id(1),
            LogIndex::new(5),
            ReadStatus::Ready(LogIndex::new(index)),
        )
    };
    read(5).expect("it sees all that was committed");
    assert_broken(read(4), "Reads are linearizable");
    Checker::check_read(id(1), LogIndex::new(5), ReadStatus::Lost).expect("not answered");
}

#[test]
fn what_a_node_says_of_a_position_is_final() {
    let mut checker = Checker::default();
    checker
        .check_server(&follower(1, "snapshot {} log 0/0[term(1) cmd]", 1))
        .expect("1/1 is committed");
    checker
        .check_status(at(1, 1), CommitStatus::Committed)
        .expect("it is");
    checker
        .check_status(at(2, 1), CommitStatus::Rejected)
        .expect("another entry is");
    checker
        .check_status(at(1, 2), CommitStatus::InProgress)
        .expect("not yet");
    assert_broken(
        checker.check_status(at(1, 2), CommitStatus::Committed),
        "Committed is final",
    );
    assert_broken(
        checker.check_status(at(1, 1), CommitStatus::Rejected),
        "Rejected is final",
    );
    // Rejected first, committed later.
    checker
        .check_status(at(1, 2), CommitStatus::Rejected)
        .expect("nothing is known of it yet");
    let later = follower(2, "snapshot {} log 0/0[term(1) cmd]", 2);
    assert_broken(checker.check_server(&later), "Rejected is final");
}

#[test]
fn no_entry_is_sent_twice_without_a_loss() {
    let first = message("1 t5 #2 AppendEntriesCall commit 0 prev 5/1[cmd*3]");
    let again = message("1 t5 #3 AppendEntriesCall commit 0 prev 5/2[cmd*2]");
    let leader = leader(1, 5, "0/0[]").node.expect("it runs");
    let after_reply = |reply: &str| {
        let mut traffic = Traffic::default();
        traffic
            .check_call(id(2), &first)
            .expect("for the first time");
        traffic.note_reply(&leader, &message(reply));
        traffic.check_call(id(2), &again)
    };
    let property = "No entry is sent twice without a loss";
    after_reply("2 t5 #2 AppendEntriesReply last 5/1")
        .expect("the call has not brought its entries");
    after_reply("2 t5 #2 AppendEntriesReply last 4/9").expect("the follower is somewhere else");
    assert_broken(after_reply("2 t4 #2 AppendEntriesReply last 5/1"), property);
    assert_broken(after_reply("3 t5 #2 AppendEntriesReply last 5/1"), property);
    assert_broken(after_reply("2 t5 #1 AppendEntriesReply last 5/1"), property);
    let mut traffic = Traffic::default();
    traffic
        .check_call(id(2), &first)
        .expect("for the first time");
    traffic
        .check_call(id(3), &again)
        .expect("to another follower");
    assert_broken(traffic.check_call(id(2), &again), property);
}
