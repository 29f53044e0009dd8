//! The firmware for the Raspberry Pi Pico, and, with the same pins, for the Pico 2.
//!
//! | Pin | What |
//! |---|---|
//! | GP0, GP1 | link 0: out, in |
//! | GP4, GP5 | link 1: out, in |
//! | GP2, GP3, GP6 | number of the node, less one, as bits 0, 1, 2: to ground for 1 |
//! | GP25 | lamp, on the board |
//! | USB | console |
#![no_std]
#![no_main]

use core::cell::RefCell;

use board_usb::{Said, Typed};
use embassy_embedded_hal::adapter::BlockingAsync;
use embassy_executor::Spawner;
use embassy_rp::clocks::RoscRng;
use embassy_rp::flash::{Blocking, Flash};
use embassy_rp::gpio::{Input, Level, Output, Pull};
use embassy_rp::peripherals::{UART0, UART1, USB};
use embassy_rp::uart::{BufferedInterruptHandler, BufferedUart, Config as UartConfig};
use embassy_rp::watchdog::Watchdog;
use embassy_rp::{bind_interrupts, pac, usb};
use embassy_time::{Duration, Timer};
use raftbare::NodeId;
use raftbare_embedded::node::{self, Board, Config, Timing};
use raftbare_embedded::store::{Layout, Store};
use static_cell::StaticCell;

#[cfg(not(feature = "pico2"))]
const FLASH_LEN: usize = 2 * 1024 * 1024;
#[cfg(feature = "pico2")]
const FLASH_LEN: usize = 4 * 1024 * 1024;

/// Within the last 64 KiB, which `memory.x` leaves free.
const LAYOUT: Layout = Layout {
    start: FLASH_LEN as u32 - 64 * 1024,
    sector_len: 4096,
    log_sectors: 4,
    snapshot_sectors: 1,
};

/// The pins by which the links come in.
const LINK_INPUTS: [usize; 2] = [1, 5];

/// A node that does nothing for so long is started again.
const PATIENCE: Duration = Duration::from_secs(8);

bind_interrupts!(struct Interrupts {
    UART0_IRQ => BufferedInterruptHandler<UART0>;
    UART1_IRQ => BufferedInterruptHandler<UART1>;
    USBCTRL_IRQ => usb::InterruptHandler<USB>;
});

struct Pico {
    lamp: RefCell<Output<'static>>,
    watchdog: RefCell<Watchdog>,
    start_reason: &'static str,
}

impl Board for Pico {
    fn lamp(&self, is_on: bool) {
        self.lamp.borrow_mut().set_level(is_on.into());
    }

    fn feed(&self) {
        self.watchdog.borrow_mut().feed(PATIENCE);
    }

    fn heap_free(&self) -> usize {
        board_common::heap_free()
    }

    fn stack_free(&self) -> usize {
        board_common::stack_free()
    }

    fn start_reason(&self) -> &'static str {
        self.start_reason
    }
}

#[embassy_executor::task]
async fn console(driver: usb::Driver<'static, USB>) {
    board_usb::serve(driver).await;
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let panic = board_common::start();
    let parts = embassy_rp::init(embassy_rp::config::Config::default());
    let mut watchdog = Watchdog::new(parts.WATCHDOG);
    let start_reason = match watchdog.reset_reason() {
        Some(_) if panic == "power" => "watchdog",
        _ => panic,
    };
    watchdog.start(PATIENCE);
    if let Ok(task) = console(usb::Driver::new(parts.USB, Interrupts)) {
        spawner.spawn(task);
    }
    let straps = [
        Input::new(parts.PIN_2, Pull::Up),
        Input::new(parts.PIN_3, Pull::Up),
        Input::new(parts.PIN_6, Pull::Up),
    ];
    // Until the pull-ups have charged the wires.
    Timer::after_millis(1).await;
    let bits = straps.iter().rev();
    let id = 1 + bits.fold(0, |id, strap| id << 1 | u64::from(strap.is_low()));
    static BUFFERS: StaticCell<[[u8; 512]; 4]> = StaticCell::new();
    let [out_0, in_0, out_1, in_1] = BUFFERS.init([[0; 512]; 4]);
    let mut speed = UartConfig::default();
    speed.baudrate = board_common::BAUD;
    let link_0 = BufferedUart::new(
        parts.UART0,
        parts.PIN_0,
        parts.PIN_1,
        Interrupts,
        out_0,
        in_0,
        speed,
    );
    let link_1 = BufferedUart::new(
        parts.UART1,
        parts.PIN_4,
        parts.PIN_5,
        Interrupts,
        out_1,
        in_1,
        speed,
    );
    // The driver leaves the inputs floating: on a wire that was pulled out, noise would be heard.
    for pin in LINK_INPUTS {
        pac::PADS_BANK0.gpio(pin).modify(|pad| pad.set_pue(true));
    }
    let ports = [link_0, link_1].map(|link| {
        let (writer, reader) = link.split();
        (reader, writer)
    });
    let flash = Flash::<_, Blocking, FLASH_LEN>::new_blocking(parts.FLASH);
    let store = Store::new(BlockingAsync::new(flash), LAYOUT);
    let config = Config {
        id: NodeId::new(id),
        seed: RoscRng.next_u64(),
        timing: Timing::default(),
    };
    let board = Pico {
        lamp: RefCell::new(Output::new(parts.PIN_25, Level::Low)),
        watchdog: RefCell::new(watchdog),
        start_reason,
    };
    node::run(config, ports, (Typed, Said), store, board).await;
}
