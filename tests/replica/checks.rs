//! What has to hold after every input, and at the end.

use raftbare::replica::Payload;
use raftbare::{LogEntry, LogIndex, LogPosition, Term};

use crate::cluster::Cluster;

impl<P: Payload + std::fmt::Debug> Cluster<P> {
    /// O3: a payload for each command in the log, that of its proposal, and none else.
    #[track_caller]
    pub(crate) fn check(&self, node: u64) {
        let replica = &self.members[&node].replica;
        let log = replica.node().log();
        let none_there = |position| assert!(replica.payload(position).is_none(), "{position}");
        for (position, entry) in log.entries().iter_with_positions() {
            let payload = replica.payload(position).map(AsRef::as_ref);
            let wanted = match entry {
                LogEntry::Command => self.proposed.get(&position).map(Vec::as_slice),
                _ => None,
            };
            assert_eq!(payload, wanted, "the payload of {position} at node {node}");
            assert_eq!(payload.is_some(), entry == LogEntry::Command);
            none_there(LogPosition {
                term: Term::new(position.term.get() + 1),
                ..position
            });
        }
        none_there(log.snapshot_position());
        let last = log.last_position();
        none_there(LogPosition {
            index: LogIndex::new(last.index.get() + 1),
            ..last
        });
    }

    /// Checks that all have applied the same.
    #[track_caller]
    pub(crate) fn assert_equal_states(&self) {
        let mut states = self.members.values().map(|member| &member.state);
        let first = states.next().expect("a member");
        assert!(states.all(|state| state == first));
    }
}

/// The bytes of a snapshot of this state: each payload after its length.
pub(crate) fn join(state: &[Vec<u8>]) -> Vec<u8> {
    let one = |it: &Vec<u8>| [vec![u8::try_from(it.len()).expect("short")], it.clone()].concat();
    state.iter().flat_map(one).collect()
}

pub(crate) fn split(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut state = Vec::new();
    while let Some((&len, rest)) = bytes.split_first() {
        let (payload, rest) = rest.split_at(usize::from(len));
        state.push(payload.to_vec());
        bytes = rest;
    }
    state
}
