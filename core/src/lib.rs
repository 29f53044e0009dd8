//! Raft without I/O: a state machine for one node of a cluster, for microcontrollers, browsers and servers.
//!
//! [`Node`] takes messages, timeouts and proposals, and leaves [`Actions`]: what to store, what to send, when
//! to wake it. It reads no clock, draws no random number, opens nothing, calls nobody, and does not panic.
//! It is `no_std` with `alloc`, and needs no memory for the commands it replicates: these stay with the user.
//!
//! ```
//! use raftbare::{Action, Message, Node, NodeId};
//! use std::collections::VecDeque;
//!
//! /// Executes what the nodes ask for until there is nothing left to do.
//! fn run(nodes: &mut [Node]) {
//!     let mut network: VecDeque<(NodeId, Message)> = VecDeque::new();
//!     loop {
//!         for node in nodes.iter_mut() {
//!             let peers: Vec<NodeId> = node.peers().collect();
//!             for action in node.actions_mut() {
//!                 match action {
//!                     Action::SetElectionTimeout => { /* restart the timer of this node */ }
//!                     Action::SaveCurrentTerm => { /* store `current_term()`, and sync */ }
//!                     Action::SaveVotedFor => { /* store `voted_for()`, and sync */ }
//!                     Action::BroadcastMessage(message) => {
//!                         network.extend(peers.iter().map(|&to| (to, message.clone())));
//!                     }
//!                     Action::AppendLogEntries(_entries) => { /* store the entries, and sync */ }
//!                     Action::SendMessage(to, message) => network.push_back((to, message)),
//!                     Action::InstallSnapshot(_to) => { /* send a snapshot */ }
//!                 }
//!             }
//!         }
//!         let Some((to, message)) = network.pop_front() else { break };
//!         let node = nodes.iter_mut().find(|node| node.id() == to);
//!         node.expect("messages go to members").handle_message(message);
//!     }
//! }
//!
//! let ids = [1, 2, 3].map(NodeId::new);
//! let mut nodes = ids.map(Node::start);
//! nodes[0].create_cluster(&ids);
//! run(&mut nodes);
//! assert!(nodes[0].role().is_leader());
//!
//! let position = nodes[0].propose_command();
//! run(&mut nodes);
//! assert!(nodes[0].get_commit_status(position).is_committed());
//! ```
//!
//! # Which layer do I use?
//!
//! [`Replica`](replica::Replica) is a [`Node`] with what stands around one in every program: the commands, the
//! clients that wait, snapshots, bounds; and the order below is the only one that compiles. Take it, unless you want
//! full control. The module [`replica`] compares the two.
//!
//! # How to integrate a `Node`: the order that keeps you safe
//!
//! 1. **One loop owns the node.** Give it an input (a message, a timeout, a proposal), then take the actions
//!    and execute them in the order in which [`Actions`] yields them. Several inputs before the actions are
//!    fine, and cheaper: what waits merges.
//! 2. **Durable before sent.** `SaveCurrentTerm`, `SaveVotedFor` and `AppendLogEntries` are done when the
//!    medium has them (fsync), not when they are written. Only then execute what comes after. A broadcast
//!    comes before the append on purpose: a leader may send while its own disk works, since it does not count
//!    itself before the append was taken. (Where storing takes its time, let the node go on meanwhile:
//!    [`NodeOptions::asynchronous_storage`].) What one drain asks to store may go into one transaction. A failed
//!    sync is not to be tried again: stop the node.
//! 3. **Term before vote.** A crash between the two saves leaves the new term with the vote of an older one.
//!    That is harmless: at worst the node refuses a vote, and a candidate that it names is checked again.
//! 4. **Append means: truncate, then append.** Drop what is stored after `entries.prev_position()`, then
//!    write. Entries are overwritten only where they were never committed.
//! 5. **Commands are yours.** `propose_command` returns the position under which the command is to be kept.
//!    When an `AppendEntriesCall` is sent, send the commands of its entries along; when one arrives, keep them
//!    by *position*, not by index alone, and drop what an append overwrites. Keep a command as long as an
//!    entry for it is in the log or in a message that waits. A call can be cut with
//!    [`LogEntries::truncate`] where a command is missing or the message gets too large.
//! 6. **Apply in order, once.** All entries up to [`Node::commit_index`] may be applied, whatever role the
//!    node has. Store the applied index together with the applied state, or rebuild the state from the
//!    snapshot at a restart: the commit index then starts at the snapshot and comes back from the leader.
//! 7. **Answer a client** when [`Node::get_commit_status`] of its position is `Committed` and it is applied.
//!    `Rejected` means that it surely never happens: try again at the leader ([`Node::leader_id`]).
//! 8. **Read** by [`Node::read_index`], not from the state of a node that believes to be the leader.
//! 9. **Snapshot** what is applied: [`Log::get_position_and_config`] for its index, store both with the
//!    state, durably, then [`Node::handle_snapshot_installed`], then drop the commands up to there. On
//!    [`Action::InstallSnapshot`] send the newest one; the receiver stores it before it makes the same call.
//! 10. **Restart** by [`Node::restart`] with what was stored: [`Log::new`] takes the snapshot's configuration
//!     and the entries after it. If the stored entries do not contain the snapshot's position, they are not
//!     its continuation: start with none. A node that has lost its storage is a new node, with a new
//!     identifier: under its old one it could vote twice.
//!
//! Beside the node there are two forms for its values, both optional: [`codec`] for links and stores, and
//! [`notation`] for people.
//!
//! # Which paper, and where this crate differs
//!
//! "§" is *In Search of an Understandable Consensus Algorithm (Extended Version)* by Diego Ongaro and John
//! Ousterhout, of 2014; "thesis §" is Ongaro's *Consensus: Bridging Theory and Practice*. The head of the
//! source file `node.rs` maps one to the other. Where this crate differs:
//!
//! - An `AppendEntriesReply` names a position in place of `success` (§5.3), so a divergent log costs a round
//!   trip per term and not per entry, and a reply always says how far the follower is.
//! - A vote is refused by silence, unless the candidate has to learn of a newer term (§5.1).
//! - `voted_for` names the leader once it is known. No second vote is possible in that term anyway.
//! - A follower knows by its own timeouts, and by no other clock, whether a leader is there (§6): it has
//!   heard one since the last. Then it ignores calls for votes of nodes that are no voters; a leader ignores
//!   all as long as a voter has answered within its last ten timeouts.
//! - A node may campaign if it is a voter of *any* configuration from its known commit on (thesis §4.2.2).
//! - A leader that removes itself steps down when C_new is committed (§6), and keeps its vote of the term.
//! - What InstallSnapshot transfers, and how, is the user's (§7); the node only says who needs one.
//! - A reply to an AppendEntriesCall of an older term has the number 0, so that it cannot be taken for one to
//!   a call of the present term.
//! - Terms, indexes and numbers end at `u64::MAX`: there a node stops to campaign and to propose.
//!
//! # Cost
//!
//! A log takes memory per term and per configuration, none per command. In a steady state nothing allocates:
//! not a commit, not a heartbeat, pipelined or not. A [`Replica`](replica::Replica) allocates for the payloads only.
//!
//! # Where a panic could come from
//!
//! None comes from the source of this crate; in a release build for a microcontroller that is checked call by call.
//! What remains is inside the containers that it uses: `alloc` (`BTreeMap`, `BTreeSet`, `Vec`, `Box`), `core`,
//! `hashbrown` and `heapless`. They stop if no memory is left, or if their own structure were broken. The list by
//! file, which must not grow, is `xtask/footprint/panics.txt` in the repository.
//!
//! # Features
//!
//! - `defmt`: `defmt::Format` for the public types, in the notation of their `Display`. Off by default.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![deny(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::alloc_instead_of_core
)]
// The crate's own code never panics. Tests may.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

extern crate alloc;

// Each module imports only from those above it; `codec`, `notation` and `defmt` hang at the side, `replica` is on top.
mod ids;
mod options;
mod position;
mod read;
mod role;

mod config;
mod event;
mod marks;

mod entries;
mod log;
mod quorum;

mod message;

mod action;
mod replication;
mod storage;

mod node;

pub mod codec;
pub mod replica;

#[cfg(feature = "defmt")]
mod defmt;
pub mod notation;

pub use action::{Action, Actions};
pub use config::ClusterConfig;
pub use entries::{LogEntries, LogEntry};
pub use event::{Event, StepDown, TransferOutcome};
pub use ids::{LogIndex, MessageSeqNo, NodeId, Term};
pub use log::{CommitStatus, Log};
pub use message::{Message, MessageHeader, MessageKind};
pub use node::Node;
pub use options::{NodeOptions, StableLeadership};
pub use position::LogPosition;
pub use read::{ReadStatus, ReadToken};
pub use role::Role;
