//! What has gone over the wires of a cluster, decoded: a recording for the visualizer (`wasm/visualizer/README.md`,
//! "Recordings").
//!
//! ```sh
//! cargo run -p raftbare-embedded --example decode < wires.txt > recording.jsonl
//! ```
//!
//! `cargo xtask firmware --record FILE` does both for emulated boards. For real ones, whoever listens at their wires
//! writes lines of this form, in the order of time:
//!
//! ```text
//! MICROSECONDS wire FROM TO HEX     these bytes have gone from one board to the next
//! MICROSECONDS cut FROM TO HEX      these were sent, and lost
//! MICROSECONDS power NODE on|off
//! MICROSECONDS said NODE TEXT       a line of its console
//! ```

use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead, Write};

use raftbare::codec::{Limits, decode_envelope};
use raftbare_embedded::link::{Frame, Receiver};
use serde_json::{Value, json};

fn main() -> io::Result<()> {
    let mut output = io::BufWriter::new(io::stdout().lock());
    let mut decoder = Decoder::default();
    for (number, line) in io::stdin().lock().lines().enumerate() {
        let events = decoder.take(&line?).map_err(|what| {
            let number = number + 1;
            io::Error::new(io::ErrorKind::InvalidData, format!("line {number}: {what}"))
        })?;
        for event in events {
            writeln!(output, "{event}")?;
        }
    }
    output.flush()
}

/// The wires, each with the beginning of a frame.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    wires: HashMap<(u8, u8), Receiver>,
    /// Frames that have left their source, or reached their destination: boards hand them on, some of them twice.
    seen: HashSet<(&'static str, u8, u8, u16)>,
}

impl Decoder {
    /// Takes the next line; returns what it tells.
    pub(crate) fn take(&mut self, line: &str) -> Result<Vec<Value>, String> {
        let mut words = line.splitn(4, ' ');
        let mut word = || words.next().ok_or("a word is missing");
        let at: u64 = parse(word()?)?;
        let what = word()?;
        let node: u8 = parse(word()?)?;
        let rest = word()?;
        match what {
            "power" => Ok(vec![match rest {
                "on" => json!({ "at": at, "node": node, "did": "start" }),
                _ => json!({ "at": at, "node": node, "did": "crash" }),
            }]),
            "said" => Ok(vec![
                json!({ "at": at, "node": node, "did": "note", "text": rest }),
            ]),
            "wire" | "cut" => {
                let (to, bytes) = rest.split_once(' ').ok_or("bytes are missing")?;
                self.take_bytes(at, (node, parse(to)?), &hex(bytes)?, what == "wire")
            }
            _ => Err(format!("there is no `{what}`")),
        }
    }

    fn take_bytes(
        &mut self,
        at: u64,
        (from, to): (u8, u8),
        bytes: &[u8],
        arrives: bool,
    ) -> Result<Vec<Value>, String> {
        let receiver = self.wires.entry((from, to)).or_default();
        let frames: Vec<Frame> = bytes
            .iter()
            .filter_map(|&byte| receiver.push(byte))
            .collect();
        let mut events = Vec::new();
        for frame in frames {
            // Parts of snapshots are no messages.
            let Ok((message, _)) = decode_envelope(&frame.payload, &Limits::default()) else {
                continue;
            };
            let message = message.to_string();
            if frame.from == from && self.is_new("send", &frame) {
                let to = frame.to;
                events.push(
                    json!({ "at": at, "node": from, "did": "send", "to": to, "message": message }),
                );
            }
            if arrives && frame.to == to && self.is_new("receive", &frame) {
                events.push(json!({ "at": at, "node": to, "did": "receive", "message": message }));
            }
        }
        Ok(events)
    }

    fn is_new(&mut self, did: &'static str, frame: &Frame) -> bool {
        // Numbers come again some time; what is doubled comes soon.
        if self.seen.len() >= 4_096 {
            self.seen.clear();
        }
        self.seen.insert((did, frame.from, frame.to, frame.number))
    }
}

fn parse<T: std::str::FromStr>(word: &str) -> Result<T, String> {
    word.parse()
        .map_err(|_| format!("`{word}` is no number, or too large"))
}

fn hex(text: &str) -> Result<Vec<u8>, String> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2));
    let digits = digits.ok_or_else(|| format!("`{text}` is no row of hexadecimal bytes"))?;
    Ok(digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect())
}
