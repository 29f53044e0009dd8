//! Boards in one process, on a time of their own: what they say, in which order, is the same in every run.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Wake, Waker};

use embassy_time::{Duration, Instant, MockDriver, Timer};
use embedded_storage_async::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use raftbare::NodeId;
use raftbare_embedded::node::{Board, Config, Timing, run};
use raftbare_embedded::store::{Layout, Store};

use crate::nor::{Misuse, Nor};
use crate::random::Random;
use crate::wire::Wire;

/// Bytes in a millisecond at 115,200 baud.
const RATE: usize = 11;

const LAYOUT: Layout = Layout {
    start: 0,
    sector_len: 4096,
    log_sectors: 4,
    snapshot_sectors: 1,
};

/// There is one clock for all.
static CLOCK: Mutex<()> = Mutex::new(());

type Flash = Nor<4, 4096>;

/// Works as long as a real one.
struct Slow(Flash);

impl ErrorType for Slow {
    type Error = Misuse;
}

impl ReadNorFlash for Slow {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Misuse> {
        self.0.read(offset, bytes).await
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl NorFlash for Slow {
    const WRITE_SIZE: usize = Flash::WRITE_SIZE;
    const ERASE_SIZE: usize = Flash::ERASE_SIZE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Misuse> {
        Timer::after(Duration::from_millis(45)).await;
        self.0.erase(from, to).await
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Misuse> {
        Timer::after(Duration::from_micros(400)).await;
        self.0.write(offset, bytes).await
    }
}

struct Bare;

impl Board for Bare {}

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Node {
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    flag: Arc<Flag>,
    flash: Flash,
    typed: Wire,
    said: Wire,
    text: Vec<u8>,
    lines: Vec<String>,
    lives: u64,
}

/// A wire between two boards: the ports, and both directions.
struct Cable {
    ends: [(usize, usize); 2],
    ways: [Wire; 2],
    is_cut: bool,
}

/// How boards are wired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Each to the next, the last to the first: two ports each.
    Ring,
}

/// Boards with two ports each.
pub(crate) struct Cluster {
    nodes: Vec<Node>,
    cables: Vec<Cable>,
    random: Random,
    /// How many bits come through between two that do not; 0 if all do.
    pub(crate) bits_per_error: usize,
    seed: u64,
    _clock: MutexGuard<'static, ()>,
}

impl Cluster {
    /// So many boards, powered on, with nothing in their flashes.
    pub(crate) fn new(count: usize, shape: Shape, seed: u64) -> Self {
        let clock = CLOCK
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        MockDriver::get().reset();
        let Shape::Ring = shape;
        let cables = (0..count).map(|at| Cable {
            ends: [(at, 1), ((at + 1) % count, 0)],
            ways: [Wire::default(), Wire::default()],
            is_cut: false,
        });
        let node = || Node {
            future: None,
            flag: Arc::default(),
            flash: Flash::erased(LAYOUT.sectors()),
            typed: Wire::default(),
            said: Wire::default(),
            text: Vec::new(),
            lines: Vec::new(),
            lives: 0,
        };
        let mut cluster = Self {
            nodes: (0..count).map(|_| node()).collect(),
            cables: cables.collect(),
            random: Random(seed),
            bits_per_error: 0,
            seed,
            _clock: clock,
        };
        (1..=count).for_each(|id| cluster.power_on(id));
        cluster
    }

    pub(crate) fn power_on(&mut self, id: usize) {
        let at = id - 1;
        self.nodes[at].lives += 1;
        let ports = [0, 1].map(|port| self.port(at, port));
        let node = &mut self.nodes[at];
        let config = Config {
            id: NodeId::new(id as u64),
            seed: self.seed ^ node.lives << 8 ^ id as u64,
            timing: Timing::default(),
        };
        let store = Store::new(Slow(node.flash.clone()), LAYOUT);
        let console = (node.typed.clone(), node.said.clone());
        node.future = Some(Box::pin(run(config, ports, console, store, Bare)));
        node.flag.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn power_off(&mut self, id: usize) {
        let node = &mut self.nodes[id - 1];
        node.future = None;
        node.typed.clear();
        node.said.clear();
        node.text.clear();
        for cable in &self.cables {
            for (end, way) in cable.ends.iter().zip(&cable.ways) {
                if end.0 == id - 1 {
                    way.clear();
                }
            }
        }
    }

    /// The reader and the writer of a port.
    fn port(&self, at: usize, port: usize) -> (Wire, Wire) {
        let find = |cable: &Cable| {
            let end = cable.ends.iter().position(|&end| end == (at, port))?;
            Some((cable.ways[1 - end].clone(), cable.ways[end].clone()))
        };
        self.cables
            .iter()
            .find_map(find)
            .expect("each port has a wire")
    }

    pub(crate) fn set_cut(&mut self, one: usize, other: usize, is_cut: bool) {
        for cable in &mut self.cables {
            let mut ends = cable.ends.map(|(at, _)| at + 1);
            ends.sort_unstable();
            cable.is_cut = if ends == [one.min(other), one.max(other)] {
                is_cut
            } else {
                cable.is_cut
            };
        }
    }

    /// Lets a millisecond pass.
    fn tick(&mut self) {
        MockDriver::get().advance(Duration::from_millis(1));
        for cable in &self.cables {
            for way in &cable.ways {
                way.carry(RATE, self.bits_per_error, cable.is_cut, &mut self.random);
            }
        }
        for node in &mut self.nodes {
            node.said.carry(1000, 0, false, &mut self.random);
            node.poll();
        }
    }

    pub(crate) fn run(&mut self, ms: u64) {
        (0..ms).for_each(|_| self.tick());
    }

    pub(crate) fn type_at(&mut self, id: usize, line: &str) {
        self.nodes[id - 1]
            .typed
            .feed(format!("{line}\n").as_bytes());
    }

    /// Waits until the node says a line with this in it, from its `from`-th line on.
    pub(crate) fn wait_from(&mut self, id: usize, from: usize, text: &str, ms: u64) -> String {
        let start = Instant::now();
        loop {
            let lines = &self.nodes[id - 1].lines;
            if let Some(line) = lines.iter().skip(from).find(|line| line.contains(text)) {
                return line.clone();
            }
            let waited = start.elapsed().as_millis();
            assert!(
                waited < ms,
                "node {id} did not say {text:?}: {:#?}",
                self.lines()
            );
            self.tick();
        }
    }

    /// Types a line, and waits for the answer to it.
    pub(crate) fn ask(&mut self, id: usize, line: &str) -> String {
        let from = self.nodes[id - 1].lines.len();
        self.type_at(id, line);
        let start = Instant::now();
        loop {
            let lines = self.nodes[id - 1].lines.iter().skip(from);
            let answer = lines.into_iter().find(|line| !line.starts_with('*'));
            if let Some(answer) = answer {
                return answer.clone();
            }
            assert!(
                start.elapsed().as_millis() < 10_000,
                "no answer: {:#?}",
                self.lines()
            );
            self.tick();
        }
    }

    /// The node that leads, as soon as there is one.
    pub(crate) fn leader(&mut self, ms: u64) -> usize {
        let start = Instant::now();
        loop {
            for id in 1..=self.nodes.len() {
                if self.nodes[id - 1].future.is_some()
                    && self.ask(id, "status").contains(" leader ")
                {
                    return id;
                }
            }
            self.run(50);
            assert!(
                start.elapsed().as_millis() < ms,
                "no leader: {:#?}",
                self.lines()
            );
        }
    }

    pub(crate) fn lines(&self) -> Vec<&[String]> {
        self.nodes
            .iter()
            .map(|node| node.lines.as_slice())
            .collect()
    }

    pub(crate) fn line_count(&self, id: usize) -> usize {
        self.nodes[id - 1].lines.len()
    }
}

impl Node {
    fn poll(&mut self) {
        let waker = Waker::from(self.flag.clone());
        let mut context = Context::from_waker(&waker);
        // As long as there is something to do at this moment.
        while self.flag.0.swap(false, Ordering::Relaxed) {
            let Some(future) = &mut self.future else {
                return;
            };
            let _ = future.as_mut().poll(&mut context);
        }
        self.text.extend(self.said.drain());
        while let Some(end) = self.text.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.text.drain(..=end).collect();
            let line = String::from_utf8(line).expect("a console says text");
            self.lines.push(line.trim_end().to_owned());
        }
    }
}
