//! `defmt::Format` for every public type (feature `defmt`), in the notation of [`crate::notation`].
//!
//! Written out, and not by way of `Display`, so that a microcontroller sends numbers and leaves the text to
//! the host.

use alloc::collections::BTreeSet;

use defmt::{Format, Formatter, write};

use crate::codec::{DecodeError, DecodeProblem, Limits, NoRoom};
use crate::replica::{ReadTicket, Refusal, Snapshot, StoredError, Ticket};
use crate::{
    Action, Actions, ClusterConfig, CommitStatus, Event, Log, LogEntries, LogEntry, LogIndex,
    LogPosition, Message, MessageHeader, MessageKind, MessageSeqNo, Node, NodeId, NodeOptions,
    ReadStatus, ReadToken, Role, StableLeadership, StepDown, Term, TransferOutcome,
};

macro_rules! format_integer {
    ($($name:ident),*) => {
        $(impl Format for $name {
            fn format(&self, f: Formatter<'_>) {
                write!(f, "{=u64}", self.get());
            }
        })*
    };
}

format_integer!(NodeId, Term, LogIndex, MessageSeqNo);

impl Format for LogPosition {
    fn format(&self, f: Formatter<'_>) {
        if self.is_invalid() {
            write!(f, "invalid");
        } else {
            write!(f, "{}/{}", self.term, self.index);
        }
    }
}

impl Format for ClusterConfig {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{}", Set(&self.voters));
        if !self.new_voters.is_empty() {
            write!(f, "->{}", Set(&self.new_voters));
        }
        if !self.non_voters.is_empty() {
            write!(f, "+{}", Set(&self.non_voters));
        }
    }
}

struct Set<'a>(&'a BTreeSet<NodeId>);

impl Format for Set<'_> {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{{");
        for (position, id) in self.0.iter().enumerate() {
            match position {
                0 => write!(f, "{}", id),
                _ => write!(f, ",{}", id),
            }
        }
        write!(f, "}}");
    }
}

impl Format for LogEntry {
    fn format(&self, f: Formatter<'_>) {
        match self {
            Self::Term(term) => write!(f, "term({})", term),
            Self::ClusterConfig(config) => write!(f, "config({})", config),
            Self::Command => write!(f, "cmd"),
        }
    }
}

impl Format for LogEntries {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{}[", self.prev_position());
        let mut walk = self.walk();
        let mut is_first = true;
        loop {
            let commands = walk.skip_commands();
            if commands > 0 {
                write_separator(f, &mut is_first);
                match commands {
                    1 => write!(f, "cmd"),
                    _ => write!(f, "cmd*{=u64}", commands),
                }
            }
            let Some((_, entry)) = walk.next() else { break };
            write_separator(f, &mut is_first);
            write!(f, "{}", entry);
        }
        write!(f, "]");
    }
}

/// Nothing before the first item, a space before the others.
fn write_separator(f: Formatter<'_>, is_first: &mut bool) {
    if !core::mem::take(is_first) {
        write!(f, " ");
    }
}

impl Format for MessageHeader {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{} t{} #{}", self.from, self.term, self.seqno);
    }
}

impl Format for Message {
    fn format(&self, f: Formatter<'_>) {
        match self {
            Self::RequestVoteCall { last_position, .. } => {
                let (header, name) = (self.short_header(), self.name_of_vote());
                write!(f, "{} {=str}Call last {}", header, name, last_position);
            }
            Self::RequestVoteReply { vote_granted, .. } => {
                let (header, name) = (self.short_header(), self.name_of_vote());
                match vote_granted {
                    true => write!(f, "{} {=str}Reply granted", header, name),
                    false => write!(f, "{} {=str}Reply refused", header, name),
                }
            }
            Self::AppendEntriesCall {
                header,
                commit_index,
                entries,
            } => {
                write!(
                    f,
                    "{} AppendEntriesCall commit {} prev {}",
                    header, commit_index, entries
                );
            }
            Self::AppendEntriesReply {
                header,
                last_position,
            } => {
                write!(f, "{} AppendEntriesReply last {}", header, last_position);
            }
        }
    }
}

impl Format for Action {
    fn format(&self, f: Formatter<'_>) {
        match self {
            Self::SetElectionTimeout => write!(f, "SetElectionTimeout"),
            Self::SaveCurrentTerm => write!(f, "SaveCurrentTerm"),
            Self::SaveVotedFor => write!(f, "SaveVotedFor"),
            Self::BroadcastMessage(message) => write!(f, "BroadcastMessage {}", message),
            Self::AppendLogEntries(entries) => write!(f, "AppendLogEntries {}", entries),
            Self::SendMessage(to, message) => write!(f, "SendMessage {} {}", to, message),
            Self::InstallSnapshot(to) => write!(f, "InstallSnapshot {}", to),
        }
    }
}

impl Format for Actions {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "[");
        for (position, action) in self.clone().enumerate() {
            match position {
                0 => write!(f, "{}", action),
                _ => write!(f, "; {}", action),
            }
        }
        write!(f, "]");
    }
}

impl Format for Role {
    fn format(&self, f: Formatter<'_>) {
        match self {
            Self::Follower => write!(f, "follower"),
            Self::Candidate => write!(f, "candidate"),
            Self::Leader => write!(f, "leader"),
        }
    }
}

impl Format for CommitStatus {
    fn format(&self, f: Formatter<'_>) {
        match self {
            Self::InProgress => write!(f, "in-progress"),
            Self::Committed => write!(f, "committed"),
            Self::Rejected => write!(f, "rejected"),
            Self::Unknown => write!(f, "unknown"),
        }
    }
}

impl Format for ReadStatus {
    fn format(&self, f: Formatter<'_>) {
        match self {
            Self::Pending => write!(f, "pending"),
            Self::Ready(index) => write!(f, "ready({})", index),
            Self::Lost => write!(f, "lost"),
        }
    }
}

impl Format for ReadToken {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "t{} #{} index {}", self.term, self.seqno, self.index);
    }
}

impl Format for Log {
    fn format(&self, f: Formatter<'_>) {
        write!(
            f,
            "snapshot {} log {}",
            self.snapshot_config(),
            self.entries()
        );
    }
}

impl Format for Node {
    fn format(&self, f: Formatter<'_>) {
        write!(
            f,
            "{} {} t{} vote ",
            self.id(),
            self.role(),
            self.current_term()
        );
        match self.voted_for() {
            Some(id) => write!(f, "{}", id),
            None => write!(f, "-"),
        }
        write!(f, " commit {} {}", self.commit_index(), self.log());
    }
}

impl Format for NoRoom {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "the buffer is too small for the value");
    }
}

impl Format for Limits {
    fn format(&self, f: Formatter<'_>) {
        write!(
            f,
            "at most {} bytes, {} entries, {} terms and configurations, {} members",
            self.bytes, self.entries, self.terms_and_configs, self.members
        );
    }
}

impl Format for DecodeProblem {
    fn format(&self, f: Formatter<'_>) {
        match self {
            Self::Truncated => write!(f, "the encoding ends too early"),
            Self::Trailing => write!(f, "there are bytes behind the value"),
            Self::Version(version) => write!(f, "version {} is not known", version),
            Self::Tag(tag) => write!(f, "tag {=u8:#04x} is not that of the value", tag),
            Self::NotCanonical => write!(f, "a number or list is not in its one form"),
            Self::IndexTooLarge => write!(f, "an index is above the largest one"),
            Self::TooLong => write!(f, "a limit is exceeded"),
        }
    }
}

impl Format for DecodeError {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "byte {}: {}", self.offset, self.problem);
    }
}

impl Format for Ticket {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "proposal {}", self.position());
    }
}

impl Format for ReadTicket {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "read {=u64}", self.number());
    }
}

impl Format for Snapshot {
    fn format(&self, f: Formatter<'_>) {
        let (position, config, len) = (self.position(), self.config(), self.len());
        write!(f, "snapshot {} {} of {=u64} bytes", position, config, len);
    }
}

impl Format for Refusal {
    fn format(&self, f: Formatter<'_>) {
        match self {
            Self::NotLeader(Some(leader)) => write!(f, "not the leader: try at node {}", leader),
            Self::NotLeader(None) => write!(f, "not the leader, and there is none known"),
            Self::TooLong(max) => write!(f, "longer than {} bytes", max),
            Self::TooManyUncommitted => write!(f, "too many commands are not committed"),
            Self::LogFull => write!(f, "the log is full"),
            Self::TooManyWaiting => write!(f, "too many requests are waiting"),
            Self::Transferring(target) => write!(f, "handing over to node {}", target),
            Self::Target(target) => write!(f, "node {} cannot take over", target),
            Self::Config => write!(f, "the configuration cannot follow the present one"),
            Self::Stopped => write!(f, "the store has failed"),
        }
    }
}

impl Format for StoredError {
    fn format(&self, f: Formatter<'_>) {
        match self {
            Self::Record(error) => write!(f, "a record is damaged: {}", error),
            Self::NotOneEntry(last) => write!(f, "a record of not one entry, up to {}", last),
            Self::Payload(at) => write!(f, "no payload at {}", at),
            Self::Gap { expected, found } => write!(f, "{} follows {}", found, expected),
            Self::TermBehind { stored, last } => write!(f, "term {} behind {}", stored, last),
            Self::AppliedAhead { applied, last } => {
                write!(f, "applied {} ahead of {}", applied, last);
            }
        }
    }
}

impl Format for MessageKind {
    fn format(&self, f: Formatter<'_>) {
        match self {
            Self::Ordinary => write!(f, "ordinary"),
            Self::PreVote => write!(f, "pre-vote"),
            Self::TransferVote => write!(f, "transfer vote"),
            Self::CampaignNow => write!(f, "campaign now"),
        }
    }
}

impl Format for Event {
    fn format(&self, f: Formatter<'_>) {
        match self {
            Self::BecameLeader(term) => write!(f, "leader of t{}", term),
            Self::SteppedDown(term, reason) => write!(f, "stepped down from t{}: {}", term, reason),
            Self::ConfigCommitted(position) => write!(f, "configuration {} committed", position),
            Self::SnapshotWanted(id) => write!(f, "snapshot wanted by {}", id),
            Self::FollowerLostTail(id) => write!(f, "follower {} lost its tail", id),
            Self::TransferEnded(id, outcome) => write!(f, "transfer to {}: {}", id, outcome),
        }
    }
}

impl Format for StepDown {
    fn format(&self, f: Formatter<'_>) {
        match self {
            Self::HigherTerm => write!(f, "there is a higher term"),
            Self::Removed => write!(f, "removed from the voters"),
            Self::Silence => write!(f, "no majority has answered"),
            Self::StorageStalled => write!(f, "the storage does not report"),
        }
    }
}

impl Format for TransferOutcome {
    fn format(&self, f: Formatter<'_>) {
        match self {
            Self::Done => write!(f, "done"),
            Self::TimedOut => write!(f, "timed out"),
            Self::Aborted => write!(f, "aborted"),
            Self::LeadershipLost => write!(f, "leadership lost"),
        }
    }
}

impl Format for StableLeadership {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{=u8} silent timeouts", self.silent_timeouts);
    }
}

impl Format for NodeOptions {
    fn format(&self, f: Formatter<'_>) {
        match &self.stable_leadership {
            Some(stable) => write!(f, "stable leadership: {}", stable),
            None => write!(f, "stable leadership: no"),
        }
        if self.never_leads {
            write!(f, ", never leads");
        }
        write!(f, ", {=u8} transfer timeouts", self.transfer_timeouts);
        if self.refuses_lost_tail {
            write!(f, ", refuses a lost tail");
        }
        if self.asynchronous_storage {
            write!(f, ", asynchronous storage");
        }
        if self.events {
            write!(f, ", events");
        }
    }
}

/// Every public type has a format, but for those that are generic over a payload or carry bytes; a new one without
/// does not compile.
const _: () = {
    const fn formats<T: Format>() {}
    formats::<(NodeId, Term, LogIndex, MessageSeqNo)>();
    formats::<(LogPosition, Role, ClusterConfig, LogEntry, LogEntries)>();
    formats::<(Log, CommitStatus, Message, MessageHeader, Action)>();
    formats::<(Actions, Node, ReadStatus, ReadToken)>();
    formats::<(MessageKind, NodeOptions, StableLeadership)>();
    formats::<(Event, StepDown, TransferOutcome)>();
    formats::<(NoRoom, Limits, DecodeError, DecodeProblem)>();
    formats::<(Ticket, ReadTicket, Snapshot, Refusal, StoredError)>();
};
