//! What a power failure may leave, between any two syncs.

use std::sync::Arc;

use redb::StorageBackend;

use crate::disk::{Event, Image};
use crate::work::Random;

const SECTOR: usize = 512;

/// The moments between two syncs, with what was promised at each.
pub(crate) struct Window {
    base: Arc<Vec<u8>>,
    /// What was written since the last sync.
    writes: Vec<Event>,
    /// Before each write, and at the end: the content that has to be there at least.
    promised: Vec<Option<usize>>,
}

pub(crate) fn windows(events: &[Event]) -> Vec<Window> {
    let mut file: Vec<u8> = Vec::new();
    let mut windows = Vec::new();
    let (mut writes, mut promised, mut last) = (Vec::new(), Vec::new(), None);
    let mut base = Arc::new(file.clone());
    for event in events {
        match event {
            Event::Acknowledged(content) => last = Some(*content),
            Event::Sync => {
                promised.push(last);
                windows.push(Window {
                    base,
                    writes: std::mem::take(&mut writes),
                    promised: std::mem::take(&mut promised),
                });
                base = Arc::new(file.clone());
            }
            Event::SetLen(len) => {
                file.resize(usize::try_from(*len).unwrap(), 0);
                promised.push(last);
                writes.push(event.clone());
            }
            Event::Write(offset, data) => {
                let at = usize::try_from(*offset).unwrap();
                file[at..at + data.len()].copy_from_slice(data);
                promised.push(last);
                writes.push(event.clone());
            }
        }
    }
    windows
}

impl Window {
    /// How many images cut here are whole prefixes, or end in a torn write.
    pub(crate) fn prefixes(&self) -> usize {
        self.writes.iter().map(parts).sum::<usize>() + 1
    }

    /// The image of this number: a prefix, as long as there are some, then random sectors. Returns what is promised.
    pub(crate) fn image(&self, number: usize) -> (Image, Option<usize>) {
        let image = Image::new(self.base.clone());
        let mut left = number;
        if number < self.prefixes() {
            for (write, promised) in self.writes.iter().zip(&self.promised) {
                if left < parts(write) {
                    apply(&image, write, |sector| sector < left);
                    return (image, *promised);
                }
                left -= parts(write);
                apply(&image, write, |_| true);
            }
            return (image, *self.promised.last().unwrap());
        }
        let mut random = Random(number as u64 * 0x9e37_79b9 + 1);
        let end = random.below(self.writes.len() as u64 + 1) as usize;
        // Dense, half, or sparse.
        let share = [1, 8, 15][random.below(3) as usize];
        for write in &self.writes[..end] {
            // The length is the filesystem's: it comes with its journal, in order.
            let is_length = matches!(write, Event::SetLen(_));
            apply(&image, write, |_| is_length || random.below(16) < share);
        }
        (image, self.promised[end])
    }
}

/// In how many ways a write can be torn, not to have happened among them.
fn parts(write: &Event) -> usize {
    match write {
        Event::Write(_, data) => data.len().div_ceil(SECTOR),
        _ => 1,
    }
}

fn apply(image: &Image, write: &Event, mut takes: impl FnMut(usize) -> bool) {
    match write {
        Event::Write(offset, data) => {
            for (sector, bytes) in data.chunks(SECTOR).enumerate() {
                if takes(sector) {
                    let at = usize::try_from(*offset).unwrap() + sector * SECTOR;
                    image.put(at, bytes);
                }
            }
        }
        Event::SetLen(len) if takes(0) => image.set_len(*len).unwrap(),
        _ => {}
    }
}
