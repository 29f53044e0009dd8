//! A console: lines in, one line out for each, and events in between, which begin with `*`.

mod request;

use core::fmt::{self, Write as _};

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::channel::Channel;
use embassy_time::{Duration, Timer};
use embedded_io_async::{Read, Write};

pub use request::{HELP, MAX_VOTERS, Request, Usage};

/// The most bytes of a line that is typed.
pub const MAX_LINE: usize = 128;
/// The most bytes of a line that is answered.
pub const MAX_ANSWER: usize = 320;

/// A line that was typed. One that is too long is cut, and so makes no sense.
pub type Line = heapless::String<MAX_LINE>;

/// Makes lines of bytes: ended by a carriage return or a line feed, with backspace.
#[derive(Debug, Default)]
pub struct LineReader {
    line: heapless::Vec<u8, MAX_LINE>,
    is_too_long: bool,
}

impl LineReader {
    /// Takes the next byte; returns the line that ends with it, or `None` for a line that is too long or no text.
    /// Empty lines are left out.
    pub fn push(&mut self, byte: u8) -> Option<Result<Line, Usage>> {
        match byte {
            b'\r' | b'\n' => {
                let line = core::mem::take(&mut self.line);
                if core::mem::take(&mut self.is_too_long) {
                    return Some(Err(Usage::LineTooLong));
                }
                if line.is_empty() {
                    return None;
                }
                let line = heapless::String::from_utf8(line);
                Some(line.map_err(|_| Usage::NoText))
            }
            0x08 | 0x7f => {
                self.line.pop();
                None
            }
            byte => {
                self.is_too_long |= self.line.push(byte).is_err();
                None
            }
        }
    }
}

/// The console between a reader, a writer and the node.
#[expect(missing_debug_implementations, reason = "channels have none")]
pub struct Console {
    requests: Channel<NoopRawMutex, Result<Request, Usage>, 2>,
    lines: Channel<NoopRawMutex, heapless::String<MAX_ANSWER>, 12>,
}

impl Default for Console {
    fn default() -> Self {
        Self::new()
    }
}

impl Console {
    /// Makes one on which nothing was typed yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            requests: Channel::new(),
            lines: Channel::new(),
        }
    }

    /// Waits for the next request.
    pub async fn request(&self) -> Result<Request, Usage> {
        self.requests.receive().await
    }

    /// Says a line. Of a line that is too long the end is missing; if too many wait to be written, it is dropped.
    pub fn say(&self, text: fmt::Arguments<'_>) {
        let mut line = heapless::String::new();
        let _ = Cut(&mut line).write_fmt(text);
        let _ = self.lines.try_send(line);
    }

    /// Reads what is typed, for ever.
    pub async fn read_from(&self, mut reader: impl Read) -> ! {
        let mut lines = LineReader::default();
        let mut bytes = [0; 16];
        loop {
            let len = reader.read(&mut bytes).await.unwrap_or(0);
            if len == 0 {
                Timer::after(Duration::from_millis(10)).await;
            }
            for &byte in bytes.get(..len).unwrap_or_default() {
                if let Some(line) = lines.push(byte) {
                    let request = line.and_then(|line| Request::parse(&line));
                    self.requests.send(request).await;
                }
            }
        }
    }

    /// Writes what is said, for ever.
    pub async fn write_to(&self, mut writer: impl Write) -> ! {
        loop {
            let line = self.lines.receive().await;
            for part in [line.as_bytes(), b"\r\n"] {
                let _ = writer.write_all(part).await;
            }
        }
    }
}

/// Takes as much text as there is room for.
struct Cut<'a>(&'a mut heapless::String<MAX_ANSWER>);

impl fmt::Write for Cut<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for char in text.chars() {
            self.0.push(char).map_err(|_| fmt::Error)?;
        }
        Ok(())
    }
}
