//! Plays the scenarios of `tests/scenarios/*.txt` and compares what happens with what the files say.
//!
//! With `UPDATE_SCENARIOS=1` the files are rewritten; then their diff is what there is to review. Expectations
//! (`expect` lines) and the checker's verdict are not rewritten: if they fail, the file stays as it is.

use std::fs;
use std::path::{Path, PathBuf};

use raftbare_sim::script::Script;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|file| file.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    files
}

fn name(path: &Path) -> String {
    let name = path.file_name().expect("a file has a name");
    name.to_string_lossy().into_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Plays a scenario. Returns its text with what has happened, or what is wrong with it.
fn play(text: &str) -> Result<String, String> {
    let script = Script::parse(text).map_err(|error| error.to_string())?;
    script.play().map_err(|failure| {
        let last: Vec<_> = failure.text.lines().rev().take(8).collect();
        let last: Vec<_> = last.into_iter().rev().collect();
        format!("{failure}\nafter\n{}", last.join("\n"))
    })
}

/// Plays a scenario, and compares.
fn check(text: &str) -> Result<(), String> {
    let played = play(text)?;
    match played == text {
        true => Ok(()),
        false => Err(diff(text, &played)),
    }
}

/// The lines that differ, each with two around it: `-` is in the file, `+` has happened.
fn diff(file: &str, played: &str) -> String {
    let (file, played): (Vec<_>, Vec<_>) = (file.lines().collect(), played.lines().collect());
    // The longest common sequence of the rest from here on.
    let mut common = vec![vec![0_usize; played.len() + 1]; file.len() + 1];
    for i in (0..file.len()).rev() {
        for j in (0..played.len()).rev() {
            common[i][j] = match file[i] == played[j] {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < file.len() || j < played.len() {
        if i < file.len() && j < played.len() && file[i] == played[j] {
            lines.push((' ', i, file[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == played.len() || (i < file.len() && common[i + 1][j] >= common[i][j + 1]) {
            lines.push(('-', i, file[i]));
            i += 1;
        } else {
            lines.push(('+', i, played[j]));
            j += 1;
        }
    }
    let differs = |index: usize| lines.get(index).is_some_and(|line| line.0 != ' ');
    let mut text = String::new();
    for (index, (sign, line, content)) in lines.iter().enumerate() {
        if (index.saturating_sub(2)..=index + 2).any(differs) {
            text += &format!("{:>4} {sign} {content}\n", line + 1);
        } else if (index + 1).checked_sub(4).is_some_and(differs) {
            text += "     ...\n";
        }
    }
    text
}

#[test]
fn every_scenario_goes_as_its_file_says() {
    let is_update = std::env::var_os("UPDATE_SCENARIOS").is_some_and(|value| value == "1");
    let mut wrong = String::new();
    for path in files() {
        let text = read(&path);
        let verdict = match is_update {
            true => play(&text).map(|played| {
                if played != text {
                    fs::write(&path, played).expect("a writable file");
                }
            }),
            false => check(&text),
        };
        if let Err(what) = verdict {
            wrong += &format!("\n{}: {what}\n", name(&path));
        }
    }
    assert!(
        wrong.is_empty(),
        "{wrong}\nUPDATE_SCENARIOS=1 rewrites what has happened; then review the diff."
    );
}

#[test]
fn every_scenario_says_what_it_shows() {
    for path in files() {
        let text = read(&path);
        let head: Vec<_> = text
            .lines()
            .take_while(|line| line.starts_with('#'))
            .collect();
        assert!(
            head.join(" ").contains('§'),
            "{}: which section of the paper?",
            name(&path)
        );
        assert!(
            text.lines().any(|line| line.starts_with("expect ")),
            "{}: nothing is expected",
            name(&path)
        );
    }
}

#[test]
fn the_scenarios_that_broke_other_implementations_are_all_there() {
    let files = files();
    for number in 1..=35 {
        let prefix = format!("{number:02}-");
        assert!(
            files.iter().any(|path| name(path).starts_with(&prefix)),
            "no scenario {number}"
        );
    }
}

const SMALL: &str = "# §5.2
start 1,2
found 1 {1,2}
  1 = 0/1
  1: SetElectionTimeout; SaveCurrentTerm; SaveVotedFor; \
BroadcastMessage 1 t1 #1 RequestVoteCall last 0/1; AppendLogEntries 0/0[config({1,2})]
  1 candidate t1 vote 1 commit 0 snapshot {} log 0/0[config({1,2})]
expect 1 candidate t1
";

#[test]
fn a_file_that_tells_something_else_is_found_and_the_difference_is_shown() {
    assert_eq!(check(SMALL), Ok(()));
    let what = check(&SMALL.replace("  1 candidate t1", "  1 leader t1")).expect_err("it differs");
    let lines: Vec<_> = what.lines().collect();
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("   6 -   1 leader t1")),
        "{what}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("   7 +   1 candidate t1")),
        "{what}"
    );
    let what = check(&SMALL.replace("  1 = 0/1\n", "")).expect_err("a line is missing");
    assert!(what.contains("+   1 = 0/1"), "{what}");
    let what = check(&SMALL.replace("expect", "  2 = 7\nexpect")).expect_err("a line too much");
    assert!(what.contains("-   2 = 7"), "{what}");
}

#[test]
fn an_expectation_that_does_not_hold_is_found() {
    for wrong in [
        "leader",
        "pre-candidate",
        "t2",
        "down",
        "vote 2",
        "commit 1",
        "last 1/2",
        "config {1}",
        "log 0/0[]",
        "like 2",
        "0/1 committed",
        "read pending",
        "durable 2",
        "lost 2",
    ] {
        let text = SMALL.replace("expect 1 candidate t1", &format!("expect 1 {wrong}"));
        let what = check(&text).expect_err(wrong);
        let start = format!("line 7: As expected: 1 {wrong}, but");
        assert!(what.starts_with(&start), "{what}");
    }
}

/// A leader takes proposals again after so many of its timeouts.
#[test]
fn a_transfer_is_given_up_as_the_options_say() {
    let led = "start 1,2\nfound 1 {1,2}\nsettle\ncut 1<->2\n";
    for (options, answer) in [
        ("options 1 transfer-timeouts 2", "1/3"),
        ("options 1 transfer-timeouts 3", "invalid"),
    ] {
        let text = format!("{led}{options}\ntransfer 1 2\ntimeout 1\ntimeout 1\npropose 1\n");
        let played = play(&text).expect("it goes on");
        let last = played.split("propose 1\n").last();
        let told = format!("  1 = {answer}\n");
        assert!(last.is_some_and(|it| it.starts_with(&told)), "{played}");
    }
}

/// A forged message makes two leaders of one term: no honest network does that, and the checker sees it.
#[test]
fn a_guarantee_that_is_broken_is_found() {
    let text = "start 1,2,3\nfound 1 {1,2,3}\nsettle\nrestart 4 t0 vote - snapshot {1,2,3,4} log 0/0[]\n\
                timeout 4\ninject 4 2 t1 #1 RequestVoteReply granted\n\
                inject 4 3 t1 #1 RequestVoteReply granted\n";
    let what = check(text).expect_err("two leaders");
    assert!(what.starts_with("line 7: Election Safety"), "{what}");
}

#[test]
fn what_is_no_script_is_refused_with_its_line() {
    for text in [
        "fly 1",
        "start",
        "start 1,",
        "start 1 2",
        "start  1",
        " start 1",
        "crash x",
        "propose 1 1001",
        "cut 1",
        "cut 1>2",
        "deliver 1->2 #",
        "deliver next",
        "truncate 1->2",
        "inject 1 1 t1 RequestVoteCall",
        "expect 1",
        "expect 1 lead",
        "expect 1 1/1",
        "restart 1 t1 vote 1",
        "status 1 1",
        "found 1 1,2",
        "options 1",
        "options 1 quick",
        "options 1 stable",
        "options 1 stable 256",
        "options 1 default stable 8",
        "options 1 asynchronous 8",
        "options 1 transfer-timeouts 256",
        "transfer 1",
        "write",
        "write 1 all",
        "report 1 t1",
        "report 1 7",
        "expect 1 durable",
        "show ",
    ] {
        let error = Script::parse(&format!("# nothing\n\n{text}\n"));
        match text {
            "show " => assert!(error.is_ok()),
            _ => assert_eq!(error.expect_err(text).line, 3),
        }
    }
    for text in [
        "show 1",
        "start 1\nstart 1",
        "crash 1",
        "start 1\nrestart 1",
        "start 1\ncrash 1\ntimeout 1",
        "options 1 default",
        "start 1\nwrite 1",
        "start 1\nreport 1 0/0",
        "start 1\noptions 1 asynchronous\ntear 1 0",
    ] {
        let what = check(text).expect_err(text);
        assert!(what.contains("The script can be played"), "{what}");
    }
}

/// A script comes from anywhere, a URL for example: whatever it says, it is played or refused.
#[test]
fn a_damaged_script_is_played_or_refused_and_nothing_else() {
    for path in files() {
        let text = read(&path);
        let lines: Vec<_> = text
            .lines()
            .filter(|line| !line.starts_with("  "))
            .collect();
        for damaged in 0..lines.len() {
            let mut rest = lines.clone();
            rest.remove(damaged);
            let _ = play(&rest.join("\n"));
            rest.insert(damaged, lines[lines.len() - 1 - damaged]);
            let _ = play(&rest.join("\n"));
        }
        for end in (0..text.len()).filter(|&end| text.is_char_boundary(end)) {
            let start = text[..end].rfind('\n').map_or(0, |newline| newline + 1);
            let _ = Script::parse(&text[start..end]);
        }
    }
}
