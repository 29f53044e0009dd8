//! One input of one server, and all that may come of it.

use raftbare::{
    ClusterConfig, LogIndex, LogPosition, Message, MessageKind, Node, NodeId, NodeOptions,
    ReadStatus,
};
use raftbare_sim::checker::{Checker, Verdict, Violation};
use raftbare_sim::flaw::Flaw;
use raftbare_sim::integration::{Effect, Integration, Read};
use raftbare_sim::server::{Payload, Server};

use crate::bounds::{Crash, command_at};
use crate::properties;

/// A server, with the read that one of its clients waits for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Local {
    /// In memory and on disk.
    pub server: Server,
    /// The newest read that is neither answered nor lost.
    pub read: Option<Read>,
    /// Whether its disk has lost entries that it had.
    pub has_forgotten: bool,
}

/// What happens to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Its timer fires.
    Timeout,
    /// A client proposes a command.
    Propose,
    /// An operator proposes this configuration.
    Config(ClusterConfig),
    /// It takes a snapshot of its state.
    Snapshot,
    /// An operator tells it to hand over, or to go on to lead.
    Transfer(Option<NodeId>),
    /// A client begins a read, which has to see all up to this index.
    Read(LogIndex),
    /// A message arrives, with only so many of its entries.
    Receive(Payload, Option<usize>),
    /// Its disk makes so many of the writes that wait, and reports them together.
    Write(usize),
    /// Its disk reports once more what it has written last.
    Report,
    /// Nothing, but the actions that wait are executed.
    Take,
}

/// How far the server gets after an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum After {
    /// It executes all of its actions.
    Taken,
    /// It executes so many actions, and the others wait.
    Waits(u8),
    /// It executes so many actions, crashes then or within the next one, and starts again.
    Crashed(u8),
}

/// What a server has sent, and to whom.
pub type Sent = Vec<(NodeId, Payload)>;

/// What may come of an input.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// How far the server gets.
    pub after: After,
    /// What it is then.
    pub local: Local,
    /// What it has sent on the way.
    pub sent: Sent,
    /// What it was before it crashed, if it did, when it had executed its last action.
    pub crashed: Option<Local>,
    /// Whether all properties hold that a server can break alone.
    pub verdict: Verdict,
}

impl Local {
    /// A server that comes back from its disk, or is started for the first time, with nothing left to do.
    #[must_use]
    pub fn start(mut server: Server, options: NodeOptions) -> Self {
        server.restart();
        let mut local = Self {
            server,
            read: None,
            has_forgotten: false,
        };
        if let Some(node) = &mut local.server.node {
            node.set_options(options);
        }
        while local.server.next_effect().is_some() {}
        local
    }

    /// The running node.
    ///
    /// # Panics
    ///
    /// If there is none: between two steps it always runs.
    #[must_use]
    pub fn node(&self) -> &Node {
        self.server.node.as_ref().expect("it runs")
    }

    /// All that may come of an input: crashes only if they are wanted.
    #[must_use]
    pub fn outcomes(&self, input: &Input, crash: Crash) -> Vec<Outcome> {
        let mut run = Run::new(self, crash);
        if let Err(violation) = run.give(input) {
            run.end(After::Taken, Err(violation));
        } else {
            let verdict = run.execute_all();
            if *input != Input::Take || !self.node().actions().is_empty() {
                run.end(After::Taken, verdict);
            }
        }
        run.outcomes
    }
}

/// A step that is under way.
struct Run<'a> {
    before: &'a Local,
    local: Local,
    sent: Sent,
    crash: Crash,
    /// Actions that are executed.
    taken: u8,
    /// What the server was then.
    after_action: Local,
    outcomes: Vec<Outcome>,
}

impl<'a> Run<'a> {
    fn new(before: &'a Local, crash: Crash) -> Self {
        Self {
            before,
            local: before.clone(),
            sent: Vec::new(),
            crash,
            taken: 0,
            after_action: before.clone(),
            outcomes: Vec::new(),
        }
    }

    fn give(&mut self, input: &Input) -> Verdict {
        let server = &mut self.local.server;
        match input {
            Input::Timeout => server.handle_timeout(),
            Input::Propose => {
                let node = self.before.node();
                let index = node.log().last_position().index + LogIndex::new(1);
                let term = node.current_term();
                server.propose(command_at(LogPosition { term, index }));
            }
            Input::Config(config) => {
                server.propose_config(config.clone());
            }
            Input::Snapshot => server.take_snapshot(),
            Input::Transfer(to) => drop(server.transfer_leadership(*to)),
            Input::Read(bound) => {
                self.local.read = server.begin_read(*bound);
            }
            Input::Receive(payload, cut) => {
                let mut packet = Box::new(payload.clone());
                if let Some(len) = cut {
                    server.cut(&mut packet, *len);
                }
                Integration::receive(server, packet);
            }
            Input::Write(count) => server.write_and_report(*count).map_err(|what| Violation {
                property: "What is written fits",
                detail: format!("{}: {what}", server.id),
            })?,
            Input::Report => {
                let newest: Vec<_> = server.newest_reports().collect();
                newest.into_iter().for_each(|report| server.report(report));
            }
            Input::Take => {}
        }
        let message = match input {
            Input::Receive(Payload::Raft(message, _), _) => Some(message),
            _ => None,
        };
        properties::one_vote_per_term(self.before.node(), self.local.node(), message)?;
        self.check()
    }

    /// Executes all actions. Between any two of them the others may wait, or the server may crash; within a write it
    /// may crash, too.
    fn execute_all(&mut self) -> Verdict {
        loop {
            self.after_action.clone_from(&self.local);
            self.may_crash(0);
            self.may_wait();
            let Some(mut effect) = self.local.server.next_effect() else {
                // What waits for the disk is not there yet.
                let server = &self.local.server;
                return match server.waiting_writes().len() {
                    0 => Checker::check_drained(server),
                    _ => Ok(()),
                };
            };
            if let Effect::Append(entries) = &effect
                && self.local.server.is_appending()
            {
                (1..entries.len()).for_each(|written| self.may_crash(written));
                // The second half of the write.
                effect = self.local.server.next_effect().unwrap_or(Effect::Done);
            }
            self.taken += 1;
            match effect {
                Effect::Send(to, payload) => self.send(to, *payload)?,
                Effect::Broadcast(payload) => {
                    let peers: Vec<_> = self.local.node().peers().collect();
                    for to in peers {
                        self.send(to, (*payload).clone())?;
                    }
                }
                Effect::Failed(violation) => return Err(violation),
                _ => {}
            }
            if self.before.server.flaw != Some(Flaw::CountsStaleReplies) {
                // Nobody else looks at it.
                self.local.server.newest_seqno = self.before.server.newest_seqno;
            }
            self.check()?;
        }
    }

    fn send(&mut self, to: NodeId, payload: Payload) -> Verdict {
        if let Payload::Raft(message, _) = &payload {
            let server = &self.local.server;
            properties::persist_before_send(self.before.node(), server, to, message)?;
        }
        self.sent.push((to, payload));
        Ok(())
    }

    /// Applies what is committed, and checks what a server can break alone.
    fn check(&mut self) -> Verdict {
        let Local { server, read, .. } = &mut self.local;
        while server.apply_next().map_err(|what| Violation {
            property: "Committed entries can be applied",
            detail: format!("{}: {what}", server.id),
        })? {}
        properties::never_back(&self.before.server, server)?;
        properties::stored_term_never_back(&self.before.server.disk, &server.disk)?;
        if let Some(waiting) = read {
            let status = server.read_status(waiting);
            Checker::check_read(server.id, waiting.bound, status)?;
            if status != ReadStatus::Pending {
                *read = None;
            }
        }
        properties::refused_stays_refused(self.before.node(), self.local.node())?;
        properties::leader_append_only(self.before.node(), self.local.node())
    }

    /// The actions that are left wait. Where nothing has happened yet, that is no step.
    fn may_wait(&mut self) {
        if self.local != *self.before && !self.local.node().actions().is_empty() {
            self.end(After::Waits(self.taken), Ok(()));
        }
    }

    /// The server crashes here, with so many entries of the present write on its disk, and starts again. A disk that
    /// takes its time may have made any number of the writes that wait, and a part of the next.
    fn may_crash(&mut self, written: usize) {
        if self.crash == Crash::Never {
            return;
        }
        let server = &self.local.server;
        let mut crashed = Vec::new();
        if server.is_late() {
            for (count, within) in server.crash_points() {
                let mut server = server.clone();
                server.crash_within_writes(count, within);
                crashed.push(server);
            }
        } else {
            let mut server = server.clone();
            server.crash_within_write(written);
            crashed.push(server);
        }
        for server in crashed {
            self.restart(server.clone(), false);
            if self.crash == Crash::LosesEntries {
                let rest = (0..server.disk.entries.len()).map(|len| server.forgetting(len));
                rest.for_each(|server| self.restart(server, true));
            }
        }
    }

    /// A server that has crashed starts again.
    fn restart(&mut self, server: Server, forgets: bool) {
        let mut local = Local::start(server, *self.local.node().options());
        local.has_forgotten = self.before.has_forgotten || forgets;
        let is_known = self.outcomes.iter().any(|known| {
            known.local == local
                && known.sent == self.sent
                && known.crashed.as_ref() == Some(&self.after_action)
        });
        if !is_known {
            let crashed = Some(self.after_action.clone());
            self.push(After::Crashed(self.taken), local, crashed, Ok(()));
        }
    }

    fn end(&mut self, after: After, verdict: Verdict) {
        self.push(after, self.local.clone(), None, verdict);
    }

    fn push(&mut self, after: After, local: Local, crashed: Option<Local>, verdict: Verdict) {
        self.outcomes.push(Outcome {
            after,
            local,
            sent: self.sent.clone(),
            crashed,
            verdict,
        });
    }
}

/// Whether this message changes nothing of the server any more, whatever happens: an answer, or the order to campaign,
/// of a term that is over, by what is stored.
#[must_use]
pub fn is_dead(server: &Server, payload: &Payload) -> bool {
    match payload {
        Payload::Raft(
            message @ (Message::RequestVoteReply { .. } | Message::AppendEntriesReply { .. }),
            _,
        ) => !message.kind().is_pre_vote() && message.term() < server.disk.current_term,
        Payload::Raft(message, _) if message.kind() == MessageKind::CampaignNow => {
            message.term() < server.disk.current_term
        }
        _ => false,
    }
}
