//! What people read: errors say what happened, and what to do where there is something to do.

use raftbare::LogIndex;
use raftbare::codec::{DecodeError, DecodeProblem, NoRoom};
use raftbare::replica::{Refusal, Refused, Replica, ReplicaOptions, Stored, StoredError};
use raftbare_tests::values::{at, id, ids, term};

use crate::cluster::{Cluster, options};

#[test]
fn a_refusal_says_why_and_what_to_do() {
    let leader = Some(id(2));
    for (refusal, text) in [
        (Refusal::NotLeader(leader), "does not lead: try at node 2"),
        (
            Refusal::NotLeader(None),
            "knows of no leader: try again later",
        ),
        (Refusal::TooLong(128), "longer than 128 bytes"),
        (
            Refusal::TooManyUncommitted,
            "not committed yet: try again later",
        ),
        (Refusal::LogFull, "full: try again after the next snapshot"),
        (Refusal::TooManyWaiting, "are waiting: try again later"),
        (
            Refusal::Config,
            "cannot follow the present one: see its rules",
        ),
        (
            Refusal::Stopped,
            "the store of this node has failed: restart it",
        ),
    ] {
        let refused = Refused {
            payload: b"a".to_vec(),
            reason: refusal,
        };
        assert!(refusal.to_string().ends_with(text), "{refusal}");
        assert_eq!(refused.to_string(), refusal.to_string());
    }
}

#[test]
fn what_is_wrong_with_bytes_is_said_with_the_place() {
    for (problem, text) in [
        (DecodeProblem::Truncated, "the encoding ends too early"),
        (DecodeProblem::Trailing, "there are bytes behind the value"),
        (DecodeProblem::Version(7), "version 7 is not known"),
        (
            DecodeProblem::Tag(0xab),
            "tag 0xab is not that of the value",
        ),
        (DecodeProblem::NotCanonical, "not in its one form"),
        (
            DecodeProblem::IndexTooLarge,
            "an index is above the largest one",
        ),
        (DecodeProblem::TooLong, "a limit is exceeded"),
    ] {
        let error = DecodeError {
            offset: 12,
            problem,
        };
        let said = error.to_string();
        assert!(
            said.starts_with("byte 12: ") && said.contains(text),
            "{said}"
        );
        let said = StoredError::from(error).to_string();
        assert!(
            said.starts_with("a record of the log is damaged: byte 12: "),
            "{said}"
        );
    }
}

#[test]
fn a_buffer_that_is_too_small_is_called_so() {
    assert_eq!(NoRoom.to_string(), "the buffer is too small for the value");
}

#[test]
fn what_is_wrong_with_a_store_is_said() {
    for (error, text) in [
        (
            StoredError::NotOneEntry(at(3, 4)),
            "one entry, but ends at 3/4",
        ),
        (
            StoredError::Payload(at(3, 4)),
            "of the record at 3/4 is no payload",
        ),
        (
            StoredError::Gap {
                expected: at(3, 4),
                found: at(3, 6),
            },
            "the record after 3/4 is missing: the next one follows 3/6",
        ),
        (
            StoredError::TermBehind {
                stored: term(2),
                last: at(3, 4),
            },
            "the stored term 2 is older than the log, which ends at 3/4",
        ),
        (
            StoredError::AppliedAhead {
                applied: LogIndex::new(9),
                last: at(3, 4),
            },
            "commands up to 9 are applied, but the log ends at 3/4",
        ),
    ] {
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[test]
fn tickets_and_snapshots_have_names() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    let ticket = cluster.propose(1, b"a");
    assert_eq!(ticket.to_string(), "proposal 1/3");
    let read = cluster.replica(1).read().expect("it leads");
    assert_eq!((read.to_string(), read.number()), ("read 1".to_owned(), 1));
    cluster.settle();
    assert!(cluster.snapshot(1));
    let snapshot = cluster.replica(1).snapshot().expect("one was taken");
    let said = snapshot.to_string();
    assert!(said.starts_with("snapshot 1/3 {1,2,3} of "), "{said}");
}

#[test]
fn the_bounds_for_microcontrollers_carry_a_cluster() {
    let small = ReplicaOptions::small();
    assert!(Replica::<Vec<u8>>::restart(id(9), small.clone(), Stored::default()).is_ok());
    let mut cluster = Cluster::<Vec<u8>>::founded(7, &small);
    for round in 0..200_u8 {
        cluster.propose(1, &[round; 128]);
        cluster.settle();
        for node in 1..=7 {
            if cluster.replica(node).wants_snapshot() {
                cluster.snapshot(node);
            }
        }
    }
    assert!(cluster.replica(1).create_cluster(&ids(&[1])).eq(&false));
    cluster.beat(1);
    cluster.assert_equal_states();
}
