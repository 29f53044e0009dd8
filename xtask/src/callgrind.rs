//! Counting instructions with callgrind: two runs of different lengths, and the difference is the work.

use crate::process::{ask, is_installed, program, run, target_dir};
use anyhow::{Context, Result, bail};
use std::{fs, path::PathBuf, process::Command};

/// The program of `tests/bench`, and what it can play.
pub(crate) struct Bench {
    program: PathBuf,
    /// What it says of itself: a crate or a workload a line.
    list: String,
}

impl Bench {
    /// Asks the program what it can play. Installs valgrind if it can.
    pub(crate) fn new(file: PathBuf) -> Result<Self> {
        require_valgrind()?;
        let list =
            ask(program(&file).arg("list")).context("the program does not list its crates")?;
        Ok(Self {
            program: file,
            list,
        })
    }

    /// The crates, the reference first, this one last.
    pub(crate) fn peers(&self) -> impl Iterator<Item = &str> {
        self.named("crate")
            .filter_map(|words| words.get(1).copied())
    }

    /// What one unit of a workload is.
    pub(crate) fn unit_of(&self, workload: &str) -> Result<String> {
        let unit = self
            .named("workload")
            .find(|words| words.get(1) == Some(&workload))
            .and_then(|words| words.get(2).map(|unit| (*unit).to_owned()));
        unit.with_context(|| format!("no workload {workload}"))
    }

    fn named(&self, what: &'static str) -> impl Iterator<Item = Vec<&str>> {
        let lines = self
            .list
            .lines()
            .map(|line| line.split('\t').collect::<Vec<_>>());
        lines.filter(move |words| words.first() == Some(&what))
    }

    /// Instructions for a round: what twice as many rounds take more.
    pub(crate) fn per_round(&self, peer: &str, workload: &str, rounds: u64) -> Result<f64> {
        let once = self.count(peer, workload, rounds)?;
        let twice = self.count(peer, workload, 2 * rounds)?;
        Ok(twice.saturating_sub(once) as f64 / rounds as f64)
    }

    /// The instructions of one run.
    fn count(&self, peer: &str, workload: &str, rounds: u64) -> Result<u64> {
        let name = format!("callgrind.{}.{workload}", peer.replace(' ', "-"));
        let file = target_dir().join("bench").join(name);
        let mut valgrind = program("valgrind");
        valgrind
            .args(["--tool=callgrind", "--quiet"])
            .arg(format!("--callgrind-out-file={}", file.display()))
            .arg(&self.program)
            .args(["play", peer, workload, &rounds.to_string()]);
        ask(&mut valgrind).with_context(|| format!("callgrind of {workload} on {peer} failed"))?;
        let counted = fs::read_to_string(&file)?;
        instructions_in(&counted).with_context(|| format!("no count in {}", file.display()))
    }
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
