//! The example `your_integration` with fixed seeds: the correct one passes, the wrong one is caught, and how.

#[path = "../examples/your_integration/main.rs"]
#[expect(dead_code, reason = "`main` belongs to the example")]
mod example;

use example::{Order, run_worlds};

#[test]
fn a_store_and_a_transport_of_ones_own_pass() {
    let done = run_worlds(Order::SyncThenSend, 1_000..1_200).unwrap_or_else(|it| panic!("{it}"));
    assert!(done.steps > 200 * 3_000, "{done}");
    assert!(done.crashes > 1_000, "{done}");
}

#[test]
fn who_sends_before_syncing_is_caught_and_told_again_by_the_seed() {
    let mut caught = 0;
    for seed in 1_000..1_100 {
        let run = || run_worlds(Order::SendThenSync, seed..seed + 1);
        // A cluster that never has a second server sends nothing, so nobody relies on anything.
        let Err(broken) = run() else { continue };
        caught += 1;
        assert_eq!(broken.violation.property, "Persist before send", "{broken}");
        let again = run().expect_err("a seed is a whole run");
        assert_eq!(again.to_string(), broken.to_string());
    }
    assert!(caught > 80, "{caught}");
}
