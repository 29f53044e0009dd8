//! [`Buffer`]: through which everything passes that is not an integer.

use alloc::vec;
use alloc::vec::Vec;

/// Bytes that JavaScript writes and reads in place, at addresses that are good until the next call of anything.
#[derive(Debug, Default)]
pub(crate) struct Buffer(Vec<u8>);

impl Buffer {
    /// Makes room for an argument, and says where.
    pub(crate) fn reserve(&mut self, len: usize) -> *mut u8 {
        self.0 = vec![0; len];
        self.0.as_mut_ptr()
    }

    /// The argument.
    pub(crate) fn argument(&self) -> &[u8] {
        &self.0
    }

    /// Puts a result here, and says where it is.
    pub(crate) fn result(&mut self, put: impl FnOnce(&mut Vec<u8>)) -> *const u8 {
        self.0.clear();
        put(&mut self.0);
        self.0.as_ptr()
    }
}
