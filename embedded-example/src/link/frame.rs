//! Frames on the wire: COBS between zeros, a CRC-32 at the end.
//!
//! | Bytes | What |
//! |---|---|
//! | 1 | address of the destination |
//! | 1 | address of the source |
//! | 1 | how many boards may still hand it on; the highest bit: it can wait |
//! | 2 | number of the frame, counted by the source, little-endian |
//! | 0 to 256 | payload |
//! | 4 | CRC-32 of all before, little-endian |

use cobs::CobsEncoder;

use super::queue::Kind;
use crate::CRC;

/// The most bytes that a frame carries.
pub const MAX_PAYLOAD: usize = 256;

const HEADER_LEN: usize = 5;
const CRC_LEN: usize = 4;
const MAX_BODY: usize = HEADER_LEN + MAX_PAYLOAD + CRC_LEN;

/// The most bytes of a frame on the wire, with the zeros around it.
pub const MAX_WIRE: usize = cobs::max_encoding_length(MAX_BODY) + 2;

/// The bit of the third byte that says that a frame can wait.
const BULK: u8 = 0x80;

/// A frame: who sends what to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The address of the destination.
    pub to: u8,
    /// The address of the source.
    pub from: u8,
    /// How many boards may still hand it on, 127 at most.
    pub hops_left: u8,
    /// Whether it can wait.
    pub kind: Kind,
    /// The source's number of the frame.
    pub number: u16,
    /// What it carries.
    pub payload: heapless::Vec<u8, MAX_PAYLOAD>,
}

impl Frame {
    /// Writes the frame as it goes over the wire; returns how many bytes that are.
    ///
    /// It stands between zeros: the first one ends what noise may have left in the receiver.
    pub fn encode(&self, wire: &mut [u8; MAX_WIRE]) -> usize {
        let bulk = match self.kind {
            Kind::Raft => 0,
            Kind::Bulk => BULK,
        };
        let [low, high] = self.number.to_le_bytes();
        let hops = self.hops_left & !BULK;
        let header = [self.to, self.from, hops | bulk, low, high];
        let mut digest = CRC.digest();
        digest.update(&header);
        digest.update(&self.payload);
        let crc = digest.finalize().to_le_bytes();
        wire[0] = 0;
        let mut encoder = CobsEncoder::new(&mut wire[1..]);
        for part in [header.as_slice(), &self.payload, &crc] {
            // `MAX_WIRE` has room for the longest one.
            let _ = encoder.push(part);
        }
        let end = encoder.finalize() + 1;
        // Not before: the encoder may leave a byte behind its end.
        wire[end] = 0;
        end + 1
    }

    /// Reads the bytes between two zeros. `None` if they are no frame, or damaged.
    fn decode(encoded: &mut [u8]) -> Option<Self> {
        let len = cobs::decode_in_place(encoded).ok()?;
        let (body, crc) = encoded.get(..len)?.split_last_chunk::<CRC_LEN>()?;
        if CRC.checksum(body) != u32::from_le_bytes(*crc) {
            return None;
        }
        let (&[to, from, hops, low, high], payload) = body.split_first_chunk::<HEADER_LEN>()?;
        let kind = match hops & BULK {
            0 => Kind::Raft,
            _ => Kind::Bulk,
        };
        Some(Self {
            to,
            from,
            hops_left: hops & !BULK,
            kind,
            number: u16::from_le_bytes([low, high]),
            payload: heapless::Vec::from_slice(payload).ok()?,
        })
    }
}

/// Finds frames in a stream of bytes. After noise it is back with the next frame.
#[derive(Debug, Default)]
pub struct Receiver {
    bytes: heapless::Vec<u8, MAX_WIRE>,
    is_too_long: bool,
    damaged: u32,
}

impl Receiver {
    /// Makes one that has seen nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bytes: heapless::Vec::new(),
            is_too_long: false,
            damaged: 0,
        }
    }

    /// Takes the next byte; returns the frame that ends with it.
    pub fn push(&mut self, byte: u8) -> Option<Frame> {
        if byte != 0 {
            self.is_too_long |= self.bytes.push(byte).is_err();
            return None;
        }
        if self.bytes.is_empty() {
            return None;
        }
        let is_whole = !core::mem::take(&mut self.is_too_long);
        let frame = is_whole.then(|| Frame::decode(&mut self.bytes)).flatten();
        self.bytes.clear();
        if frame.is_none() {
            self.damaged = self.damaged.wrapping_add(1);
        }
        frame
    }

    /// Takes note that bytes are missing here: the frame around them is lost.
    pub fn note_gap(&mut self) {
        self.is_too_long |= !self.bytes.is_empty();
    }

    /// How many pieces between zeros were no frames.
    #[must_use]
    pub const fn damaged(&self) -> u32 {
        self.damaged
    }
}
