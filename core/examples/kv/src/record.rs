//! A recording of what a node does: JSON lines, which the visualizer shows (`wasm/visualizer/README.md`, "Recordings").

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use raftbare::codec::{Limits, decode_envelope};
use raftbare::{Message, Node, NodeId};
use serde::Serialize;
use tracing::warn;

/// A recording ends here: the visualizer opens no longer ones.
const MOST_BYTES: usize = 32 << 20;

/// What a node has done.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Did {
    Start,
    Timeout,
    Propose,
    Send,
    Receive,
}

/// A line.
#[derive(Debug, Serialize)]
struct Event<'a> {
    /// Microseconds since 1970: nodes on one machine have one clock.
    at: u128,
    node: u64,
    did: Did,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<&'a str>,
}

/// Writes a recording. If that fails it says so once, and the node goes on without.
#[derive(Debug)]
pub struct Recorder {
    file: Option<BufWriter<File>>,
    written: usize,
    /// The node as it was last written.
    shown: String,
}

impl Recorder {
    /// Begins a recording, or goes on with one from an earlier life.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        Ok(Self {
            written: usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX),
            file: Some(BufWriter::new(file)),
            shown: String::new(),
        })
    }

    /// The node has done something, and is as it is after it.
    pub fn note(&mut self, node: &Node, did: Did, text: Option<&str>) {
        let now = node.to_string();
        let is_new = now != self.shown;
        self.write(&Event {
            text,
            now: is_new.then_some(&now),
            ..event(node.id(), did)
        });
        self.shown = now;
    }

    /// An envelope has come in, and the node is as it is after it. What is no message is left out: parts of snapshots.
    pub fn note_receive(&mut self, node: &Node, envelope: &[u8]) {
        let Some(message) = message_of(envelope) else {
            return;
        };
        let now = node.to_string();
        let is_new = now != self.shown;
        self.write(&Event {
            message: Some(message.to_string()),
            now: is_new.then_some(&now),
            ..event(node.id(), Did::Receive)
        });
        self.shown = now;
    }

    /// An envelope leaves.
    pub fn note_send(&mut self, to: NodeId, envelope: &[u8]) {
        if let Some(message) = message_of(envelope) {
            self.write(&Event {
                to: Some(to.get()),
                message: Some(message.to_string()),
                ..event(message.from(), Did::Send)
            });
        }
    }

    /// Lets the file have what was written.
    pub fn flush(&mut self) {
        let flushed = self.file.as_mut().map(BufWriter::flush);
        self.give_up_after(flushed.unwrap_or(Ok(())));
    }

    fn write(&mut self, event: &Event<'_>) {
        let Some(file) = &mut self.file else { return };
        let mut line = serde_json::to_vec(event).expect("numbers and texts have a JSON form");
        line.push(b'\n');
        self.written = self.written.saturating_add(line.len());
        if self.written > MOST_BYTES {
            warn!(bytes = MOST_BYTES, "the recording ends: it is long enough");
            self.flush();
            self.file = None;
            return;
        }
        let written = file.write_all(&line);
        self.give_up_after(written);
    }

    fn give_up_after(&mut self, result: std::io::Result<()>) {
        if let Err(error) = result {
            warn!(%error, "the recording cannot be written, and ends");
            self.file = None;
        }
    }
}

/// An event of which nothing more is to be said.
fn event(node: NodeId, did: Did) -> Event<'static> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Event {
        at: since.map_or(0, |it| it.as_micros()),
        node: node.get(),
        did,
        to: None,
        message: None,
        text: None,
        now: None,
    }
}

fn message_of(envelope: &[u8]) -> Option<Message> {
    decode_envelope(envelope, &Limits::default())
        .ok()
        .map(|(message, _)| message)
}
