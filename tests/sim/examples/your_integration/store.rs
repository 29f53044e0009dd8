//! The store: a file to which records are appended.
//!
//! A record is the number of its words, a checksum, and the words, all of them little-endian; either a term with
//! a vote, or entries.

use raftbare::{LogEntries, LogPosition, NodeId, Term};
use raftbare_sim::medium::Medium;
use raftbare_sim::random::mix;

use super::transport::{Commands, pack, to_bytes, to_words, unpack};

/// The file, with what it says. In place of `Medium` stands a real file in the end.
#[derive(Debug, Clone)]
pub(super) struct Store {
    pub(super) file: Medium,
    /// What the durable records say.
    pub(super) stored: Stored,
}

impl Store {
    /// What is left of a torn record is no record, and nothing may be written after it.
    pub(super) fn open(mut file: Medium) -> Self {
        let mut stored = Stored::default();
        stored.read_on(file.bytes());
        file.truncate(stored.len);
        file.sync();
        Self { file, stored }
    }

    pub(super) fn write_ballot(&mut self, term: Term, vote: Option<NodeId>) {
        self.write(&[0, term.get(), vote.map_or(0, NodeId::get)]);
    }

    pub(super) fn write_entries(&mut self, entries: &LogEntries, commands: &Commands) {
        let prev = entries.prev_position();
        let mut words = vec![1, prev.term.get(), prev.index.get()];
        pack(entries, commands, &mut words);
        self.write(&words);
    }

    fn write(&mut self, words: &[u64]) {
        let head = [words.len() as u64, checksum(words)];
        self.file.append(&to_bytes(&[&head[..], words].concat()));
    }

    pub(super) fn sync(&mut self) {
        self.file.sync();
        self.stored.read_on(self.file.durable());
    }
}

/// What the records of a file add up to.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    /// So many bytes of the file are whole records.
    len: usize,
    pub(super) term: Term,
    pub(super) vote: Option<NodeId>,
    pub(super) entries: LogEntries,
    pub(super) commands: Commands,
}

impl Default for Stored {
    fn default() -> Self {
        Self {
            len: 0,
            term: Term::ZERO,
            vote: None,
            entries: LogEntries::new(LogPosition::ZERO),
            commands: Commands::new(),
        }
    }
}

impl Stored {
    /// Reads what was written since the last time, up to the end or to the first record that is not whole.
    fn read_on(&mut self, file: &[u8]) {
        let words = to_words(&file[self.len..]);
        let mut rest = &words[..];
        while let [len, sum, after @ ..] = rest
            && let Some(record) = after.get(..*len as usize)
            && *sum == checksum(record)
        {
            self.read(record);
            self.len += 8 * (2 + record.len());
            rest = &after[record.len()..];
        }
    }

    fn read(&mut self, record: &[u64]) {
        if let [0, term, vote] = *record {
            self.term = term.into();
            self.vote = (vote != 0).then_some(NodeId::new(vote));
        } else if let [1, term, index, entries @ ..] = record {
            let prev = LogPosition {
                term: (*term).into(),
                index: (*index).into(),
            };
            let (entries, commands) = unpack(prev, entries).expect("the checksum was right");
            self.entries.truncate(prev.index.get() as usize);
            entries.iter().for_each(|entry| self.entries.push(entry));
            self.commands.extend(commands);
        }
    }
}

/// Never 0, not even for no words: a hole in a file is no record.
fn checksum(words: &[u64]) -> u64 {
    words.iter().fold(1, |sum, &word| mix(sum ^ word))
}
