//! Commits per second and latency of three processes on this machine, with and without syncs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::client::Client;
use crate::failure::Failure;
use crate::processes::Processes;
use crate::protocol::{Meter, Status};
use crate::state::Write;

/// Runs all rows, each for so many seconds, and prints a table.
pub async fn run(seconds: u64) -> Result<(), Failure> {
    println!("Three nodes on this machine; each write is 100 bytes; {seconds} s a row.");
    println!(
        "core, store: the share of the leader's time that goes to the replica and to the store."
    );
    println!(
        "| sync | clients | commits/s | p50 ms | p99 ms | transactions/s | core | store | core us/commit |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for syncs in [true, false] {
        for clients in [1, 64] {
            row(syncs, clients, seconds).await?;
        }
    }
    Ok(())
}

async fn row(syncs: bool, clients: usize, seconds: u64) -> Result<(), Failure> {
    let name = format!("raftbare-kv-bench-{}", std::process::id());
    let dir = std::env::temp_dir().join(name);
    let arguments = if syncs {
        vec![]
    } else {
        vec!["--no-sync".to_owned()]
    };
    let processes = Processes::start(&dir, 0, 3, arguments)?;
    let result = measure(&processes, clients, Duration::from_secs(seconds)).await;
    drop(processes);
    let _ = std::fs::remove_dir_all(&dir);
    let measured = result?;
    let Measured {
        mut latencies,
        leader,
        time,
    } = measured;
    latencies.sort_unstable();
    let at = |percent: usize| {
        let latency = latencies.get(latencies.len() * percent / 100);
        latency.map_or(0.0, |it| it.as_secs_f64() * 1e3)
    };
    let commits = latencies.len() as f64;
    let share = |ns: u64| 100.0 * ns as f64 / leader.total_ns.max(1) as f64;
    println!(
        "| {} | {clients} | {:.0} | {:.2} | {:.2} | {:.0} | {:.1} % | {:.1} % | {:.1} |",
        if syncs { "yes" } else { "no" },
        commits / time.as_secs_f64(),
        at(50),
        at(99),
        leader.transactions as f64 / (leader.total_ns as f64 / 1e9),
        share(leader.core_ns),
        share(leader.store_ns),
        leader.core_ns as f64 / 1e3 / commits.max(1.0),
    );
    Ok(())
}

struct Measured {
    latencies: Vec<Duration>,
    /// What the leader has spent in this time.
    leader: Meter,
    time: Duration,
}

async fn measure(
    processes: &Processes,
    clients: usize,
    length: Duration,
) -> Result<Measured, Failure> {
    let peers = processes.peers.clone();
    // The first write waits for a leader; it does not count.
    write_until(peers.clone(), 0, Instant::now()).await?;
    let before = leader(processes).await?;
    let begun = Instant::now();
    let end = begun + length;
    let writers = (1..=clients).map(|client| tokio::spawn(write_until(peers.clone(), client, end)));
    let mut latencies = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        let written = writer
            .await
            .map_err(|error| Failure::failed(error.to_string()))?;
        latencies.extend(written?);
    }
    let time = begun.elapsed();
    let after = leader(processes).await?;
    if (before.id, before.term) != (after.id, after.term) {
        return Err(Failure::failed(
            "the leader has changed in between: is the machine busy? Try again",
        ));
    }
    let (before, after) = (before.meter, after.meter);
    let leader = Meter {
        core_ns: after.core_ns - before.core_ns,
        store_ns: after.store_ns - before.store_ns,
        total_ns: after.total_ns - before.total_ns,
        transactions: after.transactions - before.transactions,
    };
    Ok(Measured {
        latencies,
        leader,
        time,
    })
}

/// Writes one after the other, at least one; tells how long each has taken.
async fn write_until(
    peers: BTreeMap<u64, String>,
    client: usize,
    end: Instant,
) -> Result<Vec<Duration>, Failure> {
    let mut kv = Client::new(peers, Duration::from_secs(30));
    let mut latencies = Vec::new();
    loop {
        let key = format!("{client}-{}", latencies.len() % 100);
        let value = "x".repeat(100 - key.len());
        let begun = Instant::now();
        kv.write(Write::Put { key, value }).await?;
        latencies.push(begun.elapsed());
        if Instant::now() >= end {
            return Ok(latencies);
        }
    }
}

async fn leader(processes: &Processes) -> Result<Status, Failure> {
    for _ in 0..100 {
        let statuses = processes.statuses().await;
        if let Some(leader) = statuses
            .into_values()
            .flatten()
            .find(|it| it.role == "leader")
        {
            return Ok(leader);
        }
        sleep(Duration::from_millis(50)).await;
    }
    Err(Failure::failed("there is no leader"))
}
