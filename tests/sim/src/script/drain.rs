//! How a script executes actions, and what it checks.

use alloc::format;
use alloc::vec::Vec;

use raftbare::{Action, Message, NodeId};

use super::event::Event;
use super::mail::Flying;
use super::world::World;
use crate::checker::{Checker, Verdict, Violation};
use crate::server::Payload;

impl World {
    /// Takes up to `limit` actions of a node and executes them in their order.
    pub(super) fn drain(&mut self, id: NodeId, limit: usize) -> Verdict {
        let mut executed = Vec::new();
        let verdict = self.execute_some(id, limit, &mut executed);
        if !executed.is_empty() {
            self.events.push(Event::Executed(id, executed));
        }
        verdict
    }

    fn execute_some(&mut self, id: NodeId, limit: usize, executed: &mut Vec<Action>) -> Verdict {
        for _ in 0..limit {
            let server = self.server(id)?;
            let Some(node) = &mut server.node else {
                return Ok(());
            };
            let Some(action) = node.actions_mut().next() else {
                server.drop_compacted_commands();
                return Checker::check_drained(server);
            };
            executed.push(action.clone());
            self.execute(id, action)?;
            self.check(id)?;
        }
        Ok(())
    }

    fn execute(&mut self, id: NodeId, action: Action) -> Verdict {
        let Some(server) = self.servers.get_mut(&id) else {
            return Ok(());
        };
        let Some(node) = &server.node else {
            return Ok(());
        };
        match action {
            Action::SetElectionTimeout => Ok(()),
            Action::SaveCurrentTerm => {
                server.disk.current_term = node.current_term();
                self.checker.check_disk(id, &server.disk.durable())
            }
            Action::SaveVotedFor => {
                server.disk.voted_for = node.voted_for();
                Ok(())
            }
            Action::BroadcastMessage(message) => {
                let peers: Vec<NodeId> = node.peers().collect();
                peers
                    .into_iter()
                    .try_for_each(|to| self.send(id, to, message.clone()))
            }
            Action::AppendLogEntries(entries) => {
                self.checker
                    .check_stored(&entries, |position| server.commands.get(position))?;
                let stored = server.append(&entries, usize::MAX);
                stored.map_err(|what| Violation {
                    property: "Append is possible",
                    detail: format!("{id}: {what}: {entries}"),
                })
            }
            Action::SendMessage(to, message) => self.send(id, to, message),
            Action::InstallSnapshot(to) => {
                let payload = Payload::Snapshot(server.disk.snapshot.clone());
                self.mail.send(Flying {
                    from: id,
                    to,
                    payload,
                });
                Ok(())
            }
        }
    }

    /// Sends a message, with the commands of its entries.
    fn send(&mut self, from: NodeId, to: NodeId, message: Message) -> Verdict {
        let Some(server) = self.servers.get(&from) else {
            return Ok(());
        };
        self.checker
            .check_sent(from, to, &server.disk.durable(), &message)?;
        let mut commands = Vec::new();
        if let Message::AppendEntriesCall { entries, .. } = &message {
            let Some(found) = server.commands_of(entries) else {
                return Err(Violation {
                    property: "Commands are at hand",
                    detail: format!("{from} to {to}: {message}"),
                });
            };
            commands = found;
        }
        let payload = Payload::Raft(message, commands);
        self.mail.send(Flying { from, to, payload });
        Ok(())
    }

    /// Applies what is committed on one server, and checks it.
    pub(super) fn check(&mut self, id: NodeId) -> Verdict {
        let Some(server) = self.servers.get_mut(&id) else {
            return Ok(());
        };
        self.checker.check_server(server)?;
        let wrong = |what| Violation {
            property: "Committed entries can be applied",
            detail: format!("{id}: {what}"),
        };
        while server.apply_next().map_err(wrong)? {
            if !self.has_snapshot_of_script {
                self.checker.check_applied(id, server.state)?;
            }
        }
        for read in self.reads.get(&id).into_iter().flatten() {
            Checker::check_read(id, read.bound, server.read_status(read))?;
        }
        let Some(node) = &server.node else {
            return Ok(());
        };
        self.proposed.iter().try_for_each(|&position| {
            let status = node.get_commit_status(position);
            self.checker.check_status(position, status)
        })
    }
}
