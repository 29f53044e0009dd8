//! Values by chance, for tests that something holds of all.

use raftbare::{
    Actions, ClusterConfig, LogEntries, LogEntry, LogPosition, Message, MessageHeader, MessageSeqNo,
};
use raftbare_sim::random::Random;

use crate::values::{at, id, index, term};

/// Random values, edge values among them more often than chance would have it.
#[derive(Debug, Clone)]
pub struct Generator(pub Random);

impl Generator {
    /// The generator of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }

    /// A number, from any part of the range.
    pub fn number(&mut self) -> u64 {
        match self.0.below(4) {
            0 => self.0.below(4),
            1 => u64::MAX - self.0.below(3),
            2 => self.0.below(1_000),
            _ => self.0.next_u64(),
        }
    }

    /// A position, any or a special one.
    pub fn position(&mut self) -> LogPosition {
        match self.0.below(8) {
            0 => LogPosition::ZERO,
            1 => LogPosition::INVALID,
            _ => at(self.number(), self.number()),
        }
    }

    /// A configuration, sane or not.
    pub fn config(&mut self) -> ClusterConfig {
        let mut set = || (0..self.0.below(4)).map(|_| id(self.number())).collect();
        ClusterConfig {
            voters: set(),
            new_voters: set(),
            non_voters: set(),
        }
    }

    /// An entry.
    pub fn entry(&mut self) -> LogEntry {
        match self.0.below(6) {
            0 => LogEntry::Term(term(self.number())),
            1 => LogEntry::ClusterConfig(self.config()),
            _ => LogEntry::Command,
        }
    }

    /// Entries, with runs of commands, and terms that may fall.
    pub fn entries(&mut self) -> LogEntries {
        let mut entries = LogEntries::new(self.position());
        for _ in 0..self.0.below(5) {
            if self.0.chance(333) {
                let count = self.0.below(300) as usize;
                entries.extend(std::iter::repeat_n(LogEntry::Command, count));
            } else {
                entries.push(self.entry());
            }
        }
        entries
    }

    /// A message.
    pub fn message(&mut self) -> Message {
        let header = MessageHeader {
            from: id(self.number()),
            term: term(self.number()),
            seqno: MessageSeqNo::new(self.number()),
        };
        match self.0.below(4) {
            0 => Message::RequestVoteCall {
                header,
                last_position: self.position(),
            },
            1 => Message::RequestVoteReply {
                header,
                vote_granted: self.0.chance(500),
            },
            2 => Message::AppendEntriesCall {
                header,
                commit_index: index(self.number()),
                entries: self.entries(),
            },
            _ => Message::AppendEntriesReply {
                header,
                last_position: self.position(),
            },
        }
    }

    /// Pending actions.
    pub fn actions(&mut self) -> Actions {
        Actions {
            set_election_timeout: self.0.chance(500),
            save_current_term: self.0.chance(500),
            save_voted_for: self.0.chance(500),
            broadcast_message: self.0.chance(500).then(|| self.message()),
            append_log_entries: self.0.chance(500).then(|| self.entries()),
            send_messages: (0..self.0.below(3))
                .map(|_| (id(self.number()), self.message()))
                .collect(),
            install_snapshots: (0..self.0.below(3)).map(|_| id(self.number())).collect(),
        }
    }
}
