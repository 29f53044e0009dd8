//! Runs many simulated worlds, as `cargo xtask simulate` does; replays and shrinks what goes wrong.

use std::io::{IsTerminal, Write, stderr};
use std::ops::Range;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use raftbare::NodeOptions;
use raftbare_sim::checker::{Verdict, Violation};
use raftbare_sim::integration::Integration;
use raftbare_sim::late;
use raftbare_sim::options::Options;
use raftbare_sim::random::Random;
use raftbare_sim::replica::{self, Manner};
use raftbare_sim::simulation::{Counts, Simulation};

/// Simulate Raft clusters in a world that goes wrong, and check Raft's guarantees after every step.
///
/// Each seed is a world of its own: so many steps of trouble, then everything is healed, and the cluster has to
/// come to agree. Exit codes: 0 nothing is broken, 1 something is, 2 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "simulate", bin_name = "cargo xtask simulate")]
struct Arguments {
    /// Seeds to run: from A up to B, B not included
    #[arg(long, value_name = "A..B", default_value = "0..1000", value_parser = parse_range)]
    seeds: Range<u64>,
    /// Steps of trouble in each world
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    steps: u64,
    /// Troubles to switch off, separated by commas
    #[arg(long, value_name = "TROUBLE", value_delimiter = ',', value_parser = clap::builder::PossibleValuesParser::new(Options::TROUBLES))]
    without: Vec<String>,
    /// Simulate replicas, with their disks, snapshots in chunks and waiting clients, in place of bare nodes
    #[arg(long)]
    replicas: bool,
    /// Simulate nodes whose disks take their time, and report what they have stored
    #[arg(long, conflicts_with = "replicas")]
    late_disks: bool,
    /// Let leaders be told to hand over, and nodes do more than the basic algorithm, by chance
    #[arg(long, conflicts_with = "replicas")]
    options: bool,
    /// Show the last N events of a world that breaks
    #[arg(long, value_name = "N", default_value_t = 0)]
    trace: usize,
}

fn parse_range(text: &str) -> Result<Range<u64>, String> {
    let wrong = || format!("`{text}` is not of the form A..B with A below B");
    let (start, end) = text.split_once("..").ok_or_else(wrong)?;
    let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
    let range = number(start)?..number(end)?;
    if range.is_empty() {
        Err(wrong())
    } else {
        Ok(range)
    }
}

/// A world that broke.
#[derive(Debug, Clone)]
struct Broken {
    seed: u64,
    /// The step that broke it.
    step: u64,
    without: Vec<String>,
    violation: Violation,
}

/// What was done, over all threads.
#[derive(Debug, Default)]
struct Progress {
    next_seed: AtomicU64,
    worlds: AtomicU64,
    steps: AtomicU64,
    faults: AtomicU64,
    elections: AtomicU64,
    broken: Mutex<Vec<Broken>>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let progress = Progress {
        next_seed: AtomicU64::new(arguments.seeds.start),
        ..Progress::default()
    };
    let start = Instant::now();
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let handles: Vec<_> = (0..workers)
            .map(|_| scope.spawn(|| work(&arguments, &progress)))
            .collect();
        let mut shown = start;
        while !handles.iter().all(thread::ScopedJoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(100));
            let pause = if stderr().is_terminal() { 1 } else { 20 };
            if shown.elapsed() >= Duration::from_secs(pause) {
                shown = Instant::now();
                show(&arguments, &progress, start, false);
            }
        }
    });
    show(&arguments, &progress, start, true);
    let mut broken = progress
        .broken
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    broken.sort_by_key(|broken| broken.seed);
    for broken in broken.iter().take(3) {
        report(&arguments, broken);
    }
    match broken.len() {
        0 => ExitCode::SUCCESS,
        worlds => {
            eprintln!("error: {worlds} worlds broke");
            ExitCode::FAILURE
        }
    }
}

/// Takes one seed after the other.
fn work(arguments: &Arguments, progress: &Progress) {
    loop {
        let seed = progress.next_seed.fetch_add(1, Ordering::Relaxed);
        let enough = progress
            .broken
            .lock()
            .is_ok_and(|broken| broken.len() >= 100);
        if seed >= arguments.seeds.end || enough {
            return;
        }
        let (counts, broken) = run(arguments, seed, arguments.steps, &arguments.without, |_| {});
        progress.worlds.fetch_add(1, Ordering::Relaxed);
        progress.steps.fetch_add(counts.steps, Ordering::Relaxed);
        progress
            .faults
            .fetch_add(counts.faults + counts.crashes, Ordering::Relaxed);
        progress
            .elections
            .fetch_add(counts.elections, Ordering::Relaxed);
        if let (Some(broken), Ok(mut all)) = (broken, progress.broken.lock()) {
            all.push(broken);
        }
    }
}

/// Runs one world to its end. `watch` may ask for the next event before each step of trouble.
fn run(
    arguments: &Arguments,
    seed: u64,
    steps: u64,
    without: &[String],
    watch: impl FnMut(&dyn Fn() -> Option<String>),
) -> (Counts, Option<Broken>) {
    let (mut options, nodes) = match arguments.options {
        false => (Options::rough(&mut Random::new(!seed)), None),
        true => {
            let (options, nodes) = Options::rough_with_nodes(&mut Random::new(!seed));
            (options, Some(nodes))
        }
    };
    without
        .iter()
        .for_each(|trouble| assert!(options.switch_off(trouble), "clap knows the troubles"));
    let (counts, verdict) = if arguments.replicas {
        let manner = Manner::of_seed(seed);
        let world = replica::world::<Vec<u8>>(seed, options, manner, None);
        run_world(world, steps, watch)
    } else if arguments.late_disks {
        run_nodes(late::world(seed, options, None), nodes, steps, watch)
    } else {
        run_nodes(Simulation::new(seed, options), nodes, steps, watch)
    };
    let broken = verdict.err().map(|violation| Broken {
        seed,
        step: counts.steps,
        without: without.to_vec(),
        violation,
    });
    (counts, broken)
}

/// As [`run_world`], with these options for the nodes.
fn run_nodes<I: Integration>(
    mut world: Simulation<I>,
    nodes: Option<NodeOptions>,
    steps: u64,
    watch: impl FnMut(&dyn Fn() -> Option<String>),
) -> (Counts, Verdict) {
    if let Some(nodes) = nodes {
        world.set_node_options(nodes);
    }
    run_world(world, steps, watch)
}

fn run_world<I: Integration>(
    mut world: Simulation<I>,
    steps: u64,
    mut watch: impl FnMut(&dyn Fn() -> Option<String>),
) -> (Counts, Verdict) {
    let mut verdict = Ok(());
    for _ in 0..steps {
        watch(&|| world.next_event());
        verdict = world.step();
        if verdict.is_err() {
            break;
        }
    }
    let verdict = verdict
        .and_then(|()| world.heal())
        .and_then(|()| world.run_until_live(Options::LIVE_WITHIN_US));
    (world.counts(), verdict)
}

/// Looks for the shortest run that still breaks, with as little trouble as possible.
fn shrink(arguments: &Arguments, broken: &Broken) -> Broken {
    let mut shortest = broken.clone();
    for trouble in Options::TROUBLES {
        let mut without = shortest.without.clone();
        if without.iter().any(|it| it == trouble) {
            continue;
        }
        without.push((*trouble).to_owned());
        if let (_, Some(found)) = run(arguments, broken.seed, arguments.steps, &without, |_| {})
            && found.violation.property == broken.violation.property
            && found.step <= shortest.step
        {
            shortest = found;
        }
    }
    shortest
}

fn report(arguments: &Arguments, broken: &Broken) {
    let shortest = shrink(arguments, broken);
    eprintln!(
        "\nseed {} breaks at step {}: {}",
        broken.seed, broken.step, broken.violation
    );
    let without = match shortest.without.join(",") {
        list if list.is_empty() => list,
        list => format!(" --without {list}"),
    };
    let (seed, steps) = (shortest.seed, arguments.steps.min(shortest.step));
    eprintln!("shortest: step {}. To see it again:", shortest.step);
    let chosen = [
        (arguments.replicas, "--replicas "),
        (arguments.late_disks, "--late-disks "),
        (arguments.options, "--options "),
    ];
    let kind: String = chosen.iter().filter(|it| it.0).map(|it| it.1).collect();
    eprintln!(
        "  cargo xtask simulate {kind}--seeds {seed}..{} --steps {steps}{without} --trace 50",
        seed + 1
    );
    if arguments.trace > 0 {
        let mut lines = std::collections::VecDeque::new();
        run(arguments, seed, steps, &shortest.without, |event| {
            lines.push_back(event().unwrap_or_default());
            if lines.len() > arguments.trace {
                lines.pop_front();
            }
        });
        lines.iter().for_each(|line| eprintln!("{line}"));
        eprintln!("{}", shortest.violation);
    }
}

fn show(arguments: &Arguments, progress: &Progress, start: Instant, is_last: bool) {
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let steps = of(&progress.steps);
    let line = format!(
        "{} of {} worlds, {steps} steps ({:.1} million a second), {} faults, {} elections, {} broken",
        of(&progress.worlds),
        arguments.seeds.end - arguments.seeds.start,
        steps as f64 / 1e6 / start.elapsed().as_secs_f64(),
        of(&progress.faults),
        of(&progress.elections),
        progress.broken.lock().map_or(0, |broken| broken.len()),
    );
    let (before, after) = if stderr().is_terminal() {
        ("\r\x1b[K", "")
    } else {
        ("", "\n")
    };
    eprint!("{before}{line}{}", if is_last { "\n" } else { after });
    let _ = stderr().flush();
}
