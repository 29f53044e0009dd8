//! What a replica has given out, taken out of its hands.

use alloc::vec::Vec;

use raftbare::replica::{ChunkToSend, Output, ReadTicket, Snapshot, Ticket};
use raftbare::{LogIndex, LogPosition, Message, NodeId};

use super::Command;

/// An [`Output`] that borrows nothing.
#[derive(Debug)]
pub(super) enum Given {
    SetTimer,
    /// The bytes of an envelope, and its message if it is one.
    Send(NodeId, Vec<u8>, Option<Message>),
    SendChunk(NodeId, ChunkToSend),
    Load(Snapshot),
    /// `None` in place of a command: the payload is of none.
    Apply(LogPosition, Option<u64>, Option<Ticket>),
    Config(LogPosition, Option<Ticket>),
    Rejected(Ticket),
    Unknown(Ticket),
    ReadReady(ReadTicket),
    ReadLost(ReadTicket),
    /// So far all was given out.
    Through(LogIndex),
}

impl Given {
    pub(super) fn from_output<P: Command>(output: Output<'_, P>) -> Self {
        match output {
            Output::SetTimer(_) => Self::SetTimer,
            Output::Send(to, envelope) => {
                let mut bytes = Vec::new();
                envelope.encode(&mut bytes).expect("a vector has room");
                Self::Send(to, bytes, envelope.message().cloned())
            }
            Output::SendChunk(to, chunk) => Self::SendChunk(to, chunk),
            Output::LoadSnapshot(snapshot) => Self::Load(snapshot),
            Output::Apply {
                position,
                payload,
                ticket,
            } => Self::Apply(position, P::read(payload.as_ref()), ticket),
            Output::ConfigCommitted {
                position, ticket, ..
            } => Self::Config(position, ticket),
            Output::Rejected(ticket) => Self::Rejected(ticket),
            Output::Unknown(ticket) => Self::Unknown(ticket),
            Output::ReadReady(ticket) => Self::ReadReady(ticket),
            Output::ReadLost(ticket) => Self::ReadLost(ticket),
        }
    }
}
