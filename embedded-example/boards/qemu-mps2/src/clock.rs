//! embassy's clock on the CMSDK dual timer: timer 1 runs freely at 25 MHz and wraps every 171.8 s, timer 2 is the alarm.

use core::cell::RefCell;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::Waker;

use critical_section::{CriticalSection, Mutex};
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

use crate::Interrupt;
use crate::register::Register;

const BASE: usize = 0x4000_2000;
const CYCLES_PER_TICK: u64 = 25;

const ONE_SHOT: u32 = 1;
const BITS_32: u32 = 1 << 1;
const INTERRUPT: u32 = 1 << 5;
const ENABLE: u32 = 1 << 7;

/// One half of the dual timer.
struct Timer {
    load: Register,
    value: Register,
    control: Register,
    clear: Register,
    raw: Register,
    masked: Register,
}

impl Timer {
    const fn at(base: usize) -> Self {
        // SAFETY: the registers of the timer; they count, and touch no memory.
        unsafe {
            Self {
                load: Register::at(base),
                value: Register::at(base + 0x4),
                control: Register::at(base + 0x8),
                clear: Register::at(base + 0xc),
                raw: Register::at(base + 0x10),
                masked: Register::at(base + 0x14),
            }
        }
    }
}

static FREE: Timer = Timer::at(BASE);
static ALARM: Timer = Timer::at(BASE + 0x20);

struct Clock {
    wraps: AtomicU32,
    queue: Mutex<RefCell<Queue>>,
}

impl Clock {
    fn cycles(&self) -> u64 {
        critical_section::with(|_| {
            let mut wraps = self.wraps.load(Ordering::Relaxed);
            let mut low = !FREE.value.read();
            if FREE.raw.read() & 1 != 0 {
                // It has wrapped, and its interrupt has not run yet.
                low = !FREE.value.read();
                wraps = wraps.wrapping_add(1);
            }
            u64::from(wraps) << 32 | u64::from(low)
        })
    }

    /// Sets the alarm; returns whether its time is still to come.
    fn arm(&self, at: u64) -> bool {
        ALARM.control.write(ONE_SHOT | BITS_32);
        ALARM.clear.write(1);
        if at == u64::MAX {
            return true;
        }
        let due = at.saturating_mul(CYCLES_PER_TICK);
        let Some(rest) = due.checked_sub(self.cycles()).filter(|&rest| rest > 0) else {
            return false;
        };
        ALARM.load.write(u32::try_from(rest).unwrap_or(u32::MAX));
        ALARM.control.write(ONE_SHOT | BITS_32 | INTERRUPT | ENABLE);
        true
    }

    /// Wakes what is due, and sets the alarm for what is next.
    fn go_on(&self, token: CriticalSection<'_>) {
        let mut queue = self.queue.borrow_ref_mut(token);
        let mut next = queue.next_expiration(self.now());
        while !self.arm(next) {
            next = queue.next_expiration(self.now());
        }
    }
}

impl Driver for Clock {
    fn now(&self) -> u64 {
        self.cycles() / CYCLES_PER_TICK
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|token| {
            let is_sooner = self.queue.borrow_ref_mut(token).schedule_wake(at, waker);
            if is_sooner {
                self.go_on(token);
            }
        });
    }
}

embassy_time_driver::time_driver_impl!(static CLOCK: Clock = Clock {
    wraps: AtomicU32::new(0),
    queue: Mutex::new(RefCell::new(Queue::new())),
});

/// Starts the clock.
pub(crate) fn start() {
    FREE.load.write(u32::MAX);
    FREE.control.write(BITS_32 | INTERRUPT | ENABLE);
    FREE.clear.write(1);
    Interrupt::DUALTIMER.enable();
}

#[unsafe(no_mangle)]
extern "C" fn DUALTIMER() {
    if FREE.masked.read() & 1 != 0 {
        FREE.clear.write(1);
        CLOCK.wraps.fetch_add(1, Ordering::Relaxed);
    }
    if ALARM.masked.read() & 1 != 0 {
        ALARM.clear.write(1);
        critical_section::with(|token| CLOCK.go_on(token));
    }
}
