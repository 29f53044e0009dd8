//! What is left of the bounds.

use crate::bounds::Bounds;

/// What is left of the bounds, in the order of [`Trouble`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget(u32);

/// What the bounds count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// See [`Bounds::timeouts`].
    Timeout,
    /// See [`Bounds::commands`].
    Command,
    /// See [`Bounds::changes`].
    Change,
    /// See [`Bounds::snapshots`].
    Snapshot,
    /// See [`Bounds::reads`].
    Read,
    /// See [`Bounds::crashes`].
    Crash,
    /// See [`Bounds::duplicates`].
    Duplicate,
    /// See [`Bounds::cuts`].
    Cut,
    /// See [`Bounds::waits`].
    Wait,
    /// See [`Bounds::transfers`].
    Transfer,
}

impl Budget {
    const BITS: u32 = 3;
    /// The names of all troubles, in their order.
    pub const NAMES: [&str; 10] = [
        "timeouts",
        "commands",
        "changes",
        "snapshots",
        "reads",
        "crashes",
        "duplicates",
        "cuts",
        "waits",
        "transfers",
    ];

    /// All that the bounds allow.
    ///
    /// # Panics
    ///
    /// If a number is above 7.
    #[must_use]
    pub fn new(bounds: &Bounds) -> Self {
        Self(bounds.counts().iter().rev().fold(0, |bits, &count| {
            assert!(count < 1 << Self::BITS, "{count} is more than 7");
            bits << Self::BITS | u32::from(count)
        }))
    }

    /// From the number that stands in a row.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The number that stands in a row.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether there is any left.
    #[must_use]
    pub const fn has(self, trouble: Trouble) -> bool {
        self.0 >> (trouble as u32 * Self::BITS) & ((1 << Self::BITS) - 1) > 0
    }

    /// What is left after this; `None` if there is none left.
    #[must_use]
    pub fn less(self, trouble: Trouble) -> Option<Self> {
        self.has(trouble)
            .then(|| Self(self.0 - (1 << (trouble as u32 * Self::BITS))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_counts_each_trouble_for_itself() {
        let bounds = Bounds {
            commands: 2,
            waits: 7,
            ..Bounds::default()
        };
        let budget = Budget::new(&bounds);
        assert!(!budget.has(Trouble::Timeout) && !budget.has(Trouble::Cut));
        let less = budget
            .less(Trouble::Command)
            .and_then(|it| it.less(Trouble::Command));
        assert_eq!(less.and_then(|it| it.less(Trouble::Command)), None);
        let mut budget = Budget::from_bits(less.unwrap().bits());
        for _ in 0..7 {
            budget = budget.less(Trouble::Wait).unwrap();
        }
        assert_eq!(budget.bits(), 0);
    }
}
