//! A cluster of microcontrollers over UARTs, as a library that knows no board.
//!
//! - [`link`]: frames over serial lines, routed by destination, so that boards with two UARTs form a ring;
//! - [`store`]: what a replica has promised, in NOR flash, through any loss of power;
//! - [`app`]: the application, a replicated table of settings;
//! - [`console`]: lines that are typed, and answers;
//! - [`node`]: the loop that holds them together around a [`Replica`](raftbare::replica::Replica).
//!
//! A board brings readers and writers of bytes, a flash, a clock, a lamp, and calls [`node::run`].
#![no_std]
#![deny(missing_docs)]

extern crate alloc;

pub mod app;
pub mod console;
pub mod link;
pub mod node;
pub mod store;

/// The CRC-32 of Ethernet, with a table of 1 kB, for frames, labels and snapshots.
static CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);
