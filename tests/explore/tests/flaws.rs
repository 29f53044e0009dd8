//! Every known mistake that lies within small bounds is found by exploring them, by a shortest path.

use raftbare::NodeId;
use raftbare_explore::bounds::{Bounds, disks};
use raftbare_explore::explorer::Explorer;
use raftbare_sim::flaw::Flaw;

const STATES: usize = 400_000;

/// The smallest bounds that the mistake lies in, or why it lies in none.
fn bounds(flaw: Flaw) -> Result<Bounds, &'static str> {
    let base = Bounds {
        flaw: Some(flaw),
        max_term: 2,
        timeouts: 2,
        ..Bounds::default()
    };
    let from = |script: &str| disks(script).expect("a start");
    let crash = Bounds {
        crashes: 1,
        ..base.clone()
    };
    Ok(match flaw {
        Flaw::VoteNotStored
        | Flaw::TermNotStored
        | Flaw::SendsBeforeStoring
        | Flaw::AppendNotSynced
        | Flaw::ComesBackEmpty => crash,
        Flaw::AppendKeepsTail | Flaw::CommandsByIndex => Bounds {
            disks: from(
                "restart 1 t1 vote 1 snapshot {1,2,3} log 0/0[term(1) cmd*3]\n\
                 restart 2 t2 vote 2 snapshot {1,2,3} log 0/0[term(2) cmd]\n\
                 restart 3 t2 vote 2 snapshot {1,2,3} log 0/0[]",
            ),
            max_term: 3,
            timeouts: 1,
            ..base
        },
        Flaw::ComparesOnlyIndexes => Bounds {
            disks: from(
                "restart 1 t2 vote 1 snapshot {1,2,3} log 0/0[term(1) cmd]\n\
                 restart 2,3 t1 vote 1 snapshot {1,2,3} log 0/0[]",
            ),
            max_term: 3,
            ..base
        },
        // Figure 8 (b): the leader of term 1 is back, the entry of term 2 is on one disk only.
        Flaw::CommitsOldTerms => Bounds {
            disks: from(
                "restart 1 t2 vote - snapshot {1,2,3} log 0/0[term(1)]\n\
                 restart 2 t2 vote 2 snapshot {1,2,3} log 0/0[term(2)]\n\
                 restart 3 t2 vote 2 snapshot {1,2,3} log 0/0[]",
            ),
            max_term: 4,
            cuts: 1,
            ..base
        },
        // Half of four voters is no majority.
        Flaw::OneVoteShort => Bounds {
            disks: from("restart 1,2,3,4 t0 vote - snapshot {1,2,3,4} log 0/0[]"),
            max_term: 1,
            ..base
        },
        // The new configuration is on its way.
        Flaw::ElectsByOldVotersOnly => Bounds {
            disks: from(
                "restart 4 t1 vote 1 snapshot {1,2,3} log 0/0[term(1) config({1,2,3}->{4}) config({4})]\n\
                 restart 1,2,3 t1 vote 1 snapshot {1,2,3} log 0/0[term(1) config({1,2,3}->{4})]",
            ),
            ..base
        },
        Flaw::CountsStaleReplies | Flaw::ReadsAtOnce | Flaw::ReadsBeforeOwnTerm => {
            Bounds { reads: 1, ..base }
        }
        Flaw::AppliesUncommitted => base,
        Flaw::CountsUnstored => Bounds { waits: 1, ..crash },
        // Both have led, and each sends its snapshot to the third.
        Flaw::TakesOlderSnapshots => Bounds {
            disks: from(
                "restart 1 t3 vote 1 snapshot {1,2,3} log 2/3[]\n\
                 restart 2 t2 vote 2 snapshot {1,2,3} log 1/1[term(2) config({1,2,3})]\n\
                 restart 3 t2 vote 2 snapshot {1,2,3} log 0/0[]",
            ),
            max_term: 4,
            ..base
        },
        Flaw::SnapshotWithLatestConfig => Bounds {
            snapshots: 1,
            changes: 1,
            target: [1, 2].map(NodeId::new).to_vec(),
            ..base
        },
        Flaw::CutsTheWrongCommands => Bounds {
            commands: 2,
            cuts: 1,
            waits: 1,
            max_term: 1,
            ..base
        },
        Flaw::RestartForgetsConfig | Flaw::FollowersSleep | Flaw::NeverSendsSnapshots => {
            return Err("it breaks no guarantee, the cluster only comes to a standstill");
        }
    })
}

#[test]
fn every_flaw_within_small_bounds_is_found() {
    println!(
        "rule      found by                            steps  states    ms  how the rule is broken"
    );
    let mut missed = Vec::new();
    for &flaw in Flaw::ALL {
        let (rule, how) = (flaw.rule(), flaw.how());
        let bounds = match bounds(flaw) {
            Ok(bounds) => bounds,
            Err(why) => {
                println!("{rule:<9} not searched for: {why:<38}  {how}");
                continue;
            }
        };
        let Err(found) = Explorer::new(bounds.clone()).run(STATES, |_| {}) else {
            missed.push(flaw);
            continue;
        };
        let (steps, report) = (found.path.len(), &found.report);
        let (states, time) = (report.states, report.time.as_millis());
        let property = found.violation.property;
        println!("{rule:<9} {property:<35} {steps:>5} {states:>7} {time:>5}  {how}");
        // It is the flaw that was found: without it nothing as near is broken.
        let correct = Bounds {
            flaw: None,
            ..bounds
        };
        let verdict = Explorer::new(correct).run(states, |_| {});
        assert!(verdict.is_ok(), "{flaw:?}: {verdict:?}");
    }
    assert!(missed.is_empty(), "not within {STATES} states: {missed:?}");
}
