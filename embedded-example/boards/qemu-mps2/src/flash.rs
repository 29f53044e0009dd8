//! A NOR flash in the machine's PSRAM, which QEMU can keep in a file of the host.
//!
//! Programming clears bits only, as on silicon. A new file is full of zeros; a flash from the factory is erased, so
//! that is made up for once.

use core::ptr;

use embedded_storage_async::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

const BASE: usize = 0x2100_0000;
/// Beside the flash: whether it is one already.
const MARK: usize = BASE + 0x10_0000;
const MARK_VALUE: u32 = 0x4e4f_5221;

/// The flash.
pub(crate) struct Flash {
    len: usize,
}

/// A use that no flash allows.
#[derive(Debug)]
pub(crate) struct Misuse(NorFlashErrorKind);

impl NorFlashError for Misuse {
    fn kind(&self) -> NorFlashErrorKind {
        self.0
    }
}

impl Flash {
    /// The one flash of the machine.
    pub(crate) fn new(len: u32) -> Self {
        let len = len as usize;
        let mark = MARK as *mut u32;
        // SAFETY: 16 MiB of memory from `BASE` on, which nothing else uses.
        unsafe {
            if mark.read_volatile() != MARK_VALUE {
                ptr::write_bytes(BASE as *mut u8, 0xff, len);
                mark.write_volatile(MARK_VALUE);
            }
        }
        Self { len }
    }

    /// Where these bytes are.
    fn place(&self, from: u32, len: usize, unit: usize) -> Result<*mut u8, Misuse> {
        let from = from as usize;
        if !from.is_multiple_of(unit) || !len.is_multiple_of(unit) {
            return Err(Misuse(NorFlashErrorKind::NotAligned));
        }
        match from.checked_add(len) {
            Some(end) if end <= self.len => Ok((BASE + from) as *mut u8),
            _ => Err(Misuse(NorFlashErrorKind::OutOfBounds)),
        }
    }
}

impl ErrorType for Flash {
    type Error = Misuse;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, from: u32, bytes: &mut [u8]) -> Result<(), Misuse> {
        let place = self.place(from, bytes.len(), 1)?;
        // SAFETY: `place` has checked that so many bytes of the flash are there.
        unsafe { ptr::copy_nonoverlapping(place, bytes.as_mut_ptr(), bytes.len()) };
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.len
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 4096;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Misuse> {
        let len = to.saturating_sub(from) as usize;
        let place = self.place(from, len, Self::ERASE_SIZE)?;
        // SAFETY: as above.
        unsafe { ptr::write_bytes(place, 0xff, len) };
        Ok(())
    }

    async fn write(&mut self, from: u32, bytes: &[u8]) -> Result<(), Misuse> {
        let place = self.place(from, bytes.len(), Self::WRITE_SIZE)?;
        for (at, &byte) in bytes.iter().enumerate() {
            // SAFETY: as above.
            unsafe {
                let old = place.add(at).read_volatile();
                place.add(at).write_volatile(old & byte);
            }
        }
        Ok(())
    }
}
