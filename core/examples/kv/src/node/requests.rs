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
                Ok(ticket) => drop(self.waiting.readers.insert(ticket, (key, asker))),
                Err(refusal) => answer(Some(asker), self.refused(refusal)),
            },
            Request::AddNode { id, address } => {
                let id = NodeId::new(id);
                let is_known = self.state.addresses().get(&id.get()) == Some(&address);
                if self.replica.node().role().is_leader() && !is_known {
                    let command = Command::Address {
                        id: id.get(),
                        address,
                    };
                    // Nobody waits for it: the configuration comes after it in the log, and is waited for.
                    if let Err(refused) = self.replica.propose(encode(&command)) {
                        return answer(Some(asker), self.refused(refused.reason));
                    }
                }
                self.change(&[id], &[], asker);
            }
            Request::RemoveNode { id } => self.change(&[], &[NodeId::new(id)], asker),
            Request::Status => {
                let status = Box::new(self.status());
                answer(Some(asker), Answer::Status(status));
            }
        }
    }

    fn propose(&mut self, command: &Command, asker: Asker) {
        match self.replica.propose(encode(command)) {
            Ok(ticket) => drop(self.waiting.writers.insert(ticket, asker)),
            Err(refused) => answer(Some(asker), self.refused(refused.reason)),
        }
    }

    /// Changes the voters by joint consensus (§6).
    fn change(&mut self, adding: &[NodeId], removing: &[NodeId], asker: Asker) {
        let node = self.replica.node();
        let config = node.config();
        let next = config.to_joint_consensus(adding, removing);
        if node.role().is_leader() && !config.is_joint_consensus() {
            if next.new_voters == config.voters {
                // It is so already; or as soon as what is in the log is committed.
                let committed = node.log().get_position_and_config(node.commit_index());
                let is_committed = committed.is_some_and(|(_, committed)| committed == config);
                return match is_committed {
                    true => answer(Some(asker), Answer::Changed),
                    false => self.waiting.voters.push((next.new_voters, asker)),
                };
            }
            if next.new_voters.is_empty() {
                let reason = "the last voter cannot be removed".to_owned();
                return answer(Some(asker), Answer::Refused(reason));
            }
        }
        match self.replica.propose_config(next) {
            Ok(ticket) => drop(self.waiting.changers.insert(ticket, asker)),
            Err(refusal) => answer(Some(asker), self.refused(refusal)),
        }
    }

    fn refused(&self, refusal: Refusal) -> Answer {
        match refusal {
            Refusal::NotLeader(leader) => not_leader(&self.links, leader),
            Refusal::TooLong(_) | Refusal::Stopped => Answer::Refused(refusal.to_string()),
            Refusal::Config => {
                Answer::TryAgain("another change of the members is under way".into())
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
            sending: node.peers().filter_map(progress).collect(),
            receiving: incoming.map(|(snapshot, here)| (here, snapshot.len())),
            meter: Meter {
                total_ns: nanos(self.started),
                ..self.meter
            },
        }
    }
}
