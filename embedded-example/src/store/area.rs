//! Where in the flash what is, and whose it is.

use core::ops::Range;

use embassy_futures::yield_now;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::mutex::Mutex;
use embedded_storage_async::nor_flash::NorFlash;
use raftbare::NodeId;

use super::error::{OpenError, StoreError};
use crate::CRC;

/// The sectors of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// The address of the first sector, as the flash counts.
    pub start: u32,
    /// The size of a sector, the smallest part that can be erased.
    pub sector_len: u32,
    /// The sectors of each of the two banks of the log: at least two.
    pub log_sectors: u32,
    /// The sectors of each of the two slots for snapshots: at least one.
    pub snapshot_sectors: u32,
}

impl Layout {
    /// How many sectors there are in all.
    #[must_use]
    pub const fn sectors(&self) -> u32 {
        1 + 2 * self.log_sectors + 2 * self.snapshot_sectors
    }

    /// How many bytes there are in all.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.sectors() * self.sector_len
    }

    /// Whether there is nothing: never.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// The most bytes of a snapshot.
    #[must_use]
    pub const fn max_snapshot(&self) -> u32 {
        self.snapshot_sectors * self.sector_len
    }

    /// The first sector of a bank.
    pub(super) const fn bank_sector(&self, bank: u32) -> u32 {
        1 + bank * self.log_sectors
    }

    /// The addresses of a bank.
    pub(super) const fn bank(&self, bank: u32) -> Range<u32> {
        let start = self.address(self.bank_sector(bank));
        start..start + self.log_sectors * self.sector_len
    }

    /// The first sector of a slot.
    pub(super) const fn slot_sector(&self, slot: u32) -> u32 {
        1 + 2 * self.log_sectors + slot * self.snapshot_sectors
    }

    /// The address of a slot.
    pub(super) const fn slot(&self, slot: u32) -> u32 {
        self.address(self.slot_sector(slot))
    }

    const fn address(&self, sector: u32) -> u32 {
        self.start + sector * self.sector_len
    }
}

pub(super) type Shared<F> = Mutex<NoopRawMutex, F>;

/// Erases a sector of the area; then it is the turn of others.
pub(super) async fn erase_sector<F: NorFlash>(
    flash: &Shared<F>,
    layout: Layout,
    sector: u32,
) -> Result<(), StoreError> {
    let start = layout.address(sector);
    let end = start + layout.sector_len;
    let done = flash.lock().await.erase(start, end).await;
    yield_now().await;
    done.map_err(StoreError::flash)
}

const MAGIC: [u8; 8] = *b"raftbare";
const VERSION: u8 = 1;
/// A multiple of every size of a word there is.
const LABEL_LEN: usize = 32;

/// Says whose store this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) id: NodeId,
    pub(super) layout: Layout,
}

impl Label {
    fn encode(self) -> [u8; LABEL_LEN] {
        let mut bytes = [0; LABEL_LEN];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8] = VERSION;
        bytes[9..17].copy_from_slice(&self.id.get().to_le_bytes());
        bytes[17..21].copy_from_slice(&self.layout.log_sectors.to_le_bytes());
        bytes[21..25].copy_from_slice(&self.layout.snapshot_sectors.to_le_bytes());
        let crc = CRC.checksum(&bytes[..28]);
        bytes[28..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(super) async fn write<F: NorFlash>(self, flash: &Shared<F>) -> Result<(), StoreError> {
        let mut flash = flash.lock().await;
        let done = flash.write(self.layout.start, &self.encode()).await;
        done.map_err(StoreError::flash)
    }

    /// Checks that the area holds the store of this node.
    pub(super) async fn check<F: NorFlash>(
        flash: &Shared<F>,
        layout: Layout,
        id: NodeId,
    ) -> Result<(), OpenError> {
        let mut bytes = [0; LABEL_LEN];
        let done = flash.lock().await.read(layout.start, &mut bytes).await;
        done.map_err(|error| OpenError::Store(StoreError::flash(error)))?;
        if bytes == [0xff; LABEL_LEN] {
            return Err(OpenError::Blank);
        }
        let crc = CRC.checksum(&bytes[..28]).to_le_bytes();
        if bytes[..8] != MAGIC || bytes[8] != VERSION || bytes[28..] != crc {
            return Err(OpenError::Foreign);
        }
        let mut stored_id = [0; 8];
        stored_id.copy_from_slice(&bytes[9..17]);
        let stored_id = NodeId::new(u64::from_le_bytes(stored_id));
        if stored_id != id {
            return Err(OpenError::OtherNode(stored_id));
        }
        match bytes == (Self { id, layout }).encode() {
            true => Ok(()),
            false => Err(OpenError::OtherLayout),
        }
    }
}
