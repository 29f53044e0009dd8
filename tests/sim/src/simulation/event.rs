//! What will happen, and when.

use alloc::format;
use alloc::string::String;
use core::cmp::Ordering;

use raftbare::NodeId;

use crate::integration::{Content, Integration};

/// Something that will happen. `P` is what travels between servers.
#[derive(Debug, Clone)]
pub(super) enum Event<P> {
    /// A message or snapshot arrives.
    Arrival { to: NodeId, packet: P },
    /// The timer of this count fires.
    Timeout { server: NodeId, timer: u64 },
    /// The caller gets round to the rest of the actions.
    Drain { server: NodeId },
    /// A disk has done its work, unless the power has failed since it began.
    DiskDone { server: NodeId, crashes: u64 },
    /// A crashed server comes back.
    Restart { server: NodeId },
    /// A client does something.
    Client,
    /// Something goes wrong.
    Fault,
}

impl<P> Event<P> {
    /// The event in words.
    pub(super) fn describe<I: Integration<Packet = P>>(&self) -> String {
        match self {
            Self::Arrival { to, packet } => match I::content(packet) {
                Content::Message(message) => format!("{to} receives {message}"),
                Content::Snapshot(position) => format!("{to} receives the snapshot at {position}"),
                Content::Part(position) => {
                    format!("{to} receives a part of the snapshot at {position}, or an answer")
                }
            },
            Self::Timeout { server, .. } => format!("{server}: a timer fires"),
            Self::Drain { server } => format!("{server} gets round to its actions"),
            Self::DiskDone { server, .. } => format!("{server}: the disk has done its work"),
            Self::Restart { server } => format!("{server} restarts"),
            Self::Client => "a client".into(),
            Self::Fault => "a fault".into(),
        }
    }
}

/// An event with its time (microseconds) and a number that makes the order total.
#[derive(Debug, Clone)]
pub(super) struct Scheduled<P> {
    pub(super) at: u64,
    pub(super) number: u64,
    pub(super) event: Event<P>,
}

impl<P> Ord for Scheduled<P> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl<P> PartialOrd for Scheduled<P> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<P> PartialEq for Scheduled<P> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<P> Eq for Scheduled<P> {}
