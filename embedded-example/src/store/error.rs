//! What may be wrong with a store, each with what to do.

use core::fmt;

use embedded_storage_async::nor_flash::{NorFlashError, NorFlashErrorKind};
use raftbare::NodeId;
use raftbare::replica::StoredError;

/// Why something could not be stored or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreError {
    /// The flash reports an error.
    Flash(NorFlashErrorKind),
    /// What is of use is longer than a bank.
    Full,
    /// An entry is longer than an item.
    ItemTooLong,
    /// A snapshot is longer than a slot.
    SnapshotTooLong,
    /// There is no snapshot.
    NoSnapshot,
    /// The store is not open.
    NotOpen,
    /// What was written is not what is read.
    Damaged,
}

impl StoreError {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "it is handed over by `map_err`"
    )]
    pub(super) fn flash(error: impl NorFlashError) -> Self {
        Self::Flash(error.kind())
    }
}

impl<E: NorFlashError> From<sequential_storage::Error<E>> for StoreError {
    fn from(error: sequential_storage::Error<E>) -> Self {
        match error {
            sequential_storage::Error::Storage { value } => Self::flash(value),
            sequential_storage::Error::FullStorage => Self::Full,
            sequential_storage::Error::ItemTooBig => Self::ItemTooLong,
            _ => Self::Damaged,
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash(kind) => write!(f, "the flash reports {kind:?}: replace the board"),
            Self::Full => f.write_str("the log does not fit into a bank: give it more sectors"),
            Self::ItemTooLong => f.write_str("an entry is too long for the store"),
            Self::SnapshotTooLong => f.write_str("the snapshot is longer than its slot"),
            Self::NoSnapshot => f.write_str("there is no snapshot"),
            Self::NotOpen => f.write_str("the store is not open"),
            Self::Damaged => f.write_str("the store is damaged: replace this node by a new one"),
        }
    }
}

impl core::error::Error for StoreError {}

/// Why a store cannot be opened. Nothing is repaired, nothing overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenError {
    /// There is nothing yet.
    Blank,
    /// There is something, but no store of this form.
    Foreign,
    /// This is the store of another node.
    OtherNode(NodeId),
    /// The store is laid out in another way.
    OtherLayout,
    /// No bank is complete, or an item makes no sense.
    Damaged,
    /// The bytes of the snapshot are not those that were written.
    Snapshot,
    /// What is stored does not fit together.
    Stored(StoredError),
    /// The flash cannot be read.
    Store(StoreError),
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blank => f.write_str("there is no store yet: `format`"),
            Self::Foreign => f.write_str(
                "the flash holds something else: `format` if that can go, else free the area",
            ),
            Self::OtherNode(id) => write!(
                f,
                "this is the store of node {id}: set its straps, or `format` to forget it"
            ),
            Self::OtherLayout => {
                f.write_str("this store has another layout: flash the image that made it")
            }
            Self::Damaged => {
                f.write_str("the store is damaged: remove this node, and add it with a new number")
            }
            Self::Snapshot => f.write_str(
                "the snapshot is damaged: remove this node, and add it with a new number",
            ),
            Self::Stored(error) => {
                write!(f, "{error}: remove this node, and add it with a new number")
            }
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for OpenError {}
