//! Questions to a replica, which change nothing.

use super::options::ReplicaOptions;
use super::snapshot::Snapshot;
use super::{Payload, Replica};
use crate::{LogIndex, LogPosition, Node, NodeId};

impl<P: Payload> Replica<P> {
    /// The node, to look at. What clients are told comes from the outputs: the node may be ahead of its store.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The bounds.
    #[must_use]
    pub fn options(&self) -> &ReplicaOptions {
        &self.desk.options
    }

    /// The payload of the command at this position, if it is in the log after the snapshot.
    #[must_use]
    pub fn payload(&self, position: LogPosition) -> Option<&P> {
        self.payloads.get(position)
    }

    /// Up to where entries were given out to be applied, or are part of a snapshot that was.
    #[must_use]
    pub fn applied(&self) -> LogIndex {
        self.desk.applied
    }

    /// The newest snapshot.
    #[must_use]
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.desk.snapshot.as_ref()
    }

    /// How many bytes of the snapshot that is sent to this node are stored there.
    #[must_use]
    pub fn snapshot_progress(&self, to: NodeId) -> Option<u64> {
        self.desk.sending.progress(to)
    }

    /// The snapshot that comes in, and how many of its bytes are here.
    #[must_use]
    pub fn incoming_snapshot(&self) -> Option<(&Snapshot, u64)> {
        let receiving = self.receiving.as_ref()?;
        Some((receiving.snapshot(), receiving.offset()))
    }

    /// Whether the store has failed, and this replica has ended.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.is_stopped
    }
}
