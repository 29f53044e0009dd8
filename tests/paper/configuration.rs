//! §6: changes of the configuration.

use raftbare::{ClusterConfig, LogEntries, LogPosition, Node, Role};
use raftbare_tests::values::{
    append_call, append_reply, assert_actions, at, config, drain, follower, id, ids, index, joint,
    leader, set, vote, with_non_voters,
};

/// With the leader's `Term` entry of term 3 it ends at 3/2; the newest call is #2 then.
const LOG: &str = "snapshot {1,2,3} log 0/0[term(1)]";

#[test]
fn section_6_a_configuration_is_in_force_as_soon_as_it_is_in_the_log() {
    let mut node = leader(1, 3, LOG);
    let joint = joint(&[1, 2, 3], &[1, 2, 3, 4]);
    assert_eq!(node.propose_config(joint.clone()), at(3, 3));
    assert_eq!(*node.config(), joint);
    assert!(node.peers().eq(ids(&[2, 3, 4])));
    assert_actions(
        &mut node,
        &[
            "BroadcastMessage 1 t3 #3 AppendEntriesCall commit 0 prev 3/2[config({1,2,3}->{1,2,3,4})]",
            "AppendLogEntries 3/2[config({1,2,3}->{1,2,3,4})]",
        ],
    );
    // The new one answers the very call that made it a member, and gets all it lacks.
    node.handle_message(append_reply(4, 3, 3, at(0, 0)));
    assert_actions(
        &mut node,
        &["SendMessage 4 1 t3 #4 AppendEntriesCall commit 0 \
           prev 0/0[term(1) term(3) config({1,2,3}->{1,2,3,4})]"],
    );
}

#[test]
fn section_6_a_follower_uses_the_configuration_as_soon_as_it_is_in_its_log() {
    let mut node = follower(4, 3, Some(1), "snapshot {} log 0/0[]");
    let call =
        "1 t3 #4 AppendEntriesCall commit 0 prev 0/0[term(1) term(3) config({1,2,3}->{1,2,3,4})]";
    node.handle_message(raftbare_sim::notation::parse_message(call).expect("a message"));
    assert_eq!(*node.config(), joint(&[1, 2, 3], &[1, 2, 3, 4]));
    drain(&mut node);
    node.handle_election_timeout();
    assert_eq!(node.role(), Role::Candidate); // a voter to come
}

#[test]
fn section_6_a_proposal_that_does_not_fit_is_refused_and_changes_nothing() {
    let mut in_between = leader(1, 3, LOG);
    in_between.propose_config(joint(&[1, 2, 3], &[1, 2]));
    let overlap = ClusterConfig {
        non_voters: set(&[4]),
        ..joint(&[1, 2, 3], &[3, 4])
    };
    for (node, proposal) in [
        (leader(1, 3, LOG), config(&[1, 2])),            // other voters
        (leader(1, 3, LOG), config(&[1, 2, 3, 4])),      // likewise
        (leader(1, 3, LOG), joint(&[1, 2], &[1, 2, 3])), // likewise
        (leader(1, 3, LOG), ClusterConfig::new()),       // likewise
        (leader(1, 3, LOG), with_non_voters(&[1, 2, 3], &[3])), // voter and non-voter
        (leader(1, 3, LOG), overlap),                    // voter to come and non-voter
        (in_between.clone(), joint(&[1, 2, 3], &[1])),   // a change is in progress
        (in_between.clone(), config(&[1, 2, 3])),        // likewise
        (in_between.clone(), with_non_voters(&[1, 2, 3], &[4])), // likewise
        (follower(1, 3, None, LOG), joint(&[1, 2, 3], &[1, 2])), // no leader
        (Node::start(id(1)), ClusterConfig::new()),      // likewise
    ] {
        let mut after = node.clone();
        assert_eq!(
            after.propose_config(proposal.clone()),
            LogPosition::INVALID,
            "{proposal}"
        );
        assert_eq!(after, node);
    }
}

#[test]
fn section_6_the_final_configuration_is_proposed_when_the_joint_one_is_committed() {
    let mut node = leader(1, 3, LOG);
    node.propose_config(joint(&[1, 2, 3], &[1, 2, 3, 4]));
    drain(&mut node);
    node.handle_message(append_reply(2, 3, 3, at(3, 3)));
    assert_actions(&mut node, &[]); // two of three, but two of four
    node.handle_message(append_reply(3, 3, 3, at(3, 3)));
    assert_eq!(
        (node.commit_index(), node.config()),
        (index(3), &config(&[1, 2, 3, 4]))
    );
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "BroadcastMessage 1 t3 #4 AppendEntriesCall commit 3 prev 3/3[config({1,2,3,4})]",
            "AppendLogEntries 3/3[config({1,2,3,4})]",
        ],
    );
    // That is all: its own commit triggers nothing more.
    node.handle_message(append_reply(2, 3, 4, at(3, 4)));
    node.handle_message(append_reply(3, 3, 4, at(3, 4)));
    assert_eq!(node.commit_index(), index(4));
    assert_actions(&mut node, &[]);
}

#[test]
fn section_6_the_final_configuration_keeps_the_non_voters() {
    let mut node = leader(1, 3, "snapshot {1}+{8,9} log 0/0[term(1)]");
    let change = node.config().to_joint_consensus(&ids(&[8]), &[]);
    node.propose_config(change);
    drain(&mut node);
    node.handle_message(append_reply(8, 3, 3, at(3, 3)));
    assert_eq!(*node.config(), with_non_voters(&[1, 8], &[9]));
}

#[test]
fn section_6_whoever_inherits_a_change_finishes_it_after_its_own_entry() {
    let log = "snapshot {1,2,3} log 0/0[term(1) config({1,2,3}->{1,2,3,4})]";
    let mut node = follower(1, 2, Some(2), log);
    // It knows even that the joint configuration is committed.
    node.handle_message(append_call(2, 2, 1, 2, LogEntries::new(at(1, 2))));
    assert_eq!(node.commit_index(), index(2));
    node.handle_election_timeout();
    for voter in [2, 3] {
        node.handle_message(vote(voter, 3, 1));
    }
    drain(&mut node); // #2 with its `Term` entry, 3/3
    assert_eq!(node.role(), Role::Leader);
    node.handle_message(append_reply(2, 3, 2, at(1, 2)));
    drain(&mut node); // the repair #3
    assert!(node.config().is_joint_consensus());
    node.handle_message(append_reply(2, 3, 3, at(3, 3)));
    assert!(node.config().is_joint_consensus());
    node.handle_message(append_reply(3, 3, 2, at(3, 3)));
    assert_actions(
        &mut node,
        &[
            "SetElectionTimeout",
            "BroadcastMessage 1 t3 #4 AppendEntriesCall commit 3 prev 3/3[config({1,2,3,4})]",
            "AppendLogEntries 3/3[config({1,2,3,4})]",
        ],
    );
}

#[test]
fn section_6_a_leader_outside_the_new_configuration_steps_down_at_its_commit_and_keeps_its_vote() {
    let mut node = leader(1, 3, LOG);
    node.propose_config(joint(&[1, 2, 3], &[2, 3]));
    drain(&mut node); // #3
    for other in [2, 3] {
        node.handle_message(append_reply(other, 3, 3, at(3, 3)));
    }
    assert_eq!(
        (node.role(), node.config()),
        (Role::Leader, &config(&[2, 3]))
    );
    drain(&mut node); // #4
    node.handle_message(append_reply(2, 3, 4, at(3, 4)));
    assert_eq!((node.role(), node.commit_index()), (Role::Leader, index(3))); // it does not count itself
    node.propose_command(); // a leader till the end
    node.handle_message(append_reply(3, 3, 4, at(3, 4)));
    assert_eq!(
        (node.role(), node.commit_index()),
        (Role::Follower, index(4))
    );
    assert_eq!(
        (node.voted_for(), node.current_term().get()),
        (Some(id(1)), 3)
    );
    assert_actions(
        &mut node,
        &["SetElectionTimeout", "AppendLogEntries 3/4[cmd]"],
    );
    node.handle_election_timeout();
    assert_actions(&mut node, &["SetElectionTimeout"]); // and it does not come back
}

#[test]
fn section_6_an_elected_outsider_leads_until_its_own_entry_is_committed() {
    let log = "snapshot {1,2,3} log 0/0[term(1) config({1,2,3}->{2,3}) config({2,3})]";
    let mut node = leader(1, 3, log); // ends at 3/4
    node.handle_message(append_reply(2, 3, 2, at(3, 4)));
    assert_eq!(node.role(), Role::Leader);
    node.handle_message(append_reply(3, 3, 2, at(3, 4)));
    assert_eq!(
        (node.role(), node.commit_index()),
        (Role::Follower, index(4))
    );
    assert_actions(&mut node, &["SetElectionTimeout"]);
}

#[test]
fn section_6_a_final_configuration_or_a_change_of_non_voters_blocks_no_other_change() {
    let mut node = leader(1, 3, LOG);
    assert_eq!(
        node.propose_config(with_non_voters(&[1, 2, 3], &[4])),
        at(3, 3)
    );
    assert_eq!(
        node.propose_config(with_non_voters(&[1, 2, 3], &[4, 5])),
        at(3, 4)
    );
    let change = node.config().to_joint_consensus(&ids(&[4]), &[]);
    assert_eq!(node.propose_config(change), at(3, 5));
    drain(&mut node); // #3
    for other in [2, 3] {
        node.handle_message(append_reply(other, 3, 3, at(3, 5)));
    }
    assert_eq!(*node.config(), with_non_voters(&[1, 2, 3, 4], &[5]));
    let next = node.config().to_joint_consensus(&[], &ids(&[2]));
    assert_eq!(node.propose_config(next), at(3, 7));
}

#[test]
fn section_6_of_two_new_voters_both_majorities_decide() {
    // {1} -> {1,2,3}: node 1 alone is the old majority, not the new one.
    let mut node = leader(1, 3, "snapshot {1} log 0/0[term(1)]"); // ends at 3/2, #1
    node.propose_config(joint(&[1], &[1, 2, 3]));
    assert_actions(
        &mut node,
        &[
            "BroadcastMessage 1 t3 #2 AppendEntriesCall commit 2 prev 3/2[config({1}->{1,2,3})]",
            "AppendLogEntries 3/2[config({1}->{1,2,3})]",
        ],
    );
    assert_eq!(node.commit_index(), index(2));
    node.handle_message(append_reply(3, 3, 2, at(3, 3)));
    assert_eq!(
        (node.commit_index(), node.config()),
        (index(3), &config(&[1, 2, 3]))
    );
}

#[test]
fn section_6_elections_in_a_joint_configuration_need_both_majorities() {
    let log = "snapshot {1,2,3}->{3,4,5} log 0/0[term(1)]";
    for (voting, is_elected) in [
        (&[2, 3][..], false),
        (&[4, 5], false),
        (&[2, 4, 5], true),
        (&[3, 4], true),
    ] {
        let mut node = raftbare_tests::values::candidate(1, 3, log);
        for &voter in voting {
            node.handle_message(vote(voter, 3, 1));
        }
        assert_eq!(node.role().is_leader(), is_elected, "{voting:?}");
    }
}

#[test]
fn section_6_a_cluster_that_has_shrunk_to_one_goes_on_alone() {
    let mut node = leader(1, 3, LOG);
    node.propose_config(joint(&[1, 2, 3], &[1]));
    drain(&mut node);
    node.handle_message(append_reply(2, 3, 3, at(3, 3)));
    assert_eq!(*node.config(), config(&[1]));
    assert_actions(
        &mut node,
        &["SetElectionTimeout", "AppendLogEntries 3/3[config({1})]"],
    );
    assert_eq!(node.commit_index(), index(4));
    let position = node.propose_command();
    assert_actions(&mut node, &["AppendLogEntries 3/4[cmd]"]);
    assert!(node.get_commit_status(position).is_committed());
    assert!(node.heartbeat());
    assert_actions(&mut node, &[]); // nobody is there to be told
}

/// What follows from a commit that comes about by storing alone happens at the next input.
#[test]
fn section_6_a_sole_voter_finishes_its_change_at_the_next_input() {
    let mut node = leader(1, 3, "snapshot {1} log 0/0[term(1)]");
    node.propose_config(joint(&[1], &[1, 2]));
    drain(&mut node);
    node.handle_message(append_reply(2, 3, 2, at(3, 3)));
    assert_eq!(*node.config(), config(&[1, 2]));
    drain(&mut node);
    node.handle_message(append_reply(2, 3, 3, at(3, 4)));
    node.propose_config(joint(&[1, 2], &[1]));
    drain(&mut node); // #4 with 3/5
    node.handle_message(append_reply(2, 3, 4, at(3, 5)));
    assert_eq!(*node.config(), config(&[1])); // 3/6 is pending
    assert_eq!(node.commit_index(), index(5));
    drain(&mut node);
    assert_eq!(node.commit_index(), index(6));
    // A change of the one voter for another: joint needs both.
    node.propose_config(joint(&[1], &[2]));
    drain(&mut node);
    assert_eq!(node.commit_index(), index(6));
}

#[test]
fn section_6_a_node_removed_and_added_again_in_one_term_starts_from_nothing() {
    let mut node = leader(1, 3, LOG);
    node.handle_message(append_reply(3, 3, 2, at(3, 2)));
    node.propose_config(joint(&[1, 2, 3], &[1, 2]));
    drain(&mut node); // #3
    assert_eq!(node.match_index(id(3)), Some(index(2)));
    node.handle_message(append_reply(2, 3, 3, at(3, 3)));
    assert_eq!(
        (node.match_index(id(3)), node.config()),
        (None, &config(&[1, 2]))
    );
    drain(&mut node); // #4
    node.handle_message(append_reply(2, 3, 4, at(3, 4)));
    node.propose_config(joint(&[1, 2], &[1, 2, 3]));
    drain(&mut node); // #5
    assert_eq!(node.match_index(id(3)), Some(index(0)));
    let before = node.clone();
    for late in [3, 4] {
        node.handle_message(append_reply(3, 3, late, at(3, 3)));
        assert_eq!(node, before, "a late answer from before it was removed");
    }
    node.handle_message(append_reply(3, 3, 5, at(0, 0))); // it has lost its log meanwhile
    assert_actions(
        &mut node,
        &[
            "SendMessage 3 1 t3 #6 AppendEntriesCall commit 4 prev 0/0[term(1) term(3) \
           config({1,2,3}->{1,2}) config({1,2}) config({1,2}->{1,2,3})]",
        ],
    );
}

#[test]
fn section_6_a_non_voter_gets_the_log_and_stays_out_of_elections() {
    let mut node = leader(1, 3, LOG);
    node.propose_config(with_non_voters(&[1, 2, 3], &[4]));
    assert!(node.peers().eq(ids(&[2, 3, 4])));
    drain(&mut node);
    node.handle_message(append_reply(4, 3, 3, at(0, 0)));
    assert_actions(
        &mut node,
        &[
            "SendMessage 4 1 t3 #4 AppendEntriesCall commit 0 prev 0/0[term(1) term(3) config({1,2,3}+{4})]",
        ],
    );
    node.handle_message(append_reply(4, 3, 4, at(3, 3)));
    assert_eq!(
        (node.match_index(id(4)), node.commit_index()),
        (Some(index(3)), index(0))
    );
}

#[test]
fn section_6_a_joint_configuration_that_a_snapshot_commits_is_left_too() {
    let mut leader = leader(1, 2, "snapshot {1,2,3} log 0/0[term(1)]");
    let joint = joint(&[1, 2, 3], &[1, 2]);
    let position = leader.propose_config(joint.clone());
    drain(&mut leader);
    assert!(leader.handle_snapshot_installed(position, joint));
    leader.handle_election_timeout();
    assert_eq!(*leader.config(), config(&[1, 2]));
}
