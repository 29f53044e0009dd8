//! Which frame leaves by which port.
//!
//! A frame goes out by the port at which its destination was heard last. Where nothing was heard for a while, and
//! every so often, it goes out by all of them: that is how ways are found, in a ring as in a triangle, and found
//! anew when a wire breaks. Boards between hand frames on as long as these have hops left. The second copy of a frame
//! is known by its number and dropped.

use embassy_time::{Duration, Instant};

use super::frame::{Frame, MAX_PAYLOAD};
use super::queue::{Kind, SendQueue};
use super::{MAX_ADDRESS, Receiver};

const TABLE: usize = MAX_ADDRESS as usize + 1;

/// How often a frame may be handed on: enough for the long way round a ring of seven.
const HOPS: u8 = 6;

/// After so long without a frame from a node, the way to it is not known any more.
const ROUTE_LIFE: Duration = Duration::from_millis(400);

/// Each so many-th frame to a node goes out by all ports.
const FLOOD_EVERY: u8 = 8;

/// What has passed a node.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Frames for this node.
    pub received: u32,
    /// Frames of this node.
    pub sent: u32,
    /// Frames of others that were handed on.
    pub forwarded: u32,
    /// Second copies.
    pub duplicates: u32,
    /// Frames that were no frames, or damaged.
    pub damaged: u32,
    /// Frames that had to go as too many waited for a port.
    pub dropped: u32,
}

impl Counters {
    const NEW: Self = Self {
        received: 0,
        sent: 0,
        forwarded: 0,
        duplicates: 0,
        damaged: 0,
        dropped: 0,
    };
}

/// What is known of a node.
#[derive(Debug, Clone, Copy)]
struct Peer {
    /// At which port it was heard last, and when.
    heard: Option<(u8, Instant)>,
    /// The highest number seen, and which of the 32 up to it, as bits.
    seen: Option<(u16, u32)>,
    /// Frames to it since the last one that went out by all ports.
    since_flood: u8,
}

impl Peer {
    const NEW: Self = Self {
        heard: None,
        seen: None,
        since_flood: 0,
    };

    /// Takes note of a number; returns whether it is new.
    ///
    /// A number far behind the newest is one of a source that has started again.
    fn note(&mut self, number: u16) -> bool {
        let Some((newest, bits)) = self.seen else {
            self.seen = Some((number, 1));
            return true;
        };
        let ahead = number.wrapping_sub(newest).cast_signed();
        let (is_new, seen) = match ahead {
            1..=31 => (true, (number, bits << ahead | 1)),
            -31..=0 => {
                let bit = 1 << -ahead;
                (bits & bit == 0, (newest, bits | bit))
            }
            _ => (true, (number, 1)),
        };
        self.seen = Some(seen);
        is_new
    }
}

/// The ways of frames through a node with so many ports.
#[derive(Debug)]
pub struct Router<const PORTS: usize> {
    own: u8,
    number: u16,
    queues: [SendQueue; PORTS],
    receivers: [Receiver; PORTS],
    peers: [Peer; TABLE],
    counters: Counters,
}

impl<const PORTS: usize> Router<PORTS> {
    /// Makes the router of the node with this address. The first number should be another one in each life of the
    /// node, so that its frames are not taken for copies of older ones.
    #[must_use]
    pub const fn new(own: u8, first_number: u16) -> Self {
        Self {
            own,
            number: first_number,
            queues: [const { SendQueue::new() }; PORTS],
            receivers: [const { Receiver::new() }; PORTS],
            peers: [Peer::NEW; TABLE],
            counters: Counters::NEW,
        }
    }

    /// Sends a payload to a node.
    pub fn send(
        &mut self,
        to: u8,
        kind: Kind,
        payload: heapless::Vec<u8, MAX_PAYLOAD>,
        now: Instant,
    ) {
        if to == self.own || to > MAX_ADDRESS {
            return;
        }
        self.number = self.number.wrapping_add(1);
        self.counters.sent = self.counters.sent.wrapping_add(1);
        let frame = Frame {
            to,
            from: self.own,
            hops_left: HOPS,
            kind,
            number: self.number,
            payload,
        };
        let way = self.way_to(to, now);
        let peer = &mut self.peers[usize::from(to)];
        peer.since_flood = (peer.since_flood + 1) % FLOOD_EVERY;
        let is_flood = peer.since_flood == 0 && kind == Kind::Raft;
        self.enqueue(&frame, way.filter(|_| !is_flood), None);
    }

    /// Takes a byte that came in by a port; returns the frame for this node that ends with it.
    pub fn receive(&mut self, port: usize, byte: u8, now: Instant) -> Option<Frame> {
        let receiver = &mut self.receivers[port];
        let frame = receiver.push(byte)?;
        self.pass(port, frame, now)
    }

    /// Takes note that bytes got lost at a port.
    pub fn note_gap(&mut self, port: usize) {
        self.receivers[port].note_gap();
    }

    /// The frame that is to leave by a port now.
    pub fn next(&mut self, port: usize) -> Option<Frame> {
        self.queues[port].pop()
    }

    /// What has passed so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters {
            damaged: self.receivers.iter().map(Receiver::damaged).sum(),
            dropped: self.queues.iter().map(SendQueue::dropped).sum(),
            ..self.counters
        }
    }

    /// The port at which a node was heard lately.
    #[must_use]
    pub fn way_to(&self, address: u8, now: Instant) -> Option<usize> {
        let (port, at) = self.peers.get(usize::from(address))?.heard?;
        (now.saturating_duration_since(at) < ROUTE_LIFE).then_some(usize::from(port))
    }

    /// Keeps a frame for this node, hands on one for another.
    fn pass(&mut self, port: usize, frame: Frame, now: Instant) -> Option<Frame> {
        if frame.from == self.own || frame.from > MAX_ADDRESS || frame.to > MAX_ADDRESS {
            return None;
        }
        let peer = &mut self.peers[usize::from(frame.from)];
        if !peer.note(frame.number) {
            self.counters.duplicates = self.counters.duplicates.wrapping_add(1);
            return None;
        }
        // The first copy came the shortest way.
        peer.heard = Some((u8::try_from(port).unwrap_or(u8::MAX), now));
        if frame.to == self.own {
            self.counters.received = self.counters.received.wrapping_add(1);
            return Some(frame);
        }
        let hops_left = frame.hops_left.checked_sub(1)?;
        self.counters.forwarded = self.counters.forwarded.wrapping_add(1);
        let way = self.way_to(frame.to, now).filter(|&way| way != port);
        let frame = Frame { hops_left, ..frame };
        self.enqueue(&frame, way, Some(port));
        None
    }

    /// Lets a frame wait for one port, or for all but that by which it came.
    fn enqueue(&mut self, frame: &Frame, way: Option<usize>, except: Option<usize>) {
        let is_own = except.is_none();
        for (port, queue) in self.queues.iter_mut().enumerate() {
            let is_wanted = way.map_or(except != Some(port), |way| way == port);
            if is_wanted {
                queue.push(frame.clone(), is_own);
            }
        }
    }
}
