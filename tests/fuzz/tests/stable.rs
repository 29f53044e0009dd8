//! The fuzz targets on any toolchain: the kept inputs, and a fixed number of executions on seeded bytes.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use raftbare_fuzz::{TARGETS, Target};
use raftbare_sim::random::Random;

/// The kept inputs of a target, in the order of their names.
fn kept(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("inputs")
        .join(name);
    let files =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = files.map(|file| file.expect("readable").path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read(path).expect("readable"))
        .collect()
}

/// Bytes by chance: noise, or a kept input with some of it changed, cut out, doubled, or followed by another.
fn bytes(random: &mut Random, kept: &[Vec<u8>], longest: u64) -> Vec<u8> {
    let noise = |random: &mut Random, len| (0..len).map(|_| random.next_u64() as u8).collect();
    let len = random.below(longest);
    let mut bytes: Vec<u8> = match random.pick(kept) {
        Some(input) if random.chance(850) => input.clone(),
        _ => return noise(random, len),
    };
    for _ in 0..=random.below(4) {
        let start = random.below(bytes.len() as u64 + 1) as usize;
        let end = start + random.below((bytes.len() - start) as u64 + 1) as usize;
        match random.below(8) {
            0 => drop(bytes.drain(start..end)),
            1 => bytes.extend_from_within(start..end),
            2 => bytes.extend(random.pick(kept).into_iter().flatten()),
            3 => {
                let len = random.below(8);
                let new: Vec<u8> = noise(random, len);
                bytes.splice(start..start, new);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(start) {
                    *byte = random.next_u64() as u8;
                }
            }
        }
    }
    bytes.truncate(longest as usize);
    bytes
}

/// Runs one input; a panic tells which, and its bytes.
fn run((name, run): Target, bytes: &[u8], what: &str, counts: &mut BTreeMap<&'static str, u64>) {
    let mut tell = |what| *counts.entry(what).or_default() += 1;
    let result = catch_unwind(AssertUnwindSafe(|| run(bytes, &mut tell)));
    if let Err(panic) = result {
        eprintln!("{name} fails with {what}: {bytes:?}");
        resume_unwind(panic);
    }
}

/// Runs the kept inputs and so many others, and demands that they have come to enough.
fn fuzz(name: &str, executions: u64, longest: u64, expected: &[(&str, u64)]) {
    let target = TARGETS.into_iter().find(|&(known, _)| known == name);
    let target = target.expect("a target of that name");
    let kept = kept(name);
    assert!(
        kept.len() >= 12,
        "only {} inputs of {name} are kept",
        kept.len()
    );
    let mut counts = BTreeMap::new();
    for (number, input) in kept.iter().enumerate() {
        run(target, input, &format!("kept input {number}"), &mut counts);
    }
    let mut random = Random::new(executions);
    for number in 0..executions {
        let bytes = bytes(&mut random, &kept, longest);
        run(target, &bytes, &format!("execution {number}"), &mut counts);
    }
    println!(
        "{name}: {} kept inputs, {executions} others: {counts:?}",
        kept.len()
    );
    for (what, least) in expected {
        let count = counts.get(what).copied().unwrap_or_default();
        assert!(count >= *least, "{name}: {what} {count} times, not {least}");
    }
}

#[test]
fn codec() {
    fuzz(
        "codec",
        1_500_000,
        120,
        &[
            ("message", 10_000),
            ("payload", 1_000),
            ("entries", 5_000),
            ("configuration", 500),
            ("hard state", 3_000),
        ],
    );
}

/// All calls, all events and all that the options bring.
#[test]
fn node() {
    fuzz(
        "node",
        90_000,
        600,
        &[
            ("handle_election_timeout", 500_000),
            ("create_cluster", 50_000),
            ("propose_command", 100_000),
            ("propose_config", 50_000),
            ("heartbeat", 50_000),
            ("read_index", 50_000),
            ("handle_snapshot_installed", 100_000),
            ("set_options", 50_000),
            ("transfer_leadership", 2_000),
            ("abort_transfer", 500),
            ("next_event", 500),
            ("message", 200_000),
            ("message of a pre-vote", 5_000),
            ("message of a vote after a transfer", 1_000),
            ("order to campaign", 3_000),
            ("messages of strangers", 50_000),
            ("writes", 2_000),
            ("reports", 1_500),
            ("reports once more", 1_500),
            ("claim of a log", 500),
            ("claim of a hard state", 500),
            ("leader", 10_000),
            ("pre-vote", 1_000),
            ("commit", 50_000),
            ("overwritten entries", 5_000),
            ("read", 2_000),
            ("snapshot", 50_000),
            ("snapshot wanted", 500),
            ("crash", 10_000),
            ("event: became leader", 300),
            ("event: stepped down", 300),
            ("event: configuration committed", 1_000),
            ("event: snapshot wanted", 50),
            ("event: follower lost its tail", 10),
            ("event: transfer ended", 3),
        ],
    );
}

#[test]
fn replica() {
    fuzz(
        "replica",
        60_000,
        600,
        &[
            ("sent", 100_000),
            ("applied", 100_000),
            ("snapshot", 20_000),
            ("snapshot loaded", 5_000),
            ("chunk", 5_000),
            ("crash", 15_000),
            ("storage failure", 3_000),
            ("meanwhile", 2_000),
            ("another's batch", 500),
            ("batch dropped", 500),
            ("transfer", 500),
            ("transfer aborted", 50),
        ],
    );
}

#[test]
fn schedule() {
    fuzz(
        "schedule",
        40_000,
        900,
        &[
            ("leader", 30_000),
            ("stable leader", 2_000),
            ("leader, late disks", 3_000),
            ("stable leader, late disks", 1_000),
            ("disk", 50_000),
            ("transfer", 5_000),
            ("transfer aborted", 500),
            ("event: became leader", 20_000),
            ("event: stepped down", 8_000),
            ("event: configuration committed", 100_000),
            ("event: transfer done", 1_000),
            ("event: transfer ended", 2_000),
            ("commit", 300_000),
            ("read", 10_000),
            ("snapshot", 5_000),
            ("snapshot sent", 10_000),
            ("crash", 20_000),
        ],
    );
}
