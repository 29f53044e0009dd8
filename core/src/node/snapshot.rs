//! Snapshots, in every role (§7).

use super::Node;
use crate::{ClusterConfig, LogEntries, LogIndex, LogPosition, Message};

impl Node {
    /// Takes note that a snapshot is stored: an own one, or one that the leader has sent (§7).
    ///
    /// The snapshot stands for all entries up to `last_included_position`; the log goes on from there. The
    /// user has stored it, with its position and configuration, before. If the log contains the position,
    /// the entries after it stay; if not, the log is empty after it. The commit index is at least its index.
    ///
    /// Preconditions, else `false` is returned and nothing happens:
    /// - the position is not below that of the present snapshot;
    /// - the log contains it, or it is above the commit index and this node is no leader;
    /// - `last_included_config` is the configuration there, wherever this node knows that.
    ///
    /// It is also the user's promise that everything up to the position is committed.
    ///
    /// Actions: [`SaveCurrentTerm`](crate::Action::SaveCurrentTerm) and
    /// [`SaveVotedFor`](crate::Action::SaveVotedFor) if the snapshot is of a higher term. A pending append
    /// keeps what lies above the snapshot; where entries above it were dropped, an append without entries
    /// says so.
    ///
    /// ```
    /// # use raftbare::{Node, NodeId};
    /// let mut node = Node::start(NodeId::new(1));
    /// node.create_cluster(&[NodeId::new(1)]);
    /// for _action in node.actions_mut() { /* execute */ }
    /// let (position, config) = node.log().get_position_and_config(node.commit_index()).expect("in the log");
    /// let config = config.clone();
    /// // ... store the state of the application, `position` and `config` ...
    /// assert!(node.handle_snapshot_installed(position, config));
    /// assert_eq!(node.log().snapshot_position(), position);
    /// ```
    pub fn handle_snapshot_installed(
        &mut self,
        last_included_position: LogPosition,
        last_included_config: ClusterConfig,
    ) -> bool {
        self.begin_input();
        let position = last_included_position;
        if !self.accepts_snapshot(position, &last_included_config) {
            return false;
        }
        if position.term > self.current_term {
            self.become_follower(position.term);
        }
        let is_in_log = self.log.entries().contains(position);
        let drops_entries = !is_in_log && position.index < self.log.last_position().index;
        self.tell_configs_of_snapshot(position, is_in_log, &last_included_config);
        self.log.compact(position, last_included_config);
        self.commit_index = self.commit_index.max(position.index);
        self.renew_acknowledgements(position);
        if self.storage.is_some() {
            self.note_snapshot_stored(position, is_in_log);
        } else {
            self.follow_snapshot_with_append(position, drops_entries);
        }
        true
    }

    /// Figure 2, "lastApplied": what is applied is committed. So a state that was stored tells more at a restart than
    /// the snapshot does, and an older snapshot is of no use. Precondition: the log reaches so far.
    pub(crate) fn note_applied(&mut self, index: LogIndex) {
        self.commit_index = self.commit_index.max(index);
    }

    /// §7: whether a snapshot at `position` fits what this node knows.
    pub(crate) fn accepts_snapshot(&self, position: LogPosition, config: &ClusterConfig) -> bool {
        if self.log.entries().contains(position) {
            let known = self.log.get_position_and_config(position.index);
            return known.is_some_and(|(_, known)| known == config);
        }
        // Not in the log, so it is committed later than all that this node knows to be committed, its snapshot
        // above all. An own entry of another term at its index is none that was committed (figure 8).
        !self.role().is_leader()
            && position.index > self.commit_index
            && position.term >= self.position_at(self.commit_index).term
    }

    /// Lets the pending append start at the snapshot at the lowest. If stored entries above the snapshot are
    /// not in the log any more, there has to be one, to drop them.
    fn follow_snapshot_with_append(&mut self, snapshot: LogPosition, drops_entries: bool) {
        let pending = self.actions.append_log_entries.as_ref();
        let pending_prev = pending.map(LogEntries::prev_position);
        if drops_entries || pending_prev.is_some_and(|prev| prev.index < snapshot.index) {
            self.actions.append_log_entries = self.log.entries().since(snapshot);
        }
    }

    /// Acknowledgements that wait to be sent name the snapshot in place of a position that is gone.
    fn renew_acknowledgements(&mut self, snapshot: LogPosition) {
        for message in self.actions.send_messages.values_mut() {
            let Message::AppendEntriesReply { last_position, .. } = message else {
                continue;
            };
            if !self.log.entries().contains(*last_position) {
                *last_position = snapshot;
            }
        }
    }
}
