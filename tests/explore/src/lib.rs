//! Explores a small cluster to the end: every state that it can get into within given [`Bounds`](bounds::Bounds), each
//! checked.
//!
//! What is explored is the real [`raftbare::Node`] in the simulator's [`Server`](raftbare_sim::server::Server), which
//! executes its actions. A state of the cluster is what the servers are in memory and on disk, which messages are in
//! flight, what has been true before ([`History`](history::History)), and how much trouble is left of the bounds.
//!
//! - A step is one input of one server, and then all of its actions; or none of them yet; or a crash after some, which
//!   loses all that is not on the disk ([`step`]).
//! - A disk may take its time: then what it is to write waits in the server's state, and that it writes and reports is a
//!   step of its own. A crash leaves any number of the writes that waited, the last of them in part.
//! - A message may be lost (it just never arrives), overtaken, and, within the bounds, arrive twice or cut short. Two
//!   equal messages in flight at the same time are one.
//! - Local states, messages and histories are numbered, and a step of a server is computed once: after that it is a
//!   look-up ([`explorer`]). A state of the cluster is a row of numbers, kept whole, not as a fingerprint, in a tree
//!   of pairs ([`rows`]): about 30 bytes each, so that 10^8 states fit in a few GiB.
//! - States are visited in the order of their distance from the start, so what is found first has a shortest path. It
//!   is written as a script of the simulator ([`trace`]).
//!
//! ```
//! use raftbare_explore::{bounds::Bounds, explorer::Explorer};
//!
//! let bounds = Bounds { timeouts: 1, max_term: 1, ..Bounds::default() };
//! let report = Explorer::new(bounds).run(10_000, |_| {}).expect("nothing is broken");
//! assert!(report.is_complete);
//! ```

pub mod bounds;
pub mod budget;
pub mod explorer;
pub mod history;
pub mod properties;
pub mod rows;
pub mod step;
pub mod trace;
