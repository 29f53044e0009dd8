//! Results as bytes: the codec's forms, one behind the other, with plain integers between them.
//!
//! Integers have eight bytes, the lowest first; words have one. The other side of this is `js/src/wire.ts`.

use alloc::vec::Vec;
use raftbare::codec::{self, Limits};
use raftbare::{
    Action, Actions, ClusterConfig, CommitStatus, Event, Log, LogEntries, LogPosition, Message,
    NodeOptions, ReadStatus, Role, StableLeadership, StepDown, TransferOutcome,
};

/// What JavaScript has encoded itself is as long as it is; JavaScript sees to it that it is not too long.
pub(crate) const LIMITS: Limits = Limits {
    bytes: usize::MAX,
    entries: u64::MAX,
    terms_and_configs: usize::MAX,
    members: usize::MAX,
};

/// Appends values to a result. That a vector takes all bytes is why no error is handed on.
pub(crate) trait Put {
    /// An integer.
    fn number(&mut self, value: u64);
    /// A word.
    fn word(&mut self, value: u8);
    /// An identifier or another number that may be missing.
    fn optional(&mut self, value: Option<u64>);
    /// A term and an index.
    fn position(&mut self, position: LogPosition);
    /// A message.
    fn message(&mut self, message: &Message);
    /// Entries with the position before them.
    fn entries(&mut self, entries: &LogEntries);
    /// A configuration.
    fn config(&mut self, config: &ClusterConfig);
    /// A configuration and the entries after it.
    fn log(&mut self, log: &Log);
    /// What to do.
    fn action(&mut self, action: &Action);
    /// All that is to be done, in order.
    fn actions(&mut self, actions: &Actions);
    /// There is nothing more to do.
    fn end_of_actions(&mut self);
}

impl Put for Vec<u8> {
    fn number(&mut self, value: u64) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn word(&mut self, value: u8) {
        self.push(value);
    }

    fn optional(&mut self, value: Option<u64>) {
        self.word(u8::from(value.is_some()));
        if let Some(value) = value {
            self.number(value);
        }
    }

    fn position(&mut self, position: LogPosition) {
        self.number(position.term.get());
        self.number(position.index.get());
    }

    fn message(&mut self, message: &Message) {
        let _ = codec::encode_message(message, self);
    }

    fn entries(&mut self, entries: &LogEntries) {
        let _ = codec::encode_entries(entries, self);
    }

    fn config(&mut self, config: &ClusterConfig) {
        let _ = codec::encode_config(config, self);
    }

    fn log(&mut self, log: &Log) {
        self.config(log.snapshot_config());
        self.entries(log.entries());
    }

    fn action(&mut self, action: &Action) {
        match action {
            Action::SetElectionTimeout => self.word(0),
            Action::SaveCurrentTerm => self.word(1),
            Action::SaveVotedFor => self.word(2),
            Action::BroadcastMessage(message) => {
                self.word(3);
                self.message(message);
            }
            Action::AppendLogEntries(entries) => {
                self.word(4);
                self.entries(entries);
            }
            Action::SendMessage(to, message) => {
                self.word(5);
                self.number(to.get());
                self.message(message);
            }
            Action::InstallSnapshot(to) => {
                self.word(6);
                self.number(to.get());
            }
        }
    }

    // From the fields, since the iterator takes; to copy it for that is a kilobyte of code.
    fn actions(&mut self, actions: &Actions) {
        for (is_set, word) in [
            (actions.set_election_timeout, 0),
            (actions.save_current_term, 1),
            (actions.save_voted_for, 2),
        ] {
            if is_set {
                self.word(word);
            }
        }
        if let Some(message) = &actions.broadcast_message {
            self.word(3);
            self.message(message);
        }
        if let Some(entries) = &actions.append_log_entries {
            self.word(4);
            self.entries(entries);
        }
        for (to, message) in &actions.send_messages {
            self.word(5);
            self.number(to.get());
            self.message(message);
        }
        for to in &actions.install_snapshots {
            self.word(6);
            self.number(to.get());
        }
    }

    fn end_of_actions(&mut self) {
        self.word(7);
    }
}

/// The word of a role.
pub(crate) const fn role(role: Role) -> u8 {
    match role {
        Role::Follower => 0,
        Role::Candidate => 1,
        Role::Leader => 2,
    }
}

/// The word of what has become of a proposal.
pub(crate) const fn commit_status(status: CommitStatus) -> u8 {
    match status {
        CommitStatus::InProgress => 0,
        CommitStatus::Committed => 1,
        CommitStatus::Rejected => 2,
        CommitStatus::Unknown => 3,
    }
}

/// How far a read is: a word, and the index where there is one.
pub(crate) fn read_status(status: ReadStatus, result: &mut Vec<u8>) {
    match status {
        ReadStatus::Pending => result.word(0),
        ReadStatus::Ready(index) => {
            result.word(1);
            result.number(index.get());
        }
        ReadStatus::Lost => result.word(2),
    }
}

/// The log that consists of a configuration, of so many bytes, and the entries behind it.
pub(crate) fn decode_log(bytes: &[u8], config_len: usize) -> Option<Log> {
    let (config, entries) = bytes.split_at_checked(config_len)?;
    let config = codec::decode_config(config, &LIMITS).ok()?;
    let entries = codec::decode_entries(entries, &LIMITS).ok()?;
    Some(Log::new(config, entries))
}

/// The options of a node: the silent timeouts of stable leadership or 0, the switches as bits, lowest first, in the
/// order of `js/src/options.ts`, the timeouts of a transfer.
pub(crate) fn node_options(
    silent_timeouts: u8,
    switches: u8,
    transfer_timeouts: u8,
) -> NodeOptions {
    let is_on = |bit: u8| switches & bit != 0;
    let mut options = NodeOptions::default();
    options.stable_leadership =
        (silent_timeouts > 0).then_some(StableLeadership { silent_timeouts });
    options.transfer_timeouts = transfer_timeouts;
    options.never_leads = is_on(1);
    options.refuses_lost_tail = is_on(2);
    options.asynchronous_storage = is_on(4);
    options.events = is_on(8);
    options
}

/// The integers of which [`node_options`] makes these options.
#[cfg(feature = "simulator")]
pub(crate) fn raw_node_options(options: &NodeOptions) -> [u8; 3] {
    let stable = options.stable_leadership;
    let switches = [
        options.never_leads,
        options.refuses_lost_tail,
        options.asynchronous_storage,
        options.events,
    ];
    let bits = switches.into_iter().zip(0..);
    [
        stable.map_or(0, |stable| stable.silent_timeouts),
        bits.fold(0, |bits, (is_on, at)| bits | u8::from(is_on) << at),
        options.transfer_timeouts,
    ]
}

/// What has happened, or that nothing has, or nothing that JavaScript knows of.
pub(crate) fn event(event: Option<Event>, result: &mut Vec<u8>) {
    match event {
        Some(Event::BecameLeader(term)) => {
            result.word(1);
            result.number(term.get());
        }
        Some(Event::SteppedDown(term, reason)) => {
            result.word(2);
            result.number(term.get());
            result.word(match reason {
                StepDown::Removed => 1,
                StepDown::Silence => 2,
                StepDown::StorageStalled => 3,
                _ => 0,
            });
        }
        Some(Event::ConfigCommitted(position)) => {
            result.word(3);
            result.position(position);
        }
        Some(Event::SnapshotWanted(id)) => {
            result.word(4);
            result.number(id.get());
        }
        Some(Event::FollowerLostTail(id)) => {
            result.word(5);
            result.number(id.get());
        }
        Some(Event::TransferEnded(target, outcome)) => {
            result.word(6);
            result.number(target.get());
            result.word(match outcome {
                TransferOutcome::Done => 0,
                TransferOutcome::TimedOut => 1,
                TransferOutcome::Aborted => 2,
                _ => 3,
            });
        }
        _ => result.word(0),
    }
}
