//! Power cuts at every step of a store's work, while its replica takes part in a cluster where messages get lost.
//!
//! After each cut the store has to open, and to hold all batches before the one that was written, and of that one
//! the changes up to some point, in their order. Then it has to go on; and the power may fail again meanwhile.

#[path = "power/cut.rs"]
mod cut;

use std::collections::BTreeMap;

use embassy_futures::block_on;
use raftbare::replica::{Batch, Change, ChunkToSend, Output, Payload, Replica, ReplicaOptions};
use raftbare::{LogIndex, LogPosition, NodeId};
use raftbare_embedded::store::{Layout, Store};

use crate::nor::Nor;
use crate::random::Random;
use cut::restart;

pub(crate) type Bytes = heapless::Vec<u8, 48>;
type Table = BTreeMap<u64, Vec<u8>>;

/// What was found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) cuts: u64,
    pub(crate) second_cuts: u64,
    pub(crate) batches: u64,
    pub(crate) truncations: u64,
    pub(crate) own_snapshots: u64,
    pub(crate) received_snapshots: u64,
    pub(crate) generations: u32,
    pub(crate) rewritten: u64,
}

fn options() -> ReplicaOptions {
    let mut options = ReplicaOptions::default();
    options.max_call_entries = 6;
    options.max_call_bytes = 96;
    options.max_uncommitted = 12;
    options.chunk_bytes = 50;
    options.snapshot_after = 16;
    options
}

/// The tables after none, one, two and so on of the changes of a batch.
fn tables_of(before: &Table, batch: &Batch<Bytes>) -> Vec<Table> {
    let mut tables = vec![before.clone()];
    for change in batch.changes() {
        let mut table = tables.last().expect("there is one").clone();
        match change {
            Change::Remove(keys) => table.retain(|key, _| !keys.contains(key)),
            Change::Put(key, value) => {
                let mut bytes = Vec::new();
                value.encode(&mut bytes).expect("a Vec grows");
                table.insert(key, bytes);
            }
        }
        tables.push(table);
    }
    tables
}

/// The state of the application: what the snapshot of this position is.
fn snapshot_bytes(position: LogPosition) -> Vec<u8> {
    let len = 30 + position.index.get() as usize * 7 % 170;
    (0..len)
        .map(|at| (at as u64 * position.index.get()) as u8)
        .collect()
}

struct Member {
    replica: Replica<Bytes>,
    table: Table,
}

/// A cluster of three, of which the first one has its store in a flash.
pub(crate) struct World<const WORD: usize, const SECTOR: usize> {
    members: [Member; 3],
    store: Store<Nor<WORD, SECTOR>>,
    flash: Nor<WORD, SECTOR>,
    layout: Layout,
    /// From whom, to whom, and what.
    mail: Vec<(usize, usize, Vec<u8>)>,
    /// A member that hears nobody.
    isolated: Option<usize>,
    random: Random,
    pub(crate) report: Report,
}

const FIRST: NodeId = NodeId::new(1);

impl<const WORD: usize, const SECTOR: usize> World<WORD, SECTOR> {
    pub(crate) fn new(layout: Layout, seed: u64) -> Self {
        let flash = Nor::erased(layout.sectors());
        let mut store = Store::new(flash.clone(), layout);
        block_on(store.format(FIRST)).expect("a flash can be formatted");
        block_on(store.open::<Bytes>(FIRST, options().limits)).expect("and opened");
        flash.take_steps();
        let ids = [1, 2, 3].map(NodeId::new);
        let mut members = ids.map(|id| Member {
            replica: Replica::start(id, options()),
            table: Table::new(),
        });
        members[0].replica.create_cluster(&ids);
        Self {
            members,
            store,
            flash,
            layout,
            mail: Vec::new(),
            isolated: None,
            random: Random(seed),
            report: Report::default(),
        }
    }

    /// Lets so many things happen.
    pub(crate) fn run(&mut self, steps: usize) {
        for _ in 0..steps {
            let who = self.random.below(3);
            match self.random.below(40) {
                0..=1 => self.time_out(who),
                2..=5 => self.propose(who),
                6 => self.take_snapshot(who),
                7 if self.random.one_in(12) => self.power_cycle(),
                8 if self.random.one_in(6) => self.isolate(),
                _ => self.deliver(),
            }
            self.drain(who);
        }
        self.report.generations = self.store.generation();
        self.report.rewritten = self.flash.0.borrow().rewritten;
    }

    /// A leader sends heartbeats more often than others lose their patience, unless nobody hears it.
    fn time_out(&mut self, who: usize) {
        let is_leader = self.members[who].replica.node().role().is_leader();
        let patience = if self.isolated.is_some() { 2 } else { 8 };
        if is_leader || self.random.one_in(patience) {
            self.members[who].replica.handle_timeout();
        }
    }

    /// Cuts off one member, the leader rather than another, or brings it back.
    fn isolate(&mut self) {
        let leads = |member: &Member| member.replica.node().role().is_leader();
        let leader = self.members.iter().position(leads);
        self.isolated = match self.isolated {
            None if self.random.one_in(3) => Some(self.random.below(3)),
            None => leader,
            Some(_) => None,
        };
    }

    fn propose(&mut self, who: usize) {
        let len = self.random.below(40);
        let bytes: Vec<u8> = (0..len).map(|_| self.random.next() as u8).collect();
        let payload = Bytes::from_slice(&bytes).expect("it fits");
        let _ = self.members[who].replica.propose(payload);
    }

    fn deliver(&mut self) {
        if self.mail.is_empty() {
            return;
        }
        let number = self.random.below(self.mail.len().min(4));
        let (from, to, bytes) = self.mail.remove(number);
        let is_cut = self.isolated.is_some_and(|it| it == from || it == to);
        if !is_cut && !self.random.one_in(20) {
            self.members[to]
                .replica
                .receive(&bytes)
                .expect("an envelope");
            self.drain(to);
        }
    }

    fn take_snapshot(&mut self, who: usize) {
        let replica = &mut self.members[who].replica;
        if !replica.wants_snapshot() {
            return;
        }
        let Some(mut new) = replica.begin_snapshot() else {
            return;
        };
        let bytes = snapshot_bytes(new.position());
        new.write(&bytes);
        if who == 0 {
            let before = self.flash.bytes();
            block_on(self.store.write_snapshot(&bytes)).expect("it is stored");
            let kept = vec![self.members[0].table.clone()];
            self.cut_in(before, &kept);
            self.report.own_snapshots += 1;
        }
        self.members[who].replica.finish_snapshot(new);
    }

    /// Node 1 loses its power between two batches.
    fn power_cycle(&mut self) {
        self.store = Store::new(self.flash.clone(), self.layout);
        let stored = block_on(self.store.open(FIRST, options().limits)).expect("it opens");
        self.members[0].replica = restart(FIRST, stored);
    }

    /// Stores what is to be stored, and sends what may leave then.
    fn drain(&mut self, who: usize) {
        while let Some(batch) = self.members[who].replica.next_batch() {
            let mut tables = tables_of(&self.members[who].table, &batch);
            if who == 0 {
                self.note(&batch);
                let before = self.flash.bytes();
                block_on(self.store.save(&batch)).expect("it is stored");
                self.cut_in(before, &tables);
                if self.random.one_in(3) {
                    let before = self.flash.bytes();
                    block_on(self.store.tidy()).expect("a sector is erased");
                    self.cut_in(before, &tables[tables.len() - 1..]);
                }
            }
            let member = &mut self.members[who];
            member.table = tables.pop().expect("there is one");
            for output in member.replica.persisted(batch) {
                match output {
                    Output::Send(to, envelope) => {
                        let mut bytes = Vec::new();
                        envelope.encode(&mut bytes).expect("a Vec grows");
                        self.mail.push((who, to.get() as usize - 1, bytes));
                    }
                    Output::SendChunk(to, chunk) => {
                        let bytes = encoded(&chunk);
                        self.mail.push((who, to.get() as usize - 1, bytes));
                    }
                    _ => {}
                }
            }
        }
    }

    fn note(&mut self, batch: &Batch<Bytes>) {
        self.report.batches += 1;
        let last = self.members[0].table.keys().last().copied();
        let cut = batch.truncate_from().map(LogIndex::get);
        self.report.truncations += u64::from(cut.is_some_and(|cut| Some(cut) <= last));
        let received = batch.snapshot().is_some() && batch.chunk().is_some();
        self.report.received_snapshots += u64::from(received);
    }
}

/// A chunk, its bytes made anew.
fn encoded(chunk: &ChunkToSend) -> Vec<u8> {
    let bytes = snapshot_bytes(chunk.snapshot().position());
    let start = chunk.offset() as usize;
    let mut envelope = Vec::new();
    chunk
        .encode(&bytes[start..start + chunk.len()], &mut envelope)
        .expect("a Vec grows");
    envelope
}

// `Payload` is what `Bytes` has to be.
const fn is_payload<P: Payload>() {}
const _: () = is_payload::<Bytes>();
