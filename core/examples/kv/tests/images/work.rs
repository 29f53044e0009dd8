//! Stores at work: what they ask of their file, and what they promise.

use raftbare::NodeId;
use raftbare::replica::{Output, Replica, ReplicaOptions};
use raftbare_kv::state::{Command, State, Write, encode};
use raftbare_kv::store::{Payload, Store};

use crate::disk::{Event, Journal};

/// All rows of a store.
pub(crate) type Content = Vec<(String, Vec<u8>)>;

/// What one store has done.
pub(crate) struct Recording {
    pub(crate) id: NodeId,
    pub(crate) events: Vec<Event>,
    /// The contents that were acknowledged, one after the other.
    pub(crate) contents: Vec<Content>,
}

/// The same numbers in every run.
#[derive(Debug, Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % end
    }
}

/// A node alone, with commands of all kinds, snapshots and restarts.
pub(crate) fn alone(rounds: u64) -> Recording {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut node = Worker::founder();
    for round in 0..rounds {
        if round % 100 == 99 {
            node = node.restart();
            node.replica.handle_timeout();
        }
        node.propose(&mut random, round);
        node.settle();
    }
    node.recording()
}

/// A node that gets everything from a leader: entries; and, as it is cut off again and again, snapshots in chunks.
pub(crate) fn following(rounds: u64) -> Recording {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut leader = Worker::founder();
    let mut node = Worker::open(NodeId::new(2), Journal::default(), Vec::new());
    let mut members = leader.replica.node().config().clone();
    members.non_voters.insert(node.id);
    leader.replica.propose_config(members).expect("it leads");
    for round in 0..rounds {
        if round % 90 == 70 {
            node = node.restart();
        }
        leader.propose(&mut random, round);
        leader.replica.handle_timeout();
        let is_cut_off = round % 60 < 40;
        let mut mail = leader.settle();
        while let Some((to, envelope)) = mail.pop().filter(|_| !is_cut_off) {
            let receiver = if to == node.id {
                &mut node
            } else {
                &mut leader
            };
            receiver.replica.receive(&envelope).expect("an envelope");
            mail.extend(receiver.settle());
        }
    }
    let has_chunks = |content: &Content| content.iter().any(|row| row.0.starts_with("snapshots"));
    assert!(node.contents.iter().any(has_chunks));
    node.recording()
}

/// A replica with a store that keeps a journal.
struct Worker {
    id: NodeId,
    journal: Journal,
    contents: Vec<Content>,
    store: Store,
    state: State,
    replica: Replica<Payload>,
}

impl Worker {
    fn founder() -> Self {
        let id = NodeId::new(1);
        let mut node = Self::open(id, Journal::default(), Vec::new());
        node.replica.create_cluster(&[id]);
        let open = encode(&Command::Open);
        node.replica.propose(open).expect("it leads");
        node
    }

    fn open(id: NodeId, journal: Journal, contents: Vec<Content>) -> Self {
        let mut options = ReplicaOptions::default();
        options.snapshot_after = 40;
        options.chunk_bytes = 2_048;
        let (store, loaded) = Store::open_on(journal.clone(), id).expect("the store opens");
        let replica = Replica::restart(id, options, loaded.stored);
        let mut node = Self {
            id,
            journal,
            contents,
            store,
            state: loaded.state,
            replica: replica.expect("the store is whole"),
        };
        node.acknowledge();
        node
    }

    fn restart(self) -> Self {
        drop(self.store);
        Self::open(self.id, self.journal, self.contents)
    }

    /// What the store holds now is promised.
    fn acknowledge(&mut self) {
        let content = self.store.dump().unwrap();
        if self.contents.last() != Some(&content) {
            self.contents.push(content);
        }
        let promised = Event::Acknowledged(self.contents.len() - 1);
        self.journal.note(promised);
    }

    /// Proposes some commands of this round.
    fn propose(&mut self, random: &mut Random, round: u64) {
        for _ in 0..random.below(4) {
            let command = command(random, round);
            self.replica.propose(encode(&command)).expect("it leads");
        }
    }

    /// Stores and does all that there is; returns what is to be sent.
    fn settle(&mut self) -> Vec<(NodeId, Vec<u8>)> {
        let mut mail = Vec::new();
        while let Some(batch) = self.replica.next_batch() {
            if !batch.is_empty() {
                let applied = self.state.applied();
                let changes = self.state.take_changes();
                self.store.save(Some(&batch), &changes, applied).unwrap();
                self.acknowledge();
            }
            for output in self.replica.persisted(batch) {
                let sent = execute(output, &self.store, &mut self.state);
                mail.extend(sent);
            }
        }
        if self.replica.wants_snapshot() {
            self.take_snapshot();
            mail.extend(self.settle());
        }
        mail
    }

    fn take_snapshot(&mut self) {
        let mut taken = self.replica.begin_snapshot().expect("it is wanted");
        let bytes = self.state.to_snapshot();
        taken.write(&bytes);
        self.store.save_next_snapshot(&bytes).unwrap();
        self.acknowledge();
        self.replica.finish_snapshot(taken);
    }

    fn recording(self) -> Recording {
        let events = self.journal.take_events();
        Recording {
            id: self.id,
            events,
            contents: self.contents,
        }
    }
}

/// Does one thing; returns what is to be sent.
fn execute(
    output: Output<'_, Payload>,
    store: &Store,
    state: &mut State,
) -> Option<(NodeId, Vec<u8>)> {
    let mut bytes = Vec::new();
    match output {
        Output::Send(to, envelope) => {
            envelope.encode(&mut bytes).unwrap();
            return Some((to, bytes));
        }
        Output::SendChunk(to, chunk) => {
            let part = store.read_snapshot(chunk.offset(), chunk.len()).unwrap();
            chunk.encode(&part, &mut bytes).unwrap();
            return Some((to, bytes));
        }
        Output::Apply {
            position, payload, ..
        } => {
            let command = postcard::from_bytes(payload).unwrap();
            state.apply(position.index.get(), command);
        }
        Output::ConfigCommitted { position, .. } => state.skip_to(position.index.get()),
        Output::LoadSnapshot(snapshot) => {
            let bytes = store.read_snapshot(0, usize::try_from(snapshot.len()).unwrap());
            *state = State::from_snapshot(&bytes.unwrap()).unwrap();
        }
        _ => {}
    }
    None
}

fn command(random: &mut Random, round: u64) -> Command {
    let key = format!("key {}", random.below(50));
    let write = match random.below(4) {
        0 => Write::Delete { key },
        _ => {
            let value = format!("{round} ").repeat(1 + random.below(100) as usize);
            Write::Put { key, value }
        }
    };
    match random.below(10) {
        0 => Command::Open,
        _ => Command::Write {
            session: 3,
            number: round,
            write,
        },
    }
}
