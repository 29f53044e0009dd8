//! What a script tells of what happens.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{Display, Formatter, Result};

use raftbare::{Action, NodeId};

use super::mail::{Flying, Sent};
use crate::checker::Violation;
use crate::write::{Report, Write};

/// Something that has happened, a line of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A message arrives, or is what the verb says: lost, held, doubled, cut.
    Message(Flying),
    /// A message arrives where no node runs.
    Unheard(Flying),
    /// A node has executed these actions.
    Executed(NodeId, Vec<Action>),
    /// A node leaves this action out, which is its flaw.
    Skipped(NodeId, Action),
    /// These actions of a node wait.
    Pending(NodeId, Vec<Action>),
    /// These writes of a node's disk wait.
    Waiting(NodeId, Vec<Write>),
    /// The disk of a node has made these writes.
    Wrote(NodeId, Vec<Write>),
    /// This is reported to a node as stored.
    Reported(NodeId, Vec<Report>),
    /// A node tells this.
    Told(NodeId, raftbare::Event),
    /// A flaw has broken this promise, which breaks no guarantee yet. Told once of each.
    Noted(Violation),
    /// The answer of a node to a client.
    Answer(NodeId, String),
    /// The state of a node.
    State(String),
    /// What was sent over a link.
    Sent(NodeId, NodeId, Sent),
}

impl Display for Event {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Message(flying) => flying.fmt(f),
            Self::Unheard(flying) => write!(f, "{flying} (down)"),
            Self::Executed(id, actions) => {
                write!(f, "{id}:")?;
                write_list(f, actions)
            }
            Self::Skipped(id, action) => write!(f, "{id} skips: {action}"),
            Self::Pending(id, actions) => {
                write!(f, "{id} pending:")?;
                write_list(f, actions)
            }
            Self::Waiting(id, writes) => {
                write!(f, "{id} to write:")?;
                write_list(f, writes)
            }
            Self::Wrote(id, writes) => {
                write!(f, "{id} wrote:")?;
                write_list(f, writes)
            }
            Self::Reported(id, reports) => {
                write!(f, "{id} is told:")?;
                write_list(f, reports)
            }
            Self::Told(id, event) => write!(f, "{id} tells: {event}"),
            Self::Noted(violation) => write!(f, "! {violation}"),
            Self::Answer(id, answer) => write!(f, "{id} = {answer}"),
            Self::State(state) => f.write_str(state),
            Self::Sent(from, to, sent) => write!(f, "{from}->{to} {sent}"),
        }
    }
}

fn write_list(f: &mut Formatter<'_>, items: &[impl Display]) -> Result {
    for (position, item) in items.iter().enumerate() {
        let separator = if position == 0 { "" } else { ";" };
        write!(f, "{separator} {item}")?;
    }
    Ok(())
}
