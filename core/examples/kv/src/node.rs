//! The loop around the replica. One thread owns the replica, the store and the state; inputs come through a queue.
//!
//! A round: take what is in the queue, store what the replica wants stored, do what it lets out. Many inputs in a
//! round cost one durable transaction, so the longer the disk takes, the more goes into the next one.

mod requests;
mod waiting;

use std::hash::{BuildHasher, RandomState};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use raftbare::replica::{Batch, Output, Replica, ReplicaOptions, StoredError};
use raftbare::{NodeId, Role};
use tokio::sync::oneshot;
use tracing::{debug, info, warn};

use crate::failure::Failure;
use crate::protocol::{Answer, Meter, Request};
use crate::state::{Command, State};
use crate::store::{Loaded, Payload, Store, StoreError};
use crate::transport::Links;
use waiting::{Waiting, answer, not_leader};

/// What comes to a node.
#[derive(Debug)]
pub enum Input {
    Envelope(Vec<u8>),
    Request(Request, Asker),
    /// Ends the node in good order.
    Stop,
}

/// Where an answer goes. Whoever asked may be gone.
pub type Asker = oneshot::Sender<Answer>;

/// So many inputs go into a round at most, so that a leader's timer is looked at in time.
const INPUTS_PER_ROUND: usize = 256;

#[derive(Debug)]
pub struct Node {
    replica: Replica<Payload>,
    store: Store,
    state: State,
    links: Links,
    deadline: Instant,
    waiting: Waiting,
    meter: Meter,
    started: Instant,
    shown: (Role, u64),
}

impl Node {
    /// Goes on from what the store holds. With an empty store, it is a new node.
    pub fn new(
        id: NodeId,
        options: ReplicaOptions,
        store: Store,
        loaded: Loaded,
        links: Links,
    ) -> Result<Self, StoredError> {
        let replica = Replica::restart(id, options, loaded.stored)?;
        let node = replica.node();
        let (role, term) = (node.role(), node.current_term().get());
        info!(term, log_end = %node.log().last_position(), applied = loaded.state.applied(), "node starts");
        links.learn(loaded.state.addresses());
        Ok(Self {
            replica,
            store,
            state: loaded.state,
            links,
            deadline: Instant::now() + timeout(Role::Follower),
            waiting: Waiting::default(),
            meter: Meter::default(),
            started: Instant::now(),
            shown: (role, term),
        })
    }

    /// Founds a cluster, if there is none.
    pub fn found(&mut self, voters: &[NodeId]) {
        if self.replica.create_cluster(voters) {
            info!(?voters, "the store is empty: this node founds a cluster");
        }
    }

    /// Runs until it is told to stop, or the store fails.
    pub fn run(mut self, inbox: &Receiver<Input>) -> Result<(), Failure> {
        loop {
            let wait = self.deadline.saturating_duration_since(Instant::now());
            let first = match inbox.recv_timeout(wait) {
                Ok(input) => Some(input),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => Some(Input::Stop),
            };
            let inputs = first.into_iter().chain(inbox.try_iter());
            for input in inputs.take(INPUTS_PER_ROUND) {
                let begun = Instant::now();
                match input {
                    Input::Envelope(bytes) => {
                        if let Err(error) = self.replica.receive(&bytes) {
                            warn!(%error, "what came in is no envelope");
                        }
                    }
                    Input::Request(request, asker) => self.take(request, asker),
                    Input::Stop => return self.stop(),
                }
                self.meter.core_ns += nanos(begun);
            }
            self.settle()?;
            // Only now: what has just come in may be the sign of life that the timer waits for.
            if Instant::now() >= self.deadline {
                self.replica.handle_timeout();
                self.settle()?;
            }
        }
    }

    /// Does all that there is to do: store, then follow, again and again.
    fn settle(&mut self) -> Result<(), Failure> {
        loop {
            let begun = Instant::now();
            let batch = self.replica.next_batch();
            self.meter.core_ns += nanos(begun);
            let Some(batch) = batch else { break };
            if let Err(error) = self.save(&batch) {
                self.replica.storage_failed(batch);
                return Err(self.failure(&error));
            }
            let followed = self.follow(batch);
            followed.map_err(|error| self.failure(&error))?;
        }
        self.take_snapshot().map_err(|error| self.failure(&error))?;
        let node = self.replica.node();
        let now = (node.role(), node.current_term().get());
        if now != self.shown {
            self.shown = now;
            info!(role = %now.0, term = now.1, "role");
        }
        Ok(())
    }

    fn save(&mut self, batch: &Batch<Payload>) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        let applied = self.state.applied();
        let changes = self.state.take_changes();
        self.store.save(Some(batch), &changes, applied)?;
        self.meter.store_ns += nanos(begun);
        self.meter.transactions += 1;
        Ok(())
    }

    /// Does what is safe now that the batch is stored.
    fn follow(&mut self, batch: Batch<Payload>) -> Result<(), StoreError> {
        let leader = self.replica.node().leader_id();
        let begun = Instant::now();
        let mut outputs = self.replica.persisted(batch);
        let mut next = outputs.next();
        self.meter.core_ns += nanos(begun);
        while let Some(output) = next {
            match output {
                Output::SetTimer(role) => self.deadline = Instant::now() + timeout(role),
                Output::Send(to, envelope) => {
                    let mut bytes = Vec::new();
                    envelope.encode(&mut bytes).expect("a Vec has room");
                    self.links.send(to.get(), bytes);
                }
                Output::SendChunk(to, chunk) => {
                    let part = self.store.read_snapshot(chunk.offset(), chunk.len())?;
                    let mut bytes = Vec::new();
                    chunk.encode(&part, &mut bytes).expect("a Vec has room");
                    let len = chunk.snapshot().len();
                    debug!(%to, offset = chunk.offset(), len, "sends a chunk of the snapshot");
                    self.links.send(to.get(), bytes);
                }
                Output::LoadSnapshot(snapshot) => {
                    let len = usize::try_from(snapshot.len()).unwrap_or(usize::MAX);
                    let bytes = self.store.read_snapshot(0, len)?;
                    self.state = State::from_snapshot(&bytes).map_err(StoreError::damaged)?;
                    self.links.learn(self.state.addresses());
                    info!(%snapshot, "goes on from a snapshot");
                }
                Output::Apply {
                    position,
                    payload,
                    ticket,
                } => {
                    let command: Command =
                        postcard::from_bytes(payload).map_err(StoreError::damaged)?;
                    let is_address = matches!(command, Command::Address { .. });
                    let outcome = self.state.apply(position.index.get(), command);
                    if is_address {
                        self.links.learn(self.state.addresses());
                    }
                    let writer = ticket.and_then(|it| self.waiting.writers.remove(&it));
                    answer(writer, Answer::Written(outcome));
                }
                Output::ConfigCommitted {
                    position,
                    config,
                    ticket,
                } => {
                    self.state.skip_to(position.index.get());
                    info!(?config, "members");
                    self.waiting.config_committed(&config, ticket);
                }
                Output::Rejected(ticket) => {
                    self.waiting.end(ticket, || not_leader(&self.links, leader));
                }
                Output::Unknown(ticket) => self.waiting.end(ticket, || Answer::Unknown),
                Output::ReadReady(ticket) => {
                    if let Some((key, reader)) = self.waiting.readers.remove(&ticket) {
                        answer(Some(reader), Answer::Value(self.state.get(&key).cloned()));
                    }
                }
                Output::ReadLost(ticket) => {
                    let reader = self.waiting.readers.remove(&ticket);
                    let reader = reader.map(|(_, reader)| reader);
                    answer(reader, not_leader(&self.links, leader));
                }
            }
            let begun = Instant::now();
            next = outputs.next();
            self.meter.core_ns += nanos(begun);
        }
        Ok(())
    }

    /// Cuts the log when it is time for it. The bytes are stored before the replica hears of them.
    fn take_snapshot(&mut self) -> Result<(), StoreError> {
        if !self.replica.wants_snapshot() {
            return Ok(());
        }
        if let Some(mut taken) = self.replica.begin_snapshot() {
            let bytes = self.state.to_snapshot();
            taken.write(&bytes);
            self.store.save_next_snapshot(&bytes)?;
            info!(position = %taken.position(), len = bytes.len(), "takes a snapshot");
            self.replica.finish_snapshot(taken);
        }
        Ok(())
    }

    /// Ends in good order: what is applied is stored, so that the next start has less to do.
    fn stop(mut self) -> Result<(), Failure> {
        let applied = self.state.applied();
        let changes = self.state.take_changes();
        let saved = self.store.save(None, &changes, applied);
        saved.map_err(|error| self.failure(&error))?;
        info!(applied, "node stops");
        Ok(())
    }

    fn failure(&self, error: &StoreError) -> Failure {
        let id = self.replica.node().id();
        let message = format!(
            "the store of node {id} has failed: {error}. The node ends, as it can promise nothing more; \
             start it again when the cause is gone"
        );
        Failure::new(Failure::STORE, message)
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

fn nanos(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
