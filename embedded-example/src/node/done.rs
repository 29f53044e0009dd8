//! What follows when the flash is done.

use embassy_time::Instant;
use raftbare::replica::{Replica, Stored};
use raftbare::{NodeId, Role};

use super::board::Board;
use super::config::OPTIONS;
use super::flash::Done;
use super::member::Member;
use super::waiting::Wish;
use crate::app::{Payload, Settings};
use crate::console::MAX_VOTERS;
use crate::link::Kind;
use crate::store::OpenError;

impl<const PORTS: usize, B: Board> Member<'_, PORTS, B> {
    /// Goes on with what the flash has done.
    pub(super) fn take_done(&mut self, done: Done) {
        (self.is_busy, self.is_saving) = (false, false);
        match (done, &mut self.replica) {
            (Done::Opened(stored), _) => self.start(stored),
            (Done::Saved(batch, Ok(())), Ok(replica)) => {
                // What is not taken now comes with the next batch.
                let most = match self.desk.waits_to_load() {
                    true => 0,
                    false => usize::MAX,
                };
                for output in replica.persisted(batch).take(most) {
                    if !self.desk.execute(output) {
                        break;
                    }
                }
            }
            (Done::Saved(batch, Err(error)), Ok(replica)) => {
                self.desk.console.say(format_args!("* stopped: {error}"));
                replica.storage_failed(batch);
            }
            (Done::SnapshotWritten(written), Ok(replica)) => {
                let new = self.taking.take();
                let is_there = new.is_some_and(|new| match written {
                    Ok(()) => replica.finish_snapshot(new),
                    Err(_) => {
                        replica.abandon_snapshot(new);
                        false
                    }
                });
                self.answer_snapshot(is_there);
            }
            (Done::Loaded(bytes), _) => {
                let is_loaded = bytes.is_ok_and(|bytes| self.desk.settings.load(&bytes));
                if !is_loaded {
                    // The checksum was right, so this is the snapshot of another version.
                    self.replica = Err(OpenError::Snapshot);
                }
            }
            (Done::Chunk(to, envelope), _) => {
                if !envelope.is_empty() {
                    self.desk.link.send(to, Kind::Bulk, envelope);
                }
            }
            (Done::Saved(..) | Done::SnapshotWritten(_), Err(_)) => {}
        }
    }

    /// Starts with what the store holds.
    fn start(&mut self, stored: Result<Stored<Payload>, OpenError>) {
        let restarted = stored.and_then(|stored| {
            Replica::restart(self.id, OPTIONS, stored).map_err(OpenError::Stored)
        });
        let console = self.desk.console;
        match &restarted {
            Ok(replica) => {
                let (term, last) = (
                    replica.node().current_term(),
                    replica.node().log().last_position(),
                );
                let id = self.id;
                console.say(format_args!("* node {id} starts in term {term} at {last}"));
            }
            Err(error) => console.say(format_args!("* node {} has no store: {error}", self.id)),
        }
        self.replica = restarted;
        self.desk.settings = Settings::new();
        self.desk.waiting.clear();
        self.desk.jobs.clear();
        self.taking = None;
        if let Ok(replica) = &mut self.replica
            && !self.founders.is_empty()
        {
            let ids = self.founders.iter().map(|&id| NodeId::new(u64::from(id)));
            let ids: heapless::Vec<_, MAX_VOTERS> = ids.collect();
            replica.create_cluster(&ids);
            self.founders.clear();
        }
        if self.replica.is_ok() {
            self.desk.deadline = Instant::now() + self.desk.timing.timeout(Role::Follower, 0);
        }
    }

    fn answer_snapshot(&mut self, is_there: bool) {
        let wish = self.desk.waiting.take(|wish| *wish == Wish::Snapshot);
        match (wish, is_there) {
            (None, _) => {}
            (Some((_, ms)), true) => self.desk.ok(format_args!("it is stored in {ms} ms")),
            (Some(_), false) => self.desk.error(format_args!("it is not stored: try again")),
        }
    }
}
