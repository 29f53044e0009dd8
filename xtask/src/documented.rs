//! `cargo xtask documented`: the own tests of the published crate whose API is documented, run against the core.
//!
//! Cargo fetches the crate, and its tests are copied into the target folder, never into the repository. Some of
//! them draw a seed and expect of every draw what holds of most. So all are run several times, with one seed a
//! round in place of the drawn one: the outcome is the same every time.

use crate::{
    process::{self, cargo, root, target_dir},
    say,
};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The published crate of that name, which has the documented API.
const CRATE: &str = "raftbare";
const VERSION: &str = "0.2.2";

/// Tests whose expectation contradicts the paper, each with the reason: they are left out. All others count.
const AGAINST_THE_PAPER: &[(&str, &str)] = &[(
    "dynamic_membership",
    "its network takes up to 1,000 ticks for a vote or an entry, while a candidate waits for 100 to 1,000 only. \
     §5.6 asks for the opposite, so no leader has to last; the published crate fails it in one of nine runs",
)];

/// How often every test is run; the number of the round is its seed.
const ROUNDS: usize = 20;

/// Where the tests draw their seed, and what stands there in the copies.
const DRAWS_SEED: &str = "rand::rng().random()";
const READS_SEED: &str = "std::env::var(\"SEED\").unwrap().parse().unwrap()";

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
    for (name, why) in AGAINST_THE_PAPER {
        say::note(&format!("`{name}` is left out: {why}"));
    }
    let test = || {
        let mut command = test();
        command.args(["--", "--exact"]);
        for (name, _) in AGAINST_THE_PAPER {
            command.args(["--skip", name]);
        }
        command
    };
    say::command(&format!("{} ({ROUNDS} seeds)", process::shown(&test())));
    let mut passed = 0;
    for seed in 0..ROUNDS {
        let round = process::read(test().env("SEED", seed.to_string()))?;
        passed = check(&round).inspect_err(|_| eprintln!("{round}\nseed {seed}"))?;
    }
    say::note(&format!(
        "{passed} tests of {CRATE} {VERSION} pass, {ROUNDS} times each"
    ));
    Ok(())
}

/// Checks the output of one round; returns how many tests have passed.
fn check(output: &str) -> Result<usize> {
    let results = results(output);
    if results.is_empty() {
        bail!("no test was run");
    }
    if count(output, "running ") != count(output, "test result: ") {
        bail!("a test program ended before its tests did");
    }
    match results.iter().find(|(_, passed)| !passed) {
        Some((name, _)) => bail!("the documented crate's test `{name}` failed"),
        None => Ok(results.len()),
    }
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
    let mut texts = String::new();
    for test in fs::read_dir(published.join("tests"))? {
        let test = test?;
        let text = fs::read_to_string(test.path())?;
        fs::write(
            copies.join(test.file_name()),
            text.replace(DRAWS_SEED, READS_SEED),
        )?;
        texts += &text;
    }
    if !texts.contains(DRAWS_SEED) {
        bail!("the tests do not draw their seed as expected: {DRAWS_SEED}");
    }
    for (name, _) in AGAINST_THE_PAPER {
        if !texts.contains(&format!("fn {name}()")) {
            bail!("there is no test `{name}` to leave out");
        }
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
        assert!(check(died).is_err());
        assert!(check(&format!("{died}test result: ok.\n")).is_ok());
    }

    #[test]
    fn a_failed_test_is_a_failure() {
        assert!(check(ROUND).is_err());
        assert!(check("error: could not compile\n").is_err());
    }
}
