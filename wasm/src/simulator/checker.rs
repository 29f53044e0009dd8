//! [`RawChecker`]: Raft's guarantees, checked of nodes that JavaScript runs.

use super::parts::{PutMore, broken, numbers};
use crate::buffer::Buffer;
use crate::bytes::{LIMITS, decode_log};
use crate::node::RawNode;
use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use raftbare::codec::{decode_entries, decode_message};
use raftbare::{
    CommitStatus, Log, LogEntries, LogEntry, LogIndex, LogPosition, Node, NodeId, Term,
};
use raftbare_sim::checker::{Checker, Violation};
use raftbare_sim::integration::{Content, Durable, Effect, Integration};
use raftbare_sim::random::Random;
use raftbare_sim::state::State;
use wasm_bindgen::prelude::wasm_bindgen;

/// A [`Checker`], and what the last check has found.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct RawChecker {
    checker: Checker,
    /// What the node in question has stored.
    stored: Option<Stored>,
    violation: Option<Violation>,
    buffer: Buffer,
}

#[derive(Debug)]
struct Stored {
    current_term: Term,
    voted_for: Option<NodeId>,
    log: Log,
}

impl Stored {
    fn durable(&self) -> Durable<'_> {
        Durable {
            current_term: self.current_term,
            voted_for: self.voted_for,
            snapshot_config: Cow::Borrowed(self.log.snapshot_config()),
            entries: Cow::Borrowed(self.log.entries()),
        }
    }
}

#[wasm_bindgen]
impl RawChecker {
    /// Has seen nothing yet.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes room for an argument.
    pub fn reserve(&mut self, len: usize) -> *mut u8 {
        self.buffer.reserve(len)
    }

    /// What did not hold in the last check.
    pub fn violation(&mut self) -> *const u8 {
        let violation = self.violation.as_ref();
        self.buffer.result(|result| result.violation(violation))
    }

    /// What the next checks find stored: a log in the buffer, whose configuration has so many bytes.
    #[wasm_bindgen(js_name = setStored)]
    pub fn set_stored(&mut self, current_term: u64, has_voted: bool, vote: u64, len: usize) {
        let log = decode_log(self.buffer.argument(), len);
        self.stored = log.map(|log| Stored {
            current_term: Term::new(current_term),
            voted_for: has_voted.then_some(NodeId::new(vote)),
            log,
        });
    }

    /// [`Checker::check_server`], and [`Checker::check_drained`] if nothing is left to do.
    #[wasm_bindgen(js_name = checkNode)]
    pub fn check_node(&mut self, node: &RawNode) {
        let Some(stored) = &self.stored else { return };
        let machine = Machine {
            node: node.node(),
            stored,
        };
        let mut verdict = self.checker.check_server(&machine);
        if verdict.is_ok() && node.node().actions().is_empty() {
            verdict = Checker::check_drained(&machine);
        }
        let id = node.node().id();
        let verdict = verdict.and_then(|()| self.checker.check_disk(id, &stored.durable()));
        self.violation = broken(verdict);
    }

    /// [`Checker::check_sent`] of the message in the buffer.
    #[wasm_bindgen(js_name = checkSent)]
    pub fn check_sent(&mut self, to: u64) {
        let message = decode_message(self.buffer.argument(), &LIMITS);
        let (Some(stored), Ok(message)) = (&self.stored, message) else {
            return;
        };
        let (from, to) = (message.from(), NodeId::new(to));
        let verdict = self
            .checker
            .check_sent(from, to, &stored.durable(), &message);
        self.violation = broken(verdict);
    }

    /// [`Checker::check_stored`] of the entries in the buffer, whose commands are the integers behind them.
    #[wasm_bindgen(js_name = checkStored)]
    pub fn check_stored(&mut self, entries_len: usize) {
        let argument = self.buffer.argument().split_at_checked(entries_len);
        let Some((entries, commands)) = argument else {
            return;
        };
        let Ok(entries) = decode_entries(entries, &LIMITS) else {
            return;
        };
        let commands = commands_of(&entries, numbers(commands));
        let verdict = self
            .checker
            .check_stored(&entries, |position| commands.get(&position.index).copied());
        self.violation = broken(verdict);
    }

    /// [`Checker::check_applied`].
    #[wasm_bindgen(js_name = checkApplied)]
    pub fn check_applied(&mut self, id: u64, applied: u64, digest: u64) {
        let applied = LogIndex::new(applied);
        let state = State { applied, digest };
        let verdict = self.checker.check_applied(NodeId::new(id), state);
        self.violation = broken(verdict);
    }

    /// [`Checker::check_status`]: 0 to 3 as the node says it.
    #[wasm_bindgen(js_name = checkStatus)]
    pub fn check_status(&mut self, term: u64, index: u64, status: u8) {
        let position = LogPosition {
            term: Term::new(term),
            index: LogIndex::new(index),
        };
        let status = match status {
            0 => CommitStatus::InProgress,
            1 => CommitStatus::Committed,
            2 => CommitStatus::Rejected,
            _ => CommitStatus::Unknown,
        };
        self.violation = broken(self.checker.check_status(position, status));
    }

    /// [`Checker::note_crash`].
    #[wasm_bindgen(js_name = noteCrash)]
    pub fn note_crash(&mut self, id: u64) {
        self.checker.note_crash(NodeId::new(id));
    }

    /// [`Checker::commit_index`].
    #[wasm_bindgen(js_name = commitIndex)]
    #[must_use]
    pub fn commit_index(&self) -> u64 {
        self.checker.commit_index().get()
    }
}

/// The commands by their indexes.
fn commands_of(
    entries: &LogEntries,
    commands: impl Iterator<Item = u64>,
) -> BTreeMap<LogIndex, u64> {
    let placed: Vec<LogIndex> = entries
        .iter_with_positions()
        .filter(|(_, entry)| *entry == LogEntry::Command)
        .map(|(position, _)| position.index)
        .collect();
    placed.into_iter().zip(commands).collect()
}

/// A node with its store, of which JavaScript has the rest: it is only looked at.
struct Machine<'a> {
    node: &'a Node,
    stored: &'a Stored,
}

impl Integration for Machine<'_> {
    type Packet = ();

    fn node(&self) -> Option<&Node> {
        Some(self.node)
    }

    fn node_mut(&mut self) -> Option<&mut Node> {
        None
    }

    fn receive(&mut self, (): ()) {}

    fn propose(&mut self, _command: u64) -> LogPosition {
        LogPosition::INVALID
    }

    fn next_effect(&mut self) -> Option<Effect<()>> {
        None
    }

    fn apply_next(&mut self) -> Result<bool, &'static str> {
        Ok(false)
    }

    fn lose_power(&mut self, _random: &mut Random) {}

    fn restart(&mut self) {}

    fn durable(&self) -> Durable<'_> {
        self.stored.durable()
    }

    fn command(&self, _position: LogPosition) -> Option<u64> {
        None
    }

    fn state(&self) -> State {
        State::default()
    }

    fn content((): &()) -> Content<'_> {
        Content::Snapshot(LogPosition::ZERO)
    }
}
