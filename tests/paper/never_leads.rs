//! A voter that does not call for votes, by its own choice: all else is as the paper has it.

use raftbare::{Node, NodeId};
use raftbare_tests::values::{
    append_call, assert_actions, at, candidate, commands, drain, follower, id, ids, leader,
    pre_vote_call, stable, term, vote, vote_call,
};

/// Ends at 1/4.
const LOG: &str = "snapshot {1,2,3} log 0/0[term(1) cmd*3]";

fn never_leads(mut node: Node) -> Node {
    let mut options = *node.options();
    options.never_leads = true;
    node.set_options(options);
    node
}

#[test]
fn its_timeouts_start_no_election_and_no_pre_vote() {
    for node in [
        follower(1, 2, None, LOG),
        stable(follower(1, 2, None, LOG), 8),
    ] {
        let mut node = never_leads(node);
        for _ in 0..100 {
            node.handle_election_timeout();
            assert_actions(&mut node, &["SetElectionTimeout"]);
        }
        assert!(node.role().is_follower());
        assert_eq!((node.current_term(), node.voted_for()), (term(2), None));
    }
}

#[test]
fn section_5_2_it_votes_acknowledges_and_answers_pre_votes_as_any_other() {
    let mut plain = follower(1, 2, None, LOG);
    let mut node = never_leads(plain.clone());
    let messages = [
        pre_vote_call(2, 3, 1, at(1, 4)),
        vote_call(2, 3, 1, at(1, 4)),
        append_call(2, 3, 2, 0, commands(at(1, 4), 1)),
        vote_call(3, 4, 1, at(1, 4)),
        append_call(3, 3, 2, 0, commands(at(1, 4), 1)),
    ];
    for message in messages {
        plain.handle_message(message.clone());
        node.handle_message(message);
        assert_eq!(drain(&mut node), drain(&mut plain));
    }
}

#[test]
fn section_6_its_timeout_ends_the_contact_with_the_leader() {
    let mut node = never_leads(follower(1, 2, Some(2), LOG));
    node.handle_message(append_call(2, 2, 1, 0, commands(at(1, 4), 0)));
    node.handle_message(vote_call(9, 7, 1, at(6, 99))); // no voter: a disturbance
    assert_eq!(node.current_term(), term(2));
    node.handle_election_timeout();
    node.handle_message(vote_call(9, 7, 1, at(6, 99)));
    assert_eq!(node.voted_for(), Some(id(9)));
}

#[test]
fn alone_it_leads_as_nobody_else_can() {
    for node in [Node::start(id(1)), stable(Node::start(id(1)), 8)] {
        let mut node = never_leads(node);
        assert!(!node.create_cluster(&ids(&[1])).is_invalid());
        assert!(node.role().is_leader());
    }
    let alone = "snapshot {1} log 0/0[term(1) cmd*3]";
    let mut node = never_leads(follower(1, 2, None, alone));
    node.handle_election_timeout();
    assert!(node.role().is_leader());
    // In a joint configuration it is no majority of both halves.
    let joint = "snapshot {1,2,3} log 0/0[term(1) config({1,2,3}->{1})]";
    let mut node = never_leads(follower(1, 2, None, joint));
    node.handle_election_timeout();
    assert!(node.role().is_follower());
}

#[test]
fn the_first_election_of_a_cluster_that_it_founds_is_held() {
    let mut node = never_leads(Node::start(id(1)));
    node.create_cluster(&[1, 2, 3].map(NodeId::new));
    assert!(node.role().is_candidate());
    node.handle_message(vote(2, 1, 1));
    assert!(node.role().is_leader());
}

#[test]
fn who_leads_or_campaigns_already_goes_on() {
    let mut node = never_leads(leader(1, 2, LOG));
    node.handle_election_timeout();
    assert!(node.role().is_leader());
    assert_eq!(drain(&mut node).len(), 2); // the timer and a heartbeat
    let mut node = never_leads(candidate(1, 2, LOG));
    node.handle_message(vote(2, 2, 1));
    assert!(node.role().is_leader());
}
