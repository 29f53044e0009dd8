//! What a firmware takes, and how much that may be.

use super::elf::Segment;
use anyhow::{Result, ensure};

/// Bytes of flash and of static memory.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) flash: u64,
    pub(crate) memory: u64,
}

impl Sizes {
    /// What is in the file is in the flash, what can be written is in the memory.
    pub(crate) fn of(segments: &[Segment<'_>]) -> Self {
        let writable = segments.iter().filter(|segment| segment.is_writable);
        Self {
            flash: segments.iter().map(|it| it.bytes.len() as u64).sum(),
            memory: writable.map(|it| u64::from(it.memory)).sum(),
        }
    }

    /// Fails if the firmware of a board takes more than this.
    pub(crate) fn check(&self, board: &str, most: &Self) -> Result<()> {
        let parts = [
            ("flash", self.flash, most.flash),
            ("static memory", self.memory, most.memory),
        ];
        for (what, is, most) in parts {
            ensure!(
                is <= most,
                "the firmware of {board} takes {is} bytes of {what}, more than {most}: make it smaller, or, if it is \
                 worth that, raise the limit in the table of boards"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firmware::elf::{segments, tests::file};

    #[test]
    fn segments_are_added_up() {
        let elf = file(&[(0, &[1; 100], 100, false), (100, &[2; 20], 70, true)]);
        let (flash, memory) = (120, 70);
        let segments = segments(&elf).unwrap();
        assert_eq!(Sizes::of(&segments), Sizes { flash, memory });
    }

    #[test]
    fn more_than_the_limit_is_refused() {
        let (flash, memory) = (120, 70);
        let sizes = Sizes { flash, memory };
        let check = |flash, memory| sizes.check("pico", &Sizes { flash, memory });
        assert!(check(120, 70).is_ok());
        let error = check(119, 70).unwrap_err().to_string();
        assert!(
            error.starts_with("the firmware of pico takes 120 bytes of flash, more than 119"),
            "{error}"
        );
        let error = check(120, 69).unwrap_err().to_string();
        assert!(error.contains("70 bytes of static memory"), "{error}");
    }
}
