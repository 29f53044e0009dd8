//! The firmware for Nordic's nRF52840-DK.
//!
//! | Pin | What |
//! |---|---|
//! | P1.02, P1.01 | link 0: out, in |
//! | P1.04, P1.03 | link 1: out, in |
//! | P0.11, P0.12, P0.24 | number of the node, less one, as bits 0, 1, 2: to ground for 1 (buttons 1, 2, 3) |
//! | P0.13 | lamp, LED 1 |
//! | nRF USB | console |
#![no_std]
#![no_main]

use core::cell::RefCell;

use board_usb::{Said, Typed};
use embassy_embedded_hal::adapter::BlockingAsync;
use embassy_executor::Spawner;
use embassy_nrf::buffered_uarte::{self, BufferedUarte};
use embassy_nrf::gpio::{Input, Level, Output, OutputDrive, Pull};
use embassy_nrf::nvmc::Nvmc;
use embassy_nrf::peripherals::{UARTE0, UARTE1};
use embassy_nrf::rng::Rng;
use embassy_nrf::usb::vbus_detect::{self, HardwareVbusDetect};
use embassy_nrf::wdt::{self, Watchdog, WatchdogHandle};
use embassy_nrf::{bind_interrupts, pac, uarte, usb};
use embassy_time::Timer;
use raftbare::NodeId;
use raftbare_embedded::node::{self, Board, Config, Timing};
use raftbare_embedded::store::{Layout, Store};
use static_cell::StaticCell;

/// Within the last 64 KiB, which `memory.x` leaves free.
const LAYOUT: Layout = Layout {
    start: 1024 * 1024 - 64 * 1024,
    sector_len: 4096,
    log_sectors: 4,
    snapshot_sectors: 1,
};

/// The pins of port 1 by which the links come in.
const LINK_INPUTS: [usize; 2] = [1, 3];

/// A node that does nothing for eight seconds is started again.
const PATIENCE_TICKS: u32 = 8 * 32_768;

bind_interrupts!(struct Interrupts {
    UARTE0 => buffered_uarte::InterruptHandler<UARTE0>;
    UARTE1 => buffered_uarte::InterruptHandler<UARTE1>;
    USBD => usb::InterruptHandler<embassy_nrf::peripherals::USBD>;
    CLOCK_POWER => vbus_detect::InterruptHandler;
});

type UsbDriver = usb::Driver<'static, HardwareVbusDetect>;

struct Kit {
    lamp: RefCell<Output<'static>>,
    watchdog: RefCell<Option<WatchdogHandle>>,
    start_reason: &'static str,
}

impl Board for Kit {
    fn lamp(&self, is_on: bool) {
        // The LED hangs between the pin and the supply.
        self.lamp.borrow_mut().set_level((!is_on).into());
    }

    fn feed(&self) {
        if let Some(watchdog) = self.watchdog.borrow_mut().as_mut() {
            watchdog.pet();
        }
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
async fn console(driver: UsbDriver) {
    board_usb::serve(driver).await;
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let start_reason = board_common::start();
    let parts = embassy_nrf::init(embassy_nrf::config::Config::default());
    let mut patience = wdt::Config::default();
    patience.timeout_ticks = PATIENCE_TICKS;
    let watchdog = Watchdog::try_new(parts.WDT, patience).ok();
    let watchdog = watchdog.map(|(_, [handle])| handle);
    let vbus = HardwareVbusDetect::new(Interrupts);
    if let Ok(task) = console(usb::Driver::new(parts.USBD, Interrupts, vbus)) {
        spawner.spawn(task);
    }
    let straps = [
        Input::new(parts.P0_11, Pull::Up),
        Input::new(parts.P0_12, Pull::Up),
        Input::new(parts.P0_24, Pull::Up),
    ];
    // Until the pull-ups have charged the wires.
    Timer::after_millis(1).await;
    let bits = straps.iter().rev();
    let id = 1 + bits.fold(0, |id, strap| id << 1 | u64::from(strap.is_low()));
    static BUFFERS: StaticCell<[[u8; 512]; 4]> = StaticCell::new();
    let [in_0, out_0, in_1, out_1] = BUFFERS.init([[0; 512]; 4]);
    let speed = || {
        let mut config = uarte::Config::default();
        config.baudrate = match board_common::BAUD {
            1_000_000 => uarte::Baudrate::Baud1m,
            _ => uarte::Baudrate::Baud115200,
        };
        config
    };
    let link_0 = BufferedUarte::new(
        parts.UARTE0,
        parts.TIMER0,
        parts.PPI_CH0,
        parts.PPI_CH1,
        parts.PPI_GROUP0,
        parts.P1_01,
        parts.P1_02,
        Interrupts,
        speed(),
        in_0,
        out_0,
    );
    let link_1 = BufferedUarte::new(
        parts.UARTE1,
        parts.TIMER1,
        parts.PPI_CH2,
        parts.PPI_CH3,
        parts.PPI_GROUP1,
        parts.P1_03,
        parts.P1_04,
        Interrupts,
        speed(),
        in_1,
        out_1,
    );
    // The driver leaves the inputs floating: on a wire that was pulled out, noise would be heard.
    for pin in LINK_INPUTS {
        let pull = pac::gpio::vals::Pull::Pullup;
        pac::P1.pin_cnf(pin).modify(|it| it.set_pull(pull));
    }
    let ports = [link_0, link_1].map(BufferedUarte::split);
    let store = Store::new(BlockingAsync::new(Nvmc::new(parts.NVMC)), LAYOUT);
    let config = Config {
        id: NodeId::new(id),
        seed: Rng::new_blocking(parts.RNG).blocking_next_u64(),
        timing: Timing::default(),
    };
    let board = Kit {
        lamp: RefCell::new(Output::new(parts.P0_13, Level::High, OutputDrive::Standard)),
        watchdog: RefCell::new(watchdog),
        start_reason,
    };
    node::run(config, ports, (Typed, Said), store, board).await;
}
