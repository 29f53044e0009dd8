//! A replicated key-value store for real: three nodes with UDP, timers, and a durable store (redb) each.
//!
//! `cargo run --release --example cluster [-- --dir DIR]`
//!
//! The nodes are threads, so that one command shows everything, but only datagrams pass between them. The
//! main thread is the client: it writes, reads, kills the leader, brings it back from its disk, and shows
//! that all stores are equal. Run it again, and the cluster goes on where it was.
//!
//! `Member` is the part to learn from: how the actions of a `Node` become durable and are sent. It takes no
//! snapshots: after a restart it applies its log anew, as soon as it knows what is committed.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{LazyLock, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use raftbare::codec::{self, Limits};
use raftbare::{
    Action, ClusterConfig, Log, LogEntries, LogEntry, LogIndex, LogPosition, Message, Node, NodeId,
    ReadStatus, Role,
};
use redb::{Database, ReadableTable, TableDefinition};

const IDS: [NodeId; 3] = [NodeId::new(1), NodeId::new(2), NodeId::new(3)];
/// A node looks for messages and for its client in turn: so long it waits for a message.
const PAUSE: Duration = Duration::from_millis(1);
/// The term and the vote.
const STATE: TableDefinition<(), (u64, Option<u64>)> = TableDefinition::new("state");
/// A `Packed` entry for each index.
const LOG: TableDefinition<u64, &[u8]> = TableDefinition::new("log");
/// What a name service would know.
static ADDRESSES: Mutex<BTreeMap<NodeId, SocketAddr>> = Mutex::new(BTreeMap::new());
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
/// Sets a key to a value. The crate knows only where commands stand, so its user has to keep them.
type Command = (String, String);
type Commands = BTreeMap<LogPosition, Command>;
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
    let is_empty = |it: &mut Member| it.node.log().entries().is_empty();
    if IDS.iter().all(|&id| client.ask(id, is_empty) == Some(true)) {
        say!("All stores are empty: node 1 founds the cluster.");
        client.ask(IDS[0], |it| it.node.create_cluster(&IDS));
    }
    let runs = client.read("runs")?.and_then(|runs| runs.parse().ok());
    let run: u64 = runs.unwrap_or(0) + 1;
    say!("A linearizable read tells: this is run {run}.");
    client.write(&[("runs".into(), run.to_string())])?;

    let command = |key: u64| (key.to_string(), format!("run {run}"));
    for hundred in (0..1000).map(command).collect::<Vec<_>>().chunks(100) {
        client.write(hundred)?;
    }
    say!("1000 writes, by the hundred, are committed.");

    let victim = client.kill_leader()?;
    say!("Node {victim}, the leader, is killed.");
    let text = format!("run {run}, without node {victim}");
    client.write(&[("7".into(), text.clone())])?;
    say!("The next write is committed.");
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
        let leads = |id: &_| self.ask(*id, |it| it.node.role().is_leader()) == Some(true);
        IDS.into_iter().find(leads)
    }

    /// Writes, if need be again at the next leader: here it does no harm to write the same twice.
    fn write(&self, commands: &[Command]) -> Result<()> {
        wait_for(|| {
            let (leader, commands) = (self.leader()?, commands.to_vec());
            let propose = |it: &mut Member| commands.into_iter().map(|c| it.propose(c)).last();
            let last = self.ask(leader, propose)??;
            let status = || self.ask(leader, move |it| it.node.get_commit_status(last));
            let status = wait_for(|| status().filter(|it| !it.is_in_progress())).ok()?;
            status.is_committed().then_some(()) // And so are those before the last one.
        })
    }

    /// Reads linearizably: whatever was written before is seen, whoever leads by now (§8).
    fn read(&self, key: &'static str) -> Result<Option<String>> {
        wait_for(|| {
            let leader = self.leader()?;
            let token = self.ask(leader, |it| it.node.read_index())??;
            let status = || self.ask(leader, move |it| it.node.read_status(token));
            let status = wait_for(|| status().filter(|it| *it != ReadStatus::Pending)).ok()?;
            // All that the node knows to be committed is applied whenever it is asked.
            let value = self.ask(leader, |it| it.pairs.get(key).cloned())?;
            matches!(status, ReadStatus::Ready(_)).then_some(value)
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

/// A node with all that the crate leaves to its user.
struct Member {
    node: Node,
    database: Database,
    socket: UdpSocket,
    deadline: Instant,
    /// Those of all entries in the log; and of lost ones, which nobody asks for: no position comes twice.
    commands: Commands,
    applied: LogIndex,
    pairs: BTreeMap<String, String>,
}

impl Member {
    /// Goes on from what `save` has stored. With nothing stored, it is a new node.
    fn open(id: NodeId, dir: &Path) -> Result<Self> {
        let database = Database::create(dir.join(format!("node-{id}.redb")))?;
        // Nothing is written, but this kind of transaction takes a missing table for an empty one.
        let transaction = database.begin_write()?;
        let state = transaction.open_table(STATE)?.get(())?.map(|it| it.value());
        let (term, vote) = state.unwrap_or_default();
        let (mut entries, mut commands) = (LogEntries::new(LogPosition::ZERO), Commands::new());
        for row in transaction.open_table(LOG)?.iter()? {
            let (bytes, list): Packed = postcard::from_bytes(row?.1.value())?;
            let one = codec::decode_entries(&bytes, &Limits::default())?;
            commands.extend(positions_of_commands(&one).zip(list));
            entries.extend(one.iter());
        }
        let end = entries.last_position();
        say!("Node {id} starts in term {term}, and its log ends at {end}.");
        let log = Log::new(ClusterConfig::new(), entries);
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(PAUSE))?;
        ADDRESSES.lock().unwrap().insert(id, socket.local_addr()?);
        Ok(Self {
            node: Node::restart(id, term.into(), vote.map(NodeId::new), log),
            database,
            socket,
            deadline: Instant::now(),
            commands,
            applied: LogIndex::ZERO,
            pairs: BTreeMap::new(),
        })
    }

    /// Runs until the client kills the node, or the disk fails: then nothing more may be promised.
    fn run(mut self, requests: &Receiver<Request>) -> Result<()> {
        let (id, mut shown) = (self.node.id(), None);
        loop {
            self.apply_commands();
            match requests.try_recv() {
                Ok(request) => request(&mut self),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return Ok(()),
            }
            self.execute_actions()?;
            let (role, term) = (self.node.role(), self.node.current_term());
            if shown.replace((role, term)) != Some((role, term)) {
                say!("Node {id} is {role} in term {term}.");
            }
            if Instant::now() < self.deadline {
                self.receive();
            } else {
                self.node.handle_election_timeout();
            }
        }
    }

    /// Executes the actions in their order, which is the safe one: none promises what is not stored yet.
    fn execute_actions(&mut self) -> Result<()> {
        let mut restarts_timer = false;
        while let Some(action) = self.node.actions_mut().next() {
            match action {
                Action::SetElectionTimeout => restarts_timer = true,
                Action::SaveCurrentTerm | Action::SaveVotedFor => self.save(None)?,
                Action::BroadcastMessage(message) => {
                    self.node
                        .peers()
                        .for_each(|to| self.send(to, message.clone()));
                }
                Action::AppendLogEntries(entries) => self.save(Some(&entries))?,
                Action::SendMessage(to, message) => self.send(to, message),
                Action::InstallSnapshot(_) => {} // Does not come: no log is cut here.
            }
        }
        // Last, as the time that this node has waited for its own disk is no silence of the leader. Random, so
        // that two nodes do not campaign at the same time again and again (§5.2).
        if restarts_timer {
            let random = RandomState::new().hash_one(());
            let time = Duration::from_millis(match self.node.role() {
                Role::Leader => 50,
                Role::Follower => 300 + random % 301,
                Role::Candidate => 150 + random % 151,
            });
            self.deadline = Instant::now() + time;
        }
        Ok(())
    }

    /// Stores the term, the vote and the entries. `commit` returns when all is on the disk: redb syncs.
    fn save(&self, append: Option<&LogEntries>) -> Result<()> {
        let transaction = self.database.begin_write()?;
        let vote = self.node.voted_for().map(NodeId::get);
        let state = (self.node.current_term().get(), vote);
        transaction.open_table(STATE)?.insert((), state)?;
        if let Some(entries) = append {
            let mut log = transaction.open_table(LOG)?;
            let first = entries.prev_position().index.get() + 1;
            log.retain_in(first.., |_, _| false)?;
            let mut prev = entries.prev_position();
            for (position, entry) in entries.iter_with_positions() {
                let one = LogEntries::from_iter(prev, [entry]);
                let mut bytes = Vec::new();
                codec::encode_entries(&one, &mut bytes)?;
                let packed: Packed = (bytes, commands_of(&one, &self.commands));
                log.insert(position.index.get(), &postcard::to_allocvec(&packed)?[..])?;
                prev = position;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Sends a message. If it gets lost, Raft makes up for it.
    fn send(&self, to: NodeId, message: Message) {
        if let Some(address) = ADDRESSES.lock().unwrap().get(&to) {
            let datagram = encode(message, &self.commands);
            let _ = self.socket.send_to(&datagram, address);
        }
    }

    /// Takes a message, if one comes soon. Its commands first: the log must not name one that is not here.
    fn receive(&mut self) {
        let mut datagram = [0; 1 << 16];
        if let Ok((len, sender)) = self.socket.recv_from(&mut datagram)
            && let Some((message, commands)) = decode(&datagram[..len])
            && ADDRESSES.lock().unwrap().get(&message.from()) == Some(&sender)
        {
            self.commands.extend(commands);
            self.node.handle_message(message);
        }
    }

    /// Proposes a command, at `INVALID` if this node does not lead.
    fn propose(&mut self, command: Command) -> LogPosition {
        let position = self.node.propose_command();
        self.commands.insert(position, command);
        position
    }

    /// Brings the key-value store up to what is known to be committed.
    fn apply_commands(&mut self) {
        while self.applied < self.node.commit_index() {
            self.applied += LogIndex::new(1);
            let at = self.node.log().get_position_and_config(self.applied);
            // The entries of Raft itself have no command.
            let command = at.and_then(|(position, _)| self.commands.get(&position));
            self.pairs.extend(command.cloned());
        }
    }
}

/// What is stored and sent: the bytes of the core's codec, then the commands of the entries in order.
type Packed = (Vec<u8>, Vec<Command>);

fn commands_of(entries: &LogEntries, commands: &Commands) -> Vec<Command> {
    positions_of_commands(entries)
        .map(|position| commands[&position].clone())
        .collect()
}

fn positions_of_commands(entries: &LogEntries) -> impl Iterator<Item = LogPosition> {
    let entries = entries.iter_with_positions();
    entries.filter_map(|(position, entry)| (entry == LogEntry::Command).then_some(position))
}

/// A call is cut to what fits in a datagram on every system: the reply will tell how far it came.
fn encode(mut message: Message, commands: &Commands) -> Vec<u8> {
    let (mut bytes, mut list) = (Vec::new(), Vec::new());
    if let Message::AppendEntriesCall { entries, .. } = &mut message {
        entries.truncate(100);
        list = commands_of(entries, commands);
    }
    codec::encode_message(&message, &mut bytes).expect("a vector has room");
    postcard::to_allocvec::<Packed>(&(bytes, list)).expect("all of it can be encoded")
}

/// The message of a datagram with the commands of its entries. `None` if it is none.
fn decode(datagram: &[u8]) -> Option<(Message, Commands)> {
    let (bytes, list): Packed = postcard::from_bytes(datagram).ok()?;
    let message = codec::decode_message(&bytes, &Limits::default()).ok()?;
    let mut commands = Commands::new();
    if let Message::AppendEntriesCall { entries, .. } = &message {
        let count = list.len();
        commands.extend(positions_of_commands(entries).zip(list));
        let is_complete = count == positions_of_commands(entries).count();
        return is_complete.then_some((message, commands));
    }
    Some((message, commands))
}
