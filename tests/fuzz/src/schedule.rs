//! Target `schedule`: the bytes say what happens next to a cluster of three, with a fourth node to spare.
//!
//! Each three bytes are one event: what, and two arguments. So a byte that is changed changes one event, and bytes
//! that are cut out take whole events with them. Whether the nodes have stable leadership is said by the first byte.
//! Behind the end everything is healed, and the cluster has to agree.

use raftbare::{ClusterConfig, Node, NodeId};
use raftbare_sim::checker::Verdict;

use crate::Tell;

mod effects;
mod healing;
mod world;

use world::World;

/// Plays the events that the bytes stand for, then heals the cluster.
///
/// # Panics
///
/// If a guarantee of Raft is broken, by the simulator's checker, or the healed cluster does not agree.
pub fn run(bytes: &[u8], tell: Tell<'_>) {
    // The upper bits of the first byte mean nothing else.
    let is_stable = bytes.first().is_some_and(|&byte| byte >= 224);
    let mut world = World::new(is_stable);
    let mut events = bytes.chunks_exact(3);
    let verdict = events
        .try_for_each(|event| play(&mut world, event[0] % 32, event[1], event[2]))
        .and_then(|()| world.heal());
    if let Err(violation) = verdict {
        panic!("{violation}");
    }
    world.tell(tell);
}

/// One event: to a packet, to a server, or to a leader if there is one. Most are followed by all that the server
/// has to do; the others leave that for later.
fn play(world: &mut World, what: u8, first: u8, second: u8) -> Verdict {
    let server = World::id(first);
    let leader = world.leader(first).unwrap_or(server);
    let waits = second >= 192;
    match what {
        0..=12 => return world.deliver(first, waits),
        13 => world.repeat(first),
        14 => world.lose(first),
        15 => world.cut(first, second),
        16..=17 => return world.ask(server, waits, Node::handle_election_timeout),
        18 => return world.ask(leader, waits, Node::handle_election_timeout),
        19..=21 => return world.propose(leader, 1 + second % 4, waits),
        22 => return world.read(leader, waits),
        23 => {
            return world.ask(leader, waits, |node| {
                node.heartbeat();
            });
        }
        24..=25 => return world.take(server, (second % 6).into()),
        26 => return world.take(server, usize::MAX),
        27 => return world.crash(server, second),
        28..=29 => return world.restart(server),
        30 => return world.take_snapshot(server, waits),
        _ => {
            return world.ask(leader, false, |node| {
                let next = next_config(node.config(), second);
                node.propose_config(next);
            });
        }
    }
    Ok(())
}

/// The configuration that the bits ask for: four of voters, four of others.
fn next_config(config: &ClusterConfig, bits: u8) -> ClusterConfig {
    let chosen = |bits: u8| {
        let ids = 1..=World::SERVERS;
        ids.filter(move |id| bits >> (id - 1) & 1 == 1)
            .map(NodeId::new)
    };
    let mut next = config.clone();
    next.new_voters = chosen(bits).collect();
    next.non_voters = chosen(bits >> 4)
        .filter(|id| !next.voters.contains(id) && !next.new_voters.contains(id))
        .collect();
    next
}
