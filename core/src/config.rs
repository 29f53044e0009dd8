//! [`ClusterConfig`]: who belongs to the cluster, and joint consensus as a value (§6).

use alloc::collections::BTreeSet;
use alloc::collections::btree_set;
use core::iter::Peekable;

use crate::NodeId;

/// The members of a cluster (§6).
///
/// While `new_voters` is empty, a majority of `voters` decides. While it is not, the configuration is
/// *joint* (C_old,new): elections and commits need a majority of `voters` **and** a majority of `new_voters`.
///
/// A node uses the latest configuration in its log, committed or not.
///
/// ```
/// use raftbare::{ClusterConfig, NodeId};
///
/// let mut config = ClusterConfig::new();
/// config.voters.extend([1, 2, 3].map(NodeId::new));
/// config.non_voters.insert(NodeId::new(4));
/// assert!(config.contains(NodeId::new(4)));
/// assert!(!config.is_joint_consensus());
/// ```
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
pub struct ClusterConfig {
    /// The nodes that elect leaders and acknowledge commits (C_old during a change).
    pub voters: BTreeSet<NodeId>,
    /// The voters to come (C_new). Empty unless a change is in progress.
    pub new_voters: BTreeSet<NodeId>,
    /// The nodes that get the log and count in no majority.
    pub non_voters: BTreeSet<NodeId>,
}

impl ClusterConfig {
    /// Makes a configuration without members.
    ///
    /// ```
    /// # use raftbare::ClusterConfig;
    /// assert_eq!(ClusterConfig::new().unique_nodes().count(), 0);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether `id` is a voter, a voter to come or a non-voter.
    ///
    /// ```
    /// # use raftbare::{ClusterConfig, NodeId};
    /// let mut config = ClusterConfig::new();
    /// config.new_voters.insert(NodeId::new(1));
    /// assert!(config.contains(NodeId::new(1)));
    /// assert!(!config.contains(NodeId::new(2)));
    /// ```
    #[must_use]
    pub fn contains(&self, id: NodeId) -> bool {
        self.is_voter(id) || self.non_voters.contains(&id)
    }

    /// Whether this configuration is C_old,new: a change of voters is in progress (§6).
    ///
    /// ```
    /// # use raftbare::{ClusterConfig, NodeId};
    /// let mut config = ClusterConfig::new();
    /// config.voters.insert(NodeId::new(1));
    /// assert!(!config.is_joint_consensus());
    /// config.new_voters.insert(NodeId::new(2));
    /// assert!(config.is_joint_consensus());
    /// ```
    #[must_use]
    pub fn is_joint_consensus(&self) -> bool {
        !self.new_voters.is_empty()
    }

    /// All members in ascending order, each once.
    ///
    /// ```
    /// # use raftbare::{ClusterConfig, NodeId};
    /// let mut config = ClusterConfig::new();
    /// config.voters.extend([1, 3].map(NodeId::new));
    /// config.new_voters.extend([2, 3].map(NodeId::new));
    /// assert!(config.unique_nodes().eq([1, 2, 3].map(NodeId::new)));
    /// ```
    pub fn unique_nodes(&self) -> impl Iterator<Item = NodeId> {
        UniqueNodes {
            sets: [
                self.voters.iter().peekable(),
                self.new_voters.iter().peekable(),
                self.non_voters.iter().peekable(),
            ],
        }
    }

    /// The joint configuration that leads from the present voters to the changed ones (§6).
    ///
    /// The result is for [`Node::propose_config`](crate::Node::propose_config). Its `new_voters` are the
    /// present voters without `removing_voters`, with `adding_voters` (a node in both is removed). A
    /// non-voter that is added becomes a voter, so it leaves `non_voters`. A removed voter leaves the
    /// cluster; to keep it as a non-voter, propose that once the change is through. If nobody remains,
    /// `new_voters` is empty and the result is not joint.
    ///
    /// ```
    /// # use raftbare::{ClusterConfig, NodeId};
    /// let mut config = ClusterConfig::new();
    /// config.voters.extend([1, 2].map(NodeId::new));
    /// let joint = config.to_joint_consensus(&[NodeId::new(3)], &[NodeId::new(1)]);
    /// assert!(joint.voters.iter().copied().eq([1, 2].map(NodeId::new)));
    /// assert!(joint.new_voters.iter().copied().eq([2, 3].map(NodeId::new)));
    /// ```
    #[must_use]
    pub fn to_joint_consensus(&self, adding_voters: &[NodeId], removing_voters: &[NodeId]) -> Self {
        let mut joint = Self {
            voters: self.voters.clone(),
            ..Self::new()
        };
        let new_voters = self.voters.iter().chain(adding_voters);
        let new_voters = new_voters.filter(|id| !removing_voters.contains(id));
        joint.new_voters.extend(new_voters);
        let others = self.non_voters.iter();
        let others = others.filter(|id| !joint.new_voters.contains(id));
        joint.non_voters.extend(others);
        joint
    }

    /// As many nodes as there are at the most, without counting them.
    pub(crate) fn most_nodes(&self) -> usize {
        let voters = self.voters.len().saturating_add(self.new_voters.len());
        voters.saturating_add(self.non_voters.len())
    }

    /// Whether `id` takes part in elections and commits, in either half of a joint configuration.
    pub(crate) fn is_voter(&self, id: NodeId) -> bool {
        self.voters.contains(&id) || self.new_voters.contains(&id)
    }

    /// §6: the configuration that follows this joint one (C_new).
    pub(crate) fn to_final(&self) -> Self {
        Self {
            voters: self.new_voters.clone(),
            new_voters: BTreeSet::new(),
            non_voters: self.non_voters.clone(),
        }
    }

    /// §6: whether a cluster with this configuration may go on to `next`.
    ///
    /// The voters stay the same (others come by way of `new_voters`), nobody is voter and non-voter at
    /// once, and no change of voters is in progress.
    pub(crate) fn may_change_to(&self, next: &Self) -> bool {
        !self.is_joint_consensus()
            && self.voters == next.voters
            && !next.non_voters.iter().any(|&id| next.is_voter(id))
    }
}

/// Merges the three sorted sets of a configuration.
struct UniqueNodes<'a> {
    sets: [Peekable<btree_set::Iter<'a, NodeId>>; 3],
}

impl Iterator for UniqueNodes<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        let smallest = self
            .sets
            .iter_mut()
            .filter_map(|set| set.peek().copied())
            .min()
            .copied()?;
        for set in &mut self.sets {
            set.next_if(|&&id| id == smallest);
        }
        Some(smallest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ids: &[u64]) -> BTreeSet<NodeId> {
        ids.iter().map(|&id| NodeId::new(id)).collect()
    }

    fn config(voters: &[u64], new_voters: &[u64], non_voters: &[u64]) -> ClusterConfig {
        ClusterConfig {
            voters: set(voters),
            new_voters: set(new_voters),
            non_voters: set(non_voters),
        }
    }

    #[test]
    fn unique_nodes_are_sorted_and_unique() {
        let config = config(&[5, 1, 3], &[3, 4], &[2, 9]);
        assert!(
            config
                .unique_nodes()
                .eq([1, 2, 3, 4, 5, 9].map(NodeId::new))
        );
    }

    #[test]
    fn an_added_non_voter_becomes_a_voter() {
        let joint =
            config(&[1, 2], &[], &[3]).to_joint_consensus(&[NodeId::new(3)], &[NodeId::new(1)]);
        assert_eq!(joint, config(&[1, 2], &[2, 3], &[]));
        assert_eq!(joint.to_final(), config(&[2, 3], &[], &[]));
    }

    #[test]
    fn section_6_a_change_keeps_the_voters_and_overlaps_in_no_node() {
        let now = config(&[1, 2], &[], &[3]);
        assert!(now.may_change_to(&config(&[1, 2], &[1], &[])));
        assert!(now.may_change_to(&config(&[1, 2], &[], &[4])));
        assert!(!now.may_change_to(&config(&[1], &[], &[])));
        assert!(!now.may_change_to(&config(&[1, 2], &[], &[2])));
        assert!(!now.may_change_to(&config(&[1, 2], &[3], &[3])));
        assert!(!config(&[1, 2], &[2], &[]).may_change_to(&config(&[1, 2], &[], &[])));
    }
}
