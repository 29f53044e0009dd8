//! UF2: the form in which the boot loader of a Pico takes firmware, when it is dropped on its drive.

use super::elf::Segment;
use std::collections::BTreeMap;

/// What a block carries: a page of the flash.
const PAGE: u32 = 256;
const MAGIC: [u32; 2] = [0x0a32_4655, 0x9e5d_5157];
const END: u32 = 0x0ab1_6f30;
const HAS_FAMILY: u32 = 0x2000;

/// The chips, as their boot loaders know them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Family {
    Rp2040 = 0xe48b_ff56,
    Rp2350 = 0xe48b_ff59,
}

/// The file for these segments.
pub(crate) fn file(segments: &[Segment<'_>], family: Family) -> Vec<u8> {
    let mut pages = BTreeMap::<u32, [u8; PAGE as usize]>::new();
    for segment in segments {
        for (address, &byte) in (segment.address..).zip(segment.bytes) {
            let page = pages.entry(address / PAGE).or_insert([0; PAGE as usize]);
            page[(address % PAGE) as usize] = byte;
        }
    }
    let count = u32::try_from(pages.len()).unwrap_or(u32::MAX);
    let mut file = Vec::with_capacity(pages.len() * 512);
    for (number, (page, bytes)) in (0..).zip(&pages) {
        let head = [
            MAGIC[0],
            MAGIC[1],
            HAS_FAMILY,
            page * PAGE,
            PAGE,
            number,
            count,
            family as u32,
        ];
        file.extend(head.into_iter().flat_map(u32::to_le_bytes));
        file.extend_from_slice(bytes);
        file.resize(file.len() + 476 - bytes.len(), 0);
        file.extend(END.to_le_bytes());
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firmware::elf::{segments, tests::file as elf};

    #[test]
    fn pages_become_blocks_in_order() {
        let elf = elf(&[
            (0x1000_0210, &[9; 300], 300, false),
            (0x1000_0000, &[7], 1, false),
        ]);
        let file = file(&segments(&elf).unwrap(), Family::Rp2040);
        assert_eq!(file.len(), 3 * 512);
        let word = |at: usize| u32::from_le_bytes(*file[at..].first_chunk().unwrap());
        for (number, address) in [0x1000_0000, 0x1000_0200, 0x1000_0300]
            .into_iter()
            .enumerate()
        {
            let block = number * 512;
            assert_eq!(
                [word(block), word(block + 4), word(block + 508)],
                [MAGIC[0], MAGIC[1], END]
            );
            assert_eq!(word(block + 12), address);
            assert_eq!([word(block + 20), word(block + 24)], [number as u32, 3]);
            assert_eq!(word(block + 28), 0xe48b_ff56);
        }
        assert_eq!(file[32], 7);
        assert_eq!(file[512 + 32 + 0x0f..512 + 32 + 0x11], [0, 9]);
    }
}
