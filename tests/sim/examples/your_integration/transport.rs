//! The transport: a datagram is a kind, the sender, term and number, a position, one more number, the entries.

use std::collections::BTreeMap;

use raftbare::{ClusterConfig, LogEntries, LogEntry, LogPosition, Message, MessageHeader, NodeId};

/// The commands by the positions of their entries.
pub(super) type Commands = BTreeMap<LogPosition, u64>;
/// A message with the commands of its entries.
pub(super) type Datagram = Vec<u8>;

/// The datagram of a message.
#[rustfmt::skip] // One kind of message a line.
pub(super) fn encode(message: &Message, commands: &Commands) -> Datagram {
    let (kind, at, number) = match message {
        Message::RequestVoteCall { last_position, .. } => (0, *last_position, 0),
        Message::RequestVoteReply { vote_granted, .. } => (1, LogPosition::ZERO, u64::from(*vote_granted)),
        Message::AppendEntriesCall { commit_index, entries, .. } => (2, entries.prev_position(), commit_index.get()),
        Message::AppendEntriesReply { last_position, .. } => (3, *last_position, 0),
    };
    let [from, term, seqno] = [message.from().get(), message.term().get(), message.seqno().get()];
    let mut words = vec![kind, from, term, seqno, at.term.get(), at.index.get(), number];
    if let Message::AppendEntriesCall { entries, .. } = message {
        pack(entries, commands, &mut words);
    }
    to_bytes(&words)
}

/// The message of a datagram with the commands of its entries. `None` if it is none.
#[rustfmt::skip] // One kind of message a line.
pub(super) fn decode(datagram: &[u8]) -> Option<(Message, Commands)> {
    let words = to_words(datagram);
    let [kind, from, term, seqno, at_term, at_index, number, ref entries @ ..] = words[..] else { return None };
    let header = MessageHeader { from: from.into(), term: term.into(), seqno: seqno.into() };
    let last_position = LogPosition { term: at_term.into(), index: at_index.into() };
    let (entries, commands) = unpack(last_position, entries)?;
    let message = match kind {
        0 => Message::RequestVoteCall { header, last_position },
        1 => Message::RequestVoteReply { header, vote_granted: number == 1 },
        2 => Message::AppendEntriesCall { header, commit_index: number.into(), entries },
        3 => Message::AppendEntriesReply { header, last_position },
        _ => return None,
    };
    Some((message, commands))
}

/// Entries with their commands: a term, a command, or the three sets of a configuration with their sizes.
pub(super) fn pack(entries: &LogEntries, commands: &Commands, words: &mut Vec<u64>) {
    for (position, entry) in entries.iter_with_positions() {
        match entry {
            LogEntry::Term(term) => words.extend([0, term.get()]),
            LogEntry::Command => words.extend([1, commands[&position]]),
            LogEntry::ClusterConfig(config) => {
                words.push(2);
                for set in [config.voters, config.new_voters, config.non_voters] {
                    words.push(set.len() as u64);
                    words.extend(set.into_iter().map(NodeId::get));
                }
            }
        }
    }
}

pub(super) fn unpack(prev: LogPosition, words: &[u64]) -> Option<(LogEntries, Commands)> {
    let (mut entries, mut commands) = (LogEntries::new(prev), Commands::new());
    let mut words = words.iter().copied();
    while let Some(kind) = words.next() {
        match kind {
            0 => entries.push(LogEntry::Term(words.next()?.into())),
            1 => {
                entries.push(LogEntry::Command);
                commands.insert(entries.last_position(), words.next()?);
            }
            2 => {
                let mut set = || {
                    let len = words.next()? as usize;
                    Some(words.by_ref().take(len).map(NodeId::new).collect())
                };
                let mut config = ClusterConfig::new();
                [config.voters, config.new_voters, config.non_voters] = [set()?, set()?, set()?];
                entries.push(LogEntry::ClusterConfig(config));
            }
            _ => return None,
        }
    }
    Some((entries, commands))
}

pub(super) fn to_bytes(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

pub(super) fn to_words(bytes: &[u8]) -> Vec<u64> {
    let (words, _) = bytes.as_chunks();
    words.iter().map(|&word| u64::from_le_bytes(word)).collect()
}
