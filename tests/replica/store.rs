//! What a replica has stored, twice: as the rows of [`Batch::changes`], and part by part. The two have to agree.

use std::collections::BTreeMap;

use raftbare::replica::{Batch, Change, Payload, Snapshot, Stored};
use raftbare::{LogEntry, LogIndex, LogPosition, Message, NodeId, Term};

/// A record, decoded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kept {
    pub(crate) position: LogPosition,
    pub(crate) entry: LogEntry,
    pub(crate) payload: Option<Vec<u8>>,
}

/// What survives a crash.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    pub(crate) rows: BTreeMap<u64, Vec<u8>>,
    /// The term as a number.
    pub(crate) hard_state: (u64, Option<NodeId>),
    pub(crate) snapshot: Option<Snapshot>,
    pub(crate) records: BTreeMap<u64, Kept>,
    /// The bytes of the newest snapshot.
    pub(crate) bytes: Vec<u8>,
    /// The chunks that have come in.
    pub(crate) incoming: Vec<u8>,
    /// The bytes of own snapshots that no batch has named yet.
    pub(crate) own: BTreeMap<LogPosition, Vec<u8>>,
}

impl Store {
    /// Stores a batch.
    pub(crate) fn save<P: Payload>(&mut self, batch: &Batch<P>) {
        self.save_chunk(batch);
        self.save_parts(batch);
        for change in batch.changes() {
            self.make(&change);
        }
        let keys = self.rows.keys().copied().filter(|&key| key > 0);
        assert!(keys.eq(self.records.keys().copied()), "{self:?}");
    }

    /// Makes one change of the table of rows.
    pub(crate) fn make<P: Payload>(&mut self, change: &Change<'_, P>) {
        match change {
            Change::Remove(keys) => self.rows.retain(|key, _| !keys.contains(key)),
            Change::Put(key, value) => {
                let mut bytes = Vec::new();
                let len = value.encode(&mut bytes).expect("a Vec grows");
                assert_eq!(len, bytes.len());
                self.rows.insert(*key, bytes);
            }
        }
    }

    pub(crate) fn save_chunk<P: Payload>(&mut self, batch: &Batch<P>) {
        let Some(chunk) = batch.chunk() else { return };
        if chunk.offset() == 0 {
            self.incoming.clear();
        }
        assert_eq!(
            self.incoming.len() as u64,
            chunk.offset(),
            "chunks come in order"
        );
        self.incoming.extend(chunk.bytes());
    }

    fn save_parts<P: Payload>(&mut self, batch: &Batch<P>) {
        if let Some((term, vote)) = batch.hard_state() {
            self.hard_state = (term.get(), vote);
        }
        if let Some(snapshot) = batch.snapshot() {
            let own = self.own.remove(&snapshot.position());
            self.bytes = own.unwrap_or_else(|| std::mem::take(&mut self.incoming));
            assert_eq!(
                self.bytes.len() as u64,
                snapshot.len(),
                "all of it is stored"
            );
            let index = snapshot.position().index.get();
            self.records.retain(|&key, _| key > index);
            self.snapshot = Some(snapshot.clone());
        }
        if let Some(from) = batch.truncate_from() {
            self.records.retain(|&key, _| key < from.get());
        }
        for record in batch.records() {
            let kept = Kept {
                position: record.position(),
                entry: record.entry().clone(),
                payload: record.payload().map(<[u8]>::to_vec),
            };
            assert_eq!(
                record.index().get(),
                self.last_index().get() + 1,
                "no gap in {self:?}"
            );
            self.records.insert(record.index().get(), kept);
        }
    }

    /// The index of the last record, or of the snapshot.
    pub(crate) fn last_index(&self) -> LogIndex {
        let snapshot = self
            .snapshot
            .as_ref()
            .map_or(LogIndex::ZERO, |it| it.position().index);
        let last = self.records.keys().last().copied().unwrap_or_default();
        snapshot.max(LogIndex::new(last))
    }

    /// Whether the entry at this position is stored, or stood for by the snapshot.
    pub(crate) fn holds(&self, position: LogPosition) -> bool {
        let covered = self
            .snapshot
            .as_ref()
            .map_or(LogIndex::ZERO, |it| it.position().index);
        let record = self.records.get(&position.index.get());
        position.index <= covered || record.is_some_and(|it| it.position == position)
    }

    /// O1: checks that what this message says is stored.
    #[track_caller]
    pub(crate) fn assert_backs(&self, to: NodeId, message: &Message) {
        if message.kind().is_pre_vote() {
            return; // It promises nothing, and is of a term that may never come.
        }
        let (term, vote) = (Term::new(self.hard_state.0), self.hard_state.1);
        assert!(
            message.term() <= term,
            "{message} of a term that is not stored: {term}"
        );
        match message {
            Message::RequestVoteReply {
                vote_granted: true, ..
            } if message.term() == term => {
                assert_eq!(vote, Some(to), "a vote that is not stored: {message}");
            }
            Message::RequestVoteCall { header, .. } if message.term() == term => {
                assert_eq!(
                    vote,
                    Some(header.from),
                    "an own vote that is not stored: {message}"
                );
            }
            Message::AppendEntriesReply { last_position, .. } => {
                assert!(
                    self.holds(*last_position),
                    "not stored: {message} in {self:?}"
                );
            }
            _ => {}
        }
    }

    /// What a restart takes, row by row.
    pub(crate) fn stored<P: Payload>(&self, applied: LogIndex) -> Stored<P> {
        let mut stored = Stored::default();
        stored.applied = applied;
        for (&key, value) in &self.rows {
            stored.load(key, value).expect("the rows are whole");
        }
        stored
    }
}
