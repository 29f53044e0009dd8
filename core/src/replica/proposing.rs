//! What clients want of a replica: commands, changes of the configuration, reads.

use super::clients::{ReadTicket, Ticket};
use super::output::Answer;
use super::refusal::{Refusal, Refused};
use super::{Payload, Replica};
use crate::{ClusterConfig, Event, LogPosition, NodeId};

impl<P: Payload> Replica<P> {
    /// So many entries may wait beyond [`ReplicaOptions::max_uncommitted`](super::ReplicaOptions::max_uncommitted),
    /// and stand in the log beyond [`ReplicaOptions::max_log`](super::ReplicaOptions::max_log), if they are
    /// configurations.
    const RESERVE: u64 = 16;

    /// Proposes a command (§5.3).
    ///
    /// What becomes of it comes out under the ticket: `Apply`, `Rejected` or `Unknown`, see
    /// [`Output`](super::Output). If it is refused, the payload comes back, and nothing happens.
    ///
    /// ```
    /// # use raftbare::replica::{Output, Replica, ReplicaOptions};
    /// # use raftbare::NodeId;
    /// # let mut replica = Replica::<Vec<u8>>::start(NodeId::new(1), ReplicaOptions::default());
    /// use raftbare::replica::Refusal;
    ///
    /// let refused = replica.propose(b"too early".to_vec()).expect_err("it does not lead");
    /// assert_eq!(refused.reason, Refusal::NotLeader(None));
    /// assert_eq!(refused.payload, b"too early");
    /// ```
    pub fn propose(&mut self, payload: P) -> Result<Ticket, Refused<P>> {
        let refusal = self.refusal(payload.as_ref().len());
        if let Some(reason) = refusal {
            return Err(Refused { payload, reason });
        }
        let position = self.node.propose_command();
        let mut payload = Some(payload);
        self.follow_log(|at| match at == position {
            true => payload.take(),
            false => None,
        });
        match payload {
            None => Ok(self.wait_for(position)),
            // The node has just stepped down, or its log is full.
            Some(payload) => Err(Refused {
                payload,
                reason: Refusal::NotLeader(self.node.leader_id()),
            }),
        }
    }

    /// Proposes a change of the configuration (§6); see [`Node::propose_config`](crate::Node::propose_config).
    ///
    /// What becomes of it comes out under the ticket: `ConfigCommitted`, `Rejected` or `Unknown`, see
    /// [`Output`](super::Output). Where commands are refused because too much is not committed or waits, or the log is
    /// full, a few changes of the configuration are still taken: they may be what ends the jam.
    ///
    /// ```
    /// # use raftbare::replica::{Output, Replica, ReplicaOptions};
    /// # use raftbare::NodeId;
    /// # let mut replica = Replica::<Vec<u8>>::start(NodeId::new(1), ReplicaOptions::default());
    /// replica.create_cluster(&[NodeId::new(1)]);
    /// let joint = replica.node().config().to_joint_consensus(&[NodeId::new(2)], &[]);
    /// assert!(replica.propose_config(joint).is_ok());
    /// ```
    pub fn propose_config(&mut self, new_config: ClusterConfig) -> Result<Ticket, Refusal> {
        if self.is_stopped {
            return Err(Refusal::Stopped);
        }
        if !self.node.role().is_leader() {
            return Err(Refusal::NotLeader(self.node.leader_id()));
        }
        let options = &self.desk.options;
        if self.uncommitted() >= options.max_uncommitted.saturating_add(Self::RESERVE) {
            return Err(Refusal::TooManyUncommitted);
        }
        if self.log_len() >= options.max_log.saturating_add(Self::RESERVE) {
            return Err(Refusal::LogFull);
        }
        if let Some(target) = self.node.transfer_target() {
            return Err(Refusal::Transferring(target));
        }
        let position = self.node.propose_config(new_config);
        self.follow_log(|_| None);
        if !position.is_invalid() {
            return Ok(self.wait_for(position));
        }
        Err(match self.node.role().is_leader() {
            true => Refusal::Config,
            // It has just stepped down.
            false => Refusal::NotLeader(self.node.leader_id()),
        })
    }

    /// Begins a linearizable read (§8, thesis §6.4).
    ///
    /// `ReadReady` or `ReadLost` comes out under the ticket, see [`Output`](super::Output). A hundred reads before the
    /// next batch cost one message to each follower.
    ///
    /// ```
    /// # use raftbare::replica::{Output, Replica, ReplicaOptions};
    /// # use raftbare::NodeId;
    /// # let mut replica = Replica::<Vec<u8>>::start(NodeId::new(1), ReplicaOptions::default());
    /// replica.create_cluster(&[NodeId::new(1)]);
    /// let ticket = replica.read()?;
    /// let mut ready = Vec::new();
    /// while let Some(batch) = replica.next_batch() {
    ///     // ... store the batch ...
    ///     for output in replica.persisted(batch) {
    ///         if let Output::ReadReady(ticket) = output {
    ///             ready.push(ticket);
    ///         }
    ///     }
    /// }
    /// assert_eq!(ready, [ticket]);
    /// # Ok::<(), raftbare::replica::Refusal>(())
    /// ```
    pub fn read(&mut self) -> Result<ReadTicket, Refusal> {
        if self.is_stopped {
            return Err(Refusal::Stopped);
        }
        let is_full = self.desk.reads.len() >= self.desk.options.max_waiting;
        if is_full && self.node.role().is_leader() {
            return Err(Refusal::TooManyWaiting);
        }
        let token = self.node.read_index();
        self.follow_log(|_| None);
        let token = token.ok_or(Refusal::NotLeader(self.node.leader_id()))?;
        Ok(self.desk.reads.insert(token))
    }

    /// Begins to hand leadership over to another voter (thesis §3.10); see
    /// [`Node::transfer_leadership`](crate::Node::transfer_leadership). Proposals are refused until it is done or has
    /// come to nothing; reads are not.
    ///
    /// ```
    /// # use raftbare::replica::{Refusal, Replica, ReplicaOptions};
    /// # use raftbare::NodeId;
    /// # let mut replica = Replica::<Vec<u8>>::start(NodeId::new(1), ReplicaOptions::default());
    /// replica.create_cluster(&[NodeId::new(1)]);
    /// let refused = replica.transfer_leadership(NodeId::new(2));
    /// assert_eq!(refused, Err(Refusal::Target(NodeId::new(2)))); // no voter
    /// ```
    pub fn transfer_leadership(&mut self, target: NodeId) -> Result<(), Refusal> {
        if self.is_stopped {
            return Err(Refusal::Stopped);
        }
        if !self.node.role().is_leader() {
            return Err(Refusal::NotLeader(self.node.leader_id()));
        }
        let begins = self.node.transfer_leadership(target);
        self.follow_log(|_| None);
        match begins {
            true => Ok(()),
            false => Err(Refusal::Target(target)),
        }
    }

    /// Gives up a transfer that is under way; says whether there was one. See
    /// [`Node::abort_transfer`](crate::Node::abort_transfer).
    pub fn abort_transfer(&mut self) -> bool {
        self.node.abort_transfer()
    }

    /// The next thing that has happened; see [`Node::next_event`](crate::Node::next_event). The node may be ahead of its
    /// store.
    pub fn next_event(&mut self) -> Option<Event> {
        self.node.next_event()
    }

    /// Lets a proposal wait for its end.
    pub(super) fn wait_for(&mut self, position: LogPosition) -> Ticket {
        if let Some(oldest) = self.desk.proposals.insert(position) {
            self.desk.answers.push_back(Answer::Unknown(oldest));
        }
        Ticket(position)
    }

    /// How many entries are in the log and not committed.
    fn uncommitted(&self) -> u64 {
        let last_index = self.node.log().last_position().index;
        last_index.distance_from(self.node.commit_index())
    }

    /// How many entries are in the log after the snapshot.
    pub(super) fn log_len(&self) -> u64 {
        let log = self.node.log();
        log.last_position()
            .index
            .distance_from(log.snapshot_position().index)
    }

    /// Why a command of this length is not taken now.
    pub(super) fn refusal(&self, len: usize) -> Option<Refusal> {
        let options = &self.desk.options;
        if self.is_stopped {
            Some(Refusal::Stopped)
        } else if !self.node.role().is_leader() {
            Some(Refusal::NotLeader(self.node.leader_id()))
        } else if let Some(target) = self.node.transfer_target() {
            Some(Refusal::Transferring(target))
        } else if len > options.max_call_bytes {
            Some(Refusal::TooLong(options.max_call_bytes))
        } else if self.uncommitted() >= options.max_uncommitted {
            Some(Refusal::TooManyUncommitted)
        } else if self.log_len() >= options.max_log {
            Some(Refusal::LogFull)
        } else if self.desk.proposals.len() >= options.max_waiting {
            Some(Refusal::TooManyWaiting)
        } else {
            None
        }
    }
}
