//! Times, taken in turns so that whatever slows the machine slows all alike, and compared within each turn.

use std::time::{Duration, Instant};

use crate::cluster::{Cluster, PEERS, REFERENCE};
use crate::workload::Workload;

/// How often all take their turn.
const TURNS: usize = 15;
/// How long a turn of the slowest takes at least.
const TURN: Duration = Duration::from_millis(10);

/// Does the same work as the others, so many times.
pub type Player<'a> = Box<dyn FnMut(u32) + 'a>;

/// How fast the crates are at one kind of work.
#[derive(Debug)]
pub struct Row {
    /// What one unit of it is.
    pub unit: &'static str,
    /// Nanoseconds that a unit takes the reference.
    pub reference_ns: f64,
    /// For each crate how often it does the work while the reference does it once: the median of all turns.
    pub speeds: Vec<f64>,
}

/// Measures one workload on all crates.
#[must_use]
pub fn measure(workload: Workload) -> Row {
    let clusters = PEERS.iter().map(|&(_, led)| workload.cluster(led));
    let player = |mut cluster: Box<dyn Cluster>| -> Player<'_> {
        Box::new(move |rounds| workload.play(cluster.as_mut(), rounds))
    };
    let players = clusters.map(player).collect();
    let reference = PEERS.iter().position(|&(name, _)| name == REFERENCE);
    let units = workload.units().into();
    compare(workload.unit, units, reference.unwrap_or_default(), players)
}

/// Lets the players take turns. One round of theirs is so many units.
#[must_use]
pub fn compare(
    unit: &'static str,
    units: u64,
    reference: usize,
    mut players: Vec<Player<'_>>,
) -> Row {
    let rounds = rounds(&mut players);
    let turns: Vec<Vec<f64>> = (0..TURNS)
        .map(|_| {
            let times = players.iter_mut().map(|player| time(player, rounds));
            times.map(|time| time.as_secs_f64()).collect()
        })
        .collect();
    let speed = |player: usize| median(turns.iter().map(|turn| turn[reference] / turn[player]));
    let seconds = median(turns.iter().map(|turn| turn[reference]));
    Row {
        unit,
        reference_ns: seconds * 1e9 / (f64::from(rounds) * units as f64),
        speeds: (0..players.len()).map(speed).collect(),
    }
}

/// As many rounds as take the slowest long enough.
fn rounds(players: &mut [Player<'_>]) -> u32 {
    let mut rounds = 1;
    loop {
        let times = players.iter_mut().map(|player| time(player, rounds));
        if times.max().is_none_or(|slowest| slowest >= TURN) {
            return rounds;
        }
        rounds *= 2;
    }
}

fn time(player: &mut Player<'_>, rounds: u32) -> Duration {
    let start = Instant::now();
    player(rounds);
    start.elapsed()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn the_median_is_the_middle_value() {
        assert!((median([9.0, 1.0, 5.0].into_iter()) - 5.0).abs() < f64::EPSILON);
        assert!(median([].into_iter()).is_nan());
    }

    #[test]
    fn all_play_the_same_number_of_rounds() {
        let (slow, fast) = (Cell::new(0), Cell::new(0));
        let players: Vec<Player<'_>> = vec![
            Box::new(|rounds| {
                slow.set(slow.get() + rounds);
                std::thread::sleep(TURN / 4 * rounds);
            }),
            Box::new(|rounds| fast.set(fast.get() + rounds)),
        ];
        let row = compare("round", 1, 0, players);
        assert!(slow.get() >= TURNS as u32 && slow.get() == fast.get());
        assert!((row.speeds[0] - 1.0).abs() < f64::EPSILON && row.speeds[1] > 1.0);
    }
}
