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
use std::hash::{BuildHasher, RandomState};
use std::io::{Write, stdout};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::slice;
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Poll;
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
/// How long the client waits for anything.
const LIMIT: Duration = Duration::from_secs(30);
/// So many of the short commands of this example fit in a datagram on every system.
const MAX_ENTRIES: usize = 100;
/// The term and the vote.
const STATE: TableDefinition<(), (u64, Option<u64>)> = TableDefinition::new("state");
/// An `Entry` for each index.
const LOG: TableDefinition<u64, &[u8]> = TableDefinition::new("log");
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
/// The commands, "key=value". The crate knows only where they stand, so their user has to keep them.
type Commands = BTreeMap<LogPosition, String>;
/// What the client asks of a node: the thread of the node calls it after each event until it is `true`.
type Request = Box<dyn FnMut(&mut Member) -> bool + Send>;

macro_rules! say {
    ($($text:tt)*) => {{
        let seconds = START.elapsed().as_secs_f64();
        // If nobody listens, the cluster works on all the same.
        let _ = writeln!(stdout(), "{seconds:6.2} s  {}", format_args!($($text)*));
    }};
}

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
    ExitCode::SUCCESS // The nodes end with the process. What they have promised is on their disks.
}

fn run(dir: PathBuf) -> Result<()> {
    say!("Three nodes start. Their stores are in {dir:?}.");
    let mut client = Client::new(dir)?;
    for id in IDS {
        client.start(id)?;
    }
    client.found_cluster_once();
    let runs = client.read("runs")?.and_then(|runs| runs.parse().ok());
    let run = runs.unwrap_or(0) + 1;
    say!("A linearizable read tells: this is run {run}.");
    client.write(vec![format!("runs={run}")])?;

    let begun = Instant::now();
    for hundred in 0..10 {
        let keys = 100 * hundred..100 * (hundred + 1);
        client.write(keys.map(|key| format!("{key}=run {run}")).collect())?;
    }
    let time = begun.elapsed();
    say!("1000 writes, by the hundred, are committed after {time:.0?}.");

    let begun = Instant::now();
    let victim = client.kill_leader(format!("unsent=run {run}"))?;
    say!("Node {victim} is killed. It had stored a write, but not sent it.");
    client.write(vec![format!("7=run {run}, without node {victim}")])?;
    let time = begun.elapsed();
    say!("The next write is committed after {time:.0?}.");
    let value = client.read("7")?.unwrap_or_default();
    say!("A linearizable read of key 7 tells: {value:?}.");

    say!("Node {victim} comes back with nothing but its disk.");
    client.start(victim)?;
    client.compare_stores()?;
    if client.read("unsent")? == Some(format!("run {run}")) {
        return Err("the write that was not sent has been applied".into());
    }
    say!("All stores are equal. The write that was not sent is in none of them.");
    Ok(())
}

/// The client, which also starts and kills the nodes.
struct Client {
    dir: PathBuf,
    addresses: BTreeMap<NodeId, SocketAddr>,
    doorbell: UdpSocket,
    nodes: BTreeMap<NodeId, (Sender<Request>, JoinHandle<()>)>,
}

impl Client {
    fn new(dir: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&dir)
            .map_err(|error| format!("cannot create {dir:?}: {error}; try another --dir"))?;
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
        })
    }

    fn start(&mut self, id: NodeId) -> Result<()> {
        let (sender, requests) = channel();
        let member = Member::open(id, &self.dir, self.addresses.clone())
            .map_err(|error| format!("node {id}: {error} (is another run using the folder?)"))?;
        let thread = thread::spawn(move || {
            if let Err(error) = member.run(&requests) {
                say!("Node {id} stops: {error}.");
            }
        });
        self.nodes.insert(id, (sender, thread));
        Ok(())
    }

    /// Asks one node. `None` if it refuses, is dead, or has no answer in time.
    fn ask<T: Send + 'static>(
        &self,
        id: NodeId,
        mut what: impl FnMut(&mut Member) -> Poll<Option<T>> + Send + 'static,
    ) -> Option<T> {
        let (sender, answer) = channel();
        let request = move |member: &mut Member| what(member).map(|it| sender.send(it)).is_ready();
        self.nodes.get(&id)?.0.send(Box::new(request)).ok()?;
        // The node waits at its socket: an empty datagram makes it look.
        self.doorbell.send_to(&[], self.addresses[&id]).ok()?;
        answer.recv_timeout(LIMIT).ok()?
    }

    /// Asks all nodes in turn until one grants it, which only the leader does.
    fn demand<T: Send + 'static>(
        &self,
        what: impl FnMut(&mut Member) -> Poll<Option<T>> + Clone + Send + 'static,
    ) -> Result<T> {
        let begun = Instant::now();
        while begun.elapsed() < LIMIT {
            if let Some(answer) = IDS.into_iter().find_map(|id| self.ask(id, what.clone())) {
                return Ok(answer);
            }
            thread::sleep(Duration::from_millis(1));
        }
        Err("nobody leads the cluster: is the disk too slow? If not, try an empty --dir".into())
    }

    /// Founds the cluster if all logs are empty. This is done on one node only.
    fn found_cluster_once(&self) {
        let end = |it: &mut Member| Poll::Ready(Some(it.node.log().last_position()));
        if IDS.map(|id| self.ask(id, end)) == [Some(LogPosition::ZERO); 3] {
            say!("All stores are empty: node 1 founds the cluster.");
            self.ask(IDS[0], |it| Poll::Ready(Some(it.node.create_cluster(&IDS))));
        }
    }

    /// Writes, if need be again at the next leader: here it does no harm to write the same twice.
    fn write(&self, commands: Vec<String>) -> Result<()> {
        let mut proposed = None;
        self.demand(move |it| {
            let last = *proposed.get_or_insert_with(|| it.propose(&commands));
            match it.node.get_commit_status(last) {
                CommitStatus::InProgress => Poll::Pending,
                CommitStatus::Committed => Poll::Ready(Some(())), // And so are those before it.
                CommitStatus::Rejected | CommitStatus::Unknown => Poll::Ready(None),
            }
        })
    }

    /// Reads linearizably: whatever was written before is seen, whoever leads by now (§8).
    fn read(&self, key: &'static str) -> Result<Option<String>> {
        let mut begun = None;
        self.demand(move |it| {
            let token = *begun.get_or_insert_with(|| it.node.read_index());
            match token.map_or(ReadStatus::Lost, |token| it.node.read_status(token)) {
                ReadStatus::Pending => Poll::Pending,
                // All that is committed is applied by now.
                ReadStatus::Ready(_) => Poll::Ready(Some(it.pairs.get(key).cloned())),
                ReadStatus::Lost => Poll::Ready(None),
            }
        })
    }

    /// Kills the leader at the worst moment: its disk has a write that nobody else will hear of.
    fn kill_leader(&mut self, unsent: String) -> Result<NodeId> {
        let leader = self.demand(move |it| {
            it.dies = !it.propose(slice::from_ref(&unsent)).is_invalid();
            Poll::Ready(it.dies.then_some(it.node.id()))
        })?;
        self.nodes.remove(&leader).map(|(_, thread)| thread.join());
        Ok(leader)
    }

    /// Waits until every node has applied all that the leader has by now, and compares.
    fn compare_stores(&self) -> Result<()> {
        let (end, pairs) = self.demand(|it| {
            let leads = it.node.role().is_leader();
            let is_final = leads && it.applied == it.node.log().last_position();
            Poll::Ready(is_final.then(|| (it.applied, it.pairs.clone())))
        })?;
        let keys = pairs.len();
        for id in IDS {
            let store = self.ask(id, move |it| match it.applied < end {
                true => Poll::Pending,
                false => Poll::Ready(Some(it.pairs.clone())),
            });
            if store.as_ref() != Some(&pairs) {
                return Err(format!("the store of node {id} is not that of the leader").into());
            }
            say!("Node {id} has applied all up to {end}: the same {keys} keys and values.");
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
            // With nothing stored, it is a new node.
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
            self.receive()?;
            // After the messages: while the disk was slow, one of the leader may have waited.
            if Instant::now() >= self.deadline {
                self.node.handle_election_timeout();
            }
            self.apply_commands();
            pending.extend(requests.try_iter());
            pending.retain_mut(|request| !request(&mut self));
            let (id, role, term) = (self.node.id(), self.node.role(), self.node.current_term());
            if shown.replace((role, term)) != Some((role, term)) {
                say!("Node {id} is {role} in term {term}.");
            }
        }
        self.execute_actions()
    }

    /// Proposes commands. Returns the position of the last one, or `INVALID`.
    fn propose(&mut self, commands: &[String]) -> LogPosition {
        let mut last = LogPosition::INVALID;
        for command in commands {
            last = self.node.propose_command();
            if !last.is_invalid() {
                self.commands.insert(last, command.clone());
            }
        }
        last
    }

    /// Executes all pending actions: stores in one transaction, then sends what rests on it.
    fn execute_actions(&mut self) -> Result<()> {
        let (mut saves_state, mut append, mut messages) = (false, None, Vec::new());
        while let Some(action) = self.node.actions_mut().next() {
            match action {
                Action::SetElectionTimeout => self.deadline = Instant::now() + self.timeout(),
                Action::SaveCurrentTerm | Action::SaveVotedFor => saves_state = true,
                Action::BroadcastMessage(message) => {
                    messages.extend(self.node.peers().map(|to| (to, message.clone())));
                }
                Action::AppendLogEntries(entries) => {
                    // A leader's calls may go out while its own disk is at work (thesis §10.2.1).
                    if !saves_state {
                        self.send(messages.drain(..))?;
                    }
                    append = Some(entries);
                }
                Action::SendMessage(to, message) => messages.push((to, message)),
                Action::InstallSnapshot(_) => {} // Does not come: no log is cut here.
            }
        }
        if let Some(entries) = &append {
            // The commands of overwritten entries go with them.
            let mut next = entries.prev_position();
            next.index += LogIndex::new(1);
            let mut later = self.commands.split_off(&next);
            later.retain(|position, _| entries.contains(*position));
            self.commands.extend(later);
        }
        if saves_state || append.is_some() {
            self.save(append)?;
        }
        self.send(messages)
    }

    fn timeout(&self) -> Duration {
        Duration::from_millis(match self.node.role() {
            Role::Leader => 50,
            Role::Follower => 300,
            Role::Candidate => 150 + RandomState::new().hash_one(()) % 151,
        })
    }

    /// Stores the term, the vote and the entries; durably, when it returns.
    fn save(&self, append: Option<LogEntries>) -> Result<()> {
        let transaction = self.database.begin_write()?;
        let (term, vote) = (self.node.current_term(), self.node.voted_for());
        let state = (term.get(), vote.map(NodeId::get));
        transaction.open_table(STATE)?.insert((), state)?;
        if let Some(entries) = append {
            let mut log = transaction.open_table(LOG)?;
            log.retain_in(entries.prev_position().index.get() + 1.., |_, _| false)?;
            for (position, entry) in entries.iter_with_positions() {
                let entry = Entry::new(entry, self.commands.get(&position));
                log.insert(position.index.get(), &postcard::to_allocvec(&entry)?[..])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Sends messages. If they get lost, Raft makes up for it.
    fn send(&self, messages: impl IntoIterator<Item = (NodeId, Message)>) -> Result<()> {
        for (to, message) in messages.into_iter().filter(|_| !self.dies) {
            if let Some(address) = self.addresses.get(&to) {
                let datagram = encode(&message, &self.commands)?;
                let _ = self.socket.send_to(&datagram, address);
            }
        }
        Ok(())
    }

    /// Waits for a message or the timer, and takes all messages that have come, within reason.
    fn receive(&mut self) -> Result<()> {
        let wait = self.deadline.saturating_duration_since(Instant::now());
        let wait = wait.max(Duration::from_millis(1));
        self.socket.set_read_timeout(Some(wait))?;
        let mut datagram = [0; 1 << 16];
        for _ in 0..100 {
            let Ok((len, sender)) = self.socket.recv_from(&mut datagram) else {
                break;
            };
            self.socket.set_nonblocking(true)?;
            if let Some((message, mut commands)) = decode(&datagram[..len])
                && self.addresses.get(&message.from()) == Some(&sender)
            {
                self.node.handle_message(message);
                // Only the commands of entries that are in the log now are kept.
                commands.retain(|position, _| self.node.log().entries().contains(*position));
                self.commands.extend(commands);
            }
        }
        Ok(self.socket.set_nonblocking(false)?)
    }

    /// Brings the key-value store up to what is known to be committed.
    fn apply_commands(&mut self) {
        let commit_index = self.node.commit_index();
        let unapplied = self.node.log().entries().since(self.applied);
        for (position, _) in unapplied.iter().flat_map(LogEntries::iter_with_positions) {
            if position.index > commit_index {
                break;
            }
            self.applied = position;
            let command = self.commands.get(&position);
            if let Some((key, value)) = command.and_then(|command| command.split_once('=')) {
                self.pairs.insert(key.into(), value.into());
            }
        }
    }
}

/// What `Member::save` has stored; in a new store, what a new node has.
fn load(database: &Database) -> Result<(Term, Option<NodeId>, Log, Commands)> {
    // Nothing is written, but this kind of transaction takes a missing table for an empty one.
    let transaction = database.begin_write()?;
    let table = transaction.open_table(STATE)?;
    let (term, vote) = table.get(())?.map_or((0, None), |state| state.value());
    let mut entries = LogEntries::new(LogPosition::ZERO);
    let mut commands = Commands::new();
    for row in transaction.open_table(LOG)?.iter()? {
        let entry: Entry = postcard::from_bytes(row?.1.value())?;
        entry.push_to(&mut entries, &mut commands);
    }
    let log = Log::new(ClusterConfig::new(), entries);
    Ok((term.into(), vote.map(NodeId::new), log, commands))
}

/// A log entry with its command, as it is stored and sent.
#[derive(Serialize, Deserialize)]
enum Entry {
    Term(u64),
    /// Voters, new voters, non-voters.
    Config([Vec<u64>; 3]),
    Command(String),
}

impl Entry {
    fn new(entry: LogEntry, command: Option<&String>) -> Self {
        match entry {
            LogEntry::Term(term) => Self::Term(term.get()),
            LogEntry::ClusterConfig(config) => {
                let sets = [config.voters, config.new_voters, config.non_voters];
                Self::Config(sets.map(|ids| ids.into_iter().map(NodeId::get).collect()))
            }
            LogEntry::Command => Self::Command(command.cloned().unwrap_or_default()),
        }
    }

    fn push_to(self, entries: &mut LogEntries, commands: &mut Commands) {
        match self {
            Self::Term(term) => entries.push(LogEntry::Term(Term::new(term))),
            Self::Config(sets) => {
                let mut config = ClusterConfig::new();
                let sets = sets.map(|ids| ids.into_iter().map(NodeId::new).collect());
                [config.voters, config.new_voters, config.non_voters] = sets;
                entries.push(LogEntry::ClusterConfig(config));
            }
            Self::Command(command) => {
                entries.push(LogEntry::Command);
                commands.insert(entries.last_position(), command);
            }
        }
    }
}

/// Kind and sender; term and number; a position; one more number; entries.
type Datagram = (u8, u64, [u64; 2], [u64; 2], u64, Vec<Entry>);

/// The entries of a call are cut to what fits: the reply will tell how far they came.
#[rustfmt::skip] // One kind of message a line.
fn encode(message: &Message, commands: &Commands) -> postcard::Result<Vec<u8>> {
    let zero = LogPosition::ZERO;
    let (kind, at, number, entries) = match message {
        Message::RequestVoteCall { last_position, .. } => (0, *last_position, 0, None),
        Message::RequestVoteReply { vote_granted, .. } => (1, zero, u64::from(*vote_granted), None),
        Message::AppendEntriesCall { commit_index, entries, .. } => (2, entries.prev_position(), commit_index.get(), Some(entries)),
        Message::AppendEntriesReply { last_position, .. } => (3, *last_position, 0, None),
    };
    let call = [message.term().get(), message.seqno().get()];
    let at = [at.term.get(), at.index.get()];
    let entries = entries.into_iter().flat_map(LogEntries::iter_with_positions).take(MAX_ENTRIES);
    let entries = entries.map(|(position, entry)| Entry::new(entry, commands.get(&position))).collect();
    postcard::to_allocvec::<Datagram>(&(kind, message.from().get(), call, at, number, entries))
}

/// The message of a datagram with the commands of its entries. `None` if it is none.
#[rustfmt::skip] // One kind of message a line.
fn decode(datagram: &[u8]) -> Option<(Message, Commands)> {
    let (kind, from, [term, seqno], at, number, list): Datagram = postcard::from_bytes(datagram).ok()?;
    let header = MessageHeader { from: from.into(), term: term.into(), seqno: seqno.into() };
    let last_position = LogPosition { term: at[0].into(), index: at[1].into() };
    let (mut entries, mut commands) = (LogEntries::new(last_position), Commands::new());
    list.into_iter().for_each(|entry| entry.push_to(&mut entries, &mut commands));
    let message = match kind {
        0 => Message::RequestVoteCall { header, last_position },
        1 => Message::RequestVoteReply { header, vote_granted: number == 1 },
        2 => Message::AppendEntriesCall { header, commit_index: number.into(), entries },
        3 => Message::AppendEntriesReply { header, last_position },
        _ => return None,
    };
    Some((message, commands))
}
