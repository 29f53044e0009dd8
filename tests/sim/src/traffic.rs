//! No entry is sent twice without a loss: the part of the checker that watches replication.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use raftbare::{LogIndex, Message, MessageSeqNo, Node, NodeId, Term};

use crate::checker::{Verdict, Violation};

/// What a leader has sent to one follower in one term.
#[derive(Debug, Clone)]
struct Sent {
    /// Numbers of calls, rising, each with the index at which it and those before it end.
    calls: Vec<(MessageSeqNo, LogIndex)>,
    /// The highest index that was sent.
    last_index: LogIndex,
    /// A reply has shown that the follower lacks what was sent after this index.
    lost_after: Option<LogIndex>,
}

impl Sent {
    const NOTHING: Self = Self {
        calls: Vec::new(),
        last_index: LogIndex::ZERO,
        lost_after: None,
    };
}

/// Watches the calls and replies between leaders and followers.
#[derive(Debug, Default, Clone)]
pub struct Traffic(BTreeMap<(NodeId, NodeId), (Term, Sent)>);

impl Traffic {
    /// A call leaves. Entries that were sent before may go again only after a reply has shown a loss.
    pub fn check_call(&mut self, to: NodeId, message: &Message) -> Verdict {
        let Message::AppendEntriesCall {
            header, entries, ..
        } = message
        else {
            return Ok(());
        };
        let sent = self.of_term(header.from, to, header.term);
        let (start, end) = (entries.prev_position().index, entries.last_position().index);
        if !entries.is_empty() && start < sent.last_index {
            match sent.lost_after.take() {
                Some(lost_after) if lost_after <= start => {}
                lost_after => {
                    return Err(Violation {
                        property: "No entry is sent twice without a loss",
                        detail: format!(
                            "sent up to {}, lost after {lost_after:?}: {message}",
                            sent.last_index
                        ),
                    });
                }
            }
        }
        if !entries.is_empty() {
            sent.last_index = sent.last_index.max(end);
        }
        if sent.calls.last().is_none_or(|&(_, last)| last < end) {
            sent.calls.push((header.seqno, end));
        }
        Ok(())
    }

    /// A reply arrives at a leader: it may show a loss.
    pub fn note_reply(&mut self, leader: &Node, message: &Message) {
        let Message::AppendEntriesReply {
            header,
            last_position,
        } = message
        else {
            return;
        };
        if !leader.role().is_leader() || header.term != leader.current_term() {
            return;
        }
        let sent = self.of_term(leader.id(), header.from, header.term);
        let answered = sent
            .calls
            .partition_point(|&(number, _)| number <= header.seqno);
        let end = sent.calls[..answered].last().map(|&(_, end)| end);
        if !leader.log().entries().contains(*last_position) {
            sent.lost_after = Some(LogIndex::ZERO);
        } else if end.is_some_and(|end| last_position.index < end) {
            sent.lost_after = Some(
                last_position
                    .index
                    .min(sent.lost_after.unwrap_or(last_position.index)),
            );
        }
        sent.calls.drain(..answered.saturating_sub(1));
    }

    fn of_term(&mut self, leader: NodeId, follower: NodeId, term: Term) -> &mut Sent {
        let (of, sent) = self
            .0
            .entry((leader, follower))
            .or_insert_with(|| (term, Sent::NOTHING));
        if *of != term {
            *of = term;
            *sent = Sent::NOTHING;
        }
        sent
    }
}
