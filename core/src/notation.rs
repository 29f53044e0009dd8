//! The one notation for positions, entries, messages and actions: the [`Display`] of these types.
//!
//! Logs of firmware, golden files, the simulator and the visualizer all speak it. Each value is one line.
//!
//! ```text
//! id          = number                                  2
//! position    = term "/" index | "invalid"              3/17
//! config      = set [ "->" set ] [ "+" set ]            {1,2,3}   {1,2,3}->{2,3,4}   {1,2}+{3}
//! set         = "{" [ id { "," id } ] "}"               voters, then new voters, then non-voters
//! entry       = "cmd" | "term(" number ")" | "config(" config ")"
//! entries     = position "[" [ item { " " item } ] "]"  3/16[cmd term(4) cmd*2]
//! item        = entry | "cmd*" number                   that many commands in a row
//! header      = id " t" term " #" seqno                 1 t3 #7
//! message     = header " RequestVoteCall last " position
//!             | header " RequestVoteReply " ( "granted" | "refused" )
//!             | header " " kind "Call last " position
//!             | header " " kind "Reply " ( "granted" | "refused" )
//!             | header " AppendEntriesCall commit " index " prev " entries
//!             | header " AppendEntriesReply last " position
//! kind        = "PreVote" | "TransferVote" | "CampaignNow"
//! action      = "SetElectionTimeout" | "SaveCurrentTerm" | "SaveVotedFor"
//!             | "BroadcastMessage " message
//!             | "AppendLogEntries " entries
//!             | "SendMessage " id " " message
//!             | "InstallSnapshot " id
//! actions     = "[" [ action { "; " action } ] "]"
//! role        = "follower" | "candidate" | "leader"
//! status      = "in-progress" | "committed" | "rejected" | "unknown"
//! read        = "pending" | "ready(" index ")" | "lost"
//! token       = "t" term " #" seqno " index " index
//! log         = "snapshot " config " log " entries
//! node        = id " " role " t" term " vote " ( id | "-" ) " commit " index " " log
//! event       = "leader of t" term | "stepped down from t" term ": " reason
//!             | "configuration " position " committed" | "snapshot wanted by " id
//!             | "follower " id " lost its tail" | "transfer to " id ": " outcome
//! ```
//!
//! `entries` start with the position before them; in a log that is the snapshot's.
//!
//! ```
//! use raftbare::{LogEntries, LogEntry, LogIndex, LogPosition, Term};
//!
//! let prev = LogPosition { term: Term::new(3), index: LogIndex::new(16) };
//! let mut entries = LogEntries::from_iter(prev, [LogEntry::Command, LogEntry::Term(Term::new(4))]);
//! assert_eq!(entries.to_string(), "3/16[cmd term(4)]");
//! entries.extend([LogEntry::Command, LogEntry::Command]);
//! assert_eq!(entries.to_string(), "3/16[cmd term(4) cmd*2]");
//! ```

use alloc::collections::BTreeSet;
use core::fmt::{Display, Formatter, Result};

use crate::{
    Action, Actions, ClusterConfig, CommitStatus, Event, Log, LogEntries, LogEntry, LogIndex,
    LogPosition, Message, MessageHeader, MessageKind, MessageSeqNo, Node, NodeId, ReadStatus,
    ReadToken, Role, StepDown, Term, TransferOutcome,
};

macro_rules! display_integer {
    ($($name:ident),*) => {
        $(impl Display for $name {
            fn fmt(&self, f: &mut Formatter<'_>) -> Result {
                self.get().fmt(f)
            }
        })*
    };
}

display_integer!(NodeId, Term, LogIndex, MessageSeqNo);

impl Display for LogPosition {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if self.is_invalid() {
            return f.write_str("invalid");
        }
        write!(f, "{}/{}", self.term, self.index)
    }
}

impl Display for ClusterConfig {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        Set(&self.voters).fmt(f)?;
        if !self.new_voters.is_empty() {
            write!(f, "->{}", Set(&self.new_voters))?;
        }
        if !self.non_voters.is_empty() {
            write!(f, "+{}", Set(&self.non_voters))?;
        }
        Ok(())
    }
}

struct Set<'a>(&'a BTreeSet<NodeId>);

impl Display for Set<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("{")?;
        for (position, id) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { "," };
            write!(f, "{separator}{id}")?;
        }
        f.write_str("}")
    }
}

impl Display for LogEntry {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Term(term) => write!(f, "term({term})"),
            Self::ClusterConfig(config) => write!(f, "config({config})"),
            Self::Command => f.write_str("cmd"),
        }
    }
}

impl Display for LogEntries {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}[", self.prev_position())?;
        let mut separator = "";
        let mut walk = self.walk();
        loop {
            match walk.skip_commands() {
                0 => {}
                1 => write!(f, "{}cmd", take_separator(&mut separator))?,
                commands => write!(f, "{}cmd*{commands}", take_separator(&mut separator))?,
            }
            let Some((_, entry)) = walk.next() else {
                return f.write_str("]");
            };
            write!(f, "{}{entry}", take_separator(&mut separator))?;
        }
    }
}

/// Nothing before the first item, a space before the others.
fn take_separator(separator: &mut &'static str) -> &'static str {
    core::mem::replace(separator, " ")
}

impl Display for MessageHeader {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} t{} #{}", self.from, self.term, self.seqno)
    }
}

impl Display for Message {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::RequestVoteCall { last_position, .. } => {
                let (header, name) = (self.short_header(), self.name_of_vote());
                write!(f, "{header} {name}Call last {last_position}")
            }
            Self::RequestVoteReply { vote_granted, .. } => {
                let (header, name) = (self.short_header(), self.name_of_vote());
                let answer = if *vote_granted { "granted" } else { "refused" };
                write!(f, "{header} {name}Reply {answer}")
            }
            Self::AppendEntriesCall {
                header,
                commit_index,
                entries,
            } => {
                write!(
                    f,
                    "{header} AppendEntriesCall commit {commit_index} prev {entries}"
                )
            }
            Self::AppendEntriesReply {
                header,
                last_position,
            } => {
                write!(f, "{header} AppendEntriesReply last {last_position}")
            }
        }
    }
}

impl Message {
    /// What a vote call or reply of this kind is called.
    pub(crate) fn name_of_vote(&self) -> &'static str {
        match self.kind() {
            MessageKind::Ordinary => "RequestVote",
            MessageKind::PreVote => "PreVote",
            MessageKind::TransferVote => "TransferVote",
            MessageKind::CampaignNow => "CampaignNow",
        }
    }

    /// The header, its number without the kind where the name tells it.
    pub(crate) fn short_header(&self) -> MessageHeader {
        let header = self.header();
        let seqno = match self.kind() {
            MessageKind::Ordinary => header.seqno,
            _ => header.seqno.counter(),
        };
        MessageHeader { seqno, ..header }
    }
}

impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::SetElectionTimeout => f.write_str("SetElectionTimeout"),
            Self::SaveCurrentTerm => f.write_str("SaveCurrentTerm"),
            Self::SaveVotedFor => f.write_str("SaveVotedFor"),
            Self::BroadcastMessage(message) => write!(f, "BroadcastMessage {message}"),
            Self::AppendLogEntries(entries) => write!(f, "AppendLogEntries {entries}"),
            Self::SendMessage(to, message) => write!(f, "SendMessage {to} {message}"),
            Self::InstallSnapshot(to) => write!(f, "InstallSnapshot {to}"),
        }
    }
}

impl Display for Actions {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("[")?;
        for (position, action) in self.clone().enumerate() {
            let separator = if position == 0 { "" } else { "; " };
            write!(f, "{separator}{action}")?;
        }
        f.write_str("]")
    }
}

impl Display for Role {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Follower => "follower",
            Self::Candidate => "candidate",
            Self::Leader => "leader",
        })
    }
}

impl Display for Event {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::BecameLeader(term) => write!(f, "leader of t{term}"),
            Self::SteppedDown(term, reason) => write!(f, "stepped down from t{term}: {reason}"),
            Self::ConfigCommitted(position) => write!(f, "configuration {position} committed"),
            Self::SnapshotWanted(id) => write!(f, "snapshot wanted by {id}"),
            Self::FollowerLostTail(id) => write!(f, "follower {id} lost its tail"),
            Self::TransferEnded(id, outcome) => write!(f, "transfer to {id}: {outcome}"),
        }
    }
}

impl Display for StepDown {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::HigherTerm => "there is a higher term",
            Self::Removed => "removed from the voters",
            Self::Silence => "no majority has answered",
            Self::StorageStalled => "the storage does not report",
        })
    }
}

impl Display for TransferOutcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::TimedOut => "timed out",
            Self::Aborted => "aborted",
            Self::LeadershipLost => "leadership lost",
        })
    }
}

impl Display for CommitStatus {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::InProgress => "in-progress",
            Self::Committed => "committed",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
        })
    }
}

impl Display for ReadStatus {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Pending => f.write_str("pending"),
            Self::Ready(index) => write!(f, "ready({index})"),
            Self::Lost => f.write_str("lost"),
        }
    }
}

impl Display for ReadToken {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "t{} #{} index {}", self.term, self.seqno, self.index)
    }
}

impl Display for Log {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(
            f,
            "snapshot {} log {}",
            self.snapshot_config(),
            self.entries()
        )
    }
}

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(
            f,
            "{} {} t{} vote ",
            self.id(),
            self.role(),
            self.current_term()
        )?;
        match self.voted_for() {
            Some(id) => write!(f, "{id}")?,
            None => f.write_str("-")?,
        }
        write!(f, " commit {} {}", self.commit_index(), self.log())
    }
}
