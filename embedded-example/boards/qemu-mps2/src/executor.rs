//! An executor that idles with WFI.
//!
//! embassy's own one for Cortex-M idles with WFE. That is right on silicon, but QEMU takes a WFE for a yield: each idle
//! node would burn a whole core of the host.

use core::marker::PhantomData;
use core::sync::atomic::{AtomicBool, Ordering};

use embassy_executor::{Spawner, raw};

static HAS_WORK: AtomicBool = AtomicBool::new(false);

#[unsafe(export_name = "__pender")]
fn pend(_: *mut ()) {
    HAS_WORK.store(true, Ordering::Release);
}

pub(crate) struct Executor {
    inner: raw::Executor,
    /// It belongs to the thread mode of one core.
    not_send: PhantomData<*mut ()>,
}

impl Executor {
    pub(crate) fn new() -> Self {
        Self {
            inner: raw::Executor::new(core::ptr::null_mut()),
            not_send: PhantomData,
        }
    }

    pub(crate) fn run(&'static mut self, init: impl FnOnce(Spawner)) -> ! {
        init(self.inner.spawner());
        loop {
            // SAFETY: it is polled here only, and not while it is polled.
            unsafe { self.inner.poll() };
            // While interrupts are masked, one still ends WFI, but runs at `enable` only: no wake-up gets lost.
            cortex_m::interrupt::disable();
            if !HAS_WORK.swap(false, Ordering::Acquire) {
                cortex_m::asm::wfi();
            }
            // SAFETY: they were enabled before, and no critical section is open here.
            unsafe { cortex_m::interrupt::enable() };
        }
    }
}
