//! The state that is replicated. Nothing here knows of networks, disks or clocks: the same commands in the same
//! order make the same state, everywhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a client wants written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Write {
    Put {
        key: String,
        value: String,
    },
    Delete {
        key: String,
    },
    /// Sets the value if the present one is as expected; `None`: if there is none.
    Cas {
        key: String,
        expected: Option<String>,
        value: String,
    },
}

/// A command in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Opens a session: its number is the index of this command (thesis §6.3).
    Open,
    /// The write with this number of a session. It may be in the log several times, and is done once.
    Write {
        session: u64,
        number: u64,
        write: Write,
    },
    /// Where a node is found that was added.
    Address { id: u64, address: String },
}

/// What a command has brought about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Opened(u64),
    Done,
    /// The value was another one, this.
    NotAsExpected(Option<String>),
    /// The client has written something newer since: nobody waits for this any more, and it is not done.
    Overtaken,
    /// There is no such session, perhaps not any more: whether the write was done before is not known.
    NoSession,
}

/// What is kept of a client, so that a command that comes twice is done once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Session {
    /// The number of the last write, and what came of it.
    number: u64,
    outcome: Outcome,
    /// The index of the last command: the session that was not used for the longest time has to go first.
    used: u64,
}

/// So many sessions are kept.
const MAX_SESSIONS: usize = 1_000;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Up to which index of the log commands are applied.
    applied: u64,
    pairs: BTreeMap<String, String>,
    sessions: BTreeMap<u64, Session>,
    addresses: BTreeMap<u64, String>,
    /// What is not stored yet.
    #[serde(skip)]
    changes: Changes,
}

/// The rows of a stored state that have changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Everything that was stored before is void.
    pub replaces_all: bool,
    /// By key, the new content; `None`: remove it.
    pub rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        !self.replaces_all && self.rows.is_empty()
    }
}

/// The first byte of the key of a row.
const PAIR: u8 = b'p';
const SESSION: u8 = b's';
const ADDRESS: u8 = b'a';

impl State {
    /// Applies the command at this index of the log.
    pub fn apply(&mut self, index: u64, command: Command) -> Outcome {
        self.applied = index;
        match command {
            Command::Open => self.open(index),
            Command::Write {
                session,
                number,
                write,
            } => self.write_once(index, session, number, write),
            Command::Address { id, address } => {
                self.note(ADDRESS, &id.to_be_bytes(), Some(encode(&address)));
                self.addresses.insert(id, address);
                Outcome::Done
            }
        }
    }

    fn open(&mut self, index: u64) -> Outcome {
        if self.sessions.len() >= MAX_SESSIONS {
            let oldest = self.sessions.iter().min_by_key(|(_, session)| session.used);
            if let Some(oldest) = oldest.map(|(&id, _)| id) {
                self.sessions.remove(&oldest);
                self.note(SESSION, &oldest.to_be_bytes(), None);
            }
        }
        self.keep(index, 0, Outcome::Opened(index), index);
        Outcome::Opened(index)
    }

    fn write_once(&mut self, index: u64, id: u64, number: u64, write: Write) -> Outcome {
        let Some(session) = self.sessions.get(&id) else {
            return Outcome::NoSession;
        };
        if number < session.number {
            return Outcome::Overtaken;
        }
        let outcome = match number == session.number {
            true => session.outcome.clone(),
            false => self.write(write),
        };
        self.keep(id, number, outcome.clone(), index);
        outcome
    }

    fn write(&mut self, write: Write) -> Outcome {
        match write {
            Write::Put { key, value } => self.set(key, Some(value)),
            Write::Delete { key } => self.set(key, None),
            Write::Cas {
                key,
                expected,
                value,
            } => {
                let present = self.pairs.get(&key);
                if present != expected.as_ref() {
                    return Outcome::NotAsExpected(present.cloned());
                }
                self.set(key, Some(value));
            }
        }
        Outcome::Done
    }

    fn set(&mut self, key: String, value: Option<String>) {
        let row = value.as_ref().map(|value| value.as_bytes().to_vec());
        self.note(PAIR, key.as_bytes(), row);
        match value {
            Some(value) => self.pairs.insert(key, value),
            None => self.pairs.remove(&key),
        };
    }

    fn keep(&mut self, id: u64, number: u64, outcome: Outcome, used: u64) {
        let session = Session {
            number,
            outcome,
            used,
        };
        self.note(SESSION, &id.to_be_bytes(), Some(encode(&session)));
        self.sessions.insert(id, session);
    }

    fn note(&mut self, kind: u8, key: &[u8], row: Option<Vec<u8>>) {
        let key = [&[kind], key].concat();
        self.changes.rows.insert(key, row);
    }

    /// Takes note that entries which are no commands, up to this index, need nothing more.
    pub fn skip_to(&mut self, index: u64) {
        self.applied = self.applied.max(index);
    }

    pub fn applied(&self) -> u64 {
        self.applied
    }

    pub fn get(&self, key: &str) -> Option<&String> {
        self.pairs.get(key)
    }

    pub fn addresses(&self) -> &BTreeMap<u64, String> {
        &self.addresses
    }

    /// What has changed since the last call: to be stored together with [`applied`](Self::applied).
    pub fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    /// Takes a row as it was stored.
    pub fn load(&mut self, key: &[u8], row: &[u8]) -> Result<(), String> {
        let (&kind, key) = key.split_first().ok_or("a row without a key")?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|it| it.to_string());
        let number = |bytes: &[u8]| Some(u64::from_be_bytes(bytes.try_into().ok()?));
        match kind {
            PAIR => drop(self.pairs.insert(text(key)?, text(row)?)),
            SESSION => {
                let session = postcard::from_bytes(row).map_err(|it| it.to_string())?;
                let id = number(key).ok_or("a session without a number")?;
                self.sessions.insert(id, session);
            }
            ADDRESS => {
                let address = postcard::from_bytes(row).map_err(|it| it.to_string())?;
                let id = number(key).ok_or("an address without a number")?;
                self.addresses.insert(id, address);
            }
            other => return Err(format!("a row of the unknown kind {other}")),
        }
        Ok(())
    }

    /// Ends loading: the rows stand for the commands up to this index.
    pub fn loaded(&mut self, applied: u64) {
        self.applied = applied;
    }

    /// All of it, for a snapshot.
    pub fn to_snapshot(&self) -> Vec<u8> {
        encode(self)
    }

    /// The state of a snapshot; all of it is to be stored anew.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Self, postcard::Error> {
        let mut state: Self = postcard::from_bytes(bytes)?;
        state.changes.replaces_all = true;
        for (key, value) in state.pairs.clone() {
            state.note(PAIR, key.as_bytes(), Some(value.into_bytes()));
        }
        for (id, session) in state.sessions.clone() {
            state.note(SESSION, &id.to_be_bytes(), Some(encode(&session)));
        }
        for (id, address) in state.addresses.clone() {
            state.note(ADDRESS, &id.to_be_bytes(), Some(encode(&address)));
        }
        Ok(state)
    }
}

/// In postcard's form, which has room for all that is encoded here.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_allocvec(value).expect("memory grows, and no type here refuses to be encoded")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(session: u64, number: u64, value: &str) -> Command {
        let (key, value) = ("k".to_owned(), value.to_owned());
        let write = Write::Put { key, value };
        Command::Write {
            session,
            number,
            write,
        }
    }

    #[test]
    fn a_write_that_comes_twice_is_done_once() {
        let mut state = State::default();
        assert_eq!(state.apply(3, Command::Open), Outcome::Opened(3));
        assert_eq!(state.apply(4, put(3, 1, "a")), Outcome::Done);
        assert_eq!(state.apply(5, put(3, 2, "b")), Outcome::Done);
        assert_eq!(state.apply(6, put(3, 2, "b")), Outcome::Done);
        assert_eq!(state.apply(7, put(3, 1, "a")), Outcome::Overtaken);
        assert_eq!(state.apply(8, put(9, 1, "a")), Outcome::NoSession);
        assert_eq!(state.get("k").map(String::as_str), Some("b"));
        assert_eq!(state.applied(), 8);
    }

    #[test]
    fn a_cas_that_comes_twice_has_one_outcome() {
        let mut state = State::default();
        state.apply(1, Command::Open);
        let cas = |number| Command::Write {
            session: 1,
            number,
            write: Write::Cas {
                key: "k".into(),
                expected: None,
                value: "a".into(),
            },
        };
        assert_eq!(state.apply(2, cas(1)), Outcome::Done);
        assert_eq!(state.apply(3, cas(1)), Outcome::Done);
        let present = Some("a".to_owned());
        assert_eq!(state.apply(4, cas(2)), Outcome::NotAsExpected(present));
    }

    #[test]
    fn the_session_that_was_not_used_goes_first() {
        let mut state = State::default();
        for index in 1..=MAX_SESSIONS as u64 {
            state.apply(index, Command::Open);
        }
        state.apply(2_000, put(1, 1, "a"));
        state.apply(2_001, Command::Open);
        assert_eq!(state.apply(2_002, put(2, 1, "b")), Outcome::NoSession);
        assert_eq!(state.apply(2_003, put(1, 2, "c")), Outcome::Done);
    }

    #[test]
    fn rows_and_snapshots_are_ways_back() {
        let mut state = State::default();
        state.apply(1, Command::Open);
        state.apply(2, put(1, 1, "a"));
        let (id, address) = (4, "there:1".to_owned());
        state.apply(3, Command::Address { id, address });
        let rows = state.take_changes().rows;
        let mut from_snapshot = State::from_snapshot(&state.to_snapshot()).unwrap();
        assert_eq!(from_snapshot.take_changes().rows, rows);
        assert_eq!(from_snapshot, state);
        let mut from_rows = State::default();
        for (key, row) in rows {
            from_rows.load(&key, &row.unwrap()).unwrap();
        }
        from_rows.loaded(3);
        assert_eq!(from_rows, state);
    }
}
