//! `cargo xtask examples`: runs the examples to their end.

use crate::process::{self, cargo, run_and_read, target_dir};
use anyhow::{Result, bail};
use std::{fs, path::Path, process::Command};

pub(crate) fn run() -> Result<()> {
    three_nodes()?;
    counter()?;
    cluster(&target_dir().join("cluster-example"))?;
    process::run(&mut example("raftbare-sim", "your_integration"))
}

fn example(package: &str, name: &str) -> Command {
    let mut command = cargo();
    command.args([
        "run",
        "--locked",
        "--release",
        "-p",
        package,
        "--example",
        name,
    ]);
    command
}

/// The loop in one thread: it must end with three nodes that agree.
fn three_nodes() -> Result<()> {
    let output = run_and_read(&mut example("raftbare", "three_nodes"))?;
    if !ends_in_agreement(&output) {
        bail!(
            "the last lines of three_nodes are not three nodes, a leader among them, of one value"
        );
    }
    Ok(())
}

/// Whether the last three lines tell of a leader and its followers, and all end with the same `, value …`.
fn ends_in_agreement(output: &str) -> bool {
    let last: Vec<_> = output.lines().rev().take(3).collect();
    let mut values = last.iter().map(|line| line.rsplit_once(", value "));
    let first = values.next().flatten().map(|(_, value)| value);
    last.len() == 3
        && first.is_some()
        && values.all(|value| value.map(|(_, value)| value) == first)
        && last.iter().filter(|line| line.contains(" leader ")).count() == 1
}

/// The replicated counter: at its end three nodes tell the same count.
fn counter() -> Result<()> {
    let output = run_and_read(&mut example("raftbare", "counter"))?;
    let counts: Vec<_> = output
        .lines()
        .filter_map(|line| line.rsplit_once(" counts "))
        .map(|(_, count)| count)
        .collect();
    if counts.len() != 3
        || counts
            .iter()
            .any(|&count| count != counts[0] || count == "0")
    {
        bail!("counter does not tell one count three times, but: {counts:?}");
    }
    Ok(())
}

/// The real cluster, on a fresh folder and once more on what the first run left there.
fn cluster(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    for _ in 0..2 {
        process::run(
            example("raftbare", "cluster")
                .arg("--")
                .arg("--dir")
                .arg(folder),
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::ends_in_agreement;

    #[test]
    fn three_nodes_must_agree() {
        let nodes = "In the end:\n  1 leader t1, value 7\n  2 follower t1, value 7\n  3 follower t1, value ";
        assert!(ends_in_agreement(&format!("{nodes}7\n")));
        assert!(!ends_in_agreement(&format!("{nodes}8\n")));
        assert!(!ends_in_agreement("  1 leader t1, value 7\n"));
        assert!(!ends_in_agreement(
            &format!("{nodes}7\n").replace("leader", "follower")
        ));
        assert!(!ends_in_agreement("a\nleader\nb\n"));
    }
}
