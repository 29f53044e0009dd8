//! How much a leader has under way to each follower (thesis §10.2.2).
//!
//! The node hands out calls that reach to the end of the log, for all followers. What of them really leaves is
//! decided here; a call may be cut or left out, as messages may get lost, and the node makes up for it when the
//! follower answers. So nothing here has to be right for safety, only for memory and traffic.

use alloc::vec::Vec;

use crate::{LogEntries, LogIndex, MessageSeqNo, NodeId, Term};

/// The followers of one term of leadership.
#[derive(Debug, Clone, Default)]
pub(super) struct Flows {
    term: Option<Term>,
    /// Ids rising.
    rows: Vec<Flow>,
}

#[derive(Debug, Clone)]
struct Flow {
    id: NodeId,
    /// Up to here entries were sent without a gap. Behind it a follower can use none. `None`: not known yet.
    sent: Option<LogIndex>,
    /// The numbers of the calls with entries that are not answered.
    calls: heapless::Deque<MessageSeqNo, 16>,
    /// Calls left out since the last one that was sent.
    left_out: u8,
}

/// How much of a call to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// So many of its entries.
    Entries(usize),
    /// Not even the call.
    Nothing,
}

impl Flows {
    /// Of the calls that are withheld from a follower, each so many-th is sent without its entries, to find out
    /// whether it is there again.
    const PROBE_EVERY: u8 = 16;

    /// Goes on to the followers `peers` of a leader of `term`.
    pub(super) fn follow(&mut self, term: Term, peers: impl Iterator<Item = NodeId>) {
        if self.term.replace(term) != Some(term) {
            self.rows.clear();
        }
        for id in peers {
            if let Err(place) = self.rows.binary_search_by_key(&id, |row| row.id) {
                self.rows.insert(place, Flow::new(id));
            }
        }
    }

    /// Forgets who is no follower any more.
    pub(super) fn retain(&mut self, is_peer: impl Fn(NodeId) -> bool) {
        self.rows.retain(|row| is_peer(row.id));
    }

    /// The follower after `id`, in the order of ids.
    pub(super) fn next_after(&self, id: Option<NodeId>) -> Option<NodeId> {
        let place = self.rows.partition_point(|row| Some(row.id) <= id);
        self.rows.get(place).map(|row| row.id)
    }

    /// How much to send of a call that is for all followers, if at most `fitting` of its entries fit.
    pub(super) fn share_of_broadcast(
        &mut self,
        to: NodeId,
        seqno: MessageSeqNo,
        entries: &LogEntries,
        fitting: usize,
        window: usize,
    ) -> Share {
        let Some(row) = self.row_mut(to) else {
            return Share::Entries(fitting);
        };
        if entries.is_empty() {
            return Share::Entries(0);
        }
        let prev = entries.prev_position().index;
        let is_gap = row.sent.is_some_and(|sent| sent < prev);
        if is_gap || row.calls.len() >= window.clamp(1, row.calls.capacity()) {
            let is_left_out = row.left_out > 0;
            row.left_out = row.left_out.wrapping_add(1) % Self::PROBE_EVERY;
            return match is_left_out {
                true => Share::Nothing,
                false => Share::Entries(0),
            };
        }
        row.note_entries(seqno, entries, fitting);
        Share::Entries(fitting)
    }

    /// Takes note of a call to one follower, the first `len` of its entries.
    pub(super) fn note_repair(
        &mut self,
        to: NodeId,
        seqno: MessageSeqNo,
        entries: &LogEntries,
        len: usize,
    ) {
        if let Some(row) = self.row_mut(to) {
            row.note_entries(seqno, entries, len);
        }
    }

    /// Takes note of an answer: it answers all calls up to its number.
    pub(super) fn note_reply(&mut self, term: Term, from: NodeId, seqno: MessageSeqNo) {
        if self.term != Some(term) {
            return;
        }
        if let Some(row) = self.row_mut(from) {
            while row.calls.front().is_some_and(|&number| number <= seqno) {
                row.calls.pop_front();
            }
        }
    }

    fn row_mut(&mut self, id: NodeId) -> Option<&mut Flow> {
        let place = self.rows.binary_search_by_key(&id, |row| row.id).ok()?;
        self.rows.get_mut(place)
    }
}

impl Flow {
    fn new(id: NodeId) -> Self {
        Self {
            id,
            sent: None,
            calls: heapless::Deque::new(),
            left_out: 0,
        }
    }

    fn note_entries(&mut self, seqno: MessageSeqNo, entries: &LogEntries, len: usize) {
        self.sent = Some(entries.prev_position().index.plus(len));
        self.left_out = 0;
        if len > 0 {
            if self.calls.is_full() {
                self.calls.pop_front();
            }
            // There is room now.
            let _ = self.calls.push_back(seqno);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LogEntry, LogPosition};

    const WINDOW: usize = 2;

    fn flows() -> Flows {
        let mut flows = Flows::default();
        flows.follow(Term::new(1), [NodeId::new(2)].into_iter());
        flows
    }

    /// What the follower gets of the broadcast with this number, of the one entry at this index.
    fn share(flows: &mut Flows, number: u64, index: u64) -> Share {
        let prev = LogPosition {
            term: Term::new(1),
            index: LogIndex::new(index - 1),
        };
        let entries = LogEntries::from_iter(prev, [LogEntry::Command]);
        let seqno = MessageSeqNo::new(number);
        flows.share_of_broadcast(NodeId::new(2), seqno, &entries, 1, WINDOW)
    }

    fn reply(flows: &mut Flows, term: u64, number: u64) {
        flows.note_reply(Term::new(term), NodeId::new(2), MessageSeqNo::new(number));
    }

    #[test]
    fn an_answer_opens_the_window_for_the_call_that_it_answers_and_those_before() {
        for (answered, open) in [(0, 0), (1, 1), (2, 2)] {
            let mut flows = flows();
            for number in 1..=2 {
                assert_eq!(share(&mut flows, number, number), Share::Entries(1));
            }
            reply(&mut flows, 1, answered);
            for number in 3..3 + open {
                assert_eq!(share(&mut flows, number, number), Share::Entries(1));
            }
            assert_eq!(share(&mut flows, 9, 3 + open), Share::Entries(0));
        }
    }

    #[test]
    fn an_answer_of_another_term_opens_nothing() {
        let mut flows = flows();
        for number in 1..=2 {
            share(&mut flows, number, number);
        }
        reply(&mut flows, 2, 2);
        assert_eq!(share(&mut flows, 3, 3), Share::Entries(0));
    }

    #[test]
    fn behind_a_gap_entries_are_of_no_use() {
        let mut flows = flows();
        for number in 1..=3 {
            share(&mut flows, number, number); // the third is withheld
        }
        reply(&mut flows, 1, 3);
        assert_eq!(share(&mut flows, 4, 4), Share::Nothing);
        // A call to it alone closes the gap.
        let prev = LogPosition {
            term: Term::new(1),
            index: LogIndex::new(2),
        };
        let rest = LogEntries::from_iter(prev, [LogEntry::Command, LogEntry::Command]);
        flows.note_repair(NodeId::new(2), MessageSeqNo::new(5), &rest, 2);
        assert_eq!(share(&mut flows, 6, 5), Share::Entries(1));
    }
}
