//! A file on a medium that forgets: what was written and not synced may be lost.

use alloc::vec::Vec;

use crate::random::Random;

/// A file to build a store on. Writes are seen at once, and are durable when [`sync`](Self::sync) returns.
///
/// When the power fails, each write since the last sync is lost, done or half done, whatever became of those
/// before it. Where a file has become longer before its bytes have come, zeros are read. Real disks promise no
/// more.
///
/// ```
/// use raftbare_sim::medium::Medium;
/// use raftbare_sim::random::Random;
///
/// let mut medium = Medium::default();
/// medium.append(b"kept ");
/// medium.sync();
/// medium.append(b"perhaps");
/// assert_eq!(medium.bytes(), b"kept perhaps");
/// assert_eq!(medium.durable(), b"kept ");
///
/// medium.lose_power(&mut Random::new(1));
/// assert!(medium.bytes().starts_with(b"kept "));
/// ```
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Medium {
    /// What is read.
    bytes: Vec<u8>,
    /// What is left for sure when the power fails.
    durable: Vec<u8>,
    /// What lies between the two.
    pending: Vec<Operation>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Operation {
    Write { at: usize, bytes: Vec<u8> },
    Truncate { len: usize },
}

impl Operation {
    fn apply(&self, target: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => {
                let end = at + bytes.len();
                target.resize(end.max(target.len()), 0);
                target[*at..end].copy_from_slice(bytes);
            }
            Self::Truncate { len } => target.truncate(*len),
        }
    }

    /// What is left of it if the power fails.
    fn torn(mut self, random: &mut Random) -> Option<Self> {
        match random.below(3) {
            0 => return None,
            1 => {}
            _ => {
                if let Self::Write { bytes, .. } = &mut self {
                    let kept = random.below(bytes.len() as u64 + 1) as usize;
                    match random.chance(500) {
                        true => bytes.truncate(kept),
                        false => bytes[kept..].fill(0),
                    }
                }
            }
        }
        Some(self)
    }
}

impl Medium {
    /// What is read now, synced or not.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What is left for sure when the power fails now.
    #[must_use]
    pub fn durable(&self) -> &[u8] {
        &self.durable
    }

    /// Whether all that was written is durable.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        self.pending.is_empty()
    }

    /// Writes after the end.
    pub fn append(&mut self, bytes: &[u8]) {
        self.write(self.bytes.len(), bytes);
    }

    /// Writes from byte `at` on, over what is there. A gap before it reads as zeros.
    pub fn write(&mut self, at: usize, bytes: &[u8]) {
        let bytes = bytes.to_vec();
        self.perform(Operation::Write { at, bytes });
    }

    /// Drops what lies after the first `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        self.perform(Operation::Truncate { len });
    }

    fn perform(&mut self, operation: Operation) {
        operation.apply(&mut self.bytes);
        self.pending.push(operation);
    }

    /// Makes everything durable.
    pub fn sync(&mut self) {
        for operation in self.pending.drain(..) {
            operation.apply(&mut self.durable);
        }
    }

    /// Leaves what a failure of the power leaves.
    pub fn lose_power(&mut self, random: &mut Random) {
        let pending = core::mem::take(&mut self.pending);
        for operation in pending.into_iter().filter_map(|it| it.torn(random)) {
            operation.apply(&mut self.durable);
        }
        self.bytes.clone_from(&self.durable);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file after a failure of the power, for many seeds.
    fn after(medium: &Medium) -> impl Iterator<Item = Vec<u8>> {
        (0..200).map(|seed| {
            let mut medium = medium.clone();
            medium.lose_power(&mut Random::new(seed));
            assert!(medium.is_synced());
            assert_eq!(medium.bytes(), medium.durable());
            medium.bytes
        })
    }

    #[test]
    fn what_is_synced_stays() {
        let mut medium = Medium::default();
        medium.append(b"abcdef");
        medium.truncate(4);
        medium.write(1, b"X");
        medium.sync();
        assert!(after(&medium).all(|bytes| bytes == b"aXcd"));
    }

    #[test]
    fn what_is_not_synced_is_lost_or_torn_or_there() {
        let mut medium = Medium::default();
        medium.append(b"ab");
        medium.sync();
        medium.truncate(1);
        medium.append(b"cd");
        medium.append(b"ef");
        assert_eq!(medium.bytes(), b"acdef");
        let left: Vec<_> = after(&medium).collect();
        for possible in [
            &b"ab"[..],
            b"a",
            b"acdef",
            b"acd",
            b"a\0\0ef",
            b"acde",
            b"acde\0",
        ] {
            assert!(left.iter().any(|bytes| bytes == possible), "{possible:?}");
        }
    }
}
