//! What a script expects.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use raftbare::{Node, NodeId, ReadStatus};

use super::verb::Fact;
use super::world::World;
use crate::checker::{Verdict, Violation};

impl World {
    /// Fails unless all of this is true of a node.
    pub(super) fn expect(&mut self, id: NodeId, facts: &[Fact]) -> Verdict {
        for fact in facts {
            let (is_so, seen) = self.look(id, fact)?;
            if !is_so {
                return Err(Violation {
                    property: "As expected",
                    detail: format!("{id} {fact}, but there is: {seen}"),
                });
            }
        }
        Ok(())
    }

    /// Whether a fact holds, and what there is to be seen.
    fn look(&mut self, id: NodeId, fact: &Fact) -> Result<(bool, String), Violation> {
        match fact {
            Fact::Down => {
                let is_down = self.server(id)?.node.is_none();
                Ok((is_down, format!("node {id} runs")))
            }
            Fact::Like(other) => {
                let other = self.node(*other)?.clone();
                let node = self.node(id)?;
                Ok((node.log() == other.log(), format!("{node}\n{other}")))
            }
            Fact::Read(expected) => {
                let newest = self.reads.get(&id).and_then(|reads| reads.last()).cloned();
                let server = self.server(id)?;
                let status = newest.map_or(ReadStatus::Lost, |read| server.read_status(&read));
                Ok((status == *expected, status.to_string()))
            }
            Fact::Status(position, expected) => {
                let status = self.node(id)?.get_commit_status(*position);
                Ok((status == *expected, status.to_string()))
            }
            _ => {
                let node = self.node(id)?;
                Ok((holds(node, fact), node.to_string()))
            }
        }
    }
}

fn holds(node: &Node, fact: &Fact) -> bool {
    match fact {
        Fact::PreCandidate => node.is_pre_candidate(),
        Fact::Role(role) => node.role() == *role,
        Fact::Term(term) => node.current_term() == *term,
        Fact::Vote(vote) => node.voted_for() == *vote,
        Fact::Commit(index) => node.commit_index() == *index,
        Fact::Last(position) => node.log().last_position() == *position,
        Fact::Config(config) => node.config() == config,
        Fact::Log(entries) => node.log().entries() == entries,
        Fact::Match(follower, index) => node.match_index(*follower) == Some(*index),
        Fact::Durable(index) => node.durable_index() == *index,
        Fact::Lost(follower) => node.has_lost_tail(*follower),
        Fact::Down | Fact::Like(_) | Fact::Status(..) | Fact::Read(_) => false,
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Down => f.write_str("down"),
            Self::PreCandidate => f.write_str("pre-candidate"),
            Self::Role(role) => role.fmt(f),
            Self::Term(term) => write!(f, "t{term}"),
            Self::Vote(None) => f.write_str("vote -"),
            Self::Vote(Some(id)) => write!(f, "vote {id}"),
            Self::Commit(index) => write!(f, "commit {index}"),
            Self::Last(position) => write!(f, "last {position}"),
            Self::Config(config) => write!(f, "config {config}"),
            Self::Log(entries) => write!(f, "log {entries}"),
            Self::Like(id) => write!(f, "like {id}"),
            Self::Status(position, status) => write!(f, "{position} {status}"),
            Self::Match(id, index) => write!(f, "match {id} {index}"),
            Self::Durable(index) => write!(f, "durable {index}"),
            Self::Lost(id) => write!(f, "lost {id}"),
            Self::Read(status) => write!(f, "read {status}"),
        }
    }
}
