//! A NOR flash in memory: programming clears bits, erasing sets those of a whole sector, and each word that is
//! programmed, each sector that is erased, is a step at which the power may fail.

use std::cell::RefCell;
use std::rc::Rc;

use embedded_storage_async::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

/// Something that a flash does at once.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Program(usize, Vec<u8>),
    Erase(usize),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    pub(crate) bytes: Vec<u8>,
    /// What was done since the list was taken last.
    pub(crate) steps: Vec<Step>,
    /// Words that were programmed, though they were not erased.
    pub(crate) rewritten: u64,
    pub(crate) programmed: u64,
    pub(crate) erased: u64,
    word: usize,
    sector: usize,
}

impl Memory {
    /// What remains of a step when the power fails in it: of the bits that change, those that are set in `mask`, a
    /// byte of it for each byte in turns, have changed.
    pub(crate) fn half(&mut self, step: &Step, mask: &[u8]) {
        let (at, len) = match step {
            Step::Program(at, data) => (*at, data.len()),
            Step::Erase(at) => (*at, self.sector),
        };
        for index in 0..len {
            let byte = &mut self.bytes[at + index];
            let mask = mask[index % mask.len()];
            match step {
                Step::Program(_, data) => *byte &= data[index] | !mask,
                Step::Erase(_) => *byte |= mask,
            }
        }
    }

    pub(crate) fn perform(&mut self, step: &Step) {
        self.half(step, &[0xff]);
    }

    fn take(&mut self, step: Step) {
        match &step {
            Step::Program(at, data) => {
                self.programmed += data.len() as u64;
                let old = &self.bytes[*at..*at + data.len()];
                self.rewritten += u64::from(old.iter().any(|&byte| byte != 0xff));
            }
            Step::Erase(_) => self.erased += 1,
        }
        self.perform(&step);
        self.steps.push(step);
    }
}

/// The flash, with words of so many bytes and sectors of so many.
#[derive(Debug, Clone)]
pub(crate) struct Nor<const WORD: usize, const SECTOR: usize>(pub(crate) Rc<RefCell<Memory>>);

impl<const WORD: usize, const SECTOR: usize> Nor<WORD, SECTOR> {
    pub(crate) fn erased(sectors: u32) -> Self {
        Self::holding(vec![0xff; sectors as usize * SECTOR])
    }

    pub(crate) fn holding(bytes: Vec<u8>) -> Self {
        let (word, sector) = (WORD, SECTOR);
        let memory = Memory {
            bytes,
            word,
            sector,
            ..Memory::default()
        };
        Self(Rc::new(RefCell::new(memory)))
    }

    #[allow(dead_code, reason = "not every test looks into a flash")]
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.borrow().bytes.clone()
    }

    #[allow(dead_code, reason = "not every test cuts the power")]
    pub(crate) fn take_steps(&self) -> Vec<Step> {
        std::mem::take(&mut self.0.borrow_mut().steps)
    }
}

/// A use that no flash allows.
#[derive(Debug)]
pub(crate) struct Misuse(NorFlashErrorKind);

impl NorFlashError for Misuse {
    fn kind(&self) -> NorFlashErrorKind {
        self.0
    }
}

fn check(memory: &Memory, from: u32, len: usize, unit: usize) -> Result<usize, Misuse> {
    let from = from as usize;
    if !from.is_multiple_of(unit) || !len.is_multiple_of(unit) {
        return Err(Misuse(NorFlashErrorKind::NotAligned));
    }
    match from + len <= memory.bytes.len() {
        true => Ok(from),
        false => Err(Misuse(NorFlashErrorKind::OutOfBounds)),
    }
}

impl<const WORD: usize, const SECTOR: usize> ErrorType for Nor<WORD, SECTOR> {
    type Error = Misuse;
}

impl<const WORD: usize, const SECTOR: usize> ReadNorFlash for Nor<WORD, SECTOR> {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Misuse> {
        let memory = self.0.borrow();
        let at = check(&memory, offset, bytes.len(), 1)?;
        bytes.copy_from_slice(&memory.bytes[at..at + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.borrow().bytes.len()
    }
}

impl<const WORD: usize, const SECTOR: usize> NorFlash for Nor<WORD, SECTOR> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = SECTOR;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Misuse> {
        let mut memory = self.0.borrow_mut();
        let at = check(&memory, from, (to - from) as usize, SECTOR)?;
        let steps = (at..to as usize).step_by(SECTOR).map(Step::Erase);
        steps.for_each(|step| memory.take(step));
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Misuse> {
        let mut memory = self.0.borrow_mut();
        let at = check(&memory, offset, bytes.len(), WORD)?;
        let word = memory.word;
        for (number, data) in bytes.chunks(word).enumerate() {
            memory.take(Step::Program(at + number * word, data.to_vec()));
        }
        Ok(())
    }
}
