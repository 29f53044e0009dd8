//! A durable replicated key-value server on [`raftbare`]: what stands around a [`Replica`](raftbare::replica::Replica)
//! in a real service, to be read, and to be copied for your own.
//!
//! | File | What |
//! |---|---|
//! | `state.rs` | the state that is replicated: pairs, sessions, addresses; commands and what they do |
//! | `node.rs`, `node/` | the loop around the replica: inputs, store, outputs; what clients ask, and who waits |
//! | `store.rs` | the store: one durable redb transaction per batch |
//! | `transport.rs` | frames, and links to the other nodes: TCP that connects again |
//! | `protocol.rs` | what clients and nodes say to each other |
//! | `server.rs` | the process: port, connections, signals, exit codes |
//! | `client.rs` | the client: finds the leader, writes exactly once |
//! | `record.rs` | what a node does, as JSON lines for the visualizer |
//! | `processes.rs`, `cluster.rs` | three processes, and a table of them |
//! | `bench.rs` | commits per second and latency |
//!
//! The replicated state is in memory and in the store; it is as large as memory allows.

pub mod bench;
pub mod client;
pub mod cluster;
pub mod failure;
pub mod node;
pub mod processes;
pub mod protocol;
pub mod record;
pub mod server;
pub mod state;
pub mod store;
pub mod transport;
