//! How rough a world is, and what its nodes do, as integers in the order of `js/src/simulator/options.ts`.

use super::parts::numbers;
use crate::bytes::{Put, node_options, raw_node_options};
use alloc::vec::Vec;
use raftbare::NodeOptions;
use raftbare_sim::options::Options;

/// Reads what [`put`] writes.
pub(super) fn read(argument: &[u8]) -> (Options, NodeOptions) {
    let mut given = numbers(argument);
    let mut next = || given.next().unwrap_or_default();
    let options = Options {
        servers: next(),
        voters: next(),
        loss: next(),
        duplication: next(),
        truncation: next(),
        delay_us: next(),
        straggling: next(),
        partial_drain: next(),
        crash_in_drain: next(),
        fault_every_us: next(),
        client_every_us: next(),
        burst: next(),
        transfers: next(),
        membership: next() > 0,
        snapshots: next() > 0,
    };
    let [silent_timeouts, switches, transfer_timeouts] =
        [next(), next(), next()].map(|number| u8::try_from(number).unwrap_or(u8::MAX));
    let nodes = node_options(silent_timeouts, switches, transfer_timeouts);
    (options, nodes)
}

/// Appends the options of a world and of its nodes.
pub(super) fn put(options: &Options, nodes: &NodeOptions, result: &mut Vec<u8>) {
    for number in [
        options.servers,
        options.voters,
        options.loss,
        options.duplication,
        options.truncation,
        options.delay_us,
        options.straggling,
        options.partial_drain,
        options.crash_in_drain,
        options.fault_every_us,
        options.client_every_us,
        options.burst,
        options.transfers,
        u64::from(options.membership),
        u64::from(options.snapshots),
    ] {
        result.number(number);
    }
    for number in raw_node_options(nodes) {
        result.number(u64::from(number));
    }
}
