//! What is said over a connection, after `transport.rs` has made frames of it.
//!
//! The first frame is a [`Hello`], answered by a [`Welcome`]. On the connection of a node, every further frame is an
//! envelope of the replica, in one direction only. On that of a client, requests and answers take turns.

use serde::{Deserialize, Serialize};

use crate::state::{Outcome, Write};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hello {
    Client,
    /// A node, and the node that it expects at the other end.
    Node {
        from: u64,
        to: u64,
    },
}

/// Whether the connection is taken; if not, why.
pub type Welcome = Result<(), String>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    Open,
    Write {
        session: u64,
        number: u64,
        write: Write,
    },
    Get {
        key: String,
    },
    AddNode {
        id: u64,
        address: String,
    },
    RemoveNode {
        id: u64,
    },
    TransferLeadership {
        to: u64,
    },
    Status,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    Written(Outcome),
    Value(Option<String>),
    /// The members, or the leader, are those that were asked for.
    Changed,
    Status(Box<Status>),
    /// Ask there. Nothing was done.
    NotLeader(Option<Leader>),
    /// Ask again, here or elsewhere. Nothing was done.
    TryAgain(String),
    /// It may have been done or not. To ask again is right where that does no harm: a write of a session, a read.
    Unknown,
    /// It cannot be done.
    Refused(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leader {
    pub id: u64,
    /// Where the node that answers would look for it.
    pub address: Option<String>,
}

/// What a node tells of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub id: u64,
    pub role: String,
    pub term: u64,
    pub leader: Option<u64>,
    /// The last index in the log; what is committed of it; what is applied.
    pub last: u64,
    pub commit: u64,
    pub applied: u64,
    /// The index of the snapshot.
    pub snapshot: u64,
    pub voters: Vec<u64>,
    /// Those of the next configuration, during a change.
    pub new_voters: Vec<u64>,
    /// Those that get the log and do not vote, or not yet.
    pub non_voters: Vec<u64>,
    /// Snapshots under way to others: to whom, bytes there, bytes in all.
    pub sending: Vec<(u64, u64, u64)>,
    /// The snapshot that comes in: bytes here, bytes in all.
    pub receiving: Option<(u64, u64)>,
    pub meter: Meter,
}

/// Where the time of a node goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// Nanoseconds in the replica.
    pub core_ns: u64,
    /// Nanoseconds in the store.
    pub store_ns: u64,
    /// Nanoseconds since the start.
    pub total_ns: u64,
    /// Durable transactions.
    pub transactions: u64,
}
