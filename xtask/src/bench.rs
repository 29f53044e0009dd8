//! `cargo xtask bench`: this crate next to others of its shape, in times and in instructions. `cargo xtask gates`: that
//! its instructions stay within their limits.
//!
//! Times are ratios within one run, and tell something only on an idle machine. Instructions are exact, but for the
//! standard library of the toolchain, and that the others share; so the limits are shares of what the published crate
//! of the same name takes for the same.

use crate::callgrind::Bench;
use crate::{
    process::{cargo, program, run, target_dir},
    say,
};
use anyhow::{Result, ensure};
use std::path::PathBuf;

/// What callgrind counts.
struct Counted {
    workload: &'static str,
    rounds: u64,
    /// Commands, messages or the like in a round.
    units: u64,
    /// The share of the reference's instructions that this crate may take, and the share that is wanted of it.
    limits: Option<(f64, f64)>,
}

const fn counted(
    workload: &'static str,
    rounds: u64,
    units: u64,
    limits: Option<(f64, f64)>,
) -> Counted {
    Counted {
        workload,
        rounds,
        units,
        limits,
    }
}

const COUNTED: [Counted; 8] = [
    counted("commit-3", 1_000, 1, Some((0.575, 0.43))),
    counted("commit-5", 1_000, 1, Some((0.605, 0.46))),
    counted("commit-7", 1_000, 1, Some((0.615, 0.48))),
    counted("commit-101", 20, 1, None),
    counted("pipeline-256", 20, 256, Some((0.067, 0.056))),
    counted("heartbeat", 1_000, 1, Some((0.77, 0.57))),
    counted("repair", 500, 1, None),
    counted("repair-terms", 50, 1, None),
];

/// A commit of so many voters takes a call and a reply for each but one.
const fn messages(voters: u64) -> f64 {
    2.0 * (voters - 1) as f64
}

/// Builds the program of `tests/bench`, shows both tables, and leaves a drawing of the first.
pub(crate) fn run_all() -> Result<()> {
    let folder = built(&["--features", "raft-rs"])?;
    let program_file = folder.join("release/raftbare-bench");
    let drawing = folder.join("speed.svg");
    run(program(&program_file).arg("times").arg(&drawing))?;
    say::note(&format!("the drawing is {}", drawing.display()));
    let bench = Bench::new(program_file)?;
    let peers: Vec<&str> = bench.peers().collect();
    counted_table(&bench, &peers).map(drop)
}

/// Counts the instructions of this crate and of the reference, and fails if a limit is passed.
pub(crate) fn gates() -> Result<()> {
    let bench = Bench::new(built(&[])?.join("release/raftbare-bench"))?;
    let (first, last) = (bench.peers().next(), bench.peers().last());
    let pair: Vec<&str> = first.into_iter().chain(last).collect();
    let own = counted_table(&bench, &pair)?;
    let count_of = |workload: &str| {
        let place = COUNTED.iter().position(|row| row.workload == workload);
        place
            .and_then(|place| own.get(place))
            .map_or(f64::NAN, |row| row.own)
    };
    let mut passed: Vec<String> = own.iter().filter_map(Shares::passed).collect();
    let growth = (count_of("commit-101") / messages(101)) / (count_of("commit-3") / messages(3));
    println!("instructions per message, 101 voters to 3: {growth:.2} (limit 1.20)");
    if growth.is_nan() || growth > 1.2 {
        passed.push(format!(
            "a message costs {growth:.2} times as much with 101 voters as with 3"
        ));
    }
    let terms = count_of("repair-terms") / count_of("repair");
    println!("a repair after 1,000 more terms: {terms:.2} (limit 1.15)");
    if terms.is_nan() || terms > 1.15 {
        passed.push(format!(
            "a repair costs {terms:.2} times as much in a log of 1,000 terms"
        ));
    }
    ensure!(
        passed.is_empty(),
        "more instructions than the limits allow:\n  {}\n  \
         see where they go with callgrind, or raise the limit in xtask/src/bench.rs and say why",
        passed.join("\n  ")
    );
    Ok(())
}

/// Builds the program, and names the folder that it is in.
fn built(features: &[&str]) -> Result<PathBuf> {
    let folder = target_dir().join("bench");
    run(cargo()
        .args(["build", "--locked", "--release"])
        .args(features)
        .args(["--manifest-path", "tests/bench/Cargo.toml"])
        .arg("--target-dir")
        .arg(&folder))?;
    Ok(folder)
}

/// What this crate takes for a unit of a row.
struct Shares {
    unit: String,
    own: f64,
    share: f64,
    limit: Option<f64>,
}

impl Shares {
    /// What to say if the share is over its limit.
    fn passed(&self) -> Option<String> {
        let limit = self.limit?;
        let Self { unit, share, .. } = self;
        let is_within = *share <= limit;
        (!is_within).then(|| format!("{unit}: {share:.3} of the reference, limit {limit:.3}"))
    }
}

/// Counts and shows the instructions of every row. The first crate is the reference, the last is this one.
fn counted_table(bench: &Bench, peers: &[&str]) -> Result<Vec<Shares>> {
    let header: String = peers.iter().map(|peer| format!("{peer:>16}")).collect();
    println!(
        "{:<28}{header}{:>10}{:>10}{:>10}",
        "instructions", "share", "limit", "wanted"
    );
    let mut rows = Vec::new();
    for row in &COUNTED {
        let unit = bench.unit_of(row.workload)?;
        print!("{unit:<28}");
        let mut counts = Vec::new();
        for peer in peers {
            let per_unit = bench.per_round(peer, row.workload, row.rounds)? / row.units as f64;
            print!("{per_unit:>16.0}");
            counts.push(per_unit);
        }
        let own = counts.last().copied().unwrap_or(f64::NAN);
        let share = own / counts.first().copied().unwrap_or(f64::NAN);
        print!("{share:>10.3}");
        if let Some((limit, wanted)) = row.limits {
            print!("{limit:>10.3}{wanted:>10.3}");
        }
        println!();
        rows.push(Shares {
            unit,
            own,
            share,
            limit: row.limits.map(|(limit, _)| limit),
        });
    }
    println!("Share: this crate's part of what the first one takes.");
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::Shares;

    fn shares(share: f64) -> Shares {
        Shares {
            unit: "commit".to_owned(),
            own: 1.0,
            share,
            limit: Some(0.5),
        }
    }

    #[test]
    fn a_share_over_its_limit_is_told_and_what_is_no_number_too() {
        assert_eq!(shares(0.5).passed(), None);
        let told = "commit: 0.501 of the reference, limit 0.500";
        assert_eq!(shares(0.501).passed().as_deref(), Some(told));
        assert!(shares(f64::NAN).passed().is_some());
        let without = Shares {
            limit: None,
            ..shares(9.0)
        };
        assert_eq!(without.passed(), None);
    }
}
