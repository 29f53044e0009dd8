//! What the servers do, followed and checked.

use raftbare::{Event, LogEntries, Node, NodeId, ReadStatus, TransferOutcome};
use raftbare_sim::checker::{Checker, Verdict, Violation};
use raftbare_sim::integration::{Content, DiskWork, Effect, Integration, Read};
use raftbare_sim::server::Payload;

use super::World;
use super::world::{Flying, Packet};

impl<S: Integration<Packet = Box<Payload>>> World<S> {
    /// After every input: checks, and does what is to do, unless that waits.
    pub(super) fn follow_input(&mut self, id: NodeId, waits: bool) -> Verdict {
        self.check(id)?;
        match waits {
            true => Ok(()),
            false => self.take(id, usize::MAX),
        }
    }

    /// Follows up to `limit` effects.
    pub(super) fn take(&mut self, id: NodeId, limit: usize) -> Verdict {
        for _ in 0..limit {
            if self.is_down(id) {
                return Ok(());
            }
            let Some(effect) = self.server(id).next_effect() else {
                // What a disk has not written yet is in memory only.
                if self.server(id).disk_work() == DiskWork::None {
                    Checker::check_drained(self.server(id))?;
                }
                break;
            };
            self.follow(id, effect)?;
        }
        self.check(id)
    }

    pub(super) fn follow(&mut self, id: NodeId, effect: Effect<Packet>) -> Verdict {
        let server = &self.servers[id.get() as usize - 1];
        match effect {
            Effect::SetTimer | Effect::Done => Ok(()),
            Effect::Append(entries) => {
                self.check_append(id, &entries)?;
                // Nothing comes between the two halves of an append, but a crash.
                let rest = self.server(id).next_effect();
                rest.map_or(Ok(()), |rest| self.follow(id, rest))
            }
            Effect::Stored => self.checker.check_disk(id, &server.durable()),
            Effect::Send(to, packet) => self.send(id, to, packet),
            Effect::Broadcast(packet) => {
                let peers: Vec<NodeId> = server.node().into_iter().flat_map(Node::peers).collect();
                peers
                    .into_iter()
                    .try_for_each(|to| self.send(id, to, packet.clone()))
            }
            Effect::Failed(violation) => Err(violation),
        }
    }

    pub(super) fn check_append(&mut self, id: NodeId, entries: &LogEntries) -> Verdict {
        let server = &self.servers[id.get() as usize - 1];
        self.checker
            .check_stored(entries, |position| server.command(position))
    }

    /// Checks a packet that leaves.
    fn send(&mut self, from: NodeId, to: NodeId, packet: Packet) -> Verdict {
        let server = &self.servers[from.get() as usize - 1];
        if let Content::Message(message) = S::content(&packet) {
            self.checker
                .check_sent(from, to, &server.durable(), &message)?;
            self.traffic.check_call(to, &message)?;
        } else {
            self.told.push("snapshot sent");
        }
        self.launch(Flying { from, to, packet });
        Ok(())
    }

    /// Applies what is committed on one server, and checks it.
    fn check(&mut self, id: NodeId) -> Verdict {
        let server = &mut self.servers[id.get() as usize - 1];
        self.checker.check_server(server)?;
        let Some(node) = server.node() else {
            return Ok(());
        };
        let snapshot = node.log().snapshot_position().index;
        if std::mem::replace(&mut self.snapshots[id.get() as usize - 1], snapshot) < snapshot {
            self.told.push("snapshot");
        }
        for &position in &self.proposed {
            let status = node.get_commit_status(position);
            self.checker.check_status(position, status)?;
        }
        let wrong = |what| Violation {
            property: "Committed entries can be applied",
            detail: format!("{id}: {what}"),
        };
        while server.apply_next().map_err(wrong)? {
            self.checker.check_applied(id, server.state())?;
        }
        while let Some(event) = server.next_event() {
            self.told.push(match event {
                Event::FollowerLostTail(_) => {
                    return Err(Violation {
                        property: "Who has a disk loses no tail",
                        detail: format!("{id}: {event}"),
                    });
                }
                Event::BecameLeader(_) => "event: became leader",
                Event::SteppedDown(..) => "event: stepped down",
                Event::ConfigCommitted(_) => "event: configuration committed",
                Event::TransferEnded(_, TransferOutcome::Done) => "event: transfer done",
                Event::TransferEnded(..) => "event: transfer ended",
                _ => "event",
            });
        }
        for (_, read) in self.reads.iter().filter(|&&(reader, _)| reader == id) {
            let status = server.read_status(read);
            Checker::check_read(id, read.bound, status)?;
            if matches!(status, ReadStatus::Ready(_)) {
                self.told.push("read");
            }
        }
        let is_pending = |read: &Read| server.read_status(read) == ReadStatus::Pending;
        self.reads
            .retain(|(reader, read)| *reader != id || is_pending(read));
        Ok(())
    }
}
