//! placeholder
#![no_std]
extern crate alloc;
mod ids; mod position; mod role; mod config; mod entries; mod log; mod quorum; mod message; mod action; mod replication; mod node; mod notation;
pub use action::{Action, Actions};
pub use config::ClusterConfig;
pub use entries::{LogEntries, LogEntry};
pub use ids::{LogIndex, MessageSeqNo, NodeId, Term};
pub use log::{CommitStatus, Log};
pub use message::{Message, MessageHeader};
pub use node::Node;
pub use node::{ReadStatus, ReadToken};
pub use position::LogPosition;
pub use role::Role;
