//! Majorities (§5.2, §5.3), and both majorities of a joint configuration (§6). Pure: arguments in, answer out.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::{ClusterConfig, LogIndex, MessageSeqNo, NodeId};

/// §5.2, §6: whether the nodes for which `agrees` holds are a majority of the voters, and in a joint
/// configuration of the new voters too. Without voters there is no majority.
pub(crate) fn is_majority(config: &ClusterConfig, agrees: &dyn Fn(NodeId) -> bool) -> bool {
    let is_majority_of = |voters: &BTreeSet<NodeId>| {
        voters.iter().filter(|&&id| agrees(id)).count() > voters.len() / 2
    };
    is_majority_of(&config.voters)
        && (!config.is_joint_consensus() || is_majority_of(&config.new_voters))
}

/// §5.2: the votes that a candidate has got for one of its calls, its own included.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Votes {
    voters: BTreeSet<NodeId>,
    /// The number of the call.
    call: MessageSeqNo,
}

impl Votes {
    /// No vote yet for this call.
    pub(crate) fn new(call: MessageSeqNo) -> Self {
        Self {
            voters: BTreeSet::new(),
            call,
        }
    }

    /// The number of the call that asks for them.
    pub(crate) fn call(&self) -> MessageSeqNo {
        self.call
    }

    /// Counts a vote, once per voter; says whether it is new.
    pub(crate) fn insert(&mut self, voter: NodeId) -> bool {
        self.voters.insert(voter)
    }

    /// Whether these votes elect. Only voters of the configuration in force count.
    pub(crate) fn are_majority(&self, config: &ClusterConfig) -> bool {
        is_majority(config, &|id| self.voters.contains(&id))
    }
}

/// §5.3: what the voters of one half of a configuration have acknowledged.
///
/// Kept sorted, so that the index that a majority has reached is read off at once, however many voters there are.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
pub(crate) struct MatchIndexes {
    /// Whether the leader is one of these voters.
    leader_counts: bool,
    /// The match index of each other voter, falling.
    others: Vec<LogIndex>,
}

impl MatchIndexes {
    /// Collects the match indexes of all voters but the leader, which is one of them or not.
    pub(crate) fn new(leader_counts: bool, others: impl Iterator<Item = LogIndex> + Clone) -> Self {
        let mut this = Self {
            leader_counts,
            others: Vec::with_capacity(others.clone().count()),
        };
        for index in others {
            this.others.push(LogIndex::ZERO);
            this.replace(LogIndex::ZERO, index);
        }
        this
    }

    /// Notes that one of the others has gone from `old` to `new`.
    pub(crate) fn replace(&mut self, old: LogIndex, new: LogIndex) {
        let mut place = self.others.partition_point(|&index| index > old);
        // Place by place: few others are passed, as followers stay close together.
        if new > old {
            while let Some([before, here]) = self.others.get_mut(place.wrapping_sub(1)..=place) {
                if *before >= new {
                    break;
                }
                *here = *before;
                place = place.saturating_sub(1);
            }
        } else {
            while let Some([here, after]) = self.others.get_mut(place..=place.wrapping_add(1)) {
                if *after <= new {
                    break;
                }
                *here = *after;
                place = place.saturating_add(1);
            }
        }
        if let Some(index) = self.others.get_mut(place) {
            *index = new;
        }
    }

    /// The highest index that a majority has reached, the leader itself being at `leader_index`.
    pub(crate) fn majority_index(&self, leader_index: LogIndex) -> LogIndex {
        let voters = self
            .others
            .len()
            .saturating_add(usize::from(self.leader_counts));
        let needed_besides_one = voters / 2;
        let reached_by = |others: usize| {
            self.others
                .get(others.wrapping_sub(1))
                .copied()
                .unwrap_or(LogIndex::ZERO)
        };
        let without_leader = reached_by(needed_besides_one.saturating_add(1));
        if !self.leader_counts {
            return without_leader;
        }
        let with_leader = match needed_besides_one {
            0 => leader_index,
            others => reached_by(others).min(leader_index),
        };
        with_leader.max(without_leader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ids: impl IntoIterator<Item = u64>) -> BTreeSet<NodeId> {
        ids.into_iter().map(NodeId::new).collect()
    }

    #[test]
    fn section_5_2_more_than_half_is_a_majority_and_nobody_is_none() {
        for (voters, needed) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)] {
            let config = ClusterConfig {
                voters: set(1..=voters),
                ..ClusterConfig::new()
            };
            assert!(is_majority(&config, &|id| id.get() <= needed));
            assert!(!is_majority(&config, &|id| id.get() < needed));
        }
        assert!(!is_majority(&ClusterConfig::new(), &|_| true));
    }

    #[test]
    fn section_6_a_joint_configuration_needs_both_majorities() {
        let config = ClusterConfig {
            voters: set(1..=3),
            new_voters: set(3..=5),
            ..ClusterConfig::new()
        };
        assert!(is_majority(&config, &|id| [2, 3, 4].contains(&id.get())));
        assert!(!is_majority(&config, &|id| [1, 2, 3].contains(&id.get())));
        assert!(!is_majority(&config, &|id| [3, 4, 5].contains(&id.get())));
    }

    /// Every small assignment against the definition: the highest index that more than half have reached.
    #[test]
    fn section_5_3_majority_index_is_what_more_than_half_have_reached() {
        for voters in 1..=5_u64 {
            for leader in [1, 9] {
                for code in 0..4_u64.pow(u32::try_from(voters).unwrap()) {
                    let index_of =
                        |id: NodeId| LogIndex::new(code / 4_u64.pow((id.get() - 1) as u32) % 4);
                    let voters = set(1..=voters);
                    let leader = NodeId::new(leader);
                    let leader_index = if voters.contains(&leader) {
                        index_of(leader)
                    } else {
                        LogIndex::new(3)
                    };
                    let expected = (0..4)
                        .map(LogIndex::new)
                        .filter(|&i| {
                            voters.iter().filter(|&&id| index_of(id) >= i).count()
                                > voters.len() / 2
                        })
                        .max()
                        .unwrap();
                    let others = voters.iter().filter(|&&id| id != leader);
                    let indexes =
                        MatchIndexes::new(voters.contains(&leader), others.map(|&id| index_of(id)));
                    assert_eq!(indexes.majority_index(leader_index), expected);
                }
            }
        }
    }

    #[test]
    fn replacing_keeps_the_indexes_sorted() {
        let values = [0, 3, 3, 5, 7, 7, 9];
        for old in values {
            for new in 0..=10 {
                let mut indexes = MatchIndexes::new(false, values.map(LogIndex::new).into_iter());
                indexes.replace(LogIndex::new(old), LogIndex::new(new));
                let mut expected: Vec<u64> = values.to_vec();
                *expected.iter_mut().find(|value| **value == old).unwrap() = new;
                expected.sort_unstable_by(|a, b| b.cmp(a));
                assert!(indexes.others.iter().map(|index| index.get()).eq(expected));
            }
        }
    }
}
