//! Serial lines in memory: a buffer at each end, and so many bytes a millisecond between.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use embedded_io_async::{ErrorType, Read, Write};

use crate::random::Random;

/// What a UART holds until it is sent.
const BUFFER: usize = 64;

#[derive(Debug, Default)]
struct State {
    sending: VecDeque<u8>,
    arrived: VecDeque<u8>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// One direction of a line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wire(Rc<RefCell<State>>);

impl Wire {
    /// Moves up to so many bytes to the other end. One bit in so many (0 for none) is wrong; if the wire is cut, the
    /// bytes are lost.
    pub(crate) fn carry(
        &self,
        bytes: usize,
        bits_per_error: usize,
        is_cut: bool,
        random: &mut Random,
    ) {
        let mut state = self.0.borrow_mut();
        let len = state.sending.len().min(bytes);
        for _ in 0..len {
            let mut byte = state.sending.pop_front().expect("it is there");
            if bits_per_error > 0 && random.one_in(bits_per_error / 8) {
                byte ^= 1 << random.below(8);
            }
            if !is_cut {
                state.arrived.push_back(byte);
            }
        }
        if len > 0 {
            let State { reader, writer, .. } = &mut *state;
            reader
                .take()
                .into_iter()
                .chain(writer.take())
                .for_each(Waker::wake);
        }
    }

    /// Puts bytes in at the far end.
    #[allow(dead_code, reason = "not every user of a wire does it")]
    pub(crate) fn feed(&self, bytes: &[u8]) {
        let mut state = self.0.borrow_mut();
        state.arrived.extend(bytes);
        state.reader.take().into_iter().for_each(Waker::wake);
    }

    /// Takes out what has arrived.
    #[allow(dead_code, reason = "not every user of a wire does it")]
    pub(crate) fn drain(&self) -> Vec<u8> {
        self.0.borrow_mut().arrived.drain(..).collect()
    }

    /// Forgets what is under way: a board has lost its power.
    #[allow(dead_code, reason = "not every user of a wire does it")]
    pub(crate) fn clear(&self) {
        *self.0.borrow_mut() = State::default();
    }
}

impl ErrorType for Wire {
    type Error = Infallible;
}

impl Read for Wire {
    async fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Infallible> {
        poll_fn(|context| {
            let mut state = self.0.borrow_mut();
            if state.arrived.is_empty() {
                state.reader = Some(context.waker().clone());
                return Poll::Pending;
            }
            let len = state.arrived.len().min(bytes.len());
            for (place, byte) in bytes.iter_mut().zip(state.arrived.drain(..len)) {
                *place = byte;
            }
            Poll::Ready(Ok(len))
        })
        .await
    }
}

impl Write for Wire {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        poll_fn(|context| {
            let mut state = self.0.borrow_mut();
            let len = bytes.len().min(BUFFER - state.sending.len().min(BUFFER));
            if len == 0 {
                state.writer = Some(context.waker().clone());
                return Poll::Pending;
            }
            state.sending.extend(&bytes[..len]);
            Poll::Ready(Ok(len))
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
