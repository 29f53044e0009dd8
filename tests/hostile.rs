//! One node under anything: any message, any call, in any order, with any content. It never panics, its memory
//! is bounded, and what it has promised stays.

use raftbare::{
    Action, ClusterConfig, Log, LogEntries, LogEntry, LogIndex, LogPosition, Message,
    MessageHeader, MessageSeqNo, Node, NodeId, Term,
};
use raftbare_sim::random::Random;

/// Draws values that are likely to hurt: small ones, which meet each other, and those at the end of the range.
struct Hostile(Random);

impl Hostile {
    fn number(&mut self) -> u64 {
        match self.0.below(12) {
            0 => u64::MAX,
            1 => u64::MAX - self.0.below(3),
            2 => 1 << 50 << self.0.below(2),
            3 => self.0.next_u64(),
            _ => self.0.below(6),
        }
    }

    fn id(&mut self) -> NodeId {
        NodeId::new(if self.0.chance(900) {
            self.0.below(6)
        } else {
            self.number()
        })
    }

    fn term(&mut self) -> Term {
        Term::new(self.number())
    }

    fn position(&mut self) -> LogPosition {
        match self.0.below(20) {
            0 => LogPosition::INVALID,
            _ => LogPosition {
                term: self.term(),
                index: LogIndex::new(self.number()),
            },
        }
    }

    fn ids(&mut self) -> Vec<NodeId> {
        (0..self.0.below(5)).map(|_| self.id()).collect()
    }

    fn config(&mut self) -> ClusterConfig {
        let mut config = ClusterConfig::new();
        config.voters.extend(self.ids());
        if self.0.chance(300) {
            config.new_voters.extend(self.ids());
        }
        if self.0.chance(300) {
            config.non_voters.extend(self.ids());
        }
        config
    }

    fn entry(&mut self) -> LogEntry {
        match self.0.below(6) {
            0 => LogEntry::Term(self.term()),
            1 => LogEntry::ClusterConfig(self.config()),
            _ => LogEntry::Command,
        }
    }

    /// Entries after `prev`; half of the time with terms that rise, so that they are taken.
    fn entries(&mut self, prev: LogPosition) -> LogEntries {
        let mut entries = LogEntries::new(prev);
        let is_sane = self.0.chance(500);
        for _ in 0..self.0.below(6) {
            let entry = match self.entry() {
                LogEntry::Term(_) if is_sane => {
                    LogEntry::Term(entries.last_position().term + Term::new(self.0.below(2)))
                }
                entry => entry,
            };
            entries.push(entry);
        }
        entries
    }

    /// A position that the node has, or any.
    fn known_position(&mut self, node: &Node) -> LogPosition {
        let first = node.log().snapshot_position().index;
        let index = first + LogIndex::new(self.0.below(node.log().entries().len() as u64 + 1));
        match self.0.chance(700) {
            true => node
                .log()
                .get_position_and_config(index)
                .map_or(LogPosition::ZERO, |(position, _)| position),
            false => self.position(),
        }
    }

    fn message(&mut self, node: &Node) -> Message {
        let term = match self.0.below(10) {
            0 => self.term(),
            1 => node.current_term() + Term::new(1),
            2 => node.current_term() - Term::new(1),
            _ => node.current_term(),
        };
        let seqno = MessageSeqNo::new(self.number());
        let header = MessageHeader {
            from: self.id(),
            term,
            seqno,
        };
        let position = self.known_position(node);
        match self.0.below(5) {
            0 => Message::RequestVoteCall {
                header,
                last_position: position,
            },
            1 => Message::RequestVoteReply {
                header,
                vote_granted: self.0.chance(700),
            },
            2 => Message::AppendEntriesReply {
                header,
                last_position: position,
            },
            _ => Message::AppendEntriesCall {
                header,
                commit_index: LogIndex::new(self.number()),
                entries: self.entries(position),
            },
        }
    }

    fn log(&mut self) -> Log {
        let prev = match self.0.chance(700) {
            true => LogPosition::ZERO,
            false => self.position(),
        };
        Log::new(self.config(), self.entries(prev))
    }

    /// Any input; returns the storage's log anew where the input has replaced it.
    fn input(&mut self, node: &mut Node) {
        match self.0.below(20) {
            0 => node.handle_election_timeout(),
            1 => drop(node.create_cluster(&self.ids())),
            2 | 3 => drop(node.propose_command()),
            4 => {
                let config = match self.0.chance(500) {
                    true => node.config().to_joint_consensus(&self.ids(), &self.ids()),
                    false => self.config(),
                };
                node.propose_config(config);
            }
            5 => drop(node.heartbeat()),
            6 => drop(node.read_index().map(|token| node.read_status(token))),
            _ => node.handle_message(self.message(node)),
        }
    }
}

/// Storage that does what the actions say, and knows when that is impossible.
struct Storage {
    current_term: Term,
    voted_for: Option<NodeId>,
    snapshot_config: ClusterConfig,
    entries: LogEntries,
}

impl Storage {
    fn of(node: &Node) -> Self {
        Self {
            current_term: node.current_term(),
            voted_for: node.voted_for(),
            snapshot_config: node.log().snapshot_config().clone(),
            entries: node.log().entries().clone(),
        }
    }

    fn execute(&mut self, node: &Node, action: &Action) {
        match action {
            Action::SaveCurrentTerm => self.current_term = node.current_term(),
            Action::SaveVotedFor => self.voted_for = node.voted_for(),
            Action::AppendLogEntries(entries) => {
                let prev = entries.prev_position();
                assert!(
                    self.entries.contains(prev),
                    "{prev} is not stored: {}",
                    self.entries
                );
                let kept = prev.index - self.entries.prev_position().index;
                self.entries.truncate(usize::try_from(kept.get()).unwrap());
                self.entries.extend(entries.iter());
            }
            _ => {}
        }
    }

    fn install(&mut self, position: LogPosition, config: ClusterConfig) {
        self.entries = self
            .entries
            .since(position)
            .unwrap_or(LogEntries::new(position));
        self.snapshot_config = config;
    }

    fn assert_equals(&self, node: &Node) {
        assert_eq!(self.current_term, node.current_term());
        assert_eq!(self.voted_for, node.voted_for());
        assert_eq!(&self.entries, node.log().entries());
        assert_eq!(&self.snapshot_config, node.log().snapshot_config());
    }
}

fn strangers(node: &Node) -> usize {
    node.actions()
        .send_messages
        .keys()
        .filter(|&&id| !node.config().contains(id))
        .count()
}

#[test]
fn any_input_in_any_order_keeps_the_node_whole() {
    for seed in 0..4_000 {
        let mut hostile = Hostile(Random::new(seed));
        let id = hostile.id();
        let mut node = match hostile.0.chance(500) {
            true => Node::start(id),
            false => {
                let (term, vote) = (hostile.term(), Some(hostile.id()));
                Node::restart(id, term, vote, hostile.log())
            }
        };
        let mut storage = Storage::of(&node);
        let (mut term, mut commit_index) = (node.current_term(), node.commit_index());
        for _ in 0..100 {
            // The same input on an equal node has the same effect: nothing is left out of the comparison.
            let mut twin = node.clone();
            let draws = hostile.0.clone();
            if hostile.0.chance(50) {
                let position = hostile.known_position(&node);
                let config = match node.log().get_position_and_config(position.index) {
                    Some((_, config)) if hostile.0.chance(800) => config.clone(),
                    _ => hostile.config(),
                };
                if node.handle_snapshot_installed(position, config.clone()) {
                    storage.install(position, config);
                }
            } else {
                hostile.input(&mut node);
                let mut again = Hostile(draws);
                again.0.chance(50);
                again.input(&mut twin);
                assert_eq!(node, twin);
            }
            assert!(
                node.current_term() >= term && node.commit_index() >= commit_index,
                "seed {seed}: {node}"
            );
            assert!(
                node.commit_index() <= node.log().last_position().index,
                "seed {seed}: {node}"
            );
            (term, commit_index) = (node.current_term(), node.commit_index());
            assert!(strangers(&node) <= 16, "seed {seed}");
            let some = hostile.0.below(12);
            for _ in 0..some {
                let Some(action) = node.actions_mut().next() else {
                    break;
                };
                storage.execute(&node, &action);
            }
            if node.actions().is_empty() {
                storage.assert_equals(&node);
            }
        }
        while let Some(action) = node.actions_mut().next() {
            storage.execute(&node, &action);
        }
        storage.assert_equals(&node);
    }
}

/// The fields of `Actions` are public: a caller may put anything there. That may cost it its guarantees, but
/// never a panic.
#[test]
fn a_caller_that_meddles_with_the_actions_does_not_make_the_node_panic() {
    for seed in 0..4_000 {
        let mut hostile = Hostile(Random::new(!seed));
        let id = hostile.id();
        let mut node = Node::restart(id, hostile.term(), None, hostile.log());
        for _ in 0..100 {
            match hostile.0.below(8) {
                0 => {
                    let prev = hostile.known_position(&node);
                    node.actions_mut().append_log_entries = Some(hostile.entries(prev));
                }
                1 => node.actions_mut().broadcast_message = Some(hostile.message(&node)),
                2 => {
                    let message = hostile.message(&node);
                    node.actions_mut()
                        .send_messages
                        .insert(hostile.id(), message);
                }
                3 => drop(node.actions_mut().append_log_entries.take()),
                4 => drop(
                    node.handle_snapshot_installed(hostile.known_position(&node), hostile.config()),
                ),
                _ => hostile.input(&mut node),
            }
            let _ = (
                node.commit_index(),
                node.get_commit_status(hostile.position()),
                node.match_index(hostile.id()),
            );
            let _ = (node.leader_id(), node.peers().count(), node.role());
        }
    }
}

/// `LogEntries` against the plainest model of it: a vector of entries.
#[test]
fn log_entries_are_what_was_pushed() {
    for seed in 0..2_000 {
        let mut hostile = Hostile(Random::new(seed ^ 0xABCD));
        let prev = hostile.position();
        let mut entries = LogEntries::new(prev);
        let mut model: Vec<(LogPosition, LogEntry)> = Vec::new();
        for _ in 0..30 {
            match hostile.0.below(8) {
                0 => {
                    let len = usize::try_from(hostile.number()).unwrap_or(usize::MAX);
                    entries.truncate(len);
                    model.truncate(len);
                }
                _ => {
                    let entry = hostile.entry();
                    let last = model.last().map_or(prev, |&(position, _)| position);
                    if last.index.get() < u64::MAX {
                        let term = if let LogEntry::Term(term) = entry {
                            term
                        } else {
                            last.term
                        };
                        let index = last.index + LogIndex::new(1);
                        model.push((LogPosition { term, index }, entry.clone()));
                    }
                    entries.push(entry);
                }
            }
            assert!(entries.iter_with_positions().eq(model.iter().cloned()));
            assert!(
                entries
                    .iter()
                    .eq(model.iter().map(|(_, entry)| entry.clone()))
            );
            assert_eq!(entries.len(), model.len());
            assert_eq!(entries.is_empty(), model.is_empty());
            assert_eq!(
                entries.last_position(),
                model.last().map_or(prev, |&(position, _)| position)
            );
            for (offset, (position, entry)) in model.iter().enumerate() {
                assert!(entries.contains(*position) && entries.contains_index(position.index));
                assert_eq!(entries.get_entry(position.index).as_ref(), Some(entry));
                assert_eq!(entries.get_term(position.index), Some(position.term));
                let since = entries.since(*position).expect("it is there");
                assert!(
                    since
                        .iter_with_positions()
                        .eq(model[offset + 1..].iter().cloned())
                );
            }
            assert_eq!(LogEntries::from_iter(prev, entries.iter()), entries);
        }
    }
}
