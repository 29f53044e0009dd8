//! What there is in an ELF file of 32 bits, as linkers for microcontrollers write it.

/// A piece that is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment<'a> {
    /// Where in the flash it is.
    pub(crate) address: u32,
    pub(crate) bytes: &'a [u8],
    /// How long it is in memory.
    pub(crate) memory: u32,
    pub(crate) is_writable: bool,
}

/// The pieces that are loaded; `None` if this is no such file.
pub(crate) fn segments(elf: &[u8]) -> Option<Vec<Segment<'_>>> {
    const LOADED: u32 = 1;
    const WRITABLE: u32 = 1 << 1;
    let half = |at: usize| Some(u16::from_le_bytes(*elf.get(at..)?.first_chunk()?));
    let word = |at: usize| Some(u32::from_le_bytes(*elf.get(at..)?.first_chunk()?));
    let size = |at: usize| usize::try_from(word(at)?).ok();
    // The magic, and the class of 32 bits.
    if !elf.starts_with(b"\x7fELF\x01") {
        return None;
    }
    let (start, len, count) = (size(28)?, usize::from(half(42)?), usize::from(half(44)?));
    let mut segments = Vec::new();
    for header in (0..count).map(|number| start + number * len) {
        if word(header)? == LOADED {
            let bytes = elf.get(size(header + 4)?..)?.get(..size(header + 16)?)?;
            segments.push(Segment {
                address: word(header + 12)?,
                bytes,
                memory: word(header + 20)?,
                is_writable: word(header + 24)? & WRITABLE != 0,
            });
        }
    }
    Some(segments)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A file with these segments: address, bytes, length in memory, whether it is writable.
    pub(crate) fn file(segments: &[(u32, &[u8], u32, bool)]) -> Vec<u8> {
        let mut elf = vec![0; 52 + 32 * segments.len()];
        elf[..5].copy_from_slice(b"\x7fELF\x01");
        elf[28] = 52;
        elf[42] = 32;
        elf[44] = segments.len() as u8;
        for (number, &(address, bytes, memory, is_writable)) in segments.iter().enumerate() {
            let offset = elf.len() as u32;
            elf.extend_from_slice(bytes);
            let flags = 4 | u32::from(is_writable) << 1;
            let len = bytes.len() as u32;
            let header = [1, offset, 0, address, len, memory, flags, 4];
            for (place, value) in header.into_iter().enumerate() {
                let at = 52 + number * 32 + place * 4;
                elf[at..at + 4].copy_from_slice(&value.to_le_bytes());
            }
        }
        elf
    }

    #[test]
    fn loaded_segments_are_found() {
        let elf = file(&[(0x100, &[1, 2, 3], 3, false), (0x200, &[4], 9, true)]);
        let found = segments(&elf).unwrap();
        let second = Segment {
            address: 0x200,
            bytes: &[4],
            memory: 9,
            is_writable: true,
        };
        assert_eq!((found.len(), found[1]), (2, second));
        assert_eq!(segments(&elf[..elf.len() - 1]), None);
        assert_eq!(segments(b"no ELF file"), None);
    }
}
