//! What it takes to start a cluster: the emulator, the firmware, a folder.

use anyhow::Result;
use std::{
    env,
    io::{self, IsTerminal},
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
};

use super::build;
use super::cluster::{Cluster, Event, Show};
use super::emulator;
use super::wires::Wires;

/// Installs and builds what is needed; returns where the firmware is.
pub(crate) fn prepare() -> Result<PathBuf> {
    emulator::install()?;
    build::board("qemu-mps2")
}

/// Starts so many nodes, with new flashes. Who waits for them stops when `is_over` says so.
pub(crate) fn boot(
    firmware: PathBuf,
    count: usize,
    wires: Wires,
    is_over: Arc<AtomicBool>,
    show: Show,
) -> Result<Cluster> {
    // A socket has a short name: a folder of the workspace may have a long one.
    let folder = env::temp_dir().join(format!("raftbare-{}", std::process::id()));
    Cluster::start(folder, firmware, count, wires, is_over, show)
}

/// Shows what a node has said, line by line: in a colour of its own where there are colours.
pub(crate) fn print(event: Event<'_>) {
    let Event::Said { time, node, line } = event else {
        return;
    };
    let colour = ["36", "33", "35", "32", "34"].get(node - 1).unwrap_or(&"0");
    match io::stdout().is_terminal() {
        true => println!("\x1b[2m{time:8.3}\x1b[0m \x1b[{colour}m{node}>\x1b[0m {line}"),
        false => println!("{time:8.3} {node}> {line}"),
    }
}
