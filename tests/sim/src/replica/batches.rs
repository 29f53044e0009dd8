//! What is in a batch, read in its bytes, and compared with the replica.

use alloc::format;
use alloc::vec::Vec;

use raftbare::codec;
use raftbare::replica::{Batch, Change, Replica};

use super::Command;
use super::clients::Wrong;
use super::disk::StoredRecord;

/// The records of a batch, as bytes and as what is read in these.
pub(super) fn records_of<P: Command>(
    batch: &Batch<P>,
    replica: &Replica<P>,
) -> Result<Vec<StoredRecord>, Wrong> {
    let mut records: Vec<StoredRecord> = Vec::new();
    for record in batch.records() {
        let payload = record.payload();
        let wrong = |what| Err(("Records are the log", format!("{what}: {record:?}")));
        let mut bytes = Vec::new();
        let len = record.encode(&mut bytes).expect("a vector has room");
        let head = len - payload.map_or(0, <[u8]>::len);
        let entries = codec::decode_entries(&bytes[..head], &replica.options().limits);
        let Some((position, entry)) = entries
            .as_ref()
            .ok()
            .and_then(|it| it.iter_with_positions().next())
        else {
            return wrong("no entry");
        };
        let prev = entries.map_or(position, |it| it.prev_position());
        let kept = replica.payload(position).map(AsRef::as_ref);
        if position != record.position() || entry != *record.entry() || kept != payload {
            return wrong("another entry or payload");
        }
        let is_next = match records.last() {
            Some(last) => last.position == prev,
            None => batch.truncate_from() == Some(position.index),
        };
        if !is_next {
            return wrong("a gap");
        }
        let command = payload.map(P::read);
        if command == Some(None) {
            return wrong("no command");
        }
        records.push(StoredRecord {
            bytes,
            prev,
            position,
            entry,
            command: command.flatten(),
        });
    }
    Ok(records)
}

/// Compares the changes of a table with the parts of the batch. Returns the row for what is not in the log.
pub(super) fn state_row<P: Command>(
    batch: &Batch<P>,
    records: &[StoredRecord],
) -> Result<Option<Vec<u8>>, Wrong> {
    let (mut row, mut removed, mut put) = (None, Vec::new(), Vec::new());
    for change in batch.changes() {
        match change {
            Change::Remove(keys) => removed.push(keys),
            Change::Put(key, value) => {
                let mut bytes = Vec::new();
                value.encode(&mut bytes).expect("a vector has room");
                match key {
                    0 => row = Some(bytes),
                    _ => put.push((key, bytes)),
                }
            }
        }
    }
    let compacted = batch.snapshot().map(|it| 1..=it.position().index.get());
    let truncated = batch.truncate_from().map(|from| from.get()..=u64::MAX);
    let is_put = |(record, (key, bytes)): (&StoredRecord, &(u64, Vec<u8>))| {
        record.position.index.get() == *key && record.bytes == *bytes
    };
    let is_equal = removed
        .into_iter()
        .eq(compacted.into_iter().chain(truncated))
        && put.len() == records.len()
        && records.iter().zip(&put).all(is_put)
        && row.is_some() == (batch.hard_state().is_some() || batch.snapshot().is_some());
    match is_equal {
        true => Ok(row),
        false => Err(("The changes of a batch are its parts", format!("{batch:?}"))),
    }
}
