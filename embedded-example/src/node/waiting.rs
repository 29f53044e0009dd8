//! Who waits at the console, and for what.

use embassy_time::Instant;
use raftbare::replica::{ReadTicket, Ticket};

use crate::app::Key;

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wish {
    /// A command is to be applied.
    Command(Ticket),
    /// A configuration is to be committed, and then the one it leads to.
    Config(Ticket),
    /// A key is to be read.
    Read(ReadTicket, Key),
    /// The snapshot is to be stored.
    Snapshot,
}

/// Wishes, oldest first.
#[derive(Debug, Default)]
pub(super) struct Waiting(heapless::Vec<(Wish, Instant), 8>);

impl Waiting {
    pub(super) fn is_full(&self) -> bool {
        self.0.is_full()
    }

    pub(super) fn push(&mut self, wish: Wish) {
        // Who asks for more than there is room for is refused before.
        let _ = self.0.push((wish, Instant::now()));
    }

    /// Takes the oldest wish of this kind, and how many milliseconds it has waited.
    pub(super) fn take(&mut self, is_it: impl Fn(&Wish) -> bool) -> Option<(Wish, u64)> {
        let place = self.0.iter().position(|(wish, _)| is_it(wish))?;
        let (wish, since) = self.0.remove(place);
        Some((wish, since.elapsed().as_millis()))
    }

    /// Takes the wish with this ticket.
    pub(super) fn take_ticket(&mut self, ticket: Ticket) -> Option<(Wish, u64)> {
        self.take(|wish| *wish == Wish::Command(ticket) || *wish == Wish::Config(ticket))
    }

    /// Takes a wish that has waited for so long.
    pub(super) fn take_older(&mut self, ms: u64) -> Option<(Wish, u64)> {
        let (_, since) = self.0.first()?;
        if since.elapsed().as_millis() < ms {
            return None;
        }
        self.take(|_| true)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
