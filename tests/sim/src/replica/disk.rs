//! What a replica's server finds again after a crash: records by index, files of snapshots, the state.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use raftbare::replica::{Snapshot, Stored, StoredError};
use raftbare::{ClusterConfig, LogEntries, LogEntry, LogIndex, LogPosition, NodeId, Term, codec};

use super::Command;
use crate::integration::Durable;
use crate::random::Random;
use crate::state::State;

/// A file with a snapshot, or with the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) snapshot: Snapshot,
    pub(super) bytes: Vec<u8>,
}

/// A record as it was written, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredRecord {
    pub(super) bytes: Vec<u8>,
    pub(super) prev: LogPosition,
    pub(super) position: LogPosition,
    pub(super) entry: LogEntry,
    pub(super) command: Option<u64>,
}

/// One thing that is written at once, or not.
#[derive(Debug, Clone)]
pub(super) enum Step {
    HardState(Term, Option<NodeId>),
    /// The row with all that is not in the log, of a table.
    StateRow(Vec<u8>),
    /// These bytes from this one on; from 0 on, of a new file.
    Chunk(Snapshot, u64, Vec<u8>),
    /// From now on this is the snapshot.
    Mark(Snapshot),
    DropThrough(LogIndex),
    TruncateFrom(LogIndex),
    Records(Vec<StoredRecord>),
    State(LogIndex, State),
    Transaction(Vec<Self>),
}

/// The disk of a server. A step that is performed is durable.
#[derive(Debug, Clone)]
pub struct ReplicaDisk {
    /// In a table: term, vote and the mark of the snapshot.
    row: Option<Vec<u8>>,
    hard_state: Vec<u8>,
    /// The encoded mark of the snapshot.
    mark: Option<Vec<u8>>,
    pub(super) snapshot: Option<File>,
    /// A snapshot that comes from the leader.
    pub(super) incoming: Option<File>,
    /// The bytes of an own snapshot that is not finished.
    pub(super) own: Option<(LogPosition, Vec<u8>)>,
    records: BTreeMap<LogIndex, StoredRecord>,
    /// The stored state, and how far it is said to be.
    pub(super) state: (LogIndex, State),
    /// Term, vote and log as a restart would find them.
    ballot: (Term, Option<NodeId>),
    log: LogEntries,
}

impl Default for ReplicaDisk {
    fn default() -> Self {
        Self {
            row: None,
            hard_state: Vec::new(),
            mark: None,
            snapshot: None,
            incoming: None,
            own: None,
            records: BTreeMap::new(),
            state: (LogIndex::ZERO, State::default()),
            ballot: (Term::ZERO, None),
            log: LogEntries::new(LogPosition::ZERO),
        }
    }
}

impl ReplicaDisk {
    /// What a restart would find.
    pub(super) fn durable(&self) -> Durable<'_> {
        let config = match &self.snapshot {
            Some(file) => Cow::Borrowed(file.snapshot.config()),
            None => Cow::Owned(ClusterConfig::new()),
        };
        Durable {
            current_term: self.ballot.0,
            voted_for: self.ballot.1,
            snapshot_config: config,
            entries: Cow::Borrowed(&self.log),
        }
    }

    /// The command of the record at `position`.
    pub(super) fn command(&self, position: LogPosition) -> Option<u64> {
        let record = self.records.get(&position.index)?;
        record.command.filter(|_| record.position == position)
    }

    /// Reads everything, as a restart does.
    pub(super) fn load<P: Command>(&self) -> Result<Stored<P>, StoredError> {
        let mut stored = Stored::default();
        stored.applied = self.state.0;
        if let Some(row) = &self.row {
            stored.load(0, row)?;
            for (index, record) in &self.records {
                stored.load(index.get(), &record.bytes)?;
            }
            return Ok(stored);
        }
        if !self.hard_state.is_empty() {
            let (term, vote) = codec::decode_hard_state(&self.hard_state, &stored.limits)?;
            (stored.current_term, stored.voted_for) = (term, vote);
        }
        if let Some(mark) = &self.mark {
            stored.snapshot = Some(Snapshot::decode(mark, &stored.limits)?);
        }
        for record in self.records.values() {
            stored.push(&record.bytes)?;
        }
        Ok(stored)
    }

    /// What does not survive a restart: nobody knows how much of an unfinished snapshot is there.
    pub(super) fn tidy_up(&mut self) {
        self.incoming = None;
        self.own = None;
    }

    /// Whether a chunk of this snapshot at this byte begins a file, or goes on with the one that is there.
    pub(super) fn takes_chunk(&self, snapshot: &Snapshot, offset: u64) -> bool {
        let incoming = self.incoming.as_ref();
        let goes_on = |file: &File| file.snapshot == *snapshot && file.bytes.len() as u64 == offset;
        offset == 0 || incoming.is_some_and(goes_on)
    }

    /// The file with the bytes of this snapshot: that of the stored one.
    pub(super) fn bytes_of(&self, snapshot: &Snapshot) -> Option<&[u8]> {
        let file = self.snapshot.as_ref()?;
        (file.snapshot == *snapshot).then_some(&file.bytes)
    }

    pub(super) fn perform(&mut self, step: Step) {
        match step {
            Step::HardState(term, vote) => {
                self.hard_state.clear();
                codec::encode_hard_state(term, vote, &mut self.hard_state)
                    .expect("a vector has room");
                self.ballot = (term, vote);
            }
            Step::StateRow(row) => self.row = Some(row),
            Step::Chunk(snapshot, offset, bytes) => self.write_chunk(snapshot, offset, &bytes),
            Step::Mark(snapshot) => self.mark(snapshot),
            Step::DropThrough(index) => {
                self.records.retain(|&at, _| at > index);
            }
            Step::TruncateFrom(index) => {
                self.records.split_off(&index);
                self.read_log();
            }
            Step::Records(records) => records.into_iter().for_each(|record| self.put(record)),
            Step::State(applied, state) => self.state = (applied, state),
            Step::Transaction(steps) => steps.into_iter().for_each(|step| self.perform(step)),
        }
    }

    /// The power fails in the middle of a step. Records are written from the first to the last, and dropped
    /// towards where they are read from.
    pub(super) fn perform_part(&mut self, step: Step, random: &mut Random) {
        let first = self.records.keys().next().copied();
        let last = self.records.keys().next_back().copied();
        match (step, first, last) {
            (Step::Chunk(snapshot, offset, mut bytes), ..) => {
                bytes.truncate(random.below(bytes.len() as u64 + 1) as usize);
                self.write_chunk(snapshot, offset, &bytes);
            }
            (Step::DropThrough(index), Some(first), _) if first <= index => {
                let some = random.between(first.get(), index.get());
                self.perform(Step::DropThrough(LogIndex::new(some)));
            }
            (Step::TruncateFrom(index), _, Some(last)) if index <= last => {
                let some = random.between(index.get(), last.get());
                self.perform(Step::TruncateFrom(LogIndex::new(some)));
            }
            (Step::Records(mut records), ..) => {
                records.truncate(random.below(records.len() as u64 + 1) as usize);
                self.perform(Step::Records(records));
            }
            _ => {}
        }
    }

    fn write_chunk(&mut self, snapshot: Snapshot, offset: u64, bytes: &[u8]) {
        if offset == 0 || self.incoming.is_none() {
            let bytes = Vec::new();
            self.incoming = Some(File { snapshot, bytes });
        }
        if let Some(file) = &mut self.incoming {
            file.bytes.truncate(offset as usize);
            file.bytes.extend_from_slice(bytes);
        }
    }

    /// The bytes are those of the incoming file, if that is all of this snapshot, or those of the own one.
    fn mark(&mut self, snapshot: Snapshot) {
        let mut mark = Vec::new();
        snapshot.encode(&mut mark).expect("a vector has room");
        self.mark = Some(mark);
        let is_it = |file: &mut File| {
            file.snapshot == snapshot && file.bytes.len() as u64 == snapshot.len()
        };
        let incoming = self.incoming.take_if(is_it);
        let own = self.own.take_if(|own| own.0 == snapshot.position());
        let bytes = incoming.map(|file| file.bytes).or(own.map(|own| own.1));
        let bytes = bytes.unwrap_or_default();
        self.snapshot = Some(File { snapshot, bytes });
        self.read_log();
    }

    fn put(&mut self, record: StoredRecord) {
        let extends = self.log.last_position() == record.prev;
        let entry = record.entry.clone();
        self.records.insert(record.position.index, record);
        match extends {
            true => self.log.push(entry),
            false => self.read_log(),
        }
    }

    /// The log as a restart would find it: from the snapshot on, as far as the records follow each other; and
    /// nothing, if they do not follow the snapshot: then they are of an older log.
    fn read_log(&mut self) {
        let base = self.snapshot.as_ref();
        let base = base.map_or(LogPosition::ZERO, |file| file.snapshot.position());
        self.log = LogEntries::new(base);
        for record in self.records.range(base.index + LogIndex::new(1)..) {
            if record.1.prev != self.log.last_position() {
                return;
            }
            self.log.push(record.1.entry.clone());
        }
    }
}
