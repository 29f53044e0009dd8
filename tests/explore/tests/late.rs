//! Disks that take their time, and disks that forget, explored to the end of small bounds; and the mistakes that are made
//! with them.

use raftbare_explore::bounds::{Bounds, disks};
use raftbare_explore::explorer::Explorer;
use raftbare_explore::trace;
use raftbare_sim::server::LateFlaw;

/// Three new servers, one of which may become the leader of term 1.
fn base() -> Bounds {
    Bounds {
        is_late: true,
        max_term: 1,
        timeouts: 1,
        ..Bounds::default()
    }
}

/// Explores all of these to their end. Returns how many states there are.
fn explore(all: impl IntoIterator<Item = Bounds>) -> usize {
    let mut states = 0;
    for bounds in all {
        let report = Explorer::new(bounds.clone()).run(usize::MAX, |_| {});
        let report = report.unwrap_or_else(|found| {
            let script = trace::script(&bounds, &found.path);
            panic!("{}\n{script}", found.violation)
        });
        println!("{bounds}: {report}");
        assert!(report.is_complete);
        states += report.states;
    }
    states
}

/// A change to the voters 1 and 2 is under way: 3 does not know of it yet, and all have a say in it.
const JOINT: &str = "restart 1,2 t1 vote 1 snapshot {1,2,3} log 0/0[term(1) config({1,2,3}->{1,2})]\n\
                     restart 3 t1 vote 1 snapshot {1,2,3} log 0/0[term(1)]";

/// Server 3 has an entry that the others have not, and that the next leader overwrites.
const CONFLICT: &str = "restart 1,2 t2 vote - snapshot {1,2,3} log 0/0[term(1)]\n\
                        restart 3 t2 vote 3 snapshot {1,2,3} log 0/0[term(1) term(2)]";

#[test]
fn thesis_10_2_1_no_state_with_disks_that_take_their_time_breaks_a_guarantee() {
    let states = explore([
        Bounds {
            max_term: 2,
            timeouts: 2,
            ..base()
        },
        Bounds {
            commands: 1,
            crashes: 1,
            ..base()
        },
        Bounds {
            disks: disks(CONFLICT).expect("a start"),
            max_term: 3,
            crashes: 1,
            duplicates: 1,
            ..base()
        },
        Bounds {
            disks: disks(JOINT).expect("a start"),
            max_term: 2,
            crashes: 1,
            is_stable: true,
            ..base()
        },
        Bounds {
            disks: disks(JOINT).expect("a start"),
            max_term: 2,
            timeouts: 2,
            is_stable: true,
            ..base()
        },
    ]);
    assert!(states >= 2_600_000, "{states}");
}

#[test]
fn thesis_3_8_no_state_with_disks_that_forget_breaks_a_guarantee_of_their_leader() {
    let forgets = Bounds {
        crashes: 1,
        forgets: true,
        ..base()
    };
    let states = explore([
        forgets.clone(),
        Bounds {
            is_late: false,
            commands: 1,
            ..forgets.clone()
        },
        Bounds {
            is_late: false,
            timeouts: 2,
            ..forgets
        },
    ]);
    assert!(states >= 300_000, "{states}");
}

/// The smallest bounds that the mistake lies in.
fn bounds(flaw: LateFlaw) -> Bounds {
    let base = Bounds {
        late_flaw: Some(flaw),
        ..base()
    };
    match flaw {
        LateFlaw::LogReportedEarly | LateFlaw::HardStateReportedEarly => base,
        LateFlaw::WritesOutOfOrder => Bounds {
            commands: 1,
            ..base
        },
        LateFlaw::ReportedByIndex => Bounds {
            disks: disks(CONFLICT).expect("a start"),
            max_term: 3,
            duplicates: 1,
            ..base
        },
    }
}

#[test]
fn thesis_10_2_1_every_mistake_in_a_report_is_found() {
    for &flaw in LateFlaw::ALL {
        let bounds = bounds(flaw);
        let found = Explorer::new(bounds.clone()).run(400_000, |_| {});
        let found = found.expect_err(&format!("{flaw:?} is not found"));
        let (steps, states) = (found.path.len(), found.report.states);
        println!(
            "{flaw:?}: {} in {steps} steps, {states} states",
            found.violation
        );
        // It is the flaw that was found: without it nothing as near is broken.
        let correct = Bounds {
            late_flaw: None,
            ..bounds
        };
        let verdict = Explorer::new(correct).run(states, |_| {});
        assert!(verdict.is_ok(), "{flaw:?}: {verdict:?}");
    }
}
