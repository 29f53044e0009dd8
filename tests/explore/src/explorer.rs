//! The search: all states of the cluster, in the order of their distance from the start.
//!
//! Everything has a number: local states, messages, the set of messages under way to a server, histories. A state of
//! the cluster is the row of the numbers of each server and its messages, of the history and of the budget. The rows
//! are numbered in the order in which they were found, so that they are the queue of the search, too.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::{Duration, Instant};

use foldhash::fast::FixedState;
use indexmap::IndexSet;
use raftbare::NodeId;
use raftbare_sim::checker::Violation;
use raftbare_sim::server::{Payload, Server};

use crate::bounds::Bounds;
use crate::budget::Budget;
use crate::history::History;
use crate::rows::Rows;
use crate::step::Local;

mod moves;
mod observe;

use moves::Label;
pub use moves::Move;

type Numbered<T> = IndexSet<T, FixedState>;
type Map<K, V> = HashMap<K, V, FixedState>;

/// A state of the cluster as a row of numbers; of `2 * servers + 2` of them.
pub(crate) type Row = [u32; 2 * Bounds::MAX_SERVERS + 2];

/// What was explored.
#[derive(Debug, Clone)]
pub struct Report {
    /// States that were found.
    pub states: usize,
    /// Steps that were taken from them, those that change nothing not counted.
    pub transitions: u64,
    /// The greatest distance of a state from the start, in steps.
    pub depth: u32,
    /// Whether there is no other state within the bounds.
    pub is_complete: bool,
    /// Distinct states of one server.
    pub locals: usize,
    /// Distinct messages and snapshots.
    pub messages: usize,
    /// Distinct histories.
    pub histories: usize,
    /// How long it took.
    pub time: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.time.as_secs_f64();
        let rate = |count: f64| count / seconds.max(1e-6) / 1e6;
        write!(
            f,
            "{} states, {} transitions, depth {}, {seconds:.1} s ({:.2} million states, {:.2} million transitions \
             per second); {} local states, {} messages, {} histories",
            self.states,
            self.transitions,
            self.depth,
            rate(self.states as f64),
            rate(self.transitions as f64),
            self.locals,
            self.messages,
            self.histories,
        )
    }
}

/// A state in which a property does not hold.
#[derive(Debug, Clone)]
pub struct Found {
    /// What does not hold.
    pub violation: Violation,
    /// A shortest way there, from the start: the last step breaks it.
    pub path: Vec<Move>,
    /// The states that were found before.
    pub report: Box<Report>,
}

/// The explorer of one set of bounds.
#[derive(Debug)]
pub struct Explorer {
    bounds: Bounds,
    locals: Numbered<Local>,
    payloads: Numbered<Payload>,
    /// Sets of messages, as rising numbers.
    inboxes: Numbered<Box<[u32]>>,
    histories: Numbered<History>,
    rows: Rows,
    /// From which state each state was found first.
    parents: Vec<u32>,
    transitions: u64,
    memory: Memory,
}

/// What was computed before.
#[derive(Debug, Default)]
struct Memory {
    /// For each local state what the search asks it most.
    facts: Vec<moves::Facts>,
    /// Outcomes of an input of a local state: a range of the list.
    steps: Map<(u32, moves::Key), (u32, u32)>,
    outcomes: Vec<moves::Numbers>,
    with: Map<(u32, u32), u32>,
    without: Map<(u32, u32), u32>,
    /// The messages to a local state that still mean something to it.
    alive: Map<(u32, u32), u32>,
    histories: Map<(u32, u32), u32>,
    /// The states behind the present one; kept for its memory only.
    next: Vec<Row>,
    /// Pairs of local states that fit together.
    fitting: HashSet<(u32, u32), FixedState>,
}

impl Explorer {
    /// Begins with the servers of the bounds.
    ///
    /// # Panics
    ///
    /// If there are more than [`Bounds::MAX_SERVERS`], or none.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        let count = bounds.disks.len();
        assert!(
            (1..=Bounds::MAX_SERVERS).contains(&count),
            "{count} servers"
        );
        let mut explorer = Self {
            rows: Rows::new(2 * count + 2),
            bounds,
            locals: Numbered::default(),
            payloads: Numbered::default(),
            inboxes: Numbered::default(),
            histories: Numbered::default(),
            parents: Vec::new(),
            transitions: 0,
            memory: Memory::default(),
        };
        let mut row = Row::default();
        explorer.inboxes.insert(Box::new([]));
        let history = History::of(&explorer.bounds.disks);
        explorer.histories.insert(history);
        for place in 0..count {
            let id = NodeId::new(place as u64 + 1);
            let server = Server::new(id, explorer.bounds.flaw);
            let mut server = server.with_late_flaw(explorer.bounds.late_flaw);
            server.disk = explorer.bounds.disks[place].clone();
            let local = Local::start(server, explorer.bounds.node_options());
            row[2 * place] = explorer.number_of(local);
        }
        row[2 * count + 1] = Budget::new(&explorer.bounds).bits();
        explorer.note(&row, 0);
        explorer
    }

    /// Explores until nothing new is found, or so many states are. Calls `progress` now and then.
    ///
    /// # Errors
    ///
    /// The first state in which a property does not hold.
    ///
    /// # Panics
    ///
    /// If a node panics.
    pub fn run(
        &mut self,
        states: usize,
        mut progress: impl FnMut(&Report),
    ) -> Result<Report, Box<Found>> {
        let start = Instant::now();
        let mut report = self.report(start);
        let mut next = 0_u32;
        let mut end_of_level = 1;
        while (next as usize) < self.rows.len() && self.rows.len() < states {
            if next == end_of_level {
                end_of_level = u32::try_from(self.rows.len()).expect("fewer than 2^32");
                report.depth += 1;
            }
            if let Err(broken) = self.expand(next) {
                let mut path = self.path(next);
                path.push(self.describe(broken.0));
                let report = Report {
                    depth: report.depth + 1,
                    ..self.report(start)
                };
                let (violation, report) = (broken.1, Box::new(report));
                return Err(Box::new(Found {
                    violation,
                    path,
                    report,
                }));
            }
            next += 1;
            if next.is_multiple_of(1 << 16) {
                report = Report {
                    depth: report.depth,
                    ..self.report(start)
                };
                progress(&report);
            }
        }
        // The states behind the last level were found in it.
        let is_complete = next as usize == self.rows.len();
        let depth = report.depth + u32::from(self.rows.len() > end_of_level as usize);
        Ok(Report {
            depth,
            is_complete,
            ..self.report(start)
        })
    }

    fn report(&self, start: Instant) -> Report {
        Report {
            states: self.rows.len(),
            transitions: self.transitions,
            depth: 0,
            is_complete: false,
            locals: self.locals.len(),
            messages: self.payloads.len(),
            histories: self.histories.len(),
            time: start.elapsed(),
        }
    }

    /// The bounds.
    #[must_use]
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// The way to the last state that was found.
    pub fn path_to_last(&mut self) -> Vec<Move> {
        let last = self.rows.len().saturating_sub(1);
        self.path(u32::try_from(last).expect("fewer than 2^32"))
    }

    fn width(&self) -> usize {
        2 * self.bounds.disks.len() + 2
    }

    /// Notes a state; says whether it is new.
    fn note(&mut self, row: &Row, parent: u32) -> bool {
        let (mut row, width) = (*row, self.width());
        let (_, is_new) = self.rows.insert(&mut row[..width]);
        if is_new {
            self.parents.push(parent);
        }
        is_new
    }

    fn row(&self, number: u32) -> Row {
        let mut row = Row::default();
        self.rows.read(number, &mut row[..self.width()]);
        row
    }

    /// Takes every step from a state.
    fn expand(&mut self, number: u32) -> Result<(), (Label, Violation)> {
        let row = self.row(number);
        let mut next = std::mem::take(&mut self.memory.next);
        let verdict = self.moves(&row, |_, row| next.push(*row));
        self.transitions += next.len() as u64;
        for row in next.drain(..) {
            self.note(&row, number);
        }
        self.memory.next = next;
        verdict
    }

    /// The steps that lead from the start to this state.
    fn path(&mut self, number: u32) -> Vec<Move> {
        let mut path = Vec::new();
        let mut number = number;
        while number > 0 {
            let parent = self.parents[number as usize];
            let (from, to) = (self.row(parent), self.row(number));
            let mut made = None;
            let verdict = self.moves(&from, |label, row| {
                if *row == to {
                    made.get_or_insert(*label);
                }
            });
            debug_assert!(verdict.is_ok(), "this state was passed before");
            path.extend(made.map(|label| self.describe(label)));
            number = parent;
        }
        path.reverse();
        path
    }
}
