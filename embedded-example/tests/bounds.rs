//! All that a replica with the bounds of the firmware sends fits into a frame.

use std::collections::VecDeque;

use raftbare::replica::{Output, Replica};
use raftbare::{ClusterConfig, NodeId};
use raftbare_embedded::app::{MAX_COMMAND, MAX_SNAPSHOT, Payload};
use raftbare_embedded::link::MAX_PAYLOAD;
use raftbare_embedded::node::options;

/// Seven voters, the most that a cluster is founded with, under the highest numbers.
const IDS: [u64; 7] = [9, 10, 11, 12, 13, 14, 15];

struct World {
    replicas: Vec<Replica<Payload>>,
    mail: VecDeque<(u64, Vec<u8>)>,
    longest: usize,
    chunks: usize,
    snapshot: Vec<u8>,
}

impl World {
    fn replica(&mut self, id: u64) -> &mut Replica<Payload> {
        let at = IDS.iter().position(|&it| it == id);
        &mut self.replicas[at.expect("a member")]
    }

    /// Stores, sends and delivers until nothing is left to do; what is for `lost` gets lost.
    fn settle(&mut self, lost: Option<u64>) {
        loop {
            for replica in &mut self.replicas {
                while let Some(batch) = replica.next_batch() {
                    for output in replica.persisted(batch) {
                        let mut buffer = [0; MAX_PAYLOAD];
                        let mut rest = buffer.as_mut_slice();
                        let (to, len) = match output {
                            Output::Send(to, envelope) => {
                                (to, envelope.encode(&mut rest).expect("it fits"))
                            }
                            Output::SendChunk(to, chunk) => {
                                let start = chunk.offset() as usize;
                                let bytes = &self.snapshot[start..start + chunk.len()];
                                self.chunks += 1;
                                (to, chunk.encode(bytes, &mut rest).expect("it fits"))
                            }
                            _ => continue,
                        };
                        self.longest = self.longest.max(len);
                        self.mail.push_back((to.get(), buffer[..len].to_vec()));
                    }
                }
            }
            let Some((to, bytes)) = self.mail.pop_front() else {
                return;
            };
            if Some(to) != lost {
                self.replica(to).receive(&bytes).expect("within the limits");
            }
        }
    }
}

#[test]
fn the_longest_calls_and_chunks_fit_into_frames() {
    let ids = IDS.map(NodeId::new);
    let mut world = World {
        replicas: ids.map(|id| Replica::start(id, options())).into(),
        mail: VecDeque::new(),
        longest: 0,
        chunks: 0,
        snapshot: vec![1; MAX_SNAPSHOT],
    };
    world.replica(9).create_cluster(&ids);
    world.settle(Some(15));
    let payload = Payload::from_slice(&[0xff; MAX_COMMAND]).expect("it fits");
    for round in 0..30 {
        let leader = world.replica(9);
        assert!(leader.node().role().is_leader());
        for _ in 0..3 {
            leader.propose(payload.clone()).expect("there is room");
            leader
                .propose(Payload::new())
                .expect("there is room for a short one");
        }
        let config: ClusterConfig = leader.node().config().clone();
        let next = match round % 2 {
            0 => config.to_joint_consensus(&[], &[NodeId::new(14)]),
            _ => config.to_joint_consensus(&[NodeId::new(14)], &[]),
        };
        leader.propose_config(next).expect("it follows");
        world.settle(Some(15));
    }
    // The last one has missed all, and gets first a snapshot, then the rest.
    let snapshot = world.snapshot.clone();
    let leader = world.replica(9);
    let mut new = leader.begin_snapshot().expect("there is something to take");
    new.write(&snapshot);
    assert!(leader.finish_snapshot(new));
    leader.propose(payload).expect("there is room");
    for _ in 0..100 {
        world.replica(9).handle_timeout();
        world.settle(None);
    }
    assert!(world.chunks >= MAX_SNAPSHOT / 160);
    let last = world.replica(9).node().log().last_position();
    assert_eq!(world.replica(15).node().log().last_position(), last);
    assert!(world.longest > 150, "{} bytes", world.longest);
}
