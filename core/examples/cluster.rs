//! A replicated key-value store for real: three nodes with UDP, timers, and a durable store (redb) each.
//!
//! `cargo run --release --example cluster [-- --dir DIR]`
//!
//! The nodes are threads, so that one command shows everything, but only datagrams pass between them. The
//! main thread is the client: it writes, reads, kills the leader, goes on without it until its log is cut, brings
//! it back from its disk, and shows that all stores are equal. Run it again, and the cluster goes on where it was.
//!
//! `Member` is the part to learn from: what stands around a `Replica`. The example `counter` is the same without
//! snapshots and without clients.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{LazyLock, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use raftbare::replica::{
    Batch, Change, Output, ReadTicket, Replica, ReplicaOptions, Stored, Ticket,
};
use raftbare::{NodeId, Role};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

const IDS: [NodeId; 3] = [NodeId::new(1), NodeId::new(2), NodeId::new(3)];
/// A node looks for messages and for its client in turn: so long it waits for a message.
const PAUSE: Duration = Duration::from_millis(1);
/// What `Batch::changes` change: the term, the vote, the log.
const LOG: TableDefinition<u64, &[u8]> = TableDefinition::new("log");
/// The snapshot, and the next one as long as it is not complete.
const SNAPSHOTS: TableDefinition<&str, Vec<u8>> = TableDefinition::new("snapshots");
/// What a name service would know.
static ADDRESSES: Mutex<BTreeMap<NodeId, SocketAddr>> = Mutex::new(BTreeMap::new());
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
/// Sets a key to a value.
type Command = (String, String);
/// The state that is replicated.
type Pairs = BTreeMap<String, String>;
/// What the client does with a node, in the thread of the node.
type Request = Box<dyn FnOnce(&mut Member) + Send>;

macro_rules! say {
    ($($text:tt)*) => {
        println!("{:6.2} s  {}", START.elapsed().as_secs_f64(), format_args!($($text)*))
    };
}

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let dir = match &args[..] {
        [] => std::env::temp_dir().join("raftbare-cluster"),
        [flag, dir] if flag == "--dir" => PathBuf::from(dir),
        _ => {
            println!("usage: cluster [--dir DIR]     DIR: the folder of the stores");
            return ExitCode::from(if args == ["--help"] { 0 } else { 2 });
        }
    };
    if let Err(error) = run(&dir) {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS // The nodes end with the process. What they have promised is on their disks.
}

fn run(dir: &Path) -> Result<()> {
    say!("Three nodes start. Their stores are in {dir:?}.");
    std::fs::create_dir_all(dir)?;
    let mut client = Client::default();
    for id in IDS {
        client.start(id, dir)?;
    }
    // Where there is a cluster already, this does nothing.
    if client.ask(IDS[0], |it| it.replica.create_cluster(&IDS)) == Some(true) {
        say!("All stores are empty: node 1 founds the cluster.");
    }
    let runs = client.read("runs")?.and_then(|runs| runs.parse().ok());
    let run: u64 = runs.unwrap_or(0) + 1;
    say!("A linearizable read tells: this is run {run}.");
    client.write(&[("runs".into(), run.to_string())])?;

    let command = |key: u64| (key.to_string(), format!("run {run}"));
    let commands: Vec<_> = (0..1000).map(command).collect();
    for hundred in commands.chunks(100) {
        client.write(hundred)?;
    }
    say!("1000 writes, by the hundred, are committed.");

    let victim = client.kill_leader()?;
    say!("Node {victim}, the leader, is killed.");
    for hundred in commands.chunks(100) {
        client.write(hundred)?;
    }
    let text = format!("run {run}, without node {victim}");
    client.write(&[("7".into(), text.clone())])?;
    say!("The next 1001 writes are committed.");
    let value = client.read("7")?;
    say!("A linearizable read of key 7 tells: {value:?}.");
    assert_eq!(value, Some(text));

    say!("Node {victim} comes back with nothing but its disk.");
    client.start(victim, dir)?;
    let stores = wait_for(|| {
        let stores = IDS.map(|id| client.ask(id, |it| it.pairs.clone()));
        let is_equal = stores.windows(2).all(|two| two[0] == two[1]);
        (is_equal && stores[0].is_some()).then_some(stores)
    })?;
    for (id, store) in IDS.into_iter().zip(stores.into_iter().flatten()) {
        let (keys, seven) = (store.len(), &store["7"]);
        say!("Node {id} has {keys} keys, and key 7 is {seven:?}.");
    }
    say!("All three stores are equal.");
    Ok(())
}

/// The client, which also starts and kills the nodes.
#[derive(Default)]
struct Client {
    nodes: BTreeMap<NodeId, (Sender<Request>, JoinHandle<()>)>,
}

impl Client {
    fn start(&mut self, id: NodeId, dir: &Path) -> Result<()> {
        let (sender, requests) = channel();
        let member = Member::open(id, dir)?;
        let thread = thread::spawn(move || member.run(&requests).expect("the disk works"));
        self.nodes.insert(id, (sender, thread));
        Ok(())
    }

    /// Lets a node do something. `None` if it is dead.
    fn ask<T: Send + 'static, F>(&self, id: NodeId, what: F) -> Option<T>
    where
        F: FnOnce(&mut Member) -> T + Send + 'static,
    {
        let (sender, answer) = channel();
        let request = move |member: &mut Member| drop(sender.send(what(member)));
        self.nodes.get(&id)?.0.send(Box::new(request)).ok()?;
        answer.recv().ok()
    }

    fn leader(&self) -> Option<NodeId> {
        let leads = |id: &_| self.ask(*id, |it| it.replica.node().role().is_leader()) == Some(true);
        IDS.into_iter().find(leads)
    }

    /// Writes, if need be again at the next leader: here it does no harm to write the same twice.
    fn write(&self, commands: &[Command]) -> Result<()> {
        wait_for(|| {
            let (leader, commands) = (self.leader()?, commands.to_vec());
            let (sender, answers) = channel();
            self.ask(leader, move |it| it.write(&commands, &sender))?;
            // The senders are gone when all is decided; or the node is dead.
            answers.iter().all(|is_written| is_written).then_some(())
        })
    }

    /// Reads linearizably: whatever was written before is seen, whoever leads by now (§8).
    fn read(&self, key: &'static str) -> Result<Option<String>> {
        wait_for(|| {
            let (sender, answer) = channel();
            self.ask(self.leader()?, move |it| it.read(key, sender))?;
            answer.recv().ok()
        })
    }

    /// The thread of the leader ends, and drops all that it had: the node, the socket, the store.
    fn kill_leader(&mut self) -> Result<NodeId> {
        let leader = wait_for(|| self.leader())?;
        let (requests, thread) = self.nodes.remove(&leader).ok_or("it is dead")?;
        drop(requests); // The node takes it for its end.
        let _ = thread.join();
        Ok(leader)
    }
}

fn wait_for<T>(mut attempt: impl FnMut() -> Option<T>) -> Result<T> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(30) {
        if let Some(answer) = attempt() {
            return Ok(answer);
        }
        thread::sleep(PAUSE);
    }
    Err("no answer in time: is the disk too slow? If not, try an empty --dir".into())
}

/// A replica with all that the crate leaves to its user.
struct Member {
    replica: Replica<Vec<u8>>,
    database: Database,
    socket: UdpSocket,
    deadline: Instant,
    pairs: Pairs,
    /// Who waits for a write: the answer is whether it was done.
    writers: HashMap<Ticket, Sender<bool>>,
    /// Who waits for a read of a key.
    readers: HashMap<ReadTicket, (&'static str, Sender<Option<String>>)>,
}

impl Member {
    /// Goes on from what `save` has stored. With nothing stored, it is a new node.
    fn open(id: NodeId, dir: &Path) -> Result<Self> {
        let database = Database::create(dir.join(format!("node-{id}.redb")))?;
        let mut stored = Stored::default();
        // Nothing is written, but this kind of transaction takes a missing table for an empty one.
        let transaction = database.begin_write()?;
        for row in transaction.open_table(LOG)?.iter()? {
            let (key, value) = row?;
            stored.load(key.value(), value.value())?;
        }
        transaction.abort()?;
        let term = stored.current_term;
        let mut options = ReplicaOptions::default();
        options.snapshot_after = 500;
        options.chunk_bytes = 4_096;
        let replica = Replica::restart(id, options, stored)?;
        let end = replica.node().log().last_position();
        say!("Node {id} starts in term {term}, and its log ends at {end}.");
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(PAUSE))?;
        ADDRESSES.lock().unwrap().insert(id, socket.local_addr()?);
        Ok(Self {
            replica,
            database,
            socket,
            deadline: Instant::now(),
            pairs: Pairs::new(),
            writers: HashMap::new(),
            readers: HashMap::new(),
        })
    }

    /// Runs until the client kills the node, or the disk fails: then nothing more may be promised.
    fn run(mut self, requests: &Receiver<Request>) -> Result<()> {
        let (id, mut shown) = (self.replica.node().id(), None);
        loop {
            while let Some(batch) = self.replica.next_batch() {
                self.save(&batch)?;
                self.follow(batch)?;
            }
            self.take_snapshot()?;
            let (role, term) = (
                self.replica.node().role(),
                self.replica.node().current_term(),
            );
            if shown.replace((role, term)) != Some((role, term)) {
                say!("Node {id} is {role} in term {term}.");
            }
            match requests.try_recv() {
                Ok(request) => request(&mut self),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return Ok(()),
            }
            let mut datagram = [0; 1 << 16];
            if Instant::now() >= self.deadline {
                self.replica.handle_timeout();
            } else if let Ok(len) = self.socket.recv(&mut datagram) {
                let _ = self.replica.receive(&datagram[..len]); // What is no envelope is dropped.
            }
        }
    }

    /// Stores a batch, all or nothing. `commit` returns when it is on the disk: redb syncs.
    fn save(&self, batch: &Batch<Vec<u8>>) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let transaction = self.database.begin_write()?;
        {
            let mut snapshots = transaction.open_table(SNAPSHOTS)?;
            if let Some(chunk) = batch.chunk() {
                let next = snapshots.remove("next")?.map(|it| it.value());
                let mut next = next.filter(|_| chunk.offset() > 0).unwrap_or_default();
                next.extend_from_slice(chunk.bytes());
                snapshots.insert("next", next)?;
            }
            if batch.snapshot().is_some() {
                let next = snapshots.remove("next")?.ok_or("no snapshot")?.value();
                snapshots.insert("current", next)?;
            }
            let mut log = transaction.open_table(LOG)?;
            for change in batch.changes() {
                match change {
                    Change::Remove(keys) => log.retain_in(keys, |_, _| false)?,
                    Change::Put(key, value) => {
                        let mut bytes = Vec::new();
                        value.encode(&mut bytes)?;
                        log.insert(key, &bytes[..])?;
                    }
                }
            }
        }
        Ok(transaction.commit()?)
    }

    /// Does what is safe now that the batch is stored.
    fn follow(&mut self, batch: Batch<Vec<u8>>) -> Result<()> {
        let id = self.replica.node().id();
        for output in self.replica.persisted(batch) {
            let mut bytes = Vec::new();
            match output {
                Output::SetTimer(role) => self.deadline = Instant::now() + timeout(role),
                Output::Send(to, envelope) => {
                    envelope.encode(&mut bytes)?;
                    send(&self.socket, to, &bytes);
                }
                Output::SendChunk(to, chunk) => {
                    let all = snapshot(&self.database)?;
                    let begin = usize::try_from(chunk.offset())?;
                    chunk.encode(&all[begin..begin + chunk.len()], &mut bytes)?;
                    send(&self.socket, to, &bytes);
                }
                Output::LoadSnapshot(loaded) => {
                    self.pairs = postcard::from_bytes(&snapshot(&self.database)?)?;
                    say!("Node {id} loads the snapshot at {}.", loaded.position());
                }
                Output::Apply {
                    payload, ticket, ..
                } => {
                    let (key, value): Command = postcard::from_bytes(payload)?;
                    self.pairs.insert(key, value);
                    answer(ticket.and_then(|it| self.writers.remove(&it)), true);
                }
                Output::Rejected(ticket) | Output::Unknown(ticket) => {
                    answer(self.writers.remove(&ticket), false);
                }
                Output::ReadReady(ticket) => {
                    if let Some((key, reader)) = self.readers.remove(&ticket) {
                        answer(Some(reader), self.pairs.get(key).cloned());
                    }
                }
                // The reader finds nobody at the other end, and tries again.
                Output::ReadLost(ticket) => drop(self.readers.remove(&ticket)),
                Output::ConfigCommitted { .. } => {}
            }
        }
        Ok(())
    }

    /// Cuts the log, when it is time for it. The bytes are stored before the replica hears of them.
    fn take_snapshot(&mut self) -> Result<()> {
        if !self.replica.wants_snapshot() {
            return Ok(());
        }
        if let Some(mut taken) = self.replica.begin_snapshot() {
            let bytes = postcard::to_allocvec(&self.pairs)?;
            taken.write(&bytes);
            let transaction = self.database.begin_write()?;
            transaction.open_table(SNAPSHOTS)?.insert("next", bytes)?;
            transaction.commit()?;
            self.replica.finish_snapshot(taken);
        }
        Ok(())
    }

    /// Proposes commands; each is answered when it is decided, or at once if this node takes none.
    fn write(&mut self, commands: &[Command], writer: &Sender<bool>) {
        for command in commands {
            let payload = postcard::to_allocvec(command).expect("all of it can be encoded");
            match self.replica.propose(payload) {
                Ok(ticket) => drop(self.writers.insert(ticket, writer.clone())),
                Err(_) => answer(Some(writer.clone()), false),
            }
        }
    }

    fn read(&mut self, key: &'static str, reader: Sender<Option<String>>) {
        if let Ok(ticket) = self.replica.read() {
            self.readers.insert(ticket, (key, reader));
        }
    }
}

/// Random, so that two nodes do not campaign at the same time again and again (§5.2).
fn timeout(role: Role) -> Duration {
    let random = RandomState::new().hash_one(());
    Duration::from_millis(match role {
        Role::Leader => 50,
        Role::Follower => 300 + random % 301,
        Role::Candidate => 150 + random % 151,
    })
}

/// Sends an envelope. If it gets lost, Raft makes up for it.
fn send(socket: &UdpSocket, to: NodeId, envelope: &[u8]) {
    if let Some(address) = ADDRESSES.lock().unwrap().get(&to) {
        let _ = socket.send_to(envelope, address);
    }
}

/// The client may have gone.
fn answer<T>(to: Option<Sender<T>>, what: T) {
    to.map(|it| it.send(what));
}

/// The bytes of the present snapshot.
fn snapshot(database: &Database) -> Result<Vec<u8>> {
    let transaction = database.begin_read()?;
    let table = transaction.open_table(SNAPSHOTS)?;
    Ok(table
        .get("current")?
        .ok_or("no snapshot is stored")?
        .value())
}
