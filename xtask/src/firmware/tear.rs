//! A loss of power in the middle of a write.

use anyhow::{Context, Result, ensure};
use std::{
    fs,
    io::{Seek, SeekFrom, Write},
    path::Path,
};

/// Leaves an item half written behind the items in a flash: its header is there, its bytes are not.
pub(crate) fn tear(path: &Path) -> Result<()> {
    const SECTOR: usize = 4096;
    /// The banks of the log: behind the label.
    const BANKS: std::ops::Range<usize> = 1..9;
    let mut bytes = fs::read(path)?;
    let mut torn = 0;
    for sector in BANKS {
        let part = bytes
            .get_mut(sector * SECTOR..(sector + 1) * SECTOR)
            .context("the flash is too short")?;
        // Begun and not full, as sequential-storage marks its pages.
        let is_in_use = part.first() == Some(&0) && part.last() == Some(&0xff);
        let end = part
            .iter()
            .rposition(|&byte| byte != 0xff)
            .map_or(0, |at| at + 1);
        let end = end.next_multiple_of(4);
        if is_in_use && end + 32 < SECTOR {
            part[end..end + 6].copy_from_slice(&[0x5a, 0x3c, 0x96, 0x1e, 40, 0]);
            torn += 1;
        }
    }
    ensure!(torn > 0, "no sector is in use");
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&bytes[..BANKS.end * SECTOR])?;
    Ok(())
}
