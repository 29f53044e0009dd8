//! Whether a history of one key is linearizable: the search of Wing and Gong, with Lowe's memory of what was tried.
//!
//! Clients saw operations begin and end. The history is linearizable if each operation can be given a moment between
//! its begin and its end such that, done one by one in this order, each has the result that was seen. An operation
//! without an end may take effect at any time after its begin, or never.

use std::collections::HashSet;

/// What was done, and what was seen of it. Values are texts that are written once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Read(Option<String>),
    Put(String),
    /// The value that was expected, the new one, and whether it was taken.
    Cas(Option<String>, String, bool),
    /// A CAS of which no answer came.
    CasInDoubt(Option<String>, String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) begin: u64,
    /// `None`: no answer came.
    pub(crate) end: Option<u64>,
    pub(crate) kind: Kind,
}

type Value = Option<String>;

impl Operation {
    /// The value after it, if it may take effect on this one.
    fn effect(&self, value: &Value) -> Option<Value> {
        match &self.kind {
            Kind::Read(seen) => (seen == value).then(|| value.clone()),
            Kind::Put(new) => Some(Some(new.clone())),
            Kind::Cas(expected, new, true) => (expected == value).then(|| Some(new.clone())),
            Kind::Cas(expected, _, false) => (expected != value).then(|| value.clone()),
            Kind::CasInDoubt(expected, new) => Some(match expected == value {
                true => Some(new.clone()),
                false => value.clone(),
            }),
        }
    }
}

/// Looks for an order, beginning without a value.
pub(crate) fn is_linearizable(operations: &[Operation]) -> bool {
    let mut done = vec![0_u64; operations.len().div_ceil(64)];
    let mut tried = HashSet::new();
    // Each level: the value before, the operations that may come next, and the one that was taken.
    let mut stack = vec![(None, candidates(operations, &done), None::<usize>)];
    loop {
        let is_complete = |done: &[u64]| {
            let mut ended = (0..operations.len()).filter(|&at| operations[at].end.is_some());
            ended.all(|at| has(done, at))
        };
        if is_complete(&done) {
            return true;
        }
        let Some((value, next, taken)) = stack.last_mut() else {
            return false;
        };
        if let Some(at) = taken.take() {
            done[at / 64] &= !(1 << (at % 64));
        }
        let Some(at) = next.pop() else {
            stack.pop();
            continue;
        };
        let Some(after) = operations[at].effect(value) else {
            continue;
        };
        done[at / 64] |= 1 << (at % 64);
        *taken = Some(at);
        if tried.insert((done.clone(), after.clone())) {
            let next = candidates(operations, &done);
            stack.push((after, next, None));
        }
    }
}

fn has(done: &[u64], at: usize) -> bool {
    done[at / 64] & (1 << (at % 64)) != 0
}

/// Those that may be the next: begun before any other that is left has ended.
fn candidates(operations: &[Operation], done: &[u64]) -> Vec<usize> {
    let left = || (0..operations.len()).filter(|&at| !has(done, at));
    let first_end = left().filter_map(|at| operations[at].end).min();
    let mut next: Vec<_> = left()
        .filter(|&at| first_end.is_none_or(|end| operations[at].begin < end))
        .collect();
    // The stack is taken from its end: first those that have ended, as they have to come.
    next.sort_by_key(|&at| std::cmp::Reverse(operations[at].end.unwrap_or(u64::MAX)));
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    fn op(begin: u64, end: u64, kind: Kind) -> Operation {
        let end = Some(end);
        Operation { begin, end, kind }
    }

    fn open(begin: u64, kind: Kind) -> Operation {
        let end = None;
        Operation { begin, end, kind }
    }

    fn put(value: &str) -> Kind {
        Kind::Put(value.to_owned())
    }

    fn read(value: &str) -> Kind {
        Kind::Read(some(value))
    }

    #[test]
    fn good_histories_are_accepted() {
        assert!(is_linearizable(&[]));
        assert!(is_linearizable(&[
            op(1, 2, Kind::Read(None)),
            op(3, 4, put("a")),
            op(5, 6, read("a"))
        ]));
        // At the same time: either order.
        assert!(is_linearizable(&[
            op(1, 9, put("a")),
            op(2, 3, Kind::Read(None))
        ]));
        assert!(is_linearizable(&[op(1, 9, put("a")), op(2, 3, read("a"))]));
        // The first of two concurrent puts may be the later one.
        let puts = [op(1, 5, put("a")), op(2, 4, put("b")), op(6, 7, read("a"))];
        assert!(is_linearizable(&puts));
        // What got no answer takes effect late, or never.
        assert!(is_linearizable(&[
            open(1, put("a")),
            op(2, 3, Kind::Read(None)),
            op(4, 5, read("a"))
        ]));
        assert!(is_linearizable(&[
            open(1, put("a")),
            op(2, 3, Kind::Read(None))
        ]));
        let cas = Kind::CasInDoubt(None, "a".into());
        assert!(is_linearizable(&[
            open(1, cas.clone()),
            op(2, 3, read("a"))
        ]));
        assert!(is_linearizable(&[
            open(1, cas),
            op(2, 3, put("b")),
            op(4, 5, read("b"))
        ]));
        // A failed CAS tells that the value was another one.
        let failed = Kind::Cas(some("x"), "y".into(), false);
        assert!(is_linearizable(&[
            op(1, 2, put("a")),
            op(3, 4, failed),
            op(5, 6, read("a"))
        ]));
    }

    #[test]
    fn broken_histories_are_refused() {
        // A stale read.
        assert!(!is_linearizable(&[
            op(1, 2, put("a")),
            op(3, 4, put("b")),
            op(5, 6, read("a"))
        ]));
        // A lost write.
        assert!(!is_linearizable(&[
            op(1, 2, put("a")),
            op(3, 4, Kind::Read(None))
        ]));
        // A value from nowhere.
        assert!(!is_linearizable(&[op(1, 2, read("a"))]));
        // A read from the future.
        assert!(!is_linearizable(&[op(1, 2, read("a")), op(3, 4, put("a"))]));
        // Two reads that see two writes in two orders.
        assert!(!is_linearizable(&[
            op(1, 9, put("a")),
            op(1, 9, put("b")),
            op(2, 3, read("a")),
            op(4, 5, read("b")),
            op(6, 7, read("a")),
        ]));
        // Two clients take the same CAS.
        let cas = |new: &str| Kind::Cas(None, new.to_owned(), true);
        assert!(!is_linearizable(&[op(1, 9, cas("a")), op(2, 8, cas("b"))]));
        // A CAS fails although the value was the expected one all the time.
        let failed = Kind::Cas(some("a"), "b".into(), false);
        assert!(!is_linearizable(&[op(1, 2, put("a")), op(3, 4, failed)]));
        // A write that got no answer is seen, then not, then again.
        assert!(!is_linearizable(&[
            open(1, put("a")),
            op(2, 3, read("a")),
            op(4, 5, Kind::Read(None))
        ]));
        // A write without an answer cannot take effect before it began.
        assert!(!is_linearizable(&[op(1, 2, read("a")), open(3, put("a"))]));
    }

    /// A long history, good but for one read somewhere in it.
    #[test]
    fn one_wrong_read_in_a_long_history_is_found() {
        let mut history = Vec::new();
        for round in 0..200 {
            let at = round * 10;
            history.push(op(at, at + 9, put(&format!("a{round}"))));
            history.push(op(at + 1, at + 8, put(&format!("b{round}"))));
            history.push(op(at + 12, at + 13, read(&format!("a{round}"))));
        }
        // The reads come after the next round has begun: its writes may be later than the reads, or not.
        assert!(is_linearizable(&history));
        for at in [2, 299, 599] {
            let mut broken = history.clone();
            broken[at].kind = read("a0x");
            assert!(!is_linearizable(&broken), "{at}");
            broken[at].kind = Kind::Read(None);
            assert!(!is_linearizable(&broken), "{at}");
        }
    }
}
