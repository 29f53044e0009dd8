//! [`LogPosition`]: where an entry stands in a log, and which of two logs is more up-to-date.

use crate::{LogIndex, Term};

/// Names a log entry by its term and its index.
///
/// If two logs contain the same position, they are identical up to it (Log Matching, §5.3).
///
/// **The order is §5.4.1's "up-to-date"**: of two logs, the one whose last entry has the later term is more
/// up-to-date; with equal terms, the longer one. The derived order compares the fields from top to bottom,
/// so `term` has to stand before `index`.
///
/// ```
/// use raftbare::{LogIndex, LogPosition, Term};
///
/// let long = LogPosition { term: Term::new(1), index: LogIndex::new(5) };
/// let late = LogPosition { term: Term::new(3), index: LogIndex::new(4) };
/// assert!(late > long); // the later term wins, however long the other log is
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogPosition {
    /// The term of the entry.
    pub term: Term,
    /// The index of the entry.
    pub index: LogIndex,
}

impl LogPosition {
    /// The position before the first entry: term 0, index 0.
    ///
    /// ```
    /// # use raftbare::{LogIndex, LogPosition};
    /// assert_eq!(LogPosition::ZERO.index, LogIndex::ZERO);
    /// ```
    pub const ZERO: Self = Self {
        term: Term::ZERO,
        index: LogIndex::ZERO,
    };

    /// What a call returns whose preconditions do not hold. No entry stands here: the index is 0.
    ///
    /// ```
    /// # use raftbare::{LogPosition, Node, NodeId};
    /// let mut follower = Node::start(NodeId::new(1));
    /// assert_eq!(follower.propose_command(), LogPosition::INVALID);
    /// ```
    pub const INVALID: Self = Self {
        term: Term::new(u64::MAX),
        index: LogIndex::ZERO,
    };

    /// Whether this is [`LogPosition::INVALID`].
    ///
    /// ```
    /// # use raftbare::LogPosition;
    /// assert!(LogPosition::INVALID.is_invalid());
    /// assert!(!LogPosition::ZERO.is_invalid());
    /// ```
    #[must_use]
    pub const fn is_invalid(self) -> bool {
        self.term.get() == u64::MAX && self.index.get() == 0
    }

    /// §5.4.1: whether a log that ends here is at least as up-to-date as one that ends at `other`.
    pub(crate) fn is_up_to_date(self, other: Self) -> bool {
        self >= other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(term: u64, index: u64) -> LogPosition {
        LogPosition {
            term: Term::new(term),
            index: LogIndex::new(index),
        }
    }

    #[test]
    fn section_5_4_1_terms_are_compared_before_indexes() {
        assert!(at(3, 4).is_up_to_date(at(1, 5)));
        assert!(!at(1, 5).is_up_to_date(at(3, 4)));
        assert!(at(3, 5).is_up_to_date(at(3, 4)));
        assert!(at(3, 4).is_up_to_date(at(3, 4)));
        assert!(!at(3, 4).is_up_to_date(at(3, 5)));
    }

    #[test]
    fn invalid_is_no_position_of_an_entry() {
        assert!(LogPosition::INVALID.is_invalid());
        assert!(!at(u64::MAX, 1).is_invalid());
        assert!(!at(u64::MAX, u64::MAX).is_invalid());
    }
}
