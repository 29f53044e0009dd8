//! The nodes of a cluster on this machine, as processes.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::client::status;
use crate::failure::Failure;
use crate::protocol::Status;

/// The processes of a cluster. They end with it, even if this process is killed: each holds the end of a pipe to it.
#[derive(Debug)]
pub struct Processes {
    pub peers: BTreeMap<u64, String>,
    dir: PathBuf,
    arguments: Vec<String>,
    children: BTreeMap<u64, Child>,
}

impl Processes {
    /// Starts nodes 1 to `count`, with these further arguments for `serve`.
    pub fn start(
        dir: &Path,
        port: u16,
        count: u8,
        arguments: Vec<String>,
    ) -> Result<Self, Failure> {
        let ports = match port {
            0 => free_ports(usize::from(count))?,
            first => (first..=u16::MAX).take(usize::from(count)).collect(),
        };
        if ports.len() < usize::from(count) {
            let message = format!("there are no {count} ports from {port} on");
            return Err(Failure::usage(message));
        }
        let address = |port: u16| format!("127.0.0.1:{port}");
        let mut processes = Self {
            peers: (1..).zip(ports.into_iter().map(address)).collect(),
            dir: dir.to_owned(),
            arguments,
            children: BTreeMap::new(),
        };
        for id in 1..=u64::from(count) {
            processes.start_one(id)?;
        }
        Ok(processes)
    }

    /// The value of `--peers`.
    pub fn peers_argument(&self) -> String {
        let peers = self.peers.iter().map(|(id, at)| format!("{id}={at}"));
        peers.collect::<Vec<_>>().join(",")
    }

    /// Starts this node, as a child that writes its log to a file beside its store.
    pub fn start_one(&mut self, id: u64) -> Result<(), Failure> {
        let cannot =
            |error: std::io::Error| Failure::failed(format!("cannot start node {id}: {error}"));
        std::fs::create_dir_all(&self.dir).map_err(cannot)?;
        let log = self.dir.join(format!("node-{id}.log"));
        let log = std::fs::File::options().create(true).append(true).open(log);
        let mut command = Command::new(std::env::current_exe().map_err(cannot)?);
        command
            .args(["serve", "--id", &id.to_string()])
            .args(["--peers", &self.peers_argument()])
            .arg("--dir")
            .arg(&self.dir)
            .args(&self.arguments)
            .arg("--stop-with-stdin")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log.map_err(cannot)?)
            .kill_on_drop(true);
        // Ctrl-c is for this process alone: it stops the others.
        #[cfg(unix)]
        command.process_group(0);
        if id == 1 {
            let voters: Vec<_> = self.peers.keys().map(u64::to_string).collect();
            command.args(["--found", &voters.join(",")]);
        }
        self.children.insert(id, command.spawn().map_err(cannot)?);
        Ok(())
    }

    /// Kills a node: no goodbye, no last write.
    pub async fn kill(&mut self, id: u64) -> std::io::Result<()> {
        match self.children.get_mut(&id) {
            Some(child) => child.kill().await,
            None => Ok(()),
        }
    }

    /// Stops all of them in good order.
    pub async fn stop(mut self) {
        for child in self.children.values_mut() {
            drop(child.stdin.take());
        }
        for child in self.children.values_mut() {
            // Whoever does not end in time is killed when this is dropped.
            let _ = timeout(Duration::from_secs(20), child.wait()).await;
        }
    }

    /// The number that the system has given to the process of a node, while it runs.
    pub fn process_id(&self, id: u64) -> Option<u32> {
        self.children.get(&id)?.id()
    }

    /// The nodes that have ended by themselves, or were killed.
    pub fn ended(&mut self) -> Vec<(u64, ExitStatus)> {
        let ended = |(&id, child): (&u64, &mut Child)| Some((id, child.try_wait().ok()??));
        self.children.iter_mut().filter_map(ended).collect()
    }

    /// What is written in the log of a node at its end: why it has ended.
    pub fn last_words(&self, id: u64) -> String {
        let log = std::fs::read_to_string(self.dir.join(format!("node-{id}.log")));
        let log = log.unwrap_or_default();
        let last = log.lines().last().unwrap_or_default();
        last.strip_prefix("error: ").unwrap_or(last).to_owned()
    }

    pub async fn statuses(&self) -> BTreeMap<u64, Option<Status>> {
        let mut statuses = BTreeMap::new();
        for (&id, address) in &self.peers {
            statuses.insert(id, status(address).await.ok());
        }
        statuses
    }
}

/// Ports that are free now, below those that systems give to outgoing connections.
pub fn free_ports(count: usize) -> Result<Vec<u16>, Failure> {
    use std::hash::{BuildHasher, RandomState};
    let mut listeners = Vec::new();
    for _ in 0..10_000 {
        let random = RandomState::new().hash_one(());
        let port = 10_000 + u16::try_from(random % 20_000).unwrap_or_default();
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            listeners.push((port, listener));
        }
        if listeners.len() == count {
            return Ok(listeners.iter().map(|&(port, _)| port).collect());
        }
    }
    Err(Failure::failed("no port is free"))
}
