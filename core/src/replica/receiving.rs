//! What a replica does with what comes in.

use super::envelope::{Chunk, ChunkReply};
use super::payloads::commands;
use super::transfer::{ChunkToStore, Receiving, Reception};
use super::{Payload, Replica};
use crate::codec::Payloads;
use crate::{LogEntries, LogIndex, Message};

impl<P: Payload> Replica<P> {
    /// Gives a message to the node, and keeps the payloads of the entries that it takes into its log.
    pub(super) fn receive_message(&mut self, mut message: Message, payloads: Payloads<'_>) {
        let mut given = core::mem::take(&mut self.spare_given);
        if let Message::AppendEntriesCall { entries, .. } = &mut message {
            given.extend(payloads.map_while(|bytes| P::try_from(bytes).ok()));
            let room = self.room_for_commands(entries.prev_position().index);
            cut_before_command(entries, given.len().min(room));
        }
        let reply = match &message {
            Message::AppendEntriesReply { header, .. } => Some(*header),
            _ => None,
        };
        let entries = message.entries().cloned();
        let log = self.node.log();
        let last = log.last_position();
        let common = entries
            .as_ref()
            .map(|it| log.entries().last_common_index(it));
        self.node.handle_message(message);
        // §5.3: what was overwritten goes. Positions alone do not tell it: a forged call may give one to another entry.
        if let Some(common) = common.filter(|_| !self.node.log().entries().contains(last)) {
            self.payloads.truncate_after(common);
        }
        // §7: a snapshot that comes in is of no use any more once the log has got there by itself.
        let commit_index = self.node.commit_index();
        self.receiving
            .take_if(|it| it.snapshot().position().index <= commit_index);
        if let Some(header) = reply {
            self.desk
                .flows
                .note_reply(header.term, header.from, header.seqno);
        }
        let positions = entries.iter().flat_map(commands);
        let mut commands = positions.zip(given.drain(..));
        self.follow_log(|at| {
            let found = commands.find(|&(position, _)| position == at);
            found.map(|(_, payload)| payload)
        });
        drop(commands);
        self.spare_given = given;
    }

    /// For how many commands after `prev` the log has room: the next one is not taken, and so not acknowledged, until
    /// a snapshot has made room. Other entries always find room: what is to be committed may wait for them.
    fn room_for_commands(&self, prev: LogIndex) -> usize {
        let most = usize::try_from(self.desk.options.max_log).unwrap_or(usize::MAX);
        let entries = self.node.log().entries();
        most.saturating_sub(entries.commands_up_to(prev))
    }

    /// §7: takes the next part of a snapshot, if this node needs it.
    pub(super) fn receive_chunk(&mut self, chunk: &Chunk<'_>) {
        // While a chunk is being stored, or an own snapshot, this one counts as lost.
        let is_busy = self.chunk.is_some() || self.is_batch_out || self.is_taking_snapshot();
        let is_stale = chunk.term < self.node.current_term() || self.node.role().is_leader();
        if is_busy || is_stale || self.is_stopped || chunk.from == self.node.id() {
            return;
        }
        let snapshot = &chunk.snapshot;
        let next_offset = if snapshot.position().index <= self.node.commit_index() {
            snapshot.len()
        } else {
            let receiving = self
                .receiving
                .get_or_insert_with(|| Receiving::new(chunk.term, snapshot.clone()));
            match receiving.take(chunk) {
                Reception::Answer(next_offset) => next_offset,
                Reception::Nothing => return,
                Reception::Store => {
                    self.chunk = Some(ChunkToStore {
                        snapshot: snapshot.clone(),
                        offset: chunk.offset,
                        bytes: chunk.bytes.to_vec(),
                    });
                    receiving.offset()
                }
            }
        };
        let reply = ChunkReply {
            from: self.node.id(),
            term: chunk.term,
            position: snapshot.position(),
            checksum: snapshot.checksum(),
            next_offset,
        };
        self.chunk_reply = Some((chunk.from, reply));
    }
}

/// Cuts the entries before the command with this number, counted from 0.
fn cut_before_command(entries: &mut LogEntries, number: usize) {
    let Some(position) = commands(entries).nth(number) else {
        return;
    };
    let before = position.index.prev();
    let before = before.distance_from(entries.prev_position().index);
    entries.truncate(usize::try_from(before).unwrap_or(usize::MAX));
}
