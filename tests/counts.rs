//! Replication without waste, as exact counts: entries, messages, timers, allocations. They depend on no machine.

use std::collections::VecDeque;

use raftbare::{
    Action, ClusterConfig, Log, LogEntries, LogEntry, LogIndex, LogPosition, Message,
    MessageHeader, MessageSeqNo, Node, NodeId, Term,
};

/// When the callers take the actions: after every single input, or once a round.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Drain {
    EachInput,
    EachRound,
}

/// What was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sent {
    messages: usize,
    /// Entries in AppendEntriesCalls.
    entries: usize,
    largest: usize,
    install_snapshots: usize,
}

/// The message to lose: counted down by one for each AppendEntriesCall or -Reply that is sent.
#[derive(Clone, Copy)]
enum Lost {
    Call(usize),
    Reply(usize),
}

/// Nodes whose messages take a fixed number of rounds, in order.
struct Network {
    nodes: Vec<Node>,
    drain: Drain,
    latency: usize,
    round: usize,
    /// Round of arrival, destination, message.
    in_flight: VecDeque<(usize, NodeId, Message)>,
    sent: Sent,
    /// The one message that gets lost.
    lost: Option<Lost>,
}

impl Network {
    fn new(nodes: Vec<Node>, latency: usize, drain: Drain) -> Self {
        Self {
            nodes,
            drain,
            latency,
            round: 0,
            in_flight: VecDeque::new(),
            sent: Sent::default(),
            lost: None,
        }
    }

    /// A cluster of nodes 1..=n that node 1 has founded and leads, everything acknowledged.
    fn led(n: u64, latency: usize, drain: Drain) -> Self {
        let ids: Vec<NodeId> = (1..=n).map(NodeId::new).collect();
        let mut network = Self::new(
            ids.iter().map(|&id| Node::start(id)).collect(),
            latency,
            drain,
        );
        network.nodes[0].create_cluster(&ids);
        network.drain_all();
        network.settle();
        assert!(network.nodes[0].role().is_leader());
        network.nodes[0].heartbeat();
        network.drain_all();
        network.settle();
        network.sent = Sent::default();
        network
    }

    fn send(&mut self, to: NodeId, message: Message) {
        if let Message::AppendEntriesCall { entries, .. } = &message {
            self.sent.entries += entries.len();
            self.sent.largest = self.sent.largest.max(entries.len());
        }
        self.sent.messages += 1;
        if !self.is_lost(&message) {
            self.in_flight
                .push_back((self.round + self.latency, to, message));
        }
    }

    fn is_lost(&mut self, message: &Message) -> bool {
        let countdown = match (&mut self.lost, message) {
            (Some(Lost::Call(countdown)), Message::AppendEntriesCall { .. }) => countdown,
            (Some(Lost::Reply(countdown)), Message::AppendEntriesReply { .. }) => countdown,
            _ => return false,
        };
        *countdown -= 1;
        let is_lost = *countdown == 0;
        if is_lost {
            self.lost = None;
        }
        is_lost
    }

    fn drain(&mut self, i: usize) {
        while let Some(action) = self.nodes[i].actions_mut().next() {
            match action {
                Action::BroadcastMessage(message) => {
                    let peers: Vec<NodeId> = self.nodes[i].peers().collect();
                    peers
                        .into_iter()
                        .for_each(|to| self.send(to, message.clone()));
                }
                Action::SendMessage(to, message) => self.send(to, message),
                Action::InstallSnapshot(_) => self.sent.install_snapshots += 1,
                Action::SetElectionTimeout
                | Action::SaveCurrentTerm
                | Action::SaveVotedFor
                | Action::AppendLogEntries(_) => {}
            }
        }
    }

    fn drain_all(&mut self) {
        (0..self.nodes.len()).for_each(|i| self.drain(i));
    }

    /// The next message that arrives by this round.
    fn next_arrival(&mut self) -> Option<(NodeId, Message)> {
        let is_due = self
            .in_flight
            .front()
            .is_some_and(|&(at, ..)| at <= self.round);
        let (_, to, message) = if is_due {
            self.in_flight.pop_front()?
        } else {
            return None;
        };
        Some((to, message))
    }

    /// One round: what arrives now is handled, then node 1 proposes `commands`.
    fn play_round(&mut self, commands: usize) {
        self.round += 1;
        while let Some((to, message)) = self.next_arrival() {
            let i = self
                .nodes
                .iter()
                .position(|node| node.id() == to)
                .expect("a member");
            self.nodes[i].handle_message(message);
            if self.drain == Drain::EachInput {
                self.drain(i);
            }
        }
        for _ in 0..commands {
            assert!(!self.nodes[0].propose_command().is_invalid());
            if self.drain == Drain::EachInput {
                self.drain(0);
            }
        }
        self.drain_all();
    }

    /// Rounds without proposals until nothing is on its way.
    fn settle(&mut self) {
        while !self.in_flight.is_empty() {
            self.play_round(0);
        }
    }

    fn assert_equal_logs(&self) {
        for node in &self.nodes {
            assert_eq!(node.log(), self.nodes[0].log());
        }
    }
}

#[test]
fn pipelined_entries_are_sent_once_to_each_follower_for_any_run_length() {
    for n in [2, 3, 5] {
        for drain in [Drain::EachInput, Drain::EachRound] {
            for per_round in [1, 4, 16] {
                for rounds in [100, 400, 1_600] {
                    let mut network = Network::led(n, 4, drain); // a round trip of 8 rounds
                    for _ in 0..rounds {
                        network.play_round(per_round);
                    }
                    network.settle();
                    let case = format!(
                        "n {n}, {drain:?}, {per_round} a round, {rounds} rounds: {:?}",
                        network.sent
                    );
                    let followers = usize::try_from(n - 1).unwrap();
                    let commits = rounds * per_round;
                    assert_eq!(network.sent.entries, followers * commits, "{case}");
                    let calls = if drain == Drain::EachRound {
                        rounds
                    } else {
                        commits
                    };
                    assert!(network.sent.messages <= 2 * followers * calls, "{case}");
                    assert_eq!(
                        network.nodes[0].commit_index(),
                        network.nodes[0].log().last_position().index,
                        "{case}"
                    );
                    network.assert_equal_logs();
                }
            }
        }
    }
}

#[test]
fn in_flight_is_what_was_proposed_within_a_round_trip() {
    let mut network = Network::led(3, 4, Drain::EachRound);
    for _ in 0..200 {
        network.play_round(2);
        let entries_in_flight: usize = network
            .in_flight
            .iter()
            .map(|(_, _, message)| match message {
                Message::AppendEntriesCall { entries, .. } => entries.len(),
                _ => 0,
            })
            .sum();
        assert!(entries_in_flight <= 2 * 2 * 4, "{entries_in_flight}");
    }
}

#[test]
fn a_lost_call_costs_what_was_under_way_and_no_more() {
    for drain in [Drain::EachInput, Drain::EachRound] {
        let mut network = Network::led(3, 5, drain);
        network.lost = Some(Lost::Call(100));
        for _ in 0..500 {
            network.play_round(1);
        }
        network.settle();
        network.assert_equal_logs();
        assert_eq!(
            network.nodes[0].commit_index(),
            network.nodes[0].log().last_position().index
        );
        assert!(network.lost.is_none());
        // The call itself, the proposals of ten rounds until the loss is known, and the one that goes along
        // with the repair.
        let again = network.sent.entries - 2 * 500;
        assert!(
            (1..=12).contains(&again),
            "{drain:?}: {again} entries sent again"
        );
    }
}

#[test]
fn a_lost_reply_costs_nothing() {
    let mut network = Network::led(3, 5, Drain::EachRound);
    network.lost = Some(Lost::Reply(100));
    for _ in 0..500 {
        network.play_round(1);
    }
    network.settle();
    assert!(network.lost.is_none());
    network.assert_equal_logs();
    assert_eq!(network.sent.entries, 2 * 500);
}

/// A leader of term 3 and a follower with 10,000 entries of term 2 that nobody else has.
#[test]
fn rejoin_with_ten_thousand_divergent_entries_takes_at_most_eight_messages() {
    let voters = [1, 2, 3].map(NodeId::new);
    let commands = |n| std::iter::repeat_n(LogEntry::Command, n);
    let mut config = ClusterConfig::new();
    config.voters.extend(voters);
    let start = [
        LogEntry::ClusterConfig(config),
        LogEntry::Term(Term::new(1)),
    ];
    let log = |entries: LogEntries| Log::new(ClusterConfig::new(), entries);
    let mut common = LogEntries::from_iter(LogPosition::ZERO, start);
    common.extend(commands(5));
    let mut divergent = common.clone();
    divergent.extend([LogEntry::Term(Term::new(2))]);
    divergent.extend(commands(10_000));
    let mut leaders = common.clone();
    leaders.extend([LogEntry::Term(Term::new(3))]);
    leaders.extend(commands(10_000));
    let nodes = vec![
        Node::restart(voters[0], Term::new(3), None, log(leaders)),
        Node::restart(voters[1], Term::new(3), None, log(divergent)),
    ];
    let mut network = Network::new(nodes, 1, Drain::EachInput);
    network.nodes[0].handle_election_timeout();
    // The third voter elects it, and is gone.
    network.nodes[0].handle_message(Message::RequestVoteReply {
        header: MessageHeader {
            from: voters[2],
            term: Term::new(4),
            seqno: MessageSeqNo::new(1),
        },
        vote_granted: true,
    });
    assert!(network.nodes[0].role().is_leader());
    // Messages to the missing third voter do not count.
    while let Some(action) = network.nodes[0].actions_mut().next() {
        if let Action::BroadcastMessage(message) = action {
            network.send(voters[1], message);
        }
    }
    network.settle();
    network.assert_equal_logs();
    assert!(network.sent.messages <= 6, "{:?}", network.sent);
    assert_eq!(network.sent.install_snapshots, 0);
}

#[test]
fn an_election_takes_one_timer_and_a_message_per_call_and_reply() {
    for (n, expected) in [(3, 12), (5, 24)] {
        let mut network = Network::led(n, 1, Drain::EachInput);
        for node in &mut network.nodes {
            *node = Node::restart(
                node.id(),
                node.current_term(),
                node.voted_for(),
                node.log().clone(),
            );
        }
        network.nodes[1].handle_election_timeout();
        network.drain_all();
        network.settle();
        // A heartbeat, so that all know of the commit.
        assert!(network.nodes[1].role().is_leader());
        network.nodes[1].handle_election_timeout();
        network.drain_all();
        network.settle();
        assert_eq!(network.sent.messages, expected);
        network.assert_equal_logs();
        for node in &network.nodes {
            assert_eq!(node.commit_index(), node.log().last_position().index);
        }
    }
}

#[test]
fn a_steady_state_allocates_nothing() {
    for n in [1, 3, 5, 101] {
        for drain in [Drain::EachInput, Drain::EachRound] {
            for latency in [1, 4] {
                let mut network = Network::led(n, latency, drain);
                // The buffers of this test's own network grow to their size.
                let mut peers: Vec<NodeId> = Vec::with_capacity(200);
                network.in_flight.reserve(100_000);
                let mut allocations = 0;
                for round in 0..60 {
                    let measured = allocation_counter::measure(|| {
                        network.play_round_into(4, round % 5 == 0, &mut peers);
                    });
                    // The first rounds let the nodes' own containers grow to their size.
                    if round >= 30 {
                        allocations += measured.count_total;
                    }
                }
                assert_eq!(allocations, 0, "n {n}, {drain:?}, latency {latency}");
            }
        }
    }
}

impl Network {
    /// As `play_round`, with a heartbeat if asked for, without allocations of its own.
    fn play_round_into(&mut self, commands: usize, heartbeat: bool, peers: &mut Vec<NodeId>) {
        self.round += 1;
        while let Some((to, message)) = self.next_arrival() {
            let i = usize::try_from(to.get() - 1).unwrap();
            self.nodes[i].handle_message(message);
            if self.drain == Drain::EachInput {
                self.drain_into(i, peers);
            }
        }
        for _ in 0..commands {
            self.nodes[0].propose_command();
            if self.drain == Drain::EachInput {
                self.drain_into(0, peers);
            }
        }
        if heartbeat {
            self.nodes[0].handle_election_timeout();
        }
        (0..self.nodes.len()).for_each(|i| self.drain_into(i, peers));
    }

    fn drain_into(&mut self, i: usize, peers: &mut Vec<NodeId>) {
        peers.clear();
        peers.extend(self.nodes[i].peers());
        while let Some(action) = self.nodes[i].actions_mut().next() {
            match action {
                Action::BroadcastMessage(message) => {
                    peers.iter().for_each(|&to| self.send(to, message.clone()));
                }
                Action::SendMessage(to, message) => self.send(to, message),
                _ => {}
            }
        }
    }
}

#[test]
fn commands_take_no_memory_in_the_log() {
    let mut entries = LogEntries::new(LogPosition::ZERO);
    let measured = allocation_counter::measure(|| {
        entries.extend(std::iter::repeat_n(LogEntry::Command, 1_000_000));
    });
    assert_eq!(measured.count_total, 0);
    assert_eq!(entries.len(), 1_000_000);
}

#[test]
fn a_term_takes_at_most_24_bytes_in_the_log() {
    let mut entries = LogEntries::new(LogPosition::ZERO);
    let measured = allocation_counter::measure(|| {
        entries.extend((1..=1_000).map(|term| LogEntry::Term(Term::new(term))));
        entries = entries.clone();
    });
    assert!(measured.bytes_current <= 24 * 1_000, "{measured:?}");
}

#[test]
fn sending_the_tail_again_does_not_depend_on_the_number_of_terms() {
    let mut entries = LogEntries::new(LogPosition::ZERO);
    entries.extend((1..=1_000).map(|term| LogEntry::Term(Term::new(term))));
    entries.push(LogEntry::Command);
    let before_last = LogPosition {
        term: Term::new(1_000),
        index: LogIndex::new(1_000),
    };
    let measured = allocation_counter::measure(|| {
        assert_eq!(entries.since(before_last).map(|rest| rest.len()), Some(1));
    });
    assert_eq!(measured.count_total, 0);
}
