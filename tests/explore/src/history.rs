//! What has been true of the cluster, and what must hold over time: the rest of figure 3.

use std::collections::BTreeMap;

use raftbare::{LogIndex, LogPosition, Node, NodeId, Term};
use raftbare_sim::checker::{Verdict, Violation};
use raftbare_sim::disk::Disk;
use raftbare_sim::server::Server;

use crate::properties::violation;

/// Who has led, and what has been committed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct History {
    leaders: BTreeMap<Term, NodeId>,
    committed: Vec<Committed>,
}

/// An entry that was found committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Committed {
    position: LogPosition,
    /// The term of the first server that knew.
    in_term: Term,
}

impl History {
    /// Of servers that start from these disks: what their snapshots stand for was committed.
    ///
    /// # Panics
    ///
    /// If no disk tells the term of an entry that a snapshot stands for.
    #[must_use]
    pub fn of(disks: &[Disk]) -> Self {
        let last = disks
            .iter()
            .map(|disk| disk.snapshot.position.index.get())
            .max();
        let committed = (1..=last.unwrap_or_default()).map(|index| {
            let index = LogIndex::new(index);
            let term = disks.iter().find_map(|disk| disk.entries.get_term(index));
            let term = term.unwrap_or_else(|| panic!("no disk has the entry at {index}"));
            let position = LogPosition { term, index };
            Committed {
                position,
                in_term: term,
            }
        });
        Self {
            leaders: BTreeMap::new(),
            committed: committed.collect(),
        }
    }

    /// The highest index that any server has known to be committed.
    #[must_use]
    pub fn commit_index(&self) -> LogIndex {
        LogIndex::new(self.committed.len() as u64)
    }

    /// Looks at a server, and returns the history with what is new.
    pub fn observe(&self, server: &Server) -> Result<Self, Violation> {
        let mut history = self.clone();
        if let Some(node) = &server.node {
            history.note_committed(node, server.commit_index())?;
            // Who is a majority by itself leads at once. Until its term is stored nobody can know.
            if node.role().is_leader() && server.disk.current_term >= node.current_term() {
                history.note_leader(node)?;
                history.check_leader_completeness(node)?;
            }
        }
        Ok(history)
    }

    /// Election Safety (§5.2): at most one leader in a term.
    fn note_leader(&mut self, node: &Node) -> Verdict {
        let leader = *self.leaders.entry(node.current_term()).or_insert(node.id());
        if leader != node.id() {
            let (term, id) = (node.current_term(), node.id());
            return violation(
                "Election Safety",
                format!("{leader} and {id} lead term {term}"),
            );
        }
        Ok(())
    }

    /// State Machine Safety (§5.4.3): no two servers commit different entries at one index.
    fn note_committed(&mut self, node: &Node, commit_index: LogIndex) -> Verdict {
        let in_term = node.current_term();
        let first = node.log().snapshot_position().index.get().max(1);
        for index in (first..=commit_index.get()).map(LogIndex::new) {
            let Some(term) = node.log().entries().get_term(index) else {
                return violation(
                    "State Machine Safety",
                    format!("index {index} is committed and not in the log of {node}"),
                );
            };
            let position = LogPosition { term, index };
            let place = index.get() as usize - 1;
            match self.committed.get(place) {
                None if place == self.committed.len() => {
                    self.committed.push(Committed { position, in_term });
                }
                Some(known) if known.position == position => {}
                known => {
                    let known = known.map(|known| known.position);
                    return violation(
                        "State Machine Safety",
                        format!("{position} is committed on {node}, and {known:?} elsewhere"),
                    );
                }
            }
        }
        Ok(())
    }

    /// Leader Completeness (§5.4): what was committed in an earlier term is in the leader's log.
    fn check_leader_completeness(&self, node: &Node) -> Verdict {
        let log = node.log();
        let lacks = |entry: &&Committed| {
            entry.in_term < node.current_term()
                && entry.position.index >= log.snapshot_position().index
                && !log.entries().contains(entry.position)
        };
        if let Some(Committed { position, in_term }) = self.committed.iter().find(lacks) {
            return violation(
                "Leader Completeness",
                format!("{position} was committed in term {in_term}, and {node} lacks it"),
            );
        }
        Ok(())
    }
}
