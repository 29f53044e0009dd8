//! The firmware for QEMU's mps2-an385. UART 0 is the console, UARTs 1 to 4 are links, the lamp is in the console's
//! lines. The number of the node and a seed come from the loader.
#![no_std]
#![no_main]

mod clock;
mod executor;
mod flash;
mod register;
mod uart;
mod watchdog;

use raftbare::NodeId;
use raftbare_embedded::node::{self, Board, Config, Timing};
use raftbare_embedded::store::{Layout, Store};
use static_cell::StaticCell;

use executor::Executor;
use flash::Flash;
use register::Register;

/// Where QEMU's loader writes the number of the node, and a seed behind it: above the memory that is used.
const STRAPS: usize = 0x2010_0000;

const LAYOUT: Layout = Layout {
    start: 0,
    sector_len: 4096,
    log_sectors: 4,
    snapshot_sectors: 1,
};

struct Machine {
    start_reason: &'static str,
}

impl Board for Machine {
    fn feed(&self) {
        watchdog::feed();
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

#[cortex_m_rt::entry]
fn main() -> ! {
    let start_reason = board_common::start();
    clock::start();
    watchdog::start();
    static EXECUTOR: StaticCell<Executor> = StaticCell::new();
    EXECUTOR.init(Executor::new()).run(|spawner| {
        if let Ok(task) = run(start_reason) {
            spawner.spawn(task);
        }
    })
}

#[embassy_executor::task]
async fn run(start_reason: &'static str) {
    // SAFETY: memory that the loader has written to, and nothing else uses.
    let [id, seed] = [0, 4].map(|offset| unsafe { Register::at(STRAPS + offset) }.read());
    let config = Config {
        id: NodeId::new(u64::from(id)),
        seed: u64::from(seed),
        // The host may be busy.
        timing: Timing {
            answer_ms: 20_000,
            ..Timing::default()
        },
    };
    let ports = [1, 2, 3, 4].map(uart::open);
    let store = Store::new(Flash::new(LAYOUT.len()), LAYOUT);
    node::run(
        config,
        ports,
        uart::open(0),
        store,
        Machine { start_reason },
    )
    .await;
}

macro_rules! interrupts {
    ($($name:ident = $number:literal,)*) => {
        /// The interrupts that are used.
        #[derive(Clone, Copy)]
        #[allow(
            non_camel_case_types,
            clippy::upper_case_acronyms,
            reason = "the names that the linker knows"
        )]
        pub(crate) enum Interrupt {
            $($name = $number,)*
        }

        unsafe extern "C" {
            $(fn $name();)*
        }

        /// The vector table of the device, behind that of the core.
        #[unsafe(link_section = ".vector_table.interrupts")]
        #[unsafe(no_mangle)]
        static __INTERRUPTS: [Option<unsafe extern "C" fn()>; 22] = {
            let mut table: [Option<unsafe extern "C" fn()>; 22] = [None; 22];
            $(table[$number] = Some($name);)*
            table
        };
    };
}

interrupts! {
    UART0_RX = 0,
    UART0_TX = 1,
    UART1_RX = 2,
    UART1_TX = 3,
    UART2_RX = 4,
    UART2_TX = 5,
    DUALTIMER = 10,
    UART3_RX = 18,
    UART3_TX = 19,
    UART4_RX = 20,
    UART4_TX = 21,
}

// SAFETY: the numbers are those of the machine.
unsafe impl cortex_m::interrupt::InterruptNumber for Interrupt {
    fn number(self) -> u16 {
        self as u16
    }
}

impl Interrupt {
    /// Lets it run.
    fn enable(self) {
        // SAFETY: no critical section relies on its mask.
        unsafe { cortex_m::peripheral::NVIC::unmask(self) };
    }
}
