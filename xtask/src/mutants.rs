//! `cargo xtask mutants`: changes the core in one place at a time, and looks whether a test notices.
//!
//! In stages, the nearest tests first: a later stage sees only what has survived so far. So most mutants cost little
//! more than building the core. What survives all gets a test, or a reason in `tests/mutants.md`.

use crate::process::{cargo, run, target_dir};
use anyhow::Result;
use clap::Args;
use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
    process::Command,
    thread,
};

/// Packages, and which tests of theirs.
type Tests<'a> = (&'a [&'a str], &'a [&'a str]);

/// All tests that need no simulated world.
const EXACT: Tests<'_> = (
    &["raftbare", "raftbare-tests"],
    &[
        "--lib",
        "--test=api",
        "--test=codec",
        "--test=counts",
        "--test=hostile",
        "--test=notation",
        "--test=paper",
        "--test=replica",
    ],
);
/// The slowest: scenarios, and seeded worlds.
const SIMULATED: Tests<'_> = (
    &["raftbare-sim"],
    &["--test=scenarios", "--test=simulation"],
);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The files to change, such as `node/follower.rs` or `codec/*.rs`, below `core/src`
    #[arg(value_name = "FILE", default_value = "**")]
    files: Vec<String>,
    /// How many mutants to build and test at a time, each in a copy of the workspace
    #[arg(long, short, value_name = "N", default_value_t = jobs())]
    jobs: usize,
}

/// A mutant keeps about one processor busy.
fn jobs() -> usize {
    thread::available_parallelism().map_or(1, |processors| processors.get().min(4))
}

/// What has become of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Killed,
    /// It never ends, and so is killed, too; or the machine was too busy.
    TimeIsUp,
    Survives,
    DoesNotCompile,
}

/// The mutants by name: `core/src/FILE:LINE:COLUMN: WHAT`.
type Ends = BTreeMap<String, End>;

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
    let nearest: BTreeSet<_> = options.files.iter().map(|it| nearest_test(it)).collect();
    let nearest = Vec::from_iter(nearest);
    let nearest: Tests<'_> = (&["raftbare-tests"], &nearest);
    let folder = target_dir().join("mutants");
    let results = folder.join("mutants.out");
    let mut ends = Ends::new();
    for tests in [nearest, EXACT, SIMULATED] {
        check_unchanged(&folder, tests)?;
        let mut mutants = mutants(options, &folder, tests);
        match ends.is_empty() {
            // What is random in the replica's tests takes longer than all the rest.
            true => mutants.args(["--", "--", "--skip=chaos"]),
            // Only what was not killed.
            false => mutants.arg("--iterate"),
        };
        let done = run(mutants.env("PATH", &path));
        // It fails, too, if mutants survive. That is what one wants to know, and no failure of this task.
        if !is_complete(&results) {
            return done;
        }
        note(&mut ends, &results)?;
        if !ends.values().any(|&end| end == End::Survives) {
            break;
        }
    }
    report(&ends);
    Ok(())
}

/// The test that tells most about a file, and is quick.
fn nearest_test(file: &str) -> &'static str {
    match file.split(['/', '.']).next() {
        Some("codec") => "--test=codec",
        Some("notation") => "--test=notation",
        Some("replica") => "--test=replica",
        _ => "--test=paper",
    }
}

/// Runs the tests over the core as it is: they have to pass.
fn check_unchanged(folder: &Path, (packages, tests): Tests<'_>) -> Result<()> {
    let mut test = cargo();
    test.args(["test", "--quiet", "--locked"]).args(tests);
    test.args(packages.iter().flat_map(|it| ["-p", it]));
    run(test.arg("--target-dir").arg(folder.join("unchanged")))
}

/// The command that runs the tests over the mutants.
fn mutants(options: &Options, folder: &Path, (packages, tests): Tests<'_>) -> Command {
    let mut mutants = cargo();
    mutants
        // Each copy has its own target folder.
        .env_remove("CARGO_TARGET_DIR")
        // Most of the time is spent in building: unoptimised, without line numbers, and only these tests.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .args(["mutants", "-p", "raftbare", "--profile", "dev"])
        .args(["--baseline", "skip", "--timeout", "120"])
        .args(tests.iter().map(|it| format!("--cargo-arg={it}")))
        .args(packages.iter().flat_map(|it| ["--test-package", it]))
        .args(["--jobs", &options.jobs.to_string(), "-o"])
        .arg(folder);
    for file in &options.files {
        mutants.args(["-f", &format!("core/src/{file}")]);
    }
    mutants
}

/// Whether a run has come to its end.
fn is_complete(results: &Path) -> bool {
    fs::read_to_string(results.join("outcomes.json"))
        .is_ok_and(|outcomes| !outcomes.contains(r#""end_time": null"#))
}

/// Notes what has become of the mutants in this run. What was killed once stays so.
fn note(ends: &mut Ends, results: &Path) -> Result<()> {
    for (list, end) in [
        ("caught.txt", End::Killed),
        ("timeout.txt", End::TimeIsUp),
        ("missed.txt", End::Survives),
        ("unviable.txt", End::DoesNotCompile),
    ] {
        for mutant in fs::read_to_string(results.join(list))?.lines() {
            let known = ends.entry(mutant.to_owned()).or_insert(end);
            *known = end.min(*known);
        }
    }
    Ok(())
}

/// Shows what survives, and the rows for the table in `tests/mutants.md`.
fn report(ends: &Ends) {
    let mut files = BTreeMap::<_, [usize; 4]>::new();
    for (mutant, &end) in ends {
        match end {
            End::Survives => println!("survives: {mutant}"),
            End::TimeIsUp => println!("time is up: {mutant}"),
            End::Killed | End::DoesNotCompile => {}
        }
        let file = mutant.split(':').next().unwrap_or(mutant);
        let file = file.strip_prefix("core/src/").unwrap_or(file);
        files.entry(file).or_default()[end as usize] += 1;
    }
    for (file, ends) in files {
        let [killed, time_is_up, survive, do_not_compile] = ends;
        let (all, killed) = (ends.iter().sum::<usize>(), killed + time_is_up);
        println!("| `{file}` | {all} | {killed} | {survive} | {do_not_compile} |");
    }
}
