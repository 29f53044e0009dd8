//! What all Cortex-M boards share: heap, painted stack, and a panic that starts the board again and is told.
#![no_std]

use core::fmt::{self, Write as _};
use core::mem::MaybeUninit;
use core::panic::PanicInfo;
use core::ptr;

use embedded_alloc::LlffHeap;

/// How many bytes the heap has. A log of 96 entries and the settings take some 30 kB of it.
pub const HEAP_LEN: usize = 48 * 1024;

/// The speed of the links, the same on all boards of a cluster. At 115,200 baud a frame takes some 10 ms, and wires may
/// be a metre long; with the feature `fast-links` it takes 1 ms, and wires are best short.
pub const BAUD: u32 = if cfg!(feature = "fast-links") {
    1_000_000
} else {
    115_200
};

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

/// What the last life has left: not cleared at a reset, and anything when the power comes.
struct Note {
    mark: u32,
    len: usize,
    text: [u8; 64],
}

#[unsafe(link_section = ".uninit.note")]
static mut NOTE: MaybeUninit<Note> = MaybeUninit::uninit();

/// Says that there is a note.
const NOTED: u32 = 0x7061_6e21;

/// Gives the heap its memory, and says why the board starts. To be called once, first of all.
///
/// # Panics
///
/// When it is called again.
pub fn start() -> &'static str {
    static mut MEMORY: [MaybeUninit<u8>; HEAP_LEN] = [const { MaybeUninit::uninit() }; HEAP_LEN];
    // SAFETY: nothing else uses this memory, and a second call panics.
    unsafe { HEAP.init((&raw mut MEMORY).expose_provenance(), HEAP_LEN) };
    let note: *mut Note = (&raw mut NOTE).cast();
    // SAFETY: only this function and the panic handler use it, which runs alone. Any bytes are a `Note`.
    let note = unsafe { &mut *note };
    if core::mem::take(&mut note.mark) != NOTED {
        return "power";
    }
    let text = note.text.get(..note.len).unwrap_or_default();
    str::from_utf8(text).unwrap_or("panic")
}

/// How many bytes of the heap are free.
pub fn heap_free() -> usize {
    HEAP.free()
}

/// How many bytes of the stack were never used: those that still have the paint of the start.
pub fn stack_free() -> usize {
    unsafe extern "C" {
        static _stack_end: u32;
        static _stack_start: u32;
    }
    let (end, start) = (&raw const _stack_end, &raw const _stack_start);
    let words = (start.addr() - end.addr()) / size_of::<u32>();
    let is_painted = |&at: &usize| {
        // SAFETY: between the two lies the stack, which is readable memory.
        let word = unsafe { ptr::read_volatile(end.add(at)) };
        word == cortex_m_rt::STACK_PAINT_VALUE
    };
    (0..words).take_while(is_painted).count() * size_of::<u32>()
}

/// Starts the board again; the next life says why.
pub fn restart(reason: fmt::Arguments<'_>) -> ! {
    cortex_m::interrupt::disable();
    // SAFETY: interrupts are off, so nothing else runs.
    let note = unsafe { &mut *(&raw mut NOTE).cast::<Note>() };
    note.mark = NOTED;
    note.len = 0;
    // What does not fit is left out.
    let _ = note.write_fmt(reason);
    cortex_m::peripheral::SCB::sys_reset()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    match info.location() {
        Some(place) => restart(format_args!(
            "panic:{}:{}",
            last_of(place.file()),
            place.line()
        )),
        None => restart(format_args!("panic")),
    }
}

/// The name of a file without its folders.
fn last_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

impl fmt::Write for Note {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            *self.text.get_mut(self.len).ok_or(fmt::Error)? = byte;
            self.len += 1;
        }
        Ok(())
    }
}
