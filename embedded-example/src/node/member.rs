//! The loop.

use embassy_futures::select::{Either4, select4};
use embassy_time::{Duration, Instant, Timer};
use heapless::Deque;
use raftbare::replica::{NewSnapshot, Replica};
use raftbare::{NodeId, Role, Term};

use super::board::{Board, Lamp, Light};
use super::config::Config;
use super::desk::Desk;
use super::flash::{Done, Job, Jobs};
use super::waiting::Waiting;
use crate::app::{MAX_SNAPSHOT, Payload, Settings};
use crate::console::{Console, MAX_VOTERS};
use crate::link::{Frame, Link};
use crate::store::OpenError;

/// Below so many free bytes of the heap nothing new is begun.
pub(super) const HEAP_RESERVE: usize = 8192;

/// The watchdog is fed at least so often.
const TURN: Duration = Duration::from_secs(1);

/// A node: the replica, if there is a store, and all around it.
pub(super) struct Member<'a, const PORTS: usize, B> {
    pub(super) id: NodeId,
    pub(super) replica: Result<Replica<Payload>, OpenError>,
    pub(super) desk: Desk<'a, PORTS>,
    flash: &'a Jobs,
    /// Whether the flash is at work. It begins with opening the store.
    pub(super) is_busy: bool,
    /// Whether what it does is to store a batch.
    pub(super) is_saving: bool,
    pub(super) taking: Option<NewSnapshot>,
    /// Whom a cluster is to be founded with when the store is formatted.
    pub(super) founders: heapless::Vec<u8, MAX_VOTERS>,
    lamp: &'a Lamp<'a, B>,
    pub(super) board: &'a B,
    shown: (Role, Term, Option<NodeId>),
}

impl<'a, const PORTS: usize, B: Board> Member<'a, PORTS, B> {
    // Not inlined, it is made where it stays.
    #[inline(never)]
    pub(super) fn new(
        config: &Config,
        link: &'a Link<PORTS>,
        console: &'a Console,
        flash: &'a Jobs,
        lamp: &'a Lamp<'a, B>,
        board: &'a B,
    ) -> Self {
        Self {
            id: config.id,
            replica: Err(OpenError::Blank),
            desk: Desk {
                timing: config.timing,
                // Not 0, from which there is no way.
                random: config.seed ^ config.id.get() << 32 | 1,
                deadline: Instant::now(),
                link,
                console,
                settings: Settings::new(),
                waiting: Waiting::default(),
                jobs: Deque::new(),
            },
            flash,
            is_busy: true,
            is_saving: false,
            taking: None,
            founders: heapless::Vec::new(),
            lamp,
            board,
            shown: (Role::Follower, Term::ZERO, None),
        }
    }

    /// Runs for ever.
    pub(super) async fn run(&mut self) {
        loop {
            self.board.feed();
            let wake_up = self.desk.deadline.min(Instant::now() + TURN);
            let (link, console, flash) = (self.desk.link, self.desk.console, self.flash);
            let input = select4(
                flash.done(),
                link.receive(),
                console.request(),
                Timer::at(wake_up),
            );
            match input.await {
                Either4::First(done) => self.take_done(done),
                Either4::Second(frame) => self.take_frame(&frame),
                Either4::Third(request) => self.take_request(request),
                Either4::Fourth(()) => self.take_time(),
            }
            self.pump();
            self.go_on_meanwhile();
            self.show();
        }
    }

    fn take_frame(&mut self, frame: &Frame) {
        if let Ok(replica) = &mut self.replica {
            // What is no envelope is dropped.
            let _ = replica.receive(&frame.payload);
        }
    }

    fn take_time(&mut self) {
        if Instant::now() >= self.desk.deadline {
            // Until the replica sets it.
            self.desk.deadline = Instant::now() + TURN;
            if let Ok(replica) = &mut self.replica {
                replica.handle_timeout();
            }
        }
        self.desk.tell_late();
    }

    /// Gives the flash what it is to do next, and does what needs none.
    fn pump(&mut self) {
        while !self.is_busy {
            if let Some(job) = self.desk.jobs.pop_front() {
                self.is_busy = true;
                self.flash.start(job);
                return;
            }
            let Ok(replica) = &mut self.replica else {
                return;
            };
            if let Some(batch) = replica.next_batch() {
                match batch.is_empty() {
                    true => self.take_done(Done::Saved(batch, Ok(()))),
                    false => {
                        (self.is_busy, self.is_saving) = (true, true);
                        self.flash.start(Job::Save(batch));
                    }
                }
            } else if !(replica.wants_snapshot() && self.take_snapshot()) {
                return;
            }
        }
    }

    /// thesis §10.2.1: does what depends on no batch, while the flash stores one.
    fn go_on_meanwhile(&mut self) {
        let Ok(replica) = &mut self.replica else {
            return;
        };
        if self.is_saving && !self.desk.waits_to_load() {
            for output in replica.outputs() {
                if !self.desk.execute(output) {
                    break;
                }
            }
        }
    }

    /// Begins a snapshot; returns whether it did.
    pub(super) fn take_snapshot(&mut self) -> bool {
        // The bytes stand in memory until they are stored.
        let has_room = self.board.heap_free() >= HEAP_RESERVE + MAX_SNAPSHOT;
        let Ok(replica) = &mut self.replica else {
            return false;
        };
        let Some(mut new) = has_room.then(|| replica.begin_snapshot()).flatten() else {
            return false;
        };
        let bytes = self.desk.settings.snapshot();
        new.write(&bytes);
        self.taking = Some(new);
        let _ = self.desk.jobs.push_back(Job::WriteSnapshot(bytes));
        true
    }

    /// Tells of a new role, term or leader.
    fn show(&mut self) {
        let Ok(replica) = &self.replica else {
            self.lamp.set(Light::NoStore);
            return;
        };
        let node = replica.node();
        self.lamp.set(match node.role() {
            _ if replica.is_stopped() => Light::Stopped,
            Role::Follower => Light::Follower,
            Role::Candidate => Light::Candidate,
            Role::Leader => Light::Leader,
        });
        let now = (node.role(), node.current_term(), node.leader_id());
        if core::mem::replace(&mut self.shown, now) == now {
            return;
        }
        let console = self.desk.console;
        match now {
            (Role::Leader, term, _) => console.say(format_args!("* leader of term {term}")),
            (Role::Candidate, term, _) => console.say(format_args!("* candidate in term {term}")),
            (Role::Follower, term, Some(leader)) => {
                console.say(format_args!("* follower of {leader} in term {term}"));
            }
            (Role::Follower, term, None) => console.say(format_args!("* follower in term {term}")),
        }
    }
}
