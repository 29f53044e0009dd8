//! `cargo xtask firmware`: builds and flashes the firmware, and runs a cluster of emulated microcontrollers.

#[cfg(unix)]
mod act;
#[cfg(unix)]
mod boot;
mod build;
mod checks;
#[cfg(unix)]
mod cluster;
#[cfg(unix)]
mod command;
mod elf;
mod emulator;
#[cfg(unix)]
mod machine;
#[cfg(unix)]
mod play;
#[cfg(unix)]
mod screen;
mod sizes;
#[cfg(unix)]
mod tear;
#[cfg(unix)]
mod terminal;
mod uf2;
#[cfg(unix)]
mod view;
#[cfg(unix)]
mod wires;

use anyhow::Result;
use clap::{Args, Subcommand, builder::PossibleValuesParser};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    task: Option<Task>,
    /// How many microcontrollers there are, 2 to 5
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..=5))]
    nodes: u8,
    /// Run the commands of this file in place of those that are typed, and end
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Record what goes over the wires to this file, for the visualizer
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build the firmware of a board, or of all, and say how large it is
    Build {
        /// The board
        #[arg(value_parser = PossibleValuesParser::new(build::names()))]
        board: Option<String>,
        /// Links at 1,000,000 baud in place of 115,200: the same on all boards of a cluster
        #[arg(long, requires = "board")]
        fast: bool,
    },
    /// Check hashes and memory of the core on an emulated microcontroller
    Check,
    /// Build the firmware of a board, and write it to the one at the probe
    Flash {
        /// The board
        #[arg(value_parser = PossibleValuesParser::new(build::names()))]
        board: String,
    },
}

/// Builds the firmware of a board; returns the file that its boot loader takes.
pub(crate) fn image(board: &str) -> Result<PathBuf> {
    Ok(build::board(board)?.with_extension("uf2"))
}

/// Builds, flashes, or runs a cluster in emulators.
pub(crate) fn run(options: &Options) -> Result<()> {
    match &options.task {
        Some(Task::Build { board: None, .. }) => build::all(),
        Some(Task::Build {
            board: Some(name),
            fast,
        }) => match fast {
            true => build::fast_board(name).map(drop),
            false => build::board(name).map(drop),
        },
        Some(Task::Check) => checks::all(),
        Some(Task::Flash { board }) => build::flash(board),
        None => emulate(options),
    }
}

#[cfg(unix)]
fn emulate(options: &Options) -> Result<()> {
    let record = options.record.as_deref();
    match &options.script {
        Some(script) => play::script(script, record),
        None => play::interactive(usize::from(options.nodes), record),
    }
}

/// Builds all boards, checks the core on an emulated one, and runs every script.
#[cfg(unix)]
pub(crate) fn tests() -> Result<()> {
    build::all()?;
    checks::all()?;
    play::all_scripts()
}

#[cfg(not(unix))]
fn emulate(_: &Options) -> Result<()> {
    anyhow::bail!("the wires between the emulators are Unix sockets: run this on Linux or macOS")
}

#[cfg(not(unix))]
pub(crate) fn tests() -> Result<()> {
    build::all()?;
    checks::all()
}
