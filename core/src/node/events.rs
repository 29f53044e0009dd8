//! Telling what has happened. No rule depends on what is written here.

use alloc::boxed::Box;

use super::Node;
use crate::{ClusterConfig, Event, LogIndex, LogPosition, NodeId, StepDown, TransferOutcome};

/// The events that wait to be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Events {
    /// Oldest first, none twice.
    queue: heapless::Vec<Event, { Events::MAX }>,
    /// Up to here the committed configurations were told.
    told_configs: LogIndex,
    /// To whom this node was handing over when its leadership ended: told once the next leader is known.
    handed_over_to: Option<NodeId>,
}

impl Events {
    /// How many events wait; of more the oldest are lost.
    const MAX: usize = 16;

    fn push(&mut self, event: Event) {
        if self.queue.contains(&event) {
            return;
        }
        if self.queue.is_full() {
            self.pop();
        }
        // There is room now.
        let _ = self.queue.push(event);
    }

    fn pop(&mut self) -> Option<Event> {
        let oldest = self.queue.first().copied();
        let mut is_oldest = true;
        self.queue.retain(|_| !core::mem::take(&mut is_oldest));
        oldest
    }
}

impl Node {
    /// The next thing that has happened, the oldest first; `None` if there is none, or if
    /// [`NodeOptions::events`](crate::NodeOptions::events) is off.
    ///
    /// Up to 16 wait, none twice; of more the oldest are lost. No action follows. [`Event`] has an example.
    pub fn next_event(&mut self) -> Option<Event> {
        let commit_index = self.commit_index();
        let events = self.events.as_mut()?;
        if let Some(event) = events.pop() {
            return Some(event);
        }
        let configs = self.log.entries().configs_after(events.told_configs);
        let &(index, _) = configs.first().filter(|it| it.0 <= commit_index)?;
        events.told_configs = index;
        let position = self.log.entries().position_at(index)?;
        Some(Event::ConfigCommitted(position))
    }

    /// §7: tells the committed configurations that a snapshot is about to stand for. One that comes with a snapshot
    /// of another log is told with the snapshot's position, as its own is not known.
    #[cold]
    pub(super) fn tell_configs_of_snapshot(
        &mut self,
        snapshot: LogPosition,
        is_in_log: bool,
        config: &ClusterConfig,
    ) {
        let Some(events) = &mut self.events else {
            return;
        };
        let end = match is_in_log {
            true => snapshot.index,
            false => self.commit_index,
        };
        let entries = self.log.entries();
        let later = entries.configs_after(events.told_configs).iter();
        let committed = later.take_while(|it| it.0 <= end);
        for position in committed.filter_map(|it| entries.position_at(it.0)) {
            events.push(Event::ConfigCommitted(position));
        }
        // Where the log contains the snapshot, its configuration is that of the log.
        if self.log.config_at(end) != config {
            events.push(Event::ConfigCommitted(snapshot));
        }
    }

    /// Begins or ends to tell, as the options say.
    pub(super) fn follow_options_with_events(&mut self) {
        if !self.options.events {
            self.events = None;
        } else if self.events.is_none() {
            self.events = Some(Box::new(Events {
                queue: heapless::Vec::new(),
                told_configs: self.commit_index,
                handed_over_to: None,
            }));
        }
    }

    /// Tells something, if anybody wants to know.
    #[cold]
    pub(super) fn tell(&mut self, event: Event) {
        if let Some(events) = &mut self.events {
            events.push(event);
        }
    }

    /// Tells that this node stops to lead, before it does.
    #[cold]
    pub(super) fn tell_step_down(&mut self, reason: StepDown) {
        self.tell(Event::SteppedDown(self.current_term, reason));
        let target = self.transfer_target();
        let Some(events) = &mut self.events else {
            return;
        };
        match (target, reason) {
            // Who is no member any more hears of no leader.
            (Some(target), StepDown::Removed) => {
                events.push(Event::TransferEnded(
                    target,
                    TransferOutcome::LeadershipLost,
                ));
            }
            (Some(_), _) => events.handed_over_to = target,
            (None, _) => {}
        }
    }

    /// Tells what has become of a transfer, now that the next leader is known.
    pub(super) fn tell_next_leader(&mut self, leader: NodeId) {
        let Some(events) = &mut self.events else {
            return;
        };
        if let Some(target) = events.handed_over_to.take() {
            let outcome = match leader == target {
                true => TransferOutcome::Done,
                false => TransferOutcome::LeadershipLost,
            };
            events.push(Event::TransferEnded(target, outcome));
        }
    }
}
