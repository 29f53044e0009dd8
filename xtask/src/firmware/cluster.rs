//! A cluster of emulated microcontrollers.

use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    time::{Duration, Instant},
};

use super::machine::{Machine, Said, connect, flash, link};
use super::wires::Wires;

/// How long anything is waited for: far longer than it takes, as the host may be busy.
const LIMIT: Duration = Duration::from_secs(90);

/// Something that has happened, to be shown.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event<'a> {
    /// A console has said a line, so many seconds after the start.
    Said {
        time: f64,
        node: usize,
        line: &'a str,
    },
    Power {
        node: usize,
        is_on: bool,
    },
    /// The ends are the lower number and the higher.
    Wire {
        ends: (usize, usize),
        is_cut: bool,
    },
}

/// Shows what happens.
pub(crate) type Show = Box<dyn FnMut(Event<'_>)>;

/// A node, with power or without.
#[derive(Debug, Default)]
struct Node {
    machine: Option<Machine>,
    life: u32,
    /// What it has said, in all its lives.
    lines: Vec<String>,
    /// How many of the lines are not waited for any more.
    seen: usize,
    /// The term that it leads, as far as it has said.
    leads: Option<u64>,
}

/// All nodes, and what is between them.
pub(crate) struct Cluster {
    folder: PathBuf,
    firmware: PathBuf,
    nodes: Vec<Node>,
    pub(crate) wires: Wires,
    /// The node that was cut off last with a command that only it has.
    pub(crate) stranded: Option<usize>,
    said: (Sender<Said>, Receiver<Said>),
    start: Instant,
    show: Show,
    /// Whoever waits is to stop.
    is_over: Arc<AtomicBool>,
}

impl Cluster {
    /// So many nodes, with new flashes and with power.
    pub(crate) fn start(
        folder: PathBuf,
        firmware: PathBuf,
        count: usize,
        wires: Wires,
        is_over: Arc<AtomicBool>,
        show: Show,
    ) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let mut cluster = Self {
            folder,
            firmware,
            nodes: (0..count).map(|_| Node::default()).collect(),
            wires,
            stranded: None,
            said: mpsc::channel(),
            start: Instant::now(),
            show,
            is_over,
        };
        for id in 1..=count {
            cluster.power_on(id)?;
        }
        Ok(cluster)
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = usize> + use<> {
        1..=self.nodes.len()
    }

    pub(crate) fn has_power(&self, id: usize) -> bool {
        self.node(id).is_ok_and(|node| node.machine.is_some())
    }

    pub(crate) fn power_on(&mut self, id: usize) -> Result<()> {
        ensure!(!self.has_power(id), "node {id} has power already");
        let count = self.nodes.len();
        let sender = self.said.0.clone();
        let (folder, firmware) = (self.folder.clone(), self.firmware.clone());
        let node = self.node_mut(id)?;
        node.life += 1;
        node.leads = None;
        node.machine = Some(Machine::start(
            &folder, &firmware, id, count, node.life, sender,
        )?);
        self.wires.note(&format!("power {id} on"));
        (self.show)(Event::Power {
            node: id,
            is_on: true,
        });
        for peer in self.ids().filter(|&peer| peer != id) {
            self.wires
                .plug(id, peer, connect(&link(&folder, id, peer))?)?;
        }
        Ok(())
    }

    pub(crate) fn power_off(&mut self, id: usize) -> Result<()> {
        let node = self.node_mut(id)?;
        ensure!(node.machine.take().is_some(), "node {id} has no power");
        self.wires.note(&format!("power {id} off"));
        let node = self.node_mut(id)?;
        node.leads = None;
        (self.show)(Event::Power {
            node: id,
            is_on: false,
        });
        Ok(())
    }

    /// Cuts the wire between two nodes, or mends it.
    pub(crate) fn set_cut(&mut self, one: usize, other: usize, is_cut: bool) -> Result<()> {
        self.node(one)?;
        self.node(other)?;
        let ends = (one.min(other), one.max(other));
        self.wires.set_cut(ends, is_cut);
        (self.show)(Event::Wire { ends, is_cut });
        Ok(())
    }

    /// Processor time of each emulator with power, where the system tells.
    pub(crate) fn cpu_ticks(&self) -> Vec<u64> {
        let machines = self.nodes.iter().filter_map(|node| node.machine.as_ref());
        machines.filter_map(Machine::cpu_ticks).collect()
    }

    pub(crate) fn flash_of(&self, id: usize) -> PathBuf {
        flash(&self.folder, id)
    }

    pub(crate) fn say(&mut self, id: usize, line: &str) -> Result<()> {
        let node = self.node_mut(id)?;
        let machine = node.machine.as_mut();
        machine
            .with_context(|| format!("node {id} has no power"))?
            .say(line)
    }

    /// Takes what was said, for so long.
    pub(crate) fn listen(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        loop {
            ensure!(!self.is_over.load(Ordering::Relaxed), "left");
            let rest = end.saturating_duration_since(Instant::now());
            match self.said.1.recv_timeout(rest) {
                Ok(said) => self.take(said)?,
                Err(RecvTimeoutError::Timeout) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => bail!("all consoles are gone"),
            }
        }
    }

    /// Waits until this is there.
    pub(crate) fn wait_for<T>(
        &mut self,
        what: &str,
        mut find: impl FnMut(&mut Self) -> Option<T>,
    ) -> Result<T> {
        let end = Instant::now() + LIMIT;
        loop {
            if let Some(found) = find(self) {
                return Ok(found);
            }
            ensure!(
                Instant::now() < end,
                "in {} s there was not: {what}",
                LIMIT.as_secs()
            );
            self.listen(Duration::from_millis(5))?;
        }
    }

    /// Waits until the node says a line that this is true for, and goes on behind it.
    pub(crate) fn expect(
        &mut self,
        id: usize,
        what: &str,
        is_it: impl Fn(&str) -> bool,
    ) -> Result<String> {
        self.node(id)?;
        self.wait_for(&format!("{what} from node {id}"), |cluster| {
            let node = cluster.node_mut(id).ok()?;
            let at = node
                .lines
                .iter()
                .skip(node.seen)
                .position(|line| is_it(line))?;
            node.seen += at + 1;
            node.lines.get(node.seen - 1).cloned()
        })
    }

    /// Types a line, and waits for the answer.
    pub(crate) fn ask(&mut self, id: usize, line: &str) -> Result<String> {
        let from = self.node(id)?.lines.len();
        self.say(id, line)?;
        self.wait_for(&format!("an answer of node {id} to `{line}`"), |cluster| {
            let lines = cluster.node(id).ok()?.lines.iter().skip(from);
            lines
                .into_iter()
                .find(|line| !line.starts_with('*'))
                .cloned()
        })
    }

    /// Whether the node has ever said a line with this in it.
    pub(crate) fn has_said(&self, id: usize, text: &str) -> Result<bool> {
        Ok(self.node(id)?.lines.iter().any(|line| line.contains(text)))
    }

    /// What the node has said so far is not waited for any more.
    pub(crate) fn forget(&mut self, id: usize) -> Result<()> {
        let node = self.node_mut(id)?;
        node.seen = node.lines.len();
        Ok(())
    }

    /// The node that leads the highest term, as far as the nodes have said.
    pub(crate) fn leader(&self) -> Option<usize> {
        let leads = self
            .ids()
            .zip(&self.nodes)
            .map(|(id, node)| (node.leads, id));
        let (term, id) = leads.max()?;
        term.map(|_| id)
    }

    fn take(&mut self, said: Said) -> Result<()> {
        let time = self.start.elapsed().as_secs_f64();
        self.wires
            .note(&format!("said {} {}", said.node, said.line));
        (self.show)(Event::Said {
            time,
            node: said.node,
            line: &said.line,
        });
        let node = self.node_mut(said.node)?;
        if said.life == node.life {
            if let Some(term) = said.line.strip_prefix("* leader of term ") {
                node.leads = term.parse().ok();
            } else if said.line.starts_with("* follower") || said.line.starts_with("* candidate") {
                node.leads = None;
            }
        }
        node.lines.push(said.line);
        Ok(())
    }

    fn node(&self, id: usize) -> Result<&Node> {
        let node = id.checked_sub(1).and_then(|at| self.nodes.get(at));
        node.with_context(|| format!("there is no node {id}"))
    }

    fn node_mut(&mut self, id: usize) -> Result<&mut Node> {
        let node = id.checked_sub(1).and_then(|at| self.nodes.get_mut(at));
        node.with_context(|| format!("there is no node {id}"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.nodes.clear();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
