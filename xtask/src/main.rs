//! The tasks of this workspace: `cargo xtask --help`. A file per task; `test` runs them all.
//!
//! Exit codes: 0 all is well, 1 a step failed, 2 wrong usage.

mod bench;
mod callgrind;
mod chaos;
mod coverage;
mod documented;
mod examples;
mod explore;
mod firmware;
mod fuzz;
mod host;
mod kv;
mod mutants;
mod npm;
mod package;
mod panics;
mod pico;
mod process;
mod say;
mod simulate;
mod targets;
mod test;
mod toolchain;
mod visualizer;

use clap::{Parser, Subcommand, builder::PossibleValuesParser};
use std::{ffi::OsString, process::ExitCode};

#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "The tasks of the raftbare workspace"
)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

/// The tasks; all but `test`, `visualizer`, `firmware`, `chaos`, `bench`, `counts`, `explore`, `coverage`,
/// `mutants` and `simulate` are steps of `test`.
#[derive(Debug, Subcommand)]
enum Task {
    /// Run every step below in order: what CI runs
    Test(test::Options),
    /// Check the formatting
    Fmt,
    /// Lint with and without features; warnings are errors
    Clippy,
    /// Build the documentation, private items too; warnings are errors
    Docs,
    /// Run the tests on this machine, doc-tests included
    Host,
    /// Run the same programs on the core and on other crates of its shape
    Peers,
    /// Run the examples to their end
    Examples,
    /// Build the core for microcontrollers and WebAssembly, installing what is missing
    Targets {
        /// Build for this target only (may be repeated)
        #[arg(long = "target", value_name = "TARGET", value_parser = PossibleValuesParser::new(targets::TARGETS))]
        only: Vec<String>,
    },
    /// List where the core could panic on a microcontroller, with its code size and stack
    Panics,
    /// Pack the core as for a registry and run small programs against the packed files
    Package,
    /// Run the own tests of the documented crate against the core
    Documented,
    /// Make the npm package and test what was packed, in node and in a browser
    Npm,
    /// Make the page that shows Raft, and serve it on this machine (`visualizer --help`)
    Visualizer(visualizer::Options),
    /// Test the visualizer: its functions, journeys through it in a browser, what these have saved
    Journeys,
    /// Build firmware, or run a cluster of emulated microcontrollers (`firmware --help`)
    Firmware(firmware::Options),
    /// Build the firmware of all boards, and run every script on emulated microcontrollers
    Boards,
    /// Run the image of the Raspberry Pi Pico on emulated chips, in virtual time
    Pico,
    /// Play kept and seeded inputs on the fuzz targets; with `--seconds` let libFuzzer look for new ones
    Fuzz(fuzz::Options),
    /// Count instructions, and fail if there are more of them than the limits allow
    Gates,
    /// Compare times and instructions with other crates of the same shape
    Bench,
    /// Test the key-value server: its processes, killed and cut off; its store after power failures
    Kv,
    /// Kill, stop and cut off real processes for as long as you like, and check what their clients see (`chaos --help`)
    Chaos(chaos::Options),
    /// Run the tests of exact replication counts and show the numbers (part of `host`)
    Counts,
    /// Visit every state of a small cluster, as far as you like (`explore --help`; a part is in `host`)
    #[command(disable_help_flag = true)]
    Explore {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Show the lines of the core that no test reaches
    Coverage,
    /// Change the core in small ways, and show which changes no test notices
    Mutants(mutants::Options),
    /// Simulate clusters in a world that goes wrong, as long as you like (`simulate --help`)
    #[command(disable_help_flag = true)]
    Simulate {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Test(options) => test::run(&options),
        Task::Fmt => host::fmt(),
        Task::Clippy => host::clippy(),
        Task::Docs => host::docs(),
        Task::Host => host::tests(),
        Task::Peers => host::peers(),
        Task::Examples => examples::run(),
        Task::Targets { only } if only.is_empty() => targets::all(),
        Task::Targets { only } => targets::build(&only),
        Task::Panics => panics::run_all(),
        Task::Package => package::run(),
        Task::Documented => documented::run(),
        Task::Npm => npm::run_all(),
        Task::Visualizer(options) => visualizer::run(&options),
        Task::Journeys => visualizer::test(),
        Task::Firmware(options) => firmware::run(&options),
        Task::Boards => firmware::tests(),
        Task::Pico => pico::tests(),
        Task::Fuzz(options) => fuzz::run_with(&options),
        Task::Gates => bench::gates(),
        Task::Bench => bench::run_all(),
        Task::Kv => kv::run(),
        Task::Chaos(options) => chaos::run(&options),
        Task::Counts => host::counts(),
        Task::Explore { arguments } => explore::run(&arguments),
        Task::Coverage => coverage::run_all(),
        Task::Mutants(options) => mutants::run_with(&options),
        Task::Simulate { arguments } => simulate::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::error(&error);
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_step_is_a_subcommand() {
        let cli = Cli::command();
        for step in test::STEPS {
            assert!(
                cli.find_subcommand(step.name).is_some(),
                "no subcommand `{}`",
                step.name
            );
        }
    }
}
