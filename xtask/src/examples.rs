//! `cargo xtask examples`: runs the examples to their end.

use crate::process::{self, cargo, root, run_and_read, target_dir};
use anyhow::{Context, Result, bail};
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

/// The README's first command, on ports that are free, with its leader killed again and again: it has to show how
/// others take over and commits go on.
fn cluster(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let readme = fs::read_to_string(root().join("README.md"))?;
    let line = first_command(&readme).context("the README has no first command")?;
    let arguments = line.strip_prefix("cargo ").map(str::split_whitespace);
    let mut command = cargo();
    command
        .args(arguments.with_context(|| format!("`{line}` does not begin with cargo"))?)
        .args(["--port", "0", "--seconds", "20"])
        .args(["--kill-every", "4", "--dir"])
        .arg(folder);
    let output = run_and_read(&mut command)?;
    if !shows_new_leaders(&output) {
        bail!("`{line}` does not show a leader, and later another one with more commits");
    }
    Ok(())
}

/// The first line of the first block of commands.
fn first_command(readme: &str) -> Option<&str> {
    readme.split_once("```sh\n")?.1.lines().next()
}

/// Whether rows of leaders follow each other, the later one with a higher term and more commits.
fn shows_new_leaders(output: &str) -> bool {
    let leader = |line: &str| {
        let columns: Vec<_> = line.split_whitespace().collect();
        let [_, _, "leader", term, commit, ..] = columns[..] else {
            return None;
        };
        Some((term.parse::<u64>().ok()?, commit.parse::<u64>().ok()?))
    };
    let mut leaders = output.lines().filter_map(leader);
    let first = leaders.find(|&(_, commit)| commit > 0);
    first.is_some_and(|(term, commit)| leaders.any(|later| later.0 > term && later.1 > commit))
}

#[cfg(test)]
mod tests {
    use super::{ends_in_agreement, first_command, shows_new_leaders};

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

    #[test]
    fn the_first_command_is_found() {
        let readme = "# a\n\n```sh\ncargo run\n```\n\n```sh\ncargo xtask test\n```\n";
        assert_eq!(first_command(readme), Some("cargo run"));
        assert_eq!(first_command("# a\n"), None);
    }

    #[test]
    fn leaders_must_follow_each_other() {
        let first = "1  70  leader  1  40  0  0\n2  71  follower  1  40  0  0\n";
        let second = "1  -  does not answer\n2  71  leader  2  55  0  0\n";
        assert!(shows_new_leaders(&format!("{first}{second}")));
        assert!(!shows_new_leaders(&format!("{first}{first}")));
        assert!(!shows_new_leaders(&format!("{second}{first}")));
        assert!(!shows_new_leaders(&format!(
            "{first}{}",
            second.replace("55", "40")
        )));
    }
}
