//! What it takes to start a cluster: the emulator, the firmware, a folder.

use anyhow::{Result, bail};
use std::{
    env,
    io::{self, IsTerminal},
};

use super::build;
use super::cluster::Cluster;
use crate::process::{is_installed, program, run};
use crate::say;
use crate::toolchain::is_debian_root;

/// Starts so many nodes, with new flashes.
pub(crate) fn boot(count: usize) -> Result<Cluster> {
    install()?;
    let firmware = build::board("qemu-mps2")?;
    // A socket has a short name: a folder of the workspace may have a long one.
    let folder = env::temp_dir().join(format!("raftbare-{}", std::process::id()));
    Cluster::start(folder, firmware, count, show)
}

/// Shows what a node has said: in a colour of its own where there are colours.
fn show(time: f64, node: usize, line: &str) {
    let colour = ["36", "33", "35", "32", "34"].get(node - 1).unwrap_or(&"0");
    match io::stdout().is_terminal() {
        true => println!("\x1b[2m{time:8.3}\x1b[0m \x1b[{colour}m{node}>\x1b[0m {line}"),
        false => println!("{time:8.3} {node}> {line}"),
    }
}

/// Installs the emulator, or says what to install.
fn install() -> Result<()> {
    if is_installed("qemu-system-arm") {
        return Ok(());
    }
    if !is_debian_root() {
        bail!(
            "qemu-system-arm is missing: install QEMU for Arm (Debian: qemu-system-arm, Homebrew: qemu)"
        );
    }
    say::note("Debian's package qemu-system-arm brings the emulator");
    let apt = || {
        let mut apt = program("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive").arg("-q");
        apt
    };
    run(apt().arg("update"))?;
    run(apt().args([
        "install",
        "-y",
        "--no-install-recommends",
        "qemu-system-arm",
    ]))
}
