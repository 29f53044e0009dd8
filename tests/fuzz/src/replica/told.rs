//! What comes out of the replica, checked for itself.

use raftbare::codec::{self, Limits};
use raftbare::replica::{Output, ReadTicket, ReplicaOptions, Ticket};
use raftbare::{LogIndex, LogPosition, Message};

use super::store::Store;
use super::{Callers, Payload};

/// An output, checked for itself.
pub(super) enum Told {
    Nothing,
    Envelope(&'static str, Vec<u8>),
    Loaded(LogIndex),
    Applied(LogPosition, Option<Ticket>),
    End(Ticket),
    ReadEnd(ReadTicket),
}

impl Told {
    pub(super) fn of(
        output: Output<'_, Payload>,
        store: &Store,
        options: &ReplicaOptions,
        callers: &Callers,
    ) -> Self {
        match output {
            Output::SetTimer(_) => Self::Nothing,
            Output::Send(to, envelope) => {
                let mut bytes = Vec::new();
                envelope.encode(&mut bytes).expect("a Vec grows");
                if let Some(message) = envelope.message() {
                    let (read, _) = codec::decode_envelope(&bytes, &Limits::default())
                        .unwrap_or_else(|error| panic!("{error}: {message}"));
                    assert_eq!(read, *message);
                    store.assert_backs(to, message, callers);
                    if let Message::AppendEntriesCall { entries, .. } = message {
                        assert!(entries.len() <= options.max_call_entries, "{message}");
                    }
                }
                Self::Envelope("sent", bytes)
            }
            Output::SendChunk(_, chunk) => {
                let part = store.part(chunk.snapshot(), chunk.offset(), chunk.len());
                let mut bytes = Vec::new();
                chunk.encode(part, &mut bytes).expect("a Vec grows");
                Self::Envelope("chunk", bytes)
            }
            Output::LoadSnapshot(snapshot) => {
                store.part(&snapshot, 0, snapshot.len() as usize);
                Self::Loaded(snapshot.position().index)
            }
            Output::Apply {
                position,
                payload,
                ticket,
            } => {
                store.assert_payload(position, payload);
                Self::Applied(position, ticket)
            }
            Output::ConfigCommitted {
                position, ticket, ..
            } => Self::Applied(position, ticket),
            Output::Rejected(ticket) | Output::Unknown(ticket) => Self::End(ticket),
            Output::ReadReady(ticket) | Output::ReadLost(ticket) => Self::ReadEnd(ticket),
        }
    }
}
