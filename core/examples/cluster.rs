//! A replicated key-value store for real: three nodes with UDP, timers, and a durable store (redb) each.
//!
//! `cargo run --release --example cluster [-- --dir DIR]`
//!
//! The nodes are threads, so that one command shows everything, but only datagrams pass between them. The
//! main thread is the client: it writes, reads, kills the leader, brings it back from its disk, and shows
//! that all stores are equal. Run it again, and the cluster goes on where it was.
//!
//! `Member` is the part to learn from: how the actions of a `Node` become durable and are sent. There are no
//! snapshots: a node that restarts applies its log anew, as soon as it knows what is committed.

use std::collections::BTreeMap;
use std::fmt::{Arguments, Display};
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use raftbare::{
    Action, ClusterConfig, CommitStatus, Log, LogEntries, LogEntry, LogIndex, LogPosition, Message,
    MessageHeader, Node, NodeId, ReadStatus, Role, Term,
};
use redb::{Database, ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};

const USAGE: &str = "usage: cluster [--dir DIR]     DIR: the folder of the stores";
const IDS: [NodeId; 3] = [NodeId::new(1), NodeId::new(2), NodeId::new(3)];
/// When the client tries again, and when it gives up.
const PATIENCE: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(30);
/// So many of the short commands of this example fit in a datagram on every system.
const MAX_ENTRIES: usize = 100;

/// The term and the vote.
const STATE: TableDefinition<(), (u64, Option<u64>)> = TableDefinition::new("state");
/// An `Entry` for each index.
const LOG: TableDefinition<u64, &[u8]> = TableDefinition::new("log");

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
/// A command: the key and its new value.
type Pair = (String, String);
/// The crate knows only where commands stand. What is in them is for the user to keep.
type Commands = BTreeMap<LogPosition, Pair>;
/// What the client wants of a node. The node's thread calls it after every event until it returns `true`.
type Request = Box<dyn FnMut(&mut Member) -> bool + Send>;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let dir = match &args[..] {
        [] => std::env::temp_dir().join("raftbare-cluster"),
        [flag, dir] if flag == "--dir" => PathBuf::from(dir),
        [flag] if flag == "--help" => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("error: these arguments are not understood\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if let Err(error) = run(dir) {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS // The nodes end with the process: whatever they have promised is on their disks.
}

fn run(dir: PathBuf) -> Result<()> {
    say!("Three nodes start. Their stores are in {dir:?}.");
    let mut client = Client::new(dir)?;
    for id in IDS {
        client.start(id)?;
    }
    client.found_cluster_once();
    let run = client.read("run")?.map_or(1, |run| run.parse().unwrap_or(0) + 1);
    say!("A linearizable read tells: this is run {run}.");
    client.write(vec![pair("run", run)])?;

    let begun = Instant::now();
    for key in 0..100 {
        client.write(vec![pair(key, format!("one of run {run}"))])?;
    }
    let single = begun.elapsed();
    for hundred in 1..=10 {
        let keys = 100 * hundred..100 * (hundred + 1);
        client.write(keys.map(|key| pair(key, format!("many of run {run}"))).collect())?;
    }
    let many = begun.elapsed() - single;
    say!("100 writes one by one took {single:.0?}, 1000 by the hundred {many:.0?}.");

    let begun = Instant::now();
    let victim = client.kill_leader(pair("unsent", run))?;
    say!("Node {victim} is killed. It had stored a write, but not sent it.");
    client.write(vec![pair(0, format!("run {run} without node {victim}"))])?;
    let pause = begun.elapsed();
    say!("The first write without it is committed {pause:.0?} later.");
    let value = client.read("0")?.unwrap_or_default();
    say!("A linearizable read of key 0 tells: {value:?}.");

    say!("Node {victim} comes back with nothing but its disk.");
    client.start(victim)?;
    client.await_equal_stores()?;
    if client.read("unsent")?.is_some() {
        return Err("the write that only one node had was applied".into());
    }
    say!("All stores are equal. The write that was not sent is in none of them.");
    Ok(())
}

fn pair(key: impl Display, value: impl Display) -> Pair {
    (key.to_string(), value.to_string())
}

/// The client, which also starts and kills the nodes.
struct Client {
    dir: PathBuf,
    addresses: BTreeMap<NodeId, SocketAddr>,
    doorbell: UdpSocket,
    nodes: BTreeMap<NodeId, (Sender<Request>, JoinHandle<()>)>,
    leader: NodeId,
}

impl Client {
    fn new(dir: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&dir).map_err(|error| format!("no folder for --dir: {error}"))?;
        // All are bound before one is let go, so that they differ. Each node binds its own again.
        let sockets = IDS.map(|_| UdpSocket::bind("127.0.0.1:0"));
        let mut addresses = BTreeMap::new();
        for (id, socket) in IDS.into_iter().zip(sockets) {
            addresses.insert(id, socket?.local_addr()?);
        }
        Ok(Self {
            dir,
            addresses,
            doorbell: UdpSocket::bind("127.0.0.1:0")?,
            nodes: BTreeMap::new(),
            leader: IDS[0],
        })
    }

    fn start(&mut self, id: NodeId) -> Result<()> {
        let (sender, requests) = channel();
        let member = Member::open(id, &self.dir, self.addresses.clone())
            .map_err(|error| format!("node {id}: {error}. Is another run using the folder?"))?;
        let run = move || match member.run(&requests) {
            Ok(()) => say!("Node {id} is dead."),
            Err(error) => say!("Node {id} stops: {error}."),
        };
        self.nodes.insert(id, (sender, thread::spawn(run)));
        Ok(())
    }

    /// Asks a node, until it returns something. `None` if it is dead, or takes too long.
    fn ask<T: Send + 'static>(
        &self,
        id: NodeId,
        mut what: impl FnMut(&mut Member) -> Option<T> + Send + 'static,
    ) -> Option<T> {
        let (sender, answer) = channel();
        let request = move |node: &mut Member| what(node).map(|answer| sender.send(answer)).is_some();
        self.nodes.get(&id)?.0.send(Box::new(request)).ok()?;
        // The node waits at its socket: an empty datagram makes it look.
        self.doorbell.send_to(&[], self.addresses[&id]).ok()?;
        answer.recv_timeout(PATIENCE).ok()
    }

    fn leader(&mut self) -> Option<NodeId> {
        let leads = |&id: &_| self.ask(id, |it| it.node.role().is_leader().into()) == Some(true);
        self.leader = [self.leader].into_iter().chain(IDS).find(leads)?;
        Some(self.leader)
    }

    /// Founds the cluster if all logs are empty. This is done on one node only.
    fn found_cluster_once(&self) {
        let is_new = |&id: &_| self.ask(id, |it| it.commands.is_empty().into()) == Some(true);
        if IDS.iter().all(is_new) {
            say!("All stores are empty: node 1 founds the cluster.");
            self.ask(IDS[0], |it| Some(it.node.create_cluster(&IDS)));
        }
    }

    /// Writes, if need be again at the next leader: here it does no harm to write the same twice.
    fn write(&mut self, pairs: Vec<Pair>) -> Result<()> {
        retry("majority for a write", || {
            let (pairs, mut proposed) = (pairs.clone(), None);
            self.ask(self.leader()?, move |it| {
                // If the last one is committed, so are those before it.
                let last = *proposed.get_or_insert_with(|| it.propose(&pairs));
                let status = it.node.get_commit_status(last);
                (!status.is_in_progress()).then_some(status)
            })
            .filter(|status| status.is_committed())
        })
        .map(drop)
    }

    /// Reads linearizably: whatever was written before is seen, whoever leads by now (§8).
    fn read(&mut self, key: &'static str) -> Result<Option<String>> {
        retry("majority for a read", || {
            let mut begun = None;
            self.ask(self.leader()?, move |it| {
                let token = *begun.get_or_insert_with(|| it.node.read_index());
                match token.map_or(ReadStatus::Lost, |token| it.node.read_status(token)) {
                    ReadStatus::Ready(index) if index <= it.applied.index => {
                        Some(Some(it.pairs.get(key).cloned()))
                    }
                    ReadStatus::Ready(_) | ReadStatus::Pending => None,
                    ReadStatus::Lost => Some(None),
                }
            })?
        })
    }

    /// Kills the leader at the worst moment: its disk has a write that nobody else will hear of.
    fn kill_leader(&mut self, unsent: Pair) -> Result<NodeId> {
        let leader = retry("leader", || self.leader())?;
        self.ask(leader, move |it| {
            it.propose(&[unsent.clone()]);
            it.dies = true;
            Some(())
        });
        self.nodes.remove(&leader).map(|(_, thread)| thread.join());
        Ok(leader)
    }

    /// Waits until all nodes have the same log, and have made the same of it.
    fn await_equal_stores(&mut self) -> Result<()> {
        let (end, keys) = retry("equal stores", || {
            let store = |id| {
                self.ask(id, |it| {
                    let end = it.node.log().last_position();
                    (it.applied == end).then(|| (end, it.pairs.clone()))
                })
            };
            let [one, two, three] = IDS.map(store);
            one.filter(|one| two.as_ref() == Some(one) && three.as_ref() == Some(one))
        })?;
        for id in IDS {
            say!("Node {id} has applied all up to {end}, and has the same {keys} keys.");
        }
        Ok(())
    }
}

/// A node with all that the crate leaves to its user.
struct Member {
    node: Node,
    database: Database,
    socket: UdpSocket,
    addresses: BTreeMap<NodeId, SocketAddr>,
    deadline: Instant,
    /// Those of all commands in the log, be they stored yet or not.
    commands: Commands,
    applied: LogPosition,
    pairs: BTreeMap<String, String>,
    dies: bool,
}

impl Member {
    fn open(id: NodeId, dir: &Path, addresses: BTreeMap<NodeId, SocketAddr>) -> Result<Self> {
        let database = Database::create(dir.join(format!("node-{id}.redb")))?;
        let (term, vote, log, commands) = load(&database)?;
        let end = log.last_position();
        say!("Node {id} starts in term {term}, and its log ends at {end}.");
        Ok(Self {
            // With nothing stored, this is the same as `Node::start`.
            node: Node::restart(id, term, vote, log),
            database,
            socket: UdpSocket::bind(addresses[&id])?,
            addresses,
            deadline: Instant::now(),
            commands,
            applied: LogPosition::ZERO,
            pairs: BTreeMap::new(),
            dies: false,
        })
    }

    /// Runs until the client kills the node, or the disk fails: then nothing more may be promised.
    fn run(mut self, requests: &Receiver<Request>) -> Result<()> {
        let (mut pending, mut shown) = (Vec::new(), None);
        while !self.dies {
            self.execute_actions()?;
            self.apply_commands();
            pending.extend(requests.try_iter());
            pending.retain_mut(|request| !request(&mut self));
            let (id, role, term) = (self.node.id(), self.node.role(), self.node.current_term());
            if shown.replace((role, term)) != Some((role, term)) {
                say!("Node {id} is {role} in term {term}.");
            }
            self.execute_actions()?;
            self.receive()?;
            // Only now: while the disk was slow, a message of the leader may have waited.
            if Instant::now() >= self.deadline {
                self.node.handle_election_timeout();
            }
        }
        Ok(())
    }

    fn propose(&mut self, pairs: &[Pair]) -> LogPosition {
        let mut last = LogPosition::INVALID;
        for pair in pairs {
            last = self.node.propose_command();
            self.commands.insert(last, pair.clone());
        }
        last
    }
