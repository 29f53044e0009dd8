//! `cargo xtask fuzz`: the fuzz targets, on any toolchain as in the test command, or under libFuzzer for as long as
//! one likes.

use crate::process::{ask, cargo, is_installed, program, root, run, target_dir};
use anyhow::{Result, bail};
use clap::{Args, builder::PossibleValuesParser};
use std::{fs, process::Command};

/// The workspace of the fuzz targets, which stands beside the main one.
const FOLDER: &str = "tests/fuzz";

/// The targets, and how long an input of each may get.
const TARGETS: [(&str, u32); 4] = [
    ("codec", 256),
    ("node", 600),
    ("replica", 600),
    ("schedule", 900),
];

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Let libFuzzer look for new inputs, so long for each target (needs nightly and cargo-fuzz)
    #[arg(long, value_name = "N")]
    seconds: Option<u32>,
    /// This target only
    #[arg(requires = "seconds", value_parser = PossibleValuesParser::new(TARGETS.map(|(name, _)| name)))]
    target: Option<String>,
}

/// The step of the test command, or what the options ask for.
pub(crate) fn run_with(options: &Options) -> Result<()> {
    let Some(seconds) = options.seconds else {
        return stable();
    };
    let is_chosen = |name| {
        options
            .target
            .as_deref()
            .is_none_or(|chosen| chosen == name)
    };
    for (name, longest) in TARGETS.into_iter().filter(|&(name, _)| is_chosen(name)) {
        libfuzzer(name, seconds, longest)?;
    }
    Ok(())
}

/// The kept inputs, and a fixed number of seeded ones.
pub(crate) fn stable() -> Result<()> {
    let manifest = format!("{FOLDER}/Cargo.toml");
    run(cargo().args(["fmt", "--manifest-path", &manifest, "--check"]))?;
    let build = target_dir().join("fuzz");
    let build = |task: &str| {
        let mut command = cargo();
        command
            .args([task, "--locked", "--manifest-path", &manifest])
            .arg("--target-dir")
            .arg(&build);
        command
    };
    run(build("clippy").args(["--all-targets", "--", "-D", "warnings"]))?;
    run(build("test").args(["--", "--show-output"]))
}

/// One target under libFuzzer. New inputs go to the target folder, beside those of earlier runs.
fn libfuzzer(name: &str, seconds: u32, longest: u32) -> Result<()> {
    let build = target_dir().join("libfuzzer");
    let corpus = build.join("corpus").join(name);
    fs::create_dir_all(&corpus)?;
    let kept = root().join(FOLDER).join("inputs").join(name);
    run(cargo_fuzz()?
        .args(["run", "--fuzz-dir", FOLDER, "--features", "libfuzzer"])
        .arg("--target-dir")
        .arg(&build)
        .arg(name)
        .args([corpus, kept])
        .arg("--")
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={longest}")))
}

/// `cargo fuzz` on a nightly compiler, which it needs; or what to install.
fn cargo_fuzz() -> Result<Command> {
    if !is_installed("cargo-fuzz") {
        bail!("cargo-fuzz is missing; install it with `cargo install cargo-fuzz`");
    }
    let is_nightly =
        ask(program("rustc").arg("--version")).is_some_and(|version| version.contains("-nightly"));
    let mut command = if is_nightly {
        cargo()
    } else if ask(program("rustup").args(["run", "nightly", "rustc", "--version"])).is_some() {
        let mut rustup = program("rustup");
        rustup.args(["run", "nightly", "cargo"]);
        rustup
    } else {
        bail!(
            "libFuzzer needs a nightly compiler; with rustup: `rustup toolchain install nightly`"
        );
    };
    command.arg("fuzz");
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_a_binary_with_kept_inputs() {
        let folder = root().join(FOLDER);
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
        for (name, longest) in TARGETS {
            assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")));
            let inputs = fs::read_dir(folder.join("inputs").join(name)).unwrap();
            for input in inputs {
                let len = input.unwrap().metadata().unwrap().len();
                assert!(len <= u64::from(longest), "{name}: {len} bytes");
            }
        }
    }
}
