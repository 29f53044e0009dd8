//! The rules of `raftbare::replica`, a module for each group, a test for each sentence.
//!
//! The harness checks on the way, after every input and for every output, that what is said is stored, that what
//! is applied is decided, and that the payloads are those of the log.

mod asynchronous; // thesis §10.2.1
mod bounds;
mod chaos; // all at once
mod checks; // the harness: what always holds
mod cluster; // the harness: replicas and a network
mod codec;
mod counts;
mod o1_proof;
mod o2_order;
mod o3_payloads;
mod o4_apply;
mod o5_tickets;
mod o6_cuts;
mod o7_leaders;
mod o7_snapshots;
mod o7_strange;
mod o7_taking;
mod o8_reads;
mod o9_crashes;
mod o9_stored;
mod outputs; // the harness: what comes out, executed and checked
mod stable;
mod store; // the harness: what is stored
mod words; // what people read
