//! Stable leadership, which replicas have by default.

use raftbare::replica::ReplicaOptions;

use crate::cluster::Cluster;

#[test]
fn a_replica_has_stable_leadership_unless_it_is_switched_off() {
    let mut cluster = Cluster::<Vec<u8>>::founded(3, &ReplicaOptions::default());
    // A node that was cut off asks, and disturbs nobody.
    for _ in 0..20 {
        cluster.silent.insert(3);
        cluster.replica(3).handle_timeout();
        cluster.settle();
        cluster.silent.clear();
        cluster.beat(3);
        cluster.beat(1);
    }
    assert_eq!(cluster.replica(3).node().current_term().get(), 1);
    assert!(cluster.replica(1).node().role().is_leader());
    // A leader that is cut off gives up, and answers its clients: a read is lost, a write has to wait.
    cluster.replica(1).read().expect("it leads");
    cluster.propose(1, b"a");
    for _ in 0..10 {
        cluster.replica(1).handle_timeout();
        cluster.run(1);
        cluster.wire.clear();
    }
    assert!(!cluster.replica(1).node().role().is_leader());
    let said = cluster.said(1);
    assert!(said.iter().any(|it| it.contains("lost")), "{said:?}");
    assert!(!said.iter().any(|it| it.contains("reject")), "{said:?}");
}
