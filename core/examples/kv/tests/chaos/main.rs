//! Real processes, broken on purpose: killed, stopped, cut off, all at once, while members come and go; and clients
//! that notice everything.
//!
//! `RAFTBARE_CHAOS_SECONDS` makes it last longer: `cargo xtask chaos --minutes N`.
#![cfg(unix)]

mod checker;
mod clients;
mod proxy;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proxy::{Wire, Wires};
use raftbare_kv::client::{Client, status};
use raftbare_kv::processes::free_ports;
use raftbare_kv::protocol::Status;
use raftbare_kv::state::Write;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::sleep;

const NODES: u64 = 5;
/// Those that found the cluster; the others are added and removed.
const FOUNDERS: &str = "1,2,3";
const LEAST_KILLS: usize = 50;

/// So many pairs of so many bytes are always there, so that a snapshot has many chunks.
const BALLAST: (usize, usize) = (40, 2_000);
/// How long a healed cluster may take. The machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn nothing_acknowledged_is_lost_and_histories_are_linearizable() {
    let seconds = std::env::var("RAFTBARE_CHAOS_SECONDS").ok();
    let seconds = seconds.map_or(45, |it| it.parse().expect("a number of seconds"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let dir = tempfile::tempdir().unwrap().keep();
    println!("the stores and logs are in {}", dir.display());
    runtime.block_on(chaos(&dir, Duration::from_secs(seconds)));
    // After a failure they stay, to be looked at.
    std::fs::remove_dir_all(dir).unwrap();
}

async fn chaos(dir: &Path, length: Duration) {
    let mut cluster = Cluster::start(dir).await;
    let mut client = Client::new(cluster.addresses.clone(), PATIENCE);
    for number in 0..BALLAST.0 {
        let (key, value) = (format!("ballast {number}"), "x".repeat(BALLAST.1));
        let written = client.write(Write::Put { key, value }).await;
        written.expect("nothing is broken yet");
    }
    let clients = clients::start(&cluster.addresses);
    let (begun, mut told) = (Instant::now(), 0);
    while begun.elapsed() < length || cluster.kills < LEAST_KILLS {
        cluster.trouble().await;
        cluster.expect_alive();
        if begun.elapsed().as_secs() / 60 > told {
            told += 1;
            println!("{told} min: {} kills, {}", cluster.kills, clients.counts());
        }
    }
    cluster.heal().await;
    let seen = clients.end(&mut client).await;
    cluster.expect_agreement().await;
    println!(
        "{} kills, {} stops, {} partitions, {} changes of the members, {} snapshots taken over in {:.0} s; {seen}",
        cluster.kills,
        cluster.stops,
        cluster.partitions,
        cluster.changes,
        cluster.snapshots(),
        begun.elapsed().as_secs_f64()
    );
}

fn random(below: u64) -> u64 {
    RandomState::new().hash_one(()) % below
}

/// All processes, and the wires between them.
struct Cluster {
    dir: PathBuf,
    /// Where clients find the nodes.
    addresses: BTreeMap<u64, String>,
    /// What each node is told: itself, and the near ends of its wires.
    peers: BTreeMap<u64, String>,
    wires: Arc<Wires>,
    children: BTreeMap<u64, Child>,
    changing: Option<tokio::task::JoinHandle<bool>>,
    kills: usize,
    stops: usize,
    partitions: usize,
    changes: usize,
}

impl Cluster {
    async fn start(dir: &Path) -> Self {
        let nodes = 1..=NODES;
        let mut ports = free_ports(usize::try_from(NODES * NODES).unwrap())
            .unwrap()
            .into_iter();
        let address = |port: u16| format!("127.0.0.1:{port}");
        let addresses: BTreeMap<_, _> = nodes.clone().zip(ports.by_ref().map(address)).collect();
        let mut wires = Wires::default();
        let mut peers = BTreeMap::new();
        for from in nodes.clone() {
            let mut known = Vec::new();
            for to in nodes.clone() {
                let mut at = addresses[&to].clone();
                if from != to {
                    let port = ports.next().unwrap();
                    wires.lay((from, to), port, at).await;
                    at = address(port);
                }
                known.push(format!("{to}={at}"));
            }
            peers.insert(from, known.join(","));
        }
        let mut cluster = Self {
            dir: dir.to_owned(),
            addresses,
            peers,
            wires: Arc::new(wires),
            children: BTreeMap::new(),
            changing: None,
            kills: 0,
            stops: 0,
            partitions: 0,
            changes: 0,
        };
        for id in nodes {
            cluster.start_node(id);
        }
        cluster
    }

    fn start_node(&mut self, id: u64) {
        let log = std::fs::File::options();
        let log = log.clone().create(true).append(true).open(self.log(id));
        let mut command = Command::new(env!("CARGO_BIN_EXE_raftbare-kv"));
        command
            .args(["serve", "--id", &id.to_string()])
            .args(["--peers", &self.peers[&id], "--snapshot-after", "300"])
            .arg("--dir")
            .arg(&self.dir)
            .arg("--stop-with-stdin")
            .stdin(Stdio::piped())
            .stderr(log.unwrap())
            .kill_on_drop(true);
        if id == 1 {
            command.args(["--found", FOUNDERS]);
        }
        self.children.insert(id, command.spawn().unwrap());
    }

    fn log(&self, id: u64) -> PathBuf {
        self.dir.join(format!("node-{id}.log"))
    }

    /// How often a node has gone on from a snapshot of another.
    fn snapshots(&self) -> usize {
        let log = |id| std::fs::read_to_string(self.log(id)).unwrap_or_default();
        let count = |id| log(id).matches("goes on from a snapshot").count();
        (1..=NODES).map(count).sum()
    }

    /// No node ends by itself, whatever happens.
    fn expect_alive(&mut self) {
        let dir = self.dir.clone();
        for (id, child) in &mut self.children {
            if let Some(status) = child.try_wait().unwrap() {
                let log = std::fs::read_to_string(dir.join(format!("node-{id}.log")));
                let log = log.unwrap_or_default();
                let end: Vec<_> = log.lines().rev().take(10).collect();
                panic!(
                    "node {id} has ended by itself ({status}):\n{}",
                    end.join("\n")
                );
            }
        }
    }

    /// Does something bad, and makes most of it good again.
    async fn trouble(&mut self) {
        let victim = 1 + random(NODES);
        if random(3) == 0 {
            self.change_members().await;
        }
        match random(11) {
            0..=4 => {
                self.kill([victim]).await;
                sleep(Duration::from_millis(random(600))).await;
                self.start_node(victim);
            }
            5 | 6 => {
                self.kill([victim, 1 + victim % NODES]).await;
                sleep(Duration::from_millis(random(500))).await;
                self.start_node(victim);
                self.start_node(1 + victim % NODES);
            }
            7 => {
                self.kill(1..=NODES).await;
                (1..=NODES).for_each(|id| self.start_node(id));
            }
            8 => self.stop(victim).await,
            _ => self.partition(victim).await,
        }
        sleep(Duration::from_millis(200 + random(800))).await;
        if random(2) == 0 {
            self.wires.set(Wire::Open, |_, _| true);
        }
    }

    /// Without a warning, and all at the same time.
    async fn kill(&mut self, ids: impl IntoIterator<Item = u64>) {
        let ids: BTreeSet<_> = ids.into_iter().collect();
        for id in &ids {
            self.children.get_mut(id).unwrap().start_kill().unwrap();
        }
        for id in &ids {
            self.children.get_mut(id).unwrap().wait().await.unwrap();
            self.kills += 1;
        }
    }

    /// Stops a process for a while: then it goes on with what it believed before.
    async fn stop(&mut self, id: u64) {
        let pid = self.children[&id].id().expect("it runs");
        let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
        kill_process(pid, Signal::STOP).unwrap();
        sleep(Duration::from_millis(200 + random(1_800))).await;
        kill_process(pid, Signal::CONT).unwrap();
        self.stops += 1;
    }

    /// Cuts some wires; some later trouble ends it.
    async fn partition(&mut self, id: u64) {
        let how = if random(3) == 0 {
            Wire::Stalled
        } else {
            Wire::Cut
        };
        let other = 1 + id % NODES;
        match random(4) {
            0 => self.wires.set(how, |from, to| from == id || to == id),
            1 => self.wires.set(how, |from, _| from == id),
            2 => self.wires.set(how, |_, to| to == id),
            _ => {
                let is_in = |node| node == id || node == other;
                self.wires.set(how, |from, to| is_in(from) != is_in(to));
            }
        }
        self.partitions += 1;
        sleep(Duration::from_millis(500 + random(1_500))).await;
    }

    /// Begins to add or to remove a node, in the midst of what else happens; one change at a time.
    async fn change_members(&mut self) {
        if self.changing.as_ref().is_some_and(|it| !it.is_finished()) {
            return;
        }
        self.end_change().await;
        let id = 1 + random(NODES);
        let (addresses, adds) = (self.addresses.clone(), random(3) > 0);
        self.changing = Some(tokio::spawn(async move {
            let mut client = Client::new(addresses.clone(), Duration::from_secs(10));
            // In these troubles it may well fail.
            match adds {
                true => client.add_node(id, &addresses[&id]).await.is_ok(),
                false => client.remove_node(id).await.is_ok(),
            }
        }));
    }

    async fn end_change(&mut self) {
        if let Some(changing) = self.changing.take() {
            self.changes += usize::from(changing.await.unwrap());
        }
    }

    async fn heal(&mut self) {
        self.wires.set(Wire::Open, |_, _| true);
        self.end_change().await;
        self.expect_alive();
    }

    /// Every voter gets all that the leader has committed.
    async fn expect_agreement(&self) {
        let begun = Instant::now();
        let mut statuses = Vec::new();
        while begun.elapsed() < PATIENCE {
            statuses.clear();
            for address in self.addresses.values() {
                statuses.extend(status(address).await);
            }
            let leader = statuses.iter().find(|it| it.role == "leader");
            let has_all = |leader: &Status, id| {
                let of = |it: &&Status| it.id == id && it.applied == leader.last;
                statuses.iter().any(|it| of(&it))
            };
            if leader.is_some_and(|leader| leader.voters.iter().all(|&id| has_all(leader, id))) {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("the voters do not agree: {statuses:#?}");
    }
}
