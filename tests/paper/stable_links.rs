//! thesis §9.6, §6.2: clusters with stable leadership whose links work in one direction only, or lose a part of what they
//! carry: they come to a leader that commits, and never to two in a term.

use std::collections::BTreeMap;

use raftbare::{Action, Message, MessageKind, MessageSeqNo, Node, NodeId, NodeOptions, Role, Term};
use raftbare_sim::random::Random;
use raftbare_tests::values::{drain, id, stable};

/// Nodes with timers. A message takes no time.
struct World {
    nodes: Vec<Node>,
    /// When each timer fires.
    due: Vec<u64>,
    now: u64,
}

impl World {
    /// The nodes 1 to `size`. The first has founded the cluster and leads.
    fn new(size: u64) -> Self {
        let ids: Vec<_> = (1..=size).map(id).collect();
        let mut world = Self {
            nodes: ids.iter().map(|&id| stable(Node::start(id), 4)).collect(),
            due: vec![9; ids.len()],
            now: 0,
        };
        world.nodes[0].create_cluster(&ids);
        for _ in 0..4 {
            world.step(|_, _| true);
        }
        assert!(world.nodes[0].role().is_leader());
        world
    }

    /// Lets a unit of time pass.
    fn step(&mut self, connects: impl Fn(u64, u64) -> bool) {
        self.now += 1;
        for (node, due) in self.nodes.iter_mut().zip(&self.due) {
            if *due <= self.now {
                node.handle_election_timeout();
            }
        }
        while self.nodes.iter().any(|node| !node.actions().is_empty()) {
            for place in 0..self.nodes.len() {
                for (to, message) in self.execute(place) {
                    let from = place as u64 + 1;
                    if connects(from, to.get()) {
                        self.nodes[to.get() as usize - 1].handle_message(message);
                    }
                }
            }
        }
    }

    /// Executes what waits at a node, and returns what it sends.
    fn execute(&mut self, place: usize) -> Vec<(NodeId, Message)> {
        let node = &mut self.nodes[place];
        let peers: Vec<_> = node.peers().collect();
        let mut sent = Vec::new();
        for action in drain(node) {
            match action {
                Action::SetElectionTimeout => {
                    // Neither by chance nor all at once.
                    let spread = self.now + 3 * place as u64;
                    self.due[place] = self.now
                        + match node.role() {
                            Role::Leader => 2,
                            Role::Candidate => 3 + spread % 5,
                            Role::Follower => 8 + spread % 7,
                        };
                }
                Action::BroadcastMessage(message) => {
                    sent.extend(peers.iter().map(|&to| (to, message.clone())));
                }
                Action::SendMessage(to, message) => sent.push((to, message)),
                _ => {}
            }
        }
        sent
    }

    /// Whether there is a leader that gets a command committed.
    fn commits(&mut self, connects: impl Fn(u64, u64) -> bool) -> bool {
        let leaders = self.nodes.iter_mut().enumerate();
        let proposed: Vec<_> = leaders
            .filter(|(_, node)| node.role().is_leader())
            .map(|(place, node)| (place, node.propose_command()))
            .collect();
        for _ in 0..5 {
            self.step(&connects);
        }
        let mut nodes = proposed.into_iter();
        nodes.any(|(place, position)| self.nodes[place].get_commit_status(position).is_committed())
    }
}

#[test]
fn whoever_the_leader_does_not_hear_or_reach_there_is_soon_one_that_commits() {
    for others in 1_u32..1 << 4 {
        for leader_is_heard in [true, false] {
            let is_cut = |other: u64| others >> (other - 2) & 1 == 1;
            let connects = |from: u64, to: u64| match (from, to, leader_is_heard) {
                (other, 1, true) | (1, other, false) => !is_cut(other),
                _ => true,
            };
            let mut world = World::new(5);
            for _ in 0..100 {
                world.step(connects);
            }
            let case = format!("{others:b}, the leader is heard: {leader_is_heard}");
            assert!(world.commits(connects), "{case}");
            // And it stays: with every timer in time nobody is unseated.
            let term = |world: &World| world.nodes.iter().map(Node::current_term).max();
            let before = term(&world);
            for _ in 0..200 {
                world.step(connects);
            }
            assert_eq!(term(&world), before, "{case}");
        }
    }
}

/// What a codec makes of a message that keeps 32 bits of its number: pre-votes are calls for votes then.
fn cut(mut message: Message) -> Message {
    match &mut message {
        Message::RequestVoteCall { header, .. }
        | Message::RequestVoteReply { header, .. }
        | Message::AppendEntriesCall { header, .. }
        | Message::AppendEntriesReply { header, .. } => {
            header.seqno = MessageSeqNo::new(header.seqno.get() & 0xffff_ffff);
        }
    }
    message
}

/// Nodes that are told of timeouts and messages by chance; what the nodes in `cutting` send has its number cut. Returns
/// how many terms had a leader, and how many pre-votes came without their kind.
fn run_by_chance(seed: u64, cutting: &[u64]) -> (usize, usize) {
    let mut random = Random::new(seed);
    let mut world = World::new(3);
    // Pre-votes that are cut win nothing, so it takes somebody who does without.
    world.nodes[2].set_options(NodeOptions::default());
    let mut leaders: BTreeMap<Term, NodeId> = BTreeMap::new();
    let mut flight: Vec<(NodeId, Message)> = Vec::new();
    let mut without_kind = 0;
    for _ in 0..3_000 {
        let place = random.below(3) as usize;
        if random.chance(30) {
            world.nodes[place].handle_election_timeout();
        } else if !flight.is_empty() {
            let at = random.below(flight.len() as u64) as usize;
            let (to, message) = match random.chance(100) {
                true => flight[at].clone(),
                false => flight.swap_remove(at),
            };
            if random.chance(900) {
                world.nodes[to.get() as usize - 1].handle_message(message);
            }
        }
        for (to, message) in world.execute(place) {
            let is_cut = cutting.contains(&(place as u64 + 1));
            without_kind += usize::from(is_cut && message.kind() == MessageKind::PreVote);
            flight.push((to, if is_cut { cut(message) } else { message }));
        }
        for node in world.nodes.iter().filter(|node| node.role().is_leader()) {
            let leader = *leaders.entry(node.current_term()).or_insert(node.id());
            assert_eq!(leader, node.id(), "seed {seed}: two leaders of a term");
        }
    }
    (leaders.len(), without_kind)
}

#[test]
fn a_codec_that_cuts_the_numbers_both_ways_or_one_way_only_makes_no_second_leader() {
    for cutting in [&[1, 2, 3][..], &[1], &[2, 3]] {
        let (mut terms, mut without_kind) = (0, 0);
        for seed in 0..100 {
            let (led, cut) = run_by_chance(seed, cutting);
            terms += led;
            without_kind += cut;
        }
        println!(
            "{cutting:?}: {terms} terms with a leader, {without_kind} pre-votes without their kind"
        );
        assert!(without_kind > 1_000, "{without_kind}");
        assert!(terms > 100, "{terms}");
    }
}
