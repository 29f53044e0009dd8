//! What is under way between the nodes of a script.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt::{Display, Formatter, Result};

use raftbare::{LogEntry, Message, NodeId};

use super::verb::{Links, Messages, Which};
use crate::server::Payload;

/// A message or a snapshot on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flying {
    /// Its place among all that were ever in flight, from 1. A copy has its own; what a script injects has 0.
    pub number: u64,
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// What is sent.
    pub payload: Payload,
}

impl Display for Flying {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.payload {
            Payload::Raft(message, _) => write!(f, "{} < {message}", self.to),
            Payload::Snapshot(snapshot) => {
                let (position, config) = (snapshot.position, &snapshot.config);
                write!(f, "{} < snapshot {position} {config}", self.to)
            }
        }
    }
}

/// How much was sent over a link.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// RequestVoteCalls.
    pub vote_calls: usize,
    /// RequestVoteReplies.
    pub vote_replies: usize,
    /// AppendEntriesCalls.
    pub append_calls: usize,
    /// The entries in these.
    pub entries: usize,
    /// AppendEntriesReplies.
    pub append_replies: usize,
    /// Snapshots.
    pub snapshots: usize,
}

impl Sent {
    fn note(&mut self, payload: &Payload) {
        match payload {
            Payload::Raft(Message::RequestVoteCall { .. }, _) => self.vote_calls += 1,
            Payload::Raft(Message::RequestVoteReply { .. }, _) => self.vote_replies += 1,
            Payload::Raft(Message::AppendEntriesCall { entries, .. }, _) => {
                self.append_calls += 1;
                self.entries += entries.len();
            }
            Payload::Raft(Message::AppendEntriesReply { .. }, _) => self.append_replies += 1,
            Payload::Snapshot(_) => self.snapshots += 1,
        }
    }
}

impl Display for Sent {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let mut separator = "";
        for (name, count) in [
            ("RequestVoteCall", self.vote_calls),
            ("RequestVoteReply", self.vote_replies),
            ("AppendEntriesCall", self.append_calls),
            ("entries", self.entries),
            ("AppendEntriesReply", self.append_replies),
            ("snapshot", self.snapshots),
        ] {
            if count > 0 {
                write!(f, "{separator}{name} {count}")?;
                separator = ", ";
            }
        }
        Ok(())
    }
}

/// The network.
#[derive(Debug, Default, Clone)]
pub(super) struct Mail {
    /// In flight, oldest first.
    pub(super) flight: Vec<Flying>,
    /// Held, oldest first.
    pub(super) held: Vec<Flying>,
    cut: BTreeSet<(NodeId, NodeId)>,
    /// The number of the newest.
    newest: u64,
    sent: BTreeMap<(NodeId, NodeId), Sent>,
}

impl Mail {
    /// Counts what is sent, and sends it if the link is not cut.
    pub(super) fn send(&mut self, from: NodeId, to: NodeId, payload: Payload) {
        let link = (from, to);
        self.sent.entry(link).or_default().note(&payload);
        if !self.cut.contains(&link) {
            self.newest += 1;
            self.flight.push(Flying {
                number: self.newest,
                from,
                to,
                payload,
            });
        }
    }

    /// Whether what is sent over a link is lost.
    pub(super) fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.cut.contains(&(from, to))
    }

    pub(super) fn cut(&mut self, from: NodeId, to: NodeId) {
        self.cut.insert((from, to));
    }

    pub(super) fn mend(&mut self, links: &Links) {
        self.cut.retain(|&(from, to)| !links.contains(from, to));
    }

    /// Takes these messages out of flight.
    pub(super) fn take(&mut self, messages: &Messages) -> Vec<Flying> {
        take_out(&mut self.flight, messages)
    }

    /// Puts held messages back into flight. Returns them.
    pub(super) fn release(&mut self, messages: &Messages) -> Vec<Flying> {
        let released = take_out(&mut self.held, messages);
        self.flight.extend_from_slice(&released);
        released
    }

    /// Doubles messages in flight. Returns them.
    pub(super) fn duplicate(&mut self, messages: &Messages) -> Vec<Flying> {
        let mut copies = take_out(&mut self.flight.clone(), messages);
        for copy in &mut copies {
            self.newest += 1;
            copy.number = self.newest;
        }
        self.flight.extend_from_slice(&copies);
        copies
    }

    /// Cuts the entries of calls in flight, and the commands that go with them. Returns what remains.
    pub(super) fn truncate(&mut self, count: usize, messages: &Messages) -> Vec<Flying> {
        let mut cut = Vec::new();
        for index in picked(&self.flight, messages) {
            let flying = &mut self.flight[index];
            if let Payload::Raft(Message::AppendEntriesCall { entries, .. }, commands) =
                &mut flying.payload
            {
                entries.truncate(count);
                let is_command = |entry: &LogEntry| *entry == LogEntry::Command;
                commands.truncate(entries.iter().filter(is_command).count());
                cut.push(flying.clone());
            }
        }
        cut
    }

    /// What was sent over these links since this was last asked.
    pub(super) fn count(&mut self, links: &Links) -> Vec<((NodeId, NodeId), Sent)> {
        let counted = |&(from, to): &(NodeId, NodeId)| links.contains(from, to);
        let counts = self.sent.clone().into_iter();
        let counts = counts.filter(|(link, _)| counted(link)).collect();
        self.sent.retain(|link, _| !counted(link));
        counts
    }
}

/// Where in `list` these messages are.
fn picked(list: &[Flying], messages: &Messages) -> Vec<usize> {
    let is_picked = |flying: &Flying| {
        let is_of_number = match (&flying.payload, messages.which) {
            (_, Which::All | Which::Nth(_)) => true,
            (Payload::Raft(message, _), Which::Number(seqno)) => message.seqno() == seqno,
            (Payload::Snapshot(_), Which::Number(_)) => false,
        };
        is_of_number && messages.links.contains(flying.from, flying.to)
    };
    let (skipped, most) = match messages.which {
        Which::Nth(place) => (place - 1, 1),
        Which::All | Which::Number(_) => (0, usize::MAX),
    };
    let places = (0..list.len()).filter(|&index| is_picked(&list[index]));
    places.skip(skipped).take(most).collect()
}

fn take_out(list: &mut Vec<Flying>, messages: &Messages) -> Vec<Flying> {
    let mut taken: Vec<_> = picked(list, messages)
        .into_iter()
        .rev()
        .map(|index| list.remove(index))
        .collect();
    taken.reverse();
    taken
}
