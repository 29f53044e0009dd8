//! The integration: a node with its store, its commands, and a state machine of key-value pairs.

use std::borrow::Cow;
use std::collections::BTreeMap;

use raftbare::{
    Action, ClusterConfig, Log, LogEntry, LogIndex, LogPosition, Message, Node, NodeId,
};
use raftbare_sim::integration::{Content, Durable, Effect, Integration};
use raftbare_sim::medium::Medium;
use raftbare_sim::random::{Random, mix};
use raftbare_sim::state::State;

use super::store::Store;
use super::transport::{Commands, Datagram, decode, encode};

/// When a member syncs its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    SyncThenSend,
    SendThenSync,
}

/// A member of the cluster.
#[derive(Debug, Clone)]
pub(super) struct Member {
    id: NodeId,
    node: Option<Node>,
    store: Store,
    commands: Commands,
    applied: LogIndex,
    pairs: BTreeMap<u64, u64>,
    order: Order,
}

impl Member {
    /// A member that was never started before.
    pub(super) fn new(id: NodeId, order: Order) -> Self {
        Self::open(id, order, Medium::default())
    }

    /// A member that goes on from its file, and from nothing else. With an empty one, it is a new node.
    fn open(id: NodeId, order: Order, file: Medium) -> Self {
        let store = Store::open(file);
        let stored = store.stored.clone();
        let log = Log::new(ClusterConfig::new(), stored.entries);
        Self {
            id,
            node: Some(Node::restart(id, stored.term, stored.vote, log)),
            store,
            commands: stored.commands,
            applied: LogIndex::ZERO,
            pairs: BTreeMap::new(),
            order,
        }
    }
}

impl Integration for Member {
    type Packet = Datagram;

    fn node(&self) -> Option<&Node> {
        self.node.as_ref()
    }

    fn node_mut(&mut self) -> Option<&mut Node> {
        self.node.as_mut()
    }

    /// The body of the event loop, one piece of work at a time.
    fn next_effect(&mut self) -> Option<Effect<Datagram>> {
        let node = self.node.as_mut()?;
        let must_sync = match self.order {
            // What is written is made durable before anything else is done.
            Order::SyncThenSend => !self.store.file.is_synced(),
            // Wrong: "one sync at the end is enough". By then the promises are out.
            Order::SendThenSync => !self.store.file.is_synced() && node.actions().is_empty(),
        };
        if must_sync {
            self.store.sync(); // Another effect than the write: the power may fail in between.
            return Some(Effect::Stored);
        }
        Some(match node.actions_mut().next()? {
            Action::SetElectionTimeout => Effect::SetTimer,
            Action::SaveCurrentTerm | Action::SaveVotedFor => {
                self.store
                    .write_ballot(node.current_term(), node.voted_for());
                Effect::Done
            }
            Action::AppendLogEntries(entries) => {
                self.store.write_entries(&entries, &self.commands);
                Effect::Append(entries)
            }
            Action::BroadcastMessage(message) => {
                Effect::Broadcast(encode(&message, &self.commands))
            }
            Action::SendMessage(to, message) => Effect::Send(to, encode(&message, &self.commands)),
            Action::InstallSnapshot(_) => Effect::Done, // Does not come: no log is cut here.
        })
    }

    /// The commands first: the log must not name one that is not here.
    fn receive(&mut self, datagram: Datagram) {
        if let (Some(node), Some((message, commands))) = (&mut self.node, decode(&datagram)) {
            self.commands.extend(commands);
            node.handle_message(message);
        }
    }

    fn propose(&mut self, command: u64) -> LogPosition {
        let position = self.node.as_mut().map(Node::propose_command);
        let position = position.unwrap_or(LogPosition::INVALID);
        self.commands.insert(position, command);
        position
    }

    /// A command sets one of 16 keys.
    fn apply_next(&mut self) -> Result<bool, &'static str> {
        let Some(node) = &self.node else {
            return Ok(false);
        };
        if self.applied >= node.commit_index() {
            return Ok(false);
        }
        let index = self.applied + LogIndex::new(1);
        let entry = node.log().entries().get_entry(index);
        if entry.ok_or("a committed entry is gone")? == LogEntry::Command {
            let at = node.log().get_position_and_config(index);
            let command = at.and_then(|(position, _)| self.command(position));
            let command = command.ok_or("the command of a committed entry is gone")?;
            self.pairs.insert(command % 16, command);
        }
        self.applied = index;
        Ok(true)
    }

    fn lose_power(&mut self, random: &mut Random) {
        self.node = None;
        self.store.file.lose_power(random);
    }

    fn restart(&mut self) {
        let file = std::mem::take(&mut self.store.file);
        *self = Self::open(self.id, self.order, file);
    }

    fn durable(&self) -> Durable<'_> {
        let stored = &self.store.stored;
        Durable {
            current_term: stored.term,
            voted_for: stored.vote,
            snapshot_config: Cow::Owned(ClusterConfig::new()),
            entries: Cow::Borrowed(&stored.entries),
        }
    }

    fn command(&self, position: LogPosition) -> Option<u64> {
        self.commands.get(&position).copied()
    }

    fn state(&self) -> State {
        let values = self.pairs.values();
        let digest = values.fold(0, |digest, &value| mix(digest ^ value));
        State {
            applied: self.applied,
            digest,
        }
    }

    fn content(datagram: &Datagram) -> Content<'_> {
        let (message, _) = decode(datagram).expect("members send nothing else");
        Content::Message(Cow::Owned(message))
    }

    fn cut(&self, datagram: &mut Datagram, len: usize) {
        if let Some((mut message, commands)) = decode(datagram)
            && let Message::AppendEntriesCall { entries, .. } = &mut message
        {
            entries.truncate(len);
            *datagram = encode(&message, &commands);
        }
    }
}
