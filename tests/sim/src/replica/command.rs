//! The commands of clients, numbers, as payloads.

use alloc::vec::Vec;
use core::fmt::Debug;

use raftbare::replica::Payload;

/// A payload that a command is made into. Equal commands are equal payloads.
pub trait Command: Payload + Debug {
    /// The payload of this command.
    fn of(command: u64) -> Self;

    /// The command of these bytes; `None` if they are of none.
    fn read(bytes: &[u8]) -> Option<u64> {
        let (number, _) = bytes.split_first_chunk()?;
        let command = u64::from_le_bytes(*number);
        (Self::of(command).as_ref() == bytes).then_some(command)
    }
}

/// All of one length.
impl Command for [u8; 8] {
    fn of(command: u64) -> Self {
        command.to_le_bytes()
    }
}

/// Of 8 to 11 bytes.
impl Command for Vec<u8> {
    fn of(command: u64) -> Self {
        let mut bytes = command.to_le_bytes().to_vec();
        bytes.resize(8 + command as usize % 4, command as u8);
        bytes
    }
}
