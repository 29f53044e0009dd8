//! Raft's guarantees (figure 3), and what an integration must keep, checked after every step.
//!
//! The checker sees servers and messages from outside, remembers what was true, and compares. It costs what
//! has changed, not what there is.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use raftbare::{
    CommitStatus, Log, LogEntries, LogEntry, LogIndex, LogPosition, Node, NodeId, ReadStatus, Term,
};

use crate::integration::{Durable, Integration};
use crate::state::State;

mod answers;
mod promises;

/// A property that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The name of the property, where the paper has one, the paper's.
    pub property: &'static str,
    /// What was seen.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.property, self.detail)
    }
}

/// The verdict of one check.
pub type Verdict = Result<(), Violation>;

/// An entry with the command that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    entry: LogEntry,
    command: Option<u64>,
}

/// An entry that was found committed.
#[derive(Debug, Clone)]
struct Committed {
    position: LogPosition,
    /// The term of the server that was first to know.
    in_term: Term,
}

/// What a server looked like after its last step.
#[derive(Debug, Clone, Default)]
struct Seen {
    current_term: Option<Term>,
    commit_index: Option<LogIndex>,
    /// As a leader: its term and the end of its log.
    leading: Option<(Term, LogPosition)>,
    /// The highest term ever stored.
    stored_term: Option<Term>,
}

/// Remembers what was true.
#[derive(Debug, Clone, Default)]
pub struct Checker {
    leaders: BTreeMap<Term, NodeId>,
    /// Who has voted for whom.
    votes: BTreeMap<(Term, NodeId), NodeId>,
    /// Every entry that was ever stored, with the term of the entry before it.
    stored: BTreeMap<(LogIndex, Term), (Term, Content)>,
    /// So many entries were committed before the checker began.
    begun_after: u64,
    /// The committed entries after that.
    committed: Vec<Committed>,
    /// The state after each index.
    digests: Vec<u64>,
    seen: BTreeMap<NodeId, Seen>,
    /// The commands as clients have proposed them.
    proposed: BTreeMap<LogPosition, u64>,
    /// Positions that a server has called rejected.
    rejected: BTreeMap<LogIndex, Vec<Term>>,
}

fn violation(property: &'static str, detail: String) -> Verdict {
    Err(Violation { property, detail })
}

impl Checker {
    /// The highest index that any server has known to be committed.
    #[must_use]
    pub fn commit_index(&self) -> LogIndex {
        LogIndex::new(self.begun_after + self.committed.len() as u64)
    }

    /// Takes for granted that everything up to `index` is committed: a history begins with a snapshot there.
    /// To be called before anything else is found committed; later it changes nothing.
    pub fn begin_after(&mut self, index: LogIndex) {
        if self.committed.is_empty() {
            self.begun_after = self.begun_after.max(index.get());
        }
    }

    /// The entry that was found committed at `index`.
    fn committed_at(&self, index: LogIndex) -> Option<&Committed> {
        let place = index.get().checked_sub(self.begun_after)?;
        self.committed.get(place.checked_sub(1)? as usize)
    }

    /// How many terms have had a leader.
    #[must_use]
    pub fn leaders_seen(&self) -> u64 {
        self.leaders.len() as u64
    }

    /// Checks a running server after one of its steps, and what it has to do with the others.
    pub fn check_server(&mut self, server: &impl Integration) -> Verdict {
        let Some(node) = server.node() else {
            return Ok(());
        };
        let commit_index = server.commit_index();
        self.check_never_back(node, commit_index)?;
        self.check_state_machine_safety(node, commit_index)?;
        self.check_leader(node, || server.durable().current_term)
    }

    /// A server has crashed: what it knew in this life counts no more.
    pub fn note_crash(&mut self, id: NodeId) {
        let seen = self.seen.entry(id).or_default();
        *seen = Seen {
            stored_term: seen.stored_term,
            ..Seen::default()
        };
    }

    /// Term and commit index of one life never go back.
    fn check_never_back(&mut self, node: &Node, commit_index: LogIndex) -> Verdict {
        let seen = self.seen.entry(node.id()).or_default();
        if seen
            .current_term
            .is_some_and(|term| node.current_term() < term)
        {
            return violation("Term never goes back", format!("{node}"));
        }
        if seen.commit_index.is_some_and(|index| commit_index < index) {
            return violation("Commit index never goes back", format!("{node}"));
        }
        seen.current_term = Some(node.current_term());
        Ok(())
    }

    /// State Machine Safety: no two servers commit different entries at one index.
    fn check_state_machine_safety(&mut self, node: &Node, commit_index: LogIndex) -> Verdict {
        let seen = self.seen.entry(node.id()).or_default();
        let start = seen.commit_index.unwrap_or(LogIndex::ZERO);
        seen.commit_index = Some(commit_index);
        let first = start.max(node.log().snapshot_position().index.min(commit_index));
        if start < first || start == LogIndex::ZERO {
            self.check_committed(node, first)?;
        }
        let mut index = first;
        while index < commit_index {
            index += LogIndex::new(1);
            self.check_committed(node, index)?;
        }
        Ok(())
    }

    fn check_committed(&mut self, node: &Node, index: LogIndex) -> Verdict {
        if index.get() <= self.begun_after {
            return Ok(());
        }
        let Some(term) = node.log().entries().get_term(index) else {
            return violation(
                "State Machine Safety",
                format!("index {index} is not in the log of {node}"),
            );
        };
        let position = LogPosition { term, index };
        let known = self.committed_at(index);
        match known {
            Some(known) if known.position == position => Ok(()),
            Some(known) => violation(
                "State Machine Safety",
                format!(
                    "{} and {position} are both committed, the latter on {node}",
                    known.position
                ),
            ),
            None if index != self.commit_index() + LogIndex::new(1) => violation(
                "State Machine Safety",
                format!(
                    "{position} is committed on {node}, and index {} nowhere",
                    self.commit_index() + LogIndex::new(1)
                ),
            ),
            None => self.note_committed(node, position),
        }
    }

    /// State Machine Safety, seen from the state machines: after the same index, all have the same state.
    pub fn check_applied(&mut self, id: NodeId, state: State) -> Verdict {
        let Some(before) = (state.applied.get() as usize).checked_sub(1) else {
            return Ok(());
        };
        match self.digests.get(before) {
            Some(&digest) if digest == state.digest => Ok(()),
            None if self.digests.len() == before => {
                self.digests.push(state.digest);
                Ok(())
            }
            digest => violation(
                "State Machine Safety",
                format!(
                    "after {} the state of {id} is {}, and another's {digest:?}",
                    state.applied, state.digest
                ),
            ),
        }
    }

    /// Notes a new committed entry, which all later leaders must have.
    fn note_committed(&mut self, node: &Node, position: LogPosition) -> Verdict {
        if self
            .rejected
            .get(&position.index)
            .is_some_and(|terms| terms.contains(&position.term))
        {
            return violation(
                "Rejected is final",
                format!("{position} is committed on {node}"),
            );
        }
        self.committed.push(Committed {
            position,
            in_term: node.current_term(),
        });
        let later = self
            .seen
            .iter()
            .filter_map(|(id, seen)| Some((id, seen.leading?)));
        for (id, (term, end)) in later {
            if term > node.current_term() && end.index < position.index {
                return violation(
                    "Leader Completeness",
                    format!(
                        "{id} leads term {term} up to {end} without {position}, committed on {node}"
                    ),
                );
            }
        }
        Ok(())
    }

    /// Election Safety, Leader Append-Only, Leader Completeness.
    ///
    /// Who is a majority by itself leads at once, before its term is stored: until then nobody can know, and a
    /// crash undoes it.
    fn check_leader(&mut self, node: &Node, stored_term: impl FnOnce() -> Term) -> Verdict {
        let term = node.current_term();
        let end = node.log().last_position();
        let seen = self.seen.entry(node.id()).or_default();
        if !node.role().is_leader() || stored_term() < term {
            seen.leading = None;
            return Ok(());
        }
        let before = seen.leading.replace((term, end));
        match before {
            Some((led, old_end)) if led == term => Self::check_leader_append_only(node, old_end),
            _ => {
                self.check_election_safety(node)?;
                self.check_leader_completeness(node)
            }
        }
    }

    /// Election Safety: at most one leader in a term (§5.2).
    fn check_election_safety(&mut self, node: &Node) -> Verdict {
        match self.leaders.insert(node.current_term(), node.id()) {
            Some(other) if other != node.id() => violation(
                "Election Safety",
                format!(
                    "{other} and {} lead term {}",
                    node.id(),
                    node.current_term()
                ),
            ),
            _ => Ok(()),
        }
    }

    /// Leader Append-Only: a leader never overwrites or deletes entries (§5.3).
    fn check_leader_append_only(node: &Node, old_end: LogPosition) -> Verdict {
        let log = node.log();
        let is_kept =
            log.entries().contains(old_end) || log.snapshot_position().index > old_end.index;
        if !is_kept || log.last_position().index < old_end.index {
            return violation(
                "Leader Append-Only",
                format!("{old_end} is gone from {node}"),
            );
        }
        Ok(())
    }

    /// Leader Completeness: what was committed in an earlier term is in the leader's log (§5.4). Leaders of
    /// earlier terms are not bound.
    fn check_leader_completeness(&self, node: &Node) -> Verdict {
        let earlier = self
            .committed
            .iter()
            .rev()
            .find(|entry| entry.in_term < node.current_term());
        let Some(last) = earlier else { return Ok(()) };
        let log = node.log();
        if log.entries().contains(last.position)
            || last.position.index < log.snapshot_position().index
        {
            return Ok(());
        }
        violation(
            "Leader Completeness",
            format!(
                "{} was committed in term {}, and {node} lacks it",
                last.position, last.in_term
            ),
        )
    }

    /// Log Matching: two logs with the same position are identical up to it (§5.3). Checked where entries
    /// are stored, each against the first of its position and by way of its predecessor.
    pub fn check_stored(
        &mut self,
        entries: &LogEntries,
        command_at: impl Fn(LogPosition) -> Option<u64>,
    ) -> Verdict {
        let mut prev_term = entries.prev_position().term;
        for (position, entry) in entries.iter_with_positions() {
            let command = match entry {
                LogEntry::Command => command_at(position),
                _ => None,
            };
            let is_new = !self.stored.contains_key(&(position.index, position.term));
            if is_new && entry != LogEntry::Command {
                // Whoever leads alone and crashes before its term is stored may give out a position again.
                self.proposed.remove(&position);
            }
            let proposed = self.proposed.get(&position).copied();
            if proposed.is_some() && proposed != command {
                return violation(
                    "A command is stored as proposed",
                    format!("{position}: {proposed:?} was proposed, {entry:?} {command:?} stored"),
                );
            }
            let content = (prev_term, Content { entry, command });
            let known = self
                .stored
                .entry((position.index, position.term))
                .or_insert_with(|| content.clone());
            if *known != content {
                return violation(
                    "Log Matching",
                    format!("{position} is {known:?} and {content:?}"),
                );
            }
            prev_term = position.term;
        }
        Ok(())
    }

    /// Disk equals memory, once all actions are executed.
    pub fn check_drained(server: &impl Integration) -> Verdict {
        let Some(node) = server.node() else {
            return Ok(());
        };
        let durable = server.durable();
        if durable.equals_memory(node) {
            return Ok(());
        }
        let (term, vote) = (durable.current_term, durable.voted_for);
        let log = Log::new(
            durable.snapshot_config.into_owned(),
            durable.entries.into_owned(),
        );
        violation(
            "Disk equals memory after a drain",
            format!("{node}\ndisk: term {term} vote {vote:?} {log}"),
        )
    }

    /// The stored term never goes back, over all lives.
    pub fn check_disk(&mut self, id: NodeId, durable: &Durable<'_>) -> Verdict {
        let seen = self.seen.entry(id).or_default();
        if seen
            .stored_term
            .is_some_and(|term| durable.current_term < term)
        {
            return violation(
                "Stored term never goes back",
                format!("{id}: {}", durable.current_term),
            );
        }
        seen.stored_term = Some(durable.current_term);
        Ok(())
    }

    /// Reads are linearizable (§8): a read sees all that anybody knew to be committed when it began.
    pub fn check_read(id: NodeId, bound: LogIndex, status: ReadStatus) -> Verdict {
        match status {
            ReadStatus::Ready(index) if index < bound => violation(
                "Reads are linearizable",
                format!("{id} reads at {index} what began after {bound} was committed"),
            ),
            _ => Ok(()),
        }
    }

    /// What a node says of a proposed position agrees with what is committed, and is never taken back.
    pub fn check_status(&mut self, position: LogPosition, status: CommitStatus) -> Verdict {
        let committed = self.committed_at(position.index);
        let committed = committed.map(|entry| entry.position);
        match status {
            _ if position.index.get() <= self.begun_after => Ok(()),
            CommitStatus::Committed if committed != Some(position) => violation(
                "Committed is final",
                format!("{position}, but {committed:?} is committed"),
            ),
            CommitStatus::Rejected if committed == Some(position) => {
                violation("Rejected is final", format!("{position} is committed"))
            }
            CommitStatus::Rejected if committed.is_none() => {
                self.rejected
                    .entry(position.index)
                    .or_default()
                    .push(position.term);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
