//! Runs the library: on a computer as a program, on a microcontroller as an image that is linked but not started.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(not(target_os = "none"))]
fn main() {
    let command = consumer::commit_a_command().expect("a committed command");
    println!("three no_std nodes committed a command at {command:?}");
}

#[cfg(target_os = "none")]
mod bare {
    use core::{
        alloc::{GlobalAlloc, Layout},
        cell::UnsafeCell,
        hint::spin_loop,
        ptr::null_mut,
        sync::atomic::{AtomicUsize, Ordering},
    };

    const SIZE: usize = 32 * 1024;

    #[repr(align(8))]
    struct Memory(UnsafeCell<[u8; SIZE]>);

    /// Hands out memory and takes none back.
    struct Bump {
        memory: Memory,
        used: AtomicUsize,
    }

    // SAFETY: no two callers get the same bytes, as `used` only grows, in one atomic step.
    unsafe impl Sync for Bump {}

    // SAFETY: every block lies in `memory`, is aligned, and is handed out once.
    unsafe impl GlobalAlloc for Bump {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            if layout.align() > align_of::<Memory>() {
                return null_mut();
            }
            let size = layout.size().next_multiple_of(align_of::<Memory>());
            let start = self.used.fetch_add(size, Ordering::Relaxed);
            match start.checked_add(size) {
                Some(end) if end <= SIZE => self.memory.0.get().cast::<u8>().wrapping_add(start),
                _ => null_mut(),
            }
        }

        unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
    }

    #[global_allocator]
    static HEAP: Bump = Bump {
        memory: Memory(UnsafeCell::new([0; SIZE])),
        used: AtomicUsize::new(0),
    };

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        loop {
            spin_loop();
        }
    }

    /// Unwind tables name it, and some linkers keep those tables, though nothing unwinds here.
    #[unsafe(no_mangle)]
    extern "C" fn __aeabi_unwind_cpp_pr0() {}

    #[unsafe(no_mangle)]
    extern "C" fn _start() -> ! {
        core::hint::black_box(consumer::commit_a_command());
        loop {
            spin_loop();
        }
    }
}
