//! The turns of a store: a batch goes out, is stored, and comes back; what may be done comes out.

use super::batch::Batch;
use super::output::Outputs;
use super::{Payload, Replica};

impl<P: Payload> Replica<P> {
    /// What is to be stored next. `None` if there is nothing to do, or a batch is out: its end comes first.
    ///
    /// Everything else, what to send, to apply, to answer, comes out when the batch is given back to
    /// [`persisted`](Self::persisted). So there may be batches with nothing to store.
    ///
    /// ```
    /// # use raftbare::replica::{Output, Replica, ReplicaOptions};
    /// # use raftbare::NodeId;
    /// # let mut replica = Replica::<Vec<u8>>::start(NodeId::new(1), ReplicaOptions::default());
    /// assert!(replica.next_batch().is_none());
    /// replica.handle_timeout();
    /// let batch = replica.next_batch().expect("the timer is to be set");
    /// assert!(replica.next_batch().is_none());
    /// assert_eq!(replica.persisted(batch).count(), 1);
    /// ```
    #[must_use]
    pub fn next_batch(&mut self) -> Option<Batch<P>> {
        if self.is_batch_out || self.is_stopped {
            return None;
        }
        if !self.node.role().is_leader() {
            self.desk.sending.clear();
        }
        let (chunk, mut snapshot) = self.take_chunk();
        let installs = self.is_asynchronous() && snapshot.is_some();
        let commit_index = self.node.commit_index();
        // What it stands for has come another way: it must not keep own snapshots from being taken.
        self.receiving
            .take_if(|it| it.snapshot().position().index <= commit_index);
        if let Some(taken) = self.taken.take() {
            if !self.is_asynchronous() {
                self.desk.snapshot = Some(taken.clone());
            }
            snapshot = Some(taken);
        }
        let mut batch = self.take_actions(!installs);
        self.is_snapshot_out = chunk.is_some() || snapshot.is_some();
        batch.chunk = chunk;
        batch.snapshot = snapshot;
        self.is_install_out = installs;
        let is_changed = batch.saves_hard_state || batch.snapshot.is_some();
        batch.state = is_changed.then(|| self.state(batch.snapshot.as_ref()));
        let is_needed = !batch.is_empty()
            || !batch.outbox.is_empty()
            || !self.node.actions().is_empty()
            || self.desk.has_outputs(&self.node);
        if !is_needed {
            self.spare_payloads = batch.payloads;
            if !self.is_asynchronous() {
                self.desk.outbox.sends = batch.outbox.sends;
            }
            return None;
        }
        self.batches = self.batches.saturating_add(1);
        batch.number = self.batches;
        self.is_batch_out = true;
        Some(batch)
    }

    /// Takes a batch that is stored, durably, and gives out what may be done now.
    ///
    /// Precondition: all of the batch is stored, and stays so when the power fails at this moment. If storing has
    /// failed, or nobody knows, it goes to [`storage_failed`](Self::storage_failed).
    ///
    /// The batch of another replica is no proof: nothing comes out.
    pub fn persisted(&mut self, mut batch: Batch<P>) -> Outputs<'_, P> {
        let is_proof = self.is_batch_out
            && batch.number == self.batches
            && batch.owner == self.node.id()
            && !self.is_stopped;
        if is_proof {
            self.is_batch_out = false;
            self.is_snapshot_out = false;
            self.report_stored(&mut batch);
            self.is_install_out = false;
            self.spare_payloads = batch.payloads;
            self.spare_payloads.clear();
            self.release(batch.outbox);
        }
        Outputs {
            node: (is_proof && !self.is_stopped).then_some(&self.node),
            payloads: &self.payloads,
            desk: &mut self.desk,
            is_snapshot_out: self.is_snapshot_out,
        }
    }

    /// Gives out what may be done at once, while a batch is out (thesis §10.2.1): with
    /// [`asynchronous_storage`](crate::NodeOptions::asynchronous_storage) in
    /// [`ReplicaOptions::node`](super::ReplicaOptions::node). Without, nothing:
    /// all of it waits for the batch.
    ///
    /// Then the node itself holds back what promises something until it is stored, and the rest need not wait: a
    /// leader's calls, heartbeats above all, the timer, and what others have committed meanwhile. To be called after
    /// each input, as long as a batch is out.
    ///
    /// ```
    /// use raftbare::replica::{Output, Replica, ReplicaOptions};
    /// use raftbare::NodeId;
    ///
    /// let mut options = ReplicaOptions::default();
    /// options.node.asynchronous_storage = true;
    /// let mut replica = Replica::<Vec<u8>>::start(NodeId::new(1), options);
    /// replica.create_cluster(&[NodeId::new(1)]);
    /// let batch = replica.next_batch().expect("the term is to be stored");
    /// // ... the store is at work ...
    /// assert!(matches!(replica.outputs().next(), Some(Output::SetTimer(_))));
    /// // ... and done.
    /// for _output in replica.persisted(batch) {}
    /// assert!(replica.node().role().is_leader());
    /// ```
    pub fn outputs(&mut self) -> Outputs<'_, P> {
        let may = self.is_asynchronous() && !self.is_stopped && !self.is_install_out;
        if may {
            let outbox = self.take_messages();
            self.release(outbox);
        }
        Outputs {
            node: may.then_some(&self.node),
            payloads: &self.payloads,
            desk: &mut self.desk,
            is_snapshot_out: self.is_snapshot_out,
        }
    }

    /// Takes a batch that could not be stored, or only perhaps, and ends: nothing comes out of this replica any
    /// more. It is not tried again, as nobody knows what a failed sync has left (fsync reports an error once).
    /// After a restart it goes on from what is stored then.
    ///
    /// ```
    /// # use raftbare::replica::{Output, Replica, ReplicaOptions};
    /// # use raftbare::NodeId;
    /// # let mut replica = Replica::<Vec<u8>>::start(NodeId::new(1), ReplicaOptions::default());
    /// replica.create_cluster(&[NodeId::new(1)]);
    /// let batch = replica.next_batch().expect("there is something to store");
    /// replica.storage_failed(batch);
    /// assert!(replica.is_stopped());
    /// ```
    pub fn storage_failed(&mut self, batch: Batch<P>) {
        drop(batch);
        self.is_stopped = true;
    }
}
