//! Programs that check the core on an emulated Cortex-M3, in a time of its own: the same in each run.

use anyhow::{Context, Result, ensure};
use std::path::Path;

use super::{build, emulator};
use crate::process::{cargo, program, run_and_read};
use crate::say;

/// Steps and seeds of the worlds that run on the host and on the emulated machine.
const STEPS: &str = "100000";
const SEEDS: [&str; 2] = ["1", "2"];

/// Runs all of them.
pub(crate) fn all() -> Result<()> {
    emulator::install()?;
    let programs = build::package("qemu-checks", "thumbv7m-none-eabi", &[])?;
    emulate(&programs.join("memory"), &[])?;
    compare_traces(&programs.join("trace"))
}

/// The same seeds have the same hashes on the host and on the machine, and a second run there is the same to the last
/// instruction.
fn compare_traces(program: &Path) -> Result<()> {
    let arguments: Vec<&str> = [STEPS].into_iter().chain(SEEDS).collect();
    let mut host = cargo();
    host.args(["run", "--quiet", "--locked", "--release"])
        .args(["-p", "raftbare-sim", "--example", "trace", "--"])
        .args(&arguments);
    let host = run_and_read(&mut host)?;
    let first = emulate(program, &arguments)?;
    let (traces, time) = traces_and_time(&first).context("the machine has said nothing")?;
    ensure!(
        traces == host,
        "the host and the emulated machine do not agree"
    );
    let second = emulate(program, &arguments)?;
    ensure!(first == second, "the second run is another one");
    say::note(&format!(
        "{} worlds of {STEPS} steps: the same hashes as on the host, twice, in {time}",
        traces.lines().count()
    ));
    Ok(())
}

/// All lines but the last, and the last.
fn traces_and_time(said: &str) -> Option<(&str, &str)> {
    let start = said.trim_end().rfind('\n')? + 1;
    let (traces, time) = said.split_at_checked(start)?;
    Some((traces, time.trim_end()))
}

/// Runs a program on a machine whose clock counts its instructions; fails if the program does.
fn emulate(firmware: &Path, arguments: &[&str]) -> Result<String> {
    let name = firmware.file_name().unwrap_or_default().to_string_lossy();
    let words = [name.as_ref()].into_iter().chain(arguments.iter().copied());
    let words: String = words.map(|word| format!(",arg={word}")).collect();
    let mut command = program("qemu-system-arm");
    command
        .args(["-machine", "mps2-an385", "-icount", "shift=0,sleep=off"])
        .args(["-display", "none", "-monitor", "none", "-serial", "none"])
        .args(["-nodefaults", "-nic", "none"])
        .arg("-semihosting-config")
        .arg(format!("enable=on,target=native{words}"))
        .arg("-kernel")
        .arg(firmware);
    run_and_read(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_the_last_line() {
        assert_eq!(
            traces_and_time("one\ntwo\n3 ticks\n"),
            Some(("one\ntwo\n", "3 ticks"))
        );
        assert_eq!(traces_and_time(""), None);
    }
}
