//! The CMSDK watchdog: when it was not fed for so long, it interrupts whatever runs, and the machine starts again.

use cortex_m_rt::exception;

use crate::register::Register;

const BASE: usize = 0x4000_8000;

// SAFETY: the registers of the watchdog; they count, and touch no memory.
const LOAD: Register = unsafe { Register::at(BASE) };
// SAFETY: as above.
const CONTROL: Register = unsafe { Register::at(BASE + 0x8) };
// SAFETY: as above.
const CLEAR: Register = unsafe { Register::at(BASE + 0xc) };

/// Ten seconds at 25 MHz: the host may be busy.
const PATIENCE_CYCLES: u32 = 250_000_000;

/// The interrupt, and, if nobody serves it, a reset after as long again.
const ALL_ON: u32 = 0b11;

pub(crate) fn start() {
    LOAD.write(PATIENCE_CYCLES);
    CONTROL.write(ALL_ON);
}

pub(crate) fn feed() {
    CLEAR.write(1);
}

#[exception]
unsafe fn NonMaskableInt() {
    board_common::restart(format_args!("watchdog"));
}
