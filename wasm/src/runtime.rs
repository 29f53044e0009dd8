//! What the standard library does elsewhere: memory, and the end of a panic.
//!
//! Without it the module is half as large.

#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// The core does not panic, so this is for a mistake in it. The exception tells which.
#[cfg(feature = "messages")]
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    wasm_bindgen::throw_str(&alloc::string::ToString::to_string(info))
}

/// The core does not panic, so this is for a mistake in it. The trap is an exception without a reason; the module
/// with the feature `messages` has one.
#[cfg(not(feature = "messages"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
