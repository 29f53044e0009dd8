//! Plays scenarios: `cargo run -p raftbare-sim --example play -- FILE…`
//!
//! Where a file tells what has happened, it has to happen again, to the letter. A file that ends with the comment
//! `# broken: PROPERTY` is one in which that guarantee breaks in the last line. Exit codes: 0 all did what they say,
//! 1 one did not, 2 there is no such file.

use std::process::ExitCode;
use std::{env, fs};

use raftbare_sim::script::Script;

const BROKEN: &str = "# broken: ";
const USAGE: &str =
    "Usage: play FILE...\n\nPlays scenarios (tests/scenarios/*.txt, or saved by the visualizer).";

fn main() -> ExitCode {
    let files: Vec<String> = env::args().skip(1).collect();
    if files.iter().any(|file| file == "--help" || file == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    if files.is_empty() {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    let mut has_failed = false;
    for file in &files {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => {
                eprintln!("{file}: {error}");
                return ExitCode::from(2);
            }
        };
        match check(&text) {
            Ok(what) => println!("{file}: {what}"),
            Err(what) => {
                eprintln!("{file}: {what}");
                has_failed = true;
            }
        }
    }
    ExitCode::from(u8::from(has_failed))
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
