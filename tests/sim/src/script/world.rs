//! The world of a script: servers, a network, and the checker.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use raftbare::{LogIndex, LogPosition, Node, NodeId, NodeOptions, Role, Term};

use super::event::Event;
use super::mail::{Flying, Mail};
use super::record::{Did, Recorded};
use super::verb::{Ids, Links, Messages, Verb, Which};
use crate::checker::{Checker, Verdict, Violation};
use crate::integration::{Integration, Read};
use crate::server::Server;

/// Servers and a network to which only that happens what a script says.
#[derive(Debug, Default, Clone)]
pub struct World {
    pub(super) servers: BTreeMap<NodeId, Server>,
    /// Whose actions wait for `take`.
    manual: BTreeSet<NodeId>,
    /// What nodes do beyond the basic algorithm, in all their lives.
    pub(super) options: BTreeMap<NodeId, NodeOptions>,
    pub(super) mail: Mail,
    pub(super) checker: Checker,
    /// Reads of the present lives, oldest first.
    pub(super) reads: BTreeMap<NodeId, Vec<Read>>,
    /// Proposals whose fate is still asked for.
    pub(super) proposed: Vec<LogPosition>,
    /// What was last told of each node.
    pub(super) told: BTreeMap<NodeId, (Role, Term, LogIndex)>,
    pub(super) events: Vec<Event>,
    /// What the nodes did in this step.
    pub(super) recorded: Vec<Recorded>,
    /// Which promises the flaws of servers have broken.
    pub(super) noted: BTreeSet<&'static str>,
    /// A snapshot came from the script, so nobody knows what state its commands have led to.
    pub(super) has_snapshot_of_script: bool,
}

/// A verb that cannot be done.
pub(super) fn refuse<T>(what: String) -> Result<T, Violation> {
    Err(Violation {
        property: "The script can be played",
        detail: what,
    })
}

impl World {
    /// The most messages that may arrive before it is quiet.
    const MOST_ARRIVALS: usize = 10_000;

    /// The servers that were ever started.
    pub fn servers(&self) -> impl Iterator<Item = &Server> {
        self.servers.values()
    }

    /// The messages and snapshots in flight, oldest first.
    #[must_use]
    pub fn in_flight(&self) -> &[Flying] {
        &self.mail.flight
    }

    /// The messages and snapshots that are held, oldest first.
    #[must_use]
    pub fn held(&self) -> &[Flying] {
        &self.mail.held
    }

    /// Whether what is sent over a link from now on is lost.
    #[must_use]
    pub fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.mail.is_cut(from, to)
    }

    /// Takes what has happened since this was last called.
    pub fn take_events(&mut self) -> Vec<Event> {
        core::mem::take(&mut self.events)
    }

    /// Does what a verb says, and checks. What has happened lies in [`take_events`](Self::take_events) then.
    pub fn step(&mut self, verb: &Verb) -> Verdict {
        self.record_verb(verb);
        match verb {
            Verb::Start(ids) => self.each(ids, Self::start),
            Verb::Restart(ids, None) => self.each(ids, Self::restart),
            Verb::Restart(ids, Some(stored)) => {
                self.each(ids, |world, id| world.restart_from(id, stored))
            }
            Verb::Crash(ids) => self.each(ids, Self::crash),
            Verb::Timeout(ids) => self.each(ids, |world, id| {
                world.input(id, Node::handle_election_timeout)
            }),
            Verb::Found(id, voters) => {
                let voters: Vec<_> = voters.iter().copied().collect();
                self.ask(*id, |node| node.create_cluster(&voters))
            }
            Verb::Propose(id, count) => self.propose(*id, *count),
            Verb::Config(id, config) => self.ask(*id, |node| node.propose_config(config.clone())),
            Verb::Heartbeat(id) => self.ask(*id, Node::heartbeat),
            Verb::Transfer(id, Some(target)) => {
                self.ask(*id, |node| node.transfer_leadership(*target))
            }
            Verb::Transfer(id, None) => self.ask(*id, Node::abort_transfer),
            Verb::Read(id) => self.read(*id),
            Verb::Reads(id) => self.tell_reads(*id),
            Verb::Status(id, position) => {
                let status = self.node(*id)?.get_commit_status(*position);
                self.answer(*id, status.to_string());
                Ok(())
            }
            Verb::Snapshot(id) => self.take_snapshot(*id),
            Verb::Inject(to, message) => self.inject(*to, message),
            Verb::InjectSnapshot(to, position, config) => {
                self.inject_snapshot(*to, *position, config)
            }
            Verb::Manual(ids) => self.each(ids, |world, id| {
                world.manual.insert(id);
                Ok(())
            }),
            Verb::Auto(ids) => self.each(ids, |world, id| {
                world.manual.remove(&id);
                world.follow_drain(id, usize::MAX)
            }),
            Verb::Take(id, count) => {
                self.node(*id)?;
                self.follow_drain(*id, *count)
            }
            Verb::Tear(id, count) => self.tear(*id, *count),
            Verb::Write(ids, count) => self.each(ids, |world, id| world.write(id, *count)),
            Verb::Report(ids, report) => self.each(ids, |world, id| world.report(id, *report)),
            Verb::Flaw(ids, flaw) => self.each(ids, |world, id| {
                world.server(id)?.flaw = *flaw;
                Ok(())
            }),
            Verb::Options(ids, options) => self.each(ids, |world, id| {
                world.server(id)?;
                world.options.insert(id, *options);
                world.set_options(id);
                Ok(())
            }),
            Verb::Pending(id) => self.tell_pending(*id),
            Verb::Show(ids) => self.each(ids, Self::show),
            Verb::Expect(ids, facts) => self.each(ids, |world, id| world.expect(id, facts)),
            Verb::Settle(links) => self.settle(links),
            _ => self.step_network(verb),
        }
    }

    /// The verbs that touch nothing but messages.
    fn step_network(&mut self, verb: &Verb) -> Verdict {
        let moved = match verb {
            Verb::Deliver(messages) => {
                let taken = self.mail.take(messages);
                return taken.into_iter().try_for_each(|flying| self.arrive(flying));
            }
            Verb::Lose(messages) => {
                let lost = self.mail.take(messages);
                self.record_on_the_way(Did::Drop, &lost);
                lost
            }
            Verb::Hold(messages) => {
                let taken = self.mail.take(messages);
                self.mail.held.extend_from_slice(&taken);
                taken
            }
            Verb::Release(messages) => self.mail.release(messages),
            Verb::Duplicate(messages) => {
                let copies = self.mail.duplicate(messages);
                self.record_on_the_way(Did::Send, &copies);
                copies
            }
            Verb::Truncate(count, messages) => self.mail.truncate(*count, messages),
            Verb::Cut(links) => {
                self.cut(links);
                return Ok(());
            }
            Verb::Mend(links) => {
                self.mail.mend(links);
                return Ok(());
            }
            Verb::Count(links) => {
                let counts = self.mail.count(links);
                let told = counts.into_iter();
                let told = told.map(|((from, to), sent)| Event::Sent(from, to, sent));
                self.events.extend(told);
                return Ok(());
            }
            _ => return Ok(()),
        };
        self.events.extend(moved.into_iter().map(Event::Message));
        Ok(())
    }

    /// These nodes, all of them if so said.
    pub(super) fn ids(&self, ids: &Ids) -> Vec<NodeId> {
        match ids {
            Ids::All => self.servers.keys().copied().collect(),
            Ids::These(ids) => ids.clone(),
        }
    }

    fn each(&mut self, ids: &Ids, mut act: impl FnMut(&mut Self, NodeId) -> Verdict) -> Verdict {
        self.ids(ids).into_iter().try_for_each(|id| act(self, id))
    }

    pub(super) fn answer(&mut self, id: NodeId, text: String) {
        self.events.push(Event::Answer(id, text));
    }

    /// The server of this node.
    pub(super) fn server(&mut self, id: NodeId) -> Result<&mut Server, Violation> {
        match self.servers.get_mut(&id) {
            Some(server) => Ok(server),
            None => refuse(format!("node {id} was never started")),
        }
    }

    /// The node, if it runs.
    pub(super) fn node(&mut self, id: NodeId) -> Result<&mut Node, Violation> {
        match &mut self.server(id)?.node {
            Some(node) => Ok(node),
            None => refuse(format!("node {id} is down")),
        }
    }

    /// Tells what waits to be executed, and to be written.
    fn tell_pending(&mut self, id: NodeId) -> Verdict {
        let actions = self.node(id)?.actions().clone().collect();
        self.events.push(Event::Pending(id, actions));
        let server = self.server(id)?;
        if server.is_late() {
            let writes = server.waiting_writes().cloned().collect();
            self.events.push(Event::Waiting(id, writes));
        }
        Ok(())
    }

    fn settle(&mut self, links: &Links) -> Verdict {
        let next = Messages {
            links: links.clone(),
            which: Which::Nth(1),
        };
        for _ in 0..Self::MOST_ARRIVALS {
            let Some(flying) = self.mail.take(&next).pop() else {
                return Ok(());
            };
            self.arrive(flying)?;
        }
        Err(Violation {
            property: "Quiet",
            detail: format!("messages go on after {} of them", Self::MOST_ARRIVALS),
        })
    }

    fn cut(&mut self, links: &Links) {
        let (some, others) = (self.ids(&links.from), self.ids(&links.to));
        for &one in &some {
            for &other in &others {
                self.mail.cut(one, other);
                if links.both_ways {
                    self.mail.cut(other, one);
                }
            }
        }
    }

    fn show(&mut self, id: NodeId) -> Verdict {
        let line = match &self.server(id)?.node {
            Some(node) => node.to_string(),
            None => format!("{id} down"),
        };
        self.events.push(Event::State(line));
        Ok(())
    }

    /// After every input: checks, executes what is to be done, and tells what has changed.
    pub(super) fn follow_input(&mut self, id: NodeId) -> Verdict {
        self.check(id)?;
        let limit = if self.manual.contains(&id) {
            0
        } else {
            usize::MAX
        };
        self.follow_drain(id, limit)
    }

    pub(super) fn follow_drain(&mut self, id: NodeId, limit: usize) -> Verdict {
        self.drain(id, limit)?;
        if self.note_told(id)
            && let Some(node) = &self.server(id)?.node
        {
            let line = node.to_string();
            self.events.push(Event::State(line));
        }
        self.tell_events(id)
    }

    /// What a node tells of itself, if its options say so.
    fn tell_events(&mut self, id: NodeId) -> Verdict {
        while let Some(event) = self.server(id)?.next_event() {
            self.events.push(Event::Told(id, event));
        }
        Ok(())
    }

    /// Whether role, term or commit index are others than last told.
    pub(super) fn note_told(&mut self, id: NodeId) -> bool {
        let Some(node) = self
            .servers
            .get(&id)
            .and_then(|server| server.node.as_ref())
        else {
            return false;
        };
        let state = (node.role(), node.current_term(), node.commit_index());
        self.told.insert(id, state) != Some(state)
    }
}
