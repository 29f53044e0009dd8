//! The binary form of messages, hard state, log entries and configurations.
//!
//! One form for all transports and stores. It is compact (a call in a steady state takes 18 bytes at most), needs
//! no allocation to encode, and is canonical: one value has one encoding, and everything else is refused.
//! Decoding takes any bytes: it never panics, and never allocates more than its [`Limits`] allow. Integrity (a
//! checksum) and the length of a record are the business of the link or the store.
//!
//! ```
//! use raftbare::codec::{self, Limits};
//! use raftbare::{LogEntries, LogEntry, LogIndex, LogPosition, Message, MessageHeader, MessageSeqNo, NodeId, Term};
//!
//! let header = MessageHeader { from: NodeId::new(1), term: Term::new(3), seqno: MessageSeqNo::new(7) };
//! let prev = LogPosition { term: Term::new(3), index: LogIndex::new(16) };
//! let entries = LogEntries::from_iter(prev, [LogEntry::Command, LogEntry::Command]);
//! let call = Message::AppendEntriesCall { header, commit_index: LogIndex::new(15), entries };
//!
//! let mut buffer = [0; 32];
//! let len = codec::encode_message(&call, &mut buffer.as_mut_slice()).expect("it fits");
//! assert_eq!(buffer[..len], [0x23, 1, 3, 7, 16, 0, 1, 1, 3]);
//! assert_eq!(codec::decode_message(&buffer[..len], &Limits::default()), Ok(call));
//! ```
//!
//! # Layout
//!
//! A *number* is an unsigned LEB128 in its shortest form (1 to 10 bytes). A *difference* is a number modulo
//! 2^64; a *signed* one is zigzag-encoded first (0, -1, 1, -2 as 0, 1, 2, 3).
//!
//! The first byte is the tag: bits 5-7 the version (1), bits 3-4 the kind, bits 0-2 what follows:
//!
//! | Bits 0-2 | Value | What follows |
//! |---|---|---|
//! | 0 | `RequestVoteCall` | header, position |
//! | 1 | `RequestVoteReply`, refused | header |
//! | 2 | `RequestVoteReply`, granted | header |
//! | 3 | `AppendEntriesCall` | header, position before the entries, commit index, items |
//! | 4 | `AppendEntriesReply` | header, position |
//! | 5, kind 0 | hard state | term; vote: 0 for none, or 1 and the id |
//! | 5, kind 1 | entries | index and term of the position before them, items |
//! | 5, kind 2 | configuration | three sets |
//! | 5, kind 3 | snapshot | index and term of its position, three sets, its length, its CRC-32 |
//! | 6, kind 0 | chunk of a snapshot | id of the sender; term; the snapshot, as above without its tag; offset; the bytes, to the end |
//! | 6, kind 1 | answer to a chunk | id of the sender; term; index and term of the snapshot; its CRC-32; offset of the next chunk |
//!
//! | Part | Layout |
//! |---|---|
//! | header | id of the sender; term; sequence number |
//! | position | index; the header's term minus its term (difference) |
//! | commit index | it minus the index of the position before the entries (signed difference) |
//! | items | how many, and each: 0 for a `Term` entry, then its term minus that of the entry before (difference); 1 for a configuration, then its three sets; `n + 1` for `n` commands in a row |
//! | set | how many ids; the first id; each other minus the one before |
//!
//! An *envelope* is a message, then for each command among its entries the length of its payload (a number) and
//! the payload. A *record* is the entries with a single one among them; if that is a command, its payload follows
//! to the end. Snapshots, chunks, answers and records are those of [`replica`](crate::replica).
//!
//! The kind of a message is that of its sequence number: 1, 2 or 3 if that is what its upper 14 bits say, and then
//! only the lower 50 bits are written; otherwise 0, and all of it is.

mod decode;
mod encode;
mod envelope;
mod error;
mod layout;

pub(crate) use decode::Reader;
pub use decode::{Limits, decode_config, decode_entries, decode_hard_state, decode_message};
pub(crate) use encode::Writer;
pub use encode::{
    NoRoom, Output, encode_config, encode_entries, encode_hard_state, encode_message,
};
pub use envelope::{Payloads, decode_envelope, encode_envelope};
pub use error::{DecodeError, DecodeProblem};
pub(crate) use layout::{stored, tag, transfer};
