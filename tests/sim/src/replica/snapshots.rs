//! Snapshots of the simulated state machine: taken, stored, loaded.

use alloc::format;
use alloc::vec::Vec;

use raftbare::LogIndex;
use raftbare::replica::{NewSnapshot, Snapshot};

use super::clients::Wrong;
use super::flaw::ReplicaFlaw;
use super::{Command, ReplicaServer};
use crate::state::State;

/// A snapshot that is being taken. Its bytes are stored.
#[derive(Debug)]
pub(super) struct Taking {
    new: NewSnapshot,
}

/// The bytes of a state, some tens of them.
fn encode(state: State) -> Vec<u8> {
    let mut bytes = state.applied.get().to_le_bytes().to_vec();
    bytes.extend(state.digest.to_le_bytes());
    bytes.resize(16 + state.digest as usize % 32, state.digest as u8);
    bytes
}

/// The state of these bytes; `None` if they are of none.
fn decode(bytes: &[u8]) -> Option<State> {
    let (applied, rest) = bytes.split_first_chunk()?;
    let (digest, _) = rest.split_first_chunk()?;
    let state = State {
        applied: LogIndex::new(u64::from_le_bytes(*applied)),
        digest: u64::from_le_bytes(*digest),
    };
    (encode(state) == bytes).then_some(state)
}

impl<P: Command> ReplicaServer<P> {
    /// Begins a snapshot of the present state, if all that was given out is applied to it.
    pub(super) fn begin_snapshot(&mut self) {
        let Some(replica) = &mut self.replica else {
            return;
        };
        if self.taking.is_some() || !self.given.is_empty() || !self.takes_all {
            return;
        }
        let Some(mut new) = replica.begin_snapshot() else {
            return;
        };
        let (position, applied) = (new.position(), self.state.applied);
        if position.index != applied {
            let detail = format!("{applied} is applied, and the snapshot is to be at {position}");
            return self.fail(("A snapshot is of what is applied", detail));
        }
        if self.flaw != Some(ReplicaFlaw::SnapshotOfLaterState) {
            self.write_snapshot(&mut new);
        }
        self.taking = Some(Taking { new });
    }

    /// Tells and stores the bytes, in two pieces.
    fn write_snapshot(&mut self, new: &mut NewSnapshot) {
        let bytes = encode(self.state);
        let (head, tail) = bytes.split_at(self.random.below(bytes.len() as u64) as usize);
        new.write(head);
        new.write(tail);
        self.disk.own = Some((new.position(), bytes));
    }

    /// Finishes the snapshot that is being taken, soon; or gives it up.
    pub(super) fn go_on_with_snapshot(&mut self) {
        if self.taking.is_none() || !self.random.chance(self.manner.finish) {
            return;
        }
        let (Some(Taking { mut new }), Some(replica)) = (self.taking.take(), &mut self.replica)
        else {
            return;
        };
        if self.random.chance(50) {
            replica.abandon_snapshot(new);
            self.disk.own = None;
            return;
        }
        if self.flaw == Some(ReplicaFlaw::SnapshotOfLaterState) {
            self.write_snapshot(&mut new);
        }
        let position = new.position();
        let Some(replica) = &mut self.replica else {
            return;
        };
        if replica.finish_snapshot(new) {
            return;
        }
        self.disk.own = None;
        let is_overtaken = replica.node().log().snapshot_position().index >= position.index;
        if !is_overtaken && !replica.is_stopped() {
            let detail = format!("that at {position} is not: {}", replica.node());
            self.fail(("A finished snapshot is the newest", detail));
        }
    }

    /// Replaces the state by that of the stored snapshot.
    pub(super) fn load_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), Wrong> {
        if self.flaw == Some(ReplicaFlaw::LoadIgnored) {
            return Ok(());
        }
        let bytes = self.disk.bytes_of(snapshot);
        let state = bytes.and_then(decode);
        let is_there = |state: &State| state.applied == snapshot.position().index;
        let Some(state) = state.filter(is_there) else {
            let detail = format!("{snapshot:?}, stored is {bytes:?}");
            return Err(("A loaded snapshot is the state there", detail));
        };
        self.state = state;
        Ok(())
    }
}
