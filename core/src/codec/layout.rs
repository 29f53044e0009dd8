//! The numbers of the layout that the module's docs describe.

/// The version that is written, and the only one there is to read.
pub(super) const VERSION: u8 = 1;

/// What the lowest three bits of a tag say.
pub(super) mod tag {
    pub(crate) const REQUEST_VOTE_CALL: u8 = 0;
    pub(crate) const VOTE_REFUSED: u8 = 1;
    pub(crate) const VOTE_GRANTED: u8 = 2;
    pub(crate) const APPEND_ENTRIES_CALL: u8 = 3;
    pub(crate) const APPEND_ENTRIES_REPLY: u8 = 4;
    pub(crate) const STORED: u8 = 5;
}

/// What the kind of a stored value says.
pub(super) mod stored {
    pub(crate) const HARD_STATE: u8 = 0;
    pub(crate) const ENTRIES: u8 = 1;
    pub(crate) const CONFIG: u8 = 2;
}

/// What the first number of an item says; above these, a number of commands.
pub(super) mod item {
    pub(crate) const TERM: u64 = 0;
    pub(crate) const CONFIG: u64 = 1;
}

/// Where the kind of a sequence number begins.
pub(super) const KIND_SHIFT: u32 = 50;
