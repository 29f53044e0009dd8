//! `cargo xtask test`: every step in order, each with its time against its budget, up to the first failure.

use crate::{
    bench, documented, examples, firmware, fuzz, host, kv, npm, package, panics, pico,
    say::{Look, paint},
    targets, visualizer,
};
use anyhow::{Context, Result};
use clap::{Args, builder::PossibleValuesParser};
use std::time::{Duration, Instant};

/// One step of the test command, which is also a subcommand of that name.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    what: &'static str,
    /// Seconds it may take on two cores when nothing is built yet.
    budget: u64,
    run: fn() -> Result<()>,
}

const fn step(
    name: &'static str,
    what: &'static str,
    budget: u64,
    run: fn() -> Result<()>,
) -> Step {
    Step {
        name,
        what,
        budget,
        run,
    }
}

/// The steps, in order: cheap ones first, so that a slip is shown early.
#[rustfmt::skip]
pub(crate) const STEPS: &[Step] = &[
    step("fmt",        "formatting",                                 10,  host::fmt),
    step("clippy",     "lints, with and without features",           90,  host::clippy),
    step("docs",       "documentation without a warning",            40,  host::docs),
    step("host",       "tests on this machine",                      340, host::tests),
    step("peers",      "the same programs on other crates",          40,  host::peers),
    step("gates",      "instructions, against their limits",         60,  bench::gates),
    step("fuzz",       "fuzz targets on kept and seeded inputs",     60,  fuzz::stable),
    step("examples",   "examples, run to their end",                 130, examples::run),
    step("targets",    "core for microcontrollers and WebAssembly",  240, targets::all),
    step("panics",     "panics, code and stack on a microcontroller", 100, panics::run_all),
    step("package",    "programs against the packed core",           50,  package::run),
    step("documented", "the documented crate's own tests",           70,  documented::run),
    step("npm",        "the npm package, in node and in a browser",  300, npm::run_all),
    step("journeys",   "the visualizer, in a browser",               320, visualizer::test),
    step("boards",     "firmware, and emulated microcontrollers",   400, firmware::tests),
    step("pico",       "the Pico's image on emulated chips",         120,  pico::tests),
    step("kv",         "the key-value server, its store, its chaos", 330, kv::run),
];

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// List the steps and their budgets, and run nothing
    #[arg(long)]
    list: bool,
    /// Start at this step
    #[arg(long, value_name = "STEP", value_parser = names(), conflicts_with = "only")]
    from: Option<String>,
    /// Run this step alone
    #[arg(long, value_name = "STEP", value_parser = names())]
    only: Option<String>,
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(STEPS.iter().map(|step| step.name))
}

/// A step that has ended well, and how long it took.
type Done<'a> = (&'a Step, Duration);

pub(crate) fn run(options: &Options) -> Result<()> {
    let chosen = chosen(options.from.as_deref(), options.only.as_deref());
    if options.list {
        print!("{}", list(chosen));
        return Ok(());
    }
    let mut done: Vec<Done<'_>> = Vec::new();
    for step in chosen {
        let title = format!("=== {}: {}", step.name, step.what);
        eprintln!("\n{} (budget {} s)", paint(Look::Bold, &title), step.budget);
        let start = Instant::now();
        let result = (step.run)();
        let time = start.elapsed();
        if result.is_err() {
            eprint!("{}", summary(&done, Some((step, time))));
        }
        result.with_context(|| failure(step))?;
        eprintln!("{}", line(step, time, verdict(step, time)));
        done.push((step, time));
    }
    eprint!("{}", summary(&done, None));
    Ok(())
}

fn chosen<'a>(from: Option<&str>, only: Option<&str>) -> &'a [Step] {
    let index = |name: Option<&str>| STEPS.iter().position(|step| Some(step.name) == name);
    match (index(from), index(only)) {
        (_, Some(only)) => &STEPS[only..=only],
        (Some(from), None) => &STEPS[from..],
        (None, None) => STEPS,
    }
}

fn list(steps: &[Step]) -> String {
    let rows = steps
        .iter()
        .map(|step| format!("{:<12} {:>4} s  {}\n", step.name, step.budget, step.what));
    let total: u64 = steps.iter().map(|step| step.budget).sum();
    rows.chain([format!("{:<12} {total:>4} s\n", "all")])
        .collect()
}

fn failure(step: &Step) -> String {
    let name = step.name;
    format!(
        "step `{name}` failed\n  \
         this step alone:  cargo xtask {name}\n  \
         from here on:     cargo xtask test --from {name}"
    )
}

fn verdict(step: &Step, time: Duration) -> String {
    if time.as_secs() < step.budget {
        paint(Look::Good, "ok")
    } else {
        paint(Look::Late, "ok, but over its budget")
    }
}

fn line(step: &Step, time: Duration, verdict: impl AsRef<str>) -> String {
    let seconds = time.as_secs_f64();
    let (name, budget) = (step.name, step.budget);
    format!(
        "{name:<12} {seconds:>6.1} s of {budget:>4} s  {}",
        verdict.as_ref()
    )
}

fn summary(done: &[Done<'_>], failed: Option<Done<'_>>) -> String {
    let mut text = format!("\n{}\n", paint(Look::Bold, "=== summary"));
    for (step, time) in done {
        text += &format!("{}\n", line(step, *time, verdict(step, *time)));
    }
    if let Some((step, time)) = failed {
        text += &format!("{}\n", line(step, time, paint(Look::Bad, "failed")));
    }
    let all = || done.iter().copied().chain(failed);
    let seconds: f64 = all().map(|(_, time)| time.as_secs_f64()).sum();
    let budget: u64 = all().map(|(step, _)| step.budget).sum();
    text + &format!("{:<12} {seconds:>6.1} s of {budget:>4} s\n", "all")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_of(steps: &[Step]) -> Vec<&str> {
        steps.iter().map(|step| step.name).collect()
    }

    #[test]
    fn budgets_fit_in_45_minutes() {
        let total: u64 = STEPS.iter().map(|step| step.budget).sum();
        assert!(total <= 45 * 60, "{total} s");
    }

    #[test]
    fn steps_are_chosen_by_name() {
        assert_eq!(names_of(chosen(None, None)), names_of(STEPS));
        assert_eq!(names_of(chosen(None, Some("docs"))), ["docs"]);
        let last = STEPS[STEPS.len() - 1].name;
        assert_eq!(names_of(chosen(Some(last), None)), [last]);
    }

    #[test]
    fn list_has_every_step_and_the_sum() {
        let list = list(STEPS);
        assert_eq!(list.lines().count(), STEPS.len() + 1);
        assert!(
            list.starts_with("fmt            10 s  formatting\n"),
            "{list}"
        );
    }

    #[test]
    fn summary_tells_what_failed_and_adds_up() {
        let done = [(&STEPS[0], Duration::from_millis(1500))];
        let text = summary(&done, Some((&STEPS[1], Duration::from_secs(2))));
        assert!(text.contains("fmt             1.5 s of   10 s"), "{text}");
        assert!(text.contains("clippy          2.0 s of   90 s"), "{text}");
        assert!(text.contains("all             3.5 s of  100 s"), "{text}");
    }
}
