//! O9: a restart checks what is stored, and says what is wrong.

use raftbare::codec::{self, DecodeProblem, Limits};
use raftbare::replica::{Replica, Snapshot, Stored, StoredError};
use raftbare::{LogEntry, LogPosition};
use raftbare_tests::values::{at, commands, config, entries, id, index, term};

use crate::cluster::options;

/// The record of one entry after `prev`.
fn record(prev: LogPosition, entry: LogEntry, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    codec::encode_entries(&entries(prev, [entry]), &mut bytes).expect("a Vec grows");
    bytes.extend(payload);
    bytes
}

fn command(prev: LogPosition, payload: &[u8]) -> Vec<u8> {
    record(prev, LogEntry::Command, payload)
}

/// A store of term 2: the start of term 1, commands "a" and "b", the start of term 2, command "c".
pub(crate) fn good() -> Vec<Vec<u8>> {
    vec![
        record(at(0, 0), LogEntry::Term(term(1)), b""),
        command(at(1, 1), b"a"),
        command(at(1, 2), b"b"),
        record(at(1, 3), LogEntry::Term(term(2)), b""),
        command(at(2, 4), b"c"),
    ]
}

/// A snapshot without bytes.
pub(crate) fn snapshot(position: LogPosition) -> Snapshot {
    let (term, index) = (position.term.get(), position.index.get());
    let bytes = [
        0x3d,
        u8::try_from(index).expect("small"),
        u8::try_from(term).expect("small"),
        1,
        1,
        0,
        0,
        0,
        0,
    ];
    Snapshot::decode(&bytes, &Limits::default()).expect("a snapshot")
}

pub(crate) fn restarted(
    records: &[Vec<u8>],
    change: impl FnOnce(&mut Stored<Vec<u8>>),
) -> Result<Replica<Vec<u8>>, StoredError> {
    let mut stored = Stored::default();
    stored.current_term = term(2);
    change(&mut stored);
    for record in records {
        stored.push(record)?;
    }
    Replica::restart(id(1), options(), stored)
}

fn error(records: &[Vec<u8>]) -> StoredError {
    restarted(records, |_| {}).expect_err("something is wrong")
}

#[test]
fn o9_what_fits_together_comes_back() {
    let replica = restarted(&good(), |stored| stored.voted_for = Some(id(3))).expect("it fits");
    assert_eq!(replica.node().log().last_position(), at(2, 5));
    assert_eq!(
        (replica.node().current_term(), replica.node().voted_for()),
        (term(2), Some(id(3)))
    );
    assert_eq!(replica.payload(at(1, 3)), Some(&b"b".to_vec()));
    assert_eq!(replica.payload(at(2, 5)), Some(&b"c".to_vec()));
}

#[test]
fn o9_an_empty_store_is_a_new_node() {
    let replica =
        Replica::<Vec<u8>>::restart(id(1), options(), Stored::default()).expect("nothing is wrong");
    assert_eq!(replica.node().log().last_position(), LogPosition::ZERO);
    assert_eq!(replica.node().current_term(), term(0));
}

#[test]
fn o9_a_damaged_record() {
    let mut records = good();
    records[2][0] = 0xff;
    assert!(
        matches!(error(&records), StoredError::Record(it) if it.problem == DecodeProblem::Version(7))
    );
    records[2].clear();
    assert!(
        matches!(error(&records), StoredError::Record(it) if it.problem == DecodeProblem::Truncated)
    );
}

#[test]
fn o9_a_missing_record() {
    for missing in 0..4 {
        let mut records = good();
        records.remove(missing);
        let ends = [at(0, 0), at(1, 1), at(1, 2), at(1, 3), at(2, 4)];
        let expected = StoredError::Gap {
            expected: ends[missing],
            found: ends[missing + 1],
        };
        assert_eq!(error(&records), expected);
    }
}

#[test]
fn o9_a_record_twice_or_of_another_term() {
    let mut records = good();
    records.insert(2, records[1].clone());
    assert_eq!(
        error(&records),
        StoredError::Gap {
            expected: at(1, 2),
            found: at(1, 1)
        }
    );
    let mut records = good();
    records[2] = command(at(2, 2), b"b");
    assert_eq!(
        error(&records),
        StoredError::Gap {
            expected: at(1, 2),
            found: at(2, 2)
        }
    );
}

#[test]
fn o9_a_record_of_several_entries_or_of_none() {
    for count in [0, 2] {
        let mut bytes = Vec::new();
        codec::encode_entries(&commands(at(1, 1), count), &mut bytes).expect("a Vec grows");
        let mut records = good();
        records[1] = bytes;
        let end = at(1, 1 + count as u64);
        assert_eq!(error(&records), StoredError::NotOneEntry(end));
    }
}

#[test]
fn o9_a_payload_where_none_belongs() {
    let mut records = good();
    records[3].push(b'x');
    assert_eq!(error(&records), StoredError::Payload(at(2, 4)));
    let configured = record(at(2, 5), LogEntry::ClusterConfig(config(&[1])), b"x");
    let records = [good(), vec![configured]].concat();
    assert_eq!(error(&records), StoredError::Payload(at(2, 6)));
}

#[test]
fn o9_a_payload_that_is_none() {
    let mut stored = Stored::<heapless::Vec<u8, 4>>::default();
    stored.push(&good()[0]).expect("it fits");
    let longest = command(at(1, 1), b"1234");
    stored.push(&longest).expect("it fits");
    let refused = stored.push(&command(at(1, 2), b"12345"));
    assert_eq!(refused, Err(StoredError::Payload(at(1, 3))));
}

#[test]
fn o9_an_old_term() {
    let result = restarted(&good(), |stored| stored.current_term = term(1));
    let expected = StoredError::TermBehind {
        stored: term(1),
        last: at(2, 5),
    };
    assert_eq!(result.expect_err("an old term"), expected);
    let result = restarted(&[], |stored| stored.snapshot = Some(snapshot(at(3, 9))));
    let expected = StoredError::TermBehind {
        stored: term(2),
        last: at(3, 9),
    };
    assert_eq!(result.expect_err("an old term"), expected);
}

#[test]
fn o9_more_applied_than_there_is() {
    assert!(restarted(&good(), |stored| stored.applied = index(5)).is_ok());
    let result = restarted(&good(), |stored| stored.applied = index(6));
    let expected = StoredError::AppliedAhead {
        applied: index(6),
        last: at(2, 5),
    };
    assert_eq!(result.expect_err("too far"), expected);
}
