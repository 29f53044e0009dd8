//! Target `node`: one node under messages and calls of any content, in any order, with crashes.

use std::collections::{BTreeMap, BTreeSet};

use raftbare::{Action, Message, MessageKind, Node, NodeId, ReadStatus, ReadToken, Term};
use raftbare_tests::disk::Disk;

use crate::Tell;
use crate::bytes::Bytes;

pub mod checks;
pub mod draw;
pub mod input;

use input::Input;

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
    bench.take(usize::MAX, tell);
}

/// The node on a test bench: with the disk that executes its actions, and what is remembered of it.
#[derive(Debug)]
struct Bench {
    node: Node,
    disk: Disk,
    stored_term: Term,
    stored_vote: Option<NodeId>,
    /// Whom it has voted for in which term, over all its lives.
    votes: BTreeMap<Term, NodeId>,
    /// Who has called itself the leader of which term.
    callers: BTreeSet<(Term, NodeId)>,
    /// All who have ever been members.
    members: BTreeSet<NodeId>,
    /// The newest read of this life.
    read: Option<ReadToken>,
}

impl Bench {
    fn new(node: Node) -> Self {
        Self {
            disk: Disk::of(&node),
            stored_term: node.current_term(),
            stored_vote: node.voted_for(),
            votes: BTreeMap::new(),
            callers: BTreeSet::new(),
            members: node.config().unique_nodes().collect(),
            read: None,
            node,
        }
    }

    /// One input, or some of the actions, or a crash; and all checks.
    fn step(&mut self, input: Input, tell: Tell<'_>) {
        match input {
            Input::Take(limit) => self.take(limit, tell),
            Input::Crash => {
                self.node = self.disk.restart(self.node.id());
                self.read = None;
                checks::restarted(&self.node);
                tell("crash");
            }
            input => self.give(input, tell),
        }
        self.members.extend(self.node.config().unique_nodes());
        checks::state(&self.node, &self.members);
        if let Some(token) = self.read {
            checks::read(&self.node, token);
            if let ReadStatus::Ready(_) = self.node.read_status(token) {
                self.read = None;
                tell("read");
            }
        }
    }

    /// Gives an input to the node and to an equal one: nothing that it does may depend on anything else.
    fn give(&mut self, input: Input, tell: Tell<'_>) {
        let before = self.node.clone();
        let mut twin = before.clone();
        for message in input.messages() {
            if let Message::AppendEntriesCall { .. } = message {
                self.callers.insert((message.term(), message.from()));
            }
        }
        let token = input.apply(&mut self.node);
        assert_eq!(input.apply(&mut twin), token);
        assert_eq!(twin, self.node, "equal nodes after {input:?}");
        self.read = token.read.or(self.read);
        if let (Input::Snapshot(position, config), true) = (input, token.is_accepted) {
            self.disk.install_snapshot(position, config);
            tell("snapshot");
        }
        checks::step(&before, &self.node);
        self.tell_changes(&before, tell);
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

    /// Takes and executes up to `limit` actions.
    fn take(&mut self, limit: usize, tell: Tell<'_>) {
        for _ in 0..limit {
            let Some(action) = self.node.actions_mut().next() else {
                self.disk.assert_equals_memory(&self.node);
                break;
            };
            self.disk.execute(&self.node, &action);
            match action {
                Action::SaveCurrentTerm => self.stored_term = self.node.current_term(),
                Action::SaveVotedFor => self.stored_vote = self.node.voted_for(),
                Action::BroadcastMessage(message) => self.check_sent(None, &message),
                Action::SendMessage(to, message) => self.check_sent(Some(to), &message),
                Action::InstallSnapshot(_) => tell("snapshot wanted"),
                Action::SetElectionTimeout | Action::AppendLogEntries(_) => {}
            }
        }
    }

    /// Figure 2: what a message promises is stored. §5.2: one vote per term, over all lives.
    fn check_sent(&mut self, to: Option<NodeId>, message: &Message) {
        let (id, term) = (self.node.id(), message.term());
        assert_eq!(message.from(), id, "{message}");
        // A pre-vote promises nothing.
        if message.kind().is_pre_vote() {
            return;
        }
        assert!(term <= self.stored_term, "not stored: term of {message}");
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
        let is_stored = self.stored_vote == Some(candidate) || follows(self.stored_vote);
        assert!(
            is_stored || term < self.stored_term,
            "not stored: vote of {message}"
        );
        if !follows(Some(candidate)) {
            let first = *self.votes.entry(term).or_insert(candidate);
            assert_eq!(first, candidate, "a vote for {first}, and {message}");
        }
    }
}
