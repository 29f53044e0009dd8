//! `LogEntries` of the crates that have it, with a thousand terms in it.

use std::hint::black_box;

use crate::times::{Player, Row, compare};

/// Terms in the log, and entries of each.
const TERMS: u64 = 1_000;
const ENTRIES_PER_TERM: u64 = 10;

/// An operation: its name, how many units one call of it is, and the call for each crate.
struct Operation {
    name: &'static str,
    units: u64,
}

const OPERATIONS: [Operation; 6] = [
    operation("term of any index", TERMS),
    operation("term of the last index", TERMS),
    operation("iterate, per entry", TERMS * ENTRIES_PER_TERM),
    operation("clone", 1),
    operation("clone and cut to half", 1),
    operation("push a term, per term", TERMS),
];

const fn operation(name: &'static str, units: u64) -> Operation {
    Operation { name, units }
}

/// The crates, in the order of the columns; the first is the reference.
pub const CRATES: [&str; 3] = ["raftbare 0.2.2", "noraft 0.7.1", "this crate"];

/// All operations on a crate, in their order.
macro_rules! operations {
    ($krate:ident) => {{
        use $krate::{LogEntries, LogEntry, LogIndex, LogPosition, Term};

        let start = LogPosition {
            term: Term::new(0),
            index: LogIndex::new(0),
        };
        let all = (1..=TERMS).flat_map(|term| {
            let commands = std::iter::repeat_n(LogEntry::Command, ENTRIES_PER_TERM as usize - 1);
            std::iter::once(LogEntry::Term(Term::new(term))).chain(commands)
        });
        let log = LogEntries::from_iter(start, all);
        let last = TERMS * ENTRIES_PER_TERM;
        // A step that shares no factor with the length visits everything in an order without a pattern.
        let any = (0..TERMS).map(move |step| LogIndex::new(step * 7_919 % last));
        let any: Vec<LogIndex> = any.collect();
        let [a, b, c, d, e] = std::array::from_fn(|_| log.clone());
        let calls: [Box<dyn FnMut()>; OPERATIONS.len()] = [
            Box::new(move || {
                for &index in &any {
                    black_box(a.get_term(black_box(index)));
                }
            }),
            Box::new(move || {
                for _ in 0..TERMS {
                    black_box(b.get_term(black_box(LogIndex::new(last))));
                }
            }),
            Box::new(move || {
                for entry in c.iter_with_positions() {
                    black_box(entry);
                }
            }),
            Box::new(move || drop(black_box(d.clone()))),
            Box::new(move || {
                let mut half = e.clone();
                half.truncate(last as usize / 2);
                black_box(half);
            }),
            Box::new(move || {
                let mut new = LogEntries::new(start);
                for term in 1..=TERMS {
                    new.push(LogEntry::Term(Term::new(term)));
                }
                black_box(new);
            }),
        ];
        calls
    }};
}

/// Measures all operations.
#[must_use]
pub fn measure() -> Vec<Row> {
    let mut crates = [
        operations!(registry_raftbare).into_iter(),
        operations!(noraft).into_iter(),
        operations!(raftbare).into_iter(),
    ];
    let rows = OPERATIONS.iter().map(|operation| {
        let calls = crates.iter_mut().filter_map(Iterator::next);
        let players: Vec<Player<'_>> = calls.map(repeated).collect();
        compare(operation.name, operation.units, 0, players)
    });
    rows.collect()
}

/// A call, so many times.
fn repeated(mut call: Box<dyn FnMut()>) -> Player<'static> {
    Box::new(move |rounds| (0..rounds).for_each(|_| call()))
}
