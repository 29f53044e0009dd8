//! A replica's server as an [`Integration`].

use alloc::borrow::Cow;
use alloc::format;
use alloc::vec::Vec;

use raftbare::codec::{Limits, decode_envelope};
use raftbare::replica::Replica;
use raftbare::{
    ClusterConfig, CommitStatus, LogEntry, LogIndex, LogPosition, Message, Node, NodeId,
};

use super::flaw::ReplicaFlaw;
use super::part::Part;
use super::{Command, ReplicaDisk, ReplicaServer};
use crate::integration::{Answer, Content, DiskWork, Durable, Effect, Integration, Read};
use crate::random::Random;
use crate::state::State;

impl<P: Command> Integration for ReplicaServer<P> {
    type Packet = Vec<u8>;

    // A round trip for two or three entries, where the bounds are low and the disk is slow.
    const CATCH_UP_US: u64 = 25_000;

    fn node(&self) -> Option<&Node> {
        self.replica.as_ref().map(Replica::node)
    }

    fn create_cluster(&mut self, voters: &[NodeId]) {
        if let Some(replica) = &mut self.replica {
            replica.create_cluster(voters);
        }
    }

    fn handle_timeout(&mut self) {
        if let Some(replica) = &mut self.replica {
            replica.handle_timeout();
        }
    }

    fn receive(&mut self, mut packet: Vec<u8>) {
        let Some(replica) = &mut self.replica else {
            return;
        };
        if self.random.chance(self.manner.damage) {
            Part::damage(&mut packet);
        }
        if let Ok((message, _)) = decode_envelope(&packet, &Limits::default()) {
            self.watch.note_arrival(&message);
        }
        if let Err(error) = replica.receive(&packet) {
            self.fail(("An envelope can be read", format!("{error}: {packet:?}")));
        }
        self.check_payloads();
    }

    fn propose(&mut self, command: u64) -> LogPosition {
        let proposed = self.propose_to_replica(command);
        proposed.unwrap_or_else(|wrong| {
            self.fail(wrong);
            LogPosition::INVALID
        })
    }

    fn propose_config(&mut self, config: ClusterConfig) -> LogPosition {
        self.propose_config_to_replica(config)
    }

    fn transfer_leadership(&mut self, to: Option<NodeId>) -> bool {
        self.replica.as_mut().is_some_and(|replica| match to {
            Some(to) => replica.transfer_leadership(to).is_ok(),
            None => replica.abort_transfer(),
        })
    }

    fn begin_read(&mut self, bound: LogIndex) -> Option<Read> {
        self.read_from_replica(bound);
        None
    }

    fn next_effect(&mut self) -> Option<Effect<Vec<u8>>> {
        if let Some(violation) = self.violation.take() {
            return Some(Effect::Failed(violation));
        }
        if let Some(effect) = self.effects.pop_front() {
            let is_skipped =
                self.flaw == Some(ReplicaFlaw::TimerIgnored) && effect == Effect::SetTimer;
            return Some(if is_skipped { Effect::Done } else { effect });
        }
        self.go_on_with_snapshot();
        if self.writing.is_some() {
            if !self.has_ended && self.take_outputs_meanwhile() {
                return Some(Effect::Done);
            }
            return self.go_on_writing();
        }
        if self.replica.as_ref()?.wants_snapshot() {
            self.begin_snapshot();
        }
        let effect = self.begin_writing();
        self.is_idle = effect.is_none();
        effect
    }

    fn disk_work(&mut self) -> DiskWork {
        let Some(writing) = &mut self.writing else {
            return DiskWork::None;
        };
        match writing.work {
            DiskWork::Begins(_) => core::mem::replace(&mut writing.work, DiskWork::GoesOn),
            work => work,
        }
    }

    fn finish_disk_work(&mut self) {
        if let Some(writing) = &mut self.writing {
            writing.work = DiskWork::None;
        }
    }

    fn calm_down(&mut self) {
        self.manner.calm_down();
    }

    fn has_ended(&self) -> bool {
        self.has_ended
    }

    fn apply_next(&mut self) -> Result<bool, &'static str> {
        if self.violation.is_some() {
            return Ok(false);
        }
        let taken = self.take_given();
        if self.is_idle && taken == Ok(false) {
            self.check_idle();
        }
        Ok(taken.unwrap_or_else(|wrong| {
            self.fail(wrong);
            false
        }))
    }

    fn next_answer(&mut self) -> Option<Answer> {
        self.answers.pop_front()
    }

    fn lose_power(&mut self, random: &mut Random) {
        self.interrupt_writing(random);
        self.disk.tidy_up();
        self.replica = None;
        self.taking = None;
        self.effects.clear();
        self.given.clear();
        self.answers.clear();
        self.state = State::default();
        self.clients = super::Clients::default();
        self.watch = super::Watch::default();
        self.has_ended = false;
        self.is_idle = false;
        self.takes_all = false;
        if let Some(unsynced) = self.unsynced.take() {
            self.disk = *unsynced;
        }
        if self.flaw == Some(ReplicaFlaw::ComesBackEmpty) {
            self.disk = ReplicaDisk::default();
        }
    }

    fn restart(&mut self) {
        let (id, options) = (self.id, &self.manner.options);
        let restarted = self
            .disk
            .load::<P>()
            .and_then(|stored| Replica::restart(id, options.clone(), stored));
        self.state = self.disk.state.1;
        // What was being written as the power failed is there, or not: now it shows.
        let log = self.disk.durable().entries.into_owned();
        self.effects.push_back(Effect::Append(log));
        match restarted {
            Ok(replica) => self.replica = Some(replica),
            Err(error) => {
                self.replica = Some(Replica::start(id, options.clone()));
                self.fail(("What is stored fits together", format!("{error}")));
            }
        }
    }

    fn durable(&self) -> Durable<'_> {
        self.disk.durable()
    }

    fn command(&self, position: LogPosition) -> Option<u64> {
        self.disk.command(position)
    }

    fn state(&self) -> State {
        self.state
    }

    fn content(packet: &Vec<u8>) -> Content<'_> {
        match decode_envelope(packet, &Limits::default()) {
            Ok((message, _)) => Content::Message(Cow::Owned(message)),
            Err(_) => Content::Part(Part::read(packet).map_or(LogPosition::ZERO, |it| it.position)),
        }
    }

    fn commands(packet: &Vec<u8>) -> Vec<(LogPosition, u64)> {
        let Ok((Message::AppendEntriesCall { entries, .. }, payloads)) =
            decode_envelope(packet, &Limits::default())
        else {
            return Vec::new();
        };
        let entries = entries.iter_with_positions();
        let positions = entries
            .filter(|(_, entry)| *entry == LogEntry::Command)
            .map(|(position, _)| position);
        // What is no command at all is none that was proposed.
        positions
            .zip(payloads.map(|bytes| P::read(bytes).unwrap_or(u64::MAX)))
            .collect()
    }

    fn take_snapshot(&mut self) {
        self.begin_snapshot();
        self.go_on_with_snapshot();
    }

    fn commit_index(&self) -> LogIndex {
        self.replica
            .as_ref()
            .map_or(LogIndex::ZERO, Replica::applied)
    }

    fn commit_status(&self, position: LogPosition) -> Option<CommitStatus> {
        // The node may be ahead of the disk.
        let replica = self.replica.as_ref()?;
        let is_let_out = position.index <= replica.applied();
        is_let_out.then(|| replica.node().get_commit_status(position))
    }
}
