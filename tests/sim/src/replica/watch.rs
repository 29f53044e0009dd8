//! Whether what leaves a replica keeps within its bounds.

use alloc::collections::BTreeMap;
use alloc::format;

use raftbare::codec::decode_envelope;
use raftbare::replica::ReplicaOptions;
use raftbare::{Message, NodeId, Term};

use super::clients::Wrong;

/// What has left for the followers, in one life of a server.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// How many calls with entries have left for a follower since it last answered, in this term.
    unanswered: BTreeMap<NodeId, (Term, usize)>,
    /// The last batch has left out an append that waited.
    pub(super) left_out: bool,
    /// Counts occasions, for what is looked at now and then only.
    pub(super) occasions: u64,
}

impl Watch {
    /// An envelope has arrived.
    pub(super) fn note_arrival(&mut self, message: &Message) {
        if let Message::AppendEntriesReply { header, .. } = message {
            self.unanswered.insert(header.from, (header.term, 0));
        }
    }

    /// Forgets who is no member: if it comes back, it is a new follower.
    pub(super) fn retain(&mut self, is_member: impl Fn(NodeId) -> bool) {
        self.unanswered.retain(|&id, _| is_member(id));
    }

    /// An envelope leaves.
    pub(super) fn check_sent(
        &mut self,
        options: &ReplicaOptions,
        to: NodeId,
        bytes: &[u8],
        message: &Message,
    ) -> Result<(), Wrong> {
        let decoded = decode_envelope(bytes, &options.limits);
        let Some((_, payloads)) = decoded.ok().filter(|(found, _)| found == message) else {
            return Err(("An envelope can be read", format!("{message} is not")));
        };
        let Message::AppendEntriesCall {
            header, entries, ..
        } = message
        else {
            return Ok(());
        };
        let size: usize = payloads.map(<[u8]>::len).sum();
        if entries.len() > options.max_call_entries || size > options.max_call_bytes {
            let len = entries.len();
            let detail = format!("{len} entries with {size} bytes in {message}");
            return Err(("Calls keep within their bounds", detail));
        }
        if entries.is_empty() {
            return Ok(());
        }
        let row = self.unanswered.entry(to).or_insert((header.term, 0));
        if row.0 != header.term {
            *row = (header.term, 0);
        }
        row.1 += 1;
        // One call more than may be under way: the answer to a reply.
        if row.1 > options.max_calls_in_flight + 1 {
            let detail = format!("{} calls with entries, the last {message}", row.1);
            return Err(("A silent follower gets no entries", detail));
        }
        Ok(())
    }
}
