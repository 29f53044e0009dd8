//! [`Node`]: the state of a node and the rules that hold in every role. Each role has a file of its own
//! below, as in figure 2's box "Rules for Servers".
//!
//! Every input runs the same way: a leader first counts what has been committed meanwhile, then the term
//! rule of §5.1 decides whether the message is heeded, then the file of the role answers it; all that has to
//! be done about it lies in [`Actions`]. Nothing is called from inside: no clock, no storage, no callback.
//! What is rare is marked as `#[cold]`: that keeps the usual way short.
//!
//! # Where the paper is
//!
//! "§" is the extended version of the paper, "thesis §" Ongaro's dissertation.
//!
//! | Paper | Here |
//! |---|---|
//! | §5.1 a higher term makes a follower, an older term is refused | [`Node::handle_message`], [`Node::heeds_term`], [`Node::refuse_older_term`] |
//! | §5.2 a timeout starts an election | [`Node::handle_election_timeout`], [`Node::start_election`] |
//! | §5.2 one vote per term, first come first served | [`Node::handle_request_vote_call`] |
//! | §5.2 a majority of votes makes a leader | [`Node::handle_request_vote_reply`], [`Votes::are_majority`] |
//! | §5.2 a candidate that hears the leader of its term gives way | [`Node::handle_append_entries_call`] |
//! | §5.2 a leader's heartbeats | [`Node::heartbeat`] |
//! | §5.3 the leader appends and replicates | [`Node::propose_command`], [`Node::propose`] |
//! | §5.3 consistency check, overwriting at a conflict | [`Node::append_entries`], [`LogEntries::last_common_index`](crate::LogEntries) |
//! | §5.3 the follower's commit index | [`Node::append_entries`] |
//! | §5.3 match index, decrement and try again | [`Leader::handle_reply`], [`Node::repair_follower`] |
//! | §5.3 an entry on a majority is committed | [`Leader::majority_index`], [`Node::commit_index`] |
//! | §5.4.1 up-to-date | [`LogPosition`]'s order, [`Node::handle_request_vote_call`] |
//! | §5.4.2 only entries of the own term are counted | [`Node::commit_index`] |
//! | §6 configurations: in force when appended, joint consensus | [`Node::propose_config`], [`Node::leave_joint_consensus`] |
//! | §6 a leader outside C_new steps down at its commit | [`Node::follow_committed_config`] |
//! | §6 removed servers do not disturb | [`Node::is_disturbance`] |
//! | §7 snapshots | [`Node::handle_snapshot_installed`], [`Node::repair_follower`] |
//! | §8 the `Term` entry of a new leader | [`Node::become_leader`] |
//! | §8 reads that are linearizable | [`Node::heartbeat`], [`Node::read_index`], [`Node::read_status`] |
//! | thesis §3.10 leadership transfer | [`Node::transfer_leadership`], [`Node::handle_campaign_now`] |
//! | thesis §3.8 what was acknowledged is stored | [`Node::is_from_lost_tail`] |
//! | thesis §4.2.2 who may campaign | [`Node::may_campaign`] |
//! | thesis §4.2.3 disturbing servers | [`Node::is_disturbance`] |
//! | thesis §6.2 a leader without a majority steps down | [`Node::hears_quorum`] |
//! | thesis §9.6 pre-vote | [`Node::start_pre_vote`], [`Node::handle_pre_vote`] |
//! | thesis §10.2.1 the leader's own disk works in parallel | [`Node::durable_index`], [`Node::handle_log_persisted`] |

use alloc::boxed::Box;

use crate::entries::EntryRef;
use crate::quorum::Votes;
use crate::replication::Leader;
use crate::storage::Storage;
use crate::{
    Actions, ClusterConfig, Event, Log, LogEntries, LogIndex, LogPosition, Message, MessageHeader,
    MessageKind, MessageSeqNo, NodeId, NodeOptions, StepDown, Term,
};

mod candidate;
mod events;
mod follower;
mod leader;
mod lost_tail;
mod pre_vote;
mod questions;
mod read;
mod snapshot;
mod storage;
mod term;
mod transfer;

use events::Events;

/// A node of a Raft cluster: a state machine without I/O.
///
/// Inputs are the `handle_…`, `propose_…` and similar methods; what has to be done about them lies in
/// [`actions_mut`](Self::actions_mut). The crate's documentation says in which order that is safe.
///
/// Two nodes that compare equal behave the same from there on: nothing is left out of the comparison.
///
/// ```
/// use raftbare::{Node, NodeId};
///
/// let mut node = Node::start(NodeId::new(1));
/// let position = node.create_cluster(&[NodeId::new(1)]);
/// for _action in node.actions_mut() { /* store, send, set the timer */ }
/// assert!(node.get_commit_status(position).is_committed()); // alone, it is a majority
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Node {
    id: NodeId,
    current_term: Term,
    voted_for: Option<NodeId>,
    log: Log,
    /// The highest index that this node has found committed. A leader may know more: see `commit_index()`.
    commit_index: LogIndex,
    /// The number of the newest call of this term.
    seqno: MessageSeqNo,
    /// Whether the leader of this term has called since this node's last timeout.
    has_contact: bool,
    role: RoleState,
    actions: Actions,
    options: NodeOptions,
    /// What is told besides; where nobody wants to know, nothing.
    events: Option<Box<Events>>,
    /// What is known of a storage that takes its time; where what was taken is stored, nothing.
    storage: Option<Box<Storage>>,
}

/// The role, with what exists in it only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum RoleState {
    Follower,
    /// thesis §9.6: a follower that asks whether it could be elected.
    PreCandidate(Box<Votes>),
    Candidate(Box<Votes>),
    Leader(Box<Leader>),
}

impl Node {
    /// Makes a new node: a follower in term 0 with an empty log, in no cluster.
    ///
    /// It joins a cluster when a leader writes to it, or founds one with
    /// [`create_cluster`](Self::create_cluster). No action follows. A node that was started before has to
    /// come back by [`restart`](Self::restart) instead: it may have voted.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// let node = Node::start(NodeId::new(1));
    /// assert!(node.role().is_follower());
    /// assert!(node.actions().is_empty());
    /// ```
    #[must_use]
    pub fn start(id: NodeId) -> Self {
        let log = Log::new(ClusterConfig::new(), LogEntries::new(LogPosition::ZERO));
        Self {
            id,
            current_term: Term::ZERO,
            voted_for: None,
            log,
            commit_index: LogIndex::ZERO,
            seqno: MessageSeqNo::ZERO,
            has_contact: false,
            role: RoleState::Follower,
            actions: Actions::default(),
            options: NodeOptions::default(),
            events: None,
            storage: None,
        }
    }

    /// Makes a node that goes on from what it has stored (figure 2, "persistent state").
    ///
    /// A follower whose commit index is that of its snapshot; the rest of the commit index comes from the
    /// leader. Precondition: the term, the vote and the log are what the executed actions have stored,
    /// nothing of it lost. Nothing is checked but this: if the last entry is of a later term than
    /// `current_term` (a snapshot was stored and the term was not), the term is raised and the vote cleared.
    ///
    /// Actions: [`SetElectionTimeout`](crate::Action::SetElectionTimeout), and where the term was raised
    /// [`SaveCurrentTerm`](crate::Action::SaveCurrentTerm) and [`SaveVotedFor`](crate::Action::SaveVotedFor).
    ///
    /// ```
    /// # use raftbare::{Action, ClusterConfig, Log, LogEntries, LogPosition, Node, NodeId, Term};
    /// let log = Log::new(ClusterConfig::new(), LogEntries::new(LogPosition::ZERO));
    /// let mut node = Node::restart(NodeId::new(1), Term::new(3), Some(NodeId::new(2)), log);
    /// assert_eq!(node.current_term(), Term::new(3));
    /// assert!(node.actions_mut().eq([Action::SetElectionTimeout]));
    /// ```
    #[must_use]
    pub fn restart(id: NodeId, current_term: Term, voted_for: Option<NodeId>, log: Log) -> Self {
        let mut node = Self::start(id);
        node.current_term = current_term;
        node.voted_for = voted_for;
        node.commit_index = log.snapshot_position().index;
        let last_term = log.last_position().term;
        node.log = log;
        node.actions.set_election_timeout = true;
        if current_term < last_term {
            node.become_follower(last_term);
            node.actions.save_voted_for = true;
        }
        node
    }

    /// Founds a cluster of these voters, and makes this node a candidate at once (alone: the leader).
    ///
    /// Done on one node only; the others are [started](Self::start) and wait. The voters may name this node
    /// or not; if not, it can never lead, and the cluster only comes to life if another founds it too, with
    /// the same voters.
    ///
    /// Returns the position of the configuration's entry, (0, 1), or [`LogPosition::INVALID`] if
    /// `initial_voters` is empty, or this node has log entries, a snapshot or a configuration.
    ///
    /// Actions: the append, and those of an election.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// let mut node = Node::start(NodeId::new(1));
    /// let position = node.create_cluster(&[NodeId::new(1), NodeId::new(2)]);
    /// assert!(!position.is_invalid());
    /// assert!(node.role().is_candidate());
    /// assert!(node.create_cluster(&[NodeId::new(1)]).is_invalid());
    /// ```
    pub fn create_cluster(&mut self, initial_voters: &[NodeId]) -> LogPosition {
        let is_new =
            self.log.last_position() == LogPosition::ZERO && self.config().most_nodes() == 0;
        if !is_new || initial_voters.is_empty() {
            return LogPosition::INVALID;
        }
        let mut config = ClusterConfig::new();
        config.voters.extend(initial_voters);
        let position = self.append(EntryRef::ClusterConfig(&config));
        if self.may_campaign() {
            self.start_election(MessageKind::Ordinary);
        } else {
            self.actions.set_election_timeout = true;
        }
        position
    }

    /// Takes a message that has arrived from another node (§5.1, figure 2).
    ///
    /// Preconditions: none. A message may come late, twice, in any order, from a node outside the cluster,
    /// or be forged: what does not fit is dropped, and nothing is lost by it.
    ///
    /// Actions: those of the answer, and of what it changes here: term, vote, log, role, timer.
    ///
    /// ```
    /// # use raftbare::{LogPosition, Message, MessageHeader, MessageSeqNo, Node, NodeId, Term};
    /// let header = MessageHeader { from: NodeId::new(2), term: Term::new(1), seqno: MessageSeqNo::new(1) };
    /// let mut node = Node::start(NodeId::new(1));
    /// node.handle_message(Message::RequestVoteCall { header, last_position: LogPosition::ZERO });
    /// assert_eq!(node.voted_for(), Some(NodeId::new(2)));
    /// ```
    #[inline(never)] // In a loop of the user it would be short of registers.
    pub fn handle_message(&mut self, msg: Message) {
        self.begin_input();
        if msg.from() == self.id || !msg.has_sane_terms() {
            return;
        }
        match msg.kind() {
            MessageKind::Ordinary | MessageKind::TransferVote => {}
            MessageKind::PreVote => return self.handle_pre_vote(&msg),
            MessageKind::CampaignNow => return self.handle_campaign_now(&msg),
        }
        if !self.heeds_term(&msg) {
            return;
        }
        match msg {
            Message::RequestVoteCall {
                header,
                last_position,
            } => {
                self.handle_request_vote_call(header, last_position);
            }
            Message::RequestVoteReply {
                header,
                vote_granted,
            } => {
                self.handle_request_vote_reply(header, vote_granted);
            }
            Message::AppendEntriesCall {
                header,
                commit_index,
                entries,
            } => {
                self.handle_append_entries_call(header, commit_index, entries);
            }
            Message::AppendEntriesReply {
                header,
                last_position,
            } => {
                self.handle_append_entries_reply(header, last_position);
            }
        }
    }

    /// Takes the end of the time that [`SetElectionTimeout`](crate::Action::SetElectionTimeout) asked for (§5.2).
    ///
    /// A follower or candidate starts an election in the next term, if it is a voter (and may lead, see
    /// [`NodeOptions::never_leads`]); a leader sends heartbeats. Calling it too early or too often costs needless elections, never safety.
    ///
    /// Actions: always the next `SetElectionTimeout`; in an election also the saving of term and vote and a
    /// broadcast of [`Message::RequestVoteCall`]; from a leader a broadcast of [`Message::AppendEntriesCall`].
    ///
    /// ```
    /// # use raftbare::{Action, Node, NodeId};
    /// let mut node = Node::start(NodeId::new(1));
    /// node.handle_election_timeout(); // in no cluster, it only waits on
    /// assert!(node.actions_mut().eq([Action::SetElectionTimeout]));
    /// ```
    pub fn handle_election_timeout(&mut self) {
        self.begin_input();
        self.has_contact = false;
        self.actions.set_election_timeout = true;
        if let RoleState::Leader(leader) = &mut self.role {
            leader.note_timeout();
            self.note_transfer_timeout();
            if !self.has_live_storage() {
                self.step_down(StepDown::StorageStalled);
            } else if self.hears_quorum() {
                self.send_heartbeat();
                self.continue_transfer();
            } else {
                self.step_down(StepDown::Silence);
            }
            return;
        }
        let has_storage = self.has_storage_to_campaign();
        if has_storage && self.may_campaign() && !self.leaves_leading_to_others() {
            match self.options.stable_leadership {
                Some(_) => self.start_pre_vote(),
                None => self.start_election(MessageKind::Ordinary),
            }
        }
    }

    /// What every input begins with: what the user has done meanwhile.
    fn begin_input(&mut self) {
        self.note_taken_append();
        self.advance_commit_index();
    }

    /// §5.1: becomes a follower, of a higher term with the vote not given yet, of the same one with the vote
    /// kept. A leader needs the longer timer of a follower; a candidate's is running.
    fn become_follower(&mut self, term: Term) {
        if term > self.current_term {
            if self.role().is_leader() {
                self.tell_step_down(StepDown::HigherTerm);
            }
            self.enter_term(term, None);
        }
        if let RoleState::Follower = self.role {
            return;
        }
        self.actions.set_election_timeout |= self.role().is_leader();
        self.role = RoleState::Follower;
        self.actions.withdraw_calls();
    }

    /// A leader becomes a follower of the same term, and keeps its vote.
    #[cold]
    fn step_down(&mut self, reason: StepDown) {
        self.tell_step_down(reason);
        self.become_follower(self.current_term);
    }

    /// §5.1: goes on to a higher term. Calls are counted anew, and the leader is not known yet.
    #[cold]
    fn enter_term(&mut self, term: Term, voted_for: Option<NodeId>) {
        self.current_term = term;
        self.actions.save_current_term = true;
        self.actions.save_voted_for |= self.voted_for.or(voted_for).is_some();
        self.voted_for = voted_for;
        self.seqno = MessageSeqNo::ZERO;
        self.has_contact = false;
        self.actions.withdraw_acknowledgements();
        if let Some(storage) = &mut self.storage {
            storage.forget_promises();
        }
    }

    /// §5.2, §8: becomes the leader, and starts its term in the log.
    fn become_leader(&mut self) {
        let Some(term_start) = self.log.last_position().index.checked_next() else {
            return;
        };
        self.actions.withdraw_calls();
        self.actions.set_election_timeout = true;
        let leader = Leader::new(self.id, term_start, self.config(), self.seqno);
        self.role = RoleState::Leader(Box::new(leader));
        self.tell_next_leader(self.id);
        self.tell(Event::BecameLeader(self.current_term));
        self.propose(EntryRef::Term(self.current_term));
    }

    /// Gives the vote of this term to `id`.
    fn set_voted_for(&mut self, id: NodeId) {
        if self.voted_for != Some(id) {
            self.voted_for = Some(id);
            self.actions.save_voted_for = true;
        }
    }

    /// Appends one entry to the log and to the pending append.
    fn append(&mut self, entry: EntryRef<'_>) -> LogPosition {
        let prev = self.log.last_position();
        let extends = self.storage.is_none() && self.actions.extend_append(prev, entry);
        self.log.push(entry);
        if !extends {
            self.hand_over_after(prev.index);
        }
        self.log.last_position()
    }

    /// Makes the pending append hold all of the log that the user has not taken yet, after a change of
    /// everything above `index`.
    #[cold]
    fn hand_over_after(&mut self, index: LogIndex) {
        if let Some(storage) = &mut self.storage {
            storage.note_change_after(index);
            return self.offer_append();
        }
        let anchor = self
            .handed_over_index()
            .min(index)
            .max(self.log.snapshot_position().index);
        self.actions.append_log_entries = self.log.entries().since(self.position_at(anchor));
    }

    /// thesis §10.2.1: up to where the user has taken the log from the actions. A leader sends its calls while its own
    /// disk is still at work.
    fn handed_over_index(&self) -> LogIndex {
        let last_index = self.log.last_position().index;
        match &self.actions.append_log_entries {
            Some(pending) => pending.prev_position().index.min(last_index),
            None => last_index,
        }
    }

    /// The position at an index of this log. The commit index is one; for others the snapshot's.
    fn position_at(&self, index: LogIndex) -> LogPosition {
        self.log
            .entries()
            .position_at(index)
            .unwrap_or(self.log.snapshot_position())
    }

    /// The header of a message of this node.
    fn header(&self, seqno: MessageSeqNo) -> MessageHeader {
        MessageHeader {
            from: self.id,
            term: self.current_term,
            seqno,
        }
    }

    /// A number for the next call.
    fn next_seqno(&mut self) -> MessageSeqNo {
        self.seqno = self.seqno.next();
        self.seqno
    }

    /// Queues a message to one node.
    fn send(&mut self, to: NodeId, message: Message) {
        self.actions.send(to, message, &self.log);
    }
}
