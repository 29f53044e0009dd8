//! The steps that need nothing but the active toolchain: formatting, lints, documentation, tests, counts.

use crate::process::{ask, cargo, program, run, target_dir};
use anyhow::{Result, bail};

/// The programs of `package.rs`, which are built elsewhere and belong to no package here.
const CONSUMERS: [&str; 3] = [
    "xtask/consumer/std/src/main.rs",
    "xtask/consumer/no_std/src/lib.rs",
    "xtask/consumer/no_std/src/main.rs",
];

/// The workspace that stands beside the main one, so that its dependencies do.
const BENCH: [&str; 2] = ["--manifest-path", "tests/bench/Cargo.toml"];

/// Checks the formatting of every package.
pub(crate) fn fmt() -> Result<()> {
    require("fmt", "rustfmt", "rustfmt-web")?;
    run(cargo().args(["fmt", "--all", "--check"]))?;
    run(cargo().arg("fmt").args(BENCH).arg("--check"))?;
    run(program("rustfmt")
        .args(["--edition", "2024", "--check"])
        .args(CONSUMERS))
}

/// Lints everything with all features, then with none.
pub(crate) fn clippy() -> Result<()> {
    require("clippy", "clippy", "rust-web-clippy")?;
    for features in [&["--all-features"][..], &[]] {
        run(cargo()
            .args(["clippy", "--locked", "--workspace", "--all-targets"])
            .args(features)
            .args(["--", "-D", "warnings"]))?;
    }
    Ok(())
}

/// Builds the documentation of the core and of the simulator as their readers and as their authors see it.
pub(crate) fn docs() -> Result<()> {
    for private in [&["--document-private-items"][..], &[]] {
        run(cargo()
            .env("RUSTDOCFLAGS", "-D warnings")
            .args([
                "doc",
                "--locked",
                "-p",
                "raftbare",
                "-p",
                "raftbare-sim",
                "--no-deps",
                "--all-features",
            ])
            .args(private))?;
    }
    Ok(())
}

/// Runs all tests and doc-tests on this machine.
///
/// Without the key-value server, whose tests want the machine for themselves. Without `defmt`: its logger is at
/// home on a microcontroller, and a host links only what logs nothing. Clippy, the documentation and the target
/// builds compile that feature.
pub(crate) fn tests() -> Result<()> {
    run(cargo().args([
        "test",
        "--locked",
        "--workspace",
        "--exclude",
        "raftbare-kv",
    ]))
}

/// Runs the same programs on this crate and on others of its shape.
pub(crate) fn peers() -> Result<()> {
    for task in ["clippy", "test"] {
        let mut command = cargo();
        command
            .args([task, "--locked", "--all-targets"])
            .args(BENCH);
        command.arg("--target-dir").arg(target_dir().join("bench"));
        if task == "clippy" {
            command.args(["--", "-D", "warnings"]);
        }
        run(&mut command)?;
    }
    Ok(())
}

/// Runs the tests of exact counts and shows their numbers.
pub(crate) fn counts() -> Result<()> {
    run(cargo()
        .args([
            "test",
            "--locked",
            "-p",
            "raftbare-tests",
            "--test",
            "counts",
        ])
        .args(["--", "--nocapture"]))
}

/// Fails with what to install if cargo does not know the subcommand of a component.
fn require(subcommand: &str, component: &str, debian: &str) -> Result<()> {
    if ask(cargo().args([subcommand, "--version"])).is_none() {
        bail!(
            "{component} is missing; install it with `rustup component add {component}`, or, \
             where Rust is Debian's, with `apt-get install {debian}`"
        );
    }
    Ok(())
}
