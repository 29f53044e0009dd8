//! Explores a cluster as far as one likes: `cargo xtask explore --help`.

use std::fs;
use std::io::{IsTerminal, Write, stderr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use raftbare::NodeId;
use raftbare_explore::bounds::{Bounds, disks};
use raftbare_explore::explorer::{Explorer, Report};
use raftbare_explore::trace;

/// Visit every state that a small cluster can get into, nearest first, and check Raft's guarantees in each.
///
/// Messages may be lost and overtake each other; everything else happens as often as the options say. Ends when no
/// state is left within these bounds, or so many were found. What breaks a guarantee is shown as a script that leads
/// there on a shortest way. Exit codes: 0 nothing is broken, 1 something is, 2 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "explore", bin_name = "cargo xtask explore")]
struct Arguments {
    /// States to find at most: 100 million take about 7 GiB
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    states: usize,
    /// The highest term that a timer may start
    #[arg(long, value_name = "N", default_value_t = 3)]
    terms: u64,
    /// Timers that fire
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = count())]
    timeouts: u8,
    /// Commands that are proposed
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = count())]
    commands: u8,
    /// Changes of the membership
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count())]
    changes: u8,
    /// The voters that a change leads to
    #[arg(
        long,
        value_name = "IDS",
        value_delimiter = ',',
        default_value = "1,2,4"
    )]
    target: Vec<u64>,
    /// Servers that crash, between any two actions or in the middle of a write
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count())]
    crashes: u8,
    /// Messages that arrive once more, and reports of disks that take their time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count())]
    duplicates: u8,
    /// Calls that arrive with a part of their entries
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = count())]
    cuts: u8,
    /// Inputs before all actions of the one before are executed
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = count())]
    waits: u8,
    /// Snapshots that are taken
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = count())]
    snapshots: u8,
    /// Linearizable reads
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = count())]
    reads: u8,
    /// Leaders that are told to hand over, or to go on to lead
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = count())]
    transfers: u8,
    /// Nodes with the option of stable leadership
    #[arg(long)]
    stable: bool,
    /// Disks that take their time: what is written, and reported, is a step of its own
    #[arg(long)]
    asynchronous: bool,
    /// Crashes may take entries from a disk that it has had. There has to be one leader only: `--terms 1`
    #[arg(long)]
    lost_tails: bool,
    /// Start from what this script says, in lines `start IDS` and `restart IDS tTERM vote VOTE LOG`, in place of
    /// three new voters and a fourth server
    #[arg(long, value_name = "FILE")]
    start: Option<PathBuf>,
}

fn count() -> clap::builder::RangedI64ValueParser<u8> {
    clap::value_parser!(u8).range(0..=7)
}

const START: &str = "restart 1,2,3 t0 vote - snapshot {1,2,3} log 0/0[]\nstart 4";

fn bounds(arguments: &Arguments) -> Result<Bounds, String> {
    let start = match &arguments.start {
        Some(file) => {
            fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?
        }
        None => START.to_string(),
    };
    let disks = disks(&start)?;
    if !(1..=Bounds::MAX_SERVERS).contains(&disks.len()) {
        return Err(format!(
            "there may be 1 to {} servers, not {}",
            Bounds::MAX_SERVERS,
            disks.len()
        ));
    }
    let last_term = disks.iter().map(|disk| disk.current_term.get()).max();
    if arguments.lost_tails && arguments.terms > last_term.unwrap_or_default() + 1 {
        return Err(
            "what is forgotten between two leaders is not found: give --lost-tails with --terms 1"
                .to_string(),
        );
    }
    Ok(Bounds {
        disks,
        max_term: arguments.terms,
        timeouts: arguments.timeouts,
        commands: arguments.commands,
        changes: arguments.changes,
        snapshots: arguments.snapshots,
        reads: arguments.reads,
        crashes: arguments.crashes,
        duplicates: arguments.duplicates,
        cuts: arguments.cuts,
        waits: arguments.waits,
        transfers: arguments.transfers,
        target: arguments.target.iter().copied().map(NodeId::new).collect(),
        is_stable: arguments.stable,
        is_late: arguments.asynchronous,
        forgets: arguments.lost_tails,
        flaw: None,
        late_flaw: None,
    })
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let bounds = match bounds(&arguments) {
        Ok(bounds) => bounds,
        Err(what) => {
            eprintln!("error: {what}");
            return ExitCode::from(2);
        }
    };
    println!("{bounds}");
    let is_watched = stderr().is_terminal();
    let result = Explorer::new(bounds.clone()).run(arguments.states, |report| {
        if is_watched {
            let _ = write!(
                stderr(),
                "\r{} states, depth {} ",
                report.states,
                report.depth
            );
        }
    });
    if is_watched {
        eprintln!();
    }
    match result {
        Ok(report) => {
            show(&report);
            let end = match report.is_complete {
                true => "no other state within the bounds",
                false => "there are more within the bounds",
            };
            println!("nothing is broken; {end}");
            ExitCode::SUCCESS
        }
        Err(found) => {
            show(&found.report);
            println!(
                "{}\n\n{}",
                found.violation,
                trace::script(&bounds, &found.path)
            );
            ExitCode::FAILURE
        }
    }
}

fn show(report: &Report) {
    println!("{report}");
    if let Some(memory) = peak_memory() {
        println!("memory: {memory}");
    }
}

/// The most memory this process has had, where the system tells.
fn peak_memory() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = peak.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(format!("{} MiB", kib / 1024))
}
