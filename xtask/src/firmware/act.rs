//! Doing what a command says.

use anyhow::{Context, Result, bail, ensure};
use std::time::{Duration, Instant};

use super::cluster::Cluster;
use super::command::{Command, HELP, Who};
use super::tear::tear;

/// How often something is tried at the leader, whoever that is then.
const TRIES: u32 = 30;

/// Does it, and waits until it is done.
pub(crate) fn perform(cluster: &mut Cluster, command: &Command) -> Result<()> {
    match command {
        Command::Type(who, line) => each(cluster, *who, |cluster, id| cluster.say(id, line)),
        Command::Expect(who, text) => each(cluster, *who, |cluster, id| {
            let is_it = |line: &str| line.contains(text);
            cluster.expect(id, &format!("`{text}`"), is_it).map(drop)
        }),
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
        Command::Bench(commits) => bench(cluster, *commits),
        Command::Help => {
            println!("{HELP}");
            Ok(())
        }
        Command::Quit => Ok(()),
    }
}

fn ids(cluster: &mut Cluster, who: Who) -> Result<Vec<usize>> {
    Ok(match who {
        Who::Node(id) => vec![id],
        Who::Leader => vec![leader(cluster)?],
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

fn cut(cluster: &mut Cluster, who: Who, peer: Option<usize>, is_cut: bool) -> Result<()> {
    each(cluster, who, |cluster, id| {
        for other in cluster
            .ids()
            .filter(|&other| peer.is_none_or(|peer| peer == other))
        {
            cluster.wires.set_cut(id, other, is_cut);
        }
        Ok(())
    })
}

/// Commits one after the other, and says how long they take.
fn bench(cluster: &mut Cluster, commits: usize) -> Result<()> {
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
    let ticks: Vec<_> = cluster
        .nodes
        .iter()
        .map(|node| node.machine.as_ref()?.cpu_ticks())
        .collect();
    println!(
        "{commits} commits, one after the other: {rate:.0} a second, half of them within {median:.1} ms, \
         {} bytes on all wires for each; processor ticks of the emulators so far {ticks:?}",
        bytes / commits as u64
    );
    Ok(())
}
