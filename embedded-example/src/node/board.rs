//! What a board has beside ports and flash.

use core::cell::Cell;

use embassy_futures::select::select;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, Timer};

/// A board, as the loop sees it. All of it may be left as it is here.
pub trait Board {
    /// Turns the lamp on or off.
    fn lamp(&self, _is_on: bool) {}

    /// Tells the watchdog that all is well. It is called at least once a second.
    fn feed(&self) {}

    /// How many bytes of the heap are free.
    fn heap_free(&self) -> usize {
        usize::MAX
    }

    /// How many bytes of the stack were never used.
    fn stack_free(&self) -> usize {
        0
    }

    /// Why the board has started.
    fn start_reason(&self) -> &'static str {
        "power"
    }
}

/// What the lamp shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Light {
    /// There is no store: two short flashes a second.
    NoStore,
    /// A follower: one short flash a second.
    Follower,
    /// A candidate: quick blinking.
    Candidate,
    /// The leader: on, with a short gap each second.
    Leader,
    /// The store has failed: slow blinking.
    Stopped,
}

impl Light {
    /// How many milliseconds the lamp is on, off, on and so on.
    #[must_use]
    pub const fn pattern(self) -> &'static [u64] {
        match self {
            Self::NoStore => &[50, 150, 50, 750],
            Self::Follower => &[50, 950],
            Self::Candidate => &[100, 100],
            Self::Leader => &[950, 50],
            Self::Stopped => &[1000, 1000],
        }
    }
}

/// The lamp of a board.
pub(super) struct Lamp<'a, B> {
    board: &'a B,
    light: Cell<Light>,
    change: Signal<NoopRawMutex, ()>,
}

impl<'a, B: Board> Lamp<'a, B> {
    pub(super) fn new(board: &'a B) -> Self {
        Self {
            board,
            light: Cell::new(Light::NoStore),
            change: Signal::new(),
        }
    }

    pub(super) fn set(&self, light: Light) {
        if self.light.replace(light) != light {
            self.change.signal(());
        }
    }

    /// Shows the light, for ever.
    pub(super) async fn shine(&self) {
        loop {
            select(self.blink(self.light.get()), self.change.wait()).await;
        }
    }

    async fn blink(&self, light: Light) {
        let mut is_on = true;
        for &ms in light.pattern() {
            self.board.lamp(is_on);
            Timer::after(Duration::from_millis(ms)).await;
            is_on = !is_on;
        }
    }
}
