//! Frames and their ways.

#[path = "support/random.rs"]
mod random;

use std::collections::VecDeque;

use embassy_time::{Duration, Instant};
use raftbare_embedded::link::frame::MAX_WIRE;
use raftbare_embedded::link::{Frame, Kind, MAX_PAYLOAD, Receiver, Router};
use random::Random;

fn frame(random: &mut Random) -> Frame {
    let len = random.below(MAX_PAYLOAD + 1);
    // Zeros are what COBS takes out.
    let payload = (0..len).map(|_| (random.next() as u8) & 3).collect();
    Frame {
        to: 2,
        from: 1,
        hops_left: 5,
        kind: if random.one_in(2) {
            Kind::Raft
        } else {
            Kind::Bulk
        },
        number: random.next() as u16,
        payload,
    }
}

fn wire(frame: &Frame) -> Vec<u8> {
    let mut wire = [0; MAX_WIRE];
    let len = frame.encode(&mut wire);
    wire[..len].to_vec()
}

fn received(receiver: &mut Receiver, bytes: &[u8]) -> Vec<Frame> {
    bytes
        .iter()
        .filter_map(|&byte| receiver.push(byte))
        .collect()
}

#[test]
fn frames_of_every_length_come_back() {
    let mut random = Random(1);
    let mut receiver = Receiver::new();
    for len in 0..=MAX_PAYLOAD {
        for fill in [0, 1, 0xff] {
            let payload = (0..len).map(|_| fill).collect();
            let frame = Frame {
                payload,
                ..frame(&mut random)
            };
            assert_eq!(received(&mut receiver, &wire(&frame)), [frame]);
        }
    }
    assert_eq!(receiver.damaged(), 0);
}

#[test]
fn a_frame_in_full_is_what_the_table_says() {
    let payload = heapless::Vec::from_slice(&[0x22, 2, 1, 0]).expect("it fits");
    let frame = Frame {
        to: 3,
        from: 2,
        hops_left: 6,
        kind: Kind::Bulk,
        number: 7,
        payload,
    };
    let body = [3, 2, 0x86, 7, 0, 0x22, 2, 1, 0];
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&body);
    let mut expected = vec![0];
    let mut encoded = [0; 32];
    let len = cobs::encode(&[&body[..], &crc.to_le_bytes()].concat(), &mut encoded);
    expected.extend_from_slice(&encoded[..len]);
    expected.push(0);
    assert_eq!(wire(&frame), expected);
}

#[test]
fn after_noise_the_next_frame_is_there() {
    let mut random = Random(2);
    let mut receiver = Receiver::new();
    for _ in 0..2_000 {
        let noise: Vec<u8> = (0..random.below(400))
            .map(|_| random.next() as u8)
            .collect();
        let frame = frame(&mut random);
        let found = received(&mut receiver, &[noise, wire(&frame)].concat());
        assert_eq!(found, [frame], "noise makes no frames, and hides none");
    }
}

#[test]
fn no_bit_error_and_no_missing_byte_comes_through() {
    let mut random = Random(3);
    let mut receiver = Receiver::new();
    for _ in 0..300 {
        let frame = frame(&mut random);
        let whole = wire(&frame);
        for _ in 0..40 {
            let mut damaged = whole.clone();
            match random.one_in(4) {
                true => drop(damaged.remove(1 + random.below(whole.len() - 2))),
                false => (0..=random.below(3)).for_each(|_| {
                    damaged[1 + random.below(whole.len() - 2)] ^= 1 << random.below(8);
                }),
            }
            let found = received(&mut receiver, &damaged);
            assert!(damaged == whole || found.is_empty(), "{found:?}");
            let found = received(&mut receiver, &whole);
            assert_eq!(found, std::slice::from_ref(&frame));
        }
    }
}

#[test]
fn a_gap_costs_the_frame_around_it_only() {
    let mut random = Random(4);
    let mut receiver = Receiver::new();
    let frame = frame(&mut random);
    let whole = wire(&frame);
    assert_eq!(received(&mut receiver, &whole[..whole.len() / 2]), []);
    receiver.note_gap();
    assert_eq!(received(&mut receiver, &whole[whole.len() / 2..]), []);
    assert_eq!(received(&mut receiver, &whole), [frame]);
}

/// Routers in a ring: port 1 of each to port 0 of the next.
struct Ring {
    routers: Vec<Router<2>>,
    cut: Option<usize>,
    now: Instant,
}

impl Ring {
    fn new(count: u8) -> Self {
        Self {
            routers: (1..=count).map(|own| Router::new(own, 1000)).collect(),
            cut: None,
            now: Instant::from_millis(1000),
        }
    }

    fn send(&mut self, from: u8, to: u8, byte: u8) {
        let payload = heapless::Vec::from_slice(&[byte]).expect("it fits");
        self.routers[usize::from(from) - 1].send(to, Kind::Raft, payload, self.now);
    }

    /// Lets frames travel until none is left; returns who got what, and how many crossed a wire.
    fn settle(&mut self) -> (Vec<(u8, u8)>, usize) {
        let (mut got, mut crossed) = (Vec::new(), 0);
        let count = self.routers.len();
        let mut left: VecDeque<usize> = (0..count * 2).collect();
        while let Some(place) = left.pop_front() {
            let (at, port) = (place / 2, place % 2);
            while let Some(frame) = self.routers[at].next(port) {
                crossed += 1;
                let (next, next_port) = match port {
                    1 => ((at + 1) % count, 0),
                    _ => ((at + count - 1) % count, 1),
                };
                let cable = if port == 1 { at } else { next };
                if self.cut == Some(cable) {
                    continue;
                }
                for byte in wire(&frame) {
                    let frame = self.routers[next].receive(next_port, byte, self.now);
                    got.extend(frame.map(|frame| (frame.to, frame.payload[0])));
                }
                left.extend(0..count * 2);
            }
        }
        (got, crossed)
    }
}

#[test]
fn in_a_ring_of_five_every_frame_arrives_once() {
    let mut ring = Ring::new(5);
    for round in 0..20 {
        for (from, to) in (1..=5).flat_map(|from| (1..=5).map(move |to| (from, to))) {
            if from != to {
                ring.send(from, to, round);
                assert_eq!(ring.settle().0, [(to, round)], "{from} to {to}");
            }
        }
    }
}

#[test]
fn known_ways_are_short_and_a_cut_one_is_replaced() {
    let mut ring = Ring::new(5);
    // 1 and 2 hear each other.
    ring.send(1, 2, 0);
    ring.send(2, 1, 0);
    ring.settle();
    let crossed: usize = (0..7)
        .map(|number| {
            ring.send(1, 2, number);
            let (got, crossed) = ring.settle();
            assert_eq!(got, [(2, number)]);
            crossed
        })
        .sum();
    assert!(
        crossed <= 7 + 5,
        "{crossed} crossings: all but one were direct"
    );
    ring.cut = Some(0);
    ring.now += Duration::from_secs(1);
    ring.send(1, 2, 9);
    assert_eq!(ring.settle().0, [(2, 9)], "around");
}

#[test]
fn raft_goes_before_snapshots_and_others_take_turns_with_own_frames() {
    let mut router = Router::<2>::new(1, 0);
    let now = Instant::from_millis(1);
    let payload = |byte| heapless::Vec::from_slice(&[byte]).expect("it fits");
    for byte in 0..4 {
        router.send(2, Kind::Bulk, payload(byte), now);
    }
    for byte in 10..13 {
        router.send(2, Kind::Raft, payload(byte), now);
    }
    for number in 0..3_u8 {
        let passing = Frame {
            to: 2,
            from: 3,
            hops_left: 3,
            kind: Kind::Raft,
            number: u16::from(number),
            payload: payload(20 + number),
        };
        for byte in wire(&passing) {
            assert_eq!(router.receive(0, byte, now), None);
        }
    }
    let mut order = Vec::new();
    while let Some(frame) = router.next(1) {
        order.push(frame.payload[0]);
    }
    assert_eq!(order, [10, 20, 11, 21, 12, 22, 0, 1, 2, 3]);
    let counters = router.counters();
    assert_eq!((counters.sent, counters.forwarded), (7, 3));
}

#[test]
fn a_dead_port_keeps_the_newest_frames() {
    let mut router = Router::<1>::new(1, 0);
    for number in 0..100_u8 {
        let payload = heapless::Vec::from_slice(&[number]).expect("it fits");
        router.send(2, Kind::Raft, payload, Instant::from_millis(1));
    }
    let left: Vec<u8> = std::iter::from_fn(|| router.next(0))
        .map(|it| it.payload[0])
        .collect();
    assert_eq!(left, [94, 95, 96, 97, 98, 99]);
    assert_eq!(router.counters().dropped, 94);
}

#[test]
fn frames_end_when_they_have_no_hops_left_and_restarted_nodes_are_heard() {
    let now = Instant::from_millis(1);
    let mut router = Router::<2>::new(1, 0);
    let passing = |number, hops_left| Frame {
        to: 2,
        from: 3,
        hops_left,
        kind: Kind::Raft,
        number,
        payload: heapless::Vec::new(),
    };
    let mut forwards = |frame: Frame| {
        wire(&frame)
            .into_iter()
            .for_each(|byte| drop(router.receive(0, byte, now)));
        router.next(1).is_some()
    };
    assert!(!forwards(passing(500, 0)));
    assert!(forwards(passing(501, 1)));
    assert!(!forwards(passing(501, 1)), "a copy");
    assert!(forwards(passing(490, 1)), "late, but new");
    assert!(!forwards(passing(490, 1)));
    assert!(forwards(passing(7, 1)), "the node has started again");
}
