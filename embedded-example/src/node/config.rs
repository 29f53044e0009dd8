//! Who a node is, how patient, and how much it holds.

use embassy_time::Duration;
use raftbare::replica::ReplicaOptions;
use raftbare::{NodeId, Role};

use crate::console::MAX_VOTERS;
use crate::link::MAX_PAYLOAD;

/// Who a node is.
#[derive(Debug, Clone)]
pub struct Config {
    /// The number of the node, 1 to 15: from straps, so that one image serves all.
    pub id: NodeId,
    /// A number that is another one in each life, for timeouts: from a source of noise, if there is one.
    pub seed: u64,
    /// How patient it is.
    pub timing: Timing,
}

impl Config {
    /// The address of the node in frames.
    #[must_use]
    pub fn address(&self) -> u8 {
        address(self.id)
    }
}

/// The address of a node; 0, which nobody has, if its number is too high.
pub(super) fn address(id: NodeId) -> u8 {
    u8::try_from(id.get()).unwrap_or(0)
}

/// How long a node waits.
///
/// The shortest election timeout should be ten times as long as what stops a board: the erase of a sector of flash
/// takes some 50 ms.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Milliseconds between heartbeats of a leader.
    pub heartbeat_ms: u64,
    /// The shortest and the longest time until a follower loses its patience, in milliseconds: a random one between
    /// the two, so that no two campaign at once (§5.2).
    pub election_ms: (u64, u64),
    /// After so many milliseconds without an answer, who waits at the console is told so.
    pub answer_ms: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            heartbeat_ms: 100,
            election_ms: (500, 1000),
            answer_ms: 5000,
        }
    }
}

impl Timing {
    /// How long the timer of a node in this role runs.
    pub(super) fn timeout(&self, role: Role, random: u64) -> Duration {
        let (shortest, longest) = self.election_ms;
        let span = longest.saturating_sub(shortest).max(1);
        Duration::from_millis(match role {
            Role::Leader => self.heartbeat_ms,
            Role::Follower | Role::Candidate => shortest + random % span,
        })
    }
}

/// The bounds of a replica whose envelopes fit into frames, and whose log fits into the memory of a microcontroller. It
/// goes on while the flash is at work: a leader's heartbeats do not wait for an erase.
pub const OPTIONS: ReplicaOptions = {
    let mut options = ReplicaOptions::small();
    options.node.asynchronous_storage = true;
    options
};

const _: () = assert!(OPTIONS.limits.bytes <= MAX_PAYLOAD && OPTIONS.limits.members > MAX_VOTERS);
