//! What clients ask of a node, and what is known of it at once.

use std::collections::BTreeSet;

use raftbare::NodeId;
use raftbare::replica::Refusal;

use super::waiting::{answer, not_leader};
use super::{Asker, Node, nanos};
use crate::protocol::{Answer, Meter, Request, Status};
use crate::state::{Command, encode};

impl Node {
    /// Begins what is asked for. The answer comes when it is decided, or at once if nothing can come of it.
    pub(super) fn take(&mut self, request: Request, asker: Asker) {
        match request {
            Request::Open => self.propose(&Command::Open, asker),
            Request::Write {
                session,
                number,
                write,
            } => {
                let command = Command::Write {
                    session,
                    number,
                    write,
                };
                self.propose(&command, asker);
            }
            Request::Get { key } => match self.replica.read() {
                Ok(ticket) => drop(self.executor.waiting.readers.insert(ticket, (key, asker))),
                Err(refusal) => answer(Some(asker), self.refused(refusal)),
            },
            Request::AddNode { id, address } => self.add_node(NodeId::new(id), address, asker),
            Request::RemoveNode { id } => self.remove_node(NodeId::new(id), asker),
            Request::TransferLeadership { to } => {
                let to = NodeId::new(to);
                answer(Some(asker), self.transfer_leadership(to));
            }
            Request::Status => {
                let status = Box::new(self.status());
                answer(Some(asker), Answer::Status(status));
            }
        }
    }

    fn propose(&mut self, command: &Command, asker: Asker) {
        match self.replica.propose(encode(command)) {
            Ok(ticket) => drop(self.executor.waiting.writers.insert(ticket, asker)),
            Err(refused) => answer(Some(asker), self.refused(refused.reason)),
        }
    }

    /// Begins to hand over (thesis §3.10). Whoever asks is told to ask again, and so comes to the node that then leads.
    fn transfer_leadership(&mut self, to: NodeId) -> Answer {
        let node = self.replica.node();
        if node.role().is_leader() && node.id() == to {
            return Answer::Changed;
        }
        match self.replica.transfer_leadership(to) {
            Ok(()) => Answer::TryAgain(format!("node {to} has not taken over yet: is it running?")),
            Err(refusal) => self.refused(refusal),
        }
    }

    pub(super) fn refused(&self, refusal: Refusal) -> Answer {
        match refusal {
            Refusal::NotLeader(leader) => not_leader(&self.executor.links, leader),
            Refusal::TooLong(_) | Refusal::Stopped => Answer::Refused(refusal.to_string()),
            Refusal::Config => {
                Answer::TryAgain("another change of the members is under way".into())
            }
            // Nothing is under way: it is the target that will not do.
            Refusal::Target(_) if self.replica.node().transfer_target().is_none() => {
                Answer::Refused(refusal.to_string())
            }
            _ => Answer::TryAgain(refusal.to_string()),
        }
    }

    fn status(&self) -> Status {
        let node = self.replica.node();
        let numbers = |ids: &BTreeSet<NodeId>| ids.iter().map(|id| id.get()).collect();
        let progress = |to: NodeId| {
            let len = self.replica.snapshot()?.len();
            Some((to.get(), self.replica.snapshot_progress(to)?, len))
        };
        let incoming = self.replica.incoming_snapshot();
        Status {
            id: node.id().get(),
            role: node.role().to_string(),
            term: node.current_term().get(),
            leader: node.leader_id().map(NodeId::get),
            last: node.log().last_position().index.get(),
            commit: node.commit_index().get(),
            applied: self.replica.applied().get(),
            snapshot: node.log().snapshot_position().index.get(),
            voters: numbers(&node.config().voters),
            new_voters: numbers(&node.config().new_voters),
            non_voters: numbers(&node.config().non_voters),
            sending: node.peers().filter_map(progress).collect(),
            receiving: incoming.map(|(snapshot, here)| (here, snapshot.len())),
            meter: Meter {
                total_ns: nanos(self.started),
                ..self.meter
            },
        }
    }
}
