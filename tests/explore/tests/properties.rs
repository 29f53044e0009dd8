//! Each property, on a state in which it does not hold.

use raftbare::{
    LogEntry, LogIndex, LogPosition, Message, MessageHeader, MessageSeqNo, Node, NodeId,
    NodeOptions, Term,
};
use raftbare_explore::bounds::{Crash, disks};
use raftbare_explore::history::History;
use raftbare_explore::properties;
use raftbare_explore::step::{Input, Local};
use raftbare_sim::checker::Verdict;
use raftbare_sim::disk::Disk;
use raftbare_sim::integration::Integration;
use raftbare_sim::server::{Payload, Server};

/// Servers that start from these disks, with all actions executed.
fn servers(script: &str) -> Vec<Server> {
    let disks = disks(script).expect("a start");
    let server = |(disk, id): (Disk, u64)| {
        let mut server = Server::new(NodeId::new(id), None);
        server.disk = disk;
        Local::start(server, Default::default()).server
    };
    disks.into_iter().zip(1..).map(server).collect()
}

fn server(log: &str) -> Server {
    servers(&format!("restart 1 t3 vote - snapshot {{1,2,3}} log {log}")).remove(0)
}

fn node(server: &Server) -> &Node {
    server.node.as_ref().expect("it runs")
}

/// A sole voter, which leads as soon as its timer fires.
fn leader(id: u64, term: u64, log: &str) -> Server {
    let start: String = (1..=id)
        .map(|it| {
            format!(
                "restart {it} t{} vote - snapshot {{{id}}} log {log}\n",
                term - 1
            )
        })
        .collect();
    let server = servers(&start).pop().expect("the last");
    let outcomes = Local::start(server, Default::default()).outcomes(&Input::Timeout, Crash::Never);
    let leader = outcomes.last().expect("it ends").local.server.clone();
    assert!(node(&leader).role().is_leader());
    leader
}

fn property(verdict: Verdict) -> &'static str {
    verdict.expect_err("it does not hold").property
}

#[test]
fn log_matching() {
    let one = server("0/0[term(1) cmd term(2)]");
    for (other, fits) in [
        ("0/0[]", true),
        ("0/0[term(1) cmd]", true),
        ("0/0[term(1) cmd term(3)]", true),
        ("1/2[term(2)]", true),
        ("0/0[term(1) config({1}) term(2)]", false),
        ("0/0[term(2) cmd*2]", false),
    ] {
        let verdict = properties::log_matching(&one, &server(other));
        assert_eq!(verdict.is_ok(), fits, "{other}: {verdict:?}");
    }
    let mut other = one.clone();
    let position = LogPosition {
        term: Term::new(1),
        index: LogIndex::new(2),
    };
    other.commands.insert(position, 7);
    assert_eq!(
        property(properties::log_matching(&one, &other)),
        "Log Matching"
    );
}

#[test]
fn state_machine_safety() {
    let one = server("0/0[term(1) cmd]");
    let mut other = one.clone();
    assert_eq!(properties::states_match(&one, &other), Ok(()));
    other.state.digest ^= 1;
    assert_eq!(
        property(properties::states_match(&one, &other)),
        "State Machine Safety"
    );
    other.state.applied = LogIndex::new(1);
    assert_eq!(properties::states_match(&one, &other), Ok(()));

    // Each is a majority by itself, and commits its own entry.
    let history = History::default()
        .observe(&leader(1, 2, "0/0[term(1)]"))
        .expect("the first");
    assert_eq!(history.commit_index(), LogIndex::new(2));
    let other = history.observe(&leader(1, 3, "0/0[term(1)]"));
    assert_eq!(property(other.map(drop)), "State Machine Safety");
    let gap = History::default().observe(&server("1/3[]"));
    assert_eq!(property(gap.map(drop)), "State Machine Safety");
}

#[test]
fn election_safety() {
    let history = History::default()
        .observe(&leader(1, 2, "0/0[]"))
        .expect("the first");
    let second = leader(2, 2, "0/0[]");
    assert_eq!(
        property(history.observe(&second).map(drop)),
        "Election Safety"
    );
    assert!(History::default().observe(&second).is_ok());
}

#[test]
fn leader_completeness() {
    let history = History::default()
        .observe(&leader(1, 2, "0/0[term(1)]"))
        .expect("it commits");
    let mut later = leader(2, 3, "0/0[]");
    // Its own commits would be noticed first.
    let mut config = node(&later).config().clone();
    config.voters.insert(NodeId::new(1));
    let actions = later.node.as_mut().expect("it runs");
    actions.propose_config(config);
    let verdict = history.observe(&later).map(drop);
    assert!(matches!(
        property(verdict),
        "Leader Completeness" | "State Machine Safety"
    ));
}

#[test]
fn leader_append_only() {
    let before = leader(1, 2, "0/0[term(1) cmd]");
    let after = leader(1, 2, "0/0[term(1)]");
    let verdict = properties::leader_append_only(node(&before), node(&after));
    assert_eq!(property(verdict), "Leader Append-Only");
    assert_eq!(
        properties::leader_append_only(node(&after), node(&after)),
        Ok(())
    );
}

#[test]
fn nothing_goes_back() {
    let [one, two] = [leader(1, 2, "0/0[]"), leader(1, 3, "0/0[]")];
    assert_eq!(
        property(properties::never_back(&two, &one)),
        "Term never goes back"
    );
    let fresh = servers("restart 1 t2 vote - snapshot {1} log 0/0[]").remove(0);
    assert_eq!(
        property(properties::never_back(&one, &fresh)),
        "Commit index never goes back"
    );
    let mut applied = one.clone();
    applied.state.applied = LogIndex::ZERO;
    assert_eq!(
        property(properties::never_back(&one, &applied)),
        "The state never goes back"
    );
    assert_eq!(properties::never_back(&one, &one), Ok(()));

    let verdict = properties::stored_term_never_back(&two.disk, &one.disk);
    assert_eq!(property(verdict), "Stored term never goes back");
}

fn header(from: u64, term: u64) -> MessageHeader {
    MessageHeader {
        from: NodeId::new(from),
        term: Term::new(term),
        seqno: MessageSeqNo::new(1),
    }
}

#[test]
fn one_vote_per_term() {
    let voters = "restart 1 t2 vote 2 snapshot {1,2,3} log 0/0[]";
    let [two, three] =
        [voters, &voters.replace("vote 2", "vote 3")].map(|it| servers(it).remove(0));
    let verdict = properties::one_vote_per_term(node(&two), node(&three), None);
    assert_eq!(property(verdict), "One vote per term");
    let call = Message::AppendEntriesCall {
        header: header(3, 2),
        commit_index: LogIndex::ZERO,
        entries: raftbare::LogEntries::new(LogPosition::ZERO),
    };
    // Server 3 leads this term: the vote is its own now.
    assert_eq!(
        properties::one_vote_per_term(node(&two), node(&three), Some(&call)),
        Ok(())
    );
    assert!(properties::one_vote_per_term(node(&three), node(&two), Some(&call)).is_err());
}

#[test]
fn persist_before_send() {
    let server = servers("restart 1 t2 vote 2 snapshot {1,2,3} log 0/0[term(1) cmd]").remove(0);
    let before = node(&server);
    let vote = |term| Message::RequestVoteReply {
        header: header(1, term),
        vote_granted: true,
    };
    let entries = |index| Message::AppendEntriesReply {
        header: header(1, 2),
        last_position: LogPosition {
            term: Term::new(1),
            index: LogIndex::new(index),
        },
    };
    let call = Message::RequestVoteCall {
        header: header(1, 2),
        last_position: LogPosition::ZERO,
    };
    for (to, message, is_stored) in [
        (2, vote(2), true),
        (3, vote(2), false),
        (2, vote(3), false),
        (2, entries(2), true),
        (2, entries(3), false),
        (2, call, false),
    ] {
        let verdict = properties::persist_before_send(before, &server, NodeId::new(to), &message);
        assert_eq!(verdict.is_ok(), is_stored, "{message} to {to}: {verdict:?}");
    }
}

/// The leader 1 of term 2, as it counts the follower 2 up to 2/2, and when that has told of a lost tail.
fn counting_and_refusing() -> [Local; 2] {
    let start = "restart 1 t1 vote - snapshot {1,2,3} log 0/0[term(1)]";
    let mut counting = Local::start(servers(start).remove(0), Default::default());
    let reply = |seqno, last| Message::AppendEntriesReply {
        header: MessageHeader {
            seqno: MessageSeqNo::new(seqno),
            ..header(2, 2)
        },
        last_position: last,
    };
    let vote = Message::RequestVoteReply {
        header: header(2, 2),
        vote_granted: true,
    };
    let mut options = NodeOptions::default();
    options.refuses_lost_tail = true;
    let mut give = |input: &dyn Fn(&mut Node)| {
        input(counting.server.node.as_mut().expect("it runs"));
        while counting.server.next_effect().is_some() {}
        counting.clone()
    };
    give(&|node| node.set_options(options));
    give(&Node::handle_election_timeout);
    give(&|node| node.handle_message(vote.clone()));
    let last = |term, index| LogPosition {
        term: Term::new(term),
        index: LogIndex::new(index),
    };
    let before = give(&|node| node.handle_message(reply(2, last(2, 2))));
    give(&Node::handle_election_timeout);
    let after = give(&|node| node.handle_message(reply(3, last(1, 1))));
    assert!(after.node().has_lost_tail(NodeId::new(2)));
    [before, after]
}

#[test]
fn what_is_acknowledged_is_stored_and_only_who_forgets_is_refused() {
    let [counting, refusing] = counting_and_refusing();
    let followers = |log: &str| {
        let all = format!("restart 1,2 t2 vote 1 snapshot {{1,2,3}} log {log}");
        Local::start(servers(&all).remove(1), Default::default())
    };
    let mut follower = followers("0/0[term(1) term(2)]");
    assert_eq!(
        properties::acknowledged_is_stored(&counting, &follower),
        Ok(())
    );
    assert_eq!(
        property(properties::acknowledged_is_stored(&refusing, &follower)),
        "Stored stays"
    );
    follower = followers("0/0[term(1)]");
    assert_eq!(
        property(properties::acknowledged_is_stored(&counting, &follower)),
        "Acknowledged is stored"
    );
    follower.has_forgotten = true;
    for leader in [&counting, &refusing] {
        assert_eq!(
            properties::acknowledged_is_stored(leader, &follower),
            Ok(())
        );
    }
    let verdict = properties::refused_stays_refused(refusing.node(), counting.node());
    assert_eq!(property(verdict), "A lost tail is refused");
    for (before, after) in [(&counting, &refusing), (&refusing, &refusing)] {
        let verdict = properties::refused_stays_refused(before.node(), after.node());
        assert_eq!(verdict, Ok(()));
    }
}

#[test]
fn what_is_committed_is_stored_by_a_majority() {
    let log = "0/0[term(1) cmd]";
    let of = |config: &str, log: &str| {
        let start = format!("restart 1,2,3,4 t1 vote - snapshot {config} log {log}");
        servers(&start)
    };
    for (config, with, is_enough) in [
        ("{1,2,3}", &[1, 3][..], true),
        ("{1,2,3}", &[3, 4], false),
        ("{1,2,3}", &[2], false),
        ("{1,2,3}->{3,4}", &[2, 3, 4], true),
        ("{1,2,3}->{3,4}", &[1, 2, 3], false),
        ("{1,2,3}->{3,4}", &[3, 4], false),
    ] {
        let (all, none) = (of(config, log), of(config, "0/0[]"));
        let disks = (1..=4).zip(all.iter().zip(&none)).map(|(id, (all, none))| {
            let server = if with.contains(&id) { all } else { none };
            (NodeId::new(id), &server.disk)
        });
        let verdict =
            properties::committed_is_stored(node(&all[0]), LogIndex::new(2), &disks.collect());
        assert_eq!(
            verdict.is_ok(),
            is_enough,
            "{config}, {with:?}: {verdict:?}"
        );
    }
}

/// A command that arrives with a call is the server's, as the simulator delivers it.
#[test]
fn a_message_arrives_with_its_commands_and_may_be_cut() {
    let local = Local::start(server("0/0[]"), Default::default());
    let mut entries = raftbare::LogEntries::new(LogPosition::ZERO);
    entries.push(LogEntry::Term(Term::new(3)));
    entries.push(LogEntry::Command);
    let message = Message::AppendEntriesCall {
        header: header(2, 3),
        commit_index: LogIndex::ZERO,
        entries,
    };
    let payload = Payload::Raft(message, vec![5]);
    for (cut, last, stored) in [(None, "3/2", 2), (Some(1), "3/1", 1)] {
        let outcomes = local.outcomes(&Input::Receive(payload.clone(), cut), Crash::LosesMemory);
        let whole = &outcomes.last().expect("it ends").local.server;
        assert_eq!(node(whole).log().last_position().to_string(), last);
        // Among the crashes there is one after each entry of the write.
        let disks = outcomes
            .iter()
            .map(|outcome| outcome.local.server.disk.entries.len());
        let disks: std::collections::BTreeSet<_> = disks.collect();
        assert_eq!(disks, (0..=stored).collect());
    }
}
