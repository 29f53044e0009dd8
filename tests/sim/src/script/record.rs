//! What the nodes of a script do, as lines of a recording: the visualizer shows them.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{Display, Formatter, Result as FmtResult};

use raftbare::{ClusterConfig, NodeId};

use super::mail::Flying;
use super::verb::{Ids, Verb};
use super::world::World;
use super::{Failure, Script};
use crate::server::Payload;

/// How much later than the line before it a line is played, in microseconds, in a script that says no times.
const PACE_US: u64 = 20_000;

/// What a node can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    /// It begins to run, for the first time or after a crash.
    Start,
    /// It stops, and forgets what is not on its disk.
    Crash,
    /// Its timer fires.
    Timeout,
    /// A client or an operator asks it for something.
    Propose,
    /// It sends a message.
    Send,
    /// A message arrives.
    Receive,
    /// A message is lost.
    Drop,
    /// Something else.
    Note,
}

impl Display for Did {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        f.write_str(match self {
            Self::Start => "start",
            Self::Crash => "crash",
            Self::Timeout => "timeout",
            Self::Propose => "propose",
            Self::Send => "send",
            Self::Receive => "receive",
            Self::Drop => "drop",
            Self::Note => "note",
        })
    }
}

/// Something that a node did. Of a message that is lost on its way, `node` is the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Who did it.
    pub node: NodeId,
    /// What it did.
    pub did: Did,
    /// Whom a message is for, where that is not `node`.
    pub to: Option<NodeId>,
    /// The message, or what is to be said of all else.
    pub text: String,
}

impl Recorded {
    /// A message goes from its sender: it is sent, or it is lost.
    pub(super) fn on_the_way(did: Did, from: NodeId, to: NodeId, payload: &Payload) -> Self {
        Self {
            node: from,
            did,
            to: Some(to),
            text: message(payload),
        }
    }

    /// A message comes to its receiver: it arrives, or it is lost because no node runs there.
    pub(super) fn at_the_end(did: Did, flying: &Flying) -> Self {
        Self {
            node: flying.to,
            did,
            to: None,
            text: message(&flying.payload),
        }
    }

    /// A line of a recording at this time: a JSON object, with the node as it is after this.
    fn line(&self, at_us: u64, now: Option<&str>) -> String {
        let Self { node, did, .. } = self;
        let mut line = format!(r#"{{"at":{at_us},"node":{node},"did":"{did}""#);
        if let Some(to) = self.to {
            line += &format!(r#","to":{to}"#);
        }
        let key = match did {
            Did::Send | Did::Receive | Did::Drop => "message",
            _ => "text",
        };
        // Neither the notation nor the verbs have characters that JSON escapes.
        for (key, value) in [(key, Some(self.text.as_str())), ("now", now)] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                line += &format!(r#","{key}":"{value}""#);
            }
        }
        line + "}\n"
    }
}

impl World {
    /// Takes what the nodes did in the last step.
    pub fn take_recorded(&mut self) -> Vec<Recorded> {
        core::mem::take(&mut self.recorded)
    }

    /// These messages are sent once more, or lost.
    pub(super) fn record_on_the_way(&mut self, did: Did, flying: &[Flying]) {
        let recorded = flying
            .iter()
            .map(|it| Recorded::on_the_way(did, it.from, it.to, &it.payload));
        self.recorded.extend(recorded);
    }

    /// Begins anew with what a verb says of nodes by itself.
    pub(super) fn record_verb(&mut self, verb: &Verb) {
        self.recorded.clear();
        let (ids, did, text) = match verb {
            Verb::Start(ids) | Verb::Restart(ids, _) => (ids.clone(), Did::Start, String::new()),
            Verb::Crash(ids) => (ids.clone(), Did::Crash, String::new()),
            Verb::Tear(id, _) => (one(*id), Did::Crash, String::new()),
            Verb::Timeout(ids) => (ids.clone(), Did::Timeout, String::new()),
            Verb::Found(id, voters) => {
                let voters = ClusterConfig {
                    voters: voters.clone(),
                    ..ClusterConfig::default()
                };
                (one(*id), Did::Propose, format!("found {voters}"))
            }
            Verb::Propose(id, count) => (one(*id), Did::Propose, format!("propose {count}")),
            Verb::Config(id, config) => (one(*id), Did::Propose, format!("config {config}")),
            Verb::Transfer(id, target) => {
                let target = target.map_or("-".to_string(), |target| target.to_string());
                (one(*id), Did::Propose, format!("transfer {target}"))
            }
            Verb::Heartbeat(id) => (one(*id), Did::Note, "heartbeat".to_string()),
            Verb::Read(id) => (one(*id), Did::Note, "read".to_string()),
            Verb::Write(ids, _) => (ids.clone(), Did::Note, "write".to_string()),
            Verb::Report(ids, _) => (ids.clone(), Did::Note, "report".to_string()),
            Verb::Snapshot(id) => (one(*id), Did::Note, "snapshot".to_string()),
            _ => return,
        };
        for id in self.ids(&ids) {
            self.recorded.push(Recorded {
                node: id,
                did,
                to: None,
                text: text.clone(),
            });
        }
    }
}

fn one(id: NodeId) -> Ids {
    Ids::These(Vec::from([id]))
}

/// A message in the notation, or a snapshot as `inject` has it.
fn message(payload: &Payload) -> String {
    match payload {
        Payload::Raft(message, _) => message.to_string(),
        Payload::Snapshot(snapshot) => {
            format!("snapshot {} {}", snapshot.position, snapshot.config)
        }
    }
}

impl Script {
    /// Plays the script, and tells what the nodes did: a recording, a JSON object a line.
    ///
    /// Times are those of the comments `#: at MICROSECONDS`; without any, lines follow each other every 20 ms.
    pub fn record(&self) -> Result<String, Failure> {
        let mut world = World::default();
        let mut told = BTreeMap::new();
        let mut text = String::new();
        let times = self.lines().iter().map(|line| time_of(&line.text));
        let has_times = times.clone().any(|time| time.is_some());
        let mut at_us = 0;
        for (line, time) in self.lines().iter().zip(times) {
            at_us = time.unwrap_or(at_us);
            if let Some(verb) = &line.verb {
                let verdict = world.step(verb);
                text += &record_step(&mut world, at_us, &mut told);
                world.take_events();
                verdict.map_err(|violation| Failure {
                    line: line.number,
                    violation,
                    text: core::mem::take(&mut text),
                })?;
            }
            if !has_times && (line.verb.is_some() || line.text.starts_with("#:")) {
                at_us += PACE_US;
            }
        }
        Ok(text)
    }
}

/// The time in `#: at 152340`.
fn time_of(line: &str) -> Option<u64> {
    line.strip_prefix("#: at ")?.parse().ok()
}

/// The lines of one step. Of each node that has changed, the last of them says how it is now.
fn record_step(world: &mut World, at_us: u64, told: &mut BTreeMap<NodeId, String>) -> String {
    let recorded = world.take_recorded();
    let mut changed = BTreeMap::new();
    for server in world.servers() {
        let Some(node) = &server.node else {
            told.remove(&server.id);
            continue;
        };
        let now = node.to_string();
        if told.get(&server.id) != Some(&now) {
            changed.insert(server.id, now);
        }
    }
    let mut lines = Vec::new();
    for event in recorded.iter().rev() {
        let now = changed.remove(&event.node);
        lines.push(event.line(at_us, now.as_deref()));
        told.extend(now.map(|now| (event.node, now)));
    }
    let mut text: String = lines.into_iter().rev().collect();
    for (node, now) in changed {
        let event = Recorded {
            node,
            did: Did::Note,
            to: None,
            text: String::new(),
        };
        text += &event.line(at_us, Some(&now));
        told.insert(node, now);
    }
    text
}
