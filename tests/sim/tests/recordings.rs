//! Recordings of scenarios: `tests/recordings/NAME.jsonl` is what the nodes do in `tests/recordings/NAME.txt`, or in
//! the scenario of that name. The visualizer exports the same for the same text.
//!
//! With `UPDATE_SCENARIOS=1` the recordings are rewritten; then their diff is what there is to review.

use std::fs;
use std::path::{Path, PathBuf};

use raftbare_sim::script::{Did, Recorded, Script, World};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn record(text: &str) -> String {
    let script = Script::parse(text).expect("it is a script");
    script.record().expect("nothing is broken")
}

#[test]
fn the_recordings_are_what_the_nodes_do() {
    for (scenario, name) in [
        ("recordings/by-hand", "by-hand"),
        ("scenarios/31-figure-7", "31-figure-7"),
    ] {
        let recording = record(&read(&folder().join(scenario).with_extension("txt")));
        let file = folder()
            .join("recordings")
            .join(name)
            .with_extension("jsonl");
        if std::env::var_os("UPDATE_SCENARIOS").is_some() {
            fs::write(&file, &recording).expect("a writable folder");
        }
        assert!(
            recording == read(&file),
            "{name} has changed; UPDATE_SCENARIOS=1 rewrites it"
        );
    }
}

#[test]
fn every_scenario_can_be_recorded() {
    let files = fs::read_dir(folder().join("scenarios")).expect("the folder is there");
    for path in files.map(|file| file.expect("a readable folder").path()) {
        let recording = record(&read(&path));
        let count = |did: &str| recording.matches(&format!(r#""did":"{did}""#)).count();
        let injected = read(&path)
            .lines()
            .filter(|line| line.starts_with("inject "))
            .count();
        assert!(
            count("receive") <= count("send") + injected,
            "{}",
            path.display()
        );
        assert!(recording.contains(r#""now":""#), "{}", path.display());
    }
}

/// What the nodes do in the last line.
fn recorded(text: &str) -> Vec<(u64, Did, Option<u64>, String)> {
    let script = Script::parse(text).expect("it is a script");
    let mut world = World::default();
    for line in script.lines() {
        if let Some(verb) = &line.verb {
            world.step(verb).expect("nothing is broken");
        }
    }
    let did = world.take_recorded().into_iter();
    did.map(
        |Recorded {
             node,
             did,
             to,
             text,
         }| (node.get(), did, to.map(raftbare::NodeId::get), text),
    )
    .collect()
}

const BEGIN: &str = "start 1,2,3\nfound 1 {1,2,3}\nsettle\n";

#[test]
fn a_heartbeat_is_sent_doubled_and_lost() {
    let sent = recorded(&format!("{BEGIN}timeout 1"));
    assert_eq!(sent[0], (1, Did::Timeout, None, String::new()));
    assert_eq!(
        sent[1..],
        [2, 3].map(|to| (1, Did::Send, Some(to), sent[1].3.clone()))
    );
    let beat = format!("{BEGIN}timeout 1\n");
    let text = sent[1].3.clone();
    let same = |did| vec![(1, did, Some(2), text.clone())];
    assert_eq!(recorded(&format!("{beat}duplicate 1->2")), same(Did::Send));
    assert_eq!(recorded(&format!("{beat}lose 1->2")), same(Did::Drop));
    assert!(
        text.contains(" AppendEntriesCall commit 2 prev 1/2[]"),
        "{text}"
    );
}

#[test]
fn what_arrives_where_no_node_runs_is_lost_there() {
    let lost = recorded(&format!("{BEGIN}timeout 1\ncrash 2\ndeliver 1->2"));
    assert_eq!((lost[0].0, lost[0].1, lost[0].2), (2, Did::Drop, None));
    assert_eq!(lost.len(), 1);
}

#[test]
fn what_is_sent_over_a_cut_link_is_lost_at_once() {
    let did = recorded(&format!("{BEGIN}cut 1->2\ntimeout 1"));
    let to_2: Vec<_> = did
        .iter()
        .filter(|it| it.2 == Some(2))
        .map(|it| it.1)
        .collect();
    assert_eq!(to_2, [Did::Send, Did::Drop]);
}
