//! Plays scenarios: `cargo run -p raftbare-sim --example play -- [--record OUT.jsonl] FILE…`
//!
//! Where a file tells what has happened, it has to happen again, to the letter. A file that ends with the comment
//! `# broken: PROPERTY` is one in which that guarantee breaks in the last line. Exit codes: 0 all did what they say,
//! 1 one did not, 2 there is no such file, or the recording cannot be written.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use raftbare_sim::script::Script;

const BROKEN: &str = "# broken: ";

/// Plays scenarios: tests/scenarios/*.txt, or saved by the visualizer
#[derive(Debug, Parser)]
struct Options {
    /// Write what the nodes do in the only FILE, for the visualizer to show
    #[arg(long, value_name = "OUT.jsonl")]
    record: Option<PathBuf>,
    /// The scenarios
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if options.record.is_some() && options.files.len() > 1 {
        eprintln!("a recording is of one scenario: give one FILE");
        return ExitCode::from(2);
    }
    let mut has_failed = false;
    for file in &options.files {
        let name = file.display();
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => {
                eprintln!("{name}: {error}");
                return ExitCode::from(2);
            }
        };
        match check(&text) {
            Ok(what) => println!("{name}: {what}"),
            Err(what) => {
                eprintln!("{name}: {what}");
                has_failed = true;
            }
        }
        if let Some(out) = &options.record
            && let Err(what) = record(&text, out)
        {
            eprintln!("{what}");
            return ExitCode::from(2);
        }
    }
    ExitCode::from(u8::from(has_failed))
}

/// Writes the recording of a scenario, up to where a guarantee breaks if one does.
fn record(text: &str, out: &Path) -> Result<(), String> {
    let script = Script::parse(text).map_err(|error| error.to_string())?;
    let recording = script.record().unwrap_or_else(|failure| failure.text);
    fs::write(out, recording).map_err(|error| format!("{}: {error}", out.display()))
}

/// What came of a scenario, or why it is not what it says.
fn check(text: &str) -> Result<String, String> {
    let script = Script::parse(text).map_err(|error| error.to_string())?;
    let expected = text
        .lines()
        .last()
        .and_then(|last| last.strip_prefix(BROKEN));
    let (played, what) = match (script.play(), expected) {
        (Ok(played), None) => (played, "as it says".to_owned()),
        (Err(failure), Some(property)) if failure.violation.property == property => {
            let what = format!("broken as it says: {failure}");
            (format!("{}{BROKEN}{property}\n", failure.text), what)
        }
        (Ok(_), Some(property)) => return Err(format!("{property} holds, and was to break")),
        (Err(failure), _) => return Err(failure.to_string()),
    };
    let tells = text.lines().any(|line| line.starts_with("  "));
    if tells && played != text {
        let line = played
            .lines()
            .zip(text.lines())
            .position(|(one, other)| one != other);
        return Err(format!(
            "something else happens, first in line {:?}",
            line.map(|line| line + 1)
        ));
    }
    Ok(what)
}
