//! Followers: voting (§5.2, §5.4.1) and accepting the leader's entries (§5.3).

use super::{Node, RoleState};
use crate::{LogEntries, LogIndex, LogPosition, MessageHeader};

impl Node {
    /// §5.2, §5.4.1: votes for a candidate of the current term, if the vote is free (or is its already) and
    /// its log is at least as up-to-date as this one. Otherwise says nothing and leaves the timer alone, so
    /// that candidates which cannot win do not keep from campaigning those which can.
    #[cold]
    pub(super) fn handle_request_vote_call(
        &mut self,
        header: MessageHeader,
        last_position: LogPosition,
    ) {
        // Not only a free vote is checked for the log: after a crash between saving the term and saving the
        // vote, the stored vote is one of an older term.
        let is_free = self.voted_for.is_none_or(|id| id == header.from);
        if !is_free || !last_position.is_up_to_date(self.log.last_position()) {
            return;
        }
        self.become_follower(self.current_term); // It has only asked for votes so far, if at all.
        self.set_voted_for(header.from);
        self.actions.set_election_timeout = true;
        self.grant_vote(header);
    }

    /// §5.2, §5.3: follows the leader of the current term, and takes its entries.
    pub(super) fn handle_append_entries_call(
        &mut self,
        header: MessageHeader,
        leader_commit: LogIndex,
        entries: LogEntries,
    ) {
        if let RoleState::Leader(_) = self.role {
            return; // A term has one leader (§5.2): this call is forged.
        }
        self.become_follower(self.current_term);
        self.set_voted_for(header.from);
        self.has_contact = true;
        self.tell_next_leader(header.from);
        self.actions.set_election_timeout = true;
        if let Some(last_position) = self.append_entries(leader_commit, entries) {
            self.acknowledge(header, last_position);
        }
    }

    /// §5.3: the consistency check, the new entries, the commit index. Returns the position to answer with,
    /// or `None` if the call asks to undo what is committed, which no leader does.
    fn append_entries(
        &mut self,
        leader_commit: LogIndex,
        mut entries: LogEntries,
    ) -> Option<LogPosition> {
        let call_end = entries.last_position();
        let snapshot = self.log.snapshot_position();
        if call_end.index < snapshot.index {
            return Some(self.answer(call_end)); // §7: all of it is compacted, and so matches.
        }
        if entries.prev_position().index < snapshot.index {
            entries = entries.since(snapshot)?; // Not if they are others than the snapshot's.
        }
        let prev = entries.prev_position();
        let last = self.log.last_position();
        // Nearly every call goes on where the log ends.
        let common = if prev == last {
            prev.index
        } else if self.log.entries().contains(prev) {
            self.log.entries().last_common_index(&entries)
        } else {
            return (prev.index > self.commit_index).then(|| self.position_to_try(prev));
        };
        if common < call_end.index {
            if common < last.index && common < self.commit_index {
                return None;
            }
            if prev.index < common {
                entries = entries.since(self.position_at(common))?;
            }
            self.take_over(entries);
        }
        self.commit_index = self.commit_index.max(leader_commit.min(call_end.index));
        Some(self.answer(call_end))
    }

    /// §5.3: replaces all after the start of `entries`, a position of the log, by them.
    fn take_over(&mut self, entries: LogEntries) {
        let prev = entries.prev_position();
        self.log.overwrite(&entries);
        if self.actions.append_log_entries.is_none() && self.storage.is_none() {
            self.actions.append_log_entries = Some(entries);
        } else {
            self.hand_over_after(prev.index);
        }
    }

    /// §5.3: how far this log is known to be the leader's, after a call that matched up to `call_end`. If the
    /// last entry is of the leader's own term, then all of it is.
    fn answer(&self, call_end: LogPosition) -> LogPosition {
        let last = self.log.last_position();
        if last.term == self.current_term {
            return last;
        }
        self.at_least_committed(call_end)
    }

    /// §5.3: where the leader should look next for the last common position, if it is not `prev`: entries of
    /// a later term than `prev` cannot be in its log below `prev`.
    #[cold]
    fn position_to_try(&self, prev: LogPosition) -> LogPosition {
        let position = self.log.entries().last_position_within(prev);
        self.at_least_committed(position.unwrap_or(self.log.snapshot_position()))
    }

    /// What is committed is in the log of every later leader (§5.4).
    fn at_least_committed(&self, position: LogPosition) -> LogPosition {
        match position.index < self.commit_index {
            true => self.position_at(self.commit_index),
            false => position,
        }
    }
}
