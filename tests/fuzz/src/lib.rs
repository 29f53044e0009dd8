//! Fuzzing: any bytes become inputs of raftbare, and what must hold of any input is checked.
//!
//! | Target | What the bytes are | What is checked |
//! |---|---|---|
//! | [`codec`] | bytes from a link or a store | refused, or the one encoding of what they mean; memory within the limits |
//! | [`node`] | messages and calls of any content for one node with any options, late and wrong reports of its disk, crashes | what one node owes to anybody: [`node::checks`]; that it promises nothing which its disk does not have |
//! | [`replica`] | envelopes and calls of any content for one replica, its store at once or late, crashes and failures of it | what a replica owes to anybody; the same of its promises |
//! | [`schedule`] | what happens next to a cluster: arrivals, losses, timeouts, transfers, crashes, members, disks that get on | Raft's guarantees, by the simulator's checker; agreement once it is healed |
//!
//! The same code runs in two places. In the test command (`tests/stable.rs`), on any toolchain: the inputs kept in
//! `inputs/`, and a fixed number of executions on bytes made from them and from seeds. And under libFuzzer, which
//! looks for new inputs by what they reach: `cargo xtask fuzz --seconds N [target]` (`fuzz_targets/`).
//!
//! A driver panics when something does not hold. It also tells what it has come to, so that a test can demand that
//! its inputs get anywhere.

pub mod bytes;
pub mod codec;
pub mod node;
pub mod replica;
pub mod schedule;

/// Is told, by name, what an execution has come to.
pub type Tell<'a> = &'a mut dyn FnMut(&'static str);

/// A target: its name, and its driver.
pub type Target = (&'static str, fn(&[u8], Tell<'_>));

/// All targets.
pub const TARGETS: [Target; 4] = [
    ("codec", codec::run),
    ("node", node::run),
    ("replica", replica::run),
    ("schedule", schedule::run),
];
