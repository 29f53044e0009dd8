//! `cargo xtask chaos`: the processes of the key-value server, broken on purpose for as long as one likes.

use crate::process::{cargo, run as run_command};
use anyhow::Result;
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Go on for so many minutes
    #[arg(long, default_value_t = 1)]
    minutes: u64,
}

/// The test `chaos` of the server, for longer than `kv` runs it.
pub(crate) fn run(options: &Options) -> Result<()> {
    let seconds = options.minutes.saturating_mul(60);
    run_command(
        cargo()
            .env("RAFTBARE_CHAOS_SECONDS", seconds.to_string())
            .args(["test", "--locked", "-p", "raftbare-kv", "--test", "chaos"])
            .args(["nothing_acknowledged", "--", "--nocapture"]),
    )
}
