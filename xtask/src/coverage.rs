//! `cargo xtask coverage`: which lines of the core no test reaches.

use crate::{
    process::{ask, cargo, program, read, root, run, target_dir},
    say,
    toolchain::is_debian_root,
};
use anyhow::{Context, Result, bail};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The share of lines that has to be reached, in parts of a hundred.
const LEAST: f64 = 99.0;
const PACKAGES: [&str; 6] = [
    "-p",
    "raftbare",
    "-p",
    "raftbare-tests",
    "-p",
    "raftbare-sim",
];

/// The lines of each file, and how often each was reached.
type Lines = BTreeMap<String, BTreeMap<u32, u64>>;

pub(crate) fn run_all() -> Result<()> {
    let tools = tools()?;
    let folder = target_dir().join("coverage");
    let profiles = folder.join("profiles");
    if profiles.exists() {
        fs::remove_dir_all(&profiles)?;
    }
    let test = || {
        let mut test = cargo();
        test.args(["test", "--locked", "--tests"])
            .args(PACKAGES)
            .env("RUSTFLAGS", "-C instrument-coverage")
            .env("LLVM_PROFILE_FILE", profiles.join("%m-%p.profraw"))
            .arg("--target-dir")
            .arg(&folder);
        test
    };
    run(&mut test())?;
    let built = read(test().args(["--no-run", "--message-format", "json"]))?;
    let merged = folder.join("merged.profdata");
    run(program(tools.join("llvm-profdata"))
        .args(["merge", "-sparse", "-o"])
        .arg(&merged)
        .arg(&profiles))?;
    let mut export = program(tools.join("llvm-cov"));
    export
        .args(["export", "-format=lcov", "-instr-profile"])
        .arg(&merged);
    for file in executables(&built) {
        export.arg("-object").arg(file);
    }
    report(&lines(&ask(&mut export).context("llvm-cov failed")?))
}

/// Shows each file, and the lines that no test reaches.
fn report(files: &Lines) -> Result<()> {
    let (mut all, mut reached) = (0, 0);
    for (file, lines) in files {
        let missed: Vec<_> = lines
            .iter()
            .filter(|it| *it.1 == 0)
            .map(|it| it.0.to_string())
            .collect();
        all += lines.len();
        reached += lines.len() - missed.len();
        let share = percent(lines.len() - missed.len(), lines.len());
        println!("{file:<36}{share:>8.2} %  {}", missed.join(" "));
    }
    let share = percent(reached, all);
    println!("all {all} lines: {share:.2} %");
    if share < LEAST {
        bail!("{share:.2} % of the lines of the core are reached, and {LEAST} % are the least");
    }
    Ok(())
}

fn percent(part: usize, all: usize) -> f64 {
    100.0 * part as f64 / all.max(1) as f64
}

/// The test programs that cargo names.
fn executables(messages: &str) -> Vec<&str> {
    let named = messages
        .lines()
        .filter_map(|line| line.split_once("\"executable\":\""));
    named
        .filter_map(|(_, rest)| Some(rest.split_once('"')?.0))
        .collect()
}

/// Reads the lines of the core in the format of lcov: `SF:file`, and `DA:line,count` for each line.
fn lines(text: &str) -> Lines {
    let mut files = Lines::new();
    let mut file = None;
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            file = path
                .rsplit_once("/core/src/")
                .map(|(_, file)| file.to_owned());
        } else if let (Some(file), Some((line, count))) = (
            &file,
            line.strip_prefix("DA:").and_then(|it| it.split_once(',')),
        ) && let (Ok(line), Ok(count)) = (line.parse(), count.parse::<u64>())
        {
            *files
                .entry(file.clone())
                .or_default()
                .entry(line)
                .or_default() += count;
        }
    }
    files.retain(|file, _| root().join("core/src").join(file).is_file());
    files
}

/// Where LLVM's programs are that fit the compiler; Debian's are installed if they are missing.
fn tools() -> Result<PathBuf> {
    let version = ask(program("rustc").arg("-vV")).context("no compiler answers")?;
    let major = version
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: ")?.split('.').next());
    let major = major.context("the compiler does not name its LLVM")?;
    let libraries = ask(program("rustc").args(["--print", "target-libdir"])).unwrap_or_default();
    let own = Path::new(&libraries).with_file_name("bin");
    let debian = PathBuf::from(format!("/usr/lib/llvm-{major}/bin"));
    let has_tools = |folder: &PathBuf| folder.join("llvm-cov").is_file();
    if let Some(folder) = [own, debian.clone()].into_iter().find(has_tools) {
        return Ok(folder);
    }
    if !is_debian_root() {
        bail!("LLVM's llvm-cov is missing; with rustup: `rustup component add llvm-tools`");
    }
    say::note(&format!("Debian's llvm-{major} shows what is covered"));
    run(program("apt-get").args(["-q", "update"]))?;
    run(program("apt-get")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args([
            "-q",
            "install",
            "-y",
            "--no-install-recommends",
            &format!("llvm-{major}"),
        ]))?;
    Ok(debian)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_core_are_read_and_added_up() {
        let text = "SF:/tree/core/src/node.rs\nDA:3,1\nDA:4,0\nend_of_record\n\
                    SF:/x/library/core/src/option.rs\nDA:1,1\nend_of_record\n\
                    SF:/tree/core/src/node.rs\nDA:4,2\nend_of_record\n";
        let files = lines(text);
        assert_eq!(files.len(), 1);
        assert_eq!(files["node.rs"], BTreeMap::from([(3, 1), (4, 2)]));
    }

    #[test]
    fn test_programs_are_found_in_what_cargo_says() {
        let text = "{\"executable\":null}\n{\"executable\":\"/t/deps/a-1\",\"fresh\":true}\n";
        assert_eq!(executables(text), ["/t/deps/a-1"]);
    }
}
