//! Running programs and knowing folders: the only file that starts a process.

use crate::say;
use anyhow::{Context, Result, bail};
use std::{
    env,
    ffi::OsStr,
    io::{BufRead, BufReader},
    path::{MAIN_SEPARATOR, Path, PathBuf},
    process::{Command, Stdio},
};

/// The root folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let xtask = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask.parent().map_or(xtask.clone(), Path::to_path_buf)
}

/// Where builds go: the user's `CARGO_TARGET_DIR`, else `target` in the workspace.
pub(crate) fn target_dir() -> PathBuf {
    // `join` keeps an absolute path as it is.
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The cargo that runs this task, in the root of the workspace.
pub(crate) fn cargo() -> Command {
    program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A program in the root of the workspace, without standard input.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// Whether a program of that name can be found.
pub(crate) fn is_installed(name: &str) -> bool {
    let name = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::var_os("PATH")
        .is_some_and(|path| env::split_paths(&path).any(|dir| dir.join(&name).is_file()))
}

/// Shows the command, runs it with its output streaming through, and fails if it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = shown(command);
    say::command(&line);
    let status = command
        .status()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// As [`run`], and returns what the command wrote to standard output.
pub(crate) fn run_and_read(command: &mut Command) -> Result<String> {
    let line = shown(command);
    say::command(&line);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{line}`"))?;
    let mut text = String::new();
    if let Some(stdout) = child.stdout.take() {
        for output in BufReader::new(stdout).lines() {
            let output = output.with_context(|| format!("cannot read the output of `{line}`"))?;
            println!("{output}");
            text.push_str(&output);
            text.push('\n');
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(text)
}

/// Standard output of a command that may fail, without showing anything.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What the command answers, without showing anything; `None` if it fails or is not there.
pub(crate) fn ask(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// The command as a person would type it in the root of the workspace.
pub(crate) fn shown(command: &Command) -> String {
    let own_cargo = env::var_os("CARGO").is_some_and(|cargo| cargo == command.get_program());
    let program = if own_cargo {
        "cargo".to_owned()
    } else {
        quoted(command.get_program())
    };
    let inherited_path = env::var("PATH").unwrap_or_default();
    let set = command.get_envs().filter_map(|(name, value)| {
        let value = value?.to_str()?.replace(&inherited_path, "$PATH");
        Some(format!("{}={}", name.to_str()?, quoted(value.as_ref())))
    });
    let arguments = command.get_args().map(quoted);
    let line: Vec<_> = set.chain([program]).chain(arguments).collect();
    line.join(" ")
        .replace(&format!("{}{MAIN_SEPARATOR}", root().display()), "")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.is_empty() || word.contains([' ', '*', ';', '&', '|', '<', '>', '(', ')']) {
        format!("'{word}'")
    } else {
        word.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_as_typed() {
        let mut command = Command::new("rustdoc");
        command
            .args(["--test", "a b"])
            .env("FLAGS", "-D warnings")
            .env_remove("RUSTC");
        assert_eq!(shown(&command), "FLAGS='-D warnings' rustdoc --test 'a b'");
    }

    #[test]
    fn root_holds_the_workspace() {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"), "{manifest}");
    }

    #[test]
    fn missing_programs_are_noticed() {
        assert!(!is_installed("there-is-no-such-program"));
        assert_eq!(ask(&mut Command::new("there-is-no-such-program")), None);
    }
}
