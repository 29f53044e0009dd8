//! The router between readers and writers.

use core::cell::RefCell;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::channel::Channel;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, Instant, Timer};
use embedded_io_async::{Read, Write};

use super::frame::{Frame, MAX_PAYLOAD, MAX_WIRE};
use super::queue::Kind;
use super::router::{Counters, Router};

/// A link with so many ports, for one task: what comes in waits in an inbox, what is sent in the router's queues.
#[expect(
    missing_debug_implementations,
    reason = "signals and channels have none"
)]
pub struct Link<const PORTS: usize> {
    router: RefCell<Router<PORTS>>,
    inbox: Channel<NoopRawMutex, Frame, 4>,
    wakers: [Signal<NoopRawMutex, ()>; PORTS],
}

impl<const PORTS: usize> Link<PORTS> {
    /// Makes the link of a node; see [`Router::new`].
    // Not inlined, it is made where it stays.
    #[inline(never)]
    #[must_use]
    pub const fn new(own: u8, first_number: u16) -> Self {
        Self {
            router: RefCell::new(Router::new(own, first_number)),
            inbox: Channel::new(),
            wakers: [const { Signal::new() }; PORTS],
        }
    }

    /// Sends a payload to a node. It may get lost.
    pub fn send(&self, to: u8, kind: Kind, payload: heapless::Vec<u8, MAX_PAYLOAD>) {
        let now = Instant::now();
        self.router.borrow_mut().send(to, kind, payload, now);
        self.wake_all();
    }

    /// Waits for the next frame for this node.
    pub async fn receive(&self) -> Frame {
        self.inbox.receive().await
    }

    /// What has passed so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.router.borrow().counters()
    }

    /// By which port frames to a node leave now, if its place is known.
    #[must_use]
    pub fn way_to(&self, address: u8) -> Option<usize> {
        self.router.borrow().way_to(address, Instant::now())
    }

    /// Reads from a port for ever.
    pub async fn read_from(&self, port: usize, mut reader: impl Read) -> ! {
        let mut bytes = [0; 64];
        loop {
            match reader.read(&mut bytes).await {
                // An overrun, a framing error: bytes are missing.
                Err(_) => self.router.borrow_mut().note_gap(port),
                Ok(0) => Timer::after(Duration::from_millis(10)).await,
                Ok(len) => self.take(port, bytes.get(..len).unwrap_or_default()),
            }
        }
    }

    /// Writes to a port for ever.
    pub async fn write_to(&self, port: usize, mut writer: impl Write) -> ! {
        let mut wire = [0; MAX_WIRE];
        loop {
            let frame = self.router.borrow_mut().next(port);
            let Some(frame) = frame else {
                self.wakers[port].wait().await;
                continue;
            };
            let len = frame.encode(&mut wire);
            // A frame that could not be written is lost, as on the wire.
            let _ = writer.write_all(wire.get(..len).unwrap_or_default()).await;
        }
    }

    fn take(&self, port: usize, bytes: &[u8]) {
        let now = Instant::now();
        for &byte in bytes {
            let frame = self.router.borrow_mut().receive(port, byte, now);
            if let Some(frame) = frame {
                // If nobody fetches them, frames get lost.
                let _ = self.inbox.try_send(frame);
            }
        }
        // There may be frames to hand on.
        self.wake_all();
    }

    fn wake_all(&self) {
        for waker in &self.wakers {
            waker.signal(());
        }
    }
}
