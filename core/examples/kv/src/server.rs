//! The process of a node: its port, its connections, its signals.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use raftbare::NodeId;
use raftbare::replica::ReplicaOptions;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};

use crate::failure::Failure;
use crate::node::{Input, Node};
use crate::protocol::{Answer, Hello, Request, Welcome};
use crate::record::Recorder;
use crate::store::Store;
use crate::transport::{Links, PATIENCE, read_frame, read_value, write_value};

/// So many inputs wait for the node; further envelopes are dropped, and further requests refused.
const INBOX: usize = 1_024;
/// So many connections at a time.
const CONNECTIONS: usize = 1_024;
/// A connection over which nothing comes for so long makes room for others. Whoever is still there connects again.
const IDLE: Duration = Duration::from_secs(60);
/// So long a request may wait for its answer, so that lost ones do not hold connections for ever.
const ANSWER: Duration = Duration::from_secs(10);

#[derive(Debug, Clone)]
pub struct Options {
    pub id: u64,
    /// All nodes that are known at the start, this one among them.
    pub peers: BTreeMap<u64, String>,
    pub dir: PathBuf,
    /// The voters of a cluster to found, if the store is empty.
    pub found: Vec<u64>,
    pub snapshot_after: u64,
    pub syncs: bool,
    /// Write what the node does to a file beside the store.
    pub records: bool,
    /// Stop when standard input ends: a parent process holds it, and is gone then.
    pub stops_with_stdin: bool,
}

/// Runs a node until it is told to stop or its store fails.
pub async fn serve(options: Options) -> Result<(), Failure> {
    let id = options.id;
    let Some(address) = options.peers.get(&id) else {
        let message = format!("--peers has no address for node {id}: add `{id}=HOST:PORT`");
        return Err(Failure::usage(message));
    };
    if let Some(voter) = options
        .found
        .iter()
        .find(|id| !options.peers.contains_key(id))
    {
        let message = format!("--found names node {voter}, and --peers has no address for it");
        return Err(Failure::usage(message));
    }
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| port_failure(address, &error))?;
    let links = Links::new(id, options.peers.clone(), Handle::current());
    let node = open(&options, links.clone())?;
    info!(id, address, "listens");

    let (inbox, inputs) = sync_channel(INBOX);
    let (ended, mut end) = oneshot::channel();
    let thread = thread::Builder::new().name(format!("node-{id}"));
    let run = move || drop(ended.send(node.run(&inputs)));
    let thread = thread
        .spawn(run)
        .map_err(|error| Failure::failed(error.to_string()))?;
    let accept = accept(listener, id, links, inbox.clone());
    let result = tokio::select! {
        result = &mut end => result,
        () = accept => unreachable!("it accepts connections for ever"),
        () = told_to_stop(options.stops_with_stdin) => {
            info!("told to stop");
            // The queue may be full: the node makes room.
            let stop = move || inbox.send(Input::Stop);
            drop(tokio::task::spawn_blocking(stop).await);
            end.await
        }
    };
    let is_whole = thread.join().is_ok();
    match result {
        Ok(result) if is_whole => result,
        _ => Err(Failure::failed("the node has panicked: this is a bug")),
    }
}

fn open(options: &Options, links: Links) -> Result<Node, Failure> {
    let id = NodeId::new(options.id);
    let path = options.dir.join(format!("node-{id}.redb"));
    let failed = |error: &dyn std::fmt::Display| {
        let message = format!("the store {} cannot be used: {error}", path.display());
        Failure::new(Failure::STORE, message)
    };
    std::fs::create_dir_all(&options.dir).map_err(|error| {
        let dir = options.dir.display();
        let message = format!("there can be no folder {dir}: {error}");
        Failure::new(Failure::STORE, message)
    })?;
    let (store, loaded) = Store::open(&path, id, options.syncs).map_err(|error| failed(&error))?;
    let mut replica = ReplicaOptions::default();
    replica.snapshot_after = options.snapshot_after;
    let node = Node::new(id, replica, store, loaded, links);
    let mut node = node.map_err(|error| failed(&error))?;
    if options.records {
        let path = options.dir.join(format!("node-{id}.jsonl"));
        let recorder = Recorder::open(&path).map_err(|error| {
            Failure::failed(format!("cannot record to {}: {error}", path.display()))
        })?;
        node.record(recorder);
    }
    if !options.found.is_empty() {
        let voters: Vec<_> = options.found.iter().copied().map(NodeId::new).collect();
        node.found(&voters);
    }
    Ok(node)
}

fn port_failure(address: &str, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        io::ErrorKind::AddrInUse => ": another program uses this port; stop it or take another",
        io::ErrorKind::AddrNotAvailable => ": this machine has no such address",
        io::ErrorKind::PermissionDenied => ": ports below 1024 are for the administrator",
        _ => "",
    };
    Failure::failed(format!("cannot listen at {address}{hint} ({error})"))
}

async fn told_to_stop(also_by_stdin: bool) {
    tokio::select! {
        () = stop_signal() => {}
        () = end_of_stdin(), if also_by_stdin => {}
    }
}

async fn end_of_stdin() {
    let (ended, end) = oneshot::channel();
    // A thread of its own: reading standard input cannot be given up.
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = ended.send(());
    });
    let _ = end.await;
}

/// Ctrl-c, or what `kill` and service managers send.
pub async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a handler the signal ends the process at once, which loses nothing either.
    let _ = tokio::signal::ctrl_c().await;
}

async fn accept(listener: TcpListener, id: u64, links: Links, inbox: SyncSender<Input>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = places.clone().acquire_owned().await;
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Too many open files, for one: some will be closed.
                warn!(%error, "a connection cannot be taken");
                sleep(PATIENCE).await;
                continue;
            }
        };
        let (links, inbox) = (links.clone(), inbox.clone());
        tokio::spawn(async move {
            if let Err(error) = connection(stream, id, &links, &inbox).await {
                debug!(%error, "a connection has ended");
            }
            drop(place);
        });
    }
}

async fn connection(
    mut stream: TcpStream,
    id: u64,
    links: &Links,
    inbox: &SyncSender<Input>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let hello = timeout(PATIENCE, read_value(&mut stream)).await??;
    let welcome = welcome(&hello, id, links);
    write_value(&mut stream, &welcome).await?;
    match (welcome, hello) {
        (Err(reason), _) => {
            warn!(reason, "a node is refused");
            Ok(())
        }
        (Ok(()), Hello::Node { .. }) => loop {
            // A full inbox: the envelope counts as lost.
            let envelope = timeout(IDLE, read_frame(&mut stream)).await??;
            let _ = inbox.try_send(Input::Envelope(envelope));
        },
        (Ok(()), Hello::Client) => loop {
            let request: Request = timeout(IDLE, read_value(&mut stream)).await??;
            let answer = ask(request, inbox).await;
            write_value(&mut stream, &answer).await?;
        },
    }
}

fn welcome(hello: &Hello, id: u64, links: &Links) -> Welcome {
    match hello {
        Hello::Node { to, .. } if *to != id => Err(format!(
            "this is node {id}, not node {to}: the addresses in --peers are mixed up"
        )),
        Hello::Node { from, .. } if links.address(*from).is_none() => Err(format!(
            "node {id} knows of no node {from}: add it with `add-node`, or name it in --peers"
        )),
        _ => Ok(()),
    }
}

async fn ask(request: Request, inbox: &SyncSender<Input>) -> Answer {
    let (asker, answer) = oneshot::channel();
    if inbox.try_send(Input::Request(request, asker)).is_err() {
        return Answer::TryAgain("too many requests are waiting".into());
    }
    match timeout(ANSWER, answer).await {
        Ok(Ok(answer)) => answer,
        // It is late; or the node has ended, and the answer with it.
        Err(_) | Ok(Err(_)) => Answer::Unknown,
    }
}
