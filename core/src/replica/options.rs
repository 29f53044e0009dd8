//! [`ReplicaOptions`]: how much at once.

use crate::codec::Limits;
use crate::{NodeOptions, StableLeadership};

/// The bounds of a [`Replica`](super::Replica). They keep memory and traffic bounded whatever others do.
///
/// The bounds of calls and chunks should be the same on all nodes of a cluster: a node takes no envelope that
/// is longer than its own [`limits`](Self::limits) allow.
///
/// ```
/// use raftbare::replica::ReplicaOptions;
///
/// let mut options = ReplicaOptions::default();
/// options.max_call_bytes = 512; // for a UART
/// options.chunk_bytes = 256;
/// assert!(options.max_call_bytes <= options.limits.bytes);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplicaOptions {
    /// The most entries of a call. A longer one is cut, and the rest follows when the answer is there. By default
    /// 1,024.
    pub max_call_entries: usize,
    /// The most bytes of payloads in a call, and so of a single payload: a longer one is refused. By default
    /// 32,768.
    pub max_call_bytes: usize,
    /// The most calls with entries under way to one follower, 16 at most. To a follower that answers none of
    /// them, no more entries are sent until it does. By default 8.
    pub max_calls_in_flight: usize,
    /// The most entries that are in the log and not committed: proposals above that are refused. By default
    /// 4,096.
    pub max_uncommitted: u64,
    /// The most entries that are in the log after the snapshot: commands above that are refused until there is a new
    /// one, and a follower takes no more commands than that. More than [`max_uncommitted`](Self::max_uncommitted). By
    /// default there is no bound but that of snapshots.
    pub max_log: u64,
    /// The most proposals, and the most reads, that wait for their answers. By default 1,024 each.
    pub max_waiting: usize,
    /// After so many applied entries [`wants_snapshot`](super::Replica::wants_snapshot) says so, and whenever the log is
    /// as long as [`max_log`](Self::max_log) allows. By default 10,000.
    pub snapshot_after: u64,
    /// The most bytes of a chunk of a snapshot. By default 16,384.
    pub chunk_bytes: usize,
    /// After so many timeouts of the leader without an answer to a chunk, it stops to send the snapshot; if the
    /// follower is there again, it starts again. By default 100.
    pub transfer_timeouts: u32,
    /// What the node does beyond the basic algorithm. By default stable leadership: a node that comes and goes does not
    /// disturb, and a leader whom no majority hears steps down; and a follower that has lost what it had acknowledged
    /// is refused.
    pub node: NodeOptions,
    /// What may come in: see [`Limits`]. [`Limits::bytes`] is for a whole envelope.
    pub limits: Limits,
}

impl ReplicaOptions {
    /// Bounds for a microcontroller with links that carry 256 bytes at once: a log of 96 entries, commands of up to 128
    /// bytes, clusters of up to 7 voters, some kilobytes of memory beside the payloads in the log.
    ///
    /// ```
    /// use raftbare::replica::ReplicaOptions;
    ///
    /// const OPTIONS: ReplicaOptions = ReplicaOptions::small();
    /// assert!(OPTIONS.max_log >= OPTIONS.snapshot_after + OPTIONS.max_uncommitted);
    /// assert!(OPTIONS.limits.bytes <= 256);
    /// ```
    #[must_use]
    pub const fn small() -> Self {
        Self {
            // A header of at most 30 bytes, six entries of which five may be configurations of 18, and the payloads.
            max_call_entries: 6,
            max_call_bytes: 128,
            max_calls_in_flight: 4,
            max_uncommitted: 16,
            max_log: 96,
            max_waiting: 16,
            snapshot_after: 48,
            // Beside the snapshot's position, configuration, length and checksum.
            chunk_bytes: 160,
            transfer_timeouts: 50,
            node: NodeOptions {
                stable_leadership: Some(StableLeadership { silent_timeouts: 8 }),
                refuses_lost_tail: true,
                ..NodeOptions::DEFAULT
            },
            limits: Limits {
                bytes: 256,
                entries: 128,
                terms_and_configs: 16,
                members: 8,
            },
        }
    }
}

impl Default for ReplicaOptions {
    fn default() -> Self {
        Self {
            max_call_entries: 1_024,
            max_call_bytes: 1 << 15,
            max_calls_in_flight: 8,
            max_uncommitted: 4_096,
            max_log: u64::MAX,
            max_waiting: 1_024,
            snapshot_after: 10_000,
            chunk_bytes: 1 << 14,
            transfer_timeouts: 100,
            node: NodeOptions {
                stable_leadership: Some(StableLeadership::default()),
                refuses_lost_tail: true,
                ..NodeOptions::DEFAULT
            },
            limits: Limits::default(),
        }
    }
}
