//! Leaders: proposing and replicating (§5.3), committing (§5.3, §5.4.2), changing the configuration (§6).

use super::{Node, RoleState};
use crate::entries::EntryRef;
use crate::replication::{Leader, Repair};
use crate::{
    ClusterConfig, Event, LogEntries, LogIndex, LogPosition, Message, MessageHeader, NodeId,
    StepDown,
};

impl Node {
    /// Proposes a command: appends an entry for it and replicates it (§5.3).
    ///
    /// The command itself stays with the user, under the position that is returned; it is needed when the
    /// entry turns up in an append or a message. Precondition: this node is the leader; if not, or if the
    /// log is full (index `u64::MAX`), or during a [transfer](Self::transfer_leadership),
    /// [`LogPosition::INVALID`] is returned and nothing happens.
    ///
    /// Actions: the append, the broadcast (or the pending one gets longer), and a new timer if a voter has
    /// answered since the last one.
    ///
    /// ```
    /// # use raftbare::{LogIndex, Node, NodeId};
    /// let mut node = Node::start(NodeId::new(1));
    /// node.create_cluster(&[NodeId::new(1)]);
    /// let first = node.propose_command();
    /// let second = node.propose_command(); // both go to storage and network together
    /// assert_eq!(second.index, first.index + LogIndex::new(1));
    /// ```
    pub fn propose_command(&mut self) -> LogPosition {
        // A batch that waits was begun after counting, and replies count themselves: there is nothing new.
        if let Some(position) = self.extend_batch() {
            return position;
        }
        self.begin_input();
        if self.transfer_target().is_some() {
            return LogPosition::INVALID;
        }
        self.propose(EntryRef::Command)
    }

    /// Proposes a change of the configuration (§6).
    ///
    /// With `new_voters` the cluster enters joint consensus; when that is committed, the leader proposes the
    /// final configuration by itself, and the change is through when that is committed. With other
    /// `non_voters` only, one entry does it. A configuration is in force as soon as it is in the log.
    ///
    /// Preconditions: this node is the leader; the voters are the present ones; no voter, present or new, is
    /// a non-voter; the present configuration is not joint; no [transfer](Self::transfer_leadership) is under
    /// way. If one does not hold, or the log is full, [`LogPosition::INVALID`] is returned and nothing happens.
    ///
    /// Actions: as for [`propose_command`](Self::propose_command); the broadcast is for the new peers too.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// let mut node = Node::start(NodeId::new(1));
    /// node.create_cluster(&[NodeId::new(1)]);
    /// let joint = node.config().to_joint_consensus(&[NodeId::new(2)], &[]);
    /// assert!(!node.propose_config(joint.clone()).is_invalid());
    /// assert!(node.config().is_joint_consensus());
    /// assert!(node.propose_config(joint).is_invalid()); // one change at a time
    /// ```
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the documented interface takes it so"
    )]
    pub fn propose_config(&mut self, new_config: ClusterConfig) -> LogPosition {
        self.begin_input();
        if self.transfer_target().is_some() || !self.config().may_change_to(&new_config) {
            return LogPosition::INVALID;
        }
        self.propose(EntryRef::ClusterConfig(&new_config))
    }

    /// Sends a call without entries to all followers (§5.2, §8). Returns whether this node is the leader; if
    /// not, nothing happens.
    ///
    /// The timer sees to the ordinary heartbeats. This one is for reads: with the number of the broadcast,
    /// the node is known to have been the leader after the call once a majority of *voters* (this node
    /// included) has answered *in the same term* with this number or a higher one; and the state is fresh
    /// once an entry of the leader's *own term* is committed. [`read_index`](Self::read_index) sees to all
    /// of this. Alone in its cluster, a leader broadcasts nothing, and may read at once.
    ///
    /// Actions: the broadcast (or the pending one gets the present commit index), and a new timer if a voter
    /// has answered since the last one.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// assert!(!Node::start(NodeId::new(1)).heartbeat());
    /// ```
    pub fn heartbeat(&mut self) -> bool {
        self.begin_input();
        let is_leader = self.role().is_leader();
        if is_leader {
            self.send_heartbeat();
            self.take_timer();
        }
        is_leader
    }

    /// The highest index that is known to be committed (§5.3).
    ///
    /// A leader counts for the moment of the question (§5.4.2: only entries of its own term; those before are
    /// committed with them). All entries up to here may be applied to the state machine.
    ///
    /// ```
    /// # use raftbare::{LogIndex, Node, NodeId};
    /// let mut node = Node::start(NodeId::new(1));
    /// node.create_cluster(&[NodeId::new(1)]);
    /// assert_eq!(node.commit_index(), LogIndex::ZERO); // nothing is stored yet
    /// for _action in node.actions_mut() { /* execute */ }
    /// assert_eq!(node.commit_index(), LogIndex::new(2)); // the configuration and the `Term` entry
    /// ```
    #[must_use]
    pub fn commit_index(&self) -> LogIndex {
        match &self.role {
            RoleState::Leader(leader) => self.commit_index_of(leader),
            _ => self.commit_index,
        }
    }

    /// §5.3, §5.4.2: what a majority has, if an entry of the own term is among it.
    fn commit_index_of(&self, leader: &Leader) -> LogIndex {
        let index = leader.majority_index(self.durable_index());
        match index < leader.term_start() {
            true => self.commit_index,
            false => self.commit_index.max(index),
        }
    }

    /// The highest index up to which the log of the member `id` is known to be the leader's.
    ///
    /// For the leader itself: the [`durable_index`](Self::durable_index). `None` if this node is not
    /// the leader or `id` is no member.
    ///
    /// ```
    /// # use raftbare::{LogIndex, Node, NodeId};
    /// let mut node = Node::start(NodeId::new(1));
    /// assert_eq!(node.match_index(NodeId::new(1)), None);
    /// node.create_cluster(&[NodeId::new(1)]);
    /// assert_eq!(node.match_index(NodeId::new(1)), Some(LogIndex::ZERO));
    /// ```
    #[must_use]
    pub fn match_index(&self, id: NodeId) -> Option<LogIndex> {
        let RoleState::Leader(leader) = &self.role else {
            return None;
        };
        if id == self.id {
            return Some(self.durable_index());
        }
        leader.match_index(id)
    }

    /// §5.3: adds a command to those that wait together, as [`propose`](Self::propose) would, but at once: log,
    /// append and broadcast all end at the same entry, and get longer by one.
    fn extend_batch(&mut self) -> Option<LogPosition> {
        let RoleState::Leader(leader) = &mut self.role else {
            return None;
        };
        let actions = &mut self.actions;
        let append = actions.append_log_entries.as_mut()?;
        let Some(Message::AppendEntriesCall {
            header,
            commit_index,
            entries,
        }) = &mut actions.broadcast_message
        else {
            return None;
        };
        let last_index = self.log.last_position().index;
        let ends_there = append.last_index() == last_index && entries.last_index() == last_index;
        if !ends_there || leader.transfer_target().is_some() {
            return None;
        }
        if !actions.send_messages.is_empty() || last_index.checked_next().is_none() {
            return None;
        }
        self.log.push(EntryRef::Command);
        append.push_ref(EntryRef::Command);
        entries.push_ref(EntryRef::Command);
        *commit_index = self.commit_index;
        leader.note_call(header.seqno, entries.last_index());
        self.take_timer();
        Some(self.log.last_position())
    }

    /// §5.3: appends an entry and replicates it; `INVALID` if this node does not lead or the log is full.
    pub(super) fn propose(&mut self, entry: EntryRef<'_>) -> LogPosition {
        let prev = self.log.last_position();
        if !self.role().is_leader() || prev.index.checked_next().is_none() {
            return LogPosition::INVALID;
        }
        let position = self.append(entry);
        if let (EntryRef::ClusterConfig(config), RoleState::Leader(leader)) =
            (entry, &mut self.role)
        {
            // Before the broadcast takes its number: replies of new followers to it have to count.
            leader.set_config(config, self.seqno);
        }
        self.prepare_broadcast(prev);
        self.extend_calls(prev, entry);
        self.take_timer();
        position
    }

    /// §5.2: a call without entries to all followers, or what waits to be sent to them anyway.
    pub(super) fn send_heartbeat(&mut self) {
        self.prepare_broadcast(self.log.last_position());
    }

    /// §5.3: takes the reply of a follower, counts, and sends the follower what it turns out to lack.
    pub(super) fn handle_append_entries_reply(
        &mut self,
        header: MessageHeader,
        last_position: LogPosition,
    ) {
        if self.options.refuses_lost_tail && self.is_from_lost_tail(header, last_position) {
            return;
        }
        let RoleState::Leader(leader) = &mut self.role else {
            return;
        };
        let needed = leader.handle_reply(
            header.from,
            header.seqno,
            last_position,
            self.seqno,
            &self.log,
        );
        if let Some(repair) = needed {
            self.repair_follower(header.from, repair);
        }
        if self.commit_index < last_position.index {
            self.count_commits();
        }
        if self.transfer_target() == Some(header.from) {
            self.continue_transfer();
        }
    }

    /// §5.3, §5.4.2: takes over what a majority has by now, and does what follows from it.
    pub(super) fn advance_commit_index(&mut self) {
        let RoleState::Leader(leader) = &self.role else {
            return;
        };
        // Replies were counted when they came. What is new may be the own part, or a smaller majority.
        if self.commit_index < self.log.last_position().index || !leader.is_settled() {
            self.count_commits();
        }
    }

    /// §5.3, §5.4.2: counts what a majority has, and does what follows from it.
    fn count_commits(&mut self) {
        let RoleState::Leader(leader) = &self.role else {
            return;
        };
        let is_settled = leader.is_settled();
        self.commit_index = self.commit_index_of(leader);
        if !is_settled {
            self.follow_committed_config();
        }
    }

    /// §6: once the latest configuration is committed, a joint one is left, and a leader that is no voter
    /// steps down, keeping its vote of the term. Whoever inherits a change waits for its own `Term` entry.
    #[cold]
    pub(super) fn follow_committed_config(&mut self) {
        let RoleState::Leader(leader) = &self.role else {
            return;
        };
        if self.commit_index < leader.term_start()
            || self.commit_index < self.log.latest_config_index()
        {
            return;
        }
        if self.config().is_joint_consensus() {
            self.leave_joint_consensus();
        } else if !self.config().voters.contains(&self.id) {
            self.step_down(StepDown::Removed);
        }
    }

    /// §6: proposes C_new after C_old,new.
    pub(super) fn leave_joint_consensus(&mut self) {
        let config = self.config().to_final();
        self.propose(EntryRef::ClusterConfig(&config));
    }

    /// §5.3, §7: sends a follower what it lacks.
    #[cold]
    pub(super) fn repair_follower(&mut self, to: NodeId, repair: Repair) {
        let entries = match repair {
            Repair::Entries(position) => match self.log.entries().since(position) {
                Some(entries) => entries,
                None => return,
            },
            Repair::Probe(position) => LogEntries::new(position),
            Repair::Snapshot => {
                if self.actions.install_snapshots.insert(to) {
                    self.tell(Event::SnapshotWanted(to));
                }
                return;
            }
        };
        let seqno = self.next_seqno();
        let header = self.header(seqno);
        let commit_index = self.commit_index;
        self.send(
            to,
            Message::AppendEntriesCall {
                header,
                commit_index,
                entries,
            },
        );
        if let RoleState::Leader(leader) = &mut self.role {
            leader.note_repair(to, seqno, repair);
        }
    }

    /// thesis §6.2: whether this leader goes on, at one of its timeouts. With stable leadership it does not if no
    /// majority has answered what it has sent for too many of them.
    ///
    /// A timeout counts only if the heartbeat of the one before was taken: a user who takes no actions proves
    /// nothing about the others.
    pub(super) fn hears_quorum(&mut self) -> bool {
        let (Some(stable), RoleState::Leader(leader)) =
            (self.options.stable_leadership, &mut self.role)
        else {
            return true;
        };
        let has_sent = self.actions.broadcast_message.is_none();
        let config = self.log.latest_config();
        leader.check_quorum(config, self.seqno, has_sent) < stable.most_silent_timeouts()
    }

    /// Makes sure that a broadcast with the present commit index waits which ends at `prev`, the end of the
    /// log or the entry before it.
    fn prepare_broadcast(&mut self, prev: LogPosition) {
        let RoleState::Leader(leader) = &self.role else {
            return;
        };
        if leader.is_alone() {
            return;
        }
        let present = self.commit_index;
        match &mut self.actions.broadcast_message {
            Some(Message::AppendEntriesCall {
                commit_index,
                entries,
                ..
            }) if entries.last_index() == prev.index => {
                *commit_index = present;
            }
            slot => {
                *slot = Some(Message::AppendEntriesCall {
                    header: MessageHeader {
                        from: self.id,
                        term: self.current_term,
                        seqno: self.seqno,
                    },
                    commit_index: present,
                    entries: LogEntries::new(prev),
                });
                self.renumber_calls();
            }
        }
    }

    /// Gives fresh numbers to the calls that wait to be sent: first to the broadcast, which is sent first.
    pub(super) fn renumber_calls(&mut self) {
        let RoleState::Leader(leader) = &mut self.role else {
            return;
        };
        let last_index = self.log.last_position().index;
        if let Some(Message::AppendEntriesCall { header, .. }) = &mut self.actions.broadcast_message
        {
            self.seqno = self.seqno.next();
            header.seqno = self.seqno;
            leader.note_call(self.seqno, last_index);
        }
        for (&to, message) in &mut self.actions.send_messages {
            if let Message::AppendEntriesCall { header, .. } = message {
                self.seqno = self.seqno.next();
                header.seqno = self.seqno;
                leader.renumber_repair(to, self.seqno);
            }
        }
    }

    /// Adds a new entry to the calls that wait to be sent and reach to `prev`, the entry before it.
    fn extend_calls(&mut self, prev: LogPosition, entry: EntryRef<'_>) {
        let RoleState::Leader(leader) = &mut self.role else {
            return;
        };
        if let Some(Message::AppendEntriesCall {
            header, entries, ..
        }) = &mut self.actions.broadcast_message
        {
            entries.push_ref(entry);
            leader.note_call(header.seqno, entries.last_index());
        }
        for message in self.actions.send_messages.values_mut() {
            match message {
                Message::AppendEntriesCall { entries, .. } if entries.last_position() == prev => {
                    entries.push_ref(entry);
                }
                _ => {}
            }
        }
    }

    /// Asks for a new timer, as after every call to the followers, if the leader may put it off.
    ///
    /// Not with stable leadership: its timeouts are what it counts silence by, so they have to come under load too,
    /// and while a minority answers.
    fn take_timer(&mut self) {
        if self.options.stable_leadership.is_some() {
            return;
        }
        if let RoleState::Leader(leader) = &mut self.role {
            self.actions.set_election_timeout |= leader.takes_timer();
        }
    }
}
