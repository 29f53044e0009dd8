//! A console over USB, as a serial port, for boards whose UARTs are all links.
//!
//! While nobody listens, what is said waits in a pipe, and what comes after that is lost.
#![no_std]

use core::convert::Infallible;

use embassy_futures::join::join;
use embassy_futures::select::select;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::pipe::Pipe;
use embassy_usb::class::cdc_acm::{CdcAcmClass, State};
use embassy_usb::driver::Driver;
use embassy_usb::{Builder, Config};
use embedded_io_async::{ErrorType, Read, Write};
use static_cell::StaticCell;

/// What a full-speed endpoint moves at once.
const PACKET: usize = 64;

static TYPED: Pipe<CriticalSectionRawMutex, 128> = Pipe::new();
static SAID: Pipe<CriticalSectionRawMutex, 1024> = Pipe::new();

/// What is typed.
pub struct Typed;

/// What is said.
pub struct Said;

impl ErrorType for Typed {
    type Error = Infallible;
}

impl ErrorType for Said {
    type Error = Infallible;
}

impl Read for Typed {
    async fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Infallible> {
        Ok(TYPED.read(bytes).await)
    }
}

impl Write for Said {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Ok(SAID.write(bytes).await)
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Serves the port, for ever. To be called once.
///
/// # Panics
///
/// When it is called again.
pub async fn serve<D: Driver<'static>>(driver: D) {
    // Of the pid.codes range for tests and private use.
    let mut config = Config::new(0x1209, 0x0001);
    config.manufacturer = Some("raftbare");
    config.product = Some("node console");
    static BUFFERS: StaticCell<([u8; 256], [u8; 64], [u8; 64])> = StaticCell::new();
    let (descriptors, bos, control) = BUFFERS.init(([0; 256], [0; 64], [0; 64]));
    static STATE: StaticCell<State<'static>> = StaticCell::new();
    let mut builder = Builder::new(driver, config, descriptors, bos, &mut [], control);
    let size = u16::try_from(PACKET).unwrap_or(u16::MAX);
    let class = CdcAcmClass::new(&mut builder, STATE.init(State::new()), size);
    let mut device = builder.build();
    let (mut sender, mut receiver) = class.split();
    let port = async {
        loop {
            receiver.wait_connection().await;
            let hear = async {
                let mut bytes = [0; PACKET];
                while let Ok(len) = receiver.read_packet(&mut bytes).await {
                    let mut rest = &bytes[..len];
                    while !rest.is_empty() {
                        let len = TYPED.write(rest).await;
                        rest = &rest[len..];
                    }
                }
            };
            let say = async {
                let mut bytes = [0; PACKET];
                loop {
                    // Shorter than a packet, so that the host knows that it is over.
                    let len = SAID.read(&mut bytes[..PACKET - 1]).await;
                    if sender.write_packet(&bytes[..len]).await.is_err() {
                        return;
                    }
                }
            };
            select(hear, say).await;
        }
    };
    join(device.run(), port).await;
}
