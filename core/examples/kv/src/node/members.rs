//! Members come and go.

use raftbare::{ClusterConfig, LogIndex, NodeId};

use super::waiting::answer;
use super::{Asker, Node};
use crate::protocol::Answer;
use crate::state::{Command, encode};

/// A node that lacks no more entries than this is near enough to become a voter.
const NEAR: u64 = 1_000;

impl Node {
    /// Makes a node a voter, in two steps, so that one that has nothing yet, or is not there, holds up nobody
    /// (thesis §4.2.1): as a non-voter it gets the log; when it has it, the voters change by joint consensus (§6).
    /// Whoever asks is told to ask again in between: what is to be done next depends on nothing but the log.
    pub(super) fn add_node(&mut self, id: NodeId, address: String, asker: Asker) {
        let is_known = self.executor.state.addresses().get(&id.get()) == Some(&address);
        if !is_known {
            let id = id.get();
            let command = Command::Address { id, address };
            // Nobody waits for it: the configuration comes after it in the log, and is waited for.
            if let Err(refused) = self.replica.propose(encode(&command)) {
                return answer(Some(asker), self.refused(refused.reason));
            }
        }
        let mut next = self.replica.node().config().clone();
        if next.voters.contains(&id) || next.non_voters.contains(&id) {
            return match self.lacks(id) {
                Some(lacks) => answer(Some(asker), Answer::TryAgain(lacks)),
                None => self.change_voters(&[id], &[], asker),
            };
        }
        next.non_voters.insert(id);
        let begun = format!("node {id} begins to take the log");
        self.change_non_voters(next, begun, asker);
    }

    pub(super) fn remove_node(&mut self, id: NodeId, asker: Asker) {
        let mut next = self.replica.node().config().clone();
        match next.non_voters.remove(&id) {
            true => self.change_non_voters(next, format!("node {id} leaves"), asker),
            false => self.change_voters(&[], &[id], asker),
        }
    }

    /// What keeps a non-voter from being a voter.
    fn lacks(&self, id: NodeId) -> Option<String> {
        let node = self.replica.node();
        if !node.config().non_voters.contains(&id) {
            return None;
        }
        match node.match_index(id)? {
            LogIndex::ZERO => Some(format!("node {id} has not answered yet: is it running?")),
            there => {
                let lacks = node.log().last_position().index.get() - there.get();
                (lacks > NEAR).then(|| format!("node {id} lacks {lacks} entries of the log"))
            }
        }
    }

    fn change_non_voters(&mut self, next: ClusterConfig, what: String, asker: Asker) {
        let what = match self.replica.propose_config(next) {
            Ok(_) => Answer::TryAgain(what),
            Err(refusal) => self.refused(refusal),
        };
        answer(Some(asker), what);
    }

    /// Changes the voters by joint consensus, and answers when they are those that were asked for.
    fn change_voters(&mut self, adding: &[NodeId], removing: &[NodeId], asker: Asker) {
        let node = self.replica.node();
        let config = node.config();
        let next = config.to_joint_consensus(adding, removing);
        let goal = next.new_voters.clone();
        if node.role().is_leader() && !config.is_joint_consensus() {
            if goal == config.voters {
                // It is so already; or as soon as what is in the log is committed.
                let committed = node.log().get_position_and_config(node.commit_index());
                let is_committed = committed.is_some_and(|(_, committed)| committed == config);
                return match is_committed {
                    true => answer(Some(asker), Answer::Changed),
                    false => self.executor.waiting.voters.push((goal, asker)),
                };
            }
            if goal.is_empty() {
                let reason = "the last voter cannot be removed".to_owned();
                return answer(Some(asker), Answer::Refused(reason));
            }
        }
        match self.replica.propose_config(next) {
            Ok(ticket) => {
                let changers = &mut self.executor.waiting.changers;
                changers.insert(ticket, (goal, asker));
            }
            Err(refusal) => answer(Some(asker), self.refused(refusal)),
        }
    }
}
