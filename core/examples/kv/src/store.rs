//! The store: one redb file per node, and one durable transaction per batch.
//!
//! | Table | Key | Content |
//! |---|---|---|
//! | `log` | 0, or an index | term, vote, snapshot; a log record: what `Batch::changes` says |
//! | `state` | a row's key | the applied state, as it was before the batch |
//! | `snapshots` | area, offset | a part of a snapshot; one of two areas is the present one, the other the next |
//! | `about` | a name | `id`: whose store it is; `applied`: up to where the state is; `area`: of the snapshot |
//!
//! The applied state is one round late on purpose: it needs no transaction of its own then. What is lost of it in a
//! crash is applied again from the log, which is never late; what is stored is not.

use std::fmt;
use std::io;
use std::path::Path;

use raftbare::replica::{Batch, Change, ChunkToStore, Stored};
use raftbare::{LogIndex, NodeId};
use redb::backends::FileBackend;
use redb::{
    Database, ReadableDatabase, ReadableTable, StorageBackend, Table, TableDefinition,
    WriteTransaction,
};

use crate::failure::Failure;
use crate::state::{Changes, State};

/// The form in which commands are kept in the log.
pub type Payload = Vec<u8>;

const LOG: TableDefinition<u64, &[u8]> = TableDefinition::new("log");
const STATE: TableDefinition<&[u8], &[u8]> = TableDefinition::new("state");
const SNAPSHOTS: TableDefinition<(u8, u64), &[u8]> = TableDefinition::new("snapshots");
const ABOUT: TableDefinition<&str, u64> = TableDefinition::new("about");

/// An own snapshot is stored in parts of this size.
const PART: usize = 1 << 14;

#[derive(Debug)]
pub struct Store {
    database: Database,
}

/// What was found in a store.
#[derive(Debug)]
pub struct Loaded {
    pub stored: Stored<Payload>,
    pub state: State,
}

/// What went wrong with a store. Nothing more may be promised then.
#[derive(Debug)]
pub struct StoreError(String);

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StoreError {}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self(match error.into() {
            redb::Error::DatabaseAlreadyOpen => "another process has it open".into(),
            redb::Error::Io(error) if error.kind() == io::ErrorKind::StorageFull => {
                format!("the disk is full ({error})")
            }
            redb::Error::Corrupted(what) => return Self::damaged(what),
            redb::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Self::damaged(error);
            }
            redb::Error::Io(error) => error.to_string(),
            error => error.to_string(),
        })
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(Self::STORE, error.0)
    }
}

impl StoreError {
    pub fn damaged(what: impl fmt::Display) -> Self {
        Self(format!(
            "it is damaged, or no store ({what}). A node whose store is lost does not come back: `remove-node` it, \
             and `add-node` a new one, with a number that was never used"
        ))
    }
}

impl Store {
    /// Opens the store in this file, or makes one.
    pub fn open(path: &Path, id: NodeId, syncs: bool) -> Result<(Self, Loaded), StoreError> {
        if !path.exists() {
            Self::make(path, id)?;
        }
        let file = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(path);
        let file = FileBackend::new(file.map_err(redb::Error::from)?)?;
        if syncs {
            Self::open_on(file, id)
        } else {
            Self::open_on(Unsynced(file), id)
        }
    }

    /// Makes an empty store, whole under a name of its own before it gets its place: if the power fails meanwhile,
    /// there is none, and not a half one.
    fn make(path: &Path, id: NodeId) -> Result<(), StoreError> {
        let new = path.with_extension("new");
        let file = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&new)
            .map_err(redb::Error::from)?;
        drop(Self::open_on(FileBackend::new(file)?, id)?);
        std::fs::rename(&new, path).map_err(redb::Error::from)?;
        // A new file is durable when its folder is, too.
        #[cfg(unix)]
        if let Some(folder) = path.parent() {
            let folder = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
            folder.map_err(redb::Error::from)?;
        }
        Ok(())
    }

    /// Opens the store on what redb takes for a file.
    pub fn open_on(backend: impl StorageBackend, id: NodeId) -> Result<(Self, Loaded), StoreError> {
        let mut builder = Database::builder();
        builder.set_cache_size(64 << 20);
        let database = builder.create_with_backend(backend)?;
        let loaded = load(&database, id)?;
        Ok((Self { database }, loaded))
    }

    /// Stores a batch, and the changes of the state since the last one, with the index up to where they go: all of
    /// it or nothing. When this returns `Ok`, it is on the disk.
    pub fn save(
        &self,
        batch: Option<&Batch<Payload>>,
        changes: &Changes,
        applied: u64,
    ) -> Result<(), StoreError> {
        let transaction = self.database.begin_write()?;
        save_state(&transaction, changes, applied)?;
        if let Some(batch) = batch {
            save_batch(&transaction, batch)?;
        }
        Ok(transaction.commit()?)
    }

    /// Stores the bytes of the next snapshot. The present one stays what it is, until a batch says otherwise.
    pub fn save_next_snapshot(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let transaction = self.database.begin_write()?;
        {
            let next = 1 - area(&transaction.open_table(ABOUT)?)?;
            let mut snapshots = transaction.open_table(SNAPSHOTS)?;
            clear(&mut snapshots, next)?;
            let mut offset = 0;
            for part in bytes.chunks(PART) {
                snapshots.insert((next, offset), part)?;
                offset += part.len() as u64;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Reads so many bytes of the present snapshot.
    pub fn read_snapshot(&self, offset: u64, len: usize) -> Result<Vec<u8>, StoreError> {
        let transaction = self.database.begin_read()?;
        let area = area(&transaction.open_table(ABOUT)?)?;
        let snapshots = transaction.open_table(SNAPSHOTS)?;
        // The part in which the offset is begins there or before.
        let first = match snapshots.range((area, 0)..=(area, offset))?.next_back() {
            Some(row) => row?.0.value().1,
            None => offset,
        };
        let mut bytes = Vec::with_capacity(len);
        let mut end = first;
        for row in snapshots.range((area, first)..=(area, u64::MAX))? {
            let (key, part) = row?;
            if key.value().1 != end {
                break;
            }
            let part = part.value();
            let skipped = usize::try_from(offset.saturating_sub(end)).unwrap_or(usize::MAX);
            let rest = part.get(skipped..).unwrap_or_default();
            bytes.extend_from_slice(&rest[..rest.len().min(len - bytes.len())]);
            end += part.len() as u64;
            if bytes.len() == len {
                return Ok(bytes);
            }
        }
        match bytes.len() == len {
            true => Ok(bytes),
            false => Err(StoreError::damaged(
                "the snapshot is shorter than it should be",
            )),
        }
    }

    /// All rows of all tables, by name, so that two stores can be compared.
    pub fn dump(&self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let transaction = self.database.begin_read()?;
        let mut rows = Vec::new();
        for row in transaction.open_table(LOG)?.iter()? {
            let (key, value) = row?;
            rows.push((format!("log {}", key.value()), value.value().to_vec()));
        }
        for row in transaction.open_table(STATE)?.iter()? {
            let (key, value) = row?;
            rows.push((format!("state {:?}", key.value()), value.value().to_vec()));
        }
        for row in transaction.open_table(SNAPSHOTS)?.iter()? {
            let (key, value) = row?;
            let name = format!("snapshots {:?}", key.value());
            rows.push((name, value.value().to_vec()));
        }
        for row in transaction.open_table(ABOUT)?.iter()? {
            let (key, value) = row?;
            let number = value.value().to_le_bytes().to_vec();
            rows.push((format!("about {}", key.value()), number));
        }
        Ok(rows)
    }
}

/// Reads all of a store; one that is empty becomes that of this node.
fn load(database: &Database, id: NodeId) -> Result<Loaded, StoreError> {
    let transaction = database.begin_write()?;
    let mut stored = Stored::default();
    let mut state = State::default();
    let is_new = {
        let mut about = transaction.open_table(ABOUT)?;
        let owner = about.get("id")?.map(|it| it.value());
        if let Some(owner) = owner.filter(|&owner| owner != id.get()) {
            return Err(StoreError(format!(
                "it is the store of node {owner}, not of node {id}"
            )));
        }
        if owner.is_none() {
            about.insert("id", id.get())?;
        }
        let log = transaction.open_table(LOG)?;
        for row in log.iter()? {
            let (key, value) = row?;
            stored
                .load(key.value(), value.value())
                .map_err(StoreError::damaged)?;
        }
        let applied = about.get("applied")?.map_or(0, |it| it.value());
        stored.applied = LogIndex::new(applied);
        for row in transaction.open_table(STATE)?.iter()? {
            let (key, value) = row?;
            state
                .load(key.value(), value.value())
                .map_err(StoreError::damaged)?;
        }
        state.loaded(applied);
        transaction.open_table(SNAPSHOTS)?;
        owner.is_none()
    };
    match is_new {
        true => transaction.commit()?,
        false => transaction.abort()?,
    }
    Ok(Loaded { stored, state })
}

fn save_state(
    transaction: &WriteTransaction,
    changes: &Changes,
    applied: u64,
) -> Result<(), StoreError> {
    let mut state = transaction.open_table(STATE)?;
    if changes.replaces_all {
        state.retain(|_, _| false)?;
    }
    for (key, row) in &changes.rows {
        match row {
            Some(row) => state.insert(&key[..], &row[..])?,
            None => state.remove(&key[..])?,
        };
    }
    transaction.open_table(ABOUT)?.insert("applied", applied)?;
    Ok(())
}

fn save_batch(transaction: &WriteTransaction, batch: &Batch<Payload>) -> Result<(), StoreError> {
    if batch.chunk().is_some() || batch.snapshot().is_some() {
        let mut about = transaction.open_table(ABOUT)?;
        let present = area(&about)?;
        let next = 1 - present;
        let mut snapshots = transaction.open_table(SNAPSHOTS)?;
        if let Some(chunk) = batch.chunk() {
            save_chunk(&mut snapshots, next, chunk)?;
        }
        if batch.snapshot().is_some() {
            about.insert("area", u64::from(next))?;
            clear(&mut snapshots, present)?;
        }
    }
    let mut log = transaction.open_table(LOG)?;
    let mut bytes = Vec::new();
    for change in batch.changes() {
        match change {
            Change::Remove(keys) => log.retain_in(keys, |_, _| false)?,
            Change::Put(key, value) => {
                bytes.clear();
                value.encode(&mut bytes).map_err(StoreError::damaged)?;
                log.insert(key, &bytes[..])?;
            }
        }
    }
    Ok(())
}

type Snapshots<'a> = Table<'a, (u8, u64), &'static [u8]>;

fn save_chunk(
    snapshots: &mut Snapshots<'_>,
    area: u8,
    chunk: &ChunkToStore,
) -> Result<(), StoreError> {
    if chunk.offset() == 0 {
        clear(snapshots, area)?;
    }
    snapshots.insert((area, chunk.offset()), chunk.bytes())?;
    Ok(())
}

fn clear(snapshots: &mut Snapshots<'_>, area: u8) -> Result<(), StoreError> {
    Ok(snapshots.retain_in((area, 0)..=(area, u64::MAX), |_, _| false)?)
}

/// The area of the present snapshot.
fn area(about: &impl ReadableTable<&'static str, u64>) -> Result<u8, StoreError> {
    match about.get("area")?.map_or(0, |it| it.value()) {
        0 => Ok(0),
        1 => Ok(1),
        other => Err(StoreError::damaged(format!("there is no area {other}"))),
    }
}

/// A file that is never synced: for the bench, to tell what a sync costs. A power failure may take everything.
#[derive(Debug)]
struct Unsynced(FileBackend);

impl StorageBackend for Unsynced {
    fn len(&self) -> Result<u64, io::Error> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.0.write(offset, data)
    }

    fn close(&self) -> Result<(), io::Error> {
        self.0.close()
    }
}
