//! [`Outputs`]: what a replica wants done, once all it depends on is stored.

use super::batch::Outbox;
use super::clients::{Proposals, ReadTicket, Reads, Ticket};
use super::envelope::{Content, Envelope};
use super::flow::{Flows, Share};
use super::options::ReplicaOptions;
use super::payloads::{Payload, PayloadLog};
use super::snapshot::Snapshot;
use super::transfer::{ChunkToSend, Sending};
use crate::{
    ClusterConfig, LogEntry, LogIndex, LogPosition, Message, Node, NodeId, ReadStatus, Role, Term,
};
use alloc::collections::VecDeque;

/// One thing to do for a replica.
#[derive(Debug)]
pub enum Output<'a, P> {
    /// Start the timer anew, whatever it was at; when it fires, call
    /// [`Replica::handle_timeout`](super::Replica::handle_timeout). How long it takes depends on the role:
    /// see [`Action::SetElectionTimeout`](crate::Action::SetElectionTimeout).
    SetTimer(Role),
    /// Send the envelope to this node.
    Send(NodeId, Envelope<'a, P>),
    /// Read a chunk of the stored snapshot, and send it to this node.
    SendChunk(NodeId, ChunkToSend),
    /// Replace the state by that of this snapshot, which is stored: all entries up to its position are applied
    /// with it. If loading takes time, stop to take outputs here: what follows comes after the next batch.
    LoadSnapshot(Snapshot),
    /// Apply the command to the state. Commands come in the order of the log, each once in the life of the replica.
    Apply {
        /// Where the command stands: to be stored with the state, if that is stored.
        position: LogPosition,
        /// The command.
        payload: &'a P,
        /// Who waits for it at this replica: the answer is what the command has brought about.
        ticket: Option<Ticket>,
    },
    /// This configuration is committed.
    ConfigCommitted {
        /// Where it stands.
        position: LogPosition,
        /// The configuration.
        config: ClusterConfig,
        /// Who waits for it at this replica.
        ticket: Option<Ticket>,
    },
    /// The proposal is not in the log and will never be: it may be made again.
    Rejected(Ticket),
    /// A snapshot stands for the place of the proposal: it was committed, or another one was. To make it again is
    /// right only if that does no harm.
    Unknown(Ticket),
    /// The read may be answered from the present state.
    ReadReady(ReadTicket),
    /// This replica does not lead any more: the read has to begin again at the leader.
    ReadLost(ReadTicket),
}

/// An answer that waits to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Rejected(Ticket),
    Unknown(Ticket),
}

/// What has to be done, and up to where it was.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    pub(super) options: ReplicaOptions,
    pub(super) outbox: Outbox,
    /// The last follower that the broadcast in the outbox was sent to.
    pub(super) broadcast_to: Option<NodeId>,
    pub(super) flows: Flows,
    /// The newest snapshot that is stored.
    pub(super) snapshot: Option<Snapshot>,
    pub(super) sending: Sending,
    /// Whether the state is to be that of the snapshot.
    pub(super) loads_snapshot: bool,
    /// Up to where entries were handed out to be applied.
    pub(super) applied: LogIndex,
    pub(super) proposals: Proposals,
    pub(super) answers: VecDeque<Answer>,
    pub(super) reads: Reads,
}

/// What a replica wants done, in an order that is safe; given out by
/// [`Replica::persisted`](super::Replica::persisted).
///
/// What is not taken is not lost, except messages: it comes the next time.
#[derive(Debug)]
#[must_use = "nothing happens until the outputs are taken and executed"]
pub struct Outputs<'a, P> {
    /// `None`: there is nothing to come any more, as the store has failed or the batch was another replica's.
    pub(super) node: Option<&'a Node>,
    pub(super) payloads: &'a PayloadLog<P>,
    pub(super) desk: &'a mut Desk,
    /// Whether a snapshot is just being stored: nobody knows which one would be read.
    pub(super) is_snapshot_out: bool,
}

impl<'a, P: Payload> Iterator for Outputs<'a, P> {
    type Item = Output<'a, P>;

    fn next(&mut self) -> Option<Output<'a, P>> {
        let node = self.node?;
        if core::mem::take(&mut self.desk.outbox.set_timer) {
            return Some(Output::SetTimer(node.role()));
        }
        if let Some((to, content)) = self.next_message() {
            return Some(Output::Send(to, Envelope { content }));
        }
        if !self.is_snapshot_out {
            if let Some((to, chunk)) = self.desk.next_chunk(node) {
                return Some(Output::SendChunk(to, chunk));
            }
        }
        if core::mem::take(&mut self.desk.loads_snapshot) {
            return self.desk.snapshot.clone().map(Output::LoadSnapshot);
        }
        self.next_answer()
            .or_else(|| self.next_applied(node))
            .or_else(|| self.next_answer())
            .or_else(|| self.next_read(node))
    }
}

impl<'a, P: Payload> Outputs<'a, P> {
    /// The next message: of the broadcast first, as in [`Actions`](crate::Actions), then those to single nodes.
    fn next_message(&mut self) -> Option<(NodeId, Content<'a, P>)> {
        while let Some(to) = self.desk.next_of_broadcast() {
            let message = self.desk.share_of_broadcast(to, self.payloads);
            if let Some(message) = message {
                return Some((to, Content::Message(message, self.payloads)));
            }
        }
        while let Some((to, message)) = self.desk.outbox.sends.pop_first() {
            if let Some(message) = self.desk.fit(to, message, self.payloads) {
                return Some((to, Content::Message(message, self.payloads)));
            }
        }
        let (to, reply) = self.desk.outbox.chunk_reply.take()?;
        Some((to, Content::ChunkReply(reply)))
    }

    /// The next committed entry that is stored here and asks for something.
    fn next_applied(&mut self, node: &Node) -> Option<Output<'a, P>> {
        let end = node.commit_index().min(node.durable_index());
        while self.desk.applied < end {
            let index = self.desk.applied.checked_next()?;
            let position = node.log().entries().position_at(index)?;
            let entry = node.log().entries().get_entry(index)?;
            let payload = match entry {
                LogEntry::Command => Some(self.payloads.get(position)?),
                _ => None,
            };
            self.desk.applied = index;
            let ticket = self.desk.decide(position);
            if let LogEntry::Term(term) = entry {
                self.desk.reject_older(term);
            }
            match (entry, payload) {
                (LogEntry::ClusterConfig(config), _) => {
                    return Some(Output::ConfigCommitted {
                        position,
                        config,
                        ticket,
                    });
                }
                (_, Some(payload)) => {
                    return Some(Output::Apply {
                        position,
                        payload,
                        ticket,
                    });
                }
                (_, None) => {}
            }
            if !self.desk.answers.is_empty() {
                break;
            }
        }
        None
    }

    /// The next answer that waits to be told.
    fn next_answer(&mut self) -> Option<Output<'a, P>> {
        self.desk.answers.pop_front().map(|answer| match answer {
            Answer::Rejected(ticket) => Output::Rejected(ticket),
            Answer::Unknown(ticket) => Output::Unknown(ticket),
        })
    }

    /// The next read that is decided: answered after all entries up to its index were given out to be applied.
    fn next_read(&mut self, node: &Node) -> Option<Output<'a, P>> {
        let status = node.read_status(self.desk.reads.first()?);
        match status {
            ReadStatus::Ready(index) if index <= self.desk.applied => {
                self.desk.reads.take_first().map(Output::ReadReady)
            }
            ReadStatus::Lost => self.desk.reads.take_first().map(Output::ReadLost),
            _ => None,
        }
    }
}

impl Desk {
    /// Whether there is something to take out.
    pub(super) fn has_outputs(&self, node: &Node) -> bool {
        let is_read_decided = |token| match node.read_status(token) {
            ReadStatus::Pending => false,
            ReadStatus::Ready(index) => index <= self.applied,
            ReadStatus::Lost => true,
        };
        !self.outbox.is_empty()
            || self.sending.is_due()
            || self.loads_snapshot
            || !self.answers.is_empty()
            || self.applied < node.commit_index().min(node.durable_index())
            || self.reads.first().is_some_and(is_read_decided)
    }

    /// The next follower that the pending broadcast is for.
    fn next_of_broadcast(&mut self) -> Option<NodeId> {
        self.outbox.broadcast.as_ref()?;
        let next = self.flows.next_after(self.broadcast_to);
        self.broadcast_to = next;
        if next.is_none() {
            self.outbox.broadcast = None;
        }
        next
    }

    /// What this follower gets of the pending broadcast.
    fn share_of_broadcast<P: Payload>(
        &mut self,
        to: NodeId,
        payloads: &PayloadLog<P>,
    ) -> Option<Message> {
        let message = self.outbox.broadcast.as_ref()?;
        let Some(entries) = message.entries() else {
            return Some(message.clone());
        };
        let fitting = payloads
            .fitting(entries, self.options.max_call_bytes)?
            .min(self.options.max_call_entries.max(1));
        let window = self.options.max_calls_in_flight;
        let seqno = message.seqno();
        match self
            .flows
            .share_of_broadcast(to, seqno, entries, fitting, window)
        {
            Share::Entries(len) => Some(cut(message.clone(), len)),
            Share::Nothing => None,
        }
    }

    /// Cuts a message to one node to what fits; `None` if it cannot be sent any more.
    fn fit<P: Payload>(
        &mut self,
        to: NodeId,
        message: Message,
        payloads: &PayloadLog<P>,
    ) -> Option<Message> {
        let Some(entries) = message.entries() else {
            return Some(message);
        };
        let len = payloads
            .fitting(entries, self.options.max_call_bytes)?
            .min(self.options.max_call_entries.max(1));
        self.flows.note_repair(to, message.seqno(), entries, len);
        Some(cut(message, len))
    }

    /// The next chunk to send, while this node leads.
    fn next_chunk(&mut self, node: &Node) -> Option<(NodeId, ChunkToSend)> {
        // Not if it has stepped down while the batch was out, or leads by now in a term that is not stored yet.
        if !node.role().is_leader() || node.actions().save_current_term {
            return None;
        }
        let snapshot = self.snapshot.as_ref()?;
        let (to, offset) = self.sending.take_due()?;
        let rest = snapshot.len().saturating_sub(offset);
        let len = usize::try_from(rest).unwrap_or(usize::MAX);
        let chunk = ChunkToSend {
            from: node.id(),
            term: node.current_term(),
            snapshot: snapshot.clone(),
            offset,
            len: len.min(self.options.chunk_bytes.max(1)),
        };
        Some((to, chunk))
    }

    /// §5.3: the entry at this position is committed; says who has proposed it, and queues the answers to those
    /// whose entries it has replaced.
    fn decide(&mut self, position: LogPosition) -> Option<Ticket> {
        let mut own = None;
        for ticket in self.proposals.take(position.index) {
            match ticket.position() == position {
                true => own = Some(ticket),
                false => self.answers.push_back(Answer::Rejected(ticket)),
            }
        }
        own
    }

    /// §5.4.2: an entry of this term is committed: behind it none of an earlier term can stand. Nobody waits for those
    /// any more. They would keep new proposals out that are to take their places, where too many wait.
    pub(super) fn reject_older(&mut self, term: Term) {
        let rejected = self.proposals.take_older(term);
        self.answers
            .extend(rejected.into_iter().map(Answer::Rejected));
    }
}

/// The message with the first `len` of its entries.
fn cut(mut message: Message, len: usize) -> Message {
    if let Message::AppendEntriesCall { entries, .. } = &mut message {
        entries.truncate(len);
    }
    message
}
