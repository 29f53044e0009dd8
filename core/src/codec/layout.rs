//! The numbers of the layout that the module's docs describe.

/// The version that is written, and the only one there is to read.
pub(super) const VERSION: u8 = 1;

/// What the lowest three bits of a tag say.
pub(crate) mod tag {
    pub(crate) const REQUEST_VOTE_CALL: u8 = 0;
    pub(crate) const VOTE_REFUSED: u8 = 1;
    pub(crate) const VOTE_GRANTED: u8 = 2;
    pub(crate) const APPEND_ENTRIES_CALL: u8 = 3;
    pub(crate) const APPEND_ENTRIES_REPLY: u8 = 4;
    pub(crate) const STORED: u8 = 5;
    pub(crate) const TRANSFER: u8 = 6;
}

/// What the kind of a stored value says.
pub(crate) mod stored {
    pub(crate) const HARD_STATE: u8 = 0;
    pub(crate) const ENTRIES: u8 = 1;
    pub(crate) const CONFIG: u8 = 2;
    pub(crate) const SNAPSHOT: u8 = 3;
}

/// What the kind of a part of a transfer says.
pub(crate) mod transfer {
    pub(crate) const CHUNK: u8 = 0;
    pub(crate) const CHUNK_REPLY: u8 = 1;
}

/// What the first number of an item says; above these, a number of commands.
pub(crate) mod item {
    pub(crate) const TERM: u64 = 0;
    pub(crate) const CONFIG: u64 = 1;
}

/// Where the kind of a sequence number begins.
pub(super) const KIND_SHIFT: u32 = 50;
