//! `raftbare-kv`: a durable replicated key-value server, and its client. `raftbare-kv --help`
//!
//! Exit codes: see `EXIT_CODES`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use raftbare_kv::client::{Client, status};
use raftbare_kv::failure::Failure;
use raftbare_kv::state::{Outcome, Write};
use raftbare_kv::{bench, cluster, server};
use tracing::level_filters::LevelFilter;

const EXIT_CODES: &str = "Exit codes: 0 all is well, 1 it could not be done, 2 wrong usage, \
                          3 the store cannot be used";

#[derive(Debug, Parser)]
#[command(name = "raftbare-kv", about = "A durable replicated key-value server", after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How much the log on standard error tells
    #[arg(
        long,
        global = true,
        default_value = "info",
        value_name = "off|error|warn|info|debug"
    )]
    log: LevelFilter,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start three nodes on this machine and show a table of them
    Cluster {
        /// The folder of their stores and logs [default: raftbare-kv in the system's temporary folder]
        #[arg(long)]
        dir: Option<PathBuf>,
        /// The port of node 1, the others follow; 0: any that are free
        #[arg(long, default_value_t = 7001)]
        port: u16,
        /// End after so many seconds, not at ctrl-c
        #[arg(long)]
        seconds: Option<u64>,
        /// Kill the leader every so many seconds
        #[arg(long, value_name = "SECONDS")]
        kill_every: Option<u64>,
        /// Write what the nodes do to node-*.jsonl in that folder: `cat` them into one, for the visualizer
        #[arg(long)]
        record: bool,
    },
    /// Run one node
    Serve {
        /// The number of this node
        #[arg(long)]
        id: u64,
        #[command(flatten)]
        peers: Peers,
        /// The folder of the store
        #[arg(long, default_value = "raftbare-kv-data")]
        dir: PathBuf,
        /// Found a cluster of these nodes, if the store is empty: on one of them only
        #[arg(long, value_delimiter = ',', value_name = "ID,ID,...")]
        found: Vec<u64>,
        /// Cut the log after so many commands
        #[arg(long, default_value_t = 10_000, value_name = "COMMANDS")]
        snapshot_after: u64,
        /// Sync nothing: a power failure may take all. For the bench
        #[arg(long)]
        no_sync: bool,
        /// Stop when standard input ends: with the process that holds it
        #[arg(long)]
        stop_with_stdin: bool,
        /// Write what the node does to node-ID.jsonl in that folder, for the visualizer
        #[arg(long)]
        record: bool,
    },
    /// Read a key: what was written before is seen
    Get {
        key: String,
        #[command(flatten)]
        peers: Peers,
    },
    /// Set a key to a value
    Put {
        key: String,
        value: String,
        #[command(flatten)]
        peers: Peers,
    },
    /// Remove a key
    Delete {
        key: String,
        #[command(flatten)]
        peers: Peers,
    },
    /// Set a key if it has the expected value
    Cas {
        key: String,
        /// The new value
        value: String,
        /// The expected value; without it, the key must not be there
        #[arg(long)]
        expect: Option<String>,
        #[command(flatten)]
        peers: Peers,
    },
    /// Make a node a voter. Start it first, with `serve` and without `--found`
    AddNode {
        #[arg(value_parser = peer, value_name = "ID=HOST:PORT")]
        node: (u64, String),
        #[command(flatten)]
        peers: Peers,
    },
    /// Take a node out of the cluster
    RemoveNode {
        id: u64,
        #[command(flatten)]
        peers: Peers,
    },
    /// Hand leadership over to a node, before the leader's machine is taken away for example
    Transfer {
        id: u64,
        #[command(flatten)]
        peers: Peers,
    },
    /// Show what each node tells of itself
    Status {
        #[command(flatten)]
        peers: Peers,
    },
    /// Measure commits per second and latency of three nodes on this machine
    Bench {
        /// So long for each row
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
}

#[derive(Debug, Args)]
struct Peers {
    /// The nodes
    #[arg(
        long,
        value_delimiter = ',',
        value_parser = peer,
        value_name = "ID=HOST:PORT,...",
        default_value = "1=127.0.0.1:7001,2=127.0.0.1:7002,3=127.0.0.1:7003"
    )]
    peers: Vec<(u64, String)>,
}

impl Peers {
    fn by_id(&self) -> Result<BTreeMap<u64, String>, Failure> {
        let mut peers = BTreeMap::new();
        for (id, address) in self.peers.iter().cloned() {
            if peers.insert(id, address).is_some() {
                return Err(Failure::usage(format!("--peers names node {id} twice")));
            }
        }
        Ok(peers)
    }

    fn client(&self) -> Result<Client, Failure> {
        Ok(Client::new(self.by_id()?, Duration::from_secs(10)))
    }
}

fn peer(text: &str) -> Result<(u64, String), String> {
    let (id, address) = text.split_once('=').ok_or("it is not ID=HOST:PORT")?;
    let id = id.parse().map_err(|_| format!("`{id}` is no number"))?;
    let port = address
        .rsplit_once(':')
        .map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(_)) => Ok((id, address.to_owned())),
        _ => Err(format!("`{address}` is not HOST:PORT")),
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_max_level(cli.log)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(cli.command)),
        Err(error) => Err(Failure::failed(format!("cannot start: {error}"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(failure.code)
        }
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Cluster {
            dir,
            port,
            seconds,
            kill_every,
            record,
        } => {
            let dir = dir.unwrap_or_else(|| std::env::temp_dir().join("raftbare-kv"));
            let options = cluster::Options {
                dir,
                port,
                seconds,
                kill_every,
                records: record,
            };
            cluster::run(options).await
        }
        Command::Serve {
            id,
            peers,
            dir,
            found,
            snapshot_after,
            no_sync,
            stop_with_stdin,
            record,
        } => {
            let options = server::Options {
                id,
                peers: peers.by_id()?,
                dir,
                found,
                snapshot_after,
                syncs: !no_sync,
                records: record,
                stops_with_stdin: stop_with_stdin,
            };
            server::serve(options).await
        }
        Command::Get { key, peers } => match peers.client()?.get(&key).await? {
            Some(value) => {
                println!("{value}");
                Ok(())
            }
            None => Err(Failure::failed(format!("there is no key {key:?}"))),
        },
        Command::Put { key, value, peers } => do_write(&peers, Write::Put { key, value }).await,
        Command::Delete { key, peers } => do_write(&peers, Write::Delete { key }).await,
        Command::Cas {
            key,
            value,
            expect,
            peers,
        } => {
            let expected = expect;
            let write = Write::Cas {
                key,
                expected,
                value,
            };
            do_write(&peers, write).await
        }
        Command::AddNode { node, peers } => {
            let (id, address) = node;
            peers.client()?.add_node(id, &address).await?;
            println!("node {id} is a voter");
            Ok(())
        }
        Command::RemoveNode { id, peers } => {
            peers.client()?.remove_node(id).await?;
            println!("node {id} is out of the cluster");
            Ok(())
        }
        Command::Transfer { id, peers } => {
            peers.client()?.transfer_leadership(id).await?;
            println!("node {id} leads");
            Ok(())
        }
        Command::Status { peers } => show_status(&peers.by_id()?).await,
        Command::Bench { seconds } => bench::run(seconds).await,
    }
}

async fn do_write(peers: &Peers, write: Write) -> Result<(), Failure> {
    match peers.client()?.write(write).await? {
        Outcome::NotAsExpected(Some(value)) => {
            Err(Failure::failed(format!("the value is {value:?}")))
        }
        Outcome::NotAsExpected(None) => Err(Failure::failed("there is no such key")),
        _ => Ok(()),
    }
}

async fn show_status(peers: &BTreeMap<u64, String>) -> Result<(), Failure> {
    let mut answers = 0;
    for (id, address) in peers {
        let told = match status(address).await {
            Err(error) => {
                println!("node {id} at {address} does not answer: {error}");
                continue;
            }
            Ok(told) => told,
        };
        answers += 1;
        println!(
            "node {id} at {address}: {} in term {}, commit {} of {}, snapshot {}, voters {:?}",
            told.role, told.term, told.commit, told.last, told.snapshot, told.voters
        );
        if !told.non_voters.is_empty() {
            println!("  non-voters {:?}", told.non_voters);
        }
        for (to, there, all) in told.sending {
            println!("  sends its snapshot to node {to}: {there} of {all} bytes");
        }
        if let Some((here, all)) = told.receiving {
            println!("  takes a snapshot: {here} of {all} bytes");
        }
    }
    match answers {
        0 => Err(Failure::failed("no node answers")),
        _ => Ok(()),
    }
}
