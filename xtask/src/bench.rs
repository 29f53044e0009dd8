//! `cargo xtask bench`: this crate next to others of its shape, in times and in instructions.
//!
//! Times are ratios within one run, and tell something only on an idle machine. Instructions are exact, but for the
//! standard library of the toolchain: callgrind counts two runs of different lengths, and the difference is the work.

use crate::{
    process::{ask, cargo, is_installed, program, run, target_dir},
    say,
};
use anyhow::{Context, Result, bail};
use std::{fs, path::Path, process::Command};

/// What callgrind counts.
struct Counted {
    workload: &'static str,
    rounds: u64,
    /// Commands or the like in a round.
    units: u64,
    /// The share of the reference's instructions that is wanted of this crate.
    wanted: Option<f64>,
}

const fn counted(workload: &'static str, rounds: u64, units: u64, wanted: Option<f64>) -> Counted {
    Counted {
        workload,
        rounds,
        units,
        wanted,
    }
}

const COUNTED: [Counted; 8] = [
    counted("commit-3", 1_000, 1, Some(0.43)),
    counted("commit-5", 1_000, 1, Some(0.46)),
    counted("commit-7", 1_000, 1, Some(0.48)),
    counted("commit-101", 20, 1, None),
    counted("pipeline-256", 20, 256, Some(0.056)),
    counted("heartbeat", 1_000, 1, Some(0.57)),
    counted("repair", 500, 1, None),
    counted("repair-terms", 50, 1, None),
];

/// Builds the program of `tests/bench`, shows both tables, and leaves a drawing of the first.
pub(crate) fn run_all() -> Result<()> {
    let folder = target_dir().join("bench");
    run(cargo()
        .args(["build", "--locked", "--release", "--features", "raft-rs"])
        .args(["--manifest-path", "tests/bench/Cargo.toml"])
        .arg("--target-dir")
        .arg(&folder))?;
    let bench = folder.join("release/raftbare-bench");
    let drawing = folder.join("speed.svg");
    run(program(&bench).arg("times").arg(&drawing))?;
    say::note(&format!("the drawing is {}", drawing.display()));
    require_valgrind()?;
    instructions(&bench, &folder)
}

/// Counts and shows the instructions of every workload on every crate. The first crate is the reference, the last
/// is this one.
fn instructions(bench: &Path, folder: &Path) -> Result<()> {
    let list = ask(program(bench).arg("list")).context("the program does not list its crates")?;
    let named = |what: &str| -> Vec<Vec<&str>> {
        let lines = list
            .lines()
            .map(|line| line.split('\t').collect::<Vec<_>>());
        lines.filter(|words| words[0] == what).collect()
    };
    let peers: Vec<&str> = named("crate").iter().map(|words| words[1]).collect();
    let header: String = peers.iter().map(|peer| format!("{peer:>16}")).collect();
    println!(
        "{:<28}{header}{:>10}{:>10}",
        "instructions", "share", "wanted"
    );
    for row in COUNTED {
        let unit = named("workload")
            .into_iter()
            .find(|words| words[1] == row.workload);
        let unit = unit.with_context(|| format!("no workload {}", row.workload))?[2];
        print!("{unit:<28}");
        let mut counts = Vec::new();
        for peer in &peers {
            let per_unit = per_unit(bench, folder, peer, &row)?;
            print!("{per_unit:>16.0}");
            counts.push(per_unit);
        }
        let share = counts.last().zip(counts.first()).map(|(own, of)| own / of);
        let share = share.context("the program knows no crates")?;
        let wanted = row.wanted.map(|wanted| format!("{wanted:.3}"));
        println!("{share:>10.3}{:>10}", wanted.unwrap_or_default());
    }
    println!(
        "Share: this crate's part of what the first one takes; wanted: what it should come to."
    );
    Ok(())
}

/// Instructions for a unit of work: what twice as many rounds take more.
fn per_unit(bench: &Path, folder: &Path, peer: &str, row: &Counted) -> Result<f64> {
    let count = |rounds| callgrind(bench, folder, peer, row.workload, rounds);
    let work = count(2 * row.rounds)?.saturating_sub(count(row.rounds)?);
    Ok(work as f64 / (row.rounds * row.units) as f64)
}

/// The instructions of one run.
fn callgrind(bench: &Path, folder: &Path, peer: &str, workload: &str, rounds: u64) -> Result<u64> {
    let file = folder.join(format!("callgrind.{}.{workload}", peer.replace(' ', "-")));
    let mut valgrind = program("valgrind");
    valgrind
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(bench)
        .args(["play", peer, workload, &rounds.to_string()]);
    ask(&mut valgrind).with_context(|| format!("callgrind of {workload} on {peer} failed"))?;
    let counted = fs::read_to_string(&file)?;
    instructions_in(&counted).with_context(|| format!("no count in {}", file.display()))
}

/// The sum in what callgrind has written.
fn instructions_in(counted: &str) -> Option<u64> {
    let line = counted
        .lines()
        .find_map(|line| line.strip_prefix("totals: "))?;
    line.trim().parse().ok()
}

fn require_valgrind() -> Result<()> {
    if is_installed("valgrind") {
        return Ok(());
    }
    let is_root = ask(program("id").arg("-u")).as_deref() == Some("0");
    if !is_root || !is_installed("apt-get") {
        bail!("valgrind is missing; install it (on Debian: `apt-get install valgrind`)");
    }
    let apt = || -> Command {
        let mut apt = program("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive").arg("-q");
        apt
    };
    run(apt().arg("update"))?;
    run(apt().args(["install", "-y", "--no-install-recommends", "valgrind"]))
}

#[cfg(test)]
mod tests {
    use super::instructions_in;

    #[test]
    fn the_sum_is_read() {
        let counted = "# callgrind format\nevents: Ir\nsummary: 17\n\nfn=(1)\n+3 4\ntotals: 4711\n";
        assert_eq!(instructions_in(counted), Some(4711));
        assert_eq!(instructions_in("summary: 17\n"), None);
    }
}
