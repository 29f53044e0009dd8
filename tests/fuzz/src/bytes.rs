//! Bytes as a source of choices.

/// Reads choices from bytes; behind their end all are zero.
#[derive(Debug, Clone)]
pub struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    /// Reads from the start of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether all are read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// A number below `end`, which is not 0, of one byte.
    pub fn below(&mut self, end: u8) -> u8 {
        self.byte() % end
    }

    /// Whether the next byte says yes: it does so in `parts` of 256 cases.
    pub fn chance(&mut self, parts: u8) -> bool {
        // At the end of the bytes no.
        self.byte() > u8::MAX - parts
    }

    /// A number of 64 bits: mostly a small one, so that numbers meet, else one from the ends of the range, or any.
    pub fn number(&mut self) -> u64 {
        match self.byte() {
            small @ 0..224 => u64::from(small % 8),
            large @ 224..240 => u64::MAX - u64::from(large % 4),
            kind @ 240..248 => u64::from(kind % 4) << 50,
            _ => (0..8).fold(0, |number, _| number << 8 | u64::from(self.byte())),
        }
    }
}
