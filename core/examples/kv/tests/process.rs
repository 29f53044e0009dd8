//! One process and its user: what it says when something is wrong, how it stops, and that it comes back.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use raftbare::NodeId;
use raftbare_kv::cluster::free_ports;
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
        error.contains("node-1.redb cannot be used: it is damaged"),
        "{error}"
    );
    assert_eq!(std::fs::read(&file).unwrap(), vec![b'x'; 10_000]);
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
    let output = serve(dir.path(), "1:127.0.0.1:7001");
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("it is not ID=HOST:PORT"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_node_serves_stops_and_comes_back() {
    use rustix::process::{Pid, Signal, kill_process};
    let dir = tempfile::tempdir().unwrap();
    let (address, unknown) = (free_address(), free_address());
    let peers = format!("1={address}");
    let start = || {
        let mut command = Command::new(KV);
        command.args(["serve", "--id", "1", "--found", "1", "--peers", &peers]);
        command.arg("--dir").arg(dir.path()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let stop = |child: std::process::Child| {
        let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        let output = child.wait_with_output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success() && log.contains("node stops"),
            "{log}"
        );
        log
    };
    let client = |arguments: &[&str]| {
        let output = kv(&[arguments, &["--peers", &peers]].concat());
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        (output.status.code(), text, said(&output).1)
    };
    let child = start();
    assert_eq!(client(&["put", "color", "red"]).0, Some(0));
    assert_eq!(
        client(&["cas", "color", "blue", "--expect", "red"]).0,
        Some(0)
    );
    let (code, _, error) = client(&["cas", "color", "green", "--expect", "red"]);
    assert_eq!(
        (code, &error[..]),
        (Some(1), "error: the value is \"blue\"")
    );
    assert_eq!(client(&["get", "color"]).1, "blue");
    let (code, text, _) = client(&["status"]);
    assert_eq!(code, Some(0));
    assert!(
        text.contains("leader in term 1") && text.contains("voters [1]"),
        "{text}"
    );
    let (code, _, error) = client(&["remove-node", "1"]);
    assert_eq!(
        (code, &error[..]),
        (Some(1), "error: the last voter cannot be removed")
    );
    // A node that was not added is told so.
    let stranger = tempfile::tempdir().unwrap();
    let mut command = Command::new(KV);
    let stranger_peers = format!("{peers},9={unknown}");
    command.args([
        "serve",
        "--id",
        "9",
        "--found",
        "1,9",
        "--peers",
        &stranger_peers,
    ]);
    command
        .arg("--dir")
        .arg(stranger.path())
        .stderr(Stdio::piped());
    let mut stranger_child = command.spawn().unwrap();
    let log = std::io::BufReader::new(stranger_child.stderr.take().unwrap());
    let mut lines = std::io::BufRead::lines(log).map_while(Result::ok);
    let told = lines.find(|line| line.contains("knows of no node 9"));
    assert!(told.is_some_and(|line| line.contains("add-node")));
    stranger_child.kill().unwrap();
    stranger_child.wait().unwrap();

    let log = stop(child);
    assert!(log.contains("founds a cluster"), "{log}");
    let child = start();
    assert_eq!(client(&["get", "color"]).1, "blue");
    assert_eq!(client(&["delete", "color"]).0, Some(0));
    let (code, _, error) = client(&["get", "color"]);
    assert_eq!(
        (code, &error[..]),
        (Some(1), "error: there is no key \"color\"")
    );
    assert!(!stop(child).contains("founds a cluster"));
}

#[test]
fn a_cluster_shows_its_nodes_and_ends() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_str().unwrap();
    let output = kv(&["cluster", "--port", "0", "--dir", folder, "--seconds", "6"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", said(&output).1);
    assert!(
        text.contains("node  role       term    commit   lag"),
        "{text}"
    );
}
