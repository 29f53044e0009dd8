//! `cargo xtask mutants`: changes the core in small ways, one at a time, and looks whether a test notices.
//!
//! A run over all files takes a day; name some. What survives gets a test, or a reason in `tests/mutants.md`.

use crate::process::{cargo, root, run, target_dir};
use anyhow::Result;
use clap::Args;
use std::env;

/// The tests that are quick and tell most: unit tests, the paper by section, the scenarios, counts, and any messages.
const TESTS: [&str; 4] = ["paper", "scenarios", "counts", "hostile"];
/// What the files of the replica and of the codec are tested by besides.
const MORE_TESTS: [&str; 3] = ["replica", "codec", "notation"];

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The files to change, such as `node/follower.rs`, below `core/src`
    #[arg(value_name = "FILE", default_value = "**")]
    files: Vec<String>,
    /// Run the tests of codec, notation and replica, too
    #[arg(long)]
    all_tests: bool,
}

pub(crate) fn run_with(options: &Options) -> Result<()> {
    let tools = target_dir().join("tools");
    run(cargo()
        .args(["install", "--locked", "--quiet", "cargo-mutants", "--root"])
        .arg(&tools))?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(
        [tools.join("bin")]
            .into_iter()
            .chain(env::split_paths(&path)),
    )?;
    let mut command = cargo();
    command
        .env("PATH", path)
        .args(["mutants", "-p", "raftbare", "--baseline", "skip"])
        // Unoptimised: most of the time goes into building.
        .args(["--profile", "dev", "--timeout", "300", "-o"])
        .arg(target_dir().join("mutants"));
    for file in &options.files {
        command.args(["-f", &format!("core/src/{file}")]);
    }
    for package in ["raftbare", "raftbare-tests", "raftbare-sim"] {
        command.args(["--test-package", package]);
    }
    command.args(["--", "--lib"]);
    let more = MORE_TESTS.iter().filter(|_| options.all_tests);
    for test in TESTS.iter().chain(more) {
        command.args(["--test", test]);
    }
    // What survives is no failure of this task: it is what one wants to know.
    let survived = run(&mut command);
    let list = target_dir().join("mutants/mutants.out/missed.txt");
    println!("what survived: {}", list.display());
    println!(
        "what is known to: {}",
        root().join("tests/mutants.md").display()
    );
    survived
}
