//! The part of the checker that looks at what leaves: nothing is promised that is not stored.

use alloc::format;

use raftbare::{Message, NodeId, Term};

use super::{Checker, Verdict, violation};
use crate::integration::Durable;

impl Checker {
    /// Persist before send: what a message promises is on the sender's disk (figure 2, "updated on stable
    /// storage before responding"). And one vote per term (§5.2).
    pub fn check_sent(
        &mut self,
        from: NodeId,
        to: NodeId,
        durable: &Durable<'_>,
        message: &Message,
    ) -> Verdict {
        let fail = |what: &str| {
            violation(
                "Persist before send",
                format!("{what}: {from} sends {message}"),
            )
        };
        if message.kind().is_pre_vote() {
            return Ok(()); // It promises nothing, and is of a term that may never come.
        }
        if durable.current_term < message.term() {
            return fail("the term is not stored");
        }
        let vote_of_term = (durable.current_term == message.term()).then_some(durable.voted_for);
        match message {
            Message::RequestVoteCall { .. } => {
                if vote_of_term.is_some_and(|vote| vote != Some(from)) {
                    return fail("the own vote is not stored");
                }
                self.note_vote(message.term(), from, from)
            }
            Message::RequestVoteReply {
                vote_granted: true, ..
            } => {
                // Once the leader of the term is known, the stored vote names it: nobody else can win.
                let names_leader =
                    |vote: Option<NodeId>| vote == self.leaders.get(&message.term()).copied();
                if vote_of_term.is_some_and(|vote| vote != Some(to) && !names_leader(vote)) {
                    return fail("the vote is not stored");
                }
                self.note_vote(message.term(), from, to)
            }
            Message::AppendEntriesReply { last_position, .. } => {
                let is_stored = durable.entries.contains(*last_position)
                    || last_position.index < durable.entries.prev_position().index;
                if is_stored {
                    Ok(())
                } else {
                    fail("the acknowledged entries are not stored")
                }
            }
            Message::RequestVoteReply { .. } | Message::AppendEntriesCall { .. } => Ok(()),
        }
    }

    /// One vote per term and server, over all lives (§5.2). A second one for the leader that the term has
    /// already is no vote any more.
    fn note_vote(&mut self, term: Term, voter: NodeId, candidate: NodeId) -> Verdict {
        if self.leaders.get(&term) == Some(&candidate) {
            return Ok(());
        }
        match self.votes.insert((term, voter), candidate) {
            Some(other) if other != candidate => violation(
                "One vote per term",
                format!("{voter} votes for {other} and {candidate} in term {term}"),
            ),
            _ => Ok(()),
        }
    }
}
