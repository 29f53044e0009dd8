//! The transport: a datagram is a message in the core's codec, with the commands of its entries.

use std::collections::BTreeMap;

use raftbare::codec::{self, Limits};
use raftbare::{LogEntries, LogEntry, LogPosition, Message};

/// The commands by the positions of their entries.
pub(super) type Commands = BTreeMap<LogPosition, u64>;
/// A message with the commands of its entries.
pub(super) type Datagram = Vec<u8>;

/// The datagram of a message.
pub(super) fn encode(message: &Message, commands: &Commands) -> Datagram {
    let mut encoding = Vec::new();
    codec::encode_message(message, &mut encoding).expect("a vector has room");
    match message {
        Message::AppendEntriesCall { entries, .. } => pack(&encoding, entries, commands),
        _ => pack(&encoding, &LogEntries::new(LogPosition::ZERO), commands),
    }
}

/// The message of a datagram with the commands of its entries. `None` if it is none.
pub(super) fn decode(datagram: &[u8]) -> Option<(Message, Commands)> {
    let (encoding, rest) = unpack(datagram)?;
    let message = codec::decode_message(encoding, &Limits::default()).ok()?;
    let commands = match &message {
        Message::AppendEntriesCall { entries, .. } => read_commands(entries, rest)?,
        _ => Commands::new(),
    };
    Some((message, commands))
}

/// What is sent and stored: the length of an encoding, the encoding, the commands of the entries in it.
pub(super) fn pack(encoding: &[u8], entries: &LogEntries, commands: &Commands) -> Vec<u8> {
    let mut bytes = (encoding.len() as u32).to_le_bytes().to_vec();
    bytes.extend_from_slice(encoding);
    for position in positions_of_commands(entries) {
        bytes.extend_from_slice(&commands[&position].to_le_bytes());
    }
    bytes
}

/// The encoding, and the bytes of the commands.
pub(super) fn unpack(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*len) as usize)
}

/// The commands of the entries, if these bytes are neither too few nor too many for them.
pub(super) fn read_commands(entries: &LogEntries, bytes: &[u8]) -> Option<Commands> {
    let (words, rest) = bytes.as_chunks();
    let positions: Vec<_> = positions_of_commands(entries).collect();
    let commands = words.iter().map(|&word| u64::from_le_bytes(word));
    let is_whole = rest.is_empty() && positions.len() == words.len();
    is_whole.then(|| positions.into_iter().zip(commands).collect())
}

fn positions_of_commands(entries: &LogEntries) -> impl Iterator<Item = LogPosition> {
    let entries = entries.iter_with_positions();
    entries.filter_map(|(position, entry)| (entry == LogEntry::Command).then_some(position))
}
