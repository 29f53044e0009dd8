//! A batch as changes of a table from numbers to bytes, as every key-value store has one.

use core::ops::RangeInclusive;

use super::batch::{Batch, Record};
use super::state::{STATE_KEY, State};
use crate::LogIndex;
use crate::codec::{NoRoom, Output};

/// One change of a stored table; see [`Batch::changes`].
#[derive(Debug)]
pub enum Change<'a, P> {
    /// Remove what is stored under these keys, as far as there is something. If that is not done in one step: from the
    /// last key down where the range ends at `u64::MAX`, else from the first one up, so that no gap is ever left.
    Remove(RangeInclusive<u64>),
    /// Store a value under this key, in the place of an older one.
    Put(u64, Value<'a, P>),
}

/// The bytes to be stored under a key: what [`encode`](Self::encode) writes.
#[derive(Debug)]
pub struct Value<'a, P>(Content<'a, P>);

#[derive(Debug)]
enum Content<'a, P> {
    State(&'a State),
    Record(Record<'a, P>),
}

impl<P: AsRef<[u8]>> Value<'_, P> {
    /// Writes the value; returns how many bytes that took. See [`codec`](crate::codec) for the layout.
    pub fn encode(&self, output: &mut impl Output) -> Result<usize, NoRoom> {
        match &self.0 {
            Content::Record(record) => record.encode(output),
            Content::State(state) => state.encode(output),
        }
    }
}

impl<P> Batch<P> {
    /// All of the batch but a chunk, as changes of one table, in the order in which they are to be made.
    ///
    /// The way back is [`Stored::load`](super::Stored::load), row by row. Best made in one transaction; where there
    /// is none, each change has to be durable before the next.
    ///
    /// ```
    /// use raftbare::replica::{Change, Replica, ReplicaOptions, Stored};
    /// use raftbare::NodeId;
    /// use std::collections::BTreeMap;
    ///
    /// let mut table = BTreeMap::<u64, Vec<u8>>::new();
    /// let mut replica = Replica::<Vec<u8>>::start(NodeId::new(1), ReplicaOptions::default());
    /// replica.create_cluster(&[NodeId::new(1)]);
    /// let batch = replica.next_batch().expect("there is something to store");
    /// for change in batch.changes() {
    ///     match change {
    ///         Change::Remove(keys) => table.retain(|key, _| !keys.contains(key)),
    ///         Change::Put(key, value) => {
    ///             let mut bytes = Vec::new();
    ///             value.encode(&mut bytes)?;
    ///             table.insert(key, bytes);
    ///         }
    ///     }
    /// }
    /// let mut stored = Stored::<Vec<u8>>::default();
    /// for (&key, value) in &table {
    ///     stored.load(key, value)?;
    /// }
    /// let restarted = Replica::restart(NodeId::new(1), ReplicaOptions::default(), stored)?;
    /// assert_eq!(restarted.node().log(), replica.node().log());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn changes(&self) -> impl Iterator<Item = Change<'_, P>> {
        let state = self.state.iter();
        let state = state.map(|state| Change::Put(STATE_KEY, Value(Content::State(state))));
        let compacted = self.snapshot.as_ref().map(|snapshot| {
            let last = snapshot.position().index;
            Change::Remove(LogIndex::ZERO.plus(1).get()..=last.get())
        });
        let truncated = self
            .truncate_from()
            .map(|from| Change::Remove(from.get()..=u64::MAX));
        let records = self.records();
        let records = records.map(|record| {
            Change::Put(
                record.position().index.get(),
                Value(Content::Record(record)),
            )
        });
        state.chain(compacted).chain(truncated).chain(records)
    }
}
