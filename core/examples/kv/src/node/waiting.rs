//! The clients that wait at a node.

use std::collections::{BTreeSet, HashMap};

use raftbare::replica::{ReadTicket, Ticket};
use raftbare::{ClusterConfig, NodeId};

use super::Asker;
use crate::protocol::{Answer, Leader};
use crate::transport::Links;

/// Who waits for what.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) writers: HashMap<Ticket, Asker>,
    pub(super) readers: HashMap<ReadTicket, (String, Asker)>,
    /// Those who wait for a joint configuration that leads to these voters.
    pub(super) changers: HashMap<Ticket, (BTreeSet<NodeId>, Asker)>,
    /// Those who wait, after that, for the configuration of these voters alone.
    pub(super) voters: Vec<(BTreeSet<NodeId>, Asker)>,
}

impl Waiting {
    pub(super) fn config_committed(&mut self, config: &ClusterConfig, ticket: Option<Ticket>) {
        self.voters
            .extend(ticket.and_then(|it| self.changers.remove(&it)));
        if !config.is_joint_consensus() {
            for (voters, asker) in self.voters.drain(..) {
                let what = match voters == config.voters {
                    true => Answer::Changed,
                    false => Answer::TryAgain("another change came before".into()),
                };
                answer(Some(asker), what);
            }
        }
    }

    /// Answers whoever waits for this proposal.
    pub(super) fn end(&mut self, ticket: Ticket, what: impl FnOnce() -> Answer) {
        let writer = self.writers.remove(&ticket);
        let changer = || Some(self.changers.remove(&ticket)?.1);
        let asker = writer.or_else(changer);
        if asker.is_some() {
            answer(asker, what());
        }
    }
}

pub(super) fn not_leader(links: &Links, leader: Option<NodeId>) -> Answer {
    Answer::NotLeader(leader.map(|id| Leader {
        id: id.get(),
        address: links.address(id.get()),
    }))
}

pub(super) fn answer(asker: Option<Asker>, what: Answer) {
    asker.map(|asker| asker.send(what));
}
