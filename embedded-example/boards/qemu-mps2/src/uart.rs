//! CMSDK UARTs, driven by interrupts, with a pipe for each direction.

use core::sync::atomic::{AtomicBool, Ordering};

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::pipe::Pipe;
use embedded_io_async::{Error, ErrorKind, ErrorType, Read, Write};

use crate::Interrupt;
use crate::register::Register;

const BASES: [usize; 5] = [
    0x4000_4000,
    0x4000_5000,
    0x4000_6000,
    0x4000_7000,
    0x4000_9000,
];

const RX: [Interrupt; 5] = [
    Interrupt::UART0_RX,
    Interrupt::UART1_RX,
    Interrupt::UART2_RX,
    Interrupt::UART3_RX,
    Interrupt::UART4_RX,
];
const TX: [Interrupt; 5] = [
    Interrupt::UART0_TX,
    Interrupt::UART1_TX,
    Interrupt::UART2_TX,
    Interrupt::UART3_TX,
    Interrupt::UART4_TX,
];

const TX_FULL: u32 = 1;
const RX_FULL: u32 = 1 << 1;
const TX_INTERRUPT: u32 = 1;
const RX_INTERRUPT: u32 = 1 << 1;
/// Transmitter, receiver and their interrupts.
const ALL_ON: u32 = 0b1111;
/// From 25 MHz. QEMU knows no speed, but drops bytes below 16.
const DIVISOR: u32 = 25_000_000 / board_common::BAUD;
const _: () = assert!(DIVISOR >= 16);

struct Port {
    data: Register,
    state: Register,
    control: Register,
    interrupt: Register,
    divisor: Register,
    received: Pipe<CriticalSectionRawMutex, 512>,
    to_send: Pipe<CriticalSectionRawMutex, 512>,
    has_overrun: AtomicBool,
}

impl Port {
    const fn at(base: usize) -> Self {
        // SAFETY: the registers of a UART; they move bytes, and touch no memory.
        unsafe {
            Self {
                data: Register::at(base),
                state: Register::at(base + 0x4),
                control: Register::at(base + 0x8),
                interrupt: Register::at(base + 0xc),
                divisor: Register::at(base + 0x10),
                received: Pipe::new(),
                to_send: Pipe::new(),
                has_overrun: AtomicBool::new(false),
            }
        }
    }

    fn on_receive(&self) {
        self.interrupt.write(RX_INTERRUPT);
        while self.state.read() & RX_FULL != 0 {
            let [byte, ..] = self.data.read().to_le_bytes();
            if self.received.try_write(&[byte]).is_err() {
                self.has_overrun.store(true, Ordering::Relaxed);
            }
        }
    }

    fn on_sent(&self) {
        self.interrupt.write(TX_INTERRUPT);
        self.send();
    }

    /// Hands the transmitter what it takes.
    fn send(&self) {
        critical_section::with(|_| {
            let mut byte = [0];
            while self.state.read() & TX_FULL == 0 && self.to_send.try_read(&mut byte).is_ok() {
                self.data.write(u32::from(byte[0]));
            }
        });
    }
}

static PORTS: [Port; 5] = [
    Port::at(BASES[0]),
    Port::at(BASES[1]),
    Port::at(BASES[2]),
    Port::at(BASES[3]),
    Port::at(BASES[4]),
];

/// One end of a port.
#[derive(Clone, Copy)]
pub(crate) struct Uart(&'static Port);

/// Turns a UART on; returns its reader and its writer.
pub(crate) fn open(number: usize) -> (Uart, Uart) {
    let port = &PORTS[number];
    port.divisor.write(DIVISOR);
    port.interrupt.write(RX_INTERRUPT | TX_INTERRUPT);
    port.control.write(ALL_ON);
    RX[number].enable();
    TX[number].enable();
    (Uart(port), Uart(port))
}

/// Bytes came faster than they were read.
#[derive(Debug)]
pub(crate) struct Overrun;

impl core::fmt::Display for Overrun {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("bytes came faster than they were read")
    }
}

impl core::error::Error for Overrun {}

impl Error for Overrun {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

impl ErrorType for Uart {
    type Error = Overrun;
}

impl Read for Uart {
    async fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Overrun> {
        if self.0.has_overrun.swap(false, Ordering::Relaxed) {
            return Err(Overrun);
        }
        Ok(self.0.received.read(bytes).await)
    }
}

impl Write for Uart {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Overrun> {
        let len = self.0.to_send.write(bytes).await;
        self.0.send();
        Ok(len)
    }

    async fn flush(&mut self) -> Result<(), Overrun> {
        Ok(())
    }
}

macro_rules! handlers {
    ($($number:literal $receive:ident $sent:ident),*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $receive() {
            PORTS[$number].on_receive();
        }

        #[unsafe(no_mangle)]
        extern "C" fn $sent() {
            PORTS[$number].on_sent();
        }
    )*};
}

handlers!(
    0 UART0_RX UART0_TX,
    1 UART1_RX UART1_TX,
    2 UART2_RX UART2_TX,
    3 UART3_RX UART3_TX,
    4 UART4_RX UART4_TX
);
