//! Which links are cut.

use alloc::collections::BTreeSet;

use raftbare::NodeId;

use crate::random::Random;

/// The links of the simulated network. Each direction is a link of its own.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Network {
    cut: BTreeSet<(NodeId, NodeId)>,
}

impl Network {
    /// Whether a message gets through.
    #[must_use]
    pub fn connects(&self, from: NodeId, to: NodeId) -> bool {
        !self.cut.contains(&(from, to))
    }

    /// Cuts the link in one direction.
    pub fn cut(&mut self, from: NodeId, to: NodeId) {
        self.cut.insert((from, to));
    }

    /// Mends all links.
    pub fn heal(&mut self) {
        self.cut.clear();
    }

    /// Cuts links by chance: one server off, a split in two, a bridge between two halves, or single links in
    /// one direction.
    pub fn cut_by_chance(&mut self, servers: &[NodeId], random: &mut Random) {
        let Some(&one) = random.pick(servers) else {
            return;
        };
        let kind = random.below(4);
        let sides = random.next_u64();
        let side = |id: NodeId| sides >> (id.get() % 64) & 1;
        for &from in servers {
            let from_side = random.chance(500);
            for &to in servers {
                let is_cut = match kind {
                    0 => from == one || to == one,
                    1 => side(from) != side(to),
                    2 => from != one && to != one && side(from) != side(to),
                    _ => from_side && random.chance(300),
                };
                if is_cut && from != to {
                    self.cut(from, to);
                }
            }
        }
    }
}
