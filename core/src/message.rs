//! [`Message`]: the calls and replies of RequestVote and AppendEntries (figure 2).

use crate::{Log, LogEntries, LogIndex, LogPosition, MessageSeqNo, NodeId, Term};

/// A call or a reply of one of Raft's two RPCs (figure 2).
///
/// Messages may be lost, duplicated, delayed and reordered on their way; they must not be altered, but for
/// [`LogEntries::truncate`] on the entries of a call. All 64 bits of every field have to travel.
///
/// ```
/// use raftbare::{LogPosition, Message, MessageHeader, MessageSeqNo, NodeId, Term};
///
/// let header = MessageHeader { from: NodeId::new(1), term: Term::new(2), seqno: MessageSeqNo::new(3) };
/// let call = Message::RequestVoteCall { header, last_position: LogPosition::ZERO };
/// assert_eq!((call.from(), call.term(), call.seqno()), (header.from, header.term, header.seqno));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[repr(usize)] // Messages move often: so they do by whole words.
pub enum Message {
    /// A candidate asks for a vote (§5.2).
    RequestVoteCall {
        /// The candidate, its term, the number of the call.
        header: MessageHeader,
        /// The last position in the candidate's log (§5.4.1).
        last_position: LogPosition,
    },
    /// The answer to a [`Message::RequestVoteCall`].
    ///
    /// A vote is refused by silence, except to a candidate of an older term, who has to learn the term.
    RequestVoteReply {
        /// The voter, its term, the number of the call.
        header: MessageHeader,
        /// Whether the candidate has got the vote.
        vote_granted: bool,
    },
    /// The leader replicates log entries, or without entries keeps its followers calm (§5.3).
    AppendEntriesCall {
        /// The leader, its term, the number of the call.
        header: MessageHeader,
        /// The leader's commit index.
        commit_index: LogIndex,
        /// The entries, and the position before them for the consistency check.
        entries: LogEntries,
    },
    /// The answer to a [`Message::AppendEntriesCall`].
    ///
    /// In place of the paper's `success` it says where the follower stands, so that the leader finds the
    /// last common position in a round trip per term.
    AppendEntriesReply {
        /// The follower, its term, the number of the call (0 if that was of an older term).
        header: MessageHeader,
        /// If the leader's log contains it, the follower has everything up to it. If not, a position of the
        /// follower's log from which the leader looks on for the last common one.
        last_position: LogPosition,
    },
}

impl Message {
    /// The sender.
    ///
    /// ```
    /// # use raftbare::{Message, MessageHeader, MessageSeqNo, NodeId, Term};
    /// # let header = MessageHeader { from: NodeId::new(1), term: Term::new(2), seqno: MessageSeqNo::new(3) };
    /// let reply = Message::RequestVoteReply { header, vote_granted: true };
    /// assert_eq!(reply.from(), header.from);
    /// ```
    #[must_use]
    pub fn from(&self) -> NodeId {
        self.header().from
    }

    /// The sender's term.
    ///
    /// ```
    /// # use raftbare::{Message, MessageHeader, MessageSeqNo, NodeId, Term};
    /// # let header = MessageHeader { from: NodeId::new(1), term: Term::new(2), seqno: MessageSeqNo::new(3) };
    /// let reply = Message::RequestVoteReply { header, vote_granted: true };
    /// assert_eq!(reply.term(), header.term);
    /// ```
    #[must_use]
    pub fn term(&self) -> Term {
        self.header().term
    }

    /// The number of the call; in a reply, of the call that it answers.
    ///
    /// ```
    /// # use raftbare::{Message, MessageHeader, MessageSeqNo, NodeId, Term};
    /// # let header = MessageHeader { from: NodeId::new(1), term: Term::new(2), seqno: MessageSeqNo::new(3) };
    /// let reply = Message::RequestVoteReply { header, vote_granted: true };
    /// assert_eq!(reply.seqno(), header.seqno);
    /// ```
    #[must_use]
    pub fn seqno(&self) -> MessageSeqNo {
        self.header().seqno
    }

    /// The header, whatever the message is.
    pub(crate) fn header(&self) -> MessageHeader {
        match self {
            Self::RequestVoteCall { header, .. }
            | Self::RequestVoteReply { header, .. }
            | Self::AppendEntriesCall { header, .. }
            | Self::AppendEntriesReply { header, .. } => *header,
        }
    }

    /// The kind of this message: a vote call and its reply may be those of a pre-vote, or of a transfer.
    ///
    /// ```
    /// # use raftbare::{Message, MessageHeader, MessageKind, MessageSeqNo, NodeId, Term};
    /// # let header = MessageHeader { from: NodeId::new(1), term: Term::new(2), seqno: MessageSeqNo::new(3) };
    /// let reply = Message::RequestVoteReply { header, vote_granted: true };
    /// assert_eq!(reply.kind(), MessageKind::Ordinary);
    /// ```
    #[must_use]
    pub fn kind(&self) -> MessageKind {
        match self {
            Self::RequestVoteCall { header, .. } | Self::RequestVoteReply { header, .. } => {
                MessageKind::of(header.seqno)
            }
            Self::AppendEntriesCall { .. } | Self::AppendEntriesReply { .. } => {
                MessageKind::Ordinary
            }
        }
    }

    /// The entries of a call that brings some, or might.
    pub(crate) fn entries(&self) -> Option<&LogEntries> {
        match self {
            Self::AppendEntriesCall { entries, .. } => Some(entries),
            _ => None,
        }
    }

    /// Whether the terms inside fit together, as in every message of a real node: no position is of a later
    /// term than its sender, and the terms of entries never fall.
    pub(crate) fn has_sane_terms(&self) -> bool {
        let header = self.header();
        match self {
            Self::RequestVoteReply { .. } => true,
            Self::AppendEntriesCall { entries, .. } => entries.has_rising_terms_up_to(header.term),
            Self::RequestVoteCall { last_position, .. }
            | Self::AppendEntriesReply { last_position, .. } => last_position.term <= header.term,
        }
    }

    /// Whether this is a call, made by a candidate or leader, and no reply.
    pub(crate) fn is_call(&self) -> bool {
        matches!(
            self,
            Self::RequestVoteCall { .. } | Self::AppendEntriesCall { .. }
        )
    }

    /// Whether this is a vote that is not granted.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::RequestVoteReply {
                vote_granted: false,
                ..
            }
        )
    }

    /// Puts `newer` in the place of this message, when both wait to be sent to the same node.
    ///
    /// Acknowledgements become one: the highest number, the newest position. (They are of one term: those of a
    /// term that is over are withdrawn.) A call that comes late does not take back what was said about a later one,
    /// if that still is in the log. Otherwise the newer message says all that still matters, and the older one counts
    /// as lost.
    pub(crate) fn replace_by(&mut self, mut newer: Self, log: &Log) {
        if let (
            Self::AppendEntriesReply {
                header: old,
                last_position: said,
            },
            Self::AppendEntriesReply {
                header: new,
                last_position,
            },
        ) = (&*self, &mut newer)
        {
            let is_late = new.seqno < old.seqno;
            if is_late && last_position.index < said.index && log.entries().contains(*said) {
                *last_position = *said;
            }
            new.seqno = new.seqno.max(old.seqno);
        }
        *self = newer;
    }
}

/// What a message is beyond its variant.
///
/// The kind is a part of the number of the call, above its lower 50 bits, and so replies have it too. A node that
/// knows nothing of it may take any of them for a vote: that costs it a vote, and never safety.
///
/// ```
/// use raftbare::{Message, MessageHeader, MessageKind, MessageSeqNo, NodeId, Term};
///
/// let seqno = MessageSeqNo::new(1 << 50 | 7);
/// let header = MessageHeader { from: NodeId::new(1), term: Term::new(2), seqno };
/// let reply = Message::RequestVoteReply { header, vote_granted: true };
/// assert_eq!(reply.kind(), MessageKind::PreVote);
/// assert_eq!(reply.to_string(), "1 t2 #7 PreVoteReply granted");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageKind {
    /// What its variant says.
    Ordinary,
    /// A question for votes, or the answer to one, that changes nothing (thesis §9.6). The term of the header is the
    /// one that would come.
    PreVote,
    /// A vote asked for by order of the leader (thesis §3.10): that a leader is there is no reason to refuse it.
    TransferVote,
    /// The leader tells a voter to campaign (thesis §3.10): a call only, which gets no reply.
    CampaignNow,
}

impl MessageKind {
    /// The kind of the vote call with this number.
    const fn of(seqno: MessageSeqNo) -> Self {
        match seqno.kind() {
            1 => Self::PreVote,
            2 => Self::TransferVote,
            3 => Self::CampaignNow,
            _ => Self::Ordinary,
        }
    }

    /// The number of a vote call of this kind.
    pub(crate) const fn number(self, counter: MessageSeqNo) -> MessageSeqNo {
        counter.of_kind(match self {
            Self::Ordinary => 0,
            Self::PreVote => 1,
            Self::TransferVote => 2,
            Self::CampaignNow => 3,
        })
    }

    /// Whether this is [`MessageKind::PreVote`].
    ///
    /// ```
    /// assert!(raftbare::MessageKind::PreVote.is_pre_vote());
    /// ```
    #[must_use]
    pub const fn is_pre_vote(self) -> bool {
        matches!(self, Self::PreVote)
    }
}

/// What all messages say first.
///
/// ```
/// use raftbare::{MessageHeader, MessageSeqNo, NodeId, Term};
///
/// let header = MessageHeader { from: NodeId::new(1), term: Term::new(2), seqno: MessageSeqNo::new(3) };
/// let copy = header;
/// assert_eq!(header, copy);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageHeader {
    /// The sender.
    pub from: NodeId,
    /// The sender's term.
    pub term: Term,
    /// The number of the call; in a reply, of the call that it answers.
    pub seqno: MessageSeqNo,
}
