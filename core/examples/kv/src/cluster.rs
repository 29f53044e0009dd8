//! Three processes on this machine, and a table of them. What ends is started again: kill a node and look.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};
use tokio::time::{interval, sleep};

use crate::client::{Client, status};
use crate::failure::Failure;
use crate::protocol::Status;
use crate::state::Write;

#[derive(Debug, Clone)]
pub struct Options {
    pub dir: PathBuf,
    /// The port of node 1; the others follow. 0: any that are free.
    pub port: u16,
    /// End after this time; `None`: at ctrl-c.
    pub seconds: Option<u64>,
    /// Kill the leader every so many seconds.
    pub kill_every: Option<u64>,
}

/// The processes of a cluster. They end with it.
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
        count: u64,
        arguments: Vec<String>,
    ) -> Result<Self, Failure> {
        let ports = match port {
            0 => free_ports(usize::try_from(count).unwrap_or(1))?,
            first => (first..)
                .take(usize::try_from(count).unwrap_or(1))
                .collect(),
        };
        let address = |port: u16| format!("127.0.0.1:{port}");
        let mut processes = Self {
            peers: (1..).zip(ports.into_iter().map(address)).collect(),
            dir: dir.to_owned(),
            arguments,
            children: BTreeMap::new(),
        };
        for id in 1..=count {
            processes.start_one(id)?;
        }
        Ok(processes)
    }

    /// Starts this node, as a child that writes its log to a file beside its store.
    pub fn start_one(&mut self, id: u64) -> Result<(), Failure> {
        let cannot =
            |error: std::io::Error| Failure::failed(format!("cannot start node {id}: {error}"));
        std::fs::create_dir_all(&self.dir).map_err(cannot)?;
        let log = self.dir.join(format!("node-{id}.log"));
        let log = std::fs::File::options().create(true).append(true).open(log);
        let peers: Vec<_> = self
            .peers
            .iter()
            .map(|(id, at)| format!("{id}={at}"))
            .collect();
        let mut command = Command::new(std::env::current_exe().map_err(cannot)?);
        command
            .args([
                "serve",
                "--id",
                &id.to_string(),
                "--peers",
                &peers.join(","),
            ])
            .arg("--dir")
            .arg(&self.dir)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.map_err(cannot)?)
            .kill_on_drop(true);
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

    /// The nodes that have ended by themselves, or were killed.
    fn ended(&mut self) -> Vec<(u64, ExitStatus)> {
        let ended = |(&id, child): (&u64, &mut Child)| Some((id, child.try_wait().ok()??));
        self.children.iter_mut().filter_map(ended).collect()
    }

    /// What is written in the log of a node at its end: why it has ended.
    fn last_words(&self, id: u64) -> String {
        let log = std::fs::read_to_string(self.dir.join(format!("node-{id}.log")));
        let log = log.unwrap_or_default();
        log.lines().last().unwrap_or_default().to_owned()
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

pub async fn run(options: Options) -> Result<(), Failure> {
    let Options { dir, port, .. } = &options;
    println!(
        "Three nodes on this machine; their stores and logs are in {}.",
        dir.display()
    );
    let mut processes = Processes::start(dir, *port, 3, Vec::new())?;
    let peers: Vec<_> = processes
        .peers
        .iter()
        .map(|(id, at)| format!("{id}={at}"))
        .collect();
    println!(
        "Ctrl-c ends them. In another terminal: raftbare-kv put KEY VALUE --peers {}",
        peers.join(",")
    );
    let writer = tokio::spawn(write_for_ever(processes.peers.clone()));
    let show = show_for_ever(&mut processes, &options);
    let end = async {
        match options.seconds {
            Some(seconds) => sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    };
    let result = tokio::select! {
        result = show => result,
        () = end => Ok(()),
        _ = tokio::signal::ctrl_c() => Ok(()),
    };
    writer.abort();
    println!();
    if result.is_ok() {
        println!("The nodes are ended. With the same --dir they go on where they were.");
    }
    result
}

/// A light load, so that there is something to see.
async fn write_for_ever(peers: BTreeMap<u64, String>) {
    let mut client = Client::new(peers, Duration::from_secs(60));
    for count in 0_u64.. {
        let (key, value) = (format!("example-{}", count % 100), count.to_string());
        // Without a majority there is nothing to do but to try again.
        let _ = client.write(Write::Put { key, value }).await;
        sleep(Duration::from_millis(20)).await;
    }
}

async fn show_for_ever(processes: &mut Processes, options: &Options) -> Result<(), Failure> {
    let is_terminal = std::io::stdout().is_terminal();
    let every = if is_terminal { 200 } else { 1_000 };
    let mut ticks = interval(Duration::from_millis(every));
    let (begun, mut kills) = (Instant::now(), 0);
    let mut news = String::new();
    let mut lines = 0;
    loop {
        ticks.tick().await;
        let ended = processes.ended();
        for &(id, status) in &ended {
            let is_killed = status.code().is_none();
            if !is_killed {
                let reason = processes.last_words(id);
                return Err(Failure::failed(format!("node {id} has ended: {reason}")));
            }
            news = format!("node {id} was killed ({status}) and is started again");
            processes.start_one(id)?;
        }
        let statuses = processes.statuses().await;
        let elapsed = begun.elapsed().as_secs();
        if options
            .kill_every
            .is_some_and(|every| elapsed / every.max(1) > kills)
        {
            kills += 1;
            let leader = statuses.values().flatten().find(|it| it.role == "leader");
            if let Some(leader) = leader {
                processes.kill(leader.id).await.ok();
            }
        }
        let text = table(&statuses, elapsed, &news);
        if is_terminal && lines > 0 {
            // Up to the first line of the last table, and over it.
            print!("\x1b[{lines}A\x1b[J");
        }
        lines = text.lines().count();
        print!("{text}");
        let _ = std::io::stdout().flush();
    }
}

/// The table, as text.
fn table(statuses: &BTreeMap<u64, Option<Status>>, elapsed: u64, news: &str) -> String {
    let newest = statuses.values().flatten().map(|it| it.commit).max();
    let mut text =
        format!("\n{elapsed:>4} s  node  role       term    commit   lag  snapshot  {news}\n");
    for (id, status) in statuses {
        let Some(status) = status else {
            text += &format!("{id:>12}  does not answer\n");
            continue;
        };
        let lag = newest.unwrap_or_default() - status.commit;
        let incoming = status.receiving.map_or(String::new(), |(here, all)| {
            format!("  takes a snapshot: {} %", 100 * here / all.max(1))
        });
        text += &format!(
            "{:>12}  {:<9}  {:>4}  {:>8}  {:>4}  {:>8}{incoming}\n",
            id, status.role, status.term, status.commit, lag, status.snapshot
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_tells_role_term_commit_and_lag() {
        let status = |id, role: &str, commit| Status {
            id,
            role: role.into(),
            term: 7,
            commit,
            ..Status::default()
        };
        let statuses = [
            (1, Some(status(1, "leader", 40))),
            (2, Some(status(2, "follower", 38))),
            (3, None),
        ];
        let text = table(&statuses.into(), 5, "");
        let rows: Vec<Vec<&str>> = text
            .lines()
            .map(|it| it.split_whitespace().collect())
            .collect();
        assert_eq!(rows[2], ["1", "leader", "7", "40", "0", "0"]);
        assert_eq!(rows[3], ["2", "follower", "7", "38", "2", "0"]);
        assert_eq!(rows[4], ["3", "does", "not", "answer"]);
    }
}
