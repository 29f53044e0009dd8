//! [`Replica`]: a node with its commands, its clients and its snapshots, in the order that keeps it safe.
//!
//! # Which layer do I use?
//!
//! | | [`Node`] | [`Replica`] |
//! |---|---|---|
//! | takes | messages, timeouts, proposals without commands | envelopes (bytes), timeouts, proposals with payloads |
//! | gives | [`Actions`](crate::Actions) | [`Batch`]es to store, then [`Output`]s |
//! | the order of storing and sending | the user's: ten rules in the [crate's docs](crate) | the only one that compiles |
//! | commands, by position | the user's | kept, sent along, handed out once and in order |
//! | waiting clients, reads | asked for by `get_commit_status` and `read_status` | answered |
//! | snapshots | the user's | cut, sent in chunks, checked, installed |
//! | bounds | none: all that is lacking goes into one call | [`ReplicaOptions`] |
//!
//! Take [`Replica`], unless you want your own form of messages, a log that is shared with something else, or a node
//! whose every step you see. Below, it is the same node.
//!
//! # The way of the data
//!
//! ```text
//!  clients            other nodes           timer
//!  propose, read      receive               handle_timeout
//!      |                  |                    |
//!      +------------------+--------------------+
//!                         v
//!                      Replica ------ next_batch ------> Batch: store it, durably
//!                         ^                                        |
//!                         +-------------- persisted <--------------+
//!                         |
//!                         v  Outputs, in this order:
//!      SetTimer, Send, SendChunk, LoadSnapshot, Apply and answers, ReadReady
//! ```
//!
//! What leaves a replica depends on what it has promised to remember. So the one way to its outputs is through
//! [`Replica::persisted`], which takes the batch back: as the proof that it is stored. (With a store that takes its
//! time, there is a second one: [`Replica::outputs`].)
//!
//! ```
//! use raftbare::replica::{Change, Output, Replica, ReplicaOptions};
//! use raftbare::NodeId;
//! use std::collections::BTreeMap;
//!
//! let mut replica = Replica::<Vec<u8>>::start(NodeId::new(1), ReplicaOptions::default());
//! replica.create_cluster(&[NodeId::new(1)]);
//! let ticket = replica.propose(b"hello".to_vec())?;
//!
//! let (mut table, mut state) = (BTreeMap::new(), Vec::new());
//! while let Some(batch) = replica.next_batch() {
//!     for change in batch.changes() {
//!         match change {
//!             Change::Remove(keys) => table.retain(|key, _| !keys.contains(key)),
//!             Change::Put(key, value) => {
//!                 let mut bytes = Vec::new();
//!                 value.encode(&mut bytes)?;
//!                 table.insert(key, bytes);
//!             }
//!         }
//!     }
//!     // ... and sync ...
//!     for output in replica.persisted(batch) {
//!         match output {
//!             Output::SetTimer(_role) => { /* restart the timer */ }
//!             Output::Send(_to, _envelope) => { /* encode, send */ }
//!             Output::SendChunk(_to, _chunk) => { /* read from the stored snapshot, encode, send */ }
//!             Output::LoadSnapshot(_snapshot) => { /* state := the stored snapshot */ }
//!             Output::Apply { payload, ticket: who, .. } => {
//!                 state.extend_from_slice(payload);
//!                 assert_eq!(who, Some(ticket)); // answer the client
//!             }
//!             Output::ConfigCommitted { .. } | Output::Rejected(_) | Output::Unknown(_) => {}
//!             Output::ReadReady(_) | Output::ReadLost(_) => {}
//!         }
//!     }
//! }
//! assert_eq!(state, b"hello");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The example `counter` is a whole replicated counter with sockets and a store, in less than a hundred lines.
//!
//! # What does not compile
//!
//! Sending before the batch is stored: there is nothing to send.
//!
//! ```compile_fail,E0599
//! # use raftbare::replica::Replica;
//! # fn send_first(replica: &mut Replica<Vec<u8>>) {
//! let batch = replica.next_batch().unwrap();
//! for output in batch.outputs() {}
//! # }
//! ```
//!
//! Giving a batch back, and storing it afterwards: it is gone.
//!
//! ```compile_fail,E0382
//! # use raftbare::replica::{Batch, Replica};
//! # fn store(batch: &Batch<Vec<u8>>) {}
//! # fn store_later(replica: &mut Replica<Vec<u8>>) {
//! let batch = replica.next_batch().unwrap();
//! let outputs = replica.persisted(batch);
//! store(&batch);
//! # }
//! ```
//!
//! Two proofs from one batch, or one from nothing:
//!
//! ```compile_fail,E0599
//! # use raftbare::replica::Batch;
//! # fn twice(batch: &Batch<Vec<u8>>) -> Batch<Vec<u8>> {
//! batch.clone()
//! # }
//! ```
//!
//! ```compile_fail,E0451
//! # use raftbare::replica::Batch;
//! # fn forge(from: Batch<Vec<u8>>) -> Batch<Vec<u8>> {
//! Batch { number: 2, ..from }
//! # }
//! ```
//!
//! Further inputs while outputs are being executed: they come afterwards, so that none overtakes another.
//!
//! ```compile_fail,E0499
//! # use raftbare::replica::{Batch, Replica};
//! # fn in_between(replica: &mut Replica<Vec<u8>>, batch: Batch<Vec<u8>>) {
//! for output in replica.persisted(batch) {
//!     replica.handle_timeout();
//! }
//! # }
//! ```
//!
//! # What is left to get wrong: a checklist
//!
//! - A batch is given back only when it is durable: after the sync, not after the write. After an error, or in
//!   doubt, [`Replica::storage_failed`].
//! - The timer restarts whenever [`Output::SetTimer`] says so, and its time depends on the role.
//! - Applying a command depends on nothing but the state and the command: no clock, no random number, no order of
//!   a hash table.
//! - If the state is stored, its applied index is stored with it, in one step; if not, [`Stored::applied`] stays 0.
//! - The bytes of a snapshot are durable before [`Replica::finish_snapshot`], and readable until a newer one is
//!   finished or has come in.
//! - An identifier whose store is lost is never used again: a new node takes its place.
//! - The store is opened by one process at a time.
//! - Envelopes come in whole and from members only: that is the link's (a checksum; TLS where strangers may send).
//!
//! The simulator of the project drives replicas with slow disks, crashes between any two changes, lost and
//! repeated envelopes; it can do the same to your store and your transport.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::codec::DecodeError;
use crate::{LogPosition, Node, NodeId};

mod batch;
mod changes;
mod checksum;
mod clients;
mod envelope;
mod flow;
mod options;
mod output;
mod payloads;
mod proposing;
mod questions;
mod receiving;
mod refusal;
mod releasing;
mod snapshot;
mod state;
mod stored;
mod storing;
mod taking;
mod transfer;

pub use batch::{Batch, Record};
pub use changes::{Change, Value};
pub use clients::{ReadTicket, Ticket};
pub use envelope::Envelope;
pub use options::ReplicaOptions;
pub use output::{Output, Outputs};
pub use payloads::Payload;
pub use refusal::{Refusal, Refused};
pub use snapshot::{NewSnapshot, Snapshot};
pub use state::STATE_KEY;
pub use stored::{Stored, StoredError};
pub use transfer::{ChunkToSend, ChunkToStore};

use batch::Outbox;
use clients::{Proposals, Reads};
use envelope::{ChunkReply, Received};
use flow::Flows;
use output::Desk;
use payloads::PayloadLog;
use transfer::{Receiving, Sending};

/// A [`Node`] with the commands of its log, the clients that wait, and snapshots: without I/O, and with no way to
/// send, to apply or to answer what is not stored yet.
///
/// See the [module](self) for the loop around it.
#[derive(Debug, Clone)]
pub struct Replica<P> {
    node: Node,
    payloads: PayloadLog<P>,
    desk: Desk,
    /// The number of the newest batch.
    batches: u64,
    /// Whether the newest batch is still out.
    is_batch_out: bool,
    /// Whether the newest batch left out an append, to let a broadcast go first.
    append_waits: bool,
    /// The store has failed.
    is_stopped: bool,
    /// The position of the snapshot that the user is taking.
    taking: Option<LogPosition>,
    /// An own snapshot that the next batch is to make the stored one.
    taken: Option<Snapshot>,
    receiving: Option<Receiving>,
    /// The chunk that the next batch is to store.
    chunk: Option<ChunkToStore>,
    /// Whether the newest batch is still out, with a part of a snapshot in it, or with its mark.
    is_snapshot_out: bool,
    /// Whether the node is to go on from the snapshot in that batch: what it says until then is of the log before.
    is_install_out: bool,
    chunk_reply: Option<(NodeId, ChunkReply)>,
    /// Kept for their capacity: the list of a batch, and that of a call.
    spare_payloads: Vec<P>,
    spare_given: Vec<P>,
}

impl<P: Payload> Replica<P> {
    /// Makes a replica that was never started before; see [`Node::start`].
    ///
    /// ```
    /// # use raftbare::NodeId;
    /// use raftbare::replica::{Replica, ReplicaOptions};
    ///
    /// let replica = Replica::<Vec<u8>>::start(NodeId::new(1), ReplicaOptions::default());
    /// assert!(replica.node().role().is_follower());
    /// ```
    #[must_use]
    pub fn start(id: NodeId, options: ReplicaOptions) -> Self {
        Self::new(Node::start(id), options, None)
    }

    /// Makes a replica that goes on from what it has stored; see [`Node::restart`].
    ///
    /// With a store that is empty, this is [`start`](Self::start). If what is stored does not fit together, the
    /// error says what is wrong, and there is no replica: it could break what it has promised.
    ///
    /// Outputs: all commands after [`Stored::applied`] again, as soon as they are known to be committed; before
    /// them [`Output::LoadSnapshot`] if the state is older than the snapshot. [`Stored`] has an example.
    pub fn restart(
        id: NodeId,
        options: ReplicaOptions,
        stored: Stored<P>,
    ) -> Result<Self, StoredError> {
        let (current_term, voted_for) = (stored.current_term, stored.voted_for);
        let applied = stored.applied;
        let parts = stored.into_parts()?;
        let mut node = Node::restart(id, current_term, voted_for, parts.log);
        node.note_applied(applied);
        let mut replica = Self::new(node, options, parts.snapshot);
        let mut payloads = parts.payloads.into_iter();
        replica.follow_log(|_| payloads.next());
        let snapshot_index = replica.node.log().snapshot_position().index;
        replica.desk.loads_snapshot = applied < snapshot_index;
        replica.desk.applied = applied.max(snapshot_index);
        Ok(replica)
    }

    fn new(mut node: Node, options: ReplicaOptions, snapshot: Option<Snapshot>) -> Self {
        node.set_options(options.node);
        let start = node.log().snapshot_position().index;
        Self {
            node,
            payloads: PayloadLog::new(start),
            desk: Desk {
                options,
                outbox: Outbox::default(),
                broadcast_to: None,
                flows: Flows::default(),
                snapshot,
                sending: Sending::default(),
                loads_snapshot: false,
                applied: start,
                proposals: Proposals::new(),
                answers: VecDeque::new(),
                reads: Reads::default(),
            },
            batches: 0,
            is_batch_out: false,
            append_waits: false,
            is_stopped: false,
            taking: None,
            taken: None,
            receiving: None,
            chunk: None,
            is_snapshot_out: false,
            is_install_out: false,
            chunk_reply: None,
            spare_payloads: Vec::new(),
            spare_given: Vec::new(),
        }
    }

    /// Founds a cluster of these voters; see [`Node::create_cluster`]. Returns whether it did: not where there is
    /// one already.
    ///
    /// ```
    /// # use raftbare::replica::{Output, Replica, ReplicaOptions};
    /// # use raftbare::NodeId;
    /// # let mut replica = Replica::<Vec<u8>>::start(NodeId::new(1), ReplicaOptions::default());
    /// assert!(replica.create_cluster(&[NodeId::new(1), NodeId::new(2)]));
    /// assert!(!replica.create_cluster(&[NodeId::new(1)]));
    /// ```
    pub fn create_cluster(&mut self, initial_voters: &[NodeId]) -> bool {
        let position = self.node.create_cluster(initial_voters);
        self.follow_log(|_| None);
        !position.is_invalid()
    }

    /// Takes an envelope that has arrived: the bytes that [`Envelope::encode`] or [`ChunkToSend::encode`] has
    /// written elsewhere.
    ///
    /// Preconditions: none. What is no envelope is an error, and changes nothing.
    ///
    /// ```
    /// # use raftbare::replica::{Output, Replica, ReplicaOptions};
    /// # use raftbare::NodeId;
    /// # let mut replica = Replica::<Vec<u8>>::start(NodeId::new(1), ReplicaOptions::default());
    /// assert!(replica.receive(b"what is this?").is_err());
    /// replica.receive(&[0x20, 2, 1, 1, 0, 1])?; // node 2 asks for a vote
    /// assert_eq!(replica.node().voted_for(), Some(NodeId::new(2)));
    /// # Ok::<(), raftbare::codec::DecodeError>(())
    /// ```
    pub fn receive(&mut self, envelope: &[u8]) -> Result<(), DecodeError> {
        match Received::decode(envelope, &self.desk.options.limits)? {
            Received::Message(message, payloads) => self.receive_message(message, payloads),
            Received::Chunk(chunk) => self.receive_chunk(&chunk),
            Received::ChunkReply(reply) => {
                let is_current =
                    self.node.role().is_leader() && reply.term == self.node.current_term();
                if let Some(snapshot) = self.desk.snapshot.as_ref().filter(|_| is_current) {
                    self.desk.sending.note_reply(reply, snapshot);
                }
            }
        }
        Ok(())
    }

    /// Takes the end of the time that [`Output::SetTimer`] asked for; see [`Node::handle_election_timeout`].
    pub fn handle_timeout(&mut self) {
        self.node.handle_election_timeout();
        self.follow_log(|_| None);
        match self.node.role().is_leader() {
            true => {
                let max = self.desk.options.transfer_timeouts;
                self.desk.sending.note_timeout(max);
            }
            // Its sender may be gone, and then it must not keep own snapshots from being taken.
            false => self.receiving.iter_mut().for_each(Receiving::note_timeout),
        }
    }
}
