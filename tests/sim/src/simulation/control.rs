//! A hand in the world: what is about to happen, and changes of it. For people who look on and try things out.
//!
//! Nothing here draws a random number but what would follow from the same event anyway, so the same steps with the
//! same interventions are the same run.

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;

use raftbare::{LogPosition, NodeId};

use super::{Event, Scheduled, Simulation};
use crate::checker::{Verdict, Violation};
use crate::integration::Integration;

/// Something that is about to happen.
#[derive(Debug, Clone)]
pub struct Pending<'a, P> {
    /// Names it, as long as it waits.
    pub number: u64,
    /// When it happens, in microseconds.
    pub at_us: u64,
    /// The server that it happens to, if it is one.
    pub server: Option<NodeId>,
    /// What arrives, if something does.
    pub packet: Option<&'a P>,
    /// Whether it is the end of the time that the server has asked for last.
    pub is_timer: bool,
    /// It in words.
    pub text: String,
}

impl<I: Integration> Simulation<I> {
    /// What is about to happen, in order. A timer that was set anew since is not.
    #[must_use]
    pub fn pending(&self) -> Vec<Pending<'_, I::Packet>> {
        let mut waiting: Vec<_> = self.events.iter().map(|Reverse(event)| event).collect();
        waiting.sort_unstable();
        let is_due = |scheduled: &&Scheduled<I::Packet>| match scheduled.event {
            Event::Timeout { server, timer } => {
                self.machines[Self::index_of(server)].timer == timer
            }
            _ => true,
        };
        let told = waiting.into_iter().filter(is_due).map(|scheduled| Pending {
            number: scheduled.number,
            at_us: scheduled.at,
            server: scheduled.event.server(),
            packet: scheduled.event.packet(),
            is_timer: matches!(scheduled.event, Event::Timeout { .. }),
            text: scheduled.event.describe::<I>(),
        });
        told.collect()
    }

    /// Lets a pending event never happen. Says whether there is one of this number.
    pub fn withdraw(&mut self, number: u64) -> bool {
        self.take_pending(number).is_some()
    }

    /// Lets a pending event happen so much later. Says whether there is one of this number.
    pub fn put_off(&mut self, number: u64, by_us: u64) -> bool {
        let taken = self.take_pending(number);
        let is_there = taken.is_some();
        self.events.extend(taken.map(|scheduled| {
            Reverse(Scheduled {
                at: scheduled.at.saturating_add(by_us),
                ..scheduled
            })
        }));
        is_there
    }

    /// Lets a pending arrival happen once more, so much later than the first. Says whether there is one of this
    /// number.
    pub fn repeat(&mut self, number: u64, by_us: u64) -> bool {
        let found = self
            .events
            .iter()
            .find(|Reverse(scheduled)| scheduled.number == number);
        let Some(Reverse(Scheduled { at, event, .. })) = found else {
            return false;
        };
        let is_arrival = event.packet().is_some();
        if is_arrival {
            let delay = at.saturating_add(by_us).saturating_sub(self.now);
            self.schedule(delay, event.clone());
        }
        is_arrival
    }

    fn take_pending(&mut self, number: u64) -> Option<Scheduled<I::Packet>> {
        let all = core::mem::take(&mut self.events).into_vec();
        let (taken, rest) = all
            .into_iter()
            .partition(|Reverse(scheduled)| scheduled.number == number);
        let mut taken: Vec<Reverse<Scheduled<I::Packet>>> = taken;
        let rest: Vec<_> = rest;
        self.events = rest.into();
        taken.pop().map(|Reverse(scheduled)| scheduled)
    }

    /// Takes the power of a server. It comes back by an event that is pending from now on.
    pub fn crash_server(&mut self, id: NodeId) -> Verdict {
        self.crash(id);
        self.check(id)
    }

    /// Lets a server that is down come back now.
    pub fn restart_server(&mut self, id: NodeId) -> Verdict {
        self.restart(id)
    }

    /// Lets the timer of a server fire now.
    pub fn fire_timer(&mut self, id: NodeId) -> Verdict {
        let timer = self.machines[Self::index_of(id)].timer;
        self.time_out(id, timer)
    }

    /// A client proposes a command at this server. Says at which position; it is invalid if it is refused.
    pub fn propose_at(&mut self, id: NodeId) -> (LogPosition, Verdict) {
        let command = self.next_command;
        let position = self.servers[Self::index_of(id)].propose(command);
        if !position.is_invalid() {
            self.next_command += 1;
            self.proposed.push(position);
        }
        (position, self.follow_input(id))
    }

    /// An operator tells a server to hand leadership over. Says whether it does.
    pub fn transfer_from(&mut self, id: NodeId, to: NodeId) -> Result<bool, Violation> {
        let is_begun = self.server_mut(id).transfer_leadership(Some(to));
        self.follow_input(id)?;
        Ok(is_begun)
    }

    /// Loses what is sent from one server to another from now on.
    pub fn cut_link(&mut self, from: NodeId, to: NodeId) {
        self.network.cut(from, to);
    }

    /// Mends all links.
    pub fn mend_links(&mut self) {
        self.network.heal();
    }

    /// Whether what is sent from one server to another gets through.
    #[must_use]
    pub fn is_linked(&self, from: NodeId, to: NodeId) -> bool {
        self.network.connects(from, to)
    }
}

impl<P> Event<P> {
    /// The server that it happens to.
    fn server(&self) -> Option<NodeId> {
        match *self {
            Self::Arrival { to: server, .. }
            | Self::Timeout { server, .. }
            | Self::Drain { server }
            | Self::DiskDone { server, .. }
            | Self::Restart { server } => Some(server),
            _ => None,
        }
    }

    fn packet(&self) -> Option<&P> {
        match self {
            Self::Arrival { packet, .. } => Some(packet),
            _ => None,
        }
    }
}
