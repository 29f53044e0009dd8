//! What the programs need from outside. Nobody defines it, so the compiler can know nothing of it.

use core::alloc::{GlobalAlloc, Layout};
use core::mem::MaybeUninit;
use core::panic::PanicInfo;

unsafe extern "C" {
    safe fn allocate(size: usize, align: usize) -> *mut u8;
    safe fn release(place: *mut u8);
    safe fn panicked() -> !;
    safe fn fill(place: *mut u8);
}

struct Outside;

// Safety: the program never runs.
unsafe impl GlobalAlloc for Outside {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocate(layout.size(), layout.align())
    }

    unsafe fn dealloc(&self, place: *mut u8, _: Layout) {
        release(place);
    }
}

#[global_allocator]
static ALLOCATOR: Outside = Outside;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    panicked()
}

/// A value of which the compiler knows nothing.
pub fn any<T>() -> T {
    let mut value = MaybeUninit::<T>::uninit();
    fill(value.as_mut_ptr().cast());
    // Safety: the program never runs.
    unsafe { value.assume_init() }
}

/// Functions that are called from the start, each an entry point of its own, with a value that is used.
macro_rules! entry_points {
    ($($name:ident: $value:expr;)*) => {
        $(
            #[inline(never)]
            fn $name() {
                let _ = core::hint::black_box($value);
            }
        )*

        #[unsafe(no_mangle)]
        extern "C" fn start() {
            $($name();)*
        }
    };
}
