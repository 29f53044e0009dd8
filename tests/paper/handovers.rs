//! thesis §3.10: how a transfer of leadership goes in a cluster, and how it fails.

use raftbare::{Message, MessageKind, Node, NodeOptions, StableLeadership};
use raftbare_tests::cluster::{run, run_with, sent};
use raftbare_tests::values::{
    append_call, append_reply, at, commands, drain, follower, id, leader, stable, take_events,
    term, vote, with_events, with_options,
};

const LOG: &str = "snapshot {1,2,3} log 0/0[term(1)]";

/// Nodes with these options that tell events, led by node 1 in term 1, all of its log everywhere.
fn cluster(size: u64, options: NodeOptions) -> Vec<Node> {
    let ids: Vec<_> = (1..=size).map(id).collect();
    let start = |&id| with_events(with_options(Node::start(id), |it| *it = options));
    let mut nodes: Vec<_> = ids.iter().map(start).collect();
    nodes[0].create_cluster(&ids);
    run(&mut nodes, |_, _| true);
    beat(&mut nodes);
    take_events(&mut nodes[0]);
    nodes
}

/// With stable leadership and without it.
fn both() -> [NodeOptions; 2] {
    let mut stable = NodeOptions::default();
    stable.stable_leadership = Some(StableLeadership::default());
    [NodeOptions::default(), stable]
}

/// The leaders beat, and everything arrives.
fn beat(nodes: &mut [Node]) {
    for node in nodes.iter_mut().filter(|node| node.role().is_leader()) {
        node.handle_election_timeout();
    }
    run(nodes, |_, _| true);
}

fn is_order(message: &Message) -> bool {
    message.kind() == MessageKind::CampaignNow
}

/// The order that the leader has just sent to `to`, taken out of the messages that it has sent.
fn take_order(nodes: &mut [Node], to: u64) -> Message {
    let messages = sent(&mut nodes[..1]);
    let mut orders = messages.into_iter().filter(|it| is_order(&it.2));
    let order = orders.next().expect("an order");
    assert_eq!((order.1, orders.next()), (to, None));
    order.2
}

#[test]
fn thesis_3_10_leadership_passes_by_one_election() {
    for options in both() {
        let mut nodes = cluster(5, options);
        nodes[0].propose_command(); // has to get there first
        assert!(nodes[0].transfer_leadership(id(4)));
        run(&mut nodes, |_, _| true);
        assert!(nodes[3].role().is_leader());
        assert!(nodes.iter().all(|node| node.current_term() == term(2)));
        assert_eq!(
            take_events(&mut nodes[0]),
            [
                "stepped down from t1: there is a higher term",
                "transfer to 4: done"
            ]
        );
        assert!(!nodes[3].propose_command().is_invalid());
    }
}

#[test]
fn thesis_3_10_heartbeats_that_arrive_while_the_target_campaigns_do_not_keep_it_from_winning() {
    for options in both() {
        let mut nodes = cluster(3, options);
        nodes[0].transfer_leadership(id(2));
        let order = take_order(&mut nodes, 2);
        nodes[1].handle_message(order);
        let calls = sent(&mut nodes[1..2]);
        nodes[0].handle_election_timeout();
        let beats = sent(&mut nodes[..1]);
        // At the third node the heartbeat is first: it is in contact as the call comes.
        for (_, to, beat) in beats.into_iter().filter(|it| it.1 == 3) {
            nodes[to as usize - 1].handle_message(beat);
        }
        drain(&mut nodes[2]);
        for (_, to, call) in calls.into_iter().filter(|it| it.1 == 3) {
            nodes[to as usize - 1].handle_message(call);
        }
        run(&mut nodes, |_, _| true);
        assert!(nodes[1].role().is_leader());
        assert_eq!(nodes[1].current_term(), term(2));
    }
}

#[test]
fn thesis_3_10_an_old_leader_that_misses_the_call_hears_of_the_term_by_its_next_heartbeat() {
    for options in both() {
        let mut nodes = cluster(3, options);
        nodes[0].transfer_leadership(id(2));
        run_with(&mut nodes, |_, to, message| {
            to != 1 || !message_of_vote(message)
        });
        beat(&mut nodes);
        assert!(nodes[1].role().is_leader() && nodes[0].role().is_follower());
        assert!(nodes.iter().all(|node| node.current_term() == term(2)));
    }
}

fn message_of_vote(message: &Message) -> bool {
    matches!(message, Message::RequestVoteCall { .. })
}

#[test]
fn thesis_3_10_a_lost_order_costs_a_timeout_of_the_leader() {
    for options in both() {
        let mut nodes = cluster(3, options);
        nodes[0].transfer_leadership(id(2));
        run_with(&mut nodes, |_, _, message| !is_order(message));
        assert!(nodes[0].role().is_leader());
        beat(&mut nodes);
        assert!(nodes[1].role().is_leader());
    }
}

#[test]
fn thesis_3_10_an_order_that_comes_after_an_abort_and_a_new_proposal_is_ignored() {
    for options in both() {
        let mut nodes = cluster(3, options);
        nodes[0].transfer_leadership(id(2));
        let late = take_order(&mut nodes, 2);
        assert!(nodes[0].abort_transfer());
        assert!(!nodes[0].propose_command().is_invalid());
        run(&mut nodes, |_, _| true);
        let before = nodes.clone();
        nodes[1].handle_message(late.clone());
        assert_eq!(nodes, before);
        beat(&mut nodes);
        nodes[1].handle_message(late);
        assert!(nodes[1].actions().is_empty() && nodes[0].role().is_leader());
        assert_eq!(take_events(&mut nodes[0]), ["transfer to 2: aborted"]);
    }
}

/// It cannot be called back; then there is an election at worst.
#[test]
fn thesis_3_10_an_order_on_its_way_at_the_abort_is_one_election_at_worst() {
    for options in both() {
        let mut nodes = cluster(3, options);
        nodes[0].transfer_leadership(id(2));
        let late = take_order(&mut nodes, 2);
        assert!(nodes[0].abort_transfer());
        nodes[1].handle_message(late);
        run(&mut nodes, |_, _| true);
        assert!(nodes[1].role().is_leader());
        assert!(nodes.iter().all(|node| node.current_term() == term(2)));
    }
}

#[test]
fn thesis_3_10_an_order_that_comes_twice_moves_nobody_twice() {
    for options in both() {
        let mut nodes = cluster(3, options);
        nodes[0].transfer_leadership(id(2));
        let order = take_order(&mut nodes, 2);
        nodes[1].handle_message(order.clone());
        let before = nodes[1].clone();
        nodes[1].handle_message(order.clone()); // as a candidate
        assert_eq!(nodes[1], before);
        run(&mut nodes, |_, _| true);
        let before = nodes[1].clone();
        nodes[1].handle_message(order.clone()); // as the leader
        assert_eq!(nodes[1], before);
        assert!(nodes[1].transfer_leadership(id(1)));
        run(&mut nodes, |_, _| true);
        let before = nodes[1].clone();
        nodes[1].handle_message(order); // as a follower, in a later term
        assert_eq!(nodes[1], before);
        assert!(nodes[0].role().is_leader());
    }
}

/// Four targets that do not take over, each for a reason of its own.
#[test]
fn thesis_3_10_a_transfer_to_a_target_that_does_not_take_over_costs_only_time() {
    for options in both() {
        for what in ["dead", "lagging", "never leads", "stuck"] {
            let mut nodes = cluster(3, options);
            match what {
                "never leads" => {
                    nodes[1] = with_options(nodes[1].clone(), |it| it.never_leads = true);
                }
                "stuck" => {
                    nodes[1] = with_options(nodes[1].clone(), |it| it.asynchronous_storage = true);
                    nodes[0].propose_command(); // what it writes is never reported
                    run(&mut nodes, |_, _| true);
                }
                _ => {}
            }
            // Who lags hears heartbeats, and never gets an entry.
            let passes = |_, to, message: &Message| match message {
                _ if to != 2 => true,
                Message::AppendEntriesCall { entries, .. } if what == "lagging" => {
                    entries.is_empty()
                }
                _ => what != "dead",
            };
            nodes[0].propose_command();
            run_with(&mut nodes, passes);
            assert!(nodes[0].transfer_leadership(id(2)));
            for _ in 0..options.transfer_timeouts {
                assert!(nodes[0].propose_command().is_invalid(), "{what}");
                nodes[0].handle_election_timeout();
                run_with(&mut nodes, passes);
            }
            assert_eq!(
                take_events(&mut nodes[0]),
                ["transfer to 2: timed out"],
                "{what}"
            );
            let position = nodes[0].propose_command();
            assert_eq!(position.term, term(1), "{what}");
            run_with(&mut nodes, passes);
            assert!(nodes[0].get_commit_status(position).is_committed());
            assert!(nodes.iter().all(|node| node.current_term() == term(1)));
        }
    }
}

#[test]
fn thesis_3_10_a_target_that_nobody_hears_costs_one_election() {
    for options in both() {
        let mut nodes = cluster(3, options);
        nodes[0].transfer_leadership(id(2));
        run_with(&mut nodes, |from, _, _| from != 2);
        assert!(nodes[1].role().is_candidate() && nodes[0].role().is_leader());
        beat(&mut nodes); // it is heard again, and answers in its term
        assert!(nodes[0].role().is_follower());
        nodes[0].handle_election_timeout();
        run(&mut nodes, |_, _| true);
        assert!(nodes[0].role().is_leader());
        assert!(nodes.iter().all(|node| node.current_term() == term(3)));
        let events = take_events(&mut nodes[0]);
        assert!(events.contains(&"transfer to 2: leadership lost".to_owned()));
    }
}

#[test]
fn thesis_3_10_a_target_far_behind_gets_the_snapshot_first() {
    let log = "snapshot {1,2,3} log 3/9[cmd]";
    let mut node = leader(1, 4, log);
    node.handle_message(append_reply(2, 4, 2, at(1, 2)));
    assert!(node.transfer_leadership(id(2)));
    let texts: Vec<_> = drain(&mut node).iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["InstallSnapshot 2"]);
    node.handle_election_timeout(); // #3
    drain(&mut node);
    node.handle_message(append_reply(2, 4, 3, at(3, 9))); // it has it
    assert!(
        !sent(std::slice::from_mut(&mut node))
            .iter()
            .any(|it| is_order(&it.2))
    );
    node.handle_message(append_reply(2, 4, 4, at(4, 11)));
    assert!(
        sent(std::slice::from_mut(&mut node))
            .iter()
            .any(|it| is_order(&it.2))
    );
}

/// C_new is proposed and committed all the same, and the target has it before it is told.
#[test]
fn thesis_3_10_joint_consensus_is_left_during_a_transfer() {
    for options in both() {
        for voters in [[1, 2, 4], [2, 3, 4]] {
            let mut nodes = cluster(3, options);
            nodes.push(with_options(Node::start(id(4)), |it| *it = options));
            let add: Vec<_> = voters.into_iter().map(id).collect();
            let remove: Vec<_> = (1..=3).filter(|it| !voters.contains(it)).map(id).collect();
            let joint = nodes[0].config().to_joint_consensus(&add, &remove);
            assert!(!nodes[0].propose_config(joint).is_invalid());
            assert!(nodes[0].transfer_leadership(id(2)));
            let mut told = Vec::new();
            for _ in 0..10 {
                run_with(&mut nodes, |_, _, message| {
                    if let Message::RequestVoteCall { last_position, .. } = message
                        && is_order(message)
                    {
                        told.push(*last_position);
                    }
                    true
                });
                beat(&mut nodes);
            }
            let leads = |nodes: &[Node]| {
                let leader = nodes.iter().find(|node| node.role().is_leader());
                leader.map(|node| node.id().get())
            };
            if voters.contains(&1) {
                assert_eq!(leads(&nodes), Some(2));
                assert_eq!(told, [at(1, 4)], "C_new");
            } else {
                // It has stepped down at the commit of C_new, before it could tell the target.
                assert_eq!(leads(&nodes), None);
                let events = take_events(&mut nodes[0]);
                assert!(events.contains(&"transfer to 2: leadership lost".to_owned()));
                for voter in [4, 3, 2, 4, 3, 2] {
                    if leads(&nodes).is_none() {
                        nodes[voter - 1].handle_election_timeout();
                        run(&mut nodes, |_, _| true);
                    }
                }
            }
            let leader = leads(&nodes).expect("a leader");
            let config = nodes[leader as usize - 1].config();
            assert!(config.voters.iter().map(|it| it.get()).eq(voters));
            assert!(!config.is_joint_consensus() && voters.contains(&leader));
        }
    }
}

#[test]
fn thesis_3_10_a_transfer_is_done_if_the_target_is_the_next_that_is_heard_to_lead() {
    for (next, outcome) in [(2, "done"), (3, "leadership lost")] {
        let mut nodes = cluster(3, NodeOptions::default());
        nodes[0].transfer_leadership(id(2));
        nodes[0].handle_message(append_reply(3, 5, 0, at(0, 1)));
        drain(&mut nodes[0]);
        assert_eq!(
            take_events(&mut nodes[0]),
            ["stepped down from t1: there is a higher term"]
        );
        let mut leader = leader(next, 6, "snapshot {1,2,3} log 0/0[config({1,2,3}) term(1)]");
        leader.handle_election_timeout();
        let heartbeat = sent(std::slice::from_mut(&mut leader)).remove(0).2;
        nodes[0].handle_message(heartbeat.clone());
        assert_eq!(
            take_events(&mut nodes[0]),
            [format!("transfer to 2: {outcome}")]
        );
        nodes[0].handle_message(heartbeat);
        assert!(take_events(&mut nodes[0]).is_empty()); // told once
    }
}

/// The order may have left before nobody was heard any more.
#[test]
fn thesis_3_10_so_it_is_for_a_leader_that_has_stepped_down_by_itself() {
    for (next, outcome) in [(2, "done"), (3, "leadership lost")] {
        let mut node = with_events(stable(leader(1, 2, LOG), 2));
        node.transfer_leadership(id(2));
        for _ in 0..2 {
            node.handle_election_timeout();
            drain(&mut node);
        }
        take_events(&mut node);
        assert!(node.role().is_follower());
        node.handle_message(append_call(next, 3, 1, 0, commands(at(1, 1), 0)));
        let expected = format!("transfer to 2: {outcome}");
        assert_eq!(take_events(&mut node), [expected]);
    }
}

#[test]
fn thesis_3_10_the_next_leader_may_be_the_old_one() {
    let mut node = with_events(leader(1, 2, LOG));
    node.transfer_leadership(id(2));
    node.handle_message(append_reply(3, 5, 0, at(0, 0)));
    node.handle_election_timeout();
    node.handle_message(vote(3, 6, 1));
    assert!(node.role().is_leader());
    assert!(take_events(&mut node).contains(&"transfer to 2: leadership lost".to_owned()));
}

#[test]
fn thesis_3_10_a_restart_knows_of_no_transfer() {
    let mut node = with_events(follower(1, 6, Some(1), LOG));
    assert_eq!(node.transfer_target(), None);
    node.handle_message(append_call(2, 7, 1, 0, commands(at(1, 1), 0)));
    assert!(take_events(&mut node).is_empty());
}
