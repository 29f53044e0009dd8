//! [`Action`] and [`Actions`]: what a node asks its user to do.

use alloc::collections::btree_map::Entry;
use alloc::collections::{BTreeMap, BTreeSet};

use crate::entries::EntryRef;
use crate::{ClusterConfig, Log, LogEntries, LogPosition, Message, NodeId};

/// One thing that the user has to do for a node. See [`Actions`] for the order.
///
/// ```
/// use raftbare::{Action, Node, NodeId};
///
/// let mut node = Node::start(NodeId::new(1));
/// node.create_cluster(&[NodeId::new(1), NodeId::new(2)]);
/// for action in node.actions_mut() {
///     match action {
///         Action::SetElectionTimeout => { /* (re)start the timer */ }
///         Action::SaveCurrentTerm | Action::SaveVotedFor => { /* write and sync */ }
///         Action::BroadcastMessage(_message) => { /* send to every node of `peers()` */ }
///         Action::AppendLogEntries(_entries) => { /* truncate, write, sync */ }
///         Action::SendMessage(_to, _message) => { /* send */ }
///         Action::InstallSnapshot(_to) => { /* send a snapshot */ }
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action {
    /// Start the timer anew, whatever it was at; when it fires, call
    /// [`Node::handle_election_timeout`](crate::Node::handle_election_timeout).
    ///
    /// The time depends on the role at the moment the action is executed: for a leader the interval of its
    /// heartbeats (say 50 ms), for a follower several times that (300 ms or more), for a candidate a random
    /// time (150 to 300 ms). A follower's may be random too (300 to 600 ms), so that the survivors of a leader
    /// do not all campaign at once (§5.2, §9.3).
    SetElectionTimeout,
    /// Store [`Node::current_term`](crate::Node::current_term), durably, before the next action.
    SaveCurrentTerm,
    /// Store [`Node::voted_for`](crate::Node::voted_for), durably, before the next action.
    SaveVotedFor,
    /// Send the message to every node of [`Node::peers`](crate::Node::peers).
    BroadcastMessage(Message),
    /// Store the entries, durably, before the next action: drop whatever is stored after
    /// [`LogEntries::prev_position`], then append. There is never a gap. The entries may be none: then only
    /// the dropping remains.
    AppendLogEntries(LogEntries),
    /// Send the message to this node. The entries of a call may be cut with [`LogEntries::truncate`].
    SendMessage(NodeId, Message),
    /// Send a snapshot to this node, whose missing entries are compacted away (§7). When the snapshot is
    /// stored there, call [`Node::handle_snapshot_installed`](crate::Node::handle_snapshot_installed) there.
    /// The action comes again as long as the node needs it.
    InstallSnapshot(NodeId),
}

/// The actions that wait for the user, each kind in its own place.
///
/// As an [`Iterator`] it takes them out in the order that is safe:
///
/// 1. `set_election_timeout`, 2. `save_current_term`, 3. `save_voted_for`, 4. `broadcast_message`,
///    5. `append_log_entries`, 6. `send_messages`, 7. `install_snapshots`
///
/// Whatever promises something, a vote or an acknowledgement, is in `send_messages`, after all that has to be
/// durable before; and the leader counts itself only for entries that were taken from here. Several inputs
/// may come before actions are taken; then the pending ones merge: one timer, one append of all that is not
/// stored yet, one message per node. Taking only a part is safe too, as long as the order is kept.
///
/// ```
/// use raftbare::{Actions, Action};
///
/// let mut actions = Actions::default();
/// actions.save_voted_for = true;
/// actions.save_current_term = true;
/// assert_eq!(actions.next(), Some(Action::SaveCurrentTerm));
/// assert_eq!(actions.next(), Some(Action::SaveVotedFor));
/// assert!(actions.is_empty());
/// ```
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
pub struct Actions {
    /// Pending [`Action::SetElectionTimeout`].
    pub set_election_timeout: bool,
    /// Pending [`Action::SaveCurrentTerm`].
    pub save_current_term: bool,
    /// Pending [`Action::SaveVotedFor`].
    pub save_voted_for: bool,
    /// Pending [`Action::BroadcastMessage`].
    pub broadcast_message: Option<Message>,
    /// Pending [`Action::AppendLogEntries`]: all of the log that was not taken yet.
    pub append_log_entries: Option<LogEntries>,
    /// Pending [`Action::SendMessage`]s.
    pub send_messages: BTreeMap<NodeId, Message>,
    /// Pending [`Action::InstallSnapshot`]s.
    pub install_snapshots: BTreeSet<NodeId>,
}

impl Actions {
    /// How many messages may wait for nodes outside the configuration.
    const MAX_STRANGERS: usize = 16;

    /// Whether nothing is pending.
    ///
    /// ```
    /// assert!(raftbare::Actions::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.set_election_timeout
            && !self.save_current_term
            && !self.save_voted_for
            && self.broadcast_message.is_none()
            && self.append_log_entries.is_none()
            && self.send_messages.is_empty()
            && self.install_snapshots.is_empty()
    }

    /// Queues a message to one node, merged with one that waits for it.
    ///
    /// At most 16 messages wait for nodes outside the configuration: for the next one a refusal or the message
    /// of the oldest term is given up, and a refusal itself is not queued any more.
    pub(crate) fn send(&mut self, to: NodeId, message: Message, log: &Log) {
        // Fewer messages than that cannot be too many.
        let has_room =
            self.send_messages.len() < Self::MAX_STRANGERS || self.make_room(to, &message, log);
        if !has_room {
            return;
        }
        match self.send_messages.entry(to) {
            Entry::Vacant(place) => {
                place.insert(message);
            }
            Entry::Occupied(mut place) => place.get_mut().replace_by(message, log),
        }
    }

    /// Gives up messages to nodes outside the configuration, as long as there are too many of them for one more;
    /// or says `false`: the new one is not worth it.
    #[cold]
    fn make_room(&mut self, to: NodeId, message: &Message, log: &Log) -> bool {
        let config = log.latest_config();
        let is_stranger = !config.contains(to);
        // Members may have become strangers while their messages waited.
        let most = Self::MAX_STRANGERS.saturating_add(config.most_nodes());
        if !is_stranger && self.send_messages.len() < most {
            return true;
        }
        while self.strangers(to, config).count() >= Self::MAX_STRANGERS {
            if is_stranger && message.is_refusal() {
                return false;
            }
            let least = self
                .strangers(to, config)
                .min_by_key(|(_, message)| (!message.is_refusal(), message.term()));
            least
                .map(|(id, _)| id)
                .map(|id| self.send_messages.remove(&id));
        }
        true
    }

    /// The messages that wait for nodes outside the configuration, but for `to`.
    fn strangers<'a>(
        &'a self,
        to: NodeId,
        config: &'a ClusterConfig,
    ) -> impl Iterator<Item = (NodeId, &'a Message)> {
        let others = self.send_messages.iter().map(|(&id, it)| (id, it));
        others.filter(move |&(id, _)| id != to && !config.contains(id))
    }

    /// Takes back the calls of a candidate or leader that is none any more. They count as lost: their
    /// entries may be gone from the log before the user gets to send them.
    pub(crate) fn withdraw_calls(&mut self) {
        self.broadcast_message = None;
        self.withdraw(Message::is_call);
        self.install_snapshots.clear();
    }

    /// Takes back the acknowledgements of a term that is over. Its leader is none any more, and what they
    /// name may be overwritten before the user gets to send them.
    pub(crate) fn withdraw_acknowledgements(&mut self) {
        self.withdraw(|message| matches!(message, Message::AppendEntriesReply { .. }));
    }

    /// One after the other: few messages wait, and the code of `retain` is large.
    fn withdraw(&mut self, is_withdrawn: fn(&Message) -> bool) {
        let next = |messages: &BTreeMap<NodeId, Message>| {
            let mut messages = messages.iter();
            let withdrawn = messages.find(|(_, message)| is_withdrawn(message));
            withdrawn.map(|(&id, _)| id)
        };
        while let Some(id) = next(&self.send_messages) {
            self.send_messages.remove(&id);
        }
    }

    /// Takes the first node that waits for a snapshot.
    ///
    /// This is rare. The code that takes an element out of such a set is large, and nothing else needs it.
    #[cold]
    fn next_snapshot(&mut self) -> Option<NodeId> {
        let nodes = core::mem::take(&mut self.install_snapshots);
        self.install_snapshots.extend(nodes.iter().skip(1));
        nodes.first().copied()
    }

    /// Adds an entry to the pending append if that ends at `prev`; otherwise says `false`.
    pub(crate) fn extend_append(&mut self, prev: LogPosition, entry: EntryRef<'_>) -> bool {
        let pending = self
            .append_log_entries
            .get_or_insert_with(|| LogEntries::new(prev));
        let extends = pending.last_index() == prev.index;
        if extends {
            pending.push_ref(entry);
        }
        extends
    }
}

impl Iterator for Actions {
    type Item = Action;

    /// Takes the pending action of the highest priority.
    fn next(&mut self) -> Option<Action> {
        // Looked at before anything is written: most are not there.
        if self.set_election_timeout {
            self.set_election_timeout = false;
            return Some(Action::SetElectionTimeout);
        }
        if self.save_current_term {
            self.save_current_term = false;
            return Some(Action::SaveCurrentTerm);
        }
        if self.save_voted_for {
            self.save_voted_for = false;
            return Some(Action::SaveVotedFor);
        }
        if self.broadcast_message.is_some() {
            return self.broadcast_message.take().map(Action::BroadcastMessage);
        }
        if self.append_log_entries.is_some() {
            return self.append_log_entries.take().map(Action::AppendLogEntries);
        }
        if let Some((to, message)) = self.send_messages.pop_first() {
            return Some(Action::SendMessage(to, message));
        }
        if self.install_snapshots.is_empty() {
            return None;
        }
        self.next_snapshot().map(Action::InstallSnapshot)
    }
}
