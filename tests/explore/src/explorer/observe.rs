//! What the search remembers of messages under way, of histories, and of pairs of servers.

use raftbare_sim::checker::Violation;

use super::moves::number_from;
use super::{Explorer, Row};
use crate::properties;
use crate::step::is_dead;

impl Explorer {
    /// The set of messages with one more.
    pub(super) fn with(&mut self, inbox: u32, payload: u32) -> u32 {
        if let Some(&known) = self.memory.with.get(&(inbox, payload)) {
            return known;
        }
        let mut messages = self.inboxes[inbox as usize].to_vec();
        if let Err(place) = messages.binary_search(&payload) {
            messages.insert(place, payload);
        }
        let number = self.number_of_inbox(messages);
        self.memory.with.insert((inbox, payload), number);
        number
    }

    /// The set of messages without one of them.
    pub(super) fn without(&mut self, inbox: u32, payload: u32) -> u32 {
        if let Some(&known) = self.memory.without.get(&(inbox, payload)) {
            return known;
        }
        let mut messages = self.inboxes[inbox as usize].to_vec();
        messages.retain(|&it| it != payload);
        let number = self.number_of_inbox(messages);
        self.memory.without.insert((inbox, payload), number);
        number
    }

    /// The messages of the set that still mean something to this local state, and to what may become of it.
    pub(super) fn alive(&mut self, local: u32, inbox: u32) -> u32 {
        if let Some(&known) = self.memory.alive.get(&(local, inbox)) {
            return known;
        }
        let server = &self.locals[local as usize].server;
        let mut messages = self.inboxes[inbox as usize].to_vec();
        messages.retain(|&it| !is_dead(server, &self.payloads[it as usize]));
        let number = self.number_of_inbox(messages);
        self.memory.alive.insert((local, inbox), number);
        number
    }

    fn number_of_inbox(&mut self, messages: Vec<u32>) -> u32 {
        number_from(self.inboxes.insert_full(messages.into()).0)
    }

    /// Adds what is new of the server at `place`, which is now `local`, to the history of a state, and checks what it
    /// has to do with the others.
    pub(super) fn observe(
        &mut self,
        row: &mut Row,
        place: usize,
        local: u32,
    ) -> Result<(), Violation> {
        let at = self.width() - 2;
        let before = row[at];
        row[at] = self.history_with(before, local)?;
        if row[at] != before && !self.bounds.forgets {
            self.check_committed(row, before, local)?;
        }
        for other in (0..self.bounds.disks.len()).filter(|&other| other != place) {
            if row[at] != before {
                // What was committed only now binds those who lead already.
                row[at] = self.history_with(row[at], row[2 * other])?;
            }
            self.check_fitting(local, row[2 * other])?;
        }
        Ok(())
    }

    fn history_with(&mut self, history: u32, local: u32) -> Result<u32, Violation> {
        if let Some(&known) = self.memory.histories.get(&(history, local)) {
            return Ok(known);
        }
        let server = &self.locals[local as usize].server;
        let next = self.histories[history as usize].observe(server)?;
        let number = number_from(self.histories.insert_full(next).0);
        self.memory.histories.insert((history, local), number);
        Ok(number)
    }

    /// Checks what `local` was the first to find committed, if it has.
    fn check_committed(&self, row: &Row, before: u32, local: u32) -> Result<(), Violation> {
        let index = |history: u32| self.histories[history as usize].commit_index();
        let newest = index(row[self.width() - 2]);
        if newest == index(before) {
            return Ok(());
        }
        let locals = row[..self.width() - 2].iter().step_by(2);
        let disks = locals.map(|&local| &self.locals[local as usize].server);
        let disks = disks.map(|server| (server.id, &server.disk)).collect();
        properties::committed_is_stored(self.locals[local as usize].node(), newest, &disks)
    }

    fn check_fitting(&mut self, one: u32, other: u32) -> Result<(), Violation> {
        let pair = (one.min(other), one.max(other));
        if !self.memory.fitting.contains(&pair) {
            let [one, other] = [one, other].map(|local| &self.locals[local as usize]);
            properties::log_matching(&one.server, &other.server)?;
            properties::states_match(&one.server, &other.server)?;
            for (leader, follower) in [(one, other), (other, one)] {
                properties::acknowledged_is_stored(leader, follower)?;
            }
            self.memory.fitting.insert(pair);
        }
        Ok(())
    }
}
