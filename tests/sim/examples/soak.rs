//! Runs seeds.
use raftbare_sim::simulation::Simulation;
fn main() {
    let mut args = std::env::args().skip(1).map(|a| a.parse::<u64>().unwrap());
    let (from, to, steps) = (
        args.next().unwrap(),
        args.next().unwrap(),
        args.next().unwrap(),
    );
    let start = std::time::Instant::now();
    let (mut total, mut el, mut cr, mut rd, mut sn, mut cc) = (0, 0, 0, 0, 0, 0);
    let mut bad = 0;
    for seed in from..to {
        let mut sim = Simulation::rough(seed);
        let r = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            sim.run(steps)
                .and_then(|()| sim.heal())
                .and_then(|()| sim.run_until_live(12_000_000))
        }));
        let c = sim.counts();
        total += c.steps;
        el += c.elections;
        cr += c.crashes;
        rd += c.reads;
        sn += c.snapshots;
        cc += c.config_changes;
        match r {
            Ok(Ok(())) => {}
            Ok(Err(v)) => {
                bad += 1;
                if bad < 6 {
                    println!(
                        "seed {seed} step {} t {}: {v}\n {:?}",
                        c.steps,
                        sim.now_us(),
                        sim.options()
                    );
                }
            }
            Err(_) => {
                bad += 1;
                println!("seed {seed} panic at step {}", c.steps)
            }
        }
    }
    println!(
        "{bad} bad; {total} steps {:.0}/s elections {el} crashes {cr} reads {rd} snapshots {sn} config {cc}",
        total as f64 / start.elapsed().as_secs_f64()
    );
}
