//! The items of a bank.

use super::MAX_ITEM;

/// An item of a bank: a tag, then numbers in little-endian, then a value of the replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item<'a> {
    /// The first one: how many banks were begun before and with this one.
    Begin(u32),
    /// The state of the replica, and where its snapshot is.
    State { slot: Option<u32>, value: &'a [u8] },
    /// A log entry.
    Record { index: u64, value: &'a [u8] },
    /// Entries at this index and above are gone.
    Cut(u64),
    /// What was copied to this bank is all there.
    Done,
}

mod tag {
    pub(super) const BEGIN: u8 = 1;
    pub(super) const STATE: u8 = 2;
    pub(super) const RECORD: u8 = 3;
    pub(super) const CUT: u8 = 4;
    pub(super) const DONE: u8 = 5;
}

const NO_SLOT: u8 = 0xff;

impl<'a> Item<'a> {
    /// The bytes of the item; `None` if they are too many.
    pub(super) fn encode(&self) -> Option<heapless::Vec<u8, MAX_ITEM>> {
        let mut bytes = heapless::Vec::new();
        let (tag, value) = match self {
            Self::Begin(_) => (tag::BEGIN, &[] as &[u8]),
            Self::State { value, .. } => (tag::STATE, *value),
            Self::Record { value, .. } => (tag::RECORD, *value),
            Self::Cut(_) => (tag::CUT, &[] as &[u8]),
            Self::Done => (tag::DONE, &[] as &[u8]),
        };
        bytes.push(tag).ok()?;
        match self {
            Self::Begin(generation) => bytes.extend_from_slice(&generation.to_le_bytes()),
            Self::State { slot, .. } => {
                let slot = slot.map_or(NO_SLOT, |slot| slot.to_le_bytes()[0]);
                bytes.extend_from_slice(&[slot])
            }
            Self::Record { index, .. } => bytes.extend_from_slice(&index.to_le_bytes()),
            Self::Cut(from) => bytes.extend_from_slice(&from.to_le_bytes()),
            Self::Done => Ok(()),
        }
        .ok()?;
        bytes.extend_from_slice(value).ok()?;
        Some(bytes)
    }

    /// Reads an item; `None` if it is none.
    pub(super) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (&tag, rest) = bytes.split_first()?;
        match tag {
            tag::BEGIN => Some(Self::Begin(u32::from_le_bytes(rest.try_into().ok()?))),
            tag::STATE => {
                let (&slot, value) = rest.split_first()?;
                let slot = (slot != NO_SLOT).then(|| u32::from(slot));
                Some(Self::State { slot, value })
            }
            tag::RECORD => {
                let (index, value) = rest.split_first_chunk()?;
                let index = u64::from_le_bytes(*index);
                Some(Self::Record { index, value })
            }
            tag::CUT => Some(Self::Cut(u64::from_le_bytes(rest.try_into().ok()?))),
            tag::DONE => rest.is_empty().then_some(Self::Done),
            _ => None,
        }
    }
}
