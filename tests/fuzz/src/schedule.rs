//! Target `schedule`: the bytes say what happens next to a cluster of three, with a fourth node to spare.
//!
//! Each three bytes are one event: what, and two arguments. So a byte that is changed changes one event, and bytes
//! that are cut out take whole events with them. What the nodes and their disks are like is said by the first byte.
//! Behind the end everything is healed, and the cluster has to agree.

use raftbare::{ClusterConfig, Node, NodeId, NodeOptions, StableLeadership};
use raftbare_sim::checker::Verdict;
use raftbare_sim::integration::Integration;
use raftbare_sim::late::LateServer;
use raftbare_sim::server::{Payload, Server};

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
    let mut options = NodeOptions::default();
    // In worlds whose disks keep what they store, nobody is ever refused.
    options.refuses_lost_tail = true;
    options.events = true;
    options.transfer_timeouts = 2;
    // The upper bits of the first byte mean nothing else.
    let kind = bytes.first().map_or(0, |byte| byte / 32);
    options.asynchronous_storage = matches!(kind, 3 | 4);
    if let 4 | 7 = kind {
        options.stable_leadership = Some(StableLeadership::default());
    }
    if options.asynchronous_storage {
        let new = |id, options| LateServer::new(id, bytes[0].into(), options, None);
        play_all(World::new(options, kind == 4, new), bytes, tell);
    } else {
        let new = |id, _| Server::new(id, None);
        play_all(World::new(options, false, new), bytes, tell);
    }
}

fn play_all<S: Integration<Packet = Box<Payload>>>(
    mut world: World<S>,
    bytes: &[u8],
    tell: Tell<'_>,
) {
    let mut events = bytes.chunks_exact(3);
    let verdict = events
        .try_for_each(|event| {
            play(&mut world, event[0] % 32, event[1], event[2])?;
            world.let_disks_work(event[2])
        })
        .and_then(|()| world.heal());
    if let Err(violation) = verdict {
        panic!("{violation}");
    }
    world.tell(tell);
}

/// One event: to a packet, to a server, or to a leader if there is one. Most are followed by all that the server
/// has to do; the others leave that for later.
fn play<S: Integration<Packet = Box<Payload>>>(
    world: &mut World<S>,
    what: u8,
    first: u8,
    second: u8,
) -> Verdict {
    let server = world::id(first);
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
        28..=29 if world.is_down(server) => return world.restart(server),
        // A server that runs need not be started: an operator has another wish.
        28..=29 => match second % 8 {
            0..=4 => return world.transfer(leader, Some(world::id(second / 8))),
            5 => return world.transfer(leader, None),
            _ => {}
        },
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
        let ids = 1..=world::SERVERS;
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
