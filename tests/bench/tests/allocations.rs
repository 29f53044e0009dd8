//! Memory, exactly counted: what the others take today, and less here.

use std::collections::VecDeque;

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

/// Bytes of heap for each of a thousand terms, in a log that is nothing else.
macro_rules! bytes_per_term {
    ($krate:ident) => {{
        use $krate::{LogEntries, LogEntry, LogIndex, LogPosition, Term};
        let start = LogPosition {
            term: Term::new(0),
            index: LogIndex::new(0),
        };
        let mut log = LogEntries::new(start);
        let taken = measure(|| log.extend((1..=1_000).map(|term| LogEntry::Term(Term::new(term)))));
        assert_eq!(log.len(), 1_000);
        taken.bytes_current / 1_000
    }};
}

#[test]
fn a_term_takes_less_memory_than_elsewhere() {
    let (own, reference) = (
        bytes_per_term!(raftbare),
        bytes_per_term!(registry_raftbare),
    );
    println!("bytes of log for each term: {own}, elsewhere {reference}");
    assert!(own <= 24, "{own} bytes");
    assert!(own < reference);
}

/// All bytes of three nodes that have nothing to do, one of them the leader: their own and those of their heap.
macro_rules! bytes_of_idle_nodes {
    ($krate:ident) => {{
        use $krate::{Action, Message, Node, NodeId};
        let ids = [1, 2, 3].map(NodeId::new);
        let mut nodes = ids.map(Node::start);
        let heap = measure(|| {
            let mut messages: VecDeque<(NodeId, Message)> = VecDeque::new();
            nodes[0].create_cluster(&ids);
            loop {
                for node in &mut nodes {
                    while let Some(action) = node.actions_mut().next() {
                        match action {
                            Action::BroadcastMessage(message) => {
                                messages.extend(node.peers().map(|to| (to, message.clone())));
                            }
                            Action::SendMessage(to, message) => messages.push_back((to, message)),
                            _ => {}
                        }
                    }
                }
                let Some((to, message)) = messages.pop_front() else {
                    break;
                };
                nodes[to.get() as usize - 1].handle_message(message);
            }
        });
        assert!(nodes[0].role().is_leader());
        u64::try_from(heap.bytes_current).expect("the nodes keep what they took")
            + size_of_val(&nodes) as u64
    }};
}

#[test]
fn an_idle_group_takes_less_memory_than_elsewhere() {
    let own = bytes_of_idle_nodes!(raftbare);
    let reference = bytes_of_idle_nodes!(registry_raftbare);
    println!("bytes of three idle nodes: {own}, elsewhere {reference}");
    assert!(own <= 5_700, "{own} bytes");
    assert!(own < reference);
}

/// Printed, for the README; only which one is smaller is tested, as sizes depend on the compiler.
#[test]
fn values_are_smaller_than_elsewhere() {
    macro_rules! sizes {
        ($krate:ident) => {
            [
                size_of::<$krate::Message>(),
                size_of::<$krate::LogEntries>(),
                size_of::<$krate::Node>(),
            ]
        };
    }
    let (own, reference) = (sizes!(raftbare), sizes!(registry_raftbare));
    println!("bytes of Message, LogEntries, Node: {own:?}, elsewhere {reference:?}");
    assert!(own.iter().zip(reference).all(|(own, other)| *own < other));
}
