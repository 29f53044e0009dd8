//! `cargo xtask simulate`: many simulated worlds, for as long as one likes.

use crate::process::cargo;
use anyhow::{Context, Result, bail};
use std::{ffi::OsString, process::exit};

/// Hands everything on to the simulator's own program, in release.
pub(crate) fn run(arguments: &[OsString]) -> Result<()> {
    let status = cargo()
        .args(["run", "--quiet", "--locked", "--release"])
        .args(["-p", "raftbare-sim", "--example", "simulate", "--"])
        .args(arguments)
        .status()
        .context("cannot start cargo")?;
    match status.code() {
        Some(0) => Ok(()),
        // Wrong usage: it has said so itself.
        Some(2) => exit(2),
        _ => bail!("the simulation failed ({status})"),
    }
}
