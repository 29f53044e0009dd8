//! What a replica takes from its node to be stored, and lets out when it is.

use alloc::collections::BTreeSet;

use super::batch::{Batch, Outbox};
use super::output::Answer;
use super::snapshot::Snapshot;
use super::state::State;
use super::transfer::ChunkToStore;
use super::{Payload, Replica};
use crate::LogPosition;

impl<P: Payload> Replica<P> {
    /// Whether the node waits for reports of what is stored, and holds back by itself what depends on them.
    pub(super) fn is_asynchronous(&self) -> bool {
        self.node.options().asynchronous_storage
    }

    /// Takes the node's actions: what is to be stored, and what may leave then.
    ///
    /// thesis §10.2.1: a broadcast depends on no append, so it goes first, in a batch of its own, and the
    /// followers write while this node does. But not twice in a row, or a busy leader would never write. Where the
    /// node waits for reports, nothing that it lets out depends on the batch.
    pub(super) fn take_actions(&mut self, takes_append: bool) -> Batch<P> {
        let owner = self.node.id();
        let is_asynchronous = self.is_asynchronous();
        let actions = self.node.actions_mut();
        let has_both = actions.broadcast_message.is_some() && actions.append_log_entries.is_some();
        self.append_waits = has_both && !self.append_waits && !is_asynchronous;
        let saves_term = core::mem::take(&mut actions.save_current_term);
        let saves_vote = core::mem::take(&mut actions.save_voted_for);
        let takes_append = takes_append && !self.append_waits;
        let append = actions.append_log_entries.take_if(|_| takes_append);
        let mut outbox = match is_asynchronous {
            true => Outbox::default(),
            false => self.take_messages(),
        };
        outbox.chunk_reply = self.chunk_reply.take();
        let mut payloads = core::mem::take(&mut self.spare_payloads);
        payloads.extend(append.iter().flat_map(|it| self.payloads.of(it)).cloned());
        Batch {
            owner,
            number: 0,
            state: None,
            saves_hard_state: saves_term || saves_vote,
            chunk: None,
            snapshot: None,
            append,
            payloads,
            outbox,
        }
    }

    /// Takes what the node wants to tell: all but what has to go behind an append that waits.
    pub(super) fn take_messages(&mut self) -> Outbox {
        let actions = self.node.actions_mut();
        // The emptied list of the outputs before keeps its memory: the node gets it in exchange.
        let mut sends = core::mem::take(&mut self.desk.outbox.sends);
        while sends.pop_first().is_some() {}
        let mut outbox = Outbox {
            set_timer: core::mem::take(&mut actions.set_election_timeout),
            broadcast: actions.broadcast_message.take(),
            sends,
            snapshots_to: BTreeSet::new(),
            chunk_reply: self.desk.outbox.chunk_reply.take(),
        };
        if !self.append_waits {
            core::mem::swap(&mut outbox.sends, &mut actions.send_messages);
            outbox.snapshots_to = core::mem::take(&mut actions.install_snapshots);
        }
        outbox
    }

    /// thesis §10.2.1: where the node waits for reports, tells it that this batch is stored.
    pub(super) fn report_stored(&mut self, batch: &mut Batch<P>) {
        if !self.is_asynchronous() {
            return;
        }
        if let Some((term, vote)) = batch.hard_state() {
            self.node.handle_hard_state_persisted(term, vote);
        }
        if let Some(append) = &batch.append {
            self.node.handle_log_persisted(append.last_position());
        }
        if let Some(snapshot) = batch.snapshot.take() {
            // Only another node could have brought one that does not fit: nothing that is stored can be trusted then.
            match self.is_install_out {
                true => self.is_stopped = !self.install(snapshot),
                false => self.desk.snapshot = Some(snapshot),
            }
        }
        self.follow_log(|_| None);
        let chunk_reply = batch.outbox.chunk_reply.take();
        batch.outbox = self.take_messages();
        batch.outbox.chunk_reply = chunk_reply.or(batch.outbox.chunk_reply.take());
    }

    /// What is stored beside the log.
    pub(super) fn state(&self, new: Option<&Snapshot>) -> State {
        State {
            current_term: self.node.current_term(),
            voted_for: self.node.voted_for(),
            snapshot: new.or(self.desk.snapshot.as_ref()).cloned(),
        }
    }

    /// §7: takes the chunk that is to be stored. If the snapshot is complete with it, the node goes on from there
    /// at once: what it says from now on comes out only when all of it is stored. Where it waits for reports, it does
    /// when that is reported.
    pub(super) fn take_chunk(&mut self) -> (Option<ChunkToStore>, Option<Snapshot>) {
        let chunk = self.chunk.take();
        if chunk.is_none() {
            return (None, None);
        }
        let complete = self.receiving.take_if(|it| it.is_complete());
        let Some(receiving) = complete else {
            return (chunk, None);
        };
        let snapshot = receiving.into_snapshot();
        let is_wanted = match self.is_asynchronous() {
            true => self
                .node
                .accepts_snapshot(snapshot.position(), snapshot.config()),
            false => self.install(snapshot.clone()),
        };
        match is_wanted {
            true => (chunk, Some(snapshot)),
            false => (None, None), // It knows better by now.
        }
    }

    /// §7: goes on from a snapshot that has come in; says whether the node does.
    fn install(&mut self, snapshot: Snapshot) -> bool {
        let (position, config) = (snapshot.position(), snapshot.config().clone());
        if !self.node.handle_snapshot_installed(position, config) {
            return false;
        }
        self.follow_log(|_| None);
        self.desk.snapshot = Some(snapshot);
        self.desk.loads_snapshot = true;
        self.desk.applied = position.index;
        let undecided = self.desk.proposals.take_through(position.index);
        let unknown = undecided.into_iter().map(Answer::Unknown);
        self.desk.answers.extend(unknown);
        self.desk.reject_older(position.term);
        true
    }

    /// Lets out what has waited for a batch.
    pub(super) fn release(&mut self, outbox: Outbox) {
        let is_timer_left = self.desk.outbox.set_timer;
        if let Some(message) = &outbox.broadcast {
            let config = self.node.config();
            let own = self.node.id();
            self.desk.flows.follow(message.term(), self.node.peers());
            self.desk
                .flows
                .retain(|id| id != own && config.contains(id));
        }
        if !self.is_taking_snapshot() && self.node.role().is_leader() {
            for &to in &outbox.snapshots_to {
                self.desk.sending.begin(to);
            }
        }
        self.desk.broadcast_to = None;
        self.desk.outbox = outbox;
        self.desk.outbox.snapshots_to.clear();
        self.desk.outbox.set_timer |= is_timer_left;
    }

    /// Lets the payloads follow a change of the log.
    pub(super) fn follow_log(&mut self, payload_of: impl FnMut(LogPosition) -> Option<P>) {
        self.payloads.follow(self.node.log(), payload_of);
    }
}
