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
    /// Takes the node's actions: what is to be stored, and what may leave then.
    ///
    /// thesis §10.2.1: a broadcast depends on no append, so it goes first, in a batch of its own, and the
    /// followers write while this node does. But not twice in a row, or a busy leader would never write.
    pub(super) fn take_actions(&mut self) -> Batch<P> {
        let owner = self.node.id();
        let actions = self.node.actions_mut();
        let has_both = actions.broadcast_message.is_some() && actions.append_log_entries.is_some();
        self.append_waits = has_both && !self.append_waits;
        let saves_term = core::mem::take(&mut actions.save_current_term);
        let saves_vote = core::mem::take(&mut actions.save_voted_for);
        // The emptied list of the batch before keeps its memory: the node gets it in exchange.
        let mut sends = core::mem::take(&mut self.desk.outbox.sends);
        while sends.pop_first().is_some() {}
        let mut outbox = Outbox {
            set_timer: core::mem::take(&mut actions.set_election_timeout),
            broadcast: actions.broadcast_message.take(),
            sends,
            snapshots_to: BTreeSet::new(),
            chunk_reply: self.chunk_reply.take(),
        };
        let mut append = None;
        if !self.append_waits {
            append = actions.append_log_entries.take();
            core::mem::swap(&mut outbox.sends, &mut actions.send_messages);
            outbox.snapshots_to = core::mem::take(&mut actions.install_snapshots);
        }
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

    /// What is stored beside the log.
    pub(super) fn state(&self) -> State {
        State {
            current_term: self.node.current_term(),
            voted_for: self.node.voted_for(),
            snapshot: self.desk.snapshot.clone(),
        }
    }

    /// §7: takes the chunk that is to be stored. If the snapshot is complete with it, the node goes on from there
    /// at once: what it says from now on comes out only when all of it is stored.
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
        let (position, config) = (snapshot.position(), snapshot.config().clone());
        if !self.node.handle_snapshot_installed(position, config) {
            // It knows better by now.
            return (None, None);
        }
        self.follow_log(|_| None);
        self.desk.snapshot = Some(snapshot.clone());
        self.desk.loads_snapshot = true;
        self.desk.applied = position.index;
        let undecided = self.desk.proposals.take_through(position.index);
        self.desk.answers.extend(undecided.map(Answer::Unknown));
        (chunk, Some(snapshot))
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
