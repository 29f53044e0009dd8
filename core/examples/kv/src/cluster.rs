//! Three processes on this machine, and a table of them. What ends is started again: kill a node and look.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::time::{interval, sleep};

use crate::client::Client;
use crate::failure::Failure;
use crate::processes::Processes;
use crate::protocol::Status;
use crate::server::stop_signal;
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
    /// The nodes write what they do to files in `dir`.
    pub records: bool,
}

/// A node that was killed is down for so long, so that one sees the others go on.
const DOWN: Duration = Duration::from_secs(2);

pub async fn run(options: Options) -> Result<(), Failure> {
    let record = options.records.then(|| "--record".to_owned());
    let record = record.into_iter().collect();
    let processes = Processes::start(&options.dir, options.port, 3, record)?;
    println!(
        "Three nodes on this machine; their stores and logs are in {}.",
        options.dir.display()
    );
    println!(
        "`kill -9` one of the processes: it is started again. Ctrl-c ends all. In another terminal:"
    );
    println!(
        "  cargo run --release -p raftbare-kv -- put color red --peers {}",
        processes.peers_argument()
    );
    let writer = tokio::spawn(write_for_ever(processes.peers.clone()));
    let mut show = Show::new(processes, options.kill_every);
    let end = async {
        match options.seconds {
            Some(seconds) => sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    };
    let result = tokio::select! {
        result = show.run() => result,
        () = end => Ok(()),
        () = stop_signal() => Ok(()),
    };
    writer.abort();
    show.processes.stop().await;
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

struct Show {
    processes: Processes,
    kill_every: Option<u64>,
    begun: Instant,
    kills: u64,
    /// The nodes that are down, and until when.
    down: BTreeMap<u64, Instant>,
    news: String,
    /// How many lines the last table had.
    lines: usize,
}

impl Show {
    fn new(processes: Processes, kill_every: Option<u64>) -> Self {
        Self {
            processes,
            kill_every,
            begun: Instant::now(),
            kills: 0,
            down: BTreeMap::new(),
            news: String::new(),
            lines: 0,
        }
    }

    async fn run(&mut self) -> Result<(), Failure> {
        let is_terminal = std::io::stdout().is_terminal();
        let every = if is_terminal { 200 } else { 1_000 };
        let mut ticks = interval(Duration::from_millis(every));
        loop {
            ticks.tick().await;
            self.look_after()?;
            let statuses = self.processes.statuses().await;
            self.kill_leader(&statuses).await;
            let mut text = String::new();
            if is_terminal && self.lines > 0 {
                // Up to the first line of the last table, and over it.
                text += &format!("\x1b[{}A\x1b[J", self.lines);
            }
            let elapsed = self.begun.elapsed().as_secs();
            let table = table(
                &statuses,
                |id| self.processes.process_id(id),
                elapsed,
                &self.news,
            );
            self.lines = table.lines().count();
            text += &table;
            print!("{text}");
            let _ = std::io::stdout().flush();
        }
    }

    /// Starts what was killed again, after a while. A node that has ended for a reason of its own is the end.
    fn look_after(&mut self) -> Result<(), Failure> {
        for (id, status) in self.processes.ended() {
            if status.code().is_some_and(|code| code != 0) {
                let reason = self.processes.last_words(id);
                return Err(Failure::failed(format!("node {id} has ended: {reason}")));
            }
            let until = *self.down.entry(id).or_insert_with(|| {
                self.news = format!("node {id} was killed");
                Instant::now() + DOWN
            });
            if Instant::now() >= until {
                self.down.remove(&id);
                self.news = format!("node {id} is back");
                self.processes.start_one(id)?;
            }
        }
        Ok(())
    }

    async fn kill_leader(&mut self, statuses: &BTreeMap<u64, Option<Status>>) {
        let times = self
            .kill_every
            .map_or(0, |every| self.begun.elapsed().as_secs() / every.max(1));
        let leader = statuses.values().flatten().find(|it| it.role == "leader");
        if let Some(leader) = leader.filter(|_| times > self.kills) {
            self.kills = times;
            // It was alive a moment ago; if it has ended since, so much the better.
            let _ = self.processes.kill(leader.id).await;
        }
    }
}

/// The table, as text.
fn table(
    statuses: &BTreeMap<u64, Option<Status>>,
    process_id: impl Fn(u64) -> Option<u32>,
    elapsed: u64,
    news: &str,
) -> String {
    let newest = statuses.values().flatten().map(|it| it.commit).max();
    let mut text = format!(
        "\n{elapsed:>4} s  node  process  role       term    commit   lag  snapshot  {news}"
    );
    text.truncate(text.trim_end().len());
    for (&id, status) in statuses {
        let process = process_id(id).map_or_else(|| "-".to_owned(), |it| it.to_string());
        text += &format!("\n{id:>12}  {process:>7}  ");
        let Some(status) = status else {
            text += "does not answer";
            continue;
        };
        text += &format!(
            "{:<9}  {:>4}  {:>8}  {:>4}  {:>8}",
            status.role,
            status.term,
            status.commit,
            newest.unwrap_or_default() - status.commit,
            status.snapshot
        );
        if let Some((here, all)) = status.receiving {
            text += &format!("  takes a snapshot: {} %", 100 * here / all.max(1));
        }
    }
    text + "\n"
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
        let text = table(&statuses.into(), |id| (id < 3).then_some(70), 5, "");
        let rows: Vec<Vec<&str>> = text
            .lines()
            .map(|it| it.split_whitespace().collect())
            .collect();
        assert_eq!(rows[2], ["1", "70", "leader", "7", "40", "0", "0"]);
        assert_eq!(rows[3], ["2", "70", "follower", "7", "38", "2", "0"]);
        assert_eq!(rows[4], ["3", "-", "does", "not", "answer"]);
    }
}
