//! What is left after a cut, compared with what has to be there.

use embassy_futures::block_on;
use raftbare::replica::{Replica, Snapshot, Stored};
use raftbare::{LogPosition, Node, NodeId};
use raftbare_embedded::store::{Layout, Store};

use super::{Bytes, FIRST, Table, World, options};
use crate::nor::{Nor, Step};

/// All that a replica has to have kept.
#[derive(Debug, PartialEq)]
struct Kept {
    node: Node,
    payloads: Vec<(LogPosition, Bytes)>,
    snapshot: Option<Snapshot>,
}

impl Kept {
    fn of(replica: &Replica<Bytes>) -> Self {
        let entries = replica.node().log().entries().iter_with_positions();
        let payload = |position| Some((position, replica.payload(position)?.clone()));
        Self {
            node: replica.node().clone(),
            payloads: entries.filter_map(|(at, _)| payload(at)).collect(),
            snapshot: replica.snapshot().cloned(),
        }
    }
}

pub(super) fn restart(id: NodeId, stored: Stored<Bytes>) -> Replica<Bytes> {
    Replica::restart(id, options(), stored).expect("what is stored fits together")
}

fn restart_from(id: NodeId, table: &Table) -> Replica<Bytes> {
    let mut stored = Stored::default();
    for (&key, value) in table {
        stored.load(key, value).expect("the model holds together");
    }
    restart(id, stored)
}

impl<const WORD: usize, const SECTOR: usize> World<WORD, SECTOR> {
    /// Cuts the power before and within each step since `image` was what the flash held.
    pub(super) fn cut_in(&mut self, mut image: Vec<u8>, tables: &[Table]) {
        let expected: Vec<Kept> = tables
            .iter()
            .map(|table| Kept::of(&restart_from(FIRST, table)))
            .collect();
        for step in self.flash.take_steps() {
            self.cut(image.clone(), &expected);
            let torn = self.torn(&image, &step);
            self.cut(torn, &expected);
            image = performed::<WORD, SECTOR>(&image, &step);
        }
        assert_eq!(image, self.flash.bytes(), "all steps were seen");
    }

    fn torn(&mut self, image: &[u8], step: &Step) -> Vec<u8> {
        let flash = Nor::<WORD, SECTOR>::holding(image.to_vec());
        // Some bits, or the first bytes only: the first word, half of the sector.
        let mask: Vec<u8> = match self.random.one_in(2) {
            true => (0..7).map(|_| self.random.next() as u8).collect(),
            false => {
                let len = match step {
                    Step::Program(_, data) => data.len(),
                    Step::Erase(_) => SECTOR,
                };
                let done = self.random.below(len + 1);
                (0..len)
                    .map(|at| if at < done { 0xff } else { 0 })
                    .collect()
            }
        };
        flash.0.borrow_mut().half(step, &mask);
        flash.bytes()
    }

    /// Opens what is left after a cut, compares, and goes on from there, with another cut meanwhile.
    fn cut(&mut self, image: Vec<u8>, expected: &[Kept]) {
        self.report.cuts += 1;
        let flash = Nor::<WORD, SECTOR>::holding(image.clone());
        let (mut store, mut replica) = opened(&flash, self.layout, expected);
        // It campaigns: a new term and a vote have to be stored.
        replica.handle_timeout();
        let batch = replica.next_batch().expect("there is something to do");
        let now = Kept::of(&replica);
        block_on(store.tidy()).expect("a sector is erased");
        block_on(store.save(&batch)).expect("it is stored");
        let steps = flash.take_steps();
        if !steps.is_empty() {
            // Somewhere in what the recovery has done, and at the end.
            let number = self.random.below(steps.len());
            let mut second = image;
            for step in &steps[..number] {
                second = performed::<WORD, SECTOR>(&second, step);
            }
            second = self.torn(&second, &steps[number]);
            self.report.second_cuts += 1;
            let flash = Nor::<WORD, SECTOR>::holding(second);
            let _ = opened_or(&flash, self.layout, expected, Some(&now.node));
        }
        let flash = Nor::<WORD, SECTOR>::holding(flash.bytes());
        let (_, replica) = opened_or(&flash, self.layout, &[], Some(&now.node));
        assert_eq!(
            replica.node().log(),
            now.node.log(),
            "nothing else has changed"
        );
    }
}

fn performed<const WORD: usize, const SECTOR: usize>(image: &[u8], step: &Step) -> Vec<u8> {
    let flash = Nor::<WORD, SECTOR>::holding(image.to_vec());
    flash.0.borrow_mut().perform(step);
    flash.bytes()
}

fn opened<const WORD: usize, const SECTOR: usize>(
    flash: &Nor<WORD, SECTOR>,
    layout: Layout,
    expected: &[Kept],
) -> (Store<Nor<WORD, SECTOR>>, Replica<Bytes>) {
    opened_or(flash, layout, expected, None)
}

/// Opens a store that has to hold one of these, or the term and vote of this node.
fn opened_or<const WORD: usize, const SECTOR: usize>(
    flash: &Nor<WORD, SECTOR>,
    layout: Layout,
    expected: &[Kept],
    or: Option<&Node>,
) -> (Store<Nor<WORD, SECTOR>>, Replica<Bytes>) {
    let mut store = Store::new(flash.clone(), layout);
    let stored = block_on(store.open(FIRST, options().limits));
    let replica = restart(FIRST, stored.expect("the store opens after a cut"));
    let kept = Kept::of(&replica);
    let is_later = or.is_some_and(|node| {
        (node.current_term(), node.voted_for()) == (kept.node.current_term(), kept.node.voted_for())
    });
    assert!(
        is_later || expected.contains(&kept),
        "after a cut there is {kept:?}, not one of {expected:?}"
    );
    (store, replica)
}
