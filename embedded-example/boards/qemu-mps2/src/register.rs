//! Registers of the machine.

use core::ptr;

/// A register of 32 bits.
#[derive(Clone, Copy)]
pub(crate) struct Register(usize);

impl Register {
    /// The register at this address.
    ///
    /// # Safety
    ///
    /// There is a register of 32 bits at the address, and what is written to it breaks no rule of Rust.
    pub(crate) const unsafe fn at(address: usize) -> Self {
        Self(address)
    }

    pub(crate) fn read(self) -> u32 {
        // SAFETY: as `at` demands.
        unsafe { ptr::read_volatile(self.0 as *const u32) }
    }

    pub(crate) fn write(self, value: u32) {
        // SAFETY: as `at` demands.
        unsafe { ptr::write_volatile(self.0 as *mut u32, value) }
    }
}
