//! Heap allocations, exactly counted: what the others take today, and none here.

use allocation_counter::measure;
use raftbare_bench::cluster::{PEERS, REFERENCE, THIS};
use raftbare_bench::workload::Workload;

/// Allocations in a hundred rounds of a workload, after as many to warm up.
fn allocations(name: &str, workload: &str) -> u64 {
    let workload = Workload::find(workload).expect("a workload");
    let peer = PEERS.iter().find(|(known, _)| *known == name);
    let mut cluster = workload.cluster(peer.expect("a crate").1);
    workload.play(cluster.as_mut(), 100);
    measure(|| workload.play(cluster.as_mut(), 100)).count_total
}

#[test]
fn this_crate_allocates_nothing_in_a_steady_state() {
    for workload in [
        "commit-3",
        "commit-7",
        "commit-101",
        "pipeline-256",
        "heartbeat",
    ] {
        assert_eq!(allocations(THIS, workload), 0, "{workload}");
    }
}

/// That the count is not blind: the others do allocate here and there.
#[test]
fn the_others_allocate() {
    assert_eq!(allocations(REFERENCE, "heartbeat"), 0);
    assert_eq!(allocations("noraft 0.7.1", "commit-3"), 400);
}
