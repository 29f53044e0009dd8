//! thesis §3.8, by chance: a leader and a follower whose messages come late, twice, cut, or never, and who take their
//! actions in parts. As long as nothing is lost on a disk, nothing is found lost; and if it is, the next heartbeat tells.

use std::collections::VecDeque;

use raftbare::{Action, LogEntry, LogPosition, Message, Node, Term};
use raftbare_sim::random::Random;
use raftbare_tests::disk::Disk;
use raftbare_tests::values::{
    append_reply, at, config, id, index, leader, take_events, with_events, with_options,
};

const RUNS: u64 = 8_000;

/// What is under way: a message to the leader (1) or the follower (2), or the leader's snapshot.
#[derive(Debug, Clone)]
enum Packet {
    To(usize, Message),
    Snapshot(LogPosition),
}

/// What the follower's storage has not reported yet.
type Reports = VecDeque<Result<LogPosition, (Term, Option<raftbare::NodeId>)>>;

/// How often something has come up in all runs.
#[derive(Debug, Default)]
struct Seen {
    cut: u64,
    late: u64,
    twice: u64,
    merged: u64,
    crashes: u64,
    snapshots: u64,
    hints: u64,
}

struct World {
    seed: u64,
    random: Random,
    leader: Node,
    follower: Node,
    /// The follower's.
    disk: Disk,
    reports: Reports,
    is_asynchronous: bool,
    /// How often a call is cut, in parts of a thousand.
    cut: u64,
    packets: Vec<Packet>,
    newest_to_follower: u64,
}

impl World {
    /// A leader of term 4, and a follower that has a part of its log, and perhaps entries of a leader of term 2 that
    /// nobody else has.
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let commands = |count: u64| " cmd".repeat(count as usize);
        let first = random.below(12);
        let common = random.below(first + 1);
        let mut log = format!("term(1){}", commands(first));
        let mut of_follower = format!("term(1){}", commands(common));
        if random.chance(500) {
            of_follower += &format!(" term(2){}", commands(random.below(6)));
        }
        if random.chance(500) {
            log += &format!(" term(3){}", commands(random.below(4)));
        }
        let [log, of_follower] =
            [log, of_follower].map(|it| format!("snapshot {{1,2,3}} log 0/0[{it}]"));
        let is_asynchronous = random.chance(300);
        let node = raftbare_tests::values::follower(2, 3, None, &of_follower);
        let leader = with_options(leader(1, 4, &log), |it| it.refuses_lost_tail = true);
        Self {
            seed,
            // Where nearly all are cut, a log stays in older terms for long.
            cut: *random.pick(&[0, 300, 900, 900]).unwrap_or(&0),
            random,
            leader: with_events(leader),
            disk: Disk::of(&node),
            follower: with_options(node, |it| it.asynchronous_storage = is_asynchronous),
            reports: Reports::new(),
            is_asynchronous,
            packets: Vec::new(),
            newest_to_follower: 0,
        }
    }

    /// The leader takes so many of its actions.
    fn drain_leader(&mut self, count: usize) {
        for _ in 0..count {
            match self.leader.actions_mut().next() {
                Some(Action::BroadcastMessage(message)) => {
                    if self.random.chance(300) {
                        // A third node has everything, so entries are committed without the follower.
                        let last = self.leader.log().last_position();
                        let reply = append_reply(3, 4, message.seqno().get(), last);
                        self.packets.push(Packet::To(1, reply));
                    }
                    self.packets.push(Packet::To(2, message));
                }
                Some(Action::SendMessage(to, message)) if to == id(2) => {
                    self.packets.push(Packet::To(2, message));
                }
                Some(Action::InstallSnapshot(to)) if to == id(2) => {
                    let position = self.leader.log().snapshot_position();
                    self.packets.push(Packet::Snapshot(position));
                }
                Some(_) => {}
                None => return,
            }
        }
    }

    /// The follower takes so many of its actions, and stores what they say.
    fn drain_follower(&mut self, count: usize) {
        for _ in 0..count {
            let Some(action) = self.follower.actions_mut().next() else {
                return;
            };
            self.disk.execute(&self.follower, &action);
            match action {
                Action::SendMessage(_, message) => self.packets.push(Packet::To(1, message)),
                Action::AppendLogEntries(entries) => {
                    self.reports.push_back(Ok(entries.last_position()));
                }
                Action::SaveCurrentTerm | Action::SaveVotedFor => {
                    let state = (self.follower.current_term(), self.follower.voted_for());
                    self.reports.push_back(Err(state));
                }
                _ => {}
            }
        }
    }

    fn report(&mut self, count: usize) {
        for _ in 0..count {
            match self.reports.pop_front() {
                Some(Ok(position)) => self.follower.handle_log_persisted(position),
                Some(Err((term, vote))) => self.follower.handle_hard_state_persisted(term, vote),
                None => return,
            }
        }
    }

    fn restart_follower(&mut self) {
        let node = self.disk.restart(id(2));
        let is_asynchronous = self.is_asynchronous;
        self.follower = with_options(node, |it| it.asynchronous_storage = is_asynchronous);
        self.reports.clear();
    }

    /// One of the packets arrives, any of them, perhaps once more later, perhaps with fewer entries.
    fn deliver(&mut self, seen: &mut Seen) {
        if self.packets.is_empty() {
            return;
        }
        let place = self.random.below(self.packets.len() as u64) as usize;
        let packet = match self.random.chance(200) {
            true => {
                seen.twice += 1;
                self.packets[place].clone()
            }
            false => self.packets.swap_remove(place),
        };
        match packet {
            Packet::To(1, message) => self.leader.handle_message(message),
            Packet::To(_, mut message) => {
                if let Message::AppendEntriesCall {
                    header, entries, ..
                } = &mut message
                {
                    if !entries.is_empty() && self.random.chance(self.cut) {
                        let most = if self.cut > 500 {
                            2
                        } else {
                            entries.len() as u64
                        };
                        entries.truncate(self.random.below(most) as usize);
                        seen.cut += 1;
                    }
                    let seqno = header.seqno.get();
                    seen.late += u64::from(seqno < self.newest_to_follower);
                    self.newest_to_follower = self.newest_to_follower.max(seqno);
                }
                let waited = self.follower.actions().send_messages.len();
                self.follower.handle_message(message);
                seen.merged += waited as u64;
                let hint = self.follower.actions().send_messages.values().any(|it| {
                    matches!(it, Message::AppendEntriesReply { last_position, .. }
                        if !self.leader.log().entries().contains(*last_position))
                });
                seen.hints += u64::from(hint);
            }
            Packet::Snapshot(position) => {
                if self
                    .follower
                    .handle_snapshot_installed(position, config(&[1, 2, 3]))
                {
                    self.disk.install_snapshot(position, config(&[1, 2, 3]));
                    seen.snapshots += 1;
                }
            }
        }
    }

    /// A node takes a snapshot of what it knows to be committed.
    fn compact(&mut self, is_leader: bool) {
        let node = if is_leader {
            &mut self.leader
        } else {
            &mut self.follower
        };
        let commit_index = node.commit_index().min(node.durable_index());
        let Some((position, _)) = node.log().get_position_and_config(commit_index) else {
            return;
        };
        if node.handle_snapshot_installed(position, config(&[1, 2, 3])) && !is_leader {
            // Stored behind the writes that were taken before it.
            if self.disk.contains(position) {
                self.disk.install_snapshot(position, config(&[1, 2, 3]));
            }
        }
    }

    fn step(&mut self, seen: &mut Seen) {
        // Where a leader takes few at a time, repairs wait behind broadcasts, and get new numbers.
        let most_actions = if self.cut > 500 { 2 } else { 6 };
        match self.random.below(20) {
            0..=1 => {
                for _ in 0..self.random.below(3) {
                    self.leader.propose_command();
                }
            }
            2 => self.leader.handle_election_timeout(),
            3..=4 => drop(self.leader.read_index()),
            5..=7 => {
                let count = self.random.between(1, most_actions) as usize;
                self.drain_leader(count);
            }
            8..=10 => {
                let count = self.random.between(1, 6) as usize;
                self.drain_follower(count);
            }
            11 => {
                let count = self.random.between(1, 4) as usize;
                self.report(count);
            }
            12 if self.random.chance(200) => {
                seen.crashes += 1;
                self.restart_follower();
            }
            13 if self.random.chance(200) => self.compact(true),
            14 if self.random.chance(100) && !self.is_asynchronous => self.compact(false),
            15 if !self.packets.is_empty() => {
                let place = self.random.below(self.packets.len() as u64) as usize;
                self.packets.swap_remove(place);
            }
            _ => self.deliver(seen),
        }
    }

    /// Everything is taken, stored, reported and delivered, until both logs are the same.
    fn settle(&mut self, seen: &mut Seen) {
        for _ in 0..1_000 {
            self.leader.handle_election_timeout();
            self.drain_leader(usize::MAX);
            while !self.packets.is_empty() {
                self.deliver(seen);
                for _ in 0..3 {
                    self.drain_follower(usize::MAX);
                    self.report(usize::MAX);
                }
                self.drain_leader(usize::MAX);
            }
            if self.leader.match_index(id(2)) == Some(self.leader.log().last_position().index) {
                return;
            }
        }
        panic!("seed {}: {}\n{}", self.seed, self.leader, self.follower);
    }
}

fn assert_nothing_lost(seed: u64, world: &mut World) {
    assert!(
        !world.leader.has_lost_tail(id(2)),
        "seed {seed}: {}",
        world.follower
    );
    let events = take_events(&mut world.leader);
    assert!(!events.contains(&"follower 2 lost its tail".to_owned()));
}

#[test]
fn thesis_3_8_nothing_that_happens_to_messages_and_actions_looks_like_a_lost_tail() {
    let mut seen = Seen::default();
    let mut committed = 0;
    for seed in 0..RUNS {
        let mut world = World::new(seed);
        for _ in 0..300 {
            world.step(&mut seen);
            assert_nothing_lost(seed, &mut world);
        }
        world.settle(&mut seen);
        assert_nothing_lost(seed, &mut world);
        committed += world.leader.commit_index().get();
    }
    println!("{seen:?}, {committed} committed");
    for (what, count, least) in [
        ("cut", seen.cut, 45_000),
        ("late", seen.late, 20_000),
        ("twice", seen.twice, 50_000),
        ("merged", seen.merged, 45_000),
        ("crashes", seen.crashes, 12_000),
        ("snapshots", seen.snapshots, 6_000),
        ("hints", seen.hints, 35_000),
        ("committed", committed, 150_000),
    ] {
        assert!(count >= least, "{what}: only {count}");
    }
}

#[test]
fn thesis_3_8_a_lost_tail_is_found_by_the_next_heartbeat() {
    let (mut lost, mut seen) = (0, Seen::default());
    for seed in 0..RUNS {
        let mut world = World::new(seed);
        for _ in 0..100 {
            world.step(&mut seen);
        }
        world.settle(&mut seen);
        assert_nothing_lost(seed, &mut world);
        let (start, end) = (
            world.follower.log().snapshot_position().index.get(),
            world.follower.log().last_position().index.get(),
        );
        if start == end {
            continue;
        }
        // The disk forgets its last entries, and comes back.
        let kept = index(world.random.between(start, end - 1));
        let entries = world.follower.log().entries().clone();
        let term = entries.get_term(kept).expect("in the log");
        world.disk.append(&raftbare::LogEntries::from_iter(
            at(term.get(), kept.get()),
            std::iter::empty::<LogEntry>(),
        ));
        world.restart_follower();
        world.leader.handle_election_timeout();
        world.drain_leader(usize::MAX);
        for turn in [2, 1] {
            for packet in std::mem::take(&mut world.packets) {
                match packet {
                    Packet::To(2, message) => world.follower.handle_message(message),
                    Packet::To(_, message) => world.leader.handle_message(message),
                    Packet::Snapshot(_) => {}
                }
            }
            if turn == 2 {
                for _ in 0..3 {
                    world.drain_follower(usize::MAX);
                    world.report(usize::MAX);
                }
            }
        }
        assert!(
            world.leader.has_lost_tail(id(2)),
            "seed {seed}: {}",
            world.follower
        );
        let events = take_events(&mut world.leader);
        assert!(events.contains(&"follower 2 lost its tail".to_owned()));
        // It stays so, whatever it says.
        let last = world.leader.log().last_position();
        world.leader.handle_election_timeout();
        for seqno in 1..200 {
            world.leader.handle_message(append_reply(2, 4, seqno, last));
        }
        assert_eq!(world.leader.match_index(id(2)), Some(index(0)));
        lost += 1;
    }
    assert!(lost > RUNS / 2, "only {lost}");
}
