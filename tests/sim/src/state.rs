//! The replicated state machine of the simulated servers.

use raftbare::LogIndex;

use crate::random::mix;

/// A state machine that remembers, in one number, every command that was applied and their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct State {
    /// The index of the last entry that was applied.
    pub applied: LogIndex,
    /// A hash of all applied commands in their order.
    pub digest: u64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            applied: LogIndex::ZERO,
            digest: 0,
        }
    }
}

impl State {
    /// Applies the entry after the last one; entries that are no commands change the index only.
    pub fn apply(&mut self, index: LogIndex, command: Option<u64>) {
        debug_assert_eq!(index, self.applied + LogIndex::new(1));
        self.applied = index;
        if let Some(command) = command {
            self.digest = mix(self.digest ^ mix(command));
        }
    }
}
