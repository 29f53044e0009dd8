//! A store as a table of rows, with files for the bytes of snapshots.

use std::collections::BTreeMap;

use raftbare::replica::{Batch, Change, Snapshot, Stored};
use raftbare::{LogIndex, LogPosition, Message, Node, NodeId, Term};

use super::Callers;

/// What survives a crash.
#[derive(Debug, Default)]
pub(super) struct Store {
    rows: BTreeMap<u64, Vec<u8>>,
    /// What the rows say, to be compared with messages.
    hard_state: Option<(Term, Option<NodeId>)>,
    positions: BTreeMap<u64, LogPosition>,
    /// The stored snapshot and its bytes.
    snapshot: Option<(Snapshot, Vec<u8>)>,
    /// What has come of one that is on its way.
    incoming: Vec<u8>,
    /// The bytes of own ones that no batch has named yet.
    own: BTreeMap<LogPosition, Vec<u8>>,
}

impl Store {
    /// Makes the first `most` changes of a batch.
    pub(super) fn save(&mut self, batch: &Batch<Vec<u8>>, most: usize) {
        if let Some(chunk) = batch.chunk() {
            if chunk.offset() == 0 {
                self.incoming.clear();
            }
            assert_eq!(
                self.incoming.len() as u64,
                chunk.offset(),
                "chunks follow each other"
            );
            self.incoming.extend(chunk.bytes());
        }
        for change in batch.changes().take(most) {
            match change {
                Change::Remove(keys) => {
                    self.rows.retain(|key, _| !keys.contains(key));
                    self.positions.retain(|key, _| !keys.contains(key));
                }
                Change::Put(key, value) => {
                    let mut bytes = Vec::new();
                    value.encode(&mut bytes).expect("a Vec grows");
                    self.rows.insert(key, bytes);
                    let mut records = batch.records();
                    if let Some(record) = records.find(|it| it.index().get() == key) {
                        self.positions.insert(key, record.position());
                        continue;
                    }
                    // The row of the state has all that is not in the log.
                    self.hard_state = batch.hard_state().or(self.hard_state);
                    if let Some(snapshot) = batch.snapshot() {
                        self.mark(snapshot);
                    }
                }
            }
        }
    }

    fn mark(&mut self, snapshot: &Snapshot) {
        let own = self.own.remove(&snapshot.position());
        let bytes = own.unwrap_or_else(|| std::mem::take(&mut self.incoming));
        assert_eq!(bytes.len() as u64, snapshot.len(), "all of it is stored");
        self.snapshot = Some((snapshot.clone(), bytes));
    }

    /// The bytes of an own snapshot, before any batch names it.
    pub(super) fn begin(&mut self, position: LogPosition, bytes: Vec<u8>) {
        self.own.insert(position, bytes);
    }

    /// Reads everything, as a restart does. Nobody knows how much of an unfinished snapshot is there.
    pub(super) fn load(&mut self) -> Stored<Vec<u8>> {
        self.incoming.clear();
        self.own.clear();
        let mut stored = Stored::default();
        for (key, row) in &self.rows {
            stored
                .load(*key, row)
                .unwrap_or_else(|error| panic!("{error}: row {key} of {self:?}"));
        }
        stored
    }

    /// A part of the stored snapshot, which has to be this one.
    pub(super) fn part(&self, snapshot: &Snapshot, offset: u64, len: usize) -> &[u8] {
        let (stored, bytes) = self.snapshot.as_ref().expect("a snapshot is stored");
        assert_eq!(stored, snapshot);
        &bytes[offset as usize..][..len]
    }

    /// The command that is applied is stored, with this payload at its end.
    pub(super) fn assert_payload(&self, position: LogPosition, payload: &[u8]) {
        let row = self.rows.get(&position.index.get());
        assert!(
            row.is_some_and(|row| row.ends_with(payload)),
            "{position} {payload:?}: {self:?}"
        );
    }

    /// Figure 2: what the message promises is stored.
    pub(super) fn assert_backs(&self, to: NodeId, message: &Message, callers: &Callers) {
        let (term, vote) = self.hard_state.unwrap_or((Term::new(0), None));
        // A pre-vote promises nothing.
        if message.kind().is_pre_vote() {
            return;
        }
        assert!(message.term() <= term, "not stored: term of {message}");
        match message {
            Message::RequestVoteReply {
                vote_granted: true, ..
            } if message.term() == term => {
                // Once it has followed a leader of this term, the vote names that one.
                let follows = vote.is_some_and(|vote| callers.contains(&(term, vote)));
                assert!(follows || vote == Some(to), "not stored: vote of {message}");
            }
            Message::AppendEntriesReply { last_position, .. } => {
                // Two leaders of one term may overwrite what waits to be acknowledged to each other.
                let leaders = callers.iter().filter(|it| it.0 == message.term());
                assert!(
                    leaders.count() > 1 || self.holds(*last_position),
                    "not stored: {last_position} of {message} in {self:?}"
                );
            }
            _ => {}
        }
    }

    /// Whether the entry is stored, or stood for by the snapshot.
    fn holds(&self, position: LogPosition) -> bool {
        let snapshot = self.snapshot.as_ref();
        let covered = snapshot.map_or(LogIndex::ZERO, |it| it.0.position().index);
        let stored = self.positions.get(&position.index.get());
        position.index <= covered || stored == Some(&position)
    }

    /// There is a record of each entry of the log, and of nothing above. A crash may have left some below.
    pub(super) fn assert_has(&self, node: &Node) {
        let entries = node.log().entries();
        let first = entries.prev_position().index.get() + 1;
        let expected = first..first + entries.len() as u64;
        let keys = self.rows.range(first..).map(|(&key, _)| key);
        assert!(keys.eq(expected), "{node}: {self:?}");
    }
}
