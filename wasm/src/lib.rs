//! The WebAssembly side of the npm package `raftbare`.
//!
//! The public interface is TypeScript, in `wasm/js`. This crate is what it stands on: a private class over
//! [`raftbare::Node`], whose arguments and results are integers, or bytes in a buffer that both sides see. The bytes are those of [`raftbare::codec`], so a page, a server and a microcontroller speak the
//! same language, and there is one thing to test.
//!
//! Nothing here calls JavaScript: an exception in the middle of a method would leave the object borrowed for ever.
//! So TypeScript checks and encodes first, and then calls.
//!
//! Features: `wasm-bindgen` exports the class, `simulator` the simulator too, `messages` tells why of a panic.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![deny(missing_docs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

extern crate alloc;

#[cfg(feature = "wasm-bindgen")]
mod buffer;
#[cfg(feature = "wasm-bindgen")]
mod bytes;

#[cfg(feature = "wasm-bindgen")]
pub mod node;
#[cfg(target_arch = "wasm32")]
mod runtime;
#[cfg(feature = "simulator")]
pub mod simulator;
