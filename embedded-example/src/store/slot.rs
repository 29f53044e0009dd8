//! The slots for snapshots: their plain bytes, from the first sector on.

use embedded_storage_async::nor_flash::NorFlash;
use raftbare::replica::Snapshot;

use super::area::{Layout, Shared, erase_sector};
use super::error::{OpenError, StoreError};
use crate::CRC;

/// How much is written at once: the longest word that flashes have, and a multiple of all shorter ones.
const BLOCK: usize = 32;

/// Writes a snapshot that comes in pieces of any length.
///
/// What does not fill a block waits in memory for the next piece. That is enough: a snapshot counts from its last
/// piece on, and a transfer that is interrupted begins again.
#[derive(Debug, Default)]
pub(super) struct SlotWriter {
    /// How many bytes are written, whole blocks.
    written: u32,
    rest: heapless::Vec<u8, BLOCK>,
}

impl SlotWriter {
    /// Writes the piece at this offset, which is 0 or the end of the piece before, of a snapshot with so many bytes.
    pub(super) async fn write<F: NorFlash>(
        &mut self,
        flash: &Shared<F>,
        layout: Layout,
        slot: u32,
        offset: u64,
        bytes: &[u8],
        total: u64,
    ) -> Result<(), StoreError> {
        if total > u64::from(layout.max_snapshot()) {
            return Err(StoreError::SnapshotTooLong);
        }
        if offset == 0 {
            *self = Self::default();
        }
        if u64::from(self.written) + self.rest.len() as u64 != offset {
            return Err(StoreError::Damaged);
        }
        for &byte in bytes {
            self.push(flash, layout, slot, byte).await?;
        }
        let is_last = offset + bytes.len() as u64 == total;
        while is_last && !self.rest.is_empty() {
            // The rest of the last block stays as it was erased.
            self.push(flash, layout, slot, 0xff).await?;
        }
        Ok(())
    }

    async fn push<F: NorFlash>(
        &mut self,
        flash: &Shared<F>,
        layout: Layout,
        slot: u32,
        byte: u8,
    ) -> Result<(), StoreError> {
        // There is room: a full block is written at once.
        let _ = self.rest.push(byte);
        if !self.rest.is_full() {
            return Ok(());
        }
        if self.written.is_multiple_of(layout.sector_len) {
            let sector = layout.slot_sector(slot) + self.written / layout.sector_len;
            erase_sector(flash, layout, sector).await?;
        }
        let address = layout.slot(slot) + self.written;
        let done = flash.lock().await.write(address, &self.rest).await;
        done.map_err(StoreError::flash)?;
        self.written += u32::try_from(self.rest.len()).unwrap_or(0);
        self.rest.clear();
        Ok(())
    }
}

/// Reads bytes of a snapshot.
pub(super) async fn read<F: NorFlash>(
    flash: &Shared<F>,
    layout: Layout,
    slot: u32,
    offset: u64,
    bytes: &mut [u8],
) -> Result<(), StoreError> {
    let end = offset.saturating_add(bytes.len() as u64);
    let offset = u32::try_from(offset).ok();
    let offset = offset.filter(|_| end <= u64::from(layout.max_snapshot()));
    let address = layout.slot(slot) + offset.ok_or(StoreError::NoSnapshot)?;
    let done = flash.lock().await.read(address, bytes).await;
    done.map_err(StoreError::flash)
}

/// Checks that the bytes of a snapshot are those that were written.
pub(super) async fn check<F: NorFlash>(
    flash: &Shared<F>,
    layout: Layout,
    slot: u32,
    snapshot: &Snapshot,
) -> Result<(), OpenError> {
    let mut digest = CRC.digest();
    let mut buffer = [0; 64];
    let mut offset = 0;
    while offset < snapshot.len() {
        let rest = usize::try_from(snapshot.len() - offset).unwrap_or(usize::MAX);
        let len = rest.min(buffer.len());
        let part = buffer.get_mut(..len).unwrap_or_default();
        read(flash, layout, slot, offset, part).await?;
        digest.update(part);
        offset += len as u64;
    }
    match digest.finalize() == snapshot.checksum() {
        true => Ok(()),
        false => Err(OpenError::Snapshot),
    }
}
