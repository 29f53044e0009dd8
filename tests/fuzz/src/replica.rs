//! Target `replica`: one replica under envelopes of any content, in any order, with a store that fails and crashes.
//!
//! What it has sent comes back now and then under another sender's name: so parts of snapshots, which nobody else
//! can make, arrive, too.

use std::collections::BTreeSet;

use raftbare::codec;
use raftbare::replica::{Batch, ReadTicket, Replica, ReplicaOptions, Stored, Ticket};
use raftbare::{LogEntry, LogIndex, Message, NodeId, Term};

use crate::Tell;
use crate::bytes::Bytes;
use crate::node::draw;

mod store;
mod told;

use store::Store;
use told::Told;

type Payload = Vec<u8>;

/// Leaders by term. Of one term there is one, but for those who forge.
type Callers = BTreeSet<(Term, NodeId)>;

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
/// - What leaves promises nothing that is not stored, and what is applied is stored.
/// - After a failure of the store, or where a batch was dropped, nothing is stored any more; the batch of another
///   replica is no proof.
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
    /// Who has called itself the leader of which term.
    callers: Callers,
    /// A batch was dropped: the replica waits for ever for its end.
    is_stuck: bool,
}

impl Bench {
    const MOST_SENT: usize = 16;

    fn new(bytes: &mut Bytes<'_>) -> Self {
        let mut options = ReplicaOptions::default();
        options.max_call_entries = 1 + usize::from(bytes.below(8));
        options.chunk_bytes = 1 + usize::from(bytes.below(16));
        options.snapshot_after = 1 + u64::from(bytes.below(16));
        options.max_calls_in_flight = 1 + usize::from(bytes.below(4));
        let byte = bytes.byte();
        options.transfer_timeouts = 1 + u32::from(byte % 4);
        options.node.asynchronous_storage = byte >= 192;
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
            callers: Callers::new(),
            is_stuck: false,
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
            _ => self.step_aside(bytes, tell),
        }
    }

    /// A failure, or what an operator does, or what must not change anything.
    fn step_aside(&mut self, bytes: &mut Bytes<'_>, tell: Tell<'_>) {
        match bytes.byte() {
            216.. => self.fail(bytes, tell),
            byte @ 128.. => match byte % 8 {
                0..=2 => self.transfer(bytes, tell),
                3 if self.replica.abort_transfer() => tell("transfer aborted"),
                4..=6 => self.take_meanwhile(tell),
                7 if byte >= 192 => self.give_anothers(tell),
                7 => self.drop_batch(tell),
                _ => {}
            },
            _ => {}
        }
    }

    /// While it hands over, it takes no proposals (thesis §3.10).
    fn transfer(&mut self, bytes: &mut Bytes<'_>, tell: Tell<'_>) {
        let target = NodeId::new(1 + u64::from(bytes.below(4)));
        if self.replica.transfer_leadership(target).is_ok() {
            assert_eq!(self.replica.node().transfer_target(), Some(target));
            assert!(self.replica.propose(Vec::new()).is_err());
            tell("transfer");
        }
    }

    /// Takes what may leave while a batch is out.
    fn take_meanwhile(&mut self, tell: Tell<'_>) {
        let (store, options, callers) = (&self.store, &self.options, &self.callers);
        let outputs = self.replica.outputs();
        let told = outputs.map(|it| Told::of(it, store, options, callers));
        let outputs = Vec::from_iter(told);
        assert!(outputs.is_empty() || options.node.asynchronous_storage);
        for told in outputs {
            tell("meanwhile");
            self.hear(told, tell);
        }
    }

    /// The batch of another replica is no proof of anything.
    fn give_anothers(&mut self, tell: Tell<'_>) {
        let id = NodeId::new(9);
        let mut other = Replica::<Payload>::start(id, self.options.clone());
        other.create_cluster(&[id]);
        if let Some(batch) = other.next_batch() {
            assert_eq!(self.replica.persisted(batch).count(), 0);
            assert!(self.out.is_none() || self.replica.next_batch().is_none());
            tell("another's batch");
        }
    }

    /// Nobody says what has become of the batch. Then nothing more is stored.
    fn drop_batch(&mut self, tell: Tell<'_>) {
        if self.out.take().is_some() {
            self.is_stuck = true;
            assert!(self.replica.next_batch().is_none());
            tell("batch dropped");
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
        if !self.receive(&noise) {
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
        self.receive(&envelope);
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
        self.receive(&envelope);
    }

    /// Hands an envelope over, and says whether it is one.
    fn receive(&mut self, envelope: &[u8]) -> bool {
        let decoded = codec::decode_envelope(envelope, &self.options.limits);
        if let Ok((message @ Message::AppendEntriesCall { .. }, _)) = decoded {
            self.callers.insert((message.term(), message.from()));
        }
        self.replica.receive(envelope).is_ok()
    }

    fn take(&mut self) {
        match &self.out {
            Some(_) => assert!(self.replica.next_batch().is_none(), "one batch at a time"),
            None => self.out = self.replica.next_batch(),
        }
        assert!(self.out.is_none() || !self.is_stuck);
    }

    /// Stores the batch that is out, and takes up to so many of the outputs.
    fn give(&mut self, most: usize, tell: Tell<'_>) {
        let Some(batch) = self.out.take() else {
            return;
        };
        self.store.save(&batch, usize::MAX);
        let (store, options, callers) = (&self.store, &self.options, &self.callers);
        let outputs = self.replica.persisted(batch).take(most);
        let told = outputs.map(|it| Told::of(it, store, options, callers));
        let outputs = Vec::from_iter(told);
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
        self.is_stuck = false;
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
            if self.is_stuck {
                return;
            }
            if self.out.is_none() {
                self.store.assert_has(self.replica.node());
                return;
            }
            self.give(usize::MAX, tell);
        }
        panic!("there is always one more batch");
    }
}
