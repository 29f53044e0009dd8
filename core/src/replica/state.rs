//! What is stored beside the log: the term, the vote, and which snapshot there is.

use super::snapshot::Snapshot;
use crate::codec::{self, DecodeError, Limits, NoRoom, Output, Reader};
use crate::{NodeId, Term};

/// The key of the row with the term, the vote and the snapshot, among [`Batch::changes`](super::Batch::changes). Those
/// of the records are their indexes, from 1 on.
///
/// ```
/// assert_eq!(raftbare::replica::STATE_KEY, 0);
/// ```
pub const STATE_KEY: u64 = 0;

/// In one piece, so that a snapshot of a higher term is never stored without that term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) current_term: Term,
    pub(super) voted_for: Option<NodeId>,
    pub(super) snapshot: Option<Snapshot>,
}

impl State {
    pub(super) fn encode(&self, output: &mut impl Output) -> Result<usize, NoRoom> {
        let len = codec::encode_hard_state(self.current_term, self.voted_for, output)?;
        match &self.snapshot {
            None => Ok(len),
            Some(snapshot) => Ok(len.saturating_add(snapshot.encode(output)?)),
        }
    }

    pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, limits)?;
        let (current_term, voted_for) = reader.hard_state()?;
        let snapshot = match reader.peek() {
            [] => None,
            rest => Some(Snapshot::decode(rest, limits)?),
        };
        Ok(Self {
            current_term,
            voted_for,
            snapshot,
        })
    }
}
