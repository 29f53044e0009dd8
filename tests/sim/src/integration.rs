#![doc = include_str!("../README.md")]

use alloc::borrow::Cow;
use alloc::vec::Vec;

use raftbare::{
    ClusterConfig, CommitStatus, Event, LogEntries, LogIndex, LogPosition, Message, Node, NodeId,
    NodeOptions, ReadStatus, ReadToken, Term,
};

use crate::checker::Violation;
use crate::random::Random;
use crate::state::State;

/// A node with what stands around it on one machine: store, transport, commands, state machine.
///
/// The world is the rest: it carries packets, wakes, fails, asks as clients do. Between any two calls of
/// [`next_effect`](Self::next_effect) it may take the power away.
pub trait Integration {
    /// What travels between two machines. It passes through many hands: a large one is better in a box.
    type Packet: Clone + core::fmt::Debug;

    /// How long it may take, when all is well, to bring one entry to a machine that lacks it, in us. With messages
    /// that are bounded, a log of thousands of entries takes its time; without, all of it travels at once.
    const CATCH_UP_US: u64 = 0;

    /// The running node; `None` while the machine is down.
    fn node(&self) -> Option<&Node>;

    /// The running node, for the world to found a cluster, to fire the timer, to ask for reads and members.
    ///
    /// Who has no node to hand out, as it is inside of something else, writes
    /// [`create_cluster`](Self::create_cluster), [`handle_timeout`](Self::handle_timeout),
    /// [`propose_config`](Self::propose_config) and [`begin_read`](Self::begin_read) in place of this.
    fn node_mut(&mut self) -> Option<&mut Node> {
        None
    }

    /// Founds a cluster of these voters, if this machine is new.
    fn create_cluster(&mut self, voters: &[NodeId]) {
        if let Some(node) = self.node_mut() {
            node.create_cluster(voters);
        }
    }

    /// The timer fires.
    fn handle_timeout(&mut self) {
        if let Some(node) = self.node_mut() {
            node.handle_election_timeout();
        }
    }

    /// Proposes a configuration; says at which position. It is invalid if it is refused.
    fn propose_config(&mut self, config: ClusterConfig) -> LogPosition {
        self.node_mut()
            .map_or(LogPosition::INVALID, |node| node.propose_config(config))
    }

    /// A client begins a read, which has to see all up to `bound`: what anybody knows to be committed now.
    ///
    /// `None` if it is refused; or if the end of the read comes out as an [`Answer::Read`].
    fn begin_read(&mut self, bound: LogIndex) -> Option<Read> {
        let node = self.node_mut()?;
        let token = node.read_index()?;
        Some(Read {
            token,
            bound,
            known_at_begin: node.commit_index(),
        })
    }

    /// An operator tells the leader to hand over to this node, or to go on to lead; says whether it does.
    fn transfer_leadership(&mut self, to: Option<NodeId>) -> bool {
        self.node_mut().is_some_and(|node| match to {
            Some(to) => node.transfer_leadership(to),
            None => node.abort_transfer(),
        })
    }

    /// What the running node tells next, if its options say that it tells.
    fn next_event(&mut self) -> Option<Event> {
        self.node_mut()?.next_event()
    }

    /// Sets the options of the running node. Nothing happens where they are given in another way.
    fn set_node_options(&mut self, options: NodeOptions) {
        if let Some(node) = self.node_mut() {
            node.set_options(options);
        }
    }

    /// A packet has arrived: gives its message to the node, and keeps the commands of its entries; or stores
    /// its snapshot, durably, and tells the node.
    fn receive(&mut self, packet: Self::Packet);

    /// A client's command: proposes it, and keeps it under the position that the node gives out, which is
    /// returned. It is invalid if the node does not lead.
    fn propose(&mut self, command: u64) -> LogPosition;

    /// Does the next piece of work that the node's actions ask for, and says which. `None` if there is none.
    ///
    /// To store happens in here. To send and to set the timer is the world's: it executes what is returned.
    fn next_effect(&mut self) -> Option<Effect<Self::Packet>>;

    /// Applies the next committed entry to the state machine; says whether there was one, or what is wrong if
    /// it or its command is missing.
    fn apply_next(&mut self) -> Result<bool, &'static str>;

    /// The power fails: only what is durable is left, and of what was written and not synced whatever chance
    /// leaves. The node is gone.
    fn lose_power(&mut self, random: &mut Random);

    /// Comes back from what is durable.
    fn restart(&mut self);

    /// What a restart would find at this moment.
    fn durable(&self) -> Durable<'_>;

    /// The command that is kept in memory for the entry at `position`.
    fn command(&self, position: LogPosition) -> Option<u64>;

    /// How far the state machine is, with a digest of its state: equal for equal states.
    fn state(&self) -> State;

    /// What a packet carries.
    fn content(packet: &Self::Packet) -> Content<'_>;

    /// The commands that a packet carries, each with the position of its entry: those that the checker is to
    /// compare with what was proposed.
    fn commands(_packet: &Self::Packet) -> Vec<(LogPosition, u64)> {
        Vec::new()
    }

    /// Takes a snapshot of the present state. Nothing happens where none are taken.
    fn take_snapshot(&mut self) {}

    /// Cuts the call in a packet to its first `len` entries, as for a small datagram. Where nothing is cut,
    /// the packet stays as it is.
    fn cut(&self, _packet: &mut Self::Packet, _len: usize) {}

    /// What the disk does after [`next_effect`](Self::next_effect) has returned `None`. Where all that is
    /// stored is stored within `next_effect`, nothing.
    fn disk_work(&mut self) -> DiskWork {
        DiskWork::None
    }

    /// The time of a [`DiskWork::Begins`] is over: `next_effect` goes on.
    fn finish_disk_work(&mut self) {}

    /// The trouble of the world is over. Whoever makes some of its own by chance stops to.
    fn calm_down(&mut self) {}

    /// Whether this machine has ended by itself, as its disk has failed. The world takes its power, and starts it
    /// again later.
    fn has_ended(&self) -> bool {
        false
    }

    /// The next thing that its clients were told, for the checker; after [`apply_next`](Self::apply_next).
    fn next_answer(&mut self) -> Option<Answer> {
        None
    }

    /// What this machine says of the entry proposed at `position`; `None` if nothing.
    fn commit_status(&self, position: LogPosition) -> Option<CommitStatus> {
        self.node().map(|node| node.get_commit_status(position))
    }

    /// Up to where this machine takes entries for committed.
    fn commit_index(&self) -> LogIndex {
        let known = self.node().map_or(LogIndex::ZERO, Node::commit_index);
        known.max(self.state().applied)
    }

    /// What this machine makes of a read.
    fn read_status(&self, read: &Read) -> ReadStatus {
        self.node()
            .map_or(ReadStatus::Lost, |node| node.read_status(read.token))
    }
}

/// What an [`Integration`] has done, or asks the world to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect<P> {
    /// The timer is to start anew. How long it takes depends on the node's role, see [`raftbare::Action`].
    SetTimer,
    /// These entries are written. They need not be durable before the next effect; the power may fail first.
    Append(LogEntries),
    /// Something has become durable.
    Stored,
    /// Something is done that nobody sees outside, such as a write that is not synced yet.
    Done,
    /// A packet leaves for this node.
    Send(NodeId, P),
    /// A packet leaves for every node of [`Node::peers`].
    Broadcast(P),
    /// The work cannot be done: the run ends with this.
    Failed(Violation),
}

/// Whether a disk is still at work when a machine has nothing else to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiskWork {
    /// It is not: all is stored.
    None,
    /// It has just begun, and takes so many microseconds. Inputs may come meanwhile, and so may a crash. Told
    /// once: then it [goes on](Self::GoesOn).
    Begins(u64),
    /// It has begun before.
    GoesOn,
}

/// What clients were told, and the state machine was given, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The entry at this index was applied; its command, if it is one.
    Applied(LogIndex, Option<u64>),
    /// The proposal at this position is committed.
    Committed(LogPosition),
    /// The proposal at this position will never be committed.
    Rejected(LogPosition),
    /// A read was answered.
    Read {
        /// What it had to see.
        bound: LogIndex,
        /// What it saw: the state with all up to here applied.
        seen: LogIndex,
    },
}

/// What a [`Packet`](Integration::Packet) carries, for the checker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content<'a> {
    /// A message; its commands are the integration's affair.
    Message(Cow<'a, Message>),
    /// The snapshot at this position.
    Snapshot(LogPosition),
    /// A part of the snapshot at this position, or an answer to one.
    Part(LogPosition),
}

/// What a restart would find: the arguments of [`Node::restart`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durable<'a> {
    /// The stored term.
    pub current_term: Term,
    /// The stored vote.
    pub voted_for: Option<NodeId>,
    /// The configuration of the snapshot; that of nobody where there is none.
    pub snapshot_config: Cow<'a, ClusterConfig>,
    /// The stored entries, from the snapshot's position on.
    pub entries: Cow<'a, LogEntries>,
}

impl Durable<'_> {
    /// Whether this is what `node` has in memory.
    #[must_use]
    pub fn equals_memory(&self, node: &Node) -> bool {
        self.current_term == node.current_term()
            && self.voted_for == node.voted_for()
            && *self.entries == *node.log().entries()
            && *self.snapshot_config == *node.log().snapshot_config()
    }
}

/// A linearizable read that a client waits for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Read {
    /// What the node has given out.
    pub token: ReadToken,
    /// The highest index that any server knew to be committed when the read began.
    pub bound: LogIndex,
    /// What the leader itself knew to be committed then.
    pub known_at_begin: LogIndex,
}
