//! What goes beyond the document: `leader_id`, `match_index`, `since`, and reads with a status.

use raftbare::{LogEntries, LogEntry, Node, ReadStatus};
use raftbare_tests::values::{
    append_call, append_reply, at, candidate, commands, config, drain, entries, follower, id,
    index, leader, term, vote_call,
};

const LOG: &str = "snapshot {1,2,3} log 0/0[term(1) cmd]";

#[test]
fn the_leader_is_known_once_it_has_called_and_until_the_next_timeout() {
    let mut node = follower(1, 1, None, LOG);
    assert_eq!(node.leader_id(), None);
    node.handle_message(vote_call(3, 2, 1, at(1, 2)));
    assert_eq!((node.voted_for(), node.leader_id()), (Some(id(3)), None)); // a vote makes no leader
    node.handle_message(append_call(2, 2, 1, 0, LogEntries::new(at(1, 2))));
    assert_eq!(node.leader_id(), Some(id(2)));
    node.handle_message(vote_call(3, 3, 1, at(1, 2)));
    assert_eq!(node.leader_id(), None); // of term 3 it knows no leader
    node.handle_message(append_call(3, 3, 2, 0, LogEntries::new(at(1, 2))));
    assert_eq!(node.leader_id(), Some(id(3)));
    node.handle_election_timeout();
    assert_eq!(node.leader_id(), None);
}

#[test]
fn a_leader_names_itself_and_a_candidate_nobody() {
    assert_eq!(leader(1, 2, LOG).leader_id(), Some(id(1)));
    assert_eq!(candidate(1, 2, LOG).leader_id(), None);
    assert_eq!(Node::start(id(1)).leader_id(), None);
}

#[test]
fn match_indexes_are_the_leaders_alone_to_tell() {
    let mut node = leader(1, 2, LOG); // the log ends at 2/3, the call of its `Term` entry is #2
    assert_eq!(node.match_index(id(1)), Some(index(3)));
    assert_eq!(
        [2, 3].map(|member| node.match_index(id(member))),
        [Some(index(0)); 2]
    );
    assert_eq!(node.match_index(id(4)), None);
    node.handle_message(append_reply(2, 2, 2, at(1, 2)));
    assert_eq!(node.match_index(id(2)), Some(index(2)));
    node.propose_command();
    assert_eq!(node.match_index(id(1)), Some(index(3))); // the append waits to be stored
    drain(&mut node);
    assert_eq!(node.match_index(id(1)), Some(index(4)));
    node.handle_message(append_call(3, 3, 1, 0, LogEntries::new(at(1, 2))));
    assert_eq!(
        [1, 2, 3].map(|member| node.match_index(id(member))),
        [None; 3]
    );
}

#[test]
fn entries_since_a_position_are_the_rest_with_the_same_positions() {
    let all = entries(
        at(1, 4),
        [
            LogEntry::Command,
            LogEntry::Term(term(2)),
            LogEntry::ClusterConfig(config(&[1])),
            LogEntry::Command,
        ],
    );
    assert_eq!(all.since(at(1, 4)), Some(all.clone()));
    let listed: Vec<_> = all.iter_with_positions().collect();
    for (place, &(position, _)) in listed.iter().enumerate() {
        let rest = all.since(position).expect("the position is inside");
        assert_eq!(rest.prev_position(), position);
        assert_eq!(rest.last_position(), all.last_position());
        assert!(
            rest.iter_with_positions()
                .eq(listed[place + 1..].iter().cloned())
        );
        let same =
            LogEntries::from_iter(position, listed[place + 1..].iter().map(|(_, e)| e.clone()));
        assert_eq!(rest, same);
    }
    for outside in [at(0, 0), at(1, 3), at(2, 5), at(1, 6), at(2, 9)] {
        assert_eq!(all.since(outside), None, "{outside}");
    }
    let few = commands(at(7, u64::MAX - 2), 2);
    assert_eq!(
        few.since(at(7, u64::MAX)),
        Some(LogEntries::new(at(7, u64::MAX)))
    );
}

#[test]
fn a_read_goes_from_pending_to_ready_or_lost() {
    let mut node = leader(1, 2, LOG);
    node.handle_message(append_reply(2, 2, 2, at(2, 3)));
    drain(&mut node);
    let read = node.read_index().expect("it leads");
    assert_eq!(node.read_status(read), ReadStatus::Pending);
    drain(&mut node);
    node.handle_message(append_reply(3, 2, 3, at(2, 3)));
    assert_eq!(node.read_status(read), ReadStatus::Ready(index(3)));
    let lost = node.read_index().expect("it leads");
    node.handle_message(append_call(3, 3, 1, 0, LogEntries::new(at(2, 3))));
    assert_eq!(
        [read, lost].map(|token| node.read_status(token)),
        [ReadStatus::Lost; 2]
    );
    assert_eq!(node.read_index(), None);
    assert_eq!(candidate(1, 2, LOG).read_index(), None);
}
