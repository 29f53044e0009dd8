//! The store in flash.

#[path = "support/nor.rs"]
mod nor;
#[path = "support/power.rs"]
mod power;
#[path = "support/random.rs"]
mod random;

use embassy_futures::block_on;
use nor::Nor;
use power::{Bytes, Report, World};
use raftbare::NodeId;
use raftbare::codec::Limits;
use raftbare_embedded::store::{Layout, OpenError, Store};

const fn layout(sector_len: u32, log_sectors: u32, snapshot_sectors: u32) -> Layout {
    Layout {
        start: 0,
        sector_len,
        log_sectors,
        snapshot_sectors,
    }
}

/// Cuts the power so often; `cargo run --release --example power_cuts -- 1000000` does it for longer.
fn cuts<const WORD: usize, const SECTOR: usize>(layout: Layout, seed: u64, enough: u64) -> Report {
    let mut world = World::<WORD, SECTOR>::new(layout, seed);
    while world.report.cuts < enough {
        world.run(100);
    }
    let report = world.report;
    println!("words of {WORD}, sectors of {SECTOR}: {report:?}");
    assert_eq!(report.rewritten, 0, "no word is written twice");
    assert!(report.generations > 3, "banks were changed");
    report
}

/// Four kinds of flash, 100,000 cuts in all, and as many second ones.
#[test]
fn nothing_is_lost_at_any_cut() {
    let reports = [
        cuts::<4, 512>(layout(512, 6, 1), 1, 40_000),
        cuts::<1, 512>(layout(512, 6, 1), 2, 25_000),
        cuts::<8, 1024>(layout(1024, 4, 1), 3, 25_000),
        cuts::<32, 2048>(layout(2048, 4, 1), 4, 10_000),
    ];
    let sum = |field: fn(&Report) -> u64| reports.iter().map(field).sum::<u64>();
    assert!(sum(|it| it.cuts) >= 100_000);
    assert!(sum(|it| it.truncations) > 10);
    assert!(sum(|it| it.own_snapshots) > 10);
    assert!(sum(|it| it.received_snapshots) > 5);
}

type Flash = Nor<4, 4096>;

const LAYOUT: Layout = layout(4096, 2, 1);

fn open(flash: &Flash, id: u64) -> Result<(), OpenError> {
    let mut store = Store::new(flash.clone(), LAYOUT);
    let opened = block_on(store.open::<Bytes>(NodeId::new(id), Limits::default()));
    opened.map(drop)
}

fn formatted(id: u64) -> Flash {
    let flash = Flash::erased(LAYOUT.sectors());
    let mut store = Store::new(flash.clone(), LAYOUT);
    block_on(store.format(NodeId::new(id))).expect("a flash can be formatted");
    flash
}

#[test]
fn a_store_is_opened_only_by_its_node_and_in_its_layout() {
    assert_eq!(
        open(&Flash::erased(LAYOUT.sectors()), 1),
        Err(OpenError::Blank)
    );
    let flash = formatted(1);
    assert_eq!(open(&flash, 1), Ok(()));
    assert_eq!(open(&flash, 2), Err(OpenError::OtherNode(NodeId::new(1))));
    let mut other = Store::new(flash.clone(), layout(4096, 1, 2));
    let opened = block_on(other.open::<Bytes>(NodeId::new(1), Limits::default()));
    assert_eq!(opened.map(drop), Err(OpenError::OtherLayout));
}

#[test]
fn foreign_contents_are_an_error_and_stay_as_they_are() {
    let mut random = random::Random(5);
    let bytes: Vec<u8> = (0..LAYOUT.len()).map(|_| random.next() as u8).collect();
    let flash = Flash::holding(bytes.clone());
    assert_eq!(open(&flash, 1), Err(OpenError::Foreign));
    assert_eq!(
        open(&Flash::holding(vec![0; bytes.len()]), 1),
        Err(OpenError::Foreign)
    );
    assert_eq!(flash.bytes(), bytes);
    let message = OpenError::Foreign.to_string();
    assert!(message.contains("`format`"), "{message}");
}

#[test]
fn a_format_that_was_cut_off_leaves_no_store() {
    let flash = formatted(1);
    flash.take_steps();
    let mut image = flash.bytes();
    let mut store = Store::new(flash.clone(), LAYOUT);
    block_on(store.format(NodeId::new(1))).expect("it can be formatted again");
    let steps = flash.take_steps();
    for (number, step) in steps.iter().enumerate() {
        let left = Flash::holding(image.clone());
        let opened = open(&left, 1);
        match number {
            0 => assert_eq!(opened, Ok(())),
            _ => assert!(matches!(opened, Err(OpenError::Blank | OpenError::Foreign))),
        }
        left.0.borrow_mut().perform(step);
        image = left.bytes();
    }
    assert_eq!(open(&Flash::holding(image), 1), Ok(()));
}

#[test]
fn damage_to_what_counts_is_found() {
    let flash = formatted(1);
    // The first item of the bank in use.
    let mut bytes = flash.bytes();
    bytes[4096 + 4] = 0;
    assert_eq!(open(&Flash::holding(bytes), 1), Err(OpenError::Damaged));
}
