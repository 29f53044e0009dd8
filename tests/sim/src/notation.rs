//! A parser of the notation that the core prints. Its grammar stands in the core's `notation.rs`.
//!
//! Whatever a function here takes, it takes whole: text that remains is an error.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use raftbare::{
    Action, ClusterConfig, CommitStatus, Log, LogEntries, LogEntry, LogIndex, LogPosition, Message,
    MessageHeader, MessageSeqNo, NodeId, ReadStatus, Role, Term,
};

/// What the notation says of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeLine {
    /// Its identifier.
    pub id: NodeId,
    /// Its role.
    pub role: Role,
    /// Its term.
    pub term: Term,
    /// Its vote.
    pub voted_for: Option<NodeId>,
    /// Its commit index.
    pub commit_index: LogIndex,
    /// Its log.
    pub log: Log,
}

/// `3/17` or `invalid`.
pub fn parse_position(text: &str) -> Result<LogPosition, String> {
    whole(text, Parser::position)
}

/// `{1,2,3}->{2,3,4}+{5}`.
pub fn parse_config(text: &str) -> Result<ClusterConfig, String> {
    whole(text, Parser::config)
}

/// `cmd`, `term(4)` or `config({1,2})`.
pub fn parse_entry(text: &str) -> Result<LogEntry, String> {
    whole(text, Parser::entry)
}

/// `3/16[cmd term(4) cmd*2]`.
pub fn parse_entries(text: &str) -> Result<LogEntries, String> {
    whole(text, Parser::entries)
}

/// `1 t3 #7 RequestVoteReply granted`.
pub fn parse_message(text: &str) -> Result<Message, String> {
    whole(text, Parser::message)
}

/// `SendMessage 2 1 t3 #7 RequestVoteReply granted`.
pub fn parse_action(text: &str) -> Result<Action, String> {
    whole(text, Parser::action)
}

/// `[SetElectionTimeout; SaveCurrentTerm]`.
pub fn parse_actions(text: &str) -> Result<Vec<Action>, String> {
    whole(text, Parser::actions)
}

/// `follower`, `candidate` or `leader`.
pub fn parse_role(text: &str) -> Result<Role, String> {
    whole(text, Parser::role)
}

/// `in-progress`, `committed`, `rejected` or `unknown`.
pub fn parse_status(text: &str) -> Result<CommitStatus, String> {
    whole(text, Parser::status)
}

/// `pending`, `ready(4)` or `lost`.
pub fn parse_read(text: &str) -> Result<ReadStatus, String> {
    whole(text, Parser::read)
}

/// `snapshot {} log 0/0[cmd]`.
pub fn parse_log(text: &str) -> Result<Log, String> {
    whole(text, Parser::log)
}

/// `1 leader t3 vote 1 commit 4 snapshot {} log 0/0[cmd]`.
pub fn parse_node(text: &str) -> Result<NodeLine, String> {
    whole(text, Parser::node)
}

/// Parses `text`, all of it.
pub(crate) fn whole<'a, T>(
    text: &'a str,
    parse: impl FnOnce(&mut Parser<'a>) -> Result<T, String>,
) -> Result<T, String> {
    let mut parser = Parser::new(text);
    let value = parse(&mut parser)?;
    match parser.rest {
        "" => Ok(value),
        _ => parser.fail("the end"),
    }
}

/// A line, and what of it is not read yet.
#[derive(Debug)]
pub(crate) struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Parser<'a> {
    /// At the start of `text`.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, rest: text }
    }

    /// Whether all is read.
    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes what comes before the next space.
    pub(crate) fn word(&mut self) -> &'a str {
        let end = self.rest.find(' ').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    pub(crate) fn fail<T>(&self, expected: &str) -> Result<T, String> {
        let column = self.text.len() - self.rest.len();
        Err(format!(
            "expected {expected} at column {column} of {:?}",
            self.text
        ))
    }

    /// Takes `token` if it stands here.
    pub(crate) fn takes(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    pub(crate) fn expect(&mut self, token: &str) -> Result<(), String> {
        match self.takes(token) {
            true => Ok(()),
            false => self.fail(&format!("{token:?}")),
        }
    }

    /// Takes one of these words; the first that fits.
    fn one_of<T: Copy>(&mut self, words: &[(&str, T)]) -> Result<T, String> {
        for &(word, value) in words {
            if self.takes(word) {
                return Ok(value);
            }
        }
        let words: Vec<_> = words.iter().map(|&(word, _)| word).collect();
        self.fail(&words.join(" or "))
    }

    pub(crate) fn number(&mut self) -> Result<u64, String> {
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        match digits.parse() {
            Ok(number) => {
                self.rest = rest;
                Ok(number)
            }
            Err(_) => self.fail("a number of 64 bits"),
        }
    }

    pub(crate) fn id(&mut self) -> Result<NodeId, String> {
        self.number().map(NodeId::new)
    }

    pub(crate) fn index(&mut self) -> Result<LogIndex, String> {
        self.number().map(LogIndex::new)
    }

    pub(crate) fn position(&mut self) -> Result<LogPosition, String> {
        if self.takes("invalid") {
            return Ok(LogPosition::INVALID);
        }
        let term = self.number().map(Term::new)?;
        self.expect("/")?;
        let index = self.index()?;
        Ok(LogPosition { term, index })
    }

    pub(crate) fn set(&mut self) -> Result<BTreeSet<NodeId>, String> {
        let mut set = BTreeSet::new();
        self.expect("{")?;
        if self.takes("}") {
            return Ok(set);
        }
        loop {
            set.insert(self.id()?);
            if self.takes("}") {
                return Ok(set);
            }
            self.expect(",")?;
        }
    }

    pub(crate) fn config(&mut self) -> Result<ClusterConfig, String> {
        let mut config = ClusterConfig::new();
        config.voters = self.set()?;
        if self.takes("->") {
            config.new_voters = self.set()?;
        }
        if self.takes("+") {
            config.non_voters = self.set()?;
        }
        Ok(config)
    }

    fn entry(&mut self) -> Result<LogEntry, String> {
        if self.takes("cmd") {
            return Ok(LogEntry::Command);
        }
        if self.takes("term(") {
            let term = self.number().map(Term::new)?;
            self.expect(")")?;
            return Ok(LogEntry::Term(term));
        }
        self.expect("config(")?;
        let config = self.config()?;
        self.expect(")")?;
        Ok(LogEntry::ClusterConfig(config))
    }

    pub(crate) fn entries(&mut self) -> Result<LogEntries, String> {
        let mut entries = LogEntries::new(self.position()?);
        self.expect("[")?;
        if self.takes("]") {
            return Ok(entries);
        }
        loop {
            if self.takes("cmd*") {
                match self.number()? {
                    count @ 2..=10_000_000 => {
                        entries.extend((0..count).map(|_| LogEntry::Command));
                    }
                    _ => return self.fail("from 2 to ten million commands"),
                }
            } else {
                entries.push(self.entry()?);
            }
            if self.takes("]") {
                return Ok(entries);
            }
            self.expect(" ")?;
        }
    }

    fn header(&mut self) -> Result<MessageHeader, String> {
        let from = self.id()?;
        self.expect(" t")?;
        let term = self.number().map(Term::new)?;
        self.expect(" #")?;
        let seqno = self.number().map(MessageSeqNo::new)?;
        Ok(MessageHeader { from, term, seqno })
    }

    pub(crate) fn message(&mut self) -> Result<Message, String> {
        let mut header = self.header()?;
        // The kind of a vote is in its name, and in its number it stands above the lower 50 bits.
        let kinds = [" PreVote", " TransferVote", " CampaignNow"].into_iter();
        let kind = (1..).zip(kinds).find(|&(_, name)| self.takes(name));
        if let Some((kind, _)) = kind {
            header.seqno = MessageSeqNo::new(header.seqno.get() | kind << 50);
        }
        let has_kind = kind.is_some();
        if (has_kind && self.takes("Call last ")) || self.takes(" RequestVoteCall last ") {
            let last_position = self.position()?;
            return Ok(Message::RequestVoteCall {
                header,
                last_position,
            });
        }
        if (has_kind && self.takes("Reply ")) || self.takes(" RequestVoteReply ") {
            let vote_granted = self.one_of(&[("granted", true), ("refused", false)])?;
            return Ok(Message::RequestVoteReply {
                header,
                vote_granted,
            });
        }
        if self.takes(" AppendEntriesReply last ") {
            let last_position = self.position()?;
            return Ok(Message::AppendEntriesReply {
                header,
                last_position,
            });
        }
        self.expect(" AppendEntriesCall commit ")?;
        let commit_index = self.index()?;
        self.expect(" prev ")?;
        let entries = self.entries()?;
        Ok(Message::AppendEntriesCall {
            header,
            commit_index,
            entries,
        })
    }

    fn action(&mut self) -> Result<Action, String> {
        if self.takes("SetElectionTimeout") {
            return Ok(Action::SetElectionTimeout);
        }
        if self.takes("SaveCurrentTerm") {
            return Ok(Action::SaveCurrentTerm);
        }
        if self.takes("SaveVotedFor") {
            return Ok(Action::SaveVotedFor);
        }
        if self.takes("BroadcastMessage ") {
            return self.message().map(Action::BroadcastMessage);
        }
        if self.takes("AppendLogEntries ") {
            return self.entries().map(Action::AppendLogEntries);
        }
        if self.takes("SendMessage ") {
            let to = self.id()?;
            self.expect(" ")?;
            let message = self.message()?;
            return Ok(Action::SendMessage(to, message));
        }
        self.expect("InstallSnapshot ")?;
        self.id().map(Action::InstallSnapshot)
    }

    fn actions(&mut self) -> Result<Vec<Action>, String> {
        let mut actions = Vec::new();
        self.expect("[")?;
        if self.takes("]") {
            return Ok(actions);
        }
        loop {
            actions.push(self.action()?);
            if self.takes("]") {
                return Ok(actions);
            }
            self.expect("; ")?;
        }
    }

    pub(crate) fn role(&mut self) -> Result<Role, String> {
        self.one_of(&[
            ("follower", Role::Follower),
            ("candidate", Role::Candidate),
            ("leader", Role::Leader),
        ])
    }

    pub(crate) fn status(&mut self) -> Result<CommitStatus, String> {
        self.one_of(&[
            ("in-progress", CommitStatus::InProgress),
            ("committed", CommitStatus::Committed),
            ("rejected", CommitStatus::Rejected),
            ("unknown", CommitStatus::Unknown),
        ])
    }

    pub(crate) fn read(&mut self) -> Result<ReadStatus, String> {
        if self.takes("ready(") {
            let index = self.index()?;
            self.expect(")")?;
            return Ok(ReadStatus::Ready(index));
        }
        self.one_of(&[("pending", ReadStatus::Pending), ("lost", ReadStatus::Lost)])
    }

    pub(crate) fn log(&mut self) -> Result<Log, String> {
        self.expect("snapshot ")?;
        let config = self.config()?;
        self.expect(" log ")?;
        let entries = self.entries()?;
        Ok(Log::new(config, entries))
    }

    fn node(&mut self) -> Result<NodeLine, String> {
        let id = self.id()?;
        self.expect(" ")?;
        let role = self.role()?;
        self.expect(" t")?;
        let term = self.number().map(Term::new)?;
        self.expect(" vote ")?;
        let voted_for = match self.takes("-") {
            true => None,
            false => Some(self.id()?),
        };
        self.expect(" commit ")?;
        let commit_index = self.index()?;
        self.expect(" ")?;
        let log = self.log()?;
        Ok(NodeLine {
            id,
            role,
            term,
            voted_for,
            commit_index,
            log,
        })
    }
}
