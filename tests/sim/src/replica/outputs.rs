//! What a server does with what its replica gives out.

use alloc::format;
use alloc::vec::Vec;

use raftbare::replica::{ChunkToSend, Ticket};
use raftbare::{LogIndex, LogPosition, Message, NodeId};

use super::clients::Wrong;
use super::given::Given;
use super::part::Part;
use super::{Command, ReplicaServer};
use crate::integration::{Answer, Effect};

impl<P: Command> ReplicaServer<P> {
    /// The batch is stored: gives it back, and takes what comes out, all or some.
    pub(super) fn take_outputs(&mut self) {
        let batch = self.writing.take().and_then(|writing| writing.batch);
        let (Some(batch), Some(replica)) = (batch, &mut self.replica) else {
            return;
        };
        let most = match self.random.chance(self.manner.partial_outputs) {
            true => self.random.below(6) as usize,
            false => usize::MAX,
        };
        let outputs = replica.persisted(batch).take(most);
        let given = outputs.map(Given::from_output).collect();
        self.take_each(given, most == usize::MAX);
    }

    /// Takes what comes out while a batch is on its way to the disk; says whether there was something.
    pub(super) fn take_outputs_meanwhile(&mut self) -> bool {
        let Some(replica) = &mut self.replica else {
            return false;
        };
        if !replica.node().options().asynchronous_storage {
            return false;
        }
        let given: Vec<_> = replica.outputs().map(Given::from_output).collect();
        let is_any = !given.is_empty();
        self.seen.meanwhile += given.len() as u64;
        // Also if nothing comes out: the replica has looked who its followers are, and has passed entries that ask
        // for nothing.
        self.take_each(given, is_any || self.takes_all);
        is_any
    }

    fn take_each(&mut self, given: Vec<Given>, is_all: bool) {
        let Some(replica) = &self.replica else { return };
        let applied = replica.applied();
        let config = replica.node().config();
        self.watch.retain(|id| config.contains(id));
        for next in given {
            if let Given::ReadReady(_) = next {
                // Before a read, everything is given out.
                self.given.push_back(Given::Through(applied));
            }
            if let Err(wrong) = self.take_output(next) {
                self.fail(wrong);
            }
        }
        self.takes_all = is_all;
        // Otherwise a snapshot that counts as applied may wait to be given out.
        if is_all && !self.is_given_through(applied) {
            self.given.push_back(Given::Through(applied));
        }
    }

    fn is_given_through(&self, applied: LogIndex) -> bool {
        match self.given.back() {
            Some(last) => matches!(last, Given::Through(index) if *index == applied),
            None => self.state.applied == applied,
        }
    }

    fn take_output(&mut self, given: Given) -> Result<(), Wrong> {
        match given {
            Given::SetTimer => self.effects.push_back(Effect::SetTimer),
            Given::Send(to, bytes, message) => {
                match &message {
                    Some(message) => self.check_message(to, &bytes, message)?,
                    None => self.check_chunk_reply(&bytes)?,
                }
                self.effects.push_back(Effect::Send(to, bytes));
            }
            Given::SendChunk(to, chunk) => {
                let bytes = self.chunk_envelope(&chunk)?;
                self.seen.chunks += 1;
                self.effects.push_back(Effect::Send(to, bytes));
            }
            later => self.given.push_back(later),
        }
        Ok(())
    }

    fn check_message(&mut self, to: NodeId, bytes: &[u8], message: &Message) -> Result<(), Wrong> {
        let options = &self.manner.options;
        if let Message::AppendEntriesCall { entries, .. } = message {
            self.seen.full_calls += u64::from(entries.len() == options.max_call_entries);
        }
        self.watch.check_sent(options, to, bytes, message)
    }

    /// What the answer to a chunk calls stored is stored, or not needed.
    fn check_chunk_reply(&self, bytes: &[u8]) -> Result<(), Wrong> {
        let part = Part::read(bytes);
        let Some((part, (checksum, next_offset))) = part.and_then(|it| Some((it, it.reply?)))
        else {
            return Err(("An envelope can be read", format!("{bytes:?} is not")));
        };
        let commit_index = self.replica.as_ref().map(|it| it.node().commit_index());
        let is_of_it = |file: &&super::disk::File| {
            (file.snapshot.position(), file.snapshot.checksum()) == (part.position, checksum)
        };
        let incoming = self.disk.incoming.as_ref().filter(is_of_it);
        let stored = incoming.map_or(0, |file| file.bytes.len() as u64);
        if stored >= next_offset || Some(part.position.index) <= commit_index {
            return Ok(());
        }
        let detail = format!("{stored} bytes are, of {next_offset}: {part:?}");
        Err(("A chunk is stored before it is answered", detail))
    }

    fn chunk_envelope(&self, chunk: &ChunkToSend) -> Result<Vec<u8>, Wrong> {
        let Some(bytes) = self.disk.bytes_of(chunk.snapshot()) else {
            return Err((
                "A chunk is one of the stored snapshot",
                format!("{chunk:?}"),
            ));
        };
        if chunk.len() > self.manner.options.chunk_bytes {
            return Err(("Chunks keep within their bounds", format!("{chunk:?}")));
        }
        let start = chunk.offset() as usize;
        let bytes = bytes.get(start..start + chunk.len());
        let mut envelope = Vec::new();
        chunk
            .encode(bytes.unwrap_or_default(), &mut envelope)
            .expect("a vector has room");
        Ok(envelope)
    }

    /// Does the next of what was given out; says whether it has changed the state.
    pub(super) fn take_given(&mut self) -> Result<bool, Wrong> {
        while let Some(next) = self.given.pop_front() {
            match next {
                Given::Load(snapshot) => {
                    self.load_snapshot(&snapshot)?;
                    self.seen.loaded += 1;
                    return Ok(true);
                }
                Given::Apply(position, ..) | Given::Config(position, _)
                    if self.passes_over(position.index)? =>
                {
                    self.given.push_front(next);
                    return Ok(true);
                }
                Given::Apply(position, command, ticket) => {
                    self.apply(position.index, command)?;
                    self.note_decided(position, command, ticket)?;
                    return Ok(true);
                }
                Given::Config(position, ticket) => {
                    self.apply(position.index, None)?;
                    self.note_decided(position, None, ticket)?;
                    return Ok(true);
                }
                Given::Through(index) => {
                    if self.state.applied < index {
                        self.given.push_front(next);
                        self.apply(self.state.applied + LogIndex::new(1), None)?;
                        return Ok(true);
                    }
                }
                other => self.tell(&other)?,
            }
        }
        Ok(false)
    }

    /// Passes over an entry that is no command, if there is one before that at `index`.
    fn passes_over(&mut self, index: LogIndex) -> Result<bool, Wrong> {
        let next = self.state.applied + LogIndex::new(1);
        if next < index {
            self.apply(next, None)?;
        }
        Ok(next < index)
    }

    /// The entry at `position` is applied; whoever has proposed it is told.
    fn note_decided(
        &mut self,
        position: LogPosition,
        command: Option<u64>,
        ticket: Option<Ticket>,
    ) -> Result<(), Wrong> {
        let answer = ticket.map(|_| Answer::Committed(position));
        self.seen.committed += u64::from(answer.is_some());
        self.answers.extend(answer);
        self.clients.applied(position, command, ticket)
    }

    fn apply(&mut self, index: LogIndex, command: Option<u64>) -> Result<(), Wrong> {
        let applied = self.state.applied;
        if index != applied + LogIndex::new(1) {
            let detail = format!("{index} is given out after {applied}");
            return Err(("A command is applied once, in its order", detail));
        }
        self.state.apply(index, command);
        self.answers.push_back(Answer::Applied(index, command));
        Ok(())
    }

    /// Tells a client how its proposal or read has ended.
    fn tell(&mut self, given: &Given) -> Result<(), Wrong> {
        let snapshot = self.replica.as_ref().and_then(|it| it.snapshot());
        let snapshot = snapshot.map_or(LogIndex::ZERO, |it| it.position().index);
        match *given {
            Given::Rejected(ticket) => {
                self.seen.rejected += 1;
                self.answers.push_back(Answer::Rejected(ticket.position()));
                self.clients.rejected(ticket)
            }
            Given::Unknown(ticket) => {
                self.seen.unknown += 1;
                self.clients.unknown(ticket, snapshot)
            }
            Given::ReadReady(ticket) => {
                let bound = self.clients.read_ready(ticket)?;
                let seen = self.state.applied;
                self.answers.push_back(Answer::Read { bound, seen });
                Ok(())
            }
            Given::ReadLost(ticket) => self.clients.read_lost(ticket, self.leads()),
            _ => Ok(()),
        }
    }
}
