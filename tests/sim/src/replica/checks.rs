//! What holds of a replica whenever it has nothing to do, and of its payloads at any time.

use alloc::format;

use raftbare::replica::Replica;
use raftbare::{LogEntry, LogIndex, LogPosition, Term};

use super::clients::Wrong;
use super::disk::ReplicaDisk;
use super::{Command, ReplicaServer};

impl<P: Command> ReplicaServer<P> {
    /// There is no batch: all is told, no snapshot comes in for nothing, and all payloads are those of the log.
    pub(super) fn check_idle(&mut self) {
        let Some(replica) = &self.replica else { return };
        let applied = replica.applied();
        let told = self.clients.check_idle(applied);
        let incoming = replica.incoming_snapshot();
        let useless = incoming.filter(|it| it.0.position().index <= applied);
        let useless = useless.map(|it| format!("{:?}, and {applied} is applied", it.0));
        if let Some(detail) = useless {
            self.fail(("A snapshot that is of no use is given up", detail));
        }
        if let Err(wrong) = told {
            self.fail(wrong);
        }
        self.check_payloads();
    }

    /// Looks at the payloads at the end of the log; now and then at all of them.
    pub(super) fn check_payloads(&mut self) {
        self.watch.occasions += 1;
        let Some(replica) = &self.replica else { return };
        let last = replica.node().log().last_position().index;
        let first = match self.watch.occasions.is_multiple_of(64) {
            true => 0,
            false => last.get().saturating_sub(4),
        };
        if let Err(wrong) = payloads_are_right(replica, &self.disk, first) {
            self.fail(wrong);
        }
    }
}

/// Behind `first`, there is a payload for each command in the log after the snapshot, that which is stored, and
/// none for anything else.
fn payloads_are_right<P: Command>(
    replica: &Replica<P>,
    disk: &ReplicaDisk,
    first: u64,
) -> Result<(), Wrong> {
    let log = replica.node().log();
    let (base, last) = (log.snapshot_position(), log.last_position());
    let command_at = |position| {
        let payload = replica.payload(position).map(AsRef::as_ref);
        payload.map(P::read)
    };
    let wrong = |at: LogPosition| {
        let detail = format!("at {at} of {}", replica.node());
        Err(("Each command in the log has its payload", detail))
    };
    for index in first.max(base.index.get())..last.index.get() {
        let index = LogIndex::new(index + 1);
        let Some(term) = log.entries().get_term(index) else {
            continue;
        };
        let position = LogPosition { term, index };
        let is_command = log.entries().get_entry(index) == Some(LogEntry::Command);
        let command = command_at(position);
        let stored = disk.command(position);
        let is_right = match command {
            None => !is_command,
            Some(None) => false,
            Some(command) => is_command && (stored.is_none() || stored == command),
        };
        // Another entry of this index is another entry.
        let other = LogPosition {
            term: term + Term::new(1),
            index,
        };
        if !is_right || command_at(other).is_some() {
            return wrong(position);
        }
    }
    let after = last.index + LogIndex::new(1);
    for term in [last.term, replica.node().current_term()] {
        let behind = LogPosition { term, index: after };
        if command_at(behind).is_some() || command_at(base).is_some() {
            return wrong(behind);
        }
    }
    Ok(())
}
