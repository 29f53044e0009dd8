//! A batch on its way to the disk.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use raftbare::LogEntries;
use raftbare::replica::{Batch, Replica};

use super::batches::{records_of, state_row};
use super::clients::Wrong;
use super::disk::Step;
use super::flaw::ReplicaFlaw;
use super::{Command, ReplicaServer};
use crate::integration::{DiskWork, Effect};
use crate::random::Random;

/// A batch that is out, and what of it is not stored yet.
#[derive(Debug)]
pub(super) struct Writing<P> {
    /// `None` once it was given up.
    pub(super) batch: Option<Batch<P>>,
    pub(super) steps: VecDeque<Step>,
    pub(super) work: DiskWork,
}

impl<P: Command> ReplicaServer<P> {
    /// What is to be written of a batch, in the order of the documentation.
    fn plan(&self, batch: &Batch<P>, replica: &Replica<P>) -> Result<VecDeque<Step>, Wrong> {
        let mut steps = Vec::new();
        if let Some(chunk) = batch.chunk() {
            if self.flaw.is_none() && !self.disk.takes_chunk(chunk.snapshot(), chunk.offset()) {
                return Err(("Chunks follow each other", format!("{chunk:?}")));
            }
            let bytes = chunk.bytes().to_vec();
            steps.push(Step::Chunk(chunk.snapshot().clone(), chunk.offset(), bytes));
        }
        let hard_state = batch.hard_state();
        let mut state: Vec<Step> = hard_state
            .map(|(term, vote)| Step::HardState(term, vote))
            .into_iter()
            .collect();
        state.extend(batch.snapshot().cloned().map(Step::Mark));
        let records = records_of(batch, replica)?;
        let row = state_row(batch, &records)?;
        if self.manner.is_table {
            state.extend(row.map(Step::StateRow));
            state = vec![Step::Transaction(state)];
        }
        steps.extend(state);
        let snapshot = batch.snapshot().map(|it| it.position().index);
        steps.extend(snapshot.map(Step::DropThrough));
        steps.extend(batch.truncate_from().map(Step::TruncateFrom));
        if !records.is_empty() {
            steps.push(Step::Records(records));
        }
        if self.manner.keeps_state && self.disk.state.1 != self.state {
            steps.push(Step::State(self.state.applied, self.state));
        }
        if let Some(flaw) = self.flaw {
            flaw.alter(&mut steps, self.disk.state);
        }
        if self.manner.transactions && steps.len() > 1 {
            steps = vec![Step::Transaction(steps)];
        }
        Ok(steps.into())
    }

    /// Takes the next batch, if there is one. Then there is nothing else that could be done at once.
    pub(super) fn begin_writing(&mut self) -> Option<Effect<Vec<u8>>> {
        let mut replica = self.replica.take()?;
        let batch = replica.next_batch();
        let planned = batch.as_ref().map(|batch| self.plan(batch, &replica));
        let waits = planned.is_some() && replica.node().actions().append_log_entries.is_some();
        let starves = core::mem::replace(&mut self.watch.left_out, waits) && waits;
        self.replica = Some(replica);
        match planned? {
            Ok(_) if starves => {
                let detail = "two batches in a row go without it".into();
                self.fail(("An append does not wait for long", detail));
            }
            Ok(steps) => {
                if self.flaw == Some(ReplicaFlaw::BatchNotSynced) {
                    self.unsynced = Some(self.disk.clone().into());
                }
                let work = DiskWork::None;
                self.writing = Some(Writing { batch, steps, work });
                self.begin_step();
            }
            Err(wrong) => self.fail(wrong),
        }
        Some(Effect::Done)
    }

    /// The disk turns to the next step, or to a sync at the end: that may take time, or fail.
    fn begin_step(&mut self) {
        let Some(writing) = &mut self.writing else {
            return;
        };
        if self.random.chance(self.manner.slow) {
            let time_us = self.random.between(1, self.manner.disk_us.max(1));
            writing.work = DiskWork::Begins(time_us);
            self.seen.slow_steps += 1;
        }
        if self.random.chance(self.manner.failure) {
            if self.flaw == Some(ReplicaFlaw::FailureIgnored) {
                writing.steps.clear();
                return;
            }
            if let (Some(batch), Some(replica)) = (writing.batch.take(), &mut self.replica) {
                replica.storage_failed(batch);
                self.has_ended = true;
                self.seen.failed += 1;
                if !replica.is_stopped() || replica.next_batch().is_some() {
                    let detail = "a batch after storage_failed".into();
                    self.fail(("A failed store is the end", detail));
                }
            }
        }
    }

    /// Does the next piece of the batch that is out.
    pub(super) fn go_on_writing(&mut self) -> Option<Effect<Vec<u8>>> {
        let writing = self.writing.as_mut()?;
        if self.has_ended || writing.work != DiskWork::None {
            return None;
        }
        let Some(step) = writing.steps.pop_front() else {
            self.take_outputs();
            return Some(Effect::Done);
        };
        let entries = entries_of(&step);
        self.disk.perform(step);
        self.begin_step();
        let Some(entries) = entries else {
            return Some(Effect::Stored);
        };
        self.effects.push_front(Effect::Stored);
        Some(Effect::Append(entries))
    }

    /// The power fails while the disk is at work: some of the steps are done, and one perhaps in part.
    pub(super) fn interrupt_writing(&mut self, random: &mut Random) {
        let steps = self.writing.take().map(|writing| writing.steps);
        self.seen.interrupted += u64::from(steps.is_some());
        for step in steps.into_iter().flatten() {
            match random.below(3) {
                0 => return,
                1 => {
                    self.disk.perform_part(self.tear(step), random);
                    return;
                }
                _ => self.disk.perform(step),
            }
        }
    }
}

impl<P> ReplicaServer<P> {
    /// What is left of a step if half a record is taken for a whole one.
    fn tear(&self, mut step: Step) -> Step {
        if self.flaw == Some(ReplicaFlaw::TornRecordKept)
            && let Step::Records(records) = &mut step
        {
            for record in records {
                record.bytes.pop();
                record.command = None;
            }
        }
        step
    }
}

/// The entries that a step writes.
fn entries_of(step: &Step) -> Option<LogEntries> {
    match step {
        Step::Records(records) => {
            let first = records.first()?;
            let entries = records.iter().map(|record| record.entry.clone());
            Some(LogEntries::from_iter(first.prev, entries))
        }
        Step::Transaction(steps) => steps.iter().find_map(entries_of),
        _ => None,
    }
}
