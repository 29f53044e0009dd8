//! [`RawNode`]: [`raftbare::Node`] for JavaScript.
//!
//! Bytes pass through a buffer of the node. JavaScript reserves room, writes an argument there and calls; where a
//! method returns an address, the result lies there until the next call. `false` says that the bytes are none of what
//! is wanted, and that nothing has happened: TypeScript has checked them before, so it never should.

use crate::buffer::Buffer;
use crate::bytes::{
    LIMITS, Put, commit_status, decode_log, event, node_options, read_status, role,
};
use alloc::vec::Vec;
use raftbare::codec::{decode_config, decode_message};
use raftbare::{ClusterConfig, LogIndex, LogPosition, Node, NodeId, ReadToken, Term};
use wasm_bindgen::prelude::wasm_bindgen;

/// A node. Its methods are those of [`Node`].
#[wasm_bindgen]
#[derive(Debug)]
pub struct RawNode {
    node: Node,
    buffer: Buffer,
}

/// A read under way. Garbage collection frees it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct RawReadToken {
    token: ReadToken,
}

impl RawNode {
    /// Puts a result into the buffer, and says where it is.
    fn result(&mut self, put: impl FnOnce(&mut Node, &mut Vec<u8>)) -> *const u8 {
        self.buffer.result(|result| put(&mut self.node, result))
    }

    fn config_argument(&self) -> Option<ClusterConfig> {
        decode_config(self.buffer.argument(), &LIMITS).ok()
    }

    #[cfg(feature = "simulator")]
    pub(crate) fn node(&self) -> &Node {
        &self.node
    }
}

/// Inputs.
#[wasm_bindgen]
impl RawNode {
    /// [`Node::start`].
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn start(id: u64) -> Self {
        let node = Node::start(NodeId::new(id));
        let buffer = Buffer::default();
        Self { node, buffer }
    }

    /// Makes room for an argument of so many bytes, and says where.
    pub fn reserve(&mut self, len: usize) -> *mut u8 {
        self.buffer.reserve(len)
    }

    /// [`Node::restart`] in the place of a node that has just been started, with the log in the buffer, whose
    /// configuration has so many bytes.
    pub fn restart(&mut self, current_term: u64, has_voted: bool, vote: u64, len: usize) -> bool {
        let log = decode_log(self.buffer.argument(), len);
        let is_log = log.is_some();
        if let Some(log) = log {
            let vote = has_voted.then_some(NodeId::new(vote));
            self.node = Node::restart(self.node.id(), Term::new(current_term), vote, log);
        }
        is_log
    }

    /// [`Node::create_cluster`] with the voters of the configuration in the buffer, in which the position follows.
    #[wasm_bindgen(js_name = createCluster)]
    pub fn create_cluster(&mut self) -> *const u8 {
        let config = self.config_argument().unwrap_or_default();
        let voters: Vec<NodeId> = config.voters.iter().copied().collect();
        self.result(|node, result| result.position(node.create_cluster(&voters)))
    }

    /// [`Node::propose_config`]; the position follows in the buffer.
    #[wasm_bindgen(js_name = proposeConfig)]
    pub fn propose_config(&mut self) -> *const u8 {
        let config = self.config_argument().unwrap_or_default();
        self.result(|node, result| result.position(node.propose_config(config)))
    }

    /// [`Node::propose_command`]; the position follows in the buffer.
    #[wasm_bindgen(js_name = proposeCommand)]
    pub fn propose_command(&mut self) -> *const u8 {
        self.result(|node, result| result.position(node.propose_command()))
    }

    /// [`Node::handle_message`].
    #[wasm_bindgen(js_name = handleMessage)]
    pub fn handle_message(&mut self) -> bool {
        let message = decode_message(self.buffer.argument(), &LIMITS).ok();
        let is_message = message.is_some();
        if let Some(message) = message {
            self.node.handle_message(message);
        }
        is_message
    }

    /// [`Node::handle_election_timeout`].
    #[wasm_bindgen(js_name = handleElectionTimeout)]
    pub fn handle_election_timeout(&mut self) {
        self.node.handle_election_timeout();
    }

    /// [`Node::handle_snapshot_installed`] with the configuration in the buffer.
    #[wasm_bindgen(js_name = handleSnapshotInstalled)]
    pub fn handle_snapshot_installed(&mut self, term: u64, index: u64) -> bool {
        let config = self.config_argument();
        config.is_some_and(|config| {
            self.node
                .handle_snapshot_installed(position(term, index), config)
        })
    }

    /// [`Node::set_options`] with [`node_options`].
    #[wasm_bindgen(js_name = setOptions)]
    pub fn set_options(&mut self, silent_timeouts: u8, switches: u8, transfer_timeouts: u8) {
        let options = node_options(silent_timeouts, switches, transfer_timeouts);
        self.node.set_options(options);
    }

    /// [`Node::handle_log_persisted`].
    #[wasm_bindgen(js_name = handleLogPersisted)]
    pub fn handle_log_persisted(&mut self, term: u64, index: u64) {
        self.node.handle_log_persisted(position(term, index));
    }

    /// [`Node::handle_hard_state_persisted`].
    #[wasm_bindgen(js_name = handleHardStatePersisted)]
    pub fn handle_hard_state_persisted(&mut self, term: u64, has_voted: bool, vote: u64) {
        let vote = has_voted.then_some(NodeId::new(vote));
        self.node.handle_hard_state_persisted(Term::new(term), vote);
    }

    /// [`Node::transfer_leadership`].
    #[wasm_bindgen(js_name = transferLeadership)]
    pub fn transfer_leadership(&mut self, target: u64) -> bool {
        self.node.transfer_leadership(NodeId::new(target))
    }

    /// [`Node::abort_transfer`].
    #[wasm_bindgen(js_name = abortTransfer)]
    pub fn abort_transfer(&mut self) -> bool {
        self.node.abort_transfer()
    }

    /// [`Node::next_event`].
    #[wasm_bindgen(js_name = nextEvent)]
    pub fn next_event(&mut self) -> *const u8 {
        self.result(|node, result| event(node.next_event(), result))
    }

    /// [`Node::heartbeat`].
    pub fn heartbeat(&mut self) -> bool {
        self.node.heartbeat()
    }

    /// [`Node::read_index`].
    #[wasm_bindgen(js_name = readIndex)]
    pub fn read_index(&mut self) -> Option<RawReadToken> {
        let token = self.node.read_index()?;
        Some(RawReadToken { token })
    }

    /// Takes up to so many actions.
    pub fn drain(&mut self, limit: usize) -> *const u8 {
        self.result(|node, result| {
            for _ in 0..limit {
                let Some(action) = node.actions_mut().next() else {
                    break;
                };
                result.action(&action);
            }
            result.end_of_actions();
        })
    }
}

/// Questions.
#[wasm_bindgen]
impl RawNode {
    /// The small things: identifier, role, term, vote, leader and commit index; and what is beyond the basic
    /// algorithm: whether it is a pre-candidate, durable index, target of a transfer.
    pub fn state(&mut self) -> *const u8 {
        self.result(|node, result| {
            result.number(node.id().get());
            result.word(role(node.role()));
            result.number(node.current_term().get());
            result.optional(node.voted_for().map(NodeId::get));
            result.optional(node.leader_id().map(NodeId::get));
            result.number(node.commit_index().get());
            result.word(u8::from(node.is_pre_candidate()));
            result.number(node.durable_index().get());
            result.optional(node.transfer_target().map(NodeId::get));
        })
    }

    /// What a leader knows of a node: [`Node::match_index`], [`Node::has_lost_tail`].
    pub fn member(&mut self, id: u64) -> *const u8 {
        let id = NodeId::new(id);
        self.result(|node, result| {
            result.optional(node.match_index(id).map(LogIndex::get));
            result.word(u8::from(node.has_lost_tail(id)));
        })
    }

    /// [`Node::log`]
    pub fn log(&mut self) -> *const u8 {
        self.result(|node, result| result.log(node.log()))
    }

    /// [`Node::config`]
    pub fn config(&mut self) -> *const u8 {
        self.result(|node, result| result.config(node.config()))
    }

    /// [`Node::actions`], all of them, none taken.
    pub fn actions(&mut self) -> *const u8 {
        self.result(|node, result| {
            result.actions(node.actions());
            result.end_of_actions();
        })
    }

    /// [`Node::get_commit_status`].
    #[wasm_bindgen(js_name = getCommitStatus)]
    #[must_use]
    pub fn get_commit_status(&self, term: u64, index: u64) -> u8 {
        commit_status(self.node.get_commit_status(position(term, index)))
    }

    /// [`Node::read_status`].
    #[wasm_bindgen(js_name = readStatus)]
    pub fn read_status(&mut self, read: &RawReadToken) -> *const u8 {
        self.result(|node, result| read_status(node.read_status(read.token), result))
    }
}

fn position(term: u64, index: u64) -> LogPosition {
    LogPosition {
        term: Term::new(term),
        index: LogIndex::new(index),
    }
}
