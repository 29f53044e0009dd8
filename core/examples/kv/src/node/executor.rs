//! Does what the replica lets out: sends, applies, answers.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use raftbare::replica::{ChunkToSend, Output, Snapshot, Ticket};
use raftbare::{LogPosition, NodeId, Role};
use tracing::{debug, info};

use super::waiting::{Waiting, answer, not_leader};
use crate::protocol::Answer;
use crate::record::Recorder;
use crate::state::{Command, State};
use crate::store::{Payload, Store, StoreError};
use crate::transport::Links;

/// All of a node but the replica.
#[derive(Debug)]
pub(super) struct Executor {
    pub(super) store: Store,
    pub(super) state: State,
    pub(super) links: Links,
    pub(super) waiting: Waiting,
    pub(super) recorder: Option<Recorder>,
    /// When the timer fires.
    pub(super) deadline: Instant,
}

impl Executor {
    pub(super) fn new(store: Store, state: State, links: Links) -> Self {
        links.learn(state.addresses());
        Self {
            store,
            state,
            links,
            waiting: Waiting::default(),
            recorder: None,
            deadline: Instant::now() + timeout(Role::Follower),
        }
    }

    /// Does one thing. `leader` is whom clients are sent to that are wrong here.
    pub(super) fn execute(
        &mut self,
        output: Output<'_, Payload>,
        leader: Option<NodeId>,
    ) -> Result<(), StoreError> {
        match output {
            Output::SetTimer(role) => self.deadline = Instant::now() + timeout(role),
            Output::Send(to, envelope) => {
                let mut bytes = Vec::new();
                envelope.encode(&mut bytes).expect("a Vec has room");
                if let Some(recorder) = &mut self.recorder {
                    recorder.note_send(to, &bytes);
                }
                self.links.send(to.get(), bytes);
            }
            Output::SendChunk(to, chunk) => self.send_chunk(to, &chunk)?,
            Output::LoadSnapshot(snapshot) => self.load_snapshot(&snapshot)?,
            Output::Apply {
                position,
                payload,
                ticket,
            } => self.apply(position, payload, ticket)?,
            Output::ConfigCommitted {
                position,
                config,
                ticket,
            } => {
                self.state.skip_to(position.index.get());
                info!(members = %config, "the members are committed");
                self.waiting.config_committed(&config, ticket);
            }
            Output::Rejected(ticket) => {
                self.waiting.end(ticket, || not_leader(&self.links, leader));
            }
            Output::Unknown(ticket) => self.waiting.end(ticket, || Answer::Unknown),
            Output::ReadReady(ticket) => {
                if let Some((key, reader)) = self.waiting.readers.remove(&ticket) {
                    let value = self.state.get(&key).cloned();
                    answer(Some(reader), Answer::Value(value));
                }
            }
            Output::ReadLost(ticket) => {
                let reader = self.waiting.readers.remove(&ticket);
                let reader = reader.map(|(_, reader)| reader);
                answer(reader, not_leader(&self.links, leader));
            }
        }
        Ok(())
    }

    fn send_chunk(&self, to: NodeId, chunk: &ChunkToSend) -> Result<(), StoreError> {
        let (offset, len) = (chunk.offset(), chunk.snapshot().len());
        let part = self.store.read_snapshot(offset, chunk.len())?;
        let mut bytes = Vec::new();
        chunk.encode(&part, &mut bytes).expect("a Vec has room");
        if offset == 0 {
            info!(%to, snapshot = %chunk.snapshot(), len, "sends the snapshot");
        }
        debug!(%to, offset, len, "sends a chunk of the snapshot");
        self.links.send(to.get(), bytes);
        Ok(())
    }

    fn load_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let len = usize::try_from(snapshot.len()).unwrap_or(usize::MAX);
        let bytes = self.store.read_snapshot(0, len)?;
        self.state = State::from_snapshot(&bytes).map_err(StoreError::damaged)?;
        self.links.learn(self.state.addresses());
        info!(%snapshot, len, "goes on from a snapshot");
        Ok(())
    }

    fn apply(
        &mut self,
        position: LogPosition,
        payload: &[u8],
        ticket: Option<Ticket>,
    ) -> Result<(), StoreError> {
        let command = postcard::from_bytes(payload).map_err(StoreError::damaged)?;
        let is_address = matches!(command, Command::Address { .. });
        let outcome = self.state.apply(position.index.get(), command);
        if is_address {
            self.links.learn(self.state.addresses());
        }
        let writer = ticket.and_then(|it| self.waiting.writers.remove(&it));
        answer(writer, Answer::Written(outcome));
        Ok(())
    }
}

/// Random, so that two nodes do not campaign at the same time again and again (§5.2).
fn timeout(role: Role) -> Duration {
    let random = RandomState::new().hash_one(());
    Duration::from_millis(match role {
        Role::Leader => 50,
        Role::Follower => 400 + random % 401,
        Role::Candidate => 200 + random % 201,
    })
}
