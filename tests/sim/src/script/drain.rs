//! How a script lets its servers execute actions, and what it checks.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use raftbare::{Action, Node, NodeId};

use super::event::Event;
use super::record::{Did, Recorded};
use super::world::{World, refuse};
use crate::checker::{Checker, Verdict, Violation};
use crate::disk::Disk;
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
            if server.node.is_none() {
                return Ok(());
            }
            let action = server.next_action();
            let is_skipped = action.as_ref().is_some_and(|it| server.skips(it));
            let Some(effect) = server.next_effect() else {
                let verdict = match server.has_unreported_writes() {
                    true => Ok(()),
                    false => Checker::check_drained(server),
                };
                return self.note_if_flawed(id, verdict);
            };
            match action {
                Some(action) if is_skipped => self.events.push(Event::Skipped(id, action)),
                action => executed.extend(action),
            }
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
            Effect::Stored => {
                let verdict = self.checker.check_disk(id, &server.durable());
                self.note_if_flawed(id, verdict)
            }
            Effect::Append(entries) => {
                self.checker
                    .check_stored(&entries, |position| server.command(position))?;
                match server.is_appending() {
                    true => (server.next_effect()).map_or(Ok(()), |it| self.follow(id, it)),
                    false => Ok(()),
                }
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
            let verdict = self
                .checker
                .check_sent(from, to, &server.durable(), message);
            self.note_if_flawed(from, verdict)?;
        }
        let mut record = |did| {
            let recorded = Recorded::on_the_way(did, from, to, &payload);
            self.recorded.push(recorded);
        };
        record(Did::Send);
        if self.mail.is_cut(from, to) {
            record(Did::Drop);
        }
        self.mail.send(from, to, payload);
        Ok(())
    }

    /// A promise that is broken by a server which is to break some is told, and the run goes on: what is to be
    /// seen is the guarantee that breaks in the end.
    fn note_if_flawed(&mut self, id: NodeId, verdict: Verdict) -> Verdict {
        match verdict {
            Err(violation) if self.server(id)?.flaw.is_some() => {
                if self.noted.insert(violation.property) {
                    self.events.push(Event::Noted(violation));
                }
                Ok(())
            }
            verdict => verdict,
        }
    }

    /// The power of a node fails in the middle of the append that is its next action: only so many entries are
    /// stored.
    pub(super) fn tear(&mut self, id: NodeId, count: usize) -> Verdict {
        self.node(id)?;
        let server = self.server(id)?;
        if server.is_late() {
            if let Err(what) = server.tear_write(count) {
                return refuse(format!("{what} of node {id}"));
            }
            return self.crash(id);
        }
        let Some(Action::AppendLogEntries(entries)) = server.next_action() else {
            return refuse(format!("the next action of node {id} is no append"));
        };
        if let Err(what) = server.tear_append(&entries, count) {
            return Err(Violation {
                property: "Append is possible",
                detail: format!("{id}: {what}: {entries}"),
            });
        }
        let Disk {
            entries, commands, ..
        } = server.disk.clone();
        self.checker
            .check_stored(&entries, |position| commands.get(position))?;
        self.crash(id)
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
