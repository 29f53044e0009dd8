//! Whether a history of one key is linearizable: the search of Wing and Gong, with Lowe's memory of what was tried.
//!
//! Clients saw operations begin and end. The history is linearizable if each operation can be given a moment between
//! its begin and its end such that, done one by one in this order, each has the result that was seen. A write without
//! an answer may take effect at any time after its begin, or never.
//!
//! Every value is written once. So a write without an answer has taken effect if its value was seen, and then before
//! that; if not, it makes no difference. And a value that is overwritten never comes again.

use std::collections::{HashMap, HashSet};

/// A value; `None`: there is none.
pub(crate) type Value = Option<String>;

/// What was done, and what was seen of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Also a CAS that found another value than it expected.
    Read(Value),
    Put(String),
    /// A CAS that found what it expected, and wrote this.
    Cas(Value, String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) begin: u64,
    /// `None`: no answer came. A CAS has done nothing then, or found what it expected.
    pub(crate) end: Option<u64>,
    pub(crate) kind: Kind,
}

impl Operation {
    /// The value that it has to find.
    fn needs(&self) -> Option<Value> {
        match &self.kind {
            Kind::Read(seen) => Some(seen.clone()),
            Kind::Put(_) => None,
            Kind::Cas(expected, _) => Some(expected.clone()),
        }
    }

    fn writes(&self) -> Option<&String> {
        match &self.kind {
            Kind::Read(_) => None,
            Kind::Put(new) | Kind::Cas(_, new) => Some(new),
        }
    }
}

/// Looks for an order, beginning without a value.
pub(crate) fn is_linearizable(history: &[Operation]) -> bool {
    let operations = settle(history);
    let mut search = Search::new(&operations);
    let mut tried = HashSet::new();
    // Each level: the value, the operations that may come next, and the one that was taken.
    let mut stack = vec![(None, search.candidates(), None::<usize>)];
    loop {
        if search.left == 0 {
            return true;
        }
        let Some((value, next, taken)) = stack.last_mut() else {
            return false;
        };
        if let Some(at) = taken.take() {
            search.undo(at);
        }
        let Some(at) = next.pop() else {
            stack.pop();
            continue;
        };
        let Some(after) = search.effect(at, value) else {
            continue;
        };
        search.take(at);
        *taken = Some(at);
        if tried.insert((search.done.clone(), after.clone())) {
            let next = search.candidates();
            stack.push((after, next, None));
        }
    }
}

/// Gives an end to each write without an answer whose value was seen, by the first who saw it; leaves out the others.
fn settle(history: &[Operation]) -> Vec<Operation> {
    let mut operations = history.to_vec();
    loop {
        let mut seen: HashMap<Value, u64> = HashMap::new();
        for operation in &operations {
            if let (Some(value), Some(end)) = (operation.needs(), operation.end) {
                let first = seen.entry(value).or_insert(end);
                *first = end.min(*first);
            }
        }
        let mut is_settled = true;
        for operation in operations.iter_mut().filter(|it| it.end.is_none()) {
            operation.end = operation
                .writes()
                .and_then(|new| seen.get(&Some(new.clone())))
                .copied();
            is_settled &= operation.end.is_none();
        }
        if is_settled {
            operations.retain(|it| it.end.is_some());
            return operations;
        }
    }
}

/// How far an attempt has come.
struct Search<'a> {
    operations: &'a [Operation],
    done: Vec<bool>,
    left: usize,
    /// How many of those that are left need a value.
    needed: HashMap<Value, usize>,
}

impl<'a> Search<'a> {
    fn new(operations: &'a [Operation]) -> Self {
        let mut needed = HashMap::new();
        for value in operations.iter().filter_map(Operation::needs) {
            *needed.entry(value).or_default() += 1;
        }
        Self {
            operations,
            done: vec![false; operations.len()],
            left: operations.len(),
            needed,
        }
    }

    fn take(&mut self, at: usize) {
        self.done[at] = true;
        self.left -= 1;
        let needs = self.operations[at].needs();
        if let Some(count) = needs.and_then(|value| self.needed.get_mut(&value)) {
            *count -= 1;
        }
    }

    fn undo(&mut self, at: usize) {
        self.done[at] = false;
        self.left += 1;
        let needs = self.operations[at].needs();
        if let Some(count) = needs.and_then(|value| self.needed.get_mut(&value)) {
            *count += 1;
        }
    }

    /// The value after an operation that is done on this one, if that is possible.
    fn effect(&self, at: usize, value: &Value) -> Option<Value> {
        let operation = &self.operations[at];
        let needs = operation.needs();
        if needs.as_ref().is_some_and(|needs| needs != value) {
            return None;
        }
        let Some(new) = operation.writes() else {
            return Some(value.clone());
        };
        // The present value does not come again: nobody else may need it.
        let others = self.needed.get(value).copied().unwrap_or_default();
        let is_free = others == usize::from(needs.is_some());
        is_free.then(|| Some(new.clone()))
    }

    /// Those that may be the next: begun before any other that is left has ended.
    fn candidates(&self) -> Vec<usize> {
        let left = || (0..self.operations.len()).filter(|&at| !self.done[at]);
        let end = |at: &usize| self.operations[*at].end;
        let first_end = left().filter_map(|at| end(&at)).min();
        let begins_before = |end| move |at: &usize| self.operations[*at].begin < end;
        let mut next: Vec<_> = left()
            .filter(begins_before(first_end.unwrap_or(u64::MAX)))
            .collect();
        // They are taken from the end of this list: the first to end comes first.
        next.sort_by_key(|at| std::cmp::Reverse(end(at)));
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(value: &str) -> Value {
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

    fn cas(expected: Value, new: &str) -> Kind {
        Kind::Cas(expected, new.to_owned())
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
        let cas = cas(None, "a");
        assert!(is_linearizable(&[
            open(1, cas.clone()),
            op(2, 3, read("a"))
        ]));
        assert!(is_linearizable(&[
            open(1, cas),
            op(2, 3, put("b")),
            op(4, 5, read("b"))
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
        let both = [op(1, 9, cas(None, "a")), op(2, 8, cas(None, "b"))];
        assert!(!is_linearizable(&both));
        // A CAS took a value that was not there any more.
        assert!(!is_linearizable(&[
            op(1, 2, put("a")),
            op(3, 4, put("b")),
            op(5, 6, cas(some("a"), "c"))
        ]));
        // A CAS without an answer took effect, and then another one on the same value.
        assert!(!is_linearizable(&[
            open(1, cas(None, "a")),
            op(2, 3, read("a")),
            op(4, 5, cas(None, "b"))
        ]));
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

    /// Many writes without an answer, each of which may have taken effect at any time.
    #[test]
    fn writes_in_doubt_cost_no_time() {
        let mut history: Vec<_> = (0..500)
            .map(|at| open(at, put(&format!("x{at}"))))
            .collect();
        for round in 0..50 {
            let at = 1_000 + round * 10;
            history.push(op(at, at + 3, put(&format!("a{round}"))));
            history.push(op(at + 5, at + 6, read(&format!("x{}", round * 10))));
        }
        assert!(is_linearizable(&history));
        history.push(op(2_000, 2_001, read("x0")));
        assert!(!is_linearizable(&history));
    }

    /// The definition, word by word: some order of all operations, and of any of those without an answer.
    fn is_linearizable_by_definition(left: &[Operation], value: &Value) -> bool {
        if left.iter().all(|it| it.end.is_none()) {
            return true;
        }
        let first_end = left.iter().filter_map(|it| it.end).min();
        (0..left.len()).any(|at| {
            let operation = &left[at];
            let is_possible = first_end.is_none_or(|end| operation.begin < end)
                && operation.needs().is_none_or(|needs| needs == *value);
            let after = operation.writes().map_or(value.clone(), |new| some(new));
            let rest = [&left[..at], &left[at + 1..]].concat();
            is_possible && is_linearizable_by_definition(&rest, &after)
        })
    }

    #[test]
    fn small_histories_are_judged_as_by_definition() {
        let mut state = 1_u64;
        let mut random = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % below
        };
        let mut good = 0;
        for _ in 0..20_000 {
            let len = 1 + random(6);
            let mut history = Vec::new();
            for number in 0..len {
                let begin = 2 * random(8);
                let end = begin + 1 + 2 * random(5);
                let value = match random(len + 1) {
                    0 => None,
                    other => some(&(other - 1).to_string()),
                };
                let new = number.to_string();
                let kind = match random(5) {
                    0 | 1 => Kind::Put(new),
                    2 => Kind::Cas(value, new),
                    _ => Kind::Read(value),
                };
                let is_read = matches!(kind, Kind::Read(_));
                let end = Some(end).filter(|_| is_read || random(4) > 0);
                history.push(Operation { begin, end, kind });
            }
            let expected = is_linearizable_by_definition(&history, &None);
            assert_eq!(is_linearizable(&history), expected, "{history:#?}");
            good += usize::from(expected);
        }
        println!("{good} of 20000 are linearizable");
        assert!((2_000..18_000).contains(&good), "{good}");
    }
}
