//! Correct clusters, explored to the end of small bounds; and whether the explorer itself can be trusted.

use std::collections::BTreeMap;

use raftbare::NodeId;
use raftbare_explore::bounds::{Bounds, disks};
use raftbare_explore::explorer::Explorer;
use raftbare_explore::step::Local;
use raftbare_explore::trace;
use raftbare_sim::script::Script;

fn ids(ids: &[u64]) -> Vec<NodeId> {
    ids.iter().copied().map(NodeId::new).collect()
}

/// A million states and more, to the end of bounds that have each kind of trouble in them.
#[test]
fn no_state_of_small_clusters_breaks_a_guarantee() {
    let base = Bounds {
        max_term: 2,
        timeouts: 2,
        ..Bounds::default()
    };
    let change = Bounds {
        max_term: 1,
        timeouts: 1,
        changes: 1,
        ..Bounds::default()
    };
    let four = "restart 1,2,3 t0 vote - snapshot {1,2,3} log 0/0[]\nstart 4";
    let all = [
        Bounds {
            crashes: 1,
            ..base.clone()
        },
        Bounds {
            waits: 1,
            ..base.clone()
        },
        Bounds {
            is_stable: true,
            ..base.clone()
        },
        Bounds {
            is_stable: true,
            timeouts: 1,
            transfers: 1,
            ..base.clone()
        },
        Bounds {
            crashes: 1,
            target: ids(&[1, 2]),
            ..change.clone()
        },
        Bounds {
            disks: disks(four).expect("a start"),
            target: ids(&[1, 2, 4]),
            ..change.clone()
        },
    ];
    let mut states = 0;
    for bounds in all {
        let report = Explorer::new(bounds.clone()).run(usize::MAX, |_| {});
        let report = report.unwrap_or_else(|found| {
            panic!(
                "{}\n{}",
                found.violation,
                trace::script(&bounds, &found.path)
            )
        });
        println!("{bounds}: {report}");
        assert!(report.is_complete);
        states += report.states;
    }
    assert!(states >= 1_500_000, "{states}");
}

/// A way that the explorer has found is played by the simulator, and leads to the same states.
#[test]
fn every_way_can_be_played_as_a_script() {
    let mut kinds = BTreeMap::new();
    let base = Bounds {
        max_term: 2,
        timeouts: 2,
        commands: 1,
        ..Bounds::default()
    };
    let one_leader = Bounds {
        max_term: 1,
        timeouts: 1,
        ..base.clone()
    };
    let all = [
        Bounds {
            crashes: 1,
            waits: 1,
            ..base.clone()
        },
        Bounds {
            commands: 0,
            snapshots: 1,
            reads: 1,
            ..one_leader
        },
        Bounds {
            changes: 1,
            duplicates: 1,
            target: ids(&[1, 2]),
            ..base.clone()
        },
        Bounds {
            transfers: 2,
            timeouts: 1,
            ..base.clone()
        },
        Bounds {
            is_late: true,
            is_stable: true,
            crashes: 1,
            duplicates: 1,
            snapshots: 1,
            ..base.clone()
        },
        Bounds {
            is_late: true,
            forgets: true,
            crashes: 1,
            max_term: 1,
            ..base
        },
    ];
    for bounds in all {
        for states in [3_000, 10_000, 30_000, 60_000] {
            let mut explorer = Explorer::new(bounds.clone());
            explorer.run(states, |_| {}).expect("nothing is broken");
            let path = explorer.path_to_last();
            let mut text = trace::script(&bounds, &path);
            let gives_up = text.contains("options * transfer-timeouts 2");
            assert_eq!(gives_up, bounds.transfers > 0, "{text}");
            let ends: BTreeMap<NodeId, &Local> = path
                .iter()
                .map(|step| (step.local.server.id, &step.local))
                .collect();
            for local in ends.values() {
                text += &trace::expectation(local);
                text += "\n";
            }
            let played = Script::parse(&text).expect("it is a script").play();
            played.unwrap_or_else(|failure| panic!("{failure}\n{text}"));
            for line in text.lines() {
                *kinds
                    .entry(line.split(' ').next().unwrap_or_default().to_owned())
                    .or_insert(0) += 1;
            }
        }
    }
    for kind in [
        "config", "crash", "inject", "options", "propose", "read", "report", "restart", "snapshot",
        "take", "timeout", "transfer", "write",
    ] {
        assert!(kinds.contains_key(kind), "no {kind} in {kinds:?}");
    }
}
