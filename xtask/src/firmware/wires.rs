//! The wires between the machines: whatever leaves one link comes in at the other, unless the wire is cut.

use anyhow::{Context, Result};
use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{LineWriter, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// What all wires share.
#[derive(Debug, Default)]
struct State {
    /// The ends, each by its node and the node at the other end.
    ends: HashMap<(usize, usize), UnixStream>,
    cut: HashSet<(usize, usize)>,
    bytes: u64,
    /// Where it is written down what happens, and since when.
    tap: Option<(LineWriter<File>, Instant)>,
}

impl State {
    fn note(&mut self, what: &str) {
        if let Some((file, start)) = &mut self.tap {
            // What cannot be written is missing: the cluster goes on.
            let _ = writeln!(file, "{} {what}", start.elapsed().as_micros());
        }
    }
}

/// The wires of a cluster.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wires(Arc<Mutex<State>>);

impl Wires {
    /// Wires that write down what goes over them, in the form that `embedded-example/examples/decode.rs` reads.
    pub(crate) fn tapped(path: &Path) -> Result<Self> {
        let file =
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let wires = Self::default();
        wires.state().tap = Some((LineWriter::new(file), Instant::now()));
        Ok(wires)
    }

    /// Writes down that something has happened, if anybody wants to know.
    pub(crate) fn note(&self, what: &str) {
        self.state().note(what);
    }

    /// Plugs the link of a node to a peer in.
    pub(crate) fn plug(&self, node: usize, peer: usize, stream: UnixStream) -> Result<()> {
        // A peer that does not read must not stop the others.
        stream.set_write_timeout(Some(Duration::from_millis(100)))?;
        let mut reader = stream.try_clone()?;
        self.state().ends.insert((node, peer), stream);
        let wires = self.clone();
        thread::spawn(move || {
            let mut bytes = [0; 512];
            while let Ok(len @ 1..) = reader.read(&mut bytes) {
                wires.carry(node, peer, &bytes[..len]);
            }
        });
        Ok(())
    }

    /// Cuts the wire between two nodes, the lower number first, or mends it.
    pub(crate) fn set_cut(&self, ends: (usize, usize), is_cut: bool) {
        let cut = &mut self.state().cut;
        match is_cut {
            true => cut.insert(ends),
            false => cut.remove(&ends),
        };
    }

    /// How many bytes have left by all links.
    pub(crate) fn bytes(&self) -> u64 {
        self.state().bytes
    }

    fn carry(&self, from: usize, to: usize, bytes: &[u8]) {
        let mut state = self.state();
        state.bytes += bytes.len() as u64;
        let is_cut = state.cut.contains(&(from.min(to), from.max(to)));
        if state.tap.is_some() {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let kind = if is_cut { "cut" } else { "wire" };
            state.note(&format!("{kind} {from} {to} {hex}"));
        }
        if is_cut {
            return;
        }
        // To a node without power, bytes are lost.
        if let Some(end) = state.ends.get_mut(&(to, from)) {
            let _ = end.write_all(bytes);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
