//! raftbare next to the crates of the same shape.
//!
//! `tests/peers.rs` shows what they do; the program of this package, how fast: `cargo xtask bench`. The same
//! deterministic [workloads](workload::WORKLOADS) run on clusters of each crate ([`cluster::PEERS`]) in one thread,
//! with a network that neither waits nor loses. Times are taken in turns and shown as ratios; instructions are
//! counted by callgrind, which runs the program with one workload of one crate.

pub mod cluster;
pub mod entries;
pub mod plot;
#[cfg(feature = "raft-rs")]
pub mod raft_rs;
pub mod times;
pub mod workload;
