//! The loop around a replica: what comes in by links, console and clock, what the flash has stored, and what is done
//! about it.
//!
//! The flash works in a future of its own, which owns the batch while it writes. Meanwhile the replica takes in what
//! comes, and gives out what depends on no batch: heartbeats, calls, timers. What promises something waits inside until
//! the batch is back, so nothing can leave too early.

mod board;
mod config;
mod desk;
mod done;
mod flash;
mod member;
mod requests;
mod waiting;

use core::pin::pin;

use embassy_futures::join::{join, join_array, join4};
use embedded_io_async::{Read, Write};
use embedded_storage_async::nor_flash::NorFlash;

use crate::console::Console;
use crate::link::Link;
use crate::store::Store;

pub use board::{Board, Light};
pub use config::{Config, OPTIONS, Timing};

use flash::Jobs;
use member::Member;

/// Runs a node for ever: on these ports, with this console, store and board.
///
/// All of it is one future, for one task. Its memory is that of the future, some 30 kB for two ports, and the heap,
/// which is bounded by [`OPTIONS`].
pub async fn run<const PORTS: usize, R: Read, W: Write>(
    config: Config,
    ports: [(R, W); PORTS],
    console: (impl Read, impl Write),
    store: Store<impl NorFlash>,
    board: impl Board,
) {
    let first_number = u16::from_le_bytes([config.seed.to_le_bytes()[0], config.address()]);
    let link = Link::<PORTS>::new(config.address(), first_number);
    let lines = Console::new();
    let jobs = Jobs::new();
    let light = board::Lamp::new(&board);
    let mut member = Member::new(&config, &link, &lines, &jobs, &light, &board);
    let mut port = 0;
    let wires = ports.map(|(reader, writer)| {
        let (number, link) = (port, &link);
        port += 1;
        async move {
            join(
                link.read_from(number, reader),
                link.write_to(number, writer),
            )
            .await;
        }
    });
    let (reader, writer) = console;
    // Pinned here, all of them stay where they are made: on the way they would take the stack several times.
    let wires = pin!(join_array(wires));
    let lines = pin!(join(lines.read_from(reader), lines.write_to(writer)));
    let flash = pin!(flash::work(config.id, store, &jobs));
    let shining = pin!(light.shine());
    let turns = pin!(member.run());
    join4(wires, lines, join(flash, shining), turns).await;
}
