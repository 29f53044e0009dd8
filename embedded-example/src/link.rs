//! Links: frames over serial lines, and their way through boards that stand between.
//!
//! [`frame`] makes bytes of frames and finds them again in a noisy stream. [`Router`] says which frame leaves by which
//! port, without I/O. [`Link`] puts both between readers and writers.

pub mod frame;
mod port;
mod queue;
mod router;

pub use frame::{Frame, MAX_PAYLOAD, Receiver};
pub use port::Link;
pub use queue::Kind;
pub use router::{Counters, Router};

/// The highest address of a node: they are 1 to 15, so that tables by address are small.
pub const MAX_ADDRESS: u8 = 15;
