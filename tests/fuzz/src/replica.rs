//! Target `replica`: one replica under envelopes of any content, in any order, with a store that fails and crashes.
//!
//! What it has sent comes back now and then under another sender's name: so parts of snapshots, which nobody else
//! can make, arrive, too.

use std::collections::BTreeSet;

use raftbare::codec::{self, Limits};
use raftbare::replica::{Batch, Output, ReadTicket, Replica, ReplicaOptions, Stored, Ticket};
use raftbare::{LogEntry, LogIndex, LogPosition, Message, NodeId};

use crate::Tell;
use crate::bytes::Bytes;
use crate::node::draw;

mod store;

use store::Store;

type Payload = Vec<u8>;

/// Plays the inputs that the bytes stand for.
///
/// # Panics
///
/// If the replica panics, or breaks one of its promises: see [`Bench`].
pub fn run(bytes: &[u8], tell: Tell<'_>) {
    let mut bytes = Bytes::new(bytes);
    let mut bench = Bench::new(&mut bytes);
    while !bytes.is_empty() {
        bench.step(&mut bytes, tell);
    }
    bench.settle(tell);
}

/// The replica on a test bench: what must hold, whoever sends what.
///
/// - A crash after any change of a batch leaves a store that a replica comes back from.
/// - Once there is nothing to store, the store has the log, record by record.
/// - What leaves can be read, and a call has no more entries than it may.
/// - Commands are applied one after the other, each with its payload; a ticket gets one end at most.
/// - After a failure of the store nothing comes out.
struct Bench {
    options: ReplicaOptions,
    replica: Replica<Payload>,
    store: Store,
    out: Option<Batch<Payload>>,
    applied: LogIndex,
    proposals: BTreeSet<Ticket>,
    reads: BTreeSet<ReadTicket>,
    /// Envelopes that have left, newest last.
    sent: Vec<Vec<u8>>,
}

impl Bench {
    const MOST_SENT: usize = 16;

    fn new(bytes: &mut Bytes<'_>) -> Self {
        let mut options = ReplicaOptions::default();
        options.max_call_entries = 1 + usize::from(bytes.below(8));
        options.chunk_bytes = 1 + usize::from(bytes.below(16));
        options.snapshot_after = 1 + u64::from(bytes.below(16));
        options.max_calls_in_flight = 1 + usize::from(bytes.below(4));
        options.transfer_timeouts = 1 + u32::from(bytes.below(4));
        if bytes.chance(64) {
            options.node.stable_leadership = None;
        }
        let mut replica = Replica::start(NodeId::new(1), options.clone());
        let voters = 1 + u64::from(bytes.below(3));
        if bytes.chance(224) {
            let voters: Vec<_> = (1..=voters).map(NodeId::new).collect();
            replica.create_cluster(&voters);
        }
        Self {
            options,
            replica,
            store: Store::default(),
            out: None,
            applied: LogIndex::ZERO,
            proposals: BTreeSet::new(),
            reads: BTreeSet::new(),
            sent: Vec::new(),
        }
    }

    fn step(&mut self, bytes: &mut Bytes<'_>, tell: Tell<'_>) {
        match bytes.below(20) {
            0 => self.replica.handle_timeout(),
            1..=3 => self.propose(bytes),
            4 => self.propose_config(bytes),
            5 => self.reads.extend(self.replica.read()),
            6 => self.receive_noise(bytes),
            7..=10 => self.receive_message(bytes),
            11..=13 => self.receive_own(bytes),
            14 => self.take(),
            15..=17 => {
                self.take();
                let most = usize::from(bytes.byte());
                self.give(most, tell);
            }
            18 => self.take_snapshot(bytes, tell),
            _ if bytes.chance(40) => self.fail(bytes, tell),
            _ => {}
        }
    }

    fn propose(&mut self, bytes: &mut Bytes<'_>) {
        let payload = vec![bytes.byte(); usize::from(bytes.below(12))];
        if let Ok(ticket) = self.replica.propose(payload) {
            assert!(self.proposals.insert(ticket), "{ticket:?} twice");
        }
    }

    fn propose_config(&mut self, bytes: &mut Bytes<'_>) {
        let config = draw::next_config(bytes, self.replica.node());
        if let Ok(ticket) = self.replica.propose_config(config) {
            assert!(self.proposals.insert(ticket), "{ticket:?} twice");
        }
    }

    /// What is no envelope is refused, and what is one by chance is one like any other.
    fn receive_noise(&mut self, bytes: &mut Bytes<'_>) {
        let noise: Vec<u8> = (0..bytes.below(24)).map(|_| bytes.byte()).collect();
        let before = self.replica.node().clone();
        if self.replica.receive(&noise).is_err() {
            assert_eq!(
                before,
                *self.replica.node(),
                "a refused envelope changes nothing"
            );
        }
    }

    fn receive_message(&mut self, bytes: &mut Bytes<'_>) {
        let message = draw::message(bytes, self.replica.node());
        let commands = match &message {
            Message::AppendEntriesCall { entries, .. } => {
                entries.iter().filter(|it| *it == LogEntry::Command).count()
            }
            _ => 0,
        };
        let payloads: Vec<_> = (0..commands).map(|_| vec![bytes.byte()]).collect();
        let mut envelope = Vec::new();
        codec::encode_envelope(&message, payloads, &mut envelope).expect("a Vec grows");
        // Beyond the limits it is refused.
        let _ = self.replica.receive(&envelope);
    }

    /// One of its own envelopes comes back, as if another node had sent it, with at most one byte changed.
    fn receive_own(&mut self, bytes: &mut Bytes<'_>) {
        let Some(newest) = self.sent.len().checked_sub(1) else {
            return;
        };
        let mut envelope = self.sent[newest - usize::from(bytes.byte()) % (newest + 1)].clone();
        // The second byte is the sender, as long as that is a small number.
        envelope[1] = 2 + bytes.below(3);
        if bytes.chance(64) {
            let at = usize::from(bytes.byte()) % envelope.len();
            envelope[at] = bytes.byte();
        }
        let _ = self.replica.receive(&envelope);
    }

    fn take(&mut self) {
        match &self.out {
            Some(_) => assert!(self.replica.next_batch().is_none(), "one batch at a time"),
            None => self.out = self.replica.next_batch(),
        }
    }

    /// Stores the batch that is out, and takes up to so many of the outputs.
    fn give(&mut self, most: usize, tell: Tell<'_>) {
        let Some(batch) = self.out.take() else {
            return;
        };
        self.store.save(&batch, usize::MAX);
        let outputs: Vec<_> = {
            let options = &self.options;
            let store = &self.store;
            let outputs = self.replica.persisted(batch).take(most);
            outputs
                .map(|output| Told::of(output, store, options))
                .collect()
        };
        for told in outputs {
            self.hear(told, tell);
        }
    }

    fn hear(&mut self, told: Told, tell: Tell<'_>) {
        match told {
            Told::Nothing => {}
            Told::Envelope(what, envelope) => {
                tell(what);
                if self.sent.len() == Self::MOST_SENT {
                    self.sent.remove(0);
                }
                self.sent.push(envelope);
            }
            Told::Loaded(index) => {
                assert!(
                    index > self.applied,
                    "a snapshot of {index} after {}",
                    self.applied
                );
                self.applied = index;
                tell("snapshot loaded");
            }
            Told::Applied(position, ticket) => {
                assert!(
                    position.index > self.applied,
                    "{position} after {}",
                    self.applied
                );
                self.applied = position.index;
                self.end(ticket);
                tell("applied");
            }
            Told::End(ticket) => self.end(Some(ticket)),
            Told::ReadEnd(ticket) => assert!(self.reads.remove(&ticket), "{ticket:?} has an end"),
        }
    }

    fn end(&mut self, ticket: Option<Ticket>) {
        if let Some(ticket) = ticket {
            assert!(self.proposals.remove(&ticket), "{ticket:?} was not open");
        }
    }

    fn take_snapshot(&mut self, bytes: &mut Bytes<'_>, tell: Tell<'_>) {
        let Some(mut new) = self.replica.begin_snapshot() else {
            return;
        };
        assert!(new.position().index <= self.replica.applied());
        if bytes.chance(32) {
            self.replica.abandon_snapshot(new);
            return;
        }
        let content = vec![bytes.byte(); usize::from(bytes.below(40))];
        new.write(&content);
        self.store.begin(new.position(), content);
        if self.replica.finish_snapshot(new) {
            tell("snapshot");
        }
    }

    /// The store fails, or the power does, in the middle of a batch.
    fn fail(&mut self, bytes: &mut Bytes<'_>, tell: Tell<'_>) {
        self.take();
        if let Some(batch) = self.out.take() {
            self.store.save(&batch, bytes.below(6).into());
            if bytes.chance(128) {
                self.replica.storage_failed(batch);
                self.replica.handle_timeout();
                assert!(self.replica.is_stopped() && self.replica.next_batch().is_none());
                tell("storage failure");
            }
        }
        let stored: Stored<Payload> = self.store.load();
        let restarted = Replica::restart(NodeId::new(1), self.options.clone(), stored);
        self.replica = restarted.unwrap_or_else(|error| panic!("{error}: {:?}", self.store));
        self.applied = LogIndex::ZERO;
        self.proposals.clear();
        self.reads.clear();
        tell("crash");
    }

    /// Stores all there is. Then the store has what the node has.
    fn settle(&mut self, tell: Tell<'_>) {
        for _ in 0..1_000 {
            self.take();
            if self.out.is_none() {
                self.store.assert_has(self.replica.node());
                return;
            }
            self.give(usize::MAX, tell);
        }
        panic!("there is always one more batch");
    }
}

/// An output, checked for itself.
enum Told {
    Nothing,
    Envelope(&'static str, Vec<u8>),
    Loaded(LogIndex),
    Applied(LogPosition, Option<Ticket>),
    End(Ticket),
    ReadEnd(ReadTicket),
}

impl Told {
    fn of(output: Output<'_, Payload>, store: &Store, options: &ReplicaOptions) -> Self {
        match output {
            Output::SetTimer(_) => Self::Nothing,
            Output::Send(_, envelope) => {
                let mut bytes = Vec::new();
                envelope.encode(&mut bytes).expect("a Vec grows");
                if let Some(message) = envelope.message() {
                    let (read, _) = codec::decode_envelope(&bytes, &Limits::default())
                        .unwrap_or_else(|error| panic!("{error}: {message}"));
                    assert_eq!(read, *message);
                    if let Message::AppendEntriesCall { entries, .. } = message {
                        assert!(entries.len() <= options.max_call_entries, "{message}");
                    }
                }
                Self::Envelope("sent", bytes)
            }
            Output::SendChunk(_, chunk) => {
                let part = store.part(chunk.snapshot(), chunk.offset(), chunk.len());
                let mut bytes = Vec::new();
                chunk.encode(part, &mut bytes).expect("a Vec grows");
                Self::Envelope("chunk", bytes)
            }
            Output::LoadSnapshot(snapshot) => {
                store.part(&snapshot, 0, snapshot.len() as usize);
                Self::Loaded(snapshot.position().index)
            }
            Output::Apply {
                position,
                payload,
                ticket,
            } => {
                store.assert_payload(position, payload);
                Self::Applied(position, ticket)
            }
            Output::ConfigCommitted {
                position, ticket, ..
            } => Self::Applied(position, ticket),
            Output::Rejected(ticket) | Output::Unknown(ticket) => Self::End(ticket),
            Output::ReadReady(ticket) | Output::ReadLost(ticket) => Self::ReadEnd(ticket),
        }
    }
}
