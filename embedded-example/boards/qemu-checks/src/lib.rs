//! What the programs share: a heap that counts, and the machine's clock.
#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicUsize, Ordering};

// It brings the critical section that the heap takes.
use cortex_m as _;
use embedded_alloc::TlsfHeap;

/// The PSRAM of the machine, which nothing else uses.
const PSRAM: (usize, usize) = (0x2100_0000, 16 << 20);

#[global_allocator]
static HEAP: Counting = Counting {
    heap: TlsfHeap::empty(),
    live: AtomicUsize::new(0),
    peak: AtomicUsize::new(0),
    allocations: AtomicUsize::new(0),
};

struct Counting {
    heap: TlsfHeap,
    live: AtomicUsize,
    peak: AtomicUsize,
    allocations: AtomicUsize,
}

// SAFETY: it hands on what the heap gives; counting touches no memory of others.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = self.live.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        self.peak.fetch_max(live, Ordering::Relaxed);
        self.allocations.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller's.
        unsafe { self.heap.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        self.live.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller's.
        unsafe { self.heap.dealloc(place, layout) }
    }
}

/// What the heap has given, in bytes as they were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heap {
    /// Bytes that are in use.
    pub live: usize,
    /// The most that were, since the last [`Heap::begin`].
    pub peak: usize,
    /// How often something was asked for.
    pub allocations: usize,
}

impl Heap {
    /// As it is now.
    pub fn now() -> Self {
        Self {
            live: HEAP.live.load(Ordering::Relaxed),
            peak: HEAP.peak.load(Ordering::Relaxed),
            allocations: HEAP.allocations.load(Ordering::Relaxed),
        }
    }

    /// As it is now; the peak begins anew.
    pub fn begin() -> Self {
        let now = Self::now();
        HEAP.peak.store(now.live, Ordering::Relaxed);
        now
    }

    /// What was taken since `before`.
    pub fn since(before: Self) -> Self {
        let now = Self::now();
        Self {
            live: now.live - before.live,
            peak: now.peak - before.live,
            allocations: now.allocations - before.allocations,
        }
    }
}

/// The free-running half of the machine's dual timer: 25 million ticks a second of its time, which under `-icount`
/// is the number of instructions.
mod clock {
    const CONTROL: *mut u32 = 0x4000_2008 as *mut u32;
    const VALUE: *const u32 = 0x4000_2004 as *const u32;
    const ENABLED_32_BITS: u32 = 1 << 7 | 1 << 1;

    pub(super) fn start() {
        // SAFETY: a register of the timer; it counts, and touches no memory.
        unsafe { CONTROL.write_volatile(ENABLED_32_BITS) };
    }

    pub(super) fn ticks() -> u32 {
        // SAFETY: as above.
        !unsafe { VALUE.read_volatile() }
    }
}

/// Ticks of the machine's clock since [`start`]: the same in each run under `-icount`.
pub fn ticks() -> u32 {
    clock::ticks()
}

/// Gives the heap its memory, and starts the clock. To be called once, first of all.
///
/// # Panics
///
/// When it is called again.
pub fn start() {
    let (start, len) = PSRAM;
    // SAFETY: nothing else uses this memory, and a second call panics.
    unsafe { HEAP.heap.init(start, len) };
    clock::start();
}
