//! What is known of a cluster from what its consoles say: the state behind the screen.

use std::collections::{BTreeSet, VecDeque};

use super::cluster::Event;

/// How many lines of a console are kept.
const LINES: usize = 200;

/// What a node is, as far as it has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Off,
    Starting,
    NoStore,
    Follower(Option<u64>),
    Candidate,
    Leader,
    Stopped,
}

/// A node.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    pub(crate) role: Role,
    pub(crate) term: u64,
    /// The position of what was applied last.
    pub(crate) commit: String,
    /// What it has said last.
    pub(crate) lines: VecDeque<String>,
}

impl Seat {
    const fn new() -> Self {
        Self {
            role: Role::Off,
            term: 0,
            commit: String::new(),
            lines: VecDeque::new(),
        }
    }

    /// In words.
    pub(crate) fn title(&self) -> String {
        match self.role {
            Role::Off => "no power".to_owned(),
            Role::Starting => "starts".to_owned(),
            Role::NoStore => "no store".to_owned(),
            Role::Follower(Some(leader)) => format!("follower of {leader}"),
            Role::Follower(None) => "follower".to_owned(),
            Role::Candidate => "candidate".to_owned(),
            Role::Leader => "leader".to_owned(),
            Role::Stopped => "stopped".to_owned(),
        }
    }

    fn note(&mut self, line: &str) {
        let event = line.strip_prefix("* ").unwrap_or_default();
        let words: Vec<&str> = event.split(' ').collect();
        let (role, term) = match words.as_slice() {
            ["leader", "of", "term", term] => (Role::Leader, *term),
            ["candidate", "in", "term", term] => (Role::Candidate, *term),
            ["follower", "of", leader, "in", "term", term] => {
                (Role::Follower(leader.parse().ok()), *term)
            }
            ["follower", "in", "term", term] => (Role::Follower(None), *term),
            ["node", _, "starts", "in", "term", term, ..] => (Role::Follower(None), *term),
            ["node", _, "has", "no", "store:", ..] => (Role::NoStore, "0"),
            ["stopped:", ..] => (Role::Stopped, ""),
            [position, ..] if is_position(position) => {
                self.commit = (*position).to_owned();
                return;
            }
            _ => return,
        };
        self.role = role;
        self.term = term.parse().unwrap_or(self.term);
    }
}

/// Whether this is a term and an index: `2/17`.
fn is_position(word: &str) -> bool {
    let parts = word.split_once('/');
    let is_number = |text: &str| text.parse::<u64>().is_ok();
    parts.is_some_and(|(term, index)| is_number(term) && is_number(index))
}

/// A cluster, as far as it was seen.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) seats: Vec<Seat>,
    cut: BTreeSet<(usize, usize)>,
    /// What is said beside the consoles.
    pub(crate) message: String,
}

impl View {
    pub(crate) fn new(nodes: usize) -> Self {
        Self {
            seats: vec![Seat::new(); nodes],
            cut: BTreeSet::new(),
            message: String::new(),
        }
    }

    /// Takes note of what has happened.
    pub(crate) fn take(&mut self, event: &Event<'_>) {
        match *event {
            Event::Said { time, node, line } => {
                if let Some(seat) = self.seat(node) {
                    seat.note(line);
                    seat.lines.push_back(format!("{time:7.2} {line}"));
                    if seat.lines.len() > LINES {
                        seat.lines.pop_front();
                    }
                }
            }
            Event::Power { node, is_on } => {
                if let Some(seat) = self.seat(node) {
                    seat.role = if is_on { Role::Starting } else { Role::Off };
                }
            }
            Event::Wire { ends, is_cut: true } => {
                self.cut.insert(ends);
            }
            Event::Wire {
                ends,
                is_cut: false,
            } => {
                self.cut.remove(&ends);
            }
        }
    }

    fn seat(&mut self, node: usize) -> Option<&mut Seat> {
        self.seats.get_mut(node.checked_sub(1)?)
    }

    /// All wires: `1--2`, or `1xx2` if it is cut.
    pub(crate) fn wires(&self) -> String {
        let count = self.seats.len();
        let pairs = (1..=count).flat_map(|one| (one + 1..=count).map(move |other| (one, other)));
        let wire = |(one, other)| match self.cut.contains(&(one, other)) {
            true => format!("{one}xx{other}"),
            false => format!("{one}--{other}"),
        };
        pairs.map(wire).collect::<Vec<_>>().join("  ")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A cluster of three after an election, a commit, and a failure.
    pub(crate) fn example() -> View {
        let mut view = View::new(3);
        for node in 1..=3 {
            view.take(&Event::Power { node, is_on: true });
        }
        let said = [
            (1, "* node 1 starts in term 0 at 0/0"),
            (1, "* candidate in term 1"),
            (1, "* leader of term 1"),
            (2, "* follower of 1 in term 1"),
            (3, "* node 3 has no store: format it"),
            (1, "* 0/1 {1,2,3}"),
            (1, "* 1/3 put colour green"),
            (1, "ok added at 1/3 in 4 ms"),
        ];
        for (time, (node, line)) in (0_u8..).zip(said) {
            let time = f64::from(time) / 4.0;
            view.take(&Event::Said { time, node, line });
        }
        view
    }

    #[test]
    fn roles_terms_and_commits_are_read_from_the_consoles() {
        let mut view = example();
        let seen = |view: &View| -> Vec<_> {
            let seats = view.seats.iter();
            seats
                .map(|it| (it.role, it.term, it.commit.clone()))
                .collect()
        };
        let none = String::new;
        assert_eq!(
            seen(&view),
            [
                (Role::Leader, 1, "1/3".to_owned()),
                (Role::Follower(Some(1)), 1, none()),
                (Role::NoStore, 0, none())
            ]
        );
        assert_eq!(view.seats[0].lines.len(), 6);
        view.take(&Event::Power {
            node: 1,
            is_on: false,
        });
        let line = "* stopped: the flash has failed";
        view.take(&Event::Said {
            time: 2.0,
            node: 2,
            line,
        });
        assert_eq!(view.seats[0].role, Role::Off);
        assert_eq!((view.seats[1].role, view.seats[1].term), (Role::Stopped, 1));
    }

    #[test]
    fn answers_change_no_role() {
        let mut view = example();
        for line in ["leader of term 9", "* 1/x", "* what is this"] {
            view.take(&Event::Said {
                time: 3.0,
                node: 1,
                line,
            });
        }
        assert_eq!((view.seats[0].role, view.seats[0].term), (Role::Leader, 1));
        assert_eq!(view.seats[0].commit, "1/3");
    }

    #[test]
    fn old_lines_go() {
        let mut view = View::new(1);
        for number in 0..LINES + 5 {
            let line = &format!("line {number}");
            view.take(&Event::Said {
                time: 0.0,
                node: 1,
                line,
            });
        }
        let lines = &view.seats[0].lines;
        assert_eq!(lines.len(), LINES);
        assert!(lines[0].ends_with("line 5"), "{}", lines[0]);
    }

    #[test]
    fn cut_wires_are_shown() {
        let mut view = View::new(3);
        assert_eq!(view.wires(), "1--2  1--3  2--3");
        let ends = (1, 3);
        view.take(&Event::Wire { ends, is_cut: true });
        assert_eq!(view.wires(), "1--2  1xx3  2--3");
        view.take(&Event::Wire {
            ends,
            is_cut: false,
        });
        assert_eq!(view.wires(), "1--2  1--3  2--3");
    }
}
