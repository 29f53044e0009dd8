//! The loop around the replica. One thread owns the replica, the store and the state; inputs come through a queue.
//!
//! A round: take what is in the queue, store what the replica wants stored, do what it lets out. Many inputs in a
//! round cost one durable transaction, so the longer the disk takes, the more goes into the next one.

mod executor;
mod members;
mod requests;
mod waiting;

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use raftbare::replica::{Batch, Replica, ReplicaOptions, StoredError};
use raftbare::{NodeId, Role};
use tokio::sync::oneshot;
use tracing::{info, warn};

use crate::failure::Failure;
use crate::protocol::{Answer, Meter, Request};
use crate::record::{Did, Recorder};
use crate::store::{Loaded, Payload, Store, StoreError};
use crate::transport::Links;
use executor::Executor;

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
    executor: Executor,
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
        Ok(Self {
            replica,
            executor: Executor::new(store, loaded.state, links),
            meter: Meter::default(),
            started: Instant::now(),
            shown: (role, term),
        })
    }

    /// Records what it does from now on.
    pub fn record(&mut self, recorder: Recorder) {
        self.executor.recorder = Some(recorder);
        self.note(Did::Start, None);
    }

    fn note(&mut self, did: Did, text: Option<&str>) {
        if let Some(recorder) = &mut self.executor.recorder {
            recorder.note(self.replica.node(), did, text);
        }
    }

    /// Founds a cluster, if there is none.
    pub fn found(&mut self, voters: &[NodeId]) {
        if self.replica.create_cluster(voters) {
            info!(?voters, "the store is empty: this node founds a cluster");
            self.note(Did::Propose, Some("a cluster"));
        }
    }

    /// Runs until it is told to stop, or the store fails.
    pub fn run(mut self, inbox: &Receiver<Input>) -> Result<(), Failure> {
        loop {
            let wait = self
                .executor
                .deadline
                .saturating_duration_since(Instant::now());
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
                        if let Some(recorder) = &mut self.executor.recorder {
                            recorder.note_receive(self.replica.node(), &bytes);
                        }
                    }
                    Input::Request(request, asker) => {
                        self.take(request, asker);
                        self.note(Did::Propose, Some("a request"));
                    }
                    Input::Stop => return self.stop(),
                }
                self.meter.core_ns += nanos(begun);
            }
            self.settle()?;
            // Only now: what has just come in may be the sign of life that the timer waits for.
            if Instant::now() >= self.executor.deadline {
                self.replica.handle_timeout();
                self.note(Did::Timeout, None);
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
        if let Some(recorder) = &mut self.executor.recorder {
            recorder.flush();
        }
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
        let applied = self.executor.state.applied();
        let changes = self.executor.state.take_changes();
        self.executor.store.save(Some(batch), &changes, applied)?;
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
            self.executor.execute(output, leader)?;
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
            let bytes = self.executor.state.to_snapshot();
            taken.write(&bytes);
            self.executor.store.save_next_snapshot(&bytes)?;
            info!(position = %taken.position(), len = bytes.len(), "takes a snapshot");
            self.replica.finish_snapshot(taken);
        }
        Ok(())
    }

    /// Ends in good order: what is applied is stored, so that the next start has less to do.
    fn stop(mut self) -> Result<(), Failure> {
        let applied = self.executor.state.applied();
        let changes = self.executor.state.take_changes();
        let saved = self.executor.store.save(None, &changes, applied);
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

fn nanos(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
