//! `cargo xtask documented`: the own tests of the published crate whose API is documented, run against the core.
//!
//! Cargo fetches the crate, and its tests are copied into the target folder, never into the repository. Some of
//! them draw a seed anew each time and expect of every draw what holds of most, so all are run several times.

use crate::{
    process::{self, cargo, root, target_dir},
    say,
};
use anyhow::{Context, Result, bail};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The published crate of that name, which has the documented API.
const CRATE: &str = "raftbare";
const VERSION: &str = "0.2.2";

/// Tests whose expectation contradicts the paper, each with the reason: they are not counted.
const AGAINST_THE_PAPER: &[(&str, &str)] = &[];

/// Tests that may fail by the seed they draw, each with the reason: most runs must pass. All others always must.
const BY_CHANCE: &[(&str, &str)] = &[];

/// How often every test is run.
const ROUNDS: usize = 20;

pub(crate) fn run() -> Result<()> {
    let folder = target_dir().join("documented");
    let published = fetch(&folder.join("published"))?;
    let package = generate(&folder.join("tests"), &published)?;
    let test = || {
        let mut command = in_folder(cargo(), "test", &package);
        command
            .arg("--target-dir")
            .arg(folder.join("build"))
            .args(["--tests", "--no-fail-fast"])
            .env("RUST_BACKTRACE", "0");
        command
    };
    process::run(test().arg("--no-run"))?;
    let mut tally = Tally::default();
    say::command(&format!("{} ({ROUNDS} times)", process::shown(&test())));
    for _ in 0..ROUNDS {
        let round = process::read(&mut test())?;
        if let Err(error) = tally.add(&round) {
            eprintln!("{round}");
            return Err(error);
        }
    }
    tally.judge()
}

/// How often each test passed and failed.
#[derive(Debug, Default)]
struct Tally(BTreeMap<String, Count>);

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    passed: usize,
    failed: usize,
}

impl Count {
    const fn is_mostly_passed(self) -> bool {
        self.passed > self.failed
    }
}

impl Tally {
    /// Adds the output of one round. A panic outside the tests themselves, so in the core, is never by chance.
    fn add(&mut self, output: &str) -> Result<()> {
        let results = results(output);
        if results.is_empty() {
            bail!("no test was run");
        }
        if count(output, "running ") != count(output, "test result: ") {
            bail!("a test program ended before its tests did");
        }
        if let Some(panic) = output.lines().find(|line| is_foreign_panic(line)) {
            bail!("not a test but the code under test panicked: {panic}");
        }
        for (name, passed) in results {
            let tests = self.0.entry(name.to_owned()).or_default();
            if passed {
                tests.passed += 1;
            } else {
                tests.failed += 1;
                let why = reason(BY_CHANCE, name).or(reason(AGAINST_THE_PAPER, name));
                if why.is_none() {
                    bail!("the documented crate's test `{name}` failed");
                }
            }
        }
        Ok(())
    }

    fn judge(&self) -> Result<()> {
        for (name, tests) in &self.0 {
            let failed = tests.failed;
            if let Some(why) = reason(AGAINST_THE_PAPER, name) {
                say::note(&format!("`{name}` is not counted: {why}"));
            } else if !tests.is_mostly_passed() {
                bail!("the documented crate's test `{name}` failed in {failed} of {ROUNDS} runs");
            } else if failed > 0 {
                let why = reason(BY_CHANCE, name).unwrap_or_default();
                say::note(&format!(
                    "`{name}` failed in {failed} of {ROUNDS} runs, by chance: {why}"
                ));
            }
        }
        for (name, _) in AGAINST_THE_PAPER.iter().chain(BY_CHANCE) {
            if !self.0.contains_key(*name) {
                bail!("there is no test `{name}` to make an exception for");
            }
        }
        say::note(&format!(
            "{} tests of {CRATE} {VERSION}, {ROUNDS} times each",
            self.0.len()
        ));
        Ok(())
    }
}

/// The reason why `name` is in a list of exceptions.
fn reason(exceptions: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    exceptions
        .iter()
        .find(|(listed, _)| *listed == name)
        .map(|(_, why)| *why)
}

/// How many lines start with that.
fn count(output: &str, start: &str) -> usize {
    output
        .lines()
        .filter(|line| line.starts_with(start))
        .count()
}

/// The tests that an output of libtest tells of, and whether each passed.
fn results(output: &str) -> Vec<(&str, bool)> {
    let results = output
        .lines()
        .filter_map(|line| line.strip_prefix("test ")?.split_once(" ... "));
    results
        .map(|(name, result)| (name, result == "ok"))
        .collect()
}

/// Whether the line tells of a panic at a place that is not in the tests' own files.
fn is_foreign_panic(line: &str) -> bool {
    line.starts_with("thread '")
        && line
            .split_once(" panicked at ")
            .is_some_and(|(_, place)| !place.starts_with("tests/"))
}

/// Lets cargo fetch the published crate into `folder`, unless it is there, and returns its folder.
fn fetch(folder: &Path) -> Result<PathBuf> {
    let published = folder.join("vendor").join(CRATE);
    let manifest = fs::read_to_string(published.join("Cargo.toml")).unwrap_or_default();
    if !manifest
        .lines()
        .any(|line| line == format!("version = \"{VERSION}\""))
    {
        let dependency = format!("[dependencies]\n{CRATE} = \"={VERSION}\"\n");
        write_package(folder, "documented-source", &dependency)?;
        let mut vendor = in_folder(cargo(), "vendor", folder);
        process::run(
            vendor
                .arg("--quiet")
                .arg(folder.join("vendor"))
                .stdout(Stdio::null()),
        )
        .context("cargo cannot fetch the documented crate")?;
    }
    Ok(published)
}

/// Writes a package into `folder` that has the published crate's tests, and our core in its place.
fn generate(folder: &Path, published: &Path) -> Result<PathBuf> {
    let manifest = fs::read_to_string(published.join("Cargo.toml"))?;
    let core = root().join("core");
    let dependencies = format!(
        "[dependencies]\n{CRATE} = {{ path = {:?} }}\n\n{}\n\
         [profile.test]\nopt-level = 1\ndebug-assertions = true\noverflow-checks = true\n",
        core.display().to_string(),
        dev_dependencies(&manifest)
    );
    write_package(folder, "documented-tests", &dependencies)?;
    let copies = folder.join("tests");
    if copies.exists() {
        fs::remove_dir_all(&copies)?;
    }
    fs::create_dir(&copies)?;
    for test in fs::read_dir(published.join("tests"))? {
        let test = test?;
        // Written, not copied: a copy keeps the date, and cargo goes by it.
        fs::write(copies.join(test.file_name()), fs::read(test.path())?)?;
    }
    Ok(folder.to_path_buf())
}

/// Writes an empty package that belongs to no workspace; files that are right already keep their date.
fn write_package(folder: &Path, name: &str, rest: &str) -> Result<()> {
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
         [workspace]\n\n{rest}"
    );
    fs::create_dir_all(folder.join("src"))?;
    for (file, text) in [("Cargo.toml", manifest.as_str()), ("src/lib.rs", "")] {
        let path = folder.join(file);
        if fs::read_to_string(&path).ok().as_deref() != Some(text) {
            fs::write(path, text)?;
        }
    }
    Ok(())
}

fn in_folder(mut command: Command, subcommand: &str, folder: &Path) -> Command {
    command
        .arg(subcommand)
        .arg("--manifest-path")
        .arg(folder.join("Cargo.toml"));
    command
}

/// The `[dev-dependencies…]` tables of a manifest, as they are there.
fn dev_dependencies(manifest: &str) -> String {
    let mut inside = false;
    let is_inside = |line: &&str| {
        if line.starts_with('[') {
            inside = line.starts_with("[dev-dependencies");
        }
        inside
    };
    manifest
        .lines()
        .filter(is_inside)
        .map(|line| format!("{line}\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dev_dependencies_are_taken_as_they_are() {
        let manifest = "[package]\nname = \"x\"\n\n[dependencies]\na = \"1\"\n\n\
                        [dev-dependencies.rand]\nversion = \"0.9.2\"\n\n[lints]\nb = \"2\"\n";
        let expected = "[dev-dependencies.rand]\nversion = \"0.9.2\"\n\n";
        assert_eq!(dev_dependencies(manifest), expected);
        assert_eq!(dev_dependencies("[dependencies]\na = \"1\"\n"), "");
    }

    const ROUND: &str = "running 2 tests\ntest election ... ok\ntest restart ... FAILED\n\n\
                         test result: FAILED. 1 passed; 1 failed\n";

    #[test]
    fn results_are_read_from_the_output() {
        assert_eq!(results(ROUND), [("election", true), ("restart", false)]);
    }

    #[test]
    fn a_program_that_dies_is_a_failure() {
        let died = "running 2 tests\ntest election ... ok\n";
        assert!(Tally::default().add(died).is_err());
        assert!(
            Tally::default()
                .add(&format!("{died}test result: ok.\n"))
                .is_ok()
        );
    }

    #[test]
    fn a_failure_without_a_reason_is_a_failure() {
        assert!(Tally::default().add(ROUND).is_err());
        assert!(Tally::default().add("error: could not compile\n").is_err());
    }

    #[test]
    fn most_runs_must_pass() {
        assert!(
            Count {
                passed: 11,
                failed: 9
            }
            .is_mostly_passed()
        );
        assert!(
            !Count {
                passed: 9,
                failed: 11
            }
            .is_mostly_passed()
        );
    }

    #[test]
    fn panics_of_the_core_are_told_from_failed_assertions() {
        assert!(!is_foreign_panic(
            "thread 'restart' (7) panicked at tests/random.rs:504:9:"
        ));
        assert!(is_foreign_panic(
            "thread 'restart' panicked at /home/a/core/src/node.rs:1:9:"
        ));
        assert!(!is_foreign_panic("test restart ... FAILED"));
    }

    #[test]
    fn every_exception_has_a_reason() {
        for (name, why) in AGAINST_THE_PAPER.iter().chain(BY_CHANCE) {
            assert!(why.len() > 20, "`{name}` is an exception without a reason");
        }
    }
}
