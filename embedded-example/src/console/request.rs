//! What can be typed.

use core::fmt;

use crate::app::{Key, MAX_KEY, MAX_VALUE, Value};
use crate::link::MAX_ADDRESS;

/// The most voters that a cluster is founded with.
pub const MAX_VOTERS: usize = 7;

/// All that can be typed, in a line.
pub const HELP: &str = "put KEY VALUE | get KEY | del KEY | status | peers | add NODE | remove NODE | snapshot | \
                        format [yes] [NODE...] | help";

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Set a key.
    Put {
        /// The name of the setting.
        key: Key,
        /// What it is set to: the rest of the line.
        value: Value,
    },
    /// Read a key, as it is now in the whole cluster.
    Get(Key),
    /// Remove a key.
    Delete(Key),
    /// How this node is.
    Status,
    /// Who else there is.
    Peers,
    /// Make a node a voter.
    Add(u8),
    /// Let a node be a voter no longer.
    Remove(u8),
    /// Take a snapshot now.
    Snapshot,
    /// Make an empty store.
    Format {
        /// Even if there is one.
        is_certain: bool,
        /// And found a cluster of these voters.
        voters: heapless::Vec<u8, MAX_VOTERS>,
    },
    /// What can be typed.
    Help,
}

/// Why a line is no request, and what to type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// The first word is none that is known.
    NoSuchCommand,
    /// Words are missing, or there are too many. What there has to be is said.
    Arguments(&'static str),
    /// The key is too long.
    KeyTooLong,
    /// The value is too long.
    ValueTooLong,
    /// A node's number is no number, or too high.
    NoNode,
    /// Too many voters at once.
    TooManyVoters,
    /// The line is too long.
    LineTooLong,
    /// The line is no text.
    NoText,
}

impl Request {
    /// Reads a line.
    ///
    /// ```
    /// use raftbare_embedded::console::{Request, Usage};
    ///
    /// assert_eq!(Request::parse("status"), Ok(Request::Status));
    /// assert_eq!(Request::parse("add 4"), Ok(Request::Add(4)));
    /// assert_eq!(Request::parse("add"), Err(Usage::Arguments("add NODE")));
    /// ```
    pub fn parse(line: &str) -> Result<Self, Usage> {
        let line = line.trim();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "put" => {
                let (key, value) = rest
                    .split_once(' ')
                    .ok_or(Usage::Arguments("put KEY VALUE"))?;
                let value = Value::try_from(value.trim()).map_err(|_| Usage::ValueTooLong)?;
                let key = key_of(key, "put KEY VALUE")?;
                Ok(Self::Put { key, value })
            }
            "get" => key_of(rest, "get KEY").map(Self::Get),
            "del" => key_of(rest, "del KEY").map(Self::Delete),
            "status" => alone(rest, "status", Self::Status),
            "peers" => alone(rest, "peers", Self::Peers),
            "add" => node_of(rest, "add NODE").map(Self::Add),
            "remove" => node_of(rest, "remove NODE").map(Self::Remove),
            "snapshot" => alone(rest, "snapshot", Self::Snapshot),
            "format" => format_of(rest),
            "help" => alone(rest, "help", Self::Help),
            _ => Err(Usage::NoSuchCommand),
        }
    }
}

fn alone(rest: &str, usage: &'static str, request: Request) -> Result<Request, Usage> {
    match rest {
        "" => Ok(request),
        _ => Err(Usage::Arguments(usage)),
    }
}

fn key_of(word: &str, usage: &'static str) -> Result<Key, Usage> {
    if word.is_empty() || word.contains(' ') {
        return Err(Usage::Arguments(usage));
    }
    Key::try_from(word).map_err(|_| Usage::KeyTooLong)
}

fn node_of(word: &str, usage: &'static str) -> Result<u8, Usage> {
    if word.is_empty() || word.contains(' ') {
        return Err(Usage::Arguments(usage));
    }
    let id = word.parse().ok();
    id.filter(|id| (1..=MAX_ADDRESS).contains(id))
        .ok_or(Usage::NoNode)
}

fn format_of(rest: &str) -> Result<Request, Usage> {
    let mut words = rest.split_whitespace().peekable();
    let is_certain = words.next_if_eq(&"yes").is_some();
    let mut voters = heapless::Vec::new();
    for word in words {
        let id = node_of(word, "format [yes] [NODE...]")?;
        voters.push(id).map_err(|_| Usage::TooManyVoters)?;
    }
    Ok(Request::Format { is_certain, voters })
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchCommand => write!(f, "no such command; there are: {HELP}"),
            Self::Arguments(usage) => write!(f, "type: {usage}"),
            Self::KeyTooLong => write!(f, "a key has at most {MAX_KEY} bytes"),
            Self::ValueTooLong => write!(f, "a value has at most {MAX_VALUE} bytes"),
            Self::NoNode => write!(f, "nodes are numbers from 1 to {MAX_ADDRESS}"),
            Self::TooManyVoters => write!(f, "found it with at most {MAX_VOTERS}, `add` the rest"),
            Self::LineTooLong => f.write_str("the line is too long"),
            Self::NoText => f.write_str("the line is no text: check the speed of the port"),
        }
    }
}
