//! Cuts the power of a store as often as asked: `cargo run --release --example power_cuts -- 1000000 [SEED]`.

#[path = "../tests/support/nor.rs"]
mod nor;
#[path = "../tests/support/power.rs"]
mod power;
#[path = "../tests/support/random.rs"]
mod random;

use power::World;
use raftbare_embedded::store::Layout;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = |default: u64| match arguments.next().map(|it| it.parse()) {
        None => default,
        Some(Ok(number)) => number,
        Some(Err(error)) => {
            eprintln!("power_cuts [CUTS] [SEED]: {error}");
            std::process::exit(2);
        }
    };
    let (cuts, seed) = (next(100_000), next(1));
    run::<4, 512>(6, cuts / 4, seed);
    run::<1, 512>(6, cuts / 4, seed + 1);
    run::<8, 1024>(4, cuts / 4, seed + 2);
    run::<32, 2048>(4, cuts / 4, seed + 3);
    println!("nothing was lost");
}

fn run<const WORD: usize, const SECTOR: usize>(log_sectors: u32, cuts: u64, seed: u64) {
    let layout = Layout {
        start: 0,
        sector_len: u32::try_from(SECTOR).expect("a small number"),
        log_sectors,
        snapshot_sectors: 1,
    };
    let mut world = World::<WORD, SECTOR>::new(layout, seed);
    while world.report.cuts < cuts {
        world.run(100);
    }
    println!("words of {WORD}, sectors of {SECTOR}: {:?}", world.report);
}
