//! O7: chunks that no leader sends in this order, or at all.

use raftbare_tests::values::{id, index};

use crate::cluster::{Cluster, options};
use crate::o7_snapshots::{behind, play_until};

/// Node 3 has the first 8 bytes of the snapshot at index 22, and this is the next chunk.
fn next_chunk() -> (Cluster, Vec<u8>) {
    let mut cluster = behind();
    play_until(&mut cluster, 8);
    cluster.run(3);
    cluster.deliver();
    cluster.run(1);
    let next = cluster.wire.iter().find(|it| it.text == "chunk 8+8");
    let bytes = next.expect("the next").bytes.clone();
    cluster.wire.clear();
    (cluster, bytes)
}

/// The places of a chunk's parts in its bytes, as all numbers are small.
const FROM: usize = 1;
const TERM: usize = 2;
const INDEX: usize = 3;
const OFFSET: usize = 17;

/// What comes in at node 3: the index of the snapshot, and how many bytes are here.
fn incoming(cluster: &mut Cluster) -> Option<(u64, u64)> {
    let (snapshot, offset) = cluster.replica(3).incoming_snapshot()?;
    Some((snapshot.position().index.get(), offset))
}

#[test]
fn o7_the_next_chunk_is_taken() {
    let (mut cluster, chunk) = next_chunk();
    assert_eq!(chunk[OFFSET], 8);
    cluster.receive(3, &chunk);
    assert_eq!(incoming(&mut cluster), Some((22, 16)));
}

#[test]
fn o7_a_chunk_beyond_the_end_or_of_nothing_is_not_stored() {
    let (mut cluster, chunk) = next_chunk();
    let too_long = [chunk.as_slice(), &[0; 40]].concat();
    for strange in [too_long.as_slice(), &chunk[..=OFFSET]] {
        cluster.receive(3, strange);
        assert!(cluster.take(3), "it is answered");
        let batch = cluster.member(3).out.as_ref().expect("it is out");
        assert!(batch.chunk().is_none());
        cluster.give(3);
        assert_eq!(incoming(&mut cluster), Some((22, 8)));
    }
    // The answers are no news; the leader sends the chunk again when it has waited for one.
    cluster.beat(1);
    cluster.settle();
    assert_eq!(cluster.said(3), ["load 1/22"]);
}

#[test]
fn o7_of_two_snapshots_of_a_leader_the_newer_one_is_taken() {
    let (mut cluster, mut chunk) = next_chunk();
    chunk[INDEX] = 16;
    cluster.receive(3, &chunk);
    assert!(!cluster.take(3));
    assert_eq!(incoming(&mut cluster), Some((22, 8)));
    chunk[INDEX] = 30;
    chunk[OFFSET] = 0;
    cluster.receive(3, &chunk);
    assert_eq!(incoming(&mut cluster), Some((30, 8)));
}

#[test]
fn o7_the_same_index_with_another_checksum_starts_anew() {
    let (mut cluster, mut chunk) = next_chunk();
    chunk[INDEX + 9] ^= 1; // in the checksum
    cluster.receive(3, &chunk);
    assert_eq!(incoming(&mut cluster), Some((22, 0)));
}

#[test]
fn o7_of_two_chunks_before_a_batch_the_first_counts() {
    let (mut cluster, second) = next_chunk();
    let mut first = second.clone();
    first[OFFSET] = 0;
    cluster.crash(3);
    cluster.run(3);
    cluster.receive(3, &first);
    cluster.receive(3, &second);
    assert_eq!(incoming(&mut cluster), Some((22, 8)));
    cluster.run(3);
    assert_eq!(cluster.member(3).store.incoming.len(), 8);
}

#[test]
fn o7_a_leader_and_the_sender_itself_take_none() {
    let (mut cluster, mut chunk) = next_chunk();
    chunk[INDEX] = 30;
    chunk[OFFSET] = 0;
    for (from, term) in [(2, 2), (1, 2)] {
        chunk[FROM] = from;
        chunk[TERM] = term;
        cluster.receive(1, &chunk);
        assert!(cluster.replica(1).incoming_snapshot().is_none());
    }
    chunk[FROM] = 3;
    cluster.receive(3, &chunk);
    assert_eq!(incoming(&mut cluster), Some((22, 8)));
}

#[test]
fn o7_a_chunk_of_what_is_committed_here_is_answered_and_not_stored() {
    let (mut cluster, chunk) = next_chunk();
    cluster.beat(1);
    cluster.beat(1);
    assert_eq!(cluster.replica(3).applied(), index(22));
    cluster.receive(3, &chunk);
    assert!(cluster.replica(3).incoming_snapshot().is_none());
    assert_eq!(cluster.run(3), ["to 1: chunk reply"]);
}

#[test]
fn o7_a_chunk_of_what_was_applied_before_a_restart_is_answered_and_not_stored() {
    let (_, mut chunk) = next_chunk();
    chunk[OFFSET] = 0;
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &options());
    for number in 0..20_u8 {
        cluster.propose(1, &[number]);
    }
    cluster.settle();
    cluster.beat(1);
    assert_eq!(cluster.replica(3).applied(), index(22));
    cluster.restart(3);
    cluster.run(3);
    cluster.said(3);
    cluster.receive(3, &chunk);
    assert!(cluster.replica(3).incoming_snapshot().is_none());
    assert_eq!(cluster.run(3), ["to 1: chunk reply"]);
    cluster.beat(1);
    // The state did not go back to the snapshot, and nothing is applied twice.
    assert_eq!(cluster.said(3), [""; 0]);
}

#[test]
fn o7_an_answer_about_another_snapshot_or_of_another_term_is_nothing() {
    let (mut cluster, chunk) = next_chunk();
    cluster.receive(3, &chunk);
    cluster.run(3);
    let reply = cluster.wire.remove(0);
    assert_eq!(reply.text, "chunk reply");
    for place in [TERM, INDEX, INDEX + 2] {
        let mut other = reply.bytes.clone();
        other[place] ^= 1;
        cluster.receive(1, &other);
        assert_eq!(cluster.replica(1).snapshot_progress(id(3)), Some(8));
        assert!(!cluster.take(1));
    }
    cluster.receive(1, &reply.bytes);
    assert_eq!(cluster.replica(1).snapshot_progress(id(3)), Some(16));
}

#[test]
fn o7_an_answer_that_comes_twice_sends_nothing_twice() {
    let mut cluster = behind();
    cluster.replica(1).handle_timeout();
    cluster.run(1);
    let mut chunks = Vec::new();
    for _ in 0..100 {
        for mail in std::mem::take(&mut cluster.wire) {
            if mail.text.starts_with("chunk ") && mail.text != "chunk reply" {
                chunks.push(mail.text);
            }
            for _ in 0..2 {
                cluster.receive(mail.to, &mail.bytes);
                cluster.run(mail.to);
            }
        }
    }
    assert_eq!(cluster.said(3), ["load 1/22"]);
    let sent = chunks.len();
    chunks.sort();
    chunks.dedup();
    assert!(
        sent > 2 && sent == chunks.len(),
        "{sent} were sent of {chunks:?}"
    );
}

#[test]
fn o7_an_answer_without_progress_sends_nothing_again() {
    let (mut cluster, mut chunk) = next_chunk();
    let mut answers = Vec::new();
    for progress in [16, 24] {
        cluster.receive(3, &chunk);
        cluster.run(3);
        answers.push(cluster.wire.remove(0).bytes);
        cluster.receive(1, &answers[answers.len() - 1]);
        cluster.run(1);
        chunk = cluster.wire.remove(0).bytes;
        assert_eq!(cluster.replica(1).snapshot_progress(id(3)), Some(progress));
    }
    // A late one.
    cluster.receive(1, &answers[0]);
    assert!(!cluster.take(1));
    assert_eq!(cluster.replica(1).snapshot_progress(id(3)), Some(24));
    // One that comes twice, when the chunk that it asks for has left for the second time.
    cluster.replica(1).handle_timeout();
    cluster.run(1);
    cluster.receive(1, &answers[1]);
    assert!(!cluster.take(1));
}
