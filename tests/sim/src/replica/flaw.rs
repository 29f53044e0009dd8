//! Mistakes that users of a replica can still make: its types do not prevent them.

use alloc::vec::Vec;

use raftbare::LogIndex;

use super::disk::Step;
use super::manner::Manner;
use crate::state::State;

/// Makes the list of mistakes: a name, and what is done wrong.
macro_rules! flaws {
    ($($name:ident: $how:literal;)*) => {
        /// A mistake in the use of a [`Replica`](raftbare::replica::Replica).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ReplicaFlaw {
            $(#[doc = concat!("Wrong: ", $how, ".")] $name,)*
        }

        impl ReplicaFlaw {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// What is done wrong.
            #[must_use]
            pub const fn how(self) -> &'static str {
                match self {
                    $(Self::$name => $how,)*
                }
            }
        }
    };
}

flaws! {
    BatchNotSynced: "persisted is called, the batch is not synced, and a crash loses it";
    FailureIgnored: "a batch that failed is given back as persisted";
    HardStateNotStored: "the hard state is not stored";
    TruncateIgnored: "records are overwritten, and those above are not dropped";
    TruncatesLast: "the new records are written before the old ones are dropped";
    LosesRecordsAbove: "a snapshot drops the records above it, and keeps those below";
    TornRecordKept: "half a record is left by a crash, and taken for a whole one";
    ComesBackEmpty: "a replica is started again under its old name with an empty store";
    ChunkNotStored: "the mark of a snapshot is stored, and its chunks are not";
    ChunkAfterMark: "the mark of a snapshot is stored before its last chunk";
    ChunksNeverAnew: "a chunk at offset 0 is written behind what is there";
    SnapshotOfLaterState: "a snapshot is written of a later state than that of its position";
    LoadIgnored: "a snapshot is not loaded";
    AppliedWithoutState: "how far the state is, is stored without the state";
    StateWithoutApplied: "the state is stored without how far it is";
    ReadsAtOnce: "reads are answered from the present state at once";
    TimerIgnored: "the timer is not set when that is asked for";
}

impl ReplicaFlaw {
    /// Makes the world one in which the flaw can show.
    pub(super) fn prepare(self, manner: &mut Manner) {
        match self {
            Self::FailureIgnored => manner.failure = 20,
            // In a table, the mark and the hard state are one row.
            Self::HardStateNotStored | Self::ChunkNotStored => manner.is_table = false,
            Self::AppliedWithoutState | Self::StateWithoutApplied => manner.keeps_state = true,
            Self::TruncatesLast | Self::ChunkAfterMark => manner.transactions = false,
            Self::TornRecordKept => {
                manner.transactions = false;
                manner.slow = 500;
            }
            Self::SnapshotOfLaterState => manner.finish = 100,
            Self::ChunksNeverAnew => manner.damage = 50,
            _ => {}
        }
    }

    /// What becomes of the steps of a batch. `before` is the stored state, with how far it is said to be.
    pub(super) fn alter(self, steps: &mut Vec<Step>, before: (LogIndex, State)) {
        match self {
            Self::HardStateNotStored => steps.retain(|it| !matches!(it, Step::HardState(..))),
            Self::TruncateIgnored => steps.retain(|it| !matches!(it, Step::TruncateFrom(_))),
            Self::ChunkNotStored => steps.retain(|it| !matches!(it, Step::Chunk(..))),
            Self::TruncatesLast => {
                let last = |it: &Step| matches!(it, Step::TruncateFrom(_));
                steps.sort_by_key(last);
            }
            Self::ChunkAfterMark => {
                let last = |it: &Step| matches!(it, Step::Chunk(..));
                steps.sort_by_key(last);
            }
            Self::ChunksNeverAnew => {
                for step in steps {
                    if let Step::Chunk(_, offset, _) = step
                        && *offset == 0
                    {
                        *offset = u64::from(u32::MAX);
                    }
                }
            }
            _ => steps
                .iter_mut()
                .for_each(|step| self.alter_one(step, before)),
        }
    }

    fn alter_one(self, step: &mut Step, before: (LogIndex, State)) {
        match (self, &mut *step) {
            (Self::LosesRecordsAbove, Step::DropThrough(index)) => {
                *step = Step::TruncateFrom(*index + LogIndex::new(1));
            }
            (Self::AppliedWithoutState, Step::State(_, state)) => state.digest = before.1.digest,
            (Self::StateWithoutApplied, Step::State(applied, state)) => {
                *applied = before.0;
                state.applied = before.0;
            }
            _ => {}
        }
    }
}
