//! What the simulator's classes hand over, as bytes. The other side is `js/src/simulator/wire.ts`.

use crate::bytes::{Put, role};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;
use raftbare::{Action, Node, NodeId};
use raftbare_sim::checker::{Verdict, Violation};
use raftbare_sim::disk::Disk;
use raftbare_sim::server::{Payload, Server};
use raftbare_sim::write::Write;

/// Appends what only the simulator has.
pub(super) trait PutMore: Put {
    /// A text, with its length before it.
    fn text(&mut self, text: &impl Display);
    /// How many values follow, and the values.
    fn list<T>(&mut self, values: impl IntoIterator<Item = T>, put: impl Fn(&mut Self, T));
    /// A property that does not hold, if there is one.
    fn violation(&mut self, violation: Option<&Violation>);
    /// A node, all of it.
    fn node(&mut self, node: &Node);
    /// Whom a leader refuses.
    fn lost_tails(&mut self, node: &Node);
    /// What survives a crash.
    fn disk(&mut self, disk: &Disk);
    /// A server with its node, if that runs, its disk, and what is on its way there.
    fn server(&mut self, server: &Server);
    /// What is on its way to a disk.
    fn write(&mut self, write: &Write);
    /// What is on its way.
    fn payload(&mut self, payload: &Payload);
    /// The kind of an action, as [`Put::action`] has it; that of the end of actions if there is none.
    fn kind(&mut self, action: Option<&Action>);
}

impl PutMore for Vec<u8> {
    fn text(&mut self, text: &impl Display) {
        let text = text.to_string();
        self.number(text.len() as u64);
        self.extend_from_slice(text.as_bytes());
    }

    fn list<T>(&mut self, values: impl IntoIterator<Item = T>, put: impl Fn(&mut Self, T)) {
        let values: Vec<T> = values.into_iter().collect();
        self.number(values.len() as u64);
        values.into_iter().for_each(|value| put(self, value));
    }

    fn violation(&mut self, violation: Option<&Violation>) {
        self.word(u8::from(violation.is_some()));
        if let Some(violation) = violation {
            self.text(&violation.property);
            self.text(&violation.detail);
        }
    }

    fn node(&mut self, node: &Node) {
        self.word(role(node.role()));
        self.word(u8::from(node.is_pre_candidate()));
        self.number(node.current_term().get());
        self.optional(node.voted_for().map(NodeId::get));
        self.optional(node.leader_id().map(NodeId::get));
        self.number(node.commit_index().get());
        self.number(node.durable_index().get());
        self.optional(node.transfer_target().map(NodeId::get));
        self.log(node.log());
        self.actions(node.actions());
        self.end_of_actions();
        let members = node.config().unique_nodes();
        let matching = members.filter_map(|id| Some((id, node.match_index(id)?)));
        self.list(matching, |result, (id, index)| {
            result.number(id.get());
            result.number(index.get());
        });
        self.lost_tails(node);
    }

    fn lost_tails(&mut self, node: &Node) {
        let members = node.config().unique_nodes();
        let refused = members.filter(|&id| node.has_lost_tail(id));
        self.list(refused, |result, id| result.number(id.get()));
    }

    fn disk(&mut self, disk: &Disk) {
        self.number(disk.current_term.get());
        self.optional(disk.voted_for.map(NodeId::get));
        self.log(&disk.log());
    }

    fn server(&mut self, server: &Server) {
        self.number(server.id.get());
        self.word(u8::from(server.node.is_some()));
        if let Some(node) = &server.node {
            self.node(node);
        }
        self.disk(&server.disk);
        self.list(server.waiting_writes(), Self::write);
        self.number(server.state.applied.get());
        self.number(server.state.digest);
    }

    fn write(&mut self, write: &Write) {
        match write {
            Write::HardState(term, vote) => {
                self.word(0);
                self.number(term.get());
                self.optional(vote.map(NodeId::get));
            }
            Write::Append(entries, _) => {
                self.word(1);
                self.entries(entries);
            }
            Write::Snapshot(snapshot) => {
                self.word(2);
                self.position(snapshot.position);
                self.config(&snapshot.config);
            }
        }
    }

    fn payload(&mut self, payload: &Payload) {
        match payload {
            Payload::Raft(message, _) => {
                self.word(1);
                self.message(message);
            }
            Payload::Snapshot(snapshot) => {
                self.word(2);
                self.position(snapshot.position);
                self.config(&snapshot.config);
            }
        }
    }

    fn kind(&mut self, action: Option<&Action>) {
        self.word(match action {
            Some(Action::SetElectionTimeout) => 0,
            Some(Action::SaveCurrentTerm) => 1,
            Some(Action::SaveVotedFor) => 2,
            Some(Action::BroadcastMessage(_)) => 3,
            Some(Action::AppendLogEntries(_)) => 4,
            Some(Action::SendMessage(..)) => 5,
            Some(Action::InstallSnapshot(_)) => 6,
            None => 7,
        });
    }
}

/// What does not hold, if anything.
pub(super) fn broken(verdict: Verdict) -> Option<Violation> {
    verdict.err()
}

/// The text in an argument.
pub(super) fn text(argument: &[u8]) -> String {
    String::from_utf8_lossy(argument).into_owned()
}

/// The integers in an argument.
pub(super) fn numbers(argument: &[u8]) -> impl Iterator<Item = u64> {
    let (numbers, _) = argument.as_chunks::<8>();
    numbers.iter().copied().map(u64::from_le_bytes)
}
