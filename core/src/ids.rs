//! The four integers of the protocol, each a type of its own: [`NodeId`], [`Term`], [`LogIndex`], [`MessageSeqNo`].
//!
//! Their operators **saturate** at `0` and `u64::MAX`, in debug and in release: an identifier that came from
//! the network can never overflow. The rules of the protocol do not rely on it; they use checked arithmetic.

use core::ops::{Add, AddAssign, Sub, SubAssign};

/// Defines a `u64` newtype with its constructors, conversions and saturating operators.
macro_rules! integer {
    ($(#[$doc:meta])* $name:ident, $new:literal, $get:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u64);

        impl $name {
            #[doc = $new]
            ///
            /// ```
            #[doc = concat!("assert_eq!(raftbare::", stringify!($name), "::new(7).get(), 7);")]
            /// ```
            #[must_use]
            pub const fn new(value: u64) -> Self {
                Self(value)
            }

            #[doc = $get]
            ///
            /// ```
            #[doc = concat!("assert_eq!(raftbare::", stringify!($name), "::from(7).get(), 7);")]
            /// ```
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl From<u64> for $name {
            fn from(value: u64) -> Self {
                Self(value)
            }
        }

        impl From<$name> for u64 {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        /// Saturates at `u64::MAX`.
        impl Add for $name {
            type Output = Self;

            fn add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }
        }

        /// Saturates at `u64::MAX`.
        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 = self.0.saturating_add(other.0);
            }
        }

        /// Saturates at `0`.
        impl Sub for $name {
            type Output = Self;

            fn sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }

        /// Saturates at `0`.
        impl SubAssign for $name {
            fn sub_assign(&mut self, other: Self) {
                self.0 = self.0.saturating_sub(other.0);
            }
        }
    };
}

integer!(
    /// Names a node of the cluster.
    ///
    /// The number is the user's choice. It has to be unique in the cluster and must not be given to
    /// another node later: a vote or an acknowledgement of the old one would count for the new one.
    ///
    /// ```
    /// use raftbare::NodeId;
    ///
    /// assert!(NodeId::new(1) < NodeId::new(2));
    /// assert_eq!(NodeId::new(1) + NodeId::new(2), NodeId::new(3));
    /// ```
    NodeId,
    "Makes the node identifier `value`.",
    "The number of this identifier."
);

integer!(
    /// A term: the logical clock of Raft (§5.1). Each has at most one leader (§5.2).
    ///
    /// ```
    /// use raftbare::Term;
    ///
    /// assert_eq!(Term::ZERO + Term::new(1), Term::new(1));
    /// ```
    Term,
    "Makes the term `value`.",
    "The number of this term."
);

impl Term {
    /// The term before the first election.
    ///
    /// ```
    /// assert_eq!(raftbare::Term::ZERO.get(), 0);
    /// ```
    pub const ZERO: Self = Self(0);

    /// The next term, or `None` at `u64::MAX`.
    pub(crate) fn checked_next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

integer!(
    /// The index of a log entry. The first entry has the index 1; 0 stands for "before the first".
    ///
    /// ```
    /// use raftbare::LogIndex;
    ///
    /// assert_eq!(LogIndex::ZERO + LogIndex::new(1), LogIndex::new(1));
    /// assert_eq!(LogIndex::ZERO - LogIndex::new(1), LogIndex::ZERO); // operators saturate
    /// ```
    LogIndex,
    "Makes the log index `value`.",
    "The number of this index."
);

impl LogIndex {
    /// The index before the first entry.
    ///
    /// ```
    /// assert_eq!(raftbare::LogIndex::ZERO.get(), 0);
    /// ```
    pub const ZERO: Self = Self(0);

    /// The next index, or `None` at `u64::MAX`.
    pub(crate) fn checked_next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }

    /// The index before this one; 0 stays 0.
    pub(crate) fn prev(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The index so many entries later, `u64::MAX` at most.
    pub(crate) fn plus(self, count: usize) -> Self {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(count))
    }

    /// How many indexes lie after `earlier`, up to this one.
    pub(crate) fn distance_from(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

integer!(
    /// The number of a call. A reply carries the number of the call that it answers.
    ///
    /// A node counts its calls from 1 in each term, so (term, number) names a call. All 64 bits have to
    /// travel: the numbers whose value shifted right by 50 is 1, 2 or 3 are reserved for kinds of vote
    /// calls. The number 0 is never that of a call: a reply to a call of an older term carries it.
    ///
    /// ```
    /// use raftbare::MessageSeqNo;
    ///
    /// assert!(MessageSeqNo::new(1) < MessageSeqNo::new(2));
    /// ```
    MessageSeqNo,
    "Makes the sequence number `value`.",
    "The value of this sequence number."
);

impl MessageSeqNo {
    /// No call has this number.
    pub(crate) const ZERO: Self = Self(0);

    /// The largest number of an ordinary call; above it stand the reserved kinds.
    const MAX_COUNTER: u64 = (1 << 50) - 1;

    /// The number of the next call. It stays at the largest one, whose replies count once: after 35 years
    /// at a million calls a second in one term the leader falls silent to its own count and is replaced.
    pub(crate) fn next(self) -> Self {
        // No counter is near to where this would wrap.
        Self(self.0.wrapping_add(1).min(Self::MAX_COUNTER))
    }

    /// Where the kind of a call stands: above its number.
    const KIND_SHIFT: u32 = Self::MAX_COUNTER.count_ones();

    /// This counter, as the number of a call of a kind: 0 is that of the ordinary ones.
    pub(crate) const fn of_kind(self, kind: u64) -> Self {
        Self(self.0 | kind << Self::KIND_SHIFT)
    }

    /// The kind of the call with this number, if it is one that has a kind.
    pub(crate) const fn kind(self) -> u64 {
        self.0 >> Self::KIND_SHIFT
    }

    /// The number without its kind.
    pub(crate) const fn counter(self) -> Self {
        Self(self.0 & Self::MAX_COUNTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_saturate() {
        let mut term = Term::new(u64::MAX);
        term += Term::new(1);
        assert_eq!(term, Term::new(u64::MAX));
        assert_eq!(LogIndex::new(3) - LogIndex::new(4), LogIndex::ZERO);
        let mut id = NodeId::new(1);
        id -= NodeId::new(2);
        assert_eq!(id, NodeId::new(0));
        assert_eq!(Term::new(u64::MAX).checked_next(), None);
    }

    #[test]
    fn a_counter_never_reaches_the_reserved_kinds() {
        let last = MessageSeqNo::new(MessageSeqNo::MAX_COUNTER);
        assert_eq!(last.next(), last);
        assert_eq!(last.get() >> 50, 0);
    }
}
