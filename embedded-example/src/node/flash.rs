//! The flash, at work beside the loop.

use alloc::vec::Vec;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::channel::Channel;
use embedded_storage_async::nor_flash::NorFlash;
use raftbare::NodeId;
use raftbare::replica::{Batch, ChunkToSend, Snapshot, Stored};

use super::config::{OPTIONS, address};
use crate::app::{MAX_SNAPSHOT, Payload};
use crate::link::MAX_PAYLOAD;
use crate::store::{OpenError, Store, StoreError};

/// What the flash is asked for.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a box would take memory for each commit"
)]
pub(super) enum Job {
    /// Store a batch.
    Save(Batch<Payload>),
    /// Store the bytes of an own snapshot.
    WriteSnapshot(Vec<u8>),
    /// Read the bytes of the snapshot, to load them.
    Load(Snapshot),
    /// Read a part of the snapshot, to send it.
    ReadChunk(NodeId, ChunkToSend),
    /// Make an empty store, and open it.
    Format,
}

/// What has become of it.
#[expect(
    clippy::large_enum_variant,
    reason = "a box would take memory for each commit"
)]
pub(super) enum Done {
    /// The store was opened, or not: the first of all.
    Opened(Result<Stored<Payload>, OpenError>),
    Saved(Batch<Payload>, Result<(), StoreError>),
    SnapshotWritten(Result<(), StoreError>),
    Loaded(Result<Vec<u8>, StoreError>),
    /// To whom it is to be sent, and the envelope.
    Chunk(u8, heapless::Vec<u8, MAX_PAYLOAD>),
}

/// What the loop and the flash tell each other. One job is under way at most.
pub(super) struct Jobs {
    jobs: Channel<NoopRawMutex, Job, 1>,
    done: Channel<NoopRawMutex, Done, 1>,
}

impl Jobs {
    pub(super) const fn new() -> Self {
        Self {
            jobs: Channel::new(),
            done: Channel::new(),
        }
    }

    /// Starts a job. Precondition: none is under way, nor was told of.
    pub(super) fn start(&self, job: Job) {
        let _ = self.jobs.try_send(job);
    }

    /// Waits for the end of the job.
    pub(super) async fn done(&self) -> Done {
        self.done.receive().await
    }
}

/// Opens the store of a node, then does what is asked for, one by one, for ever.
pub(super) async fn work<F: NorFlash>(id: NodeId, mut store: Store<F>, jobs: &Jobs) {
    let opened = store.open(id, OPTIONS.limits).await;
    jobs.done.send(Done::Opened(opened)).await;
    loop {
        let job = jobs.jobs.receive().await;
        let done = perform(id, &mut store, job).await;
        jobs.done.send(done).await;
        // While others work on the answer, one sector at a time: an erase may stop all of the chip.
        let _ = store.tidy().await;
    }
}

async fn perform<F: NorFlash>(id: NodeId, store: &mut Store<F>, job: Job) -> Done {
    match job {
        Job::Save(batch) => {
            let saved = store.save(&batch).await;
            Done::Saved(batch, saved)
        }
        Job::WriteSnapshot(bytes) => Done::SnapshotWritten(store.write_snapshot(&bytes).await),
        Job::Load(snapshot) => Done::Loaded(load(store, &snapshot).await),
        Job::ReadChunk(to, chunk) => {
            let envelope = read(store, &chunk).await;
            Done::Chunk(address(to), envelope.unwrap_or_default())
        }
        Job::Format => Done::Opened(match store.format(id).await {
            Ok(()) => store.open(id, OPTIONS.limits).await,
            Err(error) => Err(error.into()),
        }),
    }
}

async fn load<F: NorFlash>(
    store: &mut Store<F>,
    snapshot: &Snapshot,
) -> Result<Vec<u8>, StoreError> {
    let len = usize::try_from(snapshot.len()).ok();
    let len = len.filter(|&len| len <= MAX_SNAPSHOT);
    let mut bytes = alloc::vec![0; len.ok_or(StoreError::SnapshotTooLong)?];
    store.read_snapshot(0, &mut bytes).await?;
    Ok(bytes)
}

/// The envelope of a chunk; empty, which nobody sends, if it is too long.
async fn read<F: NorFlash>(
    store: &mut Store<F>,
    chunk: &ChunkToSend,
) -> Result<heapless::Vec<u8, MAX_PAYLOAD>, StoreError> {
    let mut buffer = [0; MAX_PAYLOAD];
    let bytes = buffer.get_mut(..chunk.len()).unwrap_or_default();
    store.read_snapshot(chunk.offset(), bytes).await?;
    Ok(envelope(|output| chunk.encode(bytes, output)))
}

/// What this writes, or nothing if there is no room for all of it.
pub(super) fn envelope<E>(
    encode: impl FnOnce(&mut &mut [u8]) -> Result<usize, E>,
) -> heapless::Vec<u8, MAX_PAYLOAD> {
    let mut buffer = [0; MAX_PAYLOAD];
    let len = encode(&mut buffer.as_mut_slice()).unwrap_or(0);
    heapless::Vec::from_slice(buffer.get(..len).unwrap_or_default()).unwrap_or_default()
}
