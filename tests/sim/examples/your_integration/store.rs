//! The store: a file to which records are appended.
//!
//! A record is its length, a checksum, and in the core's codec either the hard state, which is term and vote, or
//! entries with their commands.

use raftbare::codec::{self, Limits};
use raftbare::{LogEntries, LogPosition, NodeId, Term};
use raftbare_sim::medium::Medium;
use raftbare_sim::random::mix;

use super::transport::{Commands, pack, read_commands, unpack};

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
        let mut encoding = Vec::new();
        codec::encode_hard_state(term, vote, &mut encoding).expect("a vector has room");
        let no_entries = LogEntries::new(LogPosition::ZERO);
        self.write(&pack(&encoding, &no_entries, &Commands::new()));
    }

    pub(super) fn write_entries(&mut self, entries: &LogEntries, commands: &Commands) {
        let mut encoding = Vec::new();
        codec::encode_entries(entries, &mut encoding).expect("a vector has room");
        self.write(&pack(&encoding, entries, commands));
    }

    fn write(&mut self, record: &[u8]) {
        let len = record.len() as u64;
        let head = [len.to_le_bytes(), checksum(record).to_le_bytes()].concat();
        self.file.append(&[&head[..], record].concat());
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
        while let Some((record, len)) = next_record(&file[self.len..]) {
            self.read(record).expect("the checksum was right");
            self.len += len;
        }
    }

    fn read(&mut self, record: &[u8]) -> Option<()> {
        let (encoding, rest) = unpack(record)?;
        let limits = Limits::default();
        if let Ok((term, vote)) = codec::decode_hard_state(encoding, &limits) {
            (self.term, self.vote) = (term, vote);
            return Some(());
        }
        let entries = codec::decode_entries(encoding, &limits).ok()?;
        self.entries
            .truncate(entries.prev_position().index.get() as usize);
        self.entries.extend(entries.iter());
        self.commands.extend(read_commands(&entries, rest)?);
        Some(())
    }
}

/// The first record, if it is whole, and how many bytes it takes with its head.
fn next_record(file: &[u8]) -> Option<(&[u8], usize)> {
    let (len, rest) = file.split_first_chunk()?;
    let (sum, rest) = rest.split_first_chunk()?;
    let record = rest.get(..usize::try_from(u64::from_le_bytes(*len)).ok()?)?;
    let is_whole = u64::from_le_bytes(*sum) == checksum(record);
    is_whole.then_some((record, 16 + record.len()))
}

/// Never 0, not even for no bytes: a hole in a file is no record.
fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(1, |sum, &byte| mix(sum ^ u64::from(byte)))
}
