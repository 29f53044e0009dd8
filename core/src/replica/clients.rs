//! The clients that wait: proposals by position, reads by their tokens.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashMap;

use crate::{LogIndex, LogPosition, ReadToken, Term};

/// The name of a proposal. What comes out for it, once, is [`Apply`](super::Output::Apply),
/// [`ConfigCommitted`](super::Output::ConfigCommitted), [`Rejected`](super::Output::Rejected) or
/// [`Unknown`](super::Output::Unknown).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub(super) LogPosition);

impl Ticket {
    /// The position of the entry: unique in the life of the cluster once the entry is stored, and in the life of this
    /// replica before.
    #[must_use]
    pub fn position(self) -> LogPosition {
        self.0
    }
}

/// The name of a read. What comes out for it, once, is [`ReadReady`](super::Output::ReadReady) or
/// [`ReadLost`](super::Output::ReadLost). Unique in the life of the replica, until its restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReadTicket(u64);

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "proposal {}", self.0)
    }
}

impl ReadTicket {
    /// A number: how many reads were begun before, plus 1.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ReadTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read {}", self.0)
    }
}

/// Proposals that wait. A table, since they come and go out of order around a change of leaders.
#[derive(Debug, Clone)]
pub(super) struct Proposals {
    /// The terms in which something was proposed at this index. One, but for a leader that lost its term and has
    /// got a new one before the first was decided.
    waiting: HashMap<LogIndex, heapless::Vec<Term, 4>, BuildHasherDefault<IndexHasher>>,
}

impl Proposals {
    pub(super) fn new() -> Self {
        Self {
            waiting: HashMap::with_hasher(BuildHasherDefault::default()),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Lets the proposal at this position wait. If too many wait at its index, one has to go: the oldest.
    pub(super) fn insert(&mut self, position: LogPosition) -> Option<Ticket> {
        let terms = self.waiting.entry(position.index).or_default();
        let oldest = terms.is_full().then(|| terms.remove(0));
        // There is room now.
        let _ = terms.push(position.term);
        oldest.map(|term| {
            Ticket(LogPosition {
                term,
                index: position.index,
            })
        })
    }

    /// The proposals that waited for the index of this position, which is decided now.
    pub(super) fn take(&mut self, index: LogIndex) -> impl Iterator<Item = Ticket> {
        let terms = self.waiting.remove(&index).unwrap_or_default();
        let ticket = move |term| Ticket(LogPosition { term, index });
        terms.into_iter().map(ticket)
    }

    /// The proposals at or below this index, in order: a snapshot stands for them.
    pub(super) fn take_through(&mut self, index: LogIndex) -> Vec<Ticket> {
        self.take_if(&|position| position.index <= index)
    }

    /// The proposals of terms before this one, in order.
    pub(super) fn take_older(&mut self, term: Term) -> Vec<Ticket> {
        self.take_if(&|position| position.term < term)
    }

    fn take_if(&mut self, is_taken: &dyn Fn(LogPosition) -> bool) -> Vec<Ticket> {
        let mut taken = Vec::new();
        self.waiting.retain(|&index, terms| {
            terms.retain(|&term| {
                let position = LogPosition { term, index };
                let stays = !is_taken(position);
                if !stays {
                    taken.push(Ticket(position));
                }
                stays
            });
            !terms.is_empty()
        });
        // The table has no order of its own.
        taken.sort_unstable_by_key(|ticket| (ticket.0.index, ticket.0.term));
        taken
    }
}

/// Log indexes are numbers in a row: a multiplication spreads them. The same in every run.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct IndexHasher(u64);

impl Hasher for IndexHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // 2^64 divided by the golden ratio; the upper half of the product is the well mixed one.
        let product = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ product >> 32;
    }
}

/// Reads that wait, oldest first: they become ready in this order.
#[derive(Debug, Clone, Default)]
pub(super) struct Reads {
    waiting: VecDeque<(ReadToken, ReadTicket)>,
    begun: u64,
}

impl Reads {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn insert(&mut self, token: ReadToken) -> ReadTicket {
        self.begun = self.begun.saturating_add(1);
        let ticket = ReadTicket(self.begun);
        self.waiting.push_back((token, ticket));
        ticket
    }

    pub(super) fn first(&self) -> Option<ReadToken> {
        self.waiting.front().map(|&(token, _)| token)
    }

    pub(super) fn take_first(&mut self) -> Option<ReadTicket> {
        self.waiting.pop_front().map(|(_, ticket)| ticket)
    }
}
