//! Target `node`: one node under messages and calls of any content, in any order, with crashes.

use std::collections::{BTreeMap, BTreeSet};

use raftbare::{
    Action, Event, LogIndex, Message, MessageKind, Node, NodeId, ReadStatus, ReadToken, Term,
};
use raftbare_tests::disk::Disk;

use crate::Tell;
use crate::bytes::Bytes;

pub mod checks;
pub mod draw;
pub mod input;
pub mod late;

use input::Input;
use late::{Late, Report};

/// Plays the inputs that the bytes stand for, and then takes what is left to do.
///
/// # Panics
///
/// If one of the [`checks`] fails, or the node panics.
pub fn run(bytes: &[u8], tell: Tell<'_>) {
    let mut bytes = Bytes::new(bytes);
    let mut bench = Bench::new(draw::first_node(&mut bytes));
    while !bytes.is_empty() {
        bench.step(draw::input(&mut bytes, &bench.node), tell);
    }
    bench.take_all(tell);
}

/// The node on a test bench: with the disk that executes its actions, and what is remembered of it.
#[derive(Debug)]
struct Bench {
    node: Node,
    disk: Disk,
    /// What the disk has still to do, if the node waits for reports.
    late: Late,
    /// A report was wrong: from then on nobody knows what is stored.
    is_deceived: bool,
    /// Whom it has voted for in which term, over all its lives.
    votes: BTreeMap<Term, NodeId>,
    /// Who has called itself the leader of which term.
    callers: BTreeSet<(Term, NodeId)>,
    /// All who have ever been members.
    members: BTreeSet<NodeId>,
    /// The newest read of this life.
    read: Option<ReadToken>,
    /// Up to here configurations were told to be committed.
    told_configs: LogIndex,
}

impl Bench {
    fn new(node: Node) -> Self {
        Self {
            disk: Disk::of(&node),
            late: Late::default(),
            is_deceived: false,
            votes: BTreeMap::new(),
            callers: BTreeSet::new(),
            members: node.config().unique_nodes().collect(),
            read: None,
            told_configs: LogIndex::ZERO,
            node,
        }
    }

    /// One input, or some of the actions, or a crash; and all checks.
    fn step(&mut self, input: Input, tell: Tell<'_>) {
        tell(input.name());
        match input {
            Input::Take(usize::MAX) => self.take_all(tell),
            Input::Take(limit) => self.take(limit, tell),
            Input::Write(count) => self.late.write(count, &mut self.disk),
            Input::Report(count, only_newest) => {
                let reports = self.late.report(count, only_newest);
                self.give_reports(reports, tell);
            }
            Input::ReportAgain => {
                let reports = self.late.report_again().collect();
                self.give_reports(reports, tell);
            }
            Input::Crash => self.crash(),
            input => self.give(&input, tell),
        }
        self.members.extend(self.node.config().unique_nodes());
        checks::state(&self.node, &self.members);
        if !self.is_deceived {
            checks::durable(&self.node, &self.disk);
        }
        if let Some(token) = self.read {
            checks::read(&self.node, token);
            if let ReadStatus::Ready(_) = self.node.read_status(token) {
                self.read = None;
                tell("read");
            }
        }
    }

    /// Whatever waits is lost.
    fn crash(&mut self) {
        let options = *self.node.options();
        self.node = self.disk.restart(self.node.id());
        checks::restarted(&self.node);
        self.node.set_options(options);
        self.late = Late::default();
        self.read = None;
        self.told_configs = LogIndex::ZERO;
    }

    /// Gives an input to the node and to an equal one: nothing that it does may depend on anything else.
    fn give(&mut self, input: &Input, tell: Tell<'_>) {
        match input {
            // A snapshot is stored behind all that was taken before.
            Input::Snapshot(..) => self.late.write(usize::MAX, &mut self.disk),
            // Who is to wait for reports from now on has no messages left from before.
            Input::Options(options) if options.asynchronous_storage => {
                self.take_all(tell);
                self.told_configs = LogIndex::ZERO;
            }
            Input::Claim(_) if self.node.options().asynchronous_storage => self.is_deceived = true,
            // Whoever begins to listen anew may hear again what is not seen as committed yet.
            Input::Options(_) => self.told_configs = LogIndex::ZERO,
            _ => {}
        }
        let before = self.node.clone();
        let mut twin = before.clone();
        for message in input.messages() {
            if let Message::AppendEntriesCall { .. } = message {
                self.callers.insert((message.term(), message.from()));
            }
        }
        let answer = input.apply(&mut self.node);
        assert_eq!(input.apply(&mut twin), answer);
        assert_eq!(twin, self.node, "equal nodes after {input:?}");
        self.read = answer.read.or(self.read);
        if let (Input::Snapshot(position, config), true) = (input, answer.is_accepted) {
            self.disk.install_snapshot(*position, config.clone());
            tell("snapshot");
        }
        if let Some(event) = answer.event {
            self.check_event(event, tell);
        }
        checks::step(&before, &self.node);
        checks::options(&before, input, answer, &self.node);
        self.tell_changes(&before, tell);
    }

    /// The disk says what it has written.
    fn give_reports(&mut self, reports: Vec<Report>, tell: Tell<'_>) {
        for report in reports {
            let before = self.node.clone();
            report.arrive(&mut self.node);
            checks::step(&before, &self.node);
            self.tell_changes(&before, tell);
        }
    }

    /// §6: a configuration is told when it is committed, once, and in the order of the log.
    fn check_event(&mut self, event: Event, tell: Tell<'_>) {
        tell(match event {
            Event::BecameLeader(_) => "event: became leader",
            Event::SteppedDown(..) => "event: stepped down",
            Event::ConfigCommitted(position) => {
                assert!(
                    position.index <= self.node.commit_index(),
                    "{event} of {}",
                    self.node
                );
                assert!(
                    position.index > self.told_configs,
                    "{event} after {}",
                    self.told_configs
                );
                self.told_configs = position.index;
                "event: configuration committed"
            }
            Event::SnapshotWanted(_) => "event: snapshot wanted",
            Event::FollowerLostTail(_) => "event: follower lost its tail",
            Event::TransferEnded(..) => "event: transfer ended",
            _ => "event",
        });
    }

    fn tell_changes(&self, before: &Node, tell: Tell<'_>) {
        if self.node.role().is_leader() && !before.role().is_leader() {
            tell("leader");
        }
        if self.node.is_pre_candidate() && !before.is_pre_candidate() {
            tell("pre-vote");
        }
        if self.node.commit_index() > before.commit_index() {
            tell("commit");
        }
        let last = before.log().last_position();
        let is_compacted = last.index < self.node.log().snapshot_position().index;
        if !is_compacted && !self.node.log().entries().contains(last) {
            tell("overwritten entries");
        }
    }

    /// Takes and executes all actions, and lets the disk write and report everything.
    fn take_all(&mut self, tell: Tell<'_>) {
        loop {
            self.take(usize::MAX, tell);
            if self.late.is_done() {
                break;
            }
            self.late.write(usize::MAX, &mut self.disk);
            let reports = self.late.report(usize::MAX, false);
            self.give_reports(reports, tell);
        }
        while let Some(event) = self.node.next_event() {
            self.check_event(event, tell);
        }
        if !self.is_deceived {
            self.disk.assert_equals_memory(&self.node);
        }
    }

    /// Takes and executes up to `limit` actions.
    fn take(&mut self, limit: usize, tell: Tell<'_>) {
        for _ in 0..limit {
            let Some(action) = self.node.actions_mut().next() else {
                break;
            };
            match self.node.options().asynchronous_storage {
                true => self.late.begin(&mut self.node, &action),
                false => self.disk.execute(&self.node, &action),
            }
            match action {
                Action::BroadcastMessage(message) => self.check_sent(None, &message),
                Action::SendMessage(to, message) => self.check_sent(Some(to), &message),
                Action::InstallSnapshot(_) => tell("snapshot wanted"),
                _ => {}
            }
        }
    }

    /// Figure 2: what a message promises is stored. §5.2: one vote per term, over all lives.
    fn check_sent(&mut self, to: Option<NodeId>, message: &Message) {
        let (id, term) = (self.node.id(), message.term());
        assert_eq!(message.from(), id, "{message}");
        // A pre-vote promises nothing.
        if message.kind().is_pre_vote() || self.is_deceived {
            return;
        }
        let (stored_term, stored_vote) = self.disk.hard_state();
        assert!(term <= stored_term, "not stored: term of {message}");
        if let Message::AppendEntriesReply { last_position, .. } = message {
            // Two leaders of one term, which there are not, may overwrite what waits to be acknowledged to each other.
            let leaders = self.callers.iter().filter(|it| it.0 == term).count();
            assert!(
                leaders > 1 || self.disk.covers(*last_position),
                "not stored: entries of {message}"
            );
        }
        let is_order = message.kind() == MessageKind::CampaignNow;
        let candidate = match (message, to) {
            (Message::RequestVoteCall { .. }, None) => id,
            (Message::RequestVoteReply { vote_granted, .. }, Some(to)) if *vote_granted => to,
            (Message::RequestVoteCall { .. }, Some(_)) if is_order => return,
            (Message::RequestVoteCall { .. }, Some(_)) => panic!("only broadcast: {message}"),
            _ => return,
        };
        // Once it has followed a leader of this term, the vote names that one.
        let follows = |id: Option<NodeId>| id.is_some_and(|id| self.callers.contains(&(term, id)));
        let is_stored = stored_vote == Some(candidate) || follows(stored_vote);
        assert!(
            is_stored || term < stored_term,
            "not stored: vote of {message}"
        );
        if !follows(Some(candidate)) {
            let first = *self.votes.entry(term).or_insert(candidate);
            assert_eq!(first, candidate, "a vote for {first}, and {message}");
        }
    }
}
