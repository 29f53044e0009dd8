//! All that a replica with the bounds of the firmware sends fits into a frame.

use std::collections::VecDeque;

use raftbare::replica::{Output, Replica};
use raftbare::{ClusterConfig, NodeId};
use raftbare_embedded::app::{MAX_COMMAND, MAX_SNAPSHOT, Payload};
use raftbare_embedded::link::frame::MAX_WIRE;
use raftbare_embedded::link::{Frame, Kind, MAX_PAYLOAD};
use raftbare_embedded::node::OPTIONS;

/// Seven voters, the most that a cluster is founded with, under the highest numbers.
const IDS: [u64; 7] = [9, 10, 11, 12, 13, 14, 15];

struct World {
    replicas: Vec<Replica<Payload>>,
    mail: VecDeque<(u64, Vec<u8>)>,
    longest: usize,
    /// Bytes of all frames, if each goes by one wire.
    on_the_wire: usize,
    chunks: usize,
    snapshot: Vec<u8>,
}

/// How long a frame with this payload is on the wire.
fn wire_len(payload: &[u8]) -> usize {
    let frame = Frame {
        to: 1,
        from: 2,
        hops_left: 6,
        kind: Kind::Raft,
        number: 0x0101,
        payload: heapless::Vec::from_slice(payload).expect("it fits"),
    };
    frame.encode(&mut [0; MAX_WIRE])
}

impl World {
    fn new(ids: &[u64]) -> Self {
        let ids = ids.iter().map(|&id| NodeId::new(id));
        Self {
            replicas: ids.map(|id| Replica::start(id, OPTIONS)).collect(),
            mail: VecDeque::new(),
            longest: 0,
            on_the_wire: 0,
            chunks: 0,
            snapshot: vec![1; MAX_SNAPSHOT],
        }
    }

    fn replica(&mut self, id: u64) -> &mut Replica<Payload> {
        let mut replicas = self.replicas.iter_mut();
        let found = replicas.find(|it| it.node().id().get() == id);
        found.expect("a member")
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
                        self.on_the_wire += wire_len(&buffer[..len]);
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
    let mut world = World::new(&IDS);
    world.replica(9).create_cluster(&ids);
    world.settle(Some(15));
    let payload = Payload::from_slice(&[0xff; MAX_COMMAND]).expect("it fits");
    // As many as the log has room for.
    for round in 0..11 {
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
    println!("{} of {MAX_PAYLOAD} bytes", world.longest);
    assert!(world.longest > 150, "{} bytes", world.longest);
}

/// What the README says of the bytes on the wires of three nodes.
#[test]
fn heartbeats_and_commits_are_short() {
    let mut world = World::new(&[1, 2, 3]);
    world.replica(1).create_cluster(&[1, 2, 3].map(NodeId::new));
    world.settle(None);
    let mut count = |act: &dyn Fn(&mut Replica<Payload>)| {
        let before = world.on_the_wire;
        act(world.replica(1));
        world.settle(None);
        world.on_the_wire - before
    };
    let beat = |leader: &mut Replica<Payload>| leader.handle_timeout();
    count(&beat);
    let heartbeat = count(&beat);
    let command = Payload::from_slice(b"\x06colourgreen").expect("it fits");
    let commit = count(&|leader| {
        leader.propose(command.clone()).expect("there is room");
    });
    println!("{heartbeat} bytes for a heartbeat, {commit} for a commit of 12 bytes");
    assert!(heartbeat <= 100, "{heartbeat} bytes");
    assert!(commit <= 140, "{commit} bytes");
}
