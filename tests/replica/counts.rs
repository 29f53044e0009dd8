//! In a steady state a commit allocates nothing: not at the leader, not at the followers, envelopes included.

use raftbare::replica::{Output, Replica};
use raftbare_tests::values::{id, ids};

use crate::cluster::options;

/// Three replicas whose envelopes lie in buffers that are used again.
struct Steady {
    replicas: Vec<Replica<[u8; 8]>>,
    /// Destination, and how many bytes of the buffer.
    wire: Vec<(usize, usize, [u8; 256])>,
    spare: Vec<(usize, usize, [u8; 256])>,
    applied: [u64; 3],
}

impl Steady {
    fn new() -> Self {
        let replicas = (1..=3).map(|node| Replica::start(id(node), options()));
        let mut steady = Self {
            replicas: replicas.collect(),
            wire: Vec::with_capacity(1_000),
            spare: Vec::with_capacity(1_000),
            applied: [0; 3],
        };
        steady.replicas[0].create_cluster(&ids(&[1, 2, 3]));
        steady.settle();
        steady
    }

    fn run(&mut self, from: usize) {
        while let Some(batch) = self.replicas[from].next_batch() {
            // A store would write the records: here they are only looked at.
            assert!(batch.records().all(|it| it.position().index.get() > 0));
            for output in self.replicas[from].persisted(batch) {
                match output {
                    Output::Send(to, envelope) => {
                        let mut buffer = [0; 256];
                        let len = envelope
                            .encode(&mut buffer.as_mut_slice())
                            .expect("it fits");
                        let to = usize::try_from(to.get() - 1).expect("small");
                        self.wire.push((to, len, buffer));
                    }
                    Output::Apply { payload, .. } => {
                        self.applied[from] += u64::from_le_bytes(*payload);
                    }
                    _ => {}
                }
            }
        }
    }

    fn settle(&mut self) {
        loop {
            (0..3).for_each(|node| self.run(node));
            if self.wire.is_empty() {
                return;
            }
            std::mem::swap(&mut self.wire, &mut self.spare);
            for (to, len, bytes) in self.spare.drain(..) {
                self.replicas[to]
                    .receive(&bytes[..len])
                    .expect("an envelope");
            }
        }
    }

    /// A commit; with some of them a heartbeat and a read.
    fn commit(&mut self, round: u64) {
        self.replicas[0]
            .propose(1_u64.to_le_bytes())
            .expect("it leads");
        self.settle();
        if round.is_multiple_of(10) {
            self.replicas[0].handle_timeout();
            self.replicas[0].read().expect("it leads");
            self.settle();
        }
    }
}

#[test]
fn a_commit_allocates_nothing() {
    let mut steady = Steady::new();
    // The lists grow to a power of two, and then not for a while.
    (0..1_100).for_each(|round| steady.commit(round));
    let mut most = 0;
    for round in 0..800 {
        let measured = allocation_counter::measure(|| steady.commit(round));
        most = most.max(measured.count_total);
    }
    assert_eq!(most, 0, "allocations for a commit");
    steady.replicas[0].handle_timeout();
    steady.settle();
    assert_eq!(steady.applied, [1_900; 3]);
}
