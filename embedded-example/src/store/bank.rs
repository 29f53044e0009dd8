//! A bank: a queue of items, to which is only ever added.

use alloc::vec::Vec;

use embassy_futures::yield_now;
use embedded_storage_async::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use raftbare::replica::{Payload, Stored};
use sequential_storage::cache::Cache;
use sequential_storage::cache::Uncached;
use sequential_storage::queue::{QueueConfig, QueueStorage};

use super::MAX_ITEM;
use super::area::{Layout, Shared};
use super::error::{OpenError, StoreError};
use super::item::Item;

type NoCache = Cache<Uncached, Uncached, Uncached, ()>;

/// What a bank holds, as far as it takes to read it.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) generation: u32,
    /// Whether it begins and all that was copied to it is there.
    pub(super) is_complete: bool,
    pub(super) state: Option<State>,
    /// The index of the last entry.
    pub(super) last: u64,
    /// The number of an item, and from which index on it drops entries before it: those that drop more than all
    /// that follow.
    cuts: Vec<(u32, u64)>,
}

/// The newest state in a bank.
#[derive(Debug)]
pub(super) struct State {
    /// The number of the item.
    at: u32,
    pub(super) slot: Option<u32>,
    pub(super) value: Vec<u8>,
}

impl Summary {
    /// Takes note of the item with this number. `None` if it does not belong there.
    fn note(&mut self, number: u32, item: Item<'_>) -> Option<()> {
        if (number == 0) != matches!(item, Item::Begin(_)) {
            return None;
        }
        match item {
            Item::Begin(generation) => self.generation = generation,
            Item::State { slot, value } => {
                let (at, value) = (number, value.to_vec());
                self.state = Some(State { at, slot, value });
            }
            Item::Record { index, .. } => self.last = index,
            Item::Cut(from) => {
                while self.cuts.pop_if(|(_, other)| *other >= from).is_some() {}
                self.cuts.push((number, from));
                self.last = from.saturating_sub(1);
            }
            Item::Done => self.is_complete = true,
        }
        Some(())
    }

    /// Whether no cut after the item with this number drops this entry.
    fn keeps(&self, number: u32, index: u64) -> bool {
        let next = self.cuts.partition_point(|&(at, _)| at <= number);
        self.cuts.get(next).is_none_or(|&(_, from)| index < from)
    }
}

/// A bank of a store.
pub(super) struct Bank<'a, F: NorFlash> {
    queue: QueueStorage<Part<'a, F>, NoCache>,
}

impl<'a, F: NorFlash> Bank<'a, F> {
    pub(super) fn new(flash: &'a Shared<F>, layout: Layout, bank: u32) -> Self {
        let part = Part {
            flash,
            end: layout.bank(1).end,
        };
        let config = QueueConfig::new(layout.bank(bank));
        Self {
            queue: QueueStorage::new(part, config, Cache::new_uncached()),
        }
    }

    /// Adds an item.
    pub(super) async fn push(&mut self, item: &Item<'_>) -> Result<(), StoreError> {
        let bytes = item.encode().ok_or(StoreError::ItemTooLong)?;
        Ok(self.queue.push(&bytes, false).await?)
    }

    /// Reads all items. A bank that cannot be read is not complete.
    pub(super) async fn scan(&mut self) -> Result<Summary, StoreError> {
        let mut summary = Summary::default();
        let mut buffer = [0; MAX_ITEM];
        let all = async {
            let mut items = self.queue.iter().await?;
            let mut number = 0;
            while let Some(entry) = items.next(&mut buffer).await? {
                let item = Item::decode(&entry);
                item.and_then(|item| summary.note(number, item))
                    .ok_or(StoreError::Damaged)?;
                number += 1;
            }
            Ok(())
        }
        .await;
        match all {
            Err(StoreError::Flash(kind)) => return Err(StoreError::Flash(kind)),
            Err(_) => summary.is_complete = false,
            Ok(()) => {}
        }
        Ok(summary)
    }

    /// Reads the entries after the snapshot that are of use.
    pub(super) async fn load<P: Payload>(
        &mut self,
        summary: &Summary,
        snapshot: u64,
        stored: &mut Stored<P>,
    ) -> Result<(), OpenError> {
        let mut buffer = [0; MAX_ITEM];
        let mut number = 0;
        let mut items = self.queue.iter().await.map_err(StoreError::from)?;
        while let Some(entry) = items.next(&mut buffer).await.map_err(StoreError::from)? {
            if let Some(Item::Record { index, value }) = Item::decode(&entry)
                && index > snapshot
                && summary.keeps(number, index)
            {
                stored.load(index, value).map_err(OpenError::Stored)?;
            }
            number += 1;
        }
        Ok(())
    }

    /// Copies what is of use to another bank.
    pub(super) async fn copy(
        &mut self,
        summary: &Summary,
        snapshot: u64,
        to: &mut Self,
    ) -> Result<(), StoreError> {
        let mut buffer = [0; MAX_ITEM];
        let mut number = 0;
        let mut items = self.queue.iter().await?;
        while let Some(entry) = items.next(&mut buffer).await? {
            let is_of_use = match Item::decode(&entry) {
                Some(Item::State { .. }) => {
                    summary.state.as_ref().is_some_and(|it| it.at == number)
                }
                Some(Item::Record { index, .. }) => {
                    index > snapshot && summary.keeps(number, index)
                }
                _ => false,
            };
            if is_of_use {
                to.queue.push(&entry, false).await?;
                // The flash of a chip that stops for each write never waits: others have their turn here.
                yield_now().await;
            }
            number += 1;
        }
        Ok(())
    }
}

/// The flash, for two queues at once.
struct Part<'a, F> {
    flash: &'a Shared<F>,
    end: u32,
}

impl<F: NorFlash> ErrorType for Part<'_, F> {
    type Error = F::Error;
}

impl<F: NorFlash> ReadNorFlash for Part<'_, F> {
    const READ_SIZE: usize = F::READ_SIZE;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), F::Error> {
        self.flash.lock().await.read(offset, bytes).await
    }

    fn capacity(&self) -> usize {
        usize::try_from(self.end).unwrap_or(usize::MAX)
    }
}

impl<F: NorFlash> NorFlash for Part<'_, F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), F::Error> {
        self.flash.lock().await.erase(from, to).await
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), F::Error> {
        self.flash.lock().await.write(offset, bytes).await
    }
}
