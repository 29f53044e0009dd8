//! One process and its user: what it says when something is wrong, how it stops, and that it comes back.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use raftbare::NodeId;
use raftbare_kv::processes::free_ports;
use raftbare_kv::store::Store;

const KV: &str = env!("CARGO_BIN_EXE_raftbare-kv");

fn kv(arguments: &[&str]) -> Output {
    let output = Command::new(KV)
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    output.expect("the program starts")
}

fn serve(dir: &Path, peers: &str) -> Output {
    kv(&[
        "serve",
        "--id",
        "1",
        "--peers",
        peers,
        "--dir",
        dir.to_str().unwrap(),
    ])
}

/// The exit code, and what was said to the user.
fn said(output: &Output) -> (Option<i32>, String) {
    let text = String::from_utf8_lossy(&output.stderr);
    let error = text.lines().filter(|line| line.starts_with("error: "));
    (output.status.code(), error.collect())
}

fn free_address() -> String {
    format!("127.0.0.1:{}", free_ports(1).unwrap()[0])
}

#[test]
fn a_taken_port_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (code, error) = said(&serve(dir.path(), &format!("1={address}")));
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains(&address.to_string()), "{error}");
    assert!(error.contains("another program uses this port"), "{error}");
}

#[test]
fn a_file_that_is_no_store_is_named_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("node-1.redb");
    std::fs::write(&file, vec![b'x'; 10_000]).unwrap();
    let (code, error) = said(&serve(dir.path(), &format!("1={}", free_address())));
    assert_eq!(code, Some(3), "{error}");
    assert!(
        error.contains("node-1.redb cannot be used: it is damaged, or no store"),
        "{error}"
    );
    assert_eq!(std::fs::read(&file).unwrap(), vec![b'x'; 10_000]);
}

#[test]
fn a_folder_that_cannot_be_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("file").join("folder");
    std::fs::write(dir.path().join("file"), "").unwrap();
    let (code, error) = said(&serve(&folder, &format!("1={}", free_address())));
    assert_eq!(code, Some(3), "{error}");
    let named = format!("there can be no folder {}: ", folder.display());
    assert!(error.contains(&named), "{error}");
}

#[test]
fn a_cluster_that_is_not_there_is_told() {
    let address = free_address();
    let peers = format!("1={address}");
    let output = kv(&["status", "--peers", &peers]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains(&format!("node 1 at {address} does not answer")),
        "{text}"
    );
    assert_eq!(said(&output), (Some(1), "error: no node answers".into()));
    let (code, error) = said(&kv(&["get", "color", "--peers", &peers]));
    assert_eq!(code, Some(1));
    assert!(
        error.contains("no success within 10 s; the last problem: "),
        "{error}"
    );
    assert!(error.contains(&address), "{error}");
}

#[test]
fn the_store_of_another_node_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("node-1.redb");
    drop(Store::open(&file, NodeId::new(2), true).unwrap());
    let (code, error) = said(&serve(dir.path(), &format!("1={}", free_address())));
    assert_eq!(code, Some(3), "{error}");
    assert!(
        error.contains("it is the store of node 2, not of node 1"),
        "{error}"
    );
}

#[test]
fn a_store_is_opened_by_one_process_only() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("node-1.redb");
    let _open = Store::open(&file, NodeId::new(1), true).unwrap();
    let (code, error) = said(&serve(dir.path(), &format!("1={}", free_address())));
    assert_eq!(code, Some(3), "{error}");
    assert!(error.contains("another process has it open"), "{error}");
}

#[test]
fn wrong_usage_is_explained() {
    let dir = tempfile::tempdir().unwrap();
    let (code, error) = said(&serve(dir.path(), "2=127.0.0.1:7002"));
    assert_eq!(code, Some(2), "{error}");
    assert!(
        error.contains("--peers has no address for node 1"),
        "{error}"
    );
    let (code, error) = said(&serve(dir.path(), "1=127.0.0.1:7001,1=127.0.0.1:7002"));
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("--peers names node 1 twice"), "{error}");
    let output = serve(dir.path(), "1:127.0.0.1:7001");
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("it is not ID=HOST:PORT"), "{text}");
}

/// Nodes of one cluster, each a process. They are killed when the test ends.
#[cfg(unix)]
struct Nodes {
    dir: tempfile::TempDir,
    peers: String,
    children: std::collections::BTreeMap<u64, std::process::Child>,
}

#[cfg(unix)]
impl Nodes {
    /// Node 1 founds the cluster alone; the others are known to it, and may be started.
    fn new(addresses: &[(u64, &str)]) -> Self {
        let peers = addresses.iter().map(|(id, at)| format!("{id}={at}"));
        let mut nodes = Self {
            dir: tempfile::tempdir().unwrap(),
            peers: peers.collect::<Vec<_>>().join(","),
            children: [].into(),
        };
        nodes.start(1, &["--found", "1"]);
        nodes
    }

    fn start(&mut self, id: u64, arguments: &[&str]) {
        let mut command = Command::new(KV);
        command.args(["serve", "--id", &id.to_string(), "--peers", &self.peers]);
        command.arg("--dir").arg(self.dir.path()).args(arguments);
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        self.children.insert(id, child);
    }

    /// Tells a node to stop, and returns what it has logged.
    fn stop(&mut self, id: u64) -> String {
        use rustix::process::{Pid, Signal, kill_process};
        let child = self.children.remove(&id).unwrap();
        let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        let output = child.wait_with_output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{log}");
        assert!(log.contains("node stops"), "{log}");
        log
    }

    /// The exit code of a client, what it shows, and what it says is wrong.
    fn client(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = kv(&[arguments, &["--peers", &self.peers]].concat());
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let (code, error) = said(&output);
        (code, text, error)
    }
}

#[cfg(unix)]
impl Drop for Nodes {
    fn drop(&mut self) {
        for child in self.children.values_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[cfg(unix)]
#[test]
fn a_node_serves_stops_and_comes_back() {
    let mut nodes = Nodes::new(&[(1, &free_address())]);
    assert_eq!(nodes.client(&["put", "color", "red"]).0, Some(0));
    let cas = |value| nodes.client(&["cas", "color", value, "--expect", "red"]);
    assert_eq!(cas("blue").0, Some(0));
    let (code, _, error) = cas("green");
    assert_eq!(
        (code, &error[..]),
        (Some(1), "error: the value is \"blue\"")
    );
    assert_eq!(nodes.client(&["get", "color"]).1, "blue");
    let (code, text, _) = nodes.client(&["status"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("leader in term 1"), "{text}");
    assert!(text.contains("voters [1]"), "{text}");
    let long = "x".repeat(40_000);
    let (code, _, error) = nodes.client(&["put", "color", &long]);
    assert_eq!(code, Some(1));
    assert_eq!(error, "error: the command is longer than 32768 bytes");

    assert!(nodes.stop(1).contains("founds a cluster"));
    nodes.start(1, &["--found", "1"]);
    assert_eq!(nodes.client(&["get", "color"]).1, "blue");
    assert_eq!(nodes.client(&["delete", "color"]).0, Some(0));
    let (code, _, error) = nodes.client(&["get", "color"]);
    let missing = "error: there is no key \"color\"";
    assert_eq!((code, &error[..]), (Some(1), missing));
    assert!(!nodes.stop(1).contains("founds a cluster"));
}

#[cfg(unix)]
#[test]
fn nodes_join_and_leave() {
    let (first, second) = (free_address(), free_address());
    let mut nodes = Nodes::new(&[(1, &first), (2, &second)]);
    let second = format!("2={second}");
    // It is not there yet: it has no vote that others would have to wait for.
    let (code, _, error) = nodes.client(&["add-node", &second]);
    assert_eq!(code, Some(1));
    assert!(error.contains("node 2 has not answered yet"), "{error}");
    assert_eq!(nodes.client(&["put", "color", "red"]).0, Some(0));
    nodes.start(2, &[]);
    assert_eq!(nodes.client(&["add-node", &second]).1, "node 2 is a voter");
    let (_, text, _) = nodes.client(&["status"]);
    assert!(text.contains("voters [1, 2]"), "{text}");
    let gone = nodes.client(&["remove-node", "1"]);
    assert_eq!(gone.1, "node 1 is out of the cluster", "{}", gone.2);
    assert_eq!(nodes.client(&["get", "color"]).1, "red");
    let (code, _, error) = nodes.client(&["remove-node", "2"]);
    let last = "error: the last voter cannot be removed";
    assert_eq!((code, &error[..]), (Some(1), last));
}

#[cfg(unix)]
#[test]
fn the_leader_hands_over() {
    let (first, second) = (free_address(), free_address());
    let mut nodes = Nodes::new(&[(1, &first), (2, &second)]);
    nodes.start(2, &[]);
    let added = nodes.client(&["add-node", &format!("2={second}")]);
    assert_eq!(added.0, Some(0), "{}", added.2);
    let leads = |id: u64| {
        let (_, text, _) = nodes.client(&["status"]);
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("node {id} ")));
        line.is_some_and(|line| line.contains(": leader in term"))
    };
    for id in [2, 1, 1] {
        let (_, text, error) = nodes.client(&["transfer", &id.to_string()]);
        assert_eq!(text, format!("node {id} leads"), "{error}");
        assert!(leads(id));
    }
    let (code, _, error) = nodes.client(&["transfer", "3"]);
    assert_eq!(code, Some(1));
    // Refused at once: not the last problem of a client that tried in vain.
    let refusal = "error: node 3 cannot take over: it is no other voter, or one is on the way";
    assert_eq!(error, refusal);
    assert_eq!(nodes.client(&["put", "color", "red"]).0, Some(0));
}

/// A node that was not added hears so, and who could help.
#[cfg(unix)]
#[test]
fn a_stranger_is_told_so() {
    let (address, unknown) = (free_address(), free_address());
    let nodes = Nodes::new(&[(1, &address)]);
    let mut stranger = Nodes {
        dir: tempfile::tempdir().unwrap(),
        peers: format!("{},9={unknown}", nodes.peers),
        children: [].into(),
    };
    stranger.start(9, &["--found", "1,9"]);
    let log = stranger
        .children
        .get_mut(&9)
        .unwrap()
        .stderr
        .take()
        .unwrap();
    let log = std::io::BufReader::new(log);
    let mut lines = std::io::BufRead::lines(log).map_while(Result::ok);
    let told = lines.find(|line| line.contains("knows of no node 9"));
    assert!(told.is_some_and(|line| line.contains("add-node")));
}

#[test]
fn a_cluster_shows_its_nodes_and_ends() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_str().unwrap();
    let output = kv(&["cluster", "--port", "0", "--dir", folder, "--seconds", "6"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", said(&output).1);
    let header = "node  process  role       term    commit   lag  snapshot";
    assert!(text.contains(header), "{text}");
    // All have stopped in good order.
    for id in 1..=3 {
        let log = std::fs::read_to_string(dir.path().join(format!("node-{id}.log"))).unwrap();
        assert!(log.contains("node stops"), "{log}");
    }
}

/// Whoever kills the cluster's own process leaves no others behind.
#[cfg(unix)]
#[test]
fn no_node_outlives_its_cluster() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(KV);
    command.args(["cluster", "--port", "0", "--dir"]);
    let cluster = command.arg(dir.path()).stdout(Stdio::null()).spawn();
    let mut cluster = cluster.unwrap();
    let logs = || (1..=3).map(|id| dir.path().join(format!("node-{id}.log")));
    let all_say = |what: &str| {
        let says = |log| std::fs::read_to_string(log).is_ok_and(|log| log.contains(what));
        (0..600).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            logs().all(says)
        })
    };
    assert!(all_say("listens"));
    cluster.kill().unwrap();
    cluster.wait().unwrap();
    assert!(all_say("node stops"));
}

/// What a node has sent and another one has received stands in the recordings of both.
#[test]
fn a_cluster_records_what_its_nodes_do() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(KV);
    command.args(["cluster", "--port", "0", "--record", "--dir"]);
    let cluster = command.arg(dir.path()).stdout(Stdio::null()).spawn();
    let mut cluster = cluster.unwrap();
    let events = |id: u64| -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(dir.path().join(format!("node-{id}.jsonl")));
        // The last line may not be whole yet.
        let text = text.unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let parse = |line| serde_json::from_str(line).unwrap();
        whole.lines().map(parse).collect()
    };
    let is_recorded = || {
        let (sent, received) = (events(1), events(2));
        sent.iter()
            .filter(|event| event["did"] == "send" && event["to"] == 2)
            .any(|send| {
                received
                    .iter()
                    .any(|event| event["did"] == "receive" && event["message"] == send["message"])
            })
    };
    let found = (0..600).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        is_recorded()
    });
    cluster.kill().unwrap();
    cluster.wait().unwrap();
    assert!(found);
    let first = &events(1)[0];
    assert_eq!(
        (&first["did"], &first["node"]),
        (&"start".into(), &1.into())
    );
    assert!(
        first["now"].as_str().unwrap().starts_with("1 follower t0"),
        "{first}"
    );
}
