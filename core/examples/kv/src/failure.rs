//! How a command ends when it does not end well.

use std::fmt;

/// Why, for people, and as an exit code for scripts.
#[derive(Debug)]
pub struct Failure {
    pub code: u8,
    pub message: String,
}

impl Failure {
    /// The request could not be fulfilled.
    pub const FAILED: u8 = 1;
    /// Wrong usage: also clap's code.
    pub const USAGE: u8 = 2;
    /// The store cannot be used, or not any more.
    pub const STORE: u8 = 3;

    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Self::FAILED, message)
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Self::USAGE, message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
