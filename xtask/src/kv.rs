//! `cargo xtask kv`: the key-value server's tests, a minute of chaos among them.

use crate::process::{cargo, run as run_command};
use anyhow::Result;

pub(crate) fn run() -> Result<()> {
    run_command(cargo().args(["test", "--locked", "-p", "raftbare-kv", "--", "--nocapture"]))
}
