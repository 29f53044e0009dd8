//! The steps that lead out of a state.

use raftbare::{LogIndex, Message, NodeId};
use raftbare_sim::checker::Violation;
use raftbare_sim::server::Payload;

use super::{Explorer, Row};
use crate::budget::{Budget, Trouble};
use crate::step::{After, Input, Local, Outcome};

/// An input as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Timeout,
    Propose,
    Config,
    Snapshot,
    /// To the server at this place, or to none.
    Transfer(Option<u8>),
    Read(u32),
    /// This message, with so many of its entries, or with [`Key::WHOLE`].
    Receive(u32, u8),
    /// So many writes.
    Write(u8),
    Report,
    Take,
}

impl Key {
    const WHOLE: u8 = u8::MAX;

    /// What of the bounds it takes.
    const fn cost(self) -> Option<Trouble> {
        match self {
            Self::Timeout => Some(Trouble::Timeout),
            Self::Propose => Some(Trouble::Command),
            Self::Config => Some(Trouble::Change),
            Self::Snapshot => Some(Trouble::Snapshot),
            Self::Transfer(_) => Some(Trouble::Transfer),
            Self::Read(_) => Some(Trouble::Read),
            Self::Receive(_, Self::WHOLE) | Self::Write(_) | Self::Take => None,
            Self::Report => Some(Trouble::Duplicate),
            Self::Receive(..) => Some(Trouble::Cut),
        }
    }
}

impl After {
    const fn cost(self) -> Option<Trouble> {
        match self {
            Self::Taken => None,
            Self::Waits(_) => Some(Trouble::Wait),
            Self::Crashed(_) => Some(Trouble::Crash),
        }
    }
}

/// What is left of the budget after something that may cost.
fn pay(budget: Budget, cost: Option<Trouble>) -> Option<Budget> {
    cost.map_or(Some(budget), |trouble| budget.less(trouble))
}

/// An outcome as numbers: what it sends, with the places of the receivers.
#[derive(Debug)]
pub(super) struct Numbers {
    after: After,
    local: u32,
    sent: Box<[(u8, u32)]>,
    /// What it was before it crashed.
    crashed: Option<u32>,
    violation: Option<Violation>,
}

/// What the search asks of a local state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    is_leader: bool,
    may_time_out: bool,
    may_snapshot: bool,
    may_change: bool,
    may_read: bool,
    is_late: bool,
    waiting_writes: u8,
    has_actions: bool,
}

/// A step as numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Label {
    place: usize,
    key: Key,
    before: u32,
    outcome: usize,
    is_duplicate: bool,
}

/// A step of the cluster.
#[derive(Debug, Clone)]
pub struct Move {
    /// The server before.
    pub before: Local,
    /// What happened to it.
    pub input: Input,
    /// How far it got.
    pub after: After,
    /// What it was then; as far as it got where something is broken.
    pub local: Local,
    /// Whether the message that arrived is still under way.
    pub is_duplicate: bool,
}

impl Explorer {
    /// The number of a local state.
    pub(super) fn number_of(&mut self, local: Local) -> u32 {
        let (number, is_new) = self.locals.insert_full(local);
        if is_new {
            let facts = self.facts_of(&self.locals[number]);
            self.memory.facts.push(facts);
        }
        number_from(number)
    }

    fn facts_of(&self, local: &Local) -> Facts {
        let node = local.node();
        let is_leader = node.role().is_leader();
        Facts {
            is_leader,
            may_time_out: is_leader || node.current_term().get() < self.bounds.max_term,
            may_snapshot: local.server.state.applied > node.log().snapshot_position().index,
            may_change: is_leader && !node.config().is_joint_consensus(),
            may_read: is_leader && local.read.is_none(),
            is_late: local.server.is_late(),
            waiting_writes: local.server.waiting_writes().len() as u8,
            has_actions: !node.actions().is_empty(),
        }
    }

    /// The inputs of the server at this place.
    fn inputs(&self, row: &Row, place: usize, budget: Budget) -> Vec<Key> {
        let facts = self.memory.facts[row[2 * place] as usize];
        let history = &self.histories[row[self.width() - 2] as usize];
        let mut keys = Vec::new();
        let possible = [
            (facts.may_time_out, Key::Timeout),
            (facts.is_leader, Key::Propose),
            (facts.may_change, Key::Config),
            (facts.may_snapshot, Key::Snapshot),
            (
                facts.may_read,
                Key::Read(history.commit_index().get() as u32),
            ),
            (facts.is_late, Key::Report),
            (facts.has_actions || budget.has(Trouble::Crash), Key::Take),
        ];
        keys.extend(possible.iter().filter(|it| it.0).map(|it| it.1));
        keys.extend((1..=facts.waiting_writes).map(Key::Write));
        if facts.is_leader && budget.has(Trouble::Transfer) {
            keys.push(Key::Transfer(None));
            let others = (0..self.bounds.disks.len()).filter(|&other| other != place);
            keys.extend(others.map(|other| Key::Transfer(Some(other as u8))));
        }
        for &payload in &self.inboxes[row[2 * place + 1] as usize] {
            keys.push(Key::Receive(payload, Key::WHOLE));
            if let Payload::Raft(Message::AppendEntriesCall { entries, .. }, _) =
                &self.payloads[payload as usize]
                && budget.has(Trouble::Cut)
            {
                keys.extend((0..entries.len() as u8).map(|len| Key::Receive(payload, len)));
            }
        }
        keys.retain(|key| pay(budget, key.cost()).is_some());
        keys
    }

    fn input(&self, local: u32, key: Key) -> Input {
        match key {
            Key::Timeout => Input::Timeout,
            Key::Propose => Input::Propose,
            Key::Config => {
                let mut config = self.locals[local as usize].node().config().clone();
                config.new_voters = self.bounds.target.iter().copied().collect();
                Input::Config(config)
            }
            Key::Snapshot => Input::Snapshot,
            Key::Transfer(to) => Input::Transfer(to.map(|place| NodeId::new(u64::from(place) + 1))),
            Key::Read(bound) => Input::Read(LogIndex::new(bound.into())),
            Key::Receive(payload, cut) => {
                let cut = (cut != Key::WHOLE).then_some(cut.into());
                Input::Receive(self.payloads[payload as usize].clone(), cut)
            }
            Key::Write(count) => Input::Write(count.into()),
            Key::Report => Input::Report,
            Key::Take => Input::Take,
        }
    }

    /// The outcomes of an input: where in the list they are.
    fn outcomes(&mut self, local: u32, key: Key) -> std::ops::Range<usize> {
        if let Some(&(start, end)) = self.memory.steps.get(&(local, key)) {
            return start as usize..end as usize;
        }
        let input = self.input(local, key);
        let crash = self.bounds.crash();
        let start = self.memory.outcomes.len();
        for outcome in self.locals[local as usize].outcomes(&input, crash) {
            let numbers = self.numbers_of(outcome);
            self.memory.outcomes.push(numbers);
        }
        let end = self.memory.outcomes.len();
        let range = (number_from(start), number_from(end));
        self.memory.steps.insert((local, key), range);
        start..end
    }

    fn numbers_of(&mut self, outcome: Outcome) -> Numbers {
        let mut sent = Vec::new();
        for (to, payload) in outcome.sent {
            let place = to.get().wrapping_sub(1);
            if place < self.bounds.disks.len() as u64 {
                let (payload, _) = self.payloads.insert_full(payload);
                sent.push((place as u8, number_from(payload)));
            }
        }
        Numbers {
            after: outcome.after,
            local: self.number_of(outcome.local),
            sent: sent.into(),
            crashed: outcome.crashed.map(|local| self.number_of(local)),
            violation: outcome.verdict.err(),
        }
    }

    /// Every step from a state, and the state that it leads to; or the first that breaks something. A step that does
    /// nothing but lose a message, or a part of the budget, is left out: what can happen after it can happen without.
    pub(super) fn moves(
        &mut self,
        row: &Row,
        mut each: impl FnMut(&Label, &Row),
    ) -> Result<(), (Label, Violation)> {
        let budget = Budget::from_bits(row[self.width() - 1]);
        for place in 0..self.bounds.disks.len() {
            let before = row[2 * place];
            for key in self.inputs(row, place, budget) {
                let Some(budget) = pay(budget, key.cost()) else {
                    continue;
                };
                for outcome in self.outcomes(before, key) {
                    let numbers = &self.memory.outcomes[outcome];
                    let Some(budget) = pay(budget, numbers.after.cost()) else {
                        continue;
                    };
                    let mut label = Label {
                        place,
                        key,
                        before,
                        outcome,
                        is_duplicate: false,
                    };
                    if let Some(violation) = &numbers.violation {
                        return Err((label, violation.clone()));
                    }
                    let teaches = numbers.crashed.is_some_and(|crashed| crashed != before);
                    if numbers.local == before && numbers.sent.is_empty() && !teaches {
                        continue;
                    }
                    let next = self.follow(row, label, budget).map_err(|it| (label, it))?;
                    each(&label, &next);
                    if let (Key::Receive(..), Some(budget)) = (key, budget.less(Trouble::Duplicate))
                    {
                        label.is_duplicate = true;
                        let next = self.follow(row, label, budget).map_err(|it| (label, it))?;
                        each(&label, &next);
                    }
                }
            }
        }
        Ok(())
    }

    /// The state that a step leads to.
    fn follow(&mut self, row: &Row, label: Label, budget: Budget) -> Result<Row, Violation> {
        let (place, width) = (label.place, self.width());
        let mut next = *row;
        if let (Key::Receive(payload, _), false) = (label.key, label.is_duplicate) {
            next[2 * place + 1] = self.without(next[2 * place + 1], payload);
        }
        let local = self.memory.outcomes[label.outcome].local;
        next[2 * place] = local;
        next[2 * place + 1] = self.alive(local, next[2 * place + 1]);
        for at in 0..self.memory.outcomes[label.outcome].sent.len() {
            let (to, payload) = self.memory.outcomes[label.outcome].sent[at];
            let to = 2 * usize::from(to);
            next[to + 1] = self.with(next[to + 1], payload);
            next[to + 1] = self.alive(next[to], next[to + 1]);
        }
        next[width - 1] = budget.bits();
        if let Some(crashed) = self.memory.outcomes[label.outcome].crashed {
            self.observe(&mut next, place, crashed)?;
        }
        if local != label.before {
            self.observe(&mut next, place, local)?;
        }
        Ok(next)
    }

    /// A step in full.
    pub(super) fn describe(&self, label: Label) -> Move {
        let outcome = &self.memory.outcomes[label.outcome];
        Move {
            before: self.locals[label.before as usize].clone(),
            input: self.input(label.before, label.key),
            after: outcome.after,
            local: self.locals[outcome.local as usize].clone(),
            is_duplicate: label.is_duplicate,
        }
    }
}

/// The number of something in a table.
pub(super) fn number_from(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than 2^32 of anything")
}
