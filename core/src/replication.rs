//! What a leader knows of its followers: what each has acknowledged, and what it still needs (§5.3).
//!
//! Values only: the role file `leader` asks here and sends the messages.
//!
//! Every call but a probe reaches to the end of the leader's log, and the next one starts where it ended.
//! So a follower has lost nothing as long as its reply reaches the end of the call that it answers, and
//! nothing has to be remembered per follower and call: one common list of calls tells where each ended.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::quorum::{MatchIndexes, is_majority};
use crate::{ClusterConfig, Log, LogIndex, LogPosition, MessageSeqNo, NodeId};

/// What only leaders have (figure 2, "volatile state on leaders").
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Leader {
    id: NodeId,
    /// The index of this leader's own `Term` entry.
    term_start: LogIndex,
    /// All other members, ids rising.
    followers: Vec<Follower>,
    voters: MatchIndexes,
    new_voters: Option<MatchIndexes>,
    /// Whether the configuration in force asks for nothing once it is committed.
    is_settled: bool,
    calls: Calls,
    /// The leader's own timeouts since a voter last answered, up to [`Leader::CONTACT_TIMEOUTS`].
    timeouts_without_answer: u8,
    /// Whether a voter has answered since the timer was last asked for.
    answered_since_timer: bool,
    /// thesis §6.2: the newest number when a majority was last found to answer, and the own timeouts since then
    /// without one.
    heard_at: MessageSeqNo,
    silent_timeouts: u8,
    /// thesis §3.10: to whom leadership is handed over, and how many own timeouts that may still take.
    transfer: Option<(NodeId, u8)>,
}

/// One row of a leader's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Follower {
    id: NodeId,
    is_voter: bool,
    is_new_voter: bool,
    /// The highest index known to be the same in the follower's log.
    match_index: LogIndex,
    /// The highest number that it has answered; at first the newest number when the row was made.
    answered: MessageSeqNo,
    /// Whether it has answered at all since the row was made.
    has_answered: bool,
    /// The newest number when `match_index` was learnt.
    matched_at: MessageSeqNo,
    /// It has lost entries that it had acknowledged, and is refused.
    has_lost_tail: bool,
    /// The newest call that went to it alone.
    repair: Option<(MessageSeqNo, Repair)>,
}

/// What a follower needs that the calls under way do not bring it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Repair {
    /// All entries after this position.
    Entries(LogPosition),
    /// An empty call here, to find the last common position.
    Probe(LogPosition),
    /// A snapshot: what it lacks is compacted away.
    Snapshot,
}

impl Repair {
    /// Where it begins; a snapshot nowhere.
    fn start(self) -> Option<LogIndex> {
        match self {
            Self::Entries(position) | Self::Probe(position) => Some(position.index),
            Self::Snapshot => None,
        }
    }
}

impl Leader {
    /// After so many own timeouts without an answer of a voter, a leader heeds calls for votes again.
    const CONTACT_TIMEOUTS: u8 = 10;

    /// The state of a new leader, whose `Term` entry is to stand at `term_start`.
    pub(crate) fn new(
        id: NodeId,
        term_start: LogIndex,
        config: &ClusterConfig,
        last_seqno: MessageSeqNo,
    ) -> Self {
        let mut leader = Self {
            id,
            term_start,
            followers: Vec::new(),
            voters: MatchIndexes::default(),
            new_voters: None,
            is_settled: false,
            calls: Calls::default(),
            timeouts_without_answer: 0,
            answered_since_timer: false,
            heard_at: last_seqno,
            silent_timeouts: 0,
            transfer: None,
        };
        leader.set_config(config, last_seqno);
        leader
    }

    /// §6: makes the table fit a configuration that has come into force. A new row counts only replies to
    /// calls made after `last_seqno`, so that a node removed and added again starts from nothing.
    pub(crate) fn set_config(&mut self, config: &ClusterConfig, last_seqno: MessageSeqNo) {
        let members = || config.unique_nodes().filter(|&id| id != self.id);
        let mut followers = Vec::with_capacity(members().count());
        for id in members() {
            let row = self.row(id).copied();
            let mut row = row.unwrap_or(Follower::new(id, last_seqno));
            row.is_voter = config.voters.contains(&id);
            row.is_new_voter = config.new_voters.contains(&id);
            followers.push(row);
        }
        let indexes_of = |voters: &BTreeSet<NodeId>, is_voter: fn(&Follower) -> bool| {
            let rows = followers.iter().filter(|row| is_voter(row));
            MatchIndexes::new(voters.contains(&self.id), rows.map(|row| row.match_index))
        };
        self.voters = indexes_of(&config.voters, |row| row.is_voter);
        self.new_voters = config
            .is_joint_consensus()
            .then(|| indexes_of(&config.new_voters, |row| row.is_new_voter));
        self.is_settled = !config.is_joint_consensus() && config.voters.contains(&self.id);
        self.followers = followers;
    }

    /// §6: whether the configuration in force is not joint and has the leader as a voter, so that its commit
    /// changes nothing.
    pub(crate) fn is_settled(&self) -> bool {
        self.is_settled
    }

    /// All other members, ids rising.
    pub(crate) fn peers(&self) -> impl Iterator<Item = NodeId> {
        self.followers.iter().map(|row| row.id)
    }

    /// The index of this leader's own `Term` entry.
    pub(crate) fn term_start(&self) -> LogIndex {
        self.term_start
    }

    /// Whether there is nobody to send calls to.
    pub(crate) fn is_alone(&self) -> bool {
        self.followers.is_empty()
    }

    /// The highest index known to be the same in the log of the follower `id`.
    pub(crate) fn match_index(&self, id: NodeId) -> Option<LogIndex> {
        self.row(id).map(|row| row.match_index)
    }

    /// §5.3, §6: the highest index that a majority (in a joint configuration: both) has, the leader itself
    /// having everything up to `own_index`.
    pub(crate) fn majority_index(&self, own_index: LogIndex) -> LogIndex {
        let index = self.voters.majority_index(own_index);
        match &self.new_voters {
            Some(new_voters) => index.min(new_voters.majority_index(own_index)),
            None => index,
        }
    }

    /// §8: whether a majority has answered a call of this number or a later one, the leader itself included.
    pub(crate) fn is_answered_by_majority(
        &self,
        config: &ClusterConfig,
        seqno: MessageSeqNo,
    ) -> bool {
        is_majority(config, &|id| {
            id == self.id
                || self
                    .row(id)
                    .is_some_and(|row| row.has_answered && row.answered >= seqno)
        })
    }

    /// §6: whether this leader has reason to believe that it still leads, so that a call for votes is a
    /// disturbance: a voter answered during its last timeouts, or it is a majority by itself.
    pub(crate) fn is_in_contact(&self, config: &ClusterConfig) -> bool {
        self.timeouts_without_answer < Self::CONTACT_TIMEOUTS
            || is_majority(config, &|id| id == self.id)
    }

    /// Notes a timeout of the leader, which asks for its next timer itself.
    pub(crate) fn note_timeout(&mut self) {
        let timeouts = self.timeouts_without_answer.saturating_add(1);
        self.timeouts_without_answer = timeouts.min(Self::CONTACT_TIMEOUTS);
        self.answered_since_timer = false;
    }

    /// thesis §6.2: counts the leader's timeouts without an answer of a majority (§6: of both) to anything that was
    /// sent since the last one with. Only if something was sent in between: `has_sent`.
    pub(crate) fn check_quorum(
        &mut self,
        config: &ClusterConfig,
        last_seqno: MessageSeqNo,
        has_sent: bool,
    ) -> u8 {
        if self.is_answered_by_majority(config, self.heard_at.next()) {
            self.heard_at = last_seqno;
            self.silent_timeouts = 0;
        } else if has_sent {
            self.silent_timeouts = self.silent_timeouts.saturating_add(1);
        }
        self.silent_timeouts
    }

    /// thesis §3.10: to whom leadership is being handed over.
    pub(crate) fn transfer_target(&self) -> Option<NodeId> {
        self.transfer.map(|(target, _)| target)
    }

    /// Begins to hand over, which may take so many timeouts of the leader.
    pub(crate) fn begin_transfer(&mut self, target: NodeId, timeouts: u8) {
        self.transfer = Some((target, timeouts));
    }

    /// Ends to hand over.
    pub(crate) fn end_transfer(&mut self) {
        self.transfer = None;
    }

    /// Notes a timeout of the leader; says to whom the handing over has taken too long by now.
    pub(crate) fn note_transfer_timeout(&mut self) -> Option<NodeId> {
        let (target, timeouts) = self.transfer.as_mut()?;
        *timeouts = timeouts.saturating_sub(1);
        (*timeouts == 0).then_some(*target)
    }

    /// Whether a call that is sent now may put off the next timeout. Without an answer in between it may
    /// not: else a leader under load that nobody hears would never get to its timeouts.
    pub(crate) fn takes_timer(&mut self) -> bool {
        core::mem::take(&mut self.answered_since_timer)
    }

    /// Notes a call that reaches to the end of the log.
    pub(crate) fn note_call(&mut self, seqno: MessageSeqNo, last_index: LogIndex) {
        self.calls.record(seqno, last_index);
    }

    /// Notes a call to this follower alone.
    pub(crate) fn note_repair(&mut self, id: NodeId, seqno: MessageSeqNo, repair: Repair) {
        if let Some(row) = self.row_mut(id) {
            row.repair = Some((seqno, repair));
        }
    }

    /// Notes that a call to this follower alone, not sent yet, has a new number.
    pub(crate) fn renumber_repair(&mut self, id: NodeId, new_seqno: MessageSeqNo) {
        if let Some((seqno, _)) = self.row_mut(id).and_then(|row| row.repair.as_mut()) {
            *seqno = new_seqno;
        }
    }

    /// §5.3: takes note of the reply of a follower that stands at `position`, and says what it needs.
    ///
    /// A reply counts once: not if its number was answered already, nor if no call had it.
    pub(crate) fn handle_reply(
        &mut self,
        from: NodeId,
        seqno: MessageSeqNo,
        position: LogPosition,
        last_seqno: MessageSeqNo,
        log: &Log,
    ) -> Option<Repair> {
        let index = self
            .followers
            .binary_search_by_key(&from, |row| row.id)
            .ok()?;
        let row = self.followers.get_mut(index)?;
        if seqno <= row.answered || last_seqno < seqno {
            return None;
        }
        row.answered = seqno;
        row.has_answered = true;
        if row.is_voter || row.is_new_voter {
            self.timeouts_without_answer = 0;
            self.answered_since_timer = true;
        }
        if log.entries().contains(position) {
            row.matched_at = last_seqno;
            let old = core::mem::replace(&mut row.match_index, position.index);
            if row.is_voter {
                self.voters.replace(old, position.index);
            }
            if let Some(new_voters) = self.new_voters.as_mut().filter(|_| row.is_new_voter) {
                new_voters.replace(old, position.index);
            }
        }
        if position == log.last_position() {
            return None;
        }
        row.needed_repair(seqno, position, log, &self.calls)
    }

    /// thesis §3.8: whether the reply proves that its sender has lost entries which it had acknowledged. If so, it has
    /// none any more as far as this leader is concerned, and is refused from now on.
    pub(crate) fn note_lost_tail(
        &mut self,
        from: NodeId,
        seqno: MessageSeqNo,
        last_seqno: MessageSeqNo,
        position: LogPosition,
    ) -> bool {
        let Some(row) = self.row_mut(from) else {
            return false;
        };
        if last_seqno < seqno || !row.has_lost(seqno, position) {
            return false;
        }
        row.has_lost_tail = true;
        let old = core::mem::replace(&mut row.match_index, LogIndex::ZERO);
        let (is_voter, is_new_voter) = (row.is_voter, row.is_new_voter);
        if is_voter {
            self.voters.replace(old, LogIndex::ZERO);
        }
        if let Some(new_voters) = self.new_voters.as_mut().filter(|_| is_new_voter) {
            new_voters.replace(old, LogIndex::ZERO);
        }
        true
    }

    /// Whether this follower is refused, as it has lost entries that it had acknowledged.
    pub(crate) fn has_lost_tail(&self, id: NodeId) -> bool {
        self.row(id).is_some_and(|row| row.has_lost_tail)
    }

    fn row(&self, id: NodeId) -> Option<&Follower> {
        let index = self
            .followers
            .binary_search_by_key(&id, |row| row.id)
            .ok()?;
        self.followers.get(index)
    }

    fn row_mut(&mut self, id: NodeId) -> Option<&mut Follower> {
        let index = self
            .followers
            .binary_search_by_key(&id, |row| row.id)
            .ok()?;
        self.followers.get_mut(index)
    }
}

impl Follower {
    fn new(id: NodeId, last_seqno: MessageSeqNo) -> Self {
        Self {
            id,
            is_voter: false,
            is_new_voter: false,
            match_index: LogIndex::ZERO,
            answered: last_seqno,
            has_answered: false,
            matched_at: last_seqno,
            has_lost_tail: false,
            repair: None,
        }
    }

    /// thesis §3.8: whether a follower that answers so has lost entries which it had acknowledged.
    ///
    /// A call that was made after the acknowledgement had come was answered after it, and one that begins at the
    /// acknowledged position or above is answered with that or more: only then it is a proof.
    fn has_lost(&self, seqno: MessageSeqNo, position: LogPosition) -> bool {
        let begins_below = self.repair.is_some_and(|(number, repair)| {
            number == seqno && repair.start().is_none_or(|start| start < self.match_index)
        });
        seqno > self.matched_at && position.index < self.match_index && !begins_below
    }

    /// §5.3: what this follower, which does not stand at the end of the log, needs after its reply to the call `seqno`,
    /// if it is not under way already.
    #[cold]
    fn needed_repair(
        &self,
        seqno: MessageSeqNo,
        position: LogPosition,
        log: &Log,
        calls: &Calls,
    ) -> Option<Repair> {
        // One repair at a time: what it brings was not there yet when this call was answered.
        if self
            .repair
            .is_some_and(|(repair_seqno, _)| repair_seqno > seqno)
        {
            return None;
        }
        let needed = if log.entries().contains(position) {
            // It has all that this call brought: the rest is in later calls.
            if calls.end_of(seqno).is_some_and(|end| position.index >= end) {
                return None;
            }
            Repair::Entries(position)
        } else {
            match log.entries().last_position_within(position) {
                Some(common) => Repair::Probe(common),
                None => Repair::Snapshot,
            }
        };
        // The same again would get the same reply: the next heartbeat is soon enough.
        (self.repair != Some((seqno, needed))).then_some(needed)
    }
}

/// Where the calls of this leader ended: a step function from call numbers to log indexes, both rising.
///
/// Bounded: when it is full, every other step is dropped. A coarser list finds a loss some calls later,
/// when a call whose step remains is answered; it never sees a loss where there is none.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
struct Calls(heapless::Vec<(MessageSeqNo, LogIndex), 32>);

impl Calls {
    /// The call `seqno`, and those after it until the next record, end at `last_index`.
    fn record(&mut self, seqno: MessageSeqNo, last_index: LogIndex) {
        if let Some((newest, end)) = self.0.last_mut() {
            if *end == last_index {
                return;
            }
            if *newest >= seqno {
                *end = last_index;
                return;
            }
        }
        if self.0.is_full() {
            // The oldest stays, so that every number has a step; and so does the newest, an odd one.
            let mut position = 0_usize;
            self.0.retain(|_| {
                let keep = position == 0 || position % 2 == 1;
                position = position.saturating_add(1);
                keep
            });
        }
        // There is room now.
        let _ = self.0.push((seqno, last_index));
    }

    /// An index at or below which the call `seqno` ended.
    fn end_of(&self, seqno: MessageSeqNo) -> Option<LogIndex> {
        let later = self.0.partition_point(|&(number, _)| number <= seqno);
        self.0.get(..later)?.last().map(|&(_, end)| end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_list_of_calls_gets_coarser_and_never_claims_too_much() {
        let mut calls = Calls::default();
        for number in 1..=1_000 {
            calls.record(MessageSeqNo::new(number), LogIndex::new(10 * number));
            assert_eq!(
                calls.end_of(MessageSeqNo::new(number)),
                Some(LogIndex::new(10 * number))
            );
            for earlier in 1..=number {
                let end = calls
                    .end_of(MessageSeqNo::new(earlier))
                    .expect("the oldest step stays");
                assert!(end <= LogIndex::new(10 * earlier));
            }
        }
    }

    #[test]
    fn a_call_without_entries_needs_no_step() {
        let mut calls = Calls::default();
        for number in 1..=100 {
            calls.record(MessageSeqNo::new(number), LogIndex::new(7));
        }
        assert_eq!(calls.0.len(), 1);
        calls.record(MessageSeqNo::new(100), LogIndex::new(8));
        assert_eq!(calls.end_of(MessageSeqNo::new(99)), Some(LogIndex::new(7)));
        assert_eq!(calls.end_of(MessageSeqNo::new(100)), Some(LogIndex::new(8)));
    }
}
