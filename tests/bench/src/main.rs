//! Runs one workload on one crate, or compares the times of all: `cargo xtask bench` calls it for both.
//!
//! ```text
//! raftbare-bench list                       the crates and the workloads
//! raftbare-bench play CRATE WORKLOAD COUNT  plays so many rounds, to be counted from outside
//! raftbare-bench times FILE                 a table of times, and a drawing in the file
//! ```

use std::process::ExitCode;

use raftbare_bench::cluster::{PEERS, REFERENCE};
use raftbare_bench::times::{Row, measure};
use raftbare_bench::workload::{WORKLOADS, Workload};
use raftbare_bench::{entries, plot};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["list"] => {
            PEERS.iter().for_each(|(name, _)| println!("crate\t{name}"));
            WORKLOADS
                .iter()
                .for_each(|it| println!("workload\t{}\t{}", it.name, it.unit));
            Ok(())
        }
        ["play", name, workload, rounds] => play(name, workload, rounds),
        ["times", file] => times(file),
        _ => Err("usage: list | play CRATE WORKLOAD COUNT | times FILE".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("error: {what}");
            ExitCode::FAILURE
        }
    }
}

fn play(name: &str, workload: &str, rounds: &str) -> Result<(), String> {
    let peer = PEERS.iter().find(|(known, _)| *known == name);
    let &(_, led) = peer.ok_or_else(|| format!("no crate `{name}`"))?;
    let workload = Workload::find(workload).ok_or_else(|| format!("no workload `{workload}`"))?;
    let rounds = rounds
        .parse()
        .map_err(|_| format!("no number: `{rounds}`"))?;
    workload.play(workload.cluster(led).as_mut(), rounds);
    Ok(())
}

fn times(file: &str) -> Result<(), String> {
    header(PEERS.iter().map(|&(name, _)| name));
    let measured = WORKLOADS.iter().map(|&workload| shown(measure(workload)));
    let rows: Vec<Row> = measured.collect();
    println!();
    header(entries::CRATES);
    entries::measure().into_iter().map(shown).for_each(drop);
    println!("Each figure: how often the crate does it while {REFERENCE} does it once.");
    std::fs::write(file, plot::svg(&rows)).map_err(|error| format!("{file}: {error}"))
}

fn header(crates: impl IntoIterator<Item = &'static str>) {
    print!("{:<28}{:>16}", "", "");
    crates.into_iter().for_each(|name| print!("{name:>16}"));
    println!();
}

fn shown(row: Row) -> Row {
    print!("{:<28}{:>13.1} ns", row.unit, row.reference_ns);
    row.speeds.iter().for_each(|speed| print!("{speed:>16.2}"));
    println!();
    row
}
