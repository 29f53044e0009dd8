//! The part of the checker that remembers what clients have proposed, and compares what they are told.

use alloc::format;

use raftbare::{Event, LogPosition, NodeId, ReadStatus};

use super::{Checker, Verdict, violation};
use crate::integration::Answer;

impl Checker {
    /// A client's command was taken, and is to stand at `position`. (Whoever leads alone and crashes before its
    /// term is stored may give out a position again.)
    pub fn note_proposed(&mut self, position: LogPosition, command: u64) {
        self.proposed.insert(position, command);
    }

    /// A command leaves with an entry: it has to be that which was proposed there.
    pub fn check_carried(&self, from: NodeId, position: LogPosition, command: u64) -> Verdict {
        let proposed = self.proposed.get(&position).copied();
        match proposed == Some(command) {
            true => Ok(()),
            false => violation(
                "A command is sent as proposed",
                format!("{from} sends {command} at {position}, {proposed:?} was proposed"),
            ),
        }
    }

    /// What a node tells is so: disks lose nothing that was stored.
    pub fn check_event(&self, id: NodeId, event: Event) -> Verdict {
        match event {
            Event::ConfigCommitted(position)
                if position.index.get() > self.begun_after
                    && self.committed_at(position.index).map(|it| it.position)
                        != Some(position) =>
            {
                violation("Committed is final", format!("{id}: {event}"))
            }
            Event::FollowerLostTail(_) => violation("Stored stays", format!("{id}: {event}")),
            _ => Ok(()),
        }
    }

    /// What clients are told agrees with what is committed.
    pub fn check_answer(&self, id: NodeId, answer: Answer) -> Verdict {
        let committed = |index| self.committed_at(index).map(|known| known.position);
        match answer {
            Answer::Applied(index, _) if index.get() <= self.begun_after => Ok(()),
            Answer::Applied(index, command) => {
                let position = committed(index);
                let stored = position.and_then(|at| self.stored.get(&(at.index, at.term)));
                match stored {
                    Some((_, content)) if content.command == command => Ok(()),
                    _ => violation(
                        "Applied is what was committed",
                        format!("{id} applies {command:?} at {position:?}, stored is {stored:?}"),
                    ),
                }
            }
            Answer::Committed(position) if committed(position.index) != Some(position) => {
                violation(
                    "Committed is final",
                    format!(
                        "{id} says so of {position}, {:?} is",
                        committed(position.index)
                    ),
                )
            }
            Answer::Rejected(position) if !self.is_out_of_the_question(position) => violation(
                "Rejected is final",
                format!(
                    "{id} says so of {position}, {:?} is committed",
                    committed(position.index)
                ),
            ),
            Answer::Committed(_) | Answer::Rejected(_) => Ok(()),
            Answer::Read { bound, seen } => Self::check_read(id, bound, ReadStatus::Ready(seen)),
        }
    }

    /// Whether the entry at this position will never be committed: another one is in its place, or (§5.4.2) one of a
    /// later term before it.
    fn is_out_of_the_question(&self, position: LogPosition) -> bool {
        match self.committed_at(position.index) {
            Some(known) => known.position != position,
            None => {
                let last = self.committed.last();
                last.is_some_and(|last| last.position.term > position.term)
            }
        }
    }
}
