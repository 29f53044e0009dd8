//! `cargo xtask examples`: runs the examples to their end.

use crate::process::{self, cargo, run_and_read, target_dir};
use anyhow::{Result, bail};
use std::{fs, path::Path, process::Command};

pub(crate) fn run() -> Result<()> {
    three_nodes()?;
    cluster(&target_dir().join("cluster-example"))
}

fn example(name: &str) -> Command {
    let mut command = cargo();
    command.args([
        "run",
        "--locked",
        "--release",
        "-p",
        "raftbare",
        "--example",
        name,
    ]);
    command
}

/// The loop in one thread: a leader must be elected.
fn three_nodes() -> Result<()> {
    let output = run_and_read(&mut example("three_nodes"))?;
    if !output.to_lowercase().contains("leader") {
        bail!("the example three_nodes does not tell of a leader");
    }
    Ok(())
}

/// The real cluster, on a fresh folder and once more on what the first run left there.
fn cluster(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    for _ in 0..2 {
        process::run(example("cluster").arg("--").arg("--dir").arg(folder))?;
    }
    Ok(())
}
