//! What a script can say.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use raftbare::{
    ClusterConfig, CommitStatus, Log, LogEntries, LogIndex, LogPosition, Message, MessageSeqNo,
    NodeId, NodeOptions, ReadStatus, Role, Term,
};

use crate::flaw::Flaw;
use crate::write::Report;

/// A line of a script. The table in [`script`](crate::script) says what each does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// `start`
    Start(Ids),
    /// `restart`, from the own disk or from this one.
    Restart(Ids, Option<Stored>),
    /// `crash`
    Crash(Ids),
    /// `found`
    Found(NodeId, BTreeSet<NodeId>),
    /// `timeout`
    Timeout(Ids),
    /// `propose`
    Propose(NodeId, u64),
    /// `config`
    Config(NodeId, ClusterConfig),
    /// `heartbeat`
    Heartbeat(NodeId),
    /// `transfer`, or the end of one.
    Transfer(NodeId, Option<NodeId>),
    /// `read`
    Read(NodeId),
    /// `reads`
    Reads(NodeId),
    /// `status`
    Status(NodeId, LogPosition),
    /// `snapshot`
    Snapshot(NodeId),
    /// `deliver`
    Deliver(Messages),
    /// `settle`
    Settle(Links),
    /// `lose`
    Lose(Messages),
    /// `duplicate`
    Duplicate(Messages),
    /// `hold`
    Hold(Messages),
    /// `release`
    Release(Messages),
    /// `truncate`
    Truncate(usize, Messages),
    /// `cut`
    Cut(Links),
    /// `mend`
    Mend(Links),
    /// `inject` with a message.
    Inject(NodeId, Message),
    /// `inject` with a snapshot.
    InjectSnapshot(NodeId, LogPosition, ClusterConfig),
    /// `manual`
    Manual(Ids),
    /// `take`
    Take(NodeId, usize),
    /// `auto`
    Auto(Ids),
    /// `tear`
    Tear(NodeId, usize),
    /// `write`
    Write(Ids, usize),
    /// `report`, of what was written last or of this.
    Report(Ids, Option<Report>),
    /// `flaw`
    Flaw(Ids, Option<Flaw>),
    /// `options`
    Options(Ids, NodeOptions),
    /// `pending`
    Pending(NodeId),
    /// `show`
    Show(Ids),
    /// `count`
    Count(Links),
    /// `expect`
    Expect(Ids, Vec<Fact>),
}

/// Nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ids {
    /// All that there are.
    All,
    /// These, in this order.
    These(Vec<NodeId>),
}

impl Ids {
    /// Whether this one is meant.
    #[must_use]
    pub fn contains(&self, id: NodeId) -> bool {
        match self {
            Self::All => true,
            Self::These(ids) => ids.contains(&id),
        }
    }
}

/// Links between nodes. Each direction is a link of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// The senders.
    pub from: Ids,
    /// The receivers.
    pub to: Ids,
    /// Whether the other direction is meant too.
    pub both_ways: bool,
}

impl Links {
    /// All links.
    pub const ALL: Self = Self {
        from: Ids::All,
        to: Ids::All,
        both_ways: false,
    };

    /// Whether this one is meant.
    #[must_use]
    pub fn contains(&self, from: NodeId, to: NodeId) -> bool {
        (self.from.contains(from) && self.to.contains(to))
            || (self.both_ways && self.from.contains(to) && self.to.contains(from))
    }
}

/// Messages and snapshots on their way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Messages {
    /// The links that they are on.
    pub links: Links,
    /// Which of these.
    pub which: Which,
}

/// Which messages of some links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// The oldest but so many: 1 is the oldest.
    Nth(usize),
    /// Those of this number.
    Number(MessageSeqNo),
}

/// What a disk holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The term.
    pub term: Term,
    /// The vote.
    pub voted_for: Option<NodeId>,
    /// The snapshot's position and configuration, and the entries after it.
    pub log: Log,
}

/// What is to be true of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// It is crashed.
    Down,
    /// It asks whether it could be elected.
    PreCandidate,
    /// Its role.
    Role(Role),
    /// Its term.
    Term(Term),
    /// Its vote.
    Vote(Option<NodeId>),
    /// Its commit index.
    Commit(LogIndex),
    /// The last position of its log.
    Last(LogPosition),
    /// The configuration in force.
    Config(ClusterConfig),
    /// The entries of its log.
    Log(LogEntries),
    /// Its log is that of this node.
    Like(NodeId),
    /// What has become of the entry at this position.
    Status(LogPosition, CommitStatus),
    /// It leads, and knows that this node has its log up to here.
    Match(NodeId, LogIndex),
    /// Up to where its log is stored, as far as it knows.
    Durable(LogIndex),
    /// It leads, and has found that this node lost what it had acknowledged.
    Lost(NodeId),
    /// How far its newest read is.
    Read(ReadStatus),
}
