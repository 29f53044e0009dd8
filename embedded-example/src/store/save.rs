//! Writing: a batch, change by change; and the change of banks.

use embedded_storage_async::nor_flash::NorFlash;
use raftbare::replica::{Batch, Change, Payload, Value};

use super::bank::Bank;
use super::error::StoreError;
use super::item::Item;
use super::{MAX_ITEM, Mounted, Store};

impl<F: NorFlash> Store<F> {
    /// Stores a batch: each change is durable before the next one. When this returns, all of it is.
    pub async fn save<P: Payload>(&mut self, batch: &Batch<P>) -> Result<(), StoreError> {
        let chunk = batch.chunk();
        // A chunk may come together with an own snapshot, which stands in the spare slot. Then that comes first.
        let is_after = chunk.is_some_and(|chunk| {
            let marked = batch.snapshot();
            marked.is_some_and(|marked| marked != chunk.snapshot())
        });
        if let Some(chunk) = chunk.filter(|_| !is_after) {
            let total = chunk.snapshot().len();
            self.write_chunk(chunk.offset(), chunk.bytes(), total)
                .await?;
        }
        let snapshot = batch.snapshot().map(|it| it.position().index.get());
        for change in batch.changes() {
            self.apply(change, snapshot).await?;
        }
        if let Some(chunk) = chunk.filter(|_| is_after) {
            let total = chunk.snapshot().len();
            self.write_chunk(chunk.offset(), chunk.bytes(), total)
                .await?;
        }
        Ok(())
    }

    /// Writes the bytes of an own snapshot, to be marked by a batch that follows.
    pub async fn write_snapshot(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.write_chunk(0, bytes, bytes.len() as u64).await
    }

    async fn write_chunk(
        &mut self,
        offset: u64,
        bytes: &[u8],
        total: u64,
    ) -> Result<(), StoreError> {
        let mounted = self.mounted.as_mut().ok_or(StoreError::NotOpen)?;
        let slot = mounted.spare_slot();
        mounted
            .writer
            .write(&self.flash, self.layout, slot, offset, bytes, total)
            .await
    }

    /// Makes a change; `snapshot` is the index of the snapshot in the spare slot, if the state is to name that one.
    async fn apply<P: Payload>(
        &mut self,
        change: Change<'_, P>,
        snapshot: Option<u64>,
    ) -> Result<(), StoreError> {
        let mounted = self.mounted.as_mut().ok_or(StoreError::NotOpen)?;
        let mut buffer = [0; MAX_ITEM];
        match change {
            // Entries that a snapshot stands for: the state says so.
            Change::Remove(keys) if *keys.end() < u64::MAX => Ok(()),
            Change::Remove(keys) if *keys.start() > mounted.last => Ok(()),
            Change::Remove(keys) => {
                let from = *keys.start();
                self.push(&Item::Cut(from)).await?;
                self.note(|mounted| mounted.last = from.saturating_sub(1));
                Ok(())
            }
            Change::Put(0, value) => {
                let slot = snapshot.map_or(mounted.slot, |_| Some(mounted.spare_slot()));
                let value = encode(&value, &mut buffer)?;
                self.push(&Item::State { slot, value }).await?;
                // Not before: until then the older snapshot counts, and the entries after it.
                self.note(|mounted| {
                    mounted.slot = slot;
                    mounted.snapshot_index = snapshot.unwrap_or(mounted.snapshot_index);
                });
                Ok(())
            }
            Change::Put(index, value) => {
                let value = encode(&value, &mut buffer)?;
                self.push(&Item::Record { index, value }).await?;
                self.note(|mounted| mounted.last = index);
                Ok(())
            }
        }
    }

    fn note(&mut self, change: impl FnOnce(&mut Mounted)) {
        self.mounted.as_mut().map(change);
    }

    /// Adds an item to the bank in use; if that is full, goes on to the other one.
    async fn push(&mut self, item: &Item<'_>) -> Result<(), StoreError> {
        let mounted = self.mounted.as_ref().ok_or(StoreError::NotOpen)?;
        if mounted.is_fresh {
            let mut bank = Bank::new(&self.flash, self.layout, mounted.bank);
            match bank.push(item).await {
                Err(StoreError::Full) => {}
                done => return done,
            }
        }
        let bank = self.change_banks().await?;
        Bank::new(&self.flash, self.layout, bank).push(item).await
    }

    /// Copies what is of use to the other bank, and goes on there; returns which one that is.
    async fn change_banks(&mut self) -> Result<u32, StoreError> {
        while self.tidy().await? {}
        let mounted = self.mounted.as_mut().ok_or(StoreError::NotOpen)?;
        let mut old = Bank::new(&self.flash, self.layout, mounted.bank);
        let mut new = Bank::new(&self.flash, self.layout, 1 - mounted.bank);
        let generation = mounted.generation.wrapping_add(1);
        let summary = old.scan().await?;
        new.push(&Item::Begin(generation)).await?;
        old.copy(&summary, mounted.snapshot_index, &mut new).await?;
        new.push(&Item::Done).await?;
        mounted.bank = 1 - mounted.bank;
        mounted.is_fresh = true;
        mounted.generation = generation;
        mounted.unerased = self.layout.log_sectors;
        Ok(mounted.bank)
    }
}

fn encode<'a, P: Payload>(
    value: &Value<'_, P>,
    buffer: &'a mut [u8; MAX_ITEM],
) -> Result<&'a [u8], StoreError> {
    let len = value
        .encode(&mut buffer.as_mut_slice())
        .map_err(|_| StoreError::ItemTooLong)?;
    buffer.get(..len).ok_or(StoreError::ItemTooLong)
}
