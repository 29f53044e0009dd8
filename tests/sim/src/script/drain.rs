//! How a script lets its servers execute actions, and what it checks.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use raftbare::{Action, Node, NodeId};

use super::event::Event;
use super::mail::Flying;
use super::world::World;
use crate::checker::{Checker, Verdict, Violation};
use crate::integration::{Effect, Integration};
use crate::server::Payload;

impl World {
    /// Lets a node's server execute up to `limit` actions in their order.
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
            let Some(node) = &server.node else {
                return Ok(());
            };
            let action = node.actions().clone().next();
            let Some(effect) = server.next_effect() else {
                return Checker::check_drained(server);
            };
            executed.extend(action);
            self.follow(id, effect)?;
            self.check(id)?;
        }
        Ok(())
    }

    /// What the server has done, or asks for: here nobody loses power, and timers fire when the script says so.
    fn follow(&mut self, id: NodeId, effect: Effect<Box<Payload>>) -> Verdict {
        let Some(server) = self.servers.get_mut(&id) else {
            return Ok(());
        };
        match effect {
            Effect::SetTimer | Effect::Done => Ok(()),
            Effect::Stored => self.checker.check_disk(id, &server.durable()),
            Effect::Append(entries) => {
                self.checker
                    .check_stored(&entries, |position| server.command(position))?;
                let stored = server.next_effect();
                stored.map_or(Ok(()), |effect| self.follow(id, effect))
            }
            Effect::Send(to, payload) => self.send(id, to, *payload),
            Effect::Broadcast(payload) => {
                let peers: Vec<NodeId> = server.node.iter().flat_map(Node::peers).collect();
                peers
                    .into_iter()
                    .try_for_each(|to| self.send(id, to, (*payload).clone()))
            }
            Effect::Failed(violation) => Err(violation),
        }
    }

    fn send(&mut self, from: NodeId, to: NodeId, payload: Payload) -> Verdict {
        if let (Payload::Raft(message, _), Some(server)) = (&payload, self.servers.get(&from)) {
            self.checker
                .check_sent(from, to, &server.durable(), message)?;
        }
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
