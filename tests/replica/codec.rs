//! The bytes of the replica's own values: one form each, and nothing believed.

use raftbare::codec::Limits;
use raftbare::replica::{Replica, Snapshot};
use raftbare_sim::random::Random;
use raftbare_tests::values::id;

use crate::cluster::{Cluster, options};
use crate::o7_snapshots::{behind, play_until};

/// A chunk of a snapshot, and the answer to it.
fn chunk_and_reply() -> (Vec<u8>, Vec<u8>) {
    let mut cluster = behind();
    play_until(&mut cluster, 8);
    cluster.run(3);
    let reply = cluster
        .wire
        .iter()
        .find(|it| it.text == "chunk reply")
        .cloned()
        .expect("an answer");
    cluster.deliver();
    cluster.run(1);
    let chunk = cluster
        .wire
        .iter()
        .find(|it| it.text == "chunk 8+8")
        .cloned()
        .expect("the next");
    (chunk.bytes, reply.bytes)
}

/// A call with two commands.
fn call() -> Vec<u8> {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    cluster.propose(1, b"hi");
    cluster.propose(1, b"");
    cluster.step(1);
    cluster.wire.remove(0).bytes
}

fn hex(bytes: &[u8]) -> String {
    let bytes: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(" ")
}

#[test]
fn golden_vectors() {
    let (chunk, reply) = chunk_and_reply();
    assert_eq!(
        hex(&chunk),
        "26 01 01 16 01 03 01 01 01 00 00 28 a2 fb 9b 95 01 08 01 04 01 05 01 06 01 07"
    );
    assert_eq!(hex(&reply), "2e 03 01 16 01 a2 fb 9b 95 01 08");
    assert_eq!(hex(&call()), "23 01 01 06 02 00 00 01 03 02 68 69 00");
    let mut cluster = behind();
    let store = &cluster.member(1).store;
    assert_eq!(
        hex(&store.rows[&0]),
        "25 01 01 01 3d 16 01 03 01 01 01 00 00 28 a2 fb 9b 95 01"
    );
    let mut snapshot = Vec::new();
    let len = store
        .snapshot
        .as_ref()
        .expect("it is there")
        .encode(&mut snapshot);
    assert_eq!(len, Ok(snapshot.len()));
    assert_eq!(
        hex(&snapshot),
        "3d 16 01 03 01 01 01 00 00 28 a2 fb 9b 95 01"
    );
    assert!(store.rows[&0].ends_with(&snapshot));
}

/// All bytes that are one change away from these.
fn damaged(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let cut = (0..bytes.len()).map(|len| bytes[..len].to_vec());
    let changed = (0..bytes.len()).flat_map(|place| (1..=255_u8).map(move |by| (place, by)));
    let changed = changed.map(|(place, by)| {
        let mut bytes = bytes.to_vec();
        bytes[place] ^= by;
        bytes
    });
    cut.chain(changed)
}

#[test]
fn a_damaged_snapshot_is_refused_or_another_one() {
    let mut cluster = behind();
    let snapshot = cluster.replica(1).snapshot().cloned().expect("it is there");
    let mut bytes = Vec::new();
    snapshot.encode(&mut bytes).expect("a Vec grows");
    assert_eq!(
        Snapshot::decode(&bytes, &Limits::default()).as_ref(),
        Ok(&snapshot)
    );
    for damaged in damaged(&bytes) {
        if let Ok(other) = Snapshot::decode(&damaged, &Limits::default()) {
            let mut again = Vec::new();
            other.encode(&mut again).expect("a Vec grows");
            assert_eq!(again, damaged, "two forms of one value");
            assert_ne!(other, snapshot);
        }
    }
    assert!(Snapshot::decode(&[bytes.as_slice(), &[0]].concat(), &Limits::default()).is_err());
}

#[test]
fn damaged_envelopes_do_no_harm() {
    let (chunk, reply) = chunk_and_reply();
    let cluster = behind();
    for bytes in [chunk, reply, call()] {
        for damaged in damaged(&bytes) {
            for node in [1, 3] {
                let mut replica = cluster.members[&node].replica.clone();
                let before = format!("{replica:?}");
                if replica.receive(&damaged).is_err() {
                    assert_eq!(format!("{replica:?}"), before);
                }
                let _ = replica
                    .next_batch()
                    .map(|batch| replica.persisted(batch).count());
            }
        }
    }
}

#[test]
fn a_message_or_an_answer_has_nothing_behind_it() {
    let (_, reply) = chunk_and_reply();
    let mut replica = Replica::<Vec<u8>>::start(id(3), options());
    for bytes in [reply, call()] {
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(replica.receive(&longer).is_err());
        for len in 0..bytes.len() {
            assert!(replica.receive(&bytes[..len]).is_err());
        }
        assert_eq!(replica.receive(&bytes), Ok(()));
    }
}

#[test]
fn random_bytes_leave_the_replica_as_it_was() {
    let mut cluster = behind();
    let mut replica = cluster.replica(3).clone();
    let before = format!("{replica:?}");
    let mut random = Random::new(5);
    let mut refused = 0;
    for round in 0..100_000 {
        let len = random.below(40);
        let mut bytes: Vec<u8> = (0..len).map(|_| random.next_u64() as u8).collect();
        if random.chance(500) && len > 0 {
            bytes[0] = 0x20 | bytes[0] & 0x1f; // of the known version
        }
        match replica.receive(&bytes) {
            Err(_) => refused += 1,
            // By chance it is an envelope: what comes of it is not looked at here.
            Ok(()) => replica = cluster.replica(3).clone(),
        }
        if round % 100 == 0 {
            assert_eq!(format!("{replica:?}"), before);
        }
    }
    assert!(refused > 90_000, "{refused}");
    assert_eq!(format!("{replica:?}"), before);
}
