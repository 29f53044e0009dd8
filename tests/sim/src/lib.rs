//! A deterministic simulator of Raft clusters: the real [`raftbare::Node`] in a world that goes wrong.
//!
//! Everything around the node is simulated: time, network, disks, callers, clients, crashes. There is one
//! source of chance, one queue of events, no thread and no I/O, so a seed is a whole run, and a
//! [`Simulation`](simulation::Simulation) that is cloned goes on the same. After every step the
//! [`Checker`](checker::Checker) compares what it sees with Raft's guarantees.
//!
//! ```
//! use raftbare_sim::simulation::Simulation;
//!
//! let mut simulation = Simulation::rough(42);
//! simulation.run(1_000).expect("no guarantee is broken");
//! ```
//!
//! An own store and transport can stand in the place of the simulated ones: see [`integration`].
#![no_std]

extern crate alloc;

pub mod checker;
pub mod disk;
pub mod flaw;
pub mod integration;
pub mod late;
pub mod medium;
pub mod network;
pub mod notation;
pub mod options;
pub mod random;
pub mod replica;
pub mod script;
pub mod server;
pub mod simulation;
pub mod state;
pub mod trace;
pub mod traffic;
pub mod write;
