//! [`Marks`]: which entries of a stretch of the log are no commands.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::{ClusterConfig, LogIndex, Term};

/// Where terms start, and where configurations stand: two lists, indexes rising.
///
/// Most stretches have none of either: those that travel. So this is one pointer, and for them it is null.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Marks(Option<Box<Lists>>);

/// Never both empty: two equal values look the same.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
struct Lists {
    terms: Vec<(LogIndex, Term)>,
    configs: Vec<(LogIndex, ClusterConfig)>,
}

impl Marks {
    /// No marks: all entries are commands.
    pub(crate) const NONE: Self = Self(None);

    /// The indexes of the `Term` entries, with their terms.
    pub(crate) fn terms(&self) -> &[(LogIndex, Term)] {
        self.0.as_ref().map_or(&[], |lists| &lists.terms)
    }

    /// The indexes of the `ClusterConfig` entries, with their configurations.
    pub(crate) fn configs(&self) -> &[(LogIndex, ClusterConfig)] {
        self.0.as_ref().map_or(&[], |lists| &lists.configs)
    }

    /// Adds a term that starts behind all marks.
    pub(crate) fn push_term(&mut self, index: LogIndex, term: Term) {
        push(&mut self.lists().terms, (index, term));
    }

    /// Adds a configuration that stands behind all marks.
    pub(crate) fn push_config(&mut self, index: LogIndex, config: ClusterConfig) {
        push(&mut self.lists().configs, (index, config));
    }

    /// Drops the marks above `index`.
    #[cold]
    pub(crate) fn truncate_after(&mut self, index: LogIndex) {
        let Some(lists) = &mut self.0 else { return };
        lists.terms.truncate(count_up_to(&lists.terms, index));
        lists.configs.truncate(count_up_to(&lists.configs, index));
        if lists.terms.is_empty() && lists.configs.is_empty() {
            self.0 = None;
        }
    }

    /// The marks above `index`.
    pub(crate) fn since(&self, index: LogIndex) -> Self {
        let terms = after(self.terms(), index);
        let configs = after(self.configs(), index);
        if terms.is_empty() && configs.is_empty() {
            return Self::NONE;
        }
        Self(Some(Box::new(Lists {
            terms: terms.to_vec(),
            configs: configs.to_vec(),
        })))
    }

    /// Adds marks that stand behind all of these.
    pub(crate) fn extend(&mut self, others: &Self) {
        if let Some(others) = &others.0 {
            self.push_all(others);
        }
    }

    /// One after the other: they are few.
    #[cold]
    fn push_all(&mut self, others: &Lists) {
        for &(index, term) in &others.terms {
            self.push_term(index, term);
        }
        for (index, config) in &others.configs {
            self.push_config(*index, config.clone());
        }
    }

    /// The lists, to add to them at once.
    fn lists(&mut self) -> &mut Lists {
        self.0.get_or_insert_default()
    }
}

/// Adds to a list. Most hold a single item, and so the first takes room for itself alone.
fn push<T>(list: &mut Vec<T>, item: T) {
    if list.is_empty() {
        list.reserve_exact(1);
    }
    list.push(item);
}

/// The last item of a sorted list at or below `index`.
pub(crate) fn last_at<T>(list: &[(LogIndex, T)], index: LogIndex) -> Option<&(LogIndex, T)> {
    list.get(..count_up_to(list, index))?.last()
}

/// The item of a sorted list at `index`.
pub(crate) fn exactly_at<T>(list: &[(LogIndex, T)], index: LogIndex) -> Option<&(LogIndex, T)> {
    last_at(list, index).filter(|&&(at, _)| at == index)
}

/// The items of a sorted list above `index`.
pub(crate) fn after<T>(list: &[(LogIndex, T)], index: LogIndex) -> &[(LogIndex, T)] {
    list.get(count_up_to(list, index)..).unwrap_or_default()
}

/// How many items of a sorted list stand at or below `index`.
pub(crate) fn count_up_to<T>(list: &[(LogIndex, T)], index: LogIndex) -> usize {
    list.partition_point(|&(at, _)| at <= index)
}
