//! `cargo xtask explore`: every state of a small cluster, as far as one likes.

use crate::process::cargo;
use anyhow::{Context, Result, bail};
use std::{ffi::OsString, process::exit};

/// Hands everything on to the explorer's own program, in release.
pub(crate) fn run(arguments: &[OsString]) -> Result<()> {
    let status = cargo()
        .args(["run", "--quiet", "--locked", "--release"])
        .args(["-p", "raftbare-explore", "--"])
        .args(arguments)
        .status()
        .context("cannot start cargo")?;
    match status.code() {
        Some(0) => Ok(()),
        // Wrong usage: it has said so itself.
        Some(2) => exit(2),
        _ => bail!("the exploration failed ({status})"),
    }
}
