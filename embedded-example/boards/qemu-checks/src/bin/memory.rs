//! The memory of a leader of three, alone: its followers are played. Ends with an error if it takes more than it may.
#![no_std]
#![no_main]

use core::mem::size_of;

use qemu_checks::{Heap, start};
use raftbare::codec::{self, Limits, decode_envelope};
use raftbare::replica::{Output, Replica, ReplicaOptions};
use raftbare::{Action, Message, MessageHeader, Node, NodeId};
use semihosting::{println, process};

/// The most bytes of heap that a leader of three may ever have held.
const MOST: usize = 1300;
/// The most bytes of heap that a leading replica with a full log may hold: its payloads take 3 kB of it.
const MOST_OF_REPLICA: usize = 5000;
const VOTERS: [NodeId; 3] = [NodeId::new(1), NodeId::new(2), NodeId::new(3)];

#[cortex_m_rt::entry]
fn main() -> ! {
    start();
    measure_node();
    measure_replica();
    process::exit(0)
}

fn measure_node() {
    println!("node: {} bytes, and on the heap:", size_of::<Node>());
    let before = Heap::begin();
    let mut node = Node::start(VOTERS[0]);
    node.create_cluster(&VOTERS);
    drain(&mut node);
    assert!(node.role().is_leader(), "it is elected");
    // The first heartbeat says what is committed.
    node.heartbeat();
    drain(&mut node);
    let mut first = None;
    let mut done = 0;
    for commands in [0_u64, 100, 10_000] {
        let allocations = Heap::now().allocations;
        for _ in done..commands {
            assert!(!node.propose_command().is_invalid(), "it takes it");
            drain(&mut node);
        }
        done = commands;
        assert_eq!(node.commit_index(), node.log().last_position().index);
        let (heap, new) = (Heap::since(before), Heap::now().allocations - allocations);
        println!(
            "after {commands} commands: {} bytes, {} at most so far, {new} allocations for them",
            heap.live, heap.peak
        );
        assert_eq!(new, 0, "a command takes no memory");
        assert!(heap.peak <= MOST, "it has held too much");
        let sizes = (heap.live, heap.peak);
        assert_eq!(*first.get_or_insert(sizes), sizes, "it stays the same");
    }
}

/// Takes all actions; the two others grant and acknowledge everything.
fn drain(node: &mut Node) {
    while let Some(action) = node.actions_mut().next() {
        match action {
            Action::BroadcastMessage(message) => {
                for &from in &VOTERS[1..] {
                    node.handle_message(reply(from, &message).expect("it is a call"));
                }
            }
            Action::SendMessage(from, message) => {
                node.handle_message(reply(from, &message).expect("it is a call"));
            }
            _ => {}
        }
    }
}

/// What a node answers that agrees to everything.
fn reply(from: NodeId, call: &Message) -> Option<Message> {
    let header = MessageHeader {
        from,
        term: call.term(),
        seqno: call.seqno(),
    };
    match call {
        Message::RequestVoteCall { .. } => Some(Message::RequestVoteReply {
            header,
            vote_granted: true,
        }),
        Message::AppendEntriesCall { entries, .. } => Some(Message::AppendEntriesReply {
            header,
            last_position: entries.last_position(),
        }),
        _ => None,
    }
}

/// A command of 16 bytes, with room for 24.
type Payload = heapless::Vec<u8, 24>;

fn measure_replica() {
    let options = ReplicaOptions::small();
    println!(
        "replica with the small options and payloads of {} bytes: {} bytes, and on the heap:",
        size_of::<Payload>(),
        size_of::<Replica<Payload>>()
    );
    let limits = options.limits;
    let mut meter = Meter::default();
    let mut replica = meter.of(|| {
        let mut replica = Replica::<Payload>::start(VOTERS[0], options);
        replica.create_cluster(&VOTERS);
        replica
    });
    run(&mut replica, &mut meter, &limits);
    assert!(replica.node().role().is_leader(), "it is elected");
    let mut done = 0;
    for commands in [0_u64, 100, 1000, 10_000] {
        let (mut for_commands, mut for_snapshots) = (0, 0);
        for _ in done..commands {
            let before = meter.allocations;
            meter.of(|| {
                let payload = Payload::from_slice(&[7; 16]).expect("it fits");
                replica.propose(payload).expect("it takes it");
            });
            let has_snapshot = run(&mut replica, &mut meter, &limits);
            match has_snapshot {
                true => for_snapshots += meter.allocations - before,
                false => for_commands += meter.allocations - before,
            }
        }
        done = commands;
        println!(
            "after {commands} commands: {} bytes, {} at most so far, {for_commands} allocations for them, \
             {for_snapshots} for snapshots",
            meter.live, meter.peak
        );
        // Until the first snapshot the log has grown.
        if commands > 100 {
            assert_eq!(for_commands, 0, "a command takes no memory");
        }
        assert!(meter.live <= MOST_OF_REPLICA, "it holds too much");
    }
}

/// All batches, with what follows from them; and a snapshot when there is to be one. Returns whether there was.
fn run(replica: &mut Replica<Payload>, meter: &mut Meter, limits: &Limits) -> bool {
    let mut has_snapshot = false;
    let mut calls: heapless::Vec<(NodeId, heapless::Vec<u8, 256>), 8> = heapless::Vec::new();
    while let Some(batch) = meter.of(|| replica.next_batch()) {
        calls.clear();
        meter.of(|| {
            for output in replica.persisted(batch) {
                if let Output::Send(to, envelope) = output {
                    let mut bytes = [0; 256];
                    let mut rest = bytes.as_mut_slice();
                    let len = envelope.encode(&mut rest).expect("it fits");
                    let bytes = heapless::Vec::from_slice(&bytes[..len]);
                    calls
                        .push((to, bytes.expect("it fits")))
                        .expect("there are few");
                }
            }
        });
        for (from, call) in &calls {
            let (call, _) = decode_envelope(call, limits).expect("it is an envelope");
            let answer = reply(*from, &call).expect("it is a call");
            let mut bytes = [0; 64];
            let mut rest = bytes.as_mut_slice();
            let len = codec::encode_message(&answer, &mut rest).expect("it fits");
            meter
                .of(|| replica.receive(&bytes[..len]))
                .expect("it can be read");
        }
        meter.of(|| {
            if replica.wants_snapshot()
                && let Some(mut new) = replica.begin_snapshot()
            {
                new.write(b"the state");
                has_snapshot = replica.finish_snapshot(new);
            }
        });
    }
    has_snapshot
}

/// What is taken within certain calls only.
#[derive(Default)]
struct Meter {
    live: usize,
    peak: usize,
    allocations: usize,
}

impl Meter {
    fn of<T>(&mut self, act: impl FnOnce() -> T) -> T {
        let before = Heap::begin();
        let result = act();
        let after = Heap::now();
        self.peak = self.peak.max(self.live + after.peak - before.live);
        self.live = self.live + after.live - before.live;
        self.allocations += after.allocations - before.allocations;
        result
    }
}
