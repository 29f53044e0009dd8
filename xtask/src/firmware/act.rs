//! Doing what a command says.

use anyhow::{Context, Result, bail, ensure};
use std::time::{Duration, Instant};

use super::cluster::Cluster;
use super::command::{Command, HELP, Who};
use super::tear::tear;

/// How often something is tried at the leader, whoever that is then.
const TRIES: u32 = 30;

/// Does it, and waits until it is done. Returns what there is to say about it.
pub(crate) fn perform(cluster: &mut Cluster, command: &Command) -> Result<String> {
    match command {
        Command::Bench(commits) => return bench(cluster, *commits),
        Command::Idle(ms) => return idle(cluster, Duration::from_millis(*ms)),
        Command::Help => return Ok(HELP.to_owned()),
        other => act(cluster, other)?,
    }
    Ok(String::new())
}

fn act(cluster: &mut Cluster, command: &Command) -> Result<()> {
    match command {
        Command::Type(who, line) => each(cluster, *who, |cluster, id| cluster.say(id, line)),
        Command::Expect(who, text) => each(cluster, *who, |cluster, id| {
            let is_it = |line: &str| line.contains(text);
            cluster.expect(id, &format!("`{text}`"), is_it).map(drop)
        }),
        Command::Never(who, text) => each(cluster, *who, |cluster, id| {
            ensure!(!cluster.has_said(id, text)?, "node {id} has said `{text}`");
            Ok(())
        }),
        Command::Strand(rest) => strand(cluster, &format!("put {rest}")),
        Command::Forget => each(cluster, Who::All, Cluster::forget),
        Command::Elect => leader(cluster).map(drop),
        Command::Put(rest) => at_leader(cluster, &format!("put {rest}"), |answer| {
            answer.starts_with("ok ")
        }),
        Command::Get(key, value) => {
            let expected = format!("ok {key} = {value} in ");
            at_leader(cluster, &format!("get {key}"), |answer| {
                answer.starts_with(&expected)
            })
        }
        Command::Kill(who) => each(cluster, *who, Cluster::power_off),
        Command::Start(who) => each(cluster, *who, |cluster, id| match cluster.has_power(id) {
            true => Ok(()),
            false => cluster.power_on(id),
        }),
        Command::Cycle(who) => {
            let ids = ids(cluster, *who)?;
            ids.iter().try_for_each(|&id| cluster.power_off(id))?;
            ids.iter().try_for_each(|&id| cluster.power_on(id))
        }
        Command::Tear(id) => {
            ensure!(
                !cluster.has_power(*id),
                "node {id} has power: `kill` it first"
            );
            tear(&cluster.flash_of(*id))
        }
        Command::Cut(who, peer) => cut(cluster, *who, *peer, true),
        Command::Mend(who, peer) => cut(cluster, *who, *peer, false),
        Command::Wait(ms) => cluster.listen(Duration::from_millis(*ms)),
        Command::Bench(_) | Command::Idle(_) | Command::Help | Command::Quit => Ok(()),
    }
}

fn ids(cluster: &mut Cluster, who: Who) -> Result<Vec<usize>> {
    Ok(match who {
        Who::Node(id) => vec![id],
        Who::Leader => vec![leader(cluster)?],
        Who::Stranded => vec![cluster.stranded.context("no node was stranded")?],
        Who::Other => {
            let leader = leader(cluster)?;
            let mut ids = cluster.ids();
            let other = ids.find(|&id| id != leader && cluster.has_power(id));
            vec![other.context("there is no other node with power")?]
        }
        Who::All => cluster.ids().collect(),
    })
}

fn each(
    cluster: &mut Cluster,
    who: Who,
    mut act: impl FnMut(&mut Cluster, usize) -> Result<()>,
) -> Result<()> {
    let ids = ids(cluster, who)?;
    ids.into_iter().try_for_each(|id| act(cluster, id))
}

/// Waits for a node that leads, and still does after a while.
fn leader(cluster: &mut Cluster) -> Result<usize> {
    loop {
        let leader = cluster.wait_for("a leader", |cluster| cluster.leader())?;
        cluster.listen(Duration::from_millis(150))?;
        if cluster.leader() == Some(leader) {
            return Ok(leader);
        }
    }
}

/// Asks the leader, as often as it takes: it may lose its office meanwhile.
fn at_leader(cluster: &mut Cluster, line: &str, is_it: impl Fn(&str) -> bool) -> Result<()> {
    let mut last = String::new();
    for _ in 0..TRIES {
        let leader = leader(cluster)?;
        last = cluster.ask(leader, line)?;
        if is_it(&last) {
            return Ok(());
        }
        cluster.listen(Duration::from_millis(300))?;
    }
    bail!("the answer to `{line}` was `{last}`, again and again")
}

/// Cuts the leader off with a command that it has taken, and waits until another leads.
fn strand(cluster: &mut Cluster, line: &str) -> Result<()> {
    for _ in 0..TRIES {
        let leader = leader(cluster)?;
        cut(cluster, Who::Node(leader), None, true)?;
        cluster.say(leader, line)?;
        // If it is late and leads no more, it says so before it answers this.
        let answer = cluster.ask(leader, "status")?;
        if answer.starts_with("ok node") {
            cluster.stranded = Some(leader);
            return cluster.wait_for("another leader", |cluster| {
                cluster.leader().filter(|&other| other != leader).map(drop)
            });
        }
        cut(cluster, Who::Node(leader), None, false)?;
    }
    bail!("the leader never took `{line}`")
}

fn cut(cluster: &mut Cluster, who: Who, peer: Option<usize>, is_cut: bool) -> Result<()> {
    each(cluster, who, |cluster, id| {
        let mut others = cluster.ids().filter(|&other| other != id);
        match peer {
            Some(peer) => cluster.set_cut(id, peer, is_cut),
            None => others.try_for_each(|other| cluster.set_cut(id, other, is_cut)),
        }
    })
}

/// Commits one after the other, and says how long they take.
fn bench(cluster: &mut Cluster, commits: usize) -> Result<String> {
    ensure!(commits > 0, "at least one");
    let leader = leader(cluster)?;
    let (start, bytes) = (Instant::now(), cluster.wires.bytes());
    let mut times = Vec::with_capacity(commits);
    for number in 0..commits {
        let since = Instant::now();
        let answer = cluster.ask(leader, &format!("put bench {number}"))?;
        ensure!(answer.starts_with("ok "), "the answer was: {answer}");
        times.push(since.elapsed());
    }
    let seconds = start.elapsed().as_secs_f64();
    let bytes = cluster.wires.bytes() - bytes;
    times.sort_unstable();
    let rate = commits as f64 / seconds;
    let median = times[commits / 2].as_secs_f64() * 1e3;
    Ok(format!(
        "{commits} commits, one after the other: {rate:.0} a second, half of them within {median:.1} ms, \
         {} bytes on all wires for each",
        bytes / commits as u64
    ))
}

/// Says what the emulators and the wires do while nobody asks for anything.
fn idle(cluster: &mut Cluster, time: Duration) -> Result<String> {
    let (ticks, bytes) = (cluster.cpu_ticks(), cluster.wires.bytes());
    cluster.listen(time)?;
    let seconds = time.as_secs_f64();
    let bytes = (cluster.wires.bytes() - bytes) as f64 / seconds;
    let later = cluster.cpu_ticks();
    // A tick is a hundredth of a second.
    let percent = later.iter().zip(ticks).map(|(later, before)| {
        let ticks = later.saturating_sub(before);
        format!("{:.1} %", ticks as f64 / seconds)
    });
    Ok(format!(
        "idle: {bytes:.0} bytes a second on all wires; of a core of the host, the emulators take {}",
        percent.collect::<Vec<_>>().join(", ")
    ))
}
