//! Own snapshots: when one is due, and how it is taken (§7).

use super::snapshot::NewSnapshot;
use super::transfer::Receiving;
use super::{Payload, Replica};

impl<P: Payload> Replica<P> {
    /// Whether it is time for a snapshot: so many entries as
    /// [`snapshot_after`](super::ReplicaOptions::snapshot_after) says were applied since the last, or the log is as long
    /// as [`max_log`](super::ReplicaOptions::max_log) allows, and one can begin.
    #[must_use]
    pub fn wants_snapshot(&self) -> bool {
        let since = self.node.log().snapshot_position().index;
        let options = &self.desk.options;
        let is_due = self.desk.applied.distance_from(since) >= options.snapshot_after
            || self.log_len() >= options.max_log;
        is_due && self.may_begin_snapshot() && self.taking.is_none()
    }

    /// Begins a snapshot of the state with all applied that was given out so far (§7).
    ///
    /// Then tell its bytes to [`NewSnapshot::write`], store them durably, and call
    /// [`finish_snapshot`](Self::finish_snapshot), now or later. `None` if nothing was applied since the last one,
    /// or while one is sent or comes in: there are never two on their way. If one was begun and not finished, the new
    /// one takes its place.
    ///
    /// ```
    /// # use raftbare::replica::{Output, Replica, ReplicaOptions};
    /// # use raftbare::NodeId;
    /// # let mut replica = Replica::<Vec<u8>>::start(NodeId::new(1), ReplicaOptions::default());
    /// # replica.create_cluster(&[NodeId::new(1)]);
    /// # while let Some(batch) = replica.next_batch() {
    /// #     for _output in replica.persisted(batch) {}
    /// # }
    /// let state = b"all of the state";
    /// if let Some(mut snapshot) = replica.begin_snapshot() {
    ///     snapshot.write(state);
    ///     // ... store the bytes, and sync ...
    ///     assert!(replica.finish_snapshot(snapshot));
    /// }
    /// let batch = replica.next_batch().expect("the log is to be cut");
    /// assert_eq!(batch.snapshot().map(|it| it.len()), Some(16));
    /// ```
    pub fn begin_snapshot(&mut self) -> Option<NewSnapshot> {
        if !self.may_begin_snapshot() {
            return None;
        }
        let (position, config) = self.node.log().get_position_and_config(self.desk.applied)?;
        self.taking = Some(position);
        self.receiving = None;
        Some(NewSnapshot::new(position, config.clone()))
    }

    /// Ends a snapshot whose bytes are stored: the log up to its position is dropped.
    ///
    /// Returns whether it is the newest one now: the next batch says so to the store. If not, its bytes are of no
    /// use.
    pub fn finish_snapshot(&mut self, new: NewSnapshot) -> bool {
        if self.taking != Some(new.position()) || self.is_stopped {
            return false;
        }
        self.taking = None;
        let snapshot = new.finish();
        let is_installed = self
            .node
            .handle_snapshot_installed(snapshot.position(), snapshot.config().clone());
        self.follow_log(|_| None);
        if is_installed {
            self.taken = Some(snapshot);
        }
        is_installed
    }

    /// Gives up a snapshot that could not be stored.
    pub fn abandon_snapshot(&mut self, new: NewSnapshot) {
        self.taking.take_if(|taking| *taking == new.position());
        drop(new);
    }

    /// Whether an own snapshot is being taken, or is not yet the stored one.
    pub(super) fn is_taking_snapshot(&self) -> bool {
        self.taking.is_some() || self.taken.is_some()
    }

    /// Whether no snapshot is on its way, so that one may begin.
    pub(super) fn may_begin_snapshot(&self) -> bool {
        !self.is_stopped
            && !self.is_snapshot_out
            && self.chunk.is_none()
            && self.taken.is_none()
            && !self.desk.loads_snapshot
            && self.desk.sending.is_empty()
            && self.receiving.as_ref().is_none_or(Receiving::is_idle)
            && self.desk.applied > self.node.log().snapshot_position().index
    }
}
