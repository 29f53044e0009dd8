//! One node, one UART, no store: the least that takes part in a cluster. Two boards with crossed wires are one.
//!
//! For a board, keep [`node`] as it is, and call it with what its HAL brings: a `Read` and a `Write`.
//!
//! **Without a store a node may not come back under its number after it has lost its power**: it could vote twice. Good
//! enough to see an election; for more, `node::run` of the library keeps what has to be kept.

use embassy_futures::join::join;
use embassy_futures::select::{Either3, select3};
use embassy_time::{Duration, Instant, Timer};
use embedded_io_async::{Read, Write};
use raftbare::replica::{Output, Replica};
use raftbare::{NodeId, Role};
use raftbare_embedded::link::{Kind, Link};
use raftbare_embedded::node::OPTIONS;

/// What is replicated here: a byte.
type Payload = heapless::Vec<u8, 1>;

/// Runs node `id` of two. The leader counts up once a second; `show` gets each number when it is committed.
async fn node(id: u8, reader: impl Read, writer: impl Write, mut show: impl FnMut(u8)) {
    let link = Link::<1>::new(id, u16::from(id));
    let lines = join(link.read_from(0, reader), link.write_to(0, writer));
    let number = |id: u8| NodeId::new(u64::from(id));
    let mut replica = Replica::<Payload>::start(number(id), OPTIONS);
    if id == 1 {
        replica.create_cluster(&[number(1), number(2)]);
    }
    let count = async {
        let mut deadline = Instant::now();
        let mut tick = Instant::now();
        let mut value = 0;
        loop {
            while let Some(batch) = replica.next_batch() {
                // Here a store would write the batch.
                for output in replica.persisted(batch) {
                    match output {
                        Output::SetTimer(role) => deadline = Instant::now() + timeout(role, id),
                        Output::Send(to, message) => {
                            let mut buffer = [0; 256];
                            let mut rest = buffer.as_mut_slice();
                            let len = message.encode(&mut rest).unwrap_or(0);
                            let bytes = heapless::Vec::from_slice(&buffer[..len]);
                            let to = u8::try_from(to.get()).unwrap_or(0);
                            link.send(to, Kind::Raft, bytes.unwrap_or_default());
                        }
                        Output::Apply { payload, .. } => {
                            value = payload.first().copied().unwrap_or(0);
                            show(value);
                        }
                        _ => {} // No snapshots, and nobody waits for an answer.
                    }
                }
            }
            match select3(Timer::at(deadline), Timer::at(tick), link.receive()).await {
                Either3::First(()) => replica.handle_timeout(),
                Either3::Second(()) => {
                    tick = Instant::now() + Duration::from_secs(1);
                    let next = [value.wrapping_add(1)];
                    let _ = replica.propose(next.into_iter().collect()); // Refused where it does not lead.
                }
                Either3::Third(frame) => drop(replica.receive(&frame.payload)),
            }
        }
    };
    join(lines, count).await;
}

/// A follower's patience has to differ: here it is the number of the node that sees to it.
fn timeout(role: Role, id: u8) -> Duration {
    Duration::from_millis(match role {
        Role::Leader => 100,
        Role::Follower | Role::Candidate => 500 + 150 * u64::from(id),
    })
}

#[path = "../tests/support/random.rs"]
mod random;
#[path = "../tests/support/wire.rs"]
mod wire;

/// On a host: two nodes and two wires in memory, ten seconds of a clock that runs as fast as it can.
fn main() {
    use std::{cell::Cell, pin::pin, task::Context};
    let [there, back] = [wire::Wire::default(), wire::Wire::default()];
    let shown = [Cell::new(0), Cell::new(0)];
    let mut one = pin!(node(1, back.clone(), there.clone(), |value| shown[0].set(value)));
    let mut two = pin!(node(2, there.clone(), back.clone(), |value| shown[1].set(value)));
    let mut context = Context::from_waker(std::task::Waker::noop());
    for _ in 0..10_000 {
        embassy_time::MockDriver::get().advance(Duration::from_millis(1));
        for wire in [&there, &back] {
            wire.carry(11, 0, false, &mut random::Random(0));
        }
        let _ = one.as_mut().poll(&mut context);
        let _ = two.as_mut().poll(&mut context);
    }
    println!(
        "node 1 shows {}, node 2 shows {}",
        shown[0].get(),
        shown[1].get()
    );
    assert!(shown[0].get() >= 5 && shown[0] == shown[1], "the two agree");
}
