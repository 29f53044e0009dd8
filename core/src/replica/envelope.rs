//! What travels between replicas: messages with their payloads, and the parts of snapshots.

use super::payloads::{Payload, PayloadLog};
use super::snapshot::Snapshot;
use crate::codec::{
    self, DecodeError, Limits, NoRoom, Output, Payloads, Reader, Writer, tag, transfer,
};
use crate::{LogIndex, LogPosition, Message, NodeId, Term};

/// A message to another replica, with the payloads of its commands; or an answer about a snapshot.
///
/// It is looked at, and sent as what [`encode`](Self::encode) writes. At the other end these bytes go to
/// [`Replica::receive`](super::Replica::receive). They may get lost, come twice, late, in any order; whether
/// they are whole is for the link to see to (a checksum, a datagram, TLS).
#[derive(Debug)]
pub struct Envelope<'a, P> {
    pub(super) content: Content<'a, P>,
}

#[derive(Debug)]
pub(super) enum Content<'a, P> {
    Message(Message, &'a PayloadLog<P>),
    ChunkReply(ChunkReply),
}

impl<P: Payload> Envelope<'_, P> {
    /// The message of the node, if it is one: for logs and pictures.
    #[must_use]
    pub fn message(&self) -> Option<&Message> {
        match &self.content {
            Content::Message(message, _) => Some(message),
            Content::ChunkReply(_) => None,
        }
    }

    /// Writes the envelope; returns how many bytes that took. See [`codec`] for the layout.
    pub fn encode(&self, output: &mut impl Output) -> Result<usize, NoRoom> {
        match &self.content {
            Content::Message(message, payloads) => {
                let payloads = message.entries().map(|entries| payloads.of(entries));
                codec::encode_envelope(message, payloads.into_iter().flatten(), output)
            }
            Content::ChunkReply(reply) => reply.encode(output),
        }
    }
}

/// What came in, its payloads still bytes.
#[derive(Debug)]
pub(super) enum Received<'a> {
    Message(Message, Payloads<'a>),
    Chunk(Chunk<'a>),
    ChunkReply(ChunkReply),
}

impl<'a> Received<'a> {
    pub(super) fn decode(bytes: &'a [u8], limits: &Limits) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, limits)?;
        match reader.tag()? {
            (tag::TRANSFER, transfer::CHUNK) => {
                let chunk = Chunk::read(&mut reader)?;
                reader.end(Self::Chunk(chunk))
            }
            (tag::TRANSFER, transfer::CHUNK_REPLY) => {
                let reply = ChunkReply::read(&mut reader)?;
                reader.end(Self::ChunkReply(reply))
            }
            _ => codec::decode_envelope(bytes, limits)
                .map(|(message, payloads)| Self::Message(message, payloads)),
        }
    }
}

/// A part of a snapshot on its way.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chunk<'a> {
    pub(super) from: NodeId,
    pub(super) term: Term,
    pub(super) snapshot: Snapshot,
    pub(super) offset: u64,
    pub(super) bytes: &'a [u8],
}

impl<'a> Chunk<'a> {
    pub(super) fn encode(&self, output: &mut impl Output) -> Result<usize, NoRoom> {
        let mut writer = Writer::new(output);
        writer.tag(tag::TRANSFER, transfer::CHUNK)?;
        writer.number(self.from.get())?;
        writer.number(self.term.get())?;
        self.snapshot.write(&mut writer)?;
        writer.number(self.offset)?;
        writer.bytes(self.bytes)?;
        Ok(writer.len())
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            from: NodeId::new(reader.number()?),
            term: Term::new(reader.number()?),
            snapshot: Snapshot::read(reader)?,
            offset: reader.number()?,
            bytes: reader.rest(),
        })
    }
}

/// Says how much of a snapshot is stored, and so which chunk is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ChunkReply {
    pub(super) from: NodeId,
    pub(super) term: Term,
    pub(super) position: LogPosition,
    pub(super) checksum: u32,
    pub(super) next_offset: u64,
}

impl ChunkReply {
    fn encode(&self, output: &mut impl Output) -> Result<usize, NoRoom> {
        let mut writer = Writer::new(output);
        writer.tag(tag::TRANSFER, transfer::CHUNK_REPLY)?;
        writer.number(self.from.get())?;
        writer.number(self.term.get())?;
        writer.number(self.position.index.get())?;
        writer.number(self.position.term.get())?;
        writer.number(u64::from(self.checksum))?;
        writer.number(self.next_offset)?;
        Ok(writer.len())
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let from = NodeId::new(reader.number()?);
        let term = Term::new(reader.number()?);
        let index = LogIndex::new(reader.number()?);
        Ok(Self {
            from,
            term,
            position: LogPosition {
                term: Term::new(reader.number()?),
                index,
            },
            checksum: reader.number_u32()?,
            next_offset: reader.number()?,
        })
    }
}
