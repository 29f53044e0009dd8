//! [`RawScriptWorld`]: a world in which only that happens what a script says.

use super::parts::{PutMore, broken, text};
use crate::buffer::Buffer;
use crate::bytes::{Put, commit_status, role};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use raftbare::{CommitStatus, LogIndex, LogPosition, NodeId, Term};
use raftbare_sim::checker::Violation;
use raftbare_sim::script::{Flying, Recorded, Script, World};
use raftbare_sim::server::Server;
use wasm_bindgen::prelude::wasm_bindgen;

/// A [`World`].
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct RawScriptWorld {
    world: World,
    buffer: Buffer,
}

/// What became of a piece of a script.
struct Played {
    /// Why it is no script, with the line.
    error: Option<(usize, String)>,
    /// What does not hold, with the line.
    violation: Option<(usize, Violation)>,
    events: Vec<String>,
    recorded: Vec<Recorded>,
}

impl Played {
    fn put(self, result: &mut Vec<u8>) {
        result.word(u8::from(self.error.is_some()));
        if let Some((line, what)) = self.error {
            result.number(line as u64);
            result.text(&what);
        }
        let violation = self.violation.as_ref();
        result.number(violation.map_or(0, |&(line, _)| line as u64));
        result.violation(violation.map(|(_, violation)| violation));
        result.list(self.events, |result, event| result.text(&event));
        result.list(self.recorded, |result, recorded| {
            result.number(recorded.node.get());
            result.word(recorded.did as u8);
            result.optional(recorded.to.map(NodeId::get));
            result.text(&recorded.text);
        });
    }
}

#[wasm_bindgen]
impl RawScriptWorld {
    /// A world without a server.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes room for an argument.
    pub fn reserve(&mut self, len: usize) -> *mut u8 {
        self.buffer.reserve(len)
    }

    /// A world that goes on the same.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            world: self.world.clone(),
            buffer: Buffer::default(),
        }
    }

    /// Does what the lines in the buffer say, up to the first that does not hold.
    pub fn step(&mut self) -> *const u8 {
        let played = self.play_lines(&text(self.buffer.argument()));
        self.buffer.result(|result| played.put(result))
    }

    /// Plays the script in the buffer in a new world, and tells what happened under each verb.
    pub fn play(&mut self) -> *const u8 {
        let script = Script::parse(&text(self.buffer.argument()));
        let mut played = Played {
            error: None,
            violation: None,
            events: Vec::new(),
            recorded: Vec::new(),
        };
        match script.map(|script| script.play()) {
            Err(error) => played.error = Some((error.line, error.what)),
            Ok(Ok(text)) => played.events.push(text),
            Ok(Err(failure)) => {
                played.violation = Some((failure.line, failure.violation));
                played.events.push(failure.text);
            }
        }
        self.buffer.result(|result| played.put(result))
    }

    /// [`World::servers`].
    pub fn servers(&mut self) -> *const u8 {
        let servers = self.world.servers();
        self.buffer
            .result(|result| result.list(servers, PutMore::server))
    }

    /// [`World::in_flight`], then [`World::held`].
    pub fn mail(&mut self) -> *const u8 {
        self.buffer.result(|result| {
            result.list(self.world.in_flight(), put_flying);
            result.list(self.world.held(), put_flying);
        })
    }

    /// The small things of all servers, the numbers of what is in flight and of what is held, and what has a number
    /// above this one.
    pub fn outline(&mut self, after: u64) -> *const u8 {
        let world = &self.world;
        self.buffer.result(|result| {
            result.list(world.servers(), put_outline);
            for list in [world.in_flight(), world.held()] {
                result.list(list, |result, flying| result.number(flying.number));
            }
            let new = world.in_flight().iter().filter(|it| it.number > after);
            result.list(new, put_flying);
        })
    }

    /// One of the servers, if it was ever started.
    pub fn server(&mut self, id: u64) -> *const u8 {
        let server = self.world.servers().find(|server| server.id.get() == id);
        self.buffer
            .result(|result| result.list(server, PutMore::server))
    }

    /// What a node says of a proposal; `Unknown` while it is down.
    #[wasm_bindgen(js_name = getCommitStatus)]
    #[must_use]
    pub fn get_commit_status(&self, id: u64, term: u64, index: u64) -> u8 {
        let position = LogPosition {
            term: Term::new(term),
            index: LogIndex::new(index),
        };
        let server = self.world.servers().find(|server| server.id.get() == id);
        let node = server.and_then(|server| server.node.as_ref());
        let status = node.map(|node| node.get_commit_status(position));
        commit_status(status.unwrap_or(CommitStatus::Unknown))
    }

    /// [`World::is_cut`].
    #[wasm_bindgen(js_name = isCut)]
    #[must_use]
    pub fn is_cut(&self, from: u64, to: u64) -> bool {
        self.world.is_cut(NodeId::new(from), NodeId::new(to))
    }
}

fn put_flying(result: &mut Vec<u8>, flying: &Flying) {
    result.number(flying.number);
    result.number(flying.from.get());
    result.number(flying.to.get());
    result.text(flying);
    result.payload(&flying.payload);
}

/// Identifier, and of a running node role, whether that is still a pre-candidate's, term, vote, leader, commit index,
/// the kind of its next action, whether its storage is asynchronous, how many writes wait, and whom it refuses.
fn put_outline(result: &mut Vec<u8>, server: &Server) {
    result.number(server.id.get());
    result.word(u8::from(server.node.is_some()));
    let Some(node) = &server.node else { return };
    result.word(role(node.role()));
    result.word(u8::from(node.is_pre_candidate()));
    result.number(node.current_term().get());
    result.optional(node.voted_for().map(NodeId::get));
    result.optional(node.leader_id().map(NodeId::get));
    result.number(node.commit_index().get());
    result.kind(server.next_action().as_ref());
    result.word(u8::from(server.is_late()));
    result.number(server.waiting_writes().len() as u64);
    result.lost_tails(node);
}

impl RawScriptWorld {
    fn play_lines(&mut self, text: &str) -> Played {
        let mut played = Played {
            error: None,
            violation: None,
            events: Vec::new(),
            recorded: Vec::new(),
        };
        let script = match Script::parse(text) {
            Ok(script) => script,
            Err(error) => {
                played.error = Some((error.line, error.what));
                return played;
            }
        };
        for line in script.lines() {
            let Some(verb) = &line.verb else { continue };
            let violation = broken(self.world.step(verb));
            let events = self.world.take_events();
            let told = events.iter().map(ToString::to_string);
            played.events.extend(told);
            played.recorded.extend(self.world.take_recorded());
            if let Some(violation) = violation {
                played.violation = Some((line.number, violation));
                break;
            }
        }
        played
    }
}
