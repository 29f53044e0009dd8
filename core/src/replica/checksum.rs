//! CRC-32, to find a snapshot that came through damaged.

/// The CRC-32 of Ethernet, zip and PNG (reflected polynomial 0xedb88320) of bytes that come in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Crc32(u32);

impl Crc32 {
    pub(super) const fn new() -> Self {
        Self(u32::MAX)
    }

    /// Bit by bit: no table for a microcontroller to keep, and faster than any disk that feeds it.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 ^= u32::from(byte);
            for _ in 0..u8::BITS {
                let is_set = (self.0 & 1).wrapping_neg();
                self.0 = self.0 >> 1 ^ 0xedb8_8320 & is_set;
            }
        }
    }

    pub(super) const fn value(self) -> u32 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_standard_in_one_piece_and_in_many() {
        let mut whole = Crc32::new();
        whole.update(b"123456789");
        assert_eq!(whole.value(), 0xcbf4_3926);
        let mut pieces = Crc32::new();
        for byte in b"123456789" {
            pieces.update(&[*byte]);
        }
        assert_eq!(pieces, whole);
        assert_eq!(Crc32::new().value(), 0);
    }
}
