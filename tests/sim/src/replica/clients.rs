//! The clients of one server, and whether each gets the one right answer.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;

use raftbare::replica::{ReadTicket, Ticket};
use raftbare::{LogIndex, LogPosition, Term};

/// What is wrong: the property, and what was seen.
pub(super) type Wrong = (&'static str, String);

const ONE_END: &str = "A ticket gets one end, the right one";

/// Who waits at a server, in one life of it.
#[derive(Debug, Default)]
pub(super) struct Clients {
    /// The commands under their tickets; `None` for configurations.
    proposals: BTreeMap<Ticket, Option<u64>>,
    /// What the reads have to see, and the term in which they began.
    reads: BTreeMap<ReadTicket, (LogIndex, Term)>,
}

fn wrong(detail: String) -> Result<(), Wrong> {
    Err((ONE_END, detail))
}

impl Clients {
    pub(super) fn propose(&mut self, ticket: Ticket, command: Option<u64>) -> Result<(), Wrong> {
        match self.proposals.insert(ticket, command) {
            None => Ok(()),
            Some(_) => wrong(format!("{ticket:?} is given out twice")),
        }
    }

    /// How many indexes are waited for, and how many of these for configurations.
    pub(super) fn waiting(&self) -> (usize, usize) {
        let indexes = self.proposals.keys().map(|it| it.position().index);
        let configs = self.proposals.values().filter(|it| it.is_none());
        (indexes.collect::<BTreeSet<_>>().len(), configs.count())
    }

    /// The entry at `position` was given out to be applied.
    pub(super) fn applied(
        &mut self,
        position: LogPosition,
        command: Option<u64>,
        ticket: Option<Ticket>,
    ) -> Result<(), Wrong> {
        match ticket {
            Some(ticket) if ticket.position() != position => {
                wrong(format!("{ticket:?} at the entry {position}"))
            }
            Some(ticket) => match self.proposals.remove(&ticket) {
                Some(proposed) if proposed == command => Ok(()),
                proposed => wrong(format!("{ticket:?}: {proposed:?} became {command:?}")),
            },
            None => match self.proposals.keys().find(|it| it.position() == position) {
                Some(ticket) => wrong(format!("{ticket:?} is not told that it is committed")),
                None => Ok(()),
            },
        }
    }

    pub(super) fn rejected(&mut self, ticket: Ticket) -> Result<(), Wrong> {
        match self.proposals.remove(&ticket) {
            Some(_) => Ok(()),
            None => wrong(format!("{ticket:?} is rejected, and does not wait")),
        }
    }

    /// A snapshot at `snapshot` stands for the place of the proposal; or too many wait for the same index.
    pub(super) fn unknown(&mut self, ticket: Ticket, snapshot: LogIndex) -> Result<(), Wrong> {
        let index = ticket.position().index;
        let same = |it: &&Ticket| it.position().index == index;
        let is_crowd = self.proposals.keys().filter(same).count() > 4;
        match self.proposals.remove(&ticket) {
            Some(_) if index <= snapshot || is_crowd => Ok(()),
            known => wrong(format!(
                "{ticket:?}, {known:?}, is unknown, and the snapshot at {snapshot}"
            )),
        }
    }

    /// Nothing is left to be told, and all up to `applied` was given out.
    pub(super) fn check_idle(&self, applied: LogIndex) -> Result<(), Wrong> {
        match self.proposals.first_key_value() {
            Some((ticket, _)) if ticket.position().index <= applied => wrong(format!(
                "{ticket:?} is told nothing, and {applied} is applied"
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn read(
        &mut self,
        ticket: ReadTicket,
        bound: LogIndex,
        term: Term,
    ) -> Result<(), Wrong> {
        match self.reads.insert(ticket, (bound, term)) {
            None => Ok(()),
            Some(_) => wrong(format!("{ticket:?} is given out twice")),
        }
    }

    pub(super) fn reading(&self) -> usize {
        self.reads.len()
    }

    /// What the read has to see.
    pub(super) fn read_ready(&mut self, ticket: ReadTicket) -> Result<LogIndex, Wrong> {
        match self.reads.remove(&ticket) {
            Some((bound, _)) => Ok(bound),
            None => Err((ONE_END, format!("{ticket:?} is ready, and does not wait"))),
        }
    }

    /// The read is lost. `leads` is the term in which this server leads at present.
    pub(super) fn read_lost(
        &mut self,
        ticket: ReadTicket,
        leads: Option<Term>,
    ) -> Result<(), Wrong> {
        match self.reads.remove(&ticket) {
            Some((_, term)) if leads == Some(term) => {
                wrong(format!("{ticket:?} is lost, and term {term} goes on"))
            }
            Some(_) => Ok(()),
            None => wrong(format!("{ticket:?} is lost, and does not wait")),
        }
    }
}
