//! Known mistakes, to be made on purpose: what the checker does not find, it is not worth much for.
//!
//! Each is a wrapper around a correct node: around its messages, its actions, its storage, or what is made of
//! its answers. Where the mistake is one of Raft's own rules, the wrapper makes a correct node behave as one
//! that has it. The core knows nothing of them.

use raftbare::{Action, Actions, LogIndex, Message, MessageHeader, Node, NodeId, ReadStatus, Role};

use crate::disk::Disk;
use crate::integration::Read;

/// Makes the list of mistakes: a name, the rule of the paper that is broken, and how.
macro_rules! flaws {
    ($($name:ident: $rule:literal, $how:literal;)*) => {
        /// A mistake that somebody has made.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Flaw {
            $(#[doc = concat!("Breaks ", $rule, ": ", $how, ".")] $name,)*
        }

        impl Flaw {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Where the paper states the rule that is broken.
            #[must_use]
            pub const fn rule(self) -> &'static str {
                match self {
                    $(Self::$name => $rule,)*
                }
            }

            /// How it is broken.
            #[must_use]
            pub const fn how(self) -> &'static str {
                match self {
                    $(Self::$name => $how,)*
                }
            }
        }
    };
}

flaws! {
    VoteNotStored: "figure 2", "the vote is not stored";
    TermNotStored: "figure 2", "the term is not stored";
    SendsBeforeStoring: "figure 2", "messages leave before the entries that they acknowledge are stored";
    AppendKeepsTail: "§5.3", "an append does not drop what was stored after its start";
    AppendNotSynced: "figure 2", "what was appended last is not synced, and a crash loses it";
    ComesBackEmpty: "figure 2", "a server comes back under its old name with an empty disk";
    RestartForgetsConfig: "§6, §7", "a restart takes the entries and forgets the snapshot's configuration";
    ComparesOnlyIndexes: "§5.4.1", "a vote is given to the longer log, whatever its last term";
    CommitsOldTerms: "§5.4.2", "entries of older terms are committed by counting (figure 8)";
    OneVoteShort: "§5.2", "an election is won with one vote less than a majority";
    ElectsByOldVotersOnly: "§6", "in a joint configuration the majority of the old voters elects";
    CountsStaleReplies: "§5.3", "a reply counts for the newest call, whatever call it answers";
    AppliesUncommitted: "§5.3", "entries are applied as soon as they are in the log";
    CountsUnstored: "§5.3", "the leader counts entries that its own disk does not have yet";
    TakesOlderSnapshots: "§7", "the state is replaced by any snapshot that comes, an older one too";
    SnapshotWithLatestConfig: "§6, §7", "a snapshot is stored with the latest configuration, not with the one there";
    CommandsByIndex: "§5.3", "commands are kept by index alone: an overwritten entry gets another's";
    CutsTheWrongCommands: "§5.3", "a call is cut at its end, and its commands at their beginning";
    ReadsAtOnce: "§8", "a leader answers reads from its own state at once";
    ReadsBeforeOwnTerm: "§8", "a read does not wait for an entry of the leader's own term";
    FollowersSleep: "§5.2", "followers do not restart their timers when they are told to";
    NeverSendsSnapshots: "§7", "nobody sends snapshots";
}

impl Flaw {
    /// Whether the action is forgotten.
    #[must_use]
    pub fn skips(self, role: Role, action: &Action) -> bool {
        match self {
            Self::VoteNotStored => matches!(action, Action::SaveVotedFor),
            Self::TermNotStored => matches!(action, Action::SaveCurrentTerm),
            Self::FollowersSleep => {
                role.is_follower() && matches!(action, Action::SetElectionTimeout)
            }
            Self::NeverSendsSnapshots => matches!(action, Action::InstallSnapshot(_)),
            _ => false,
        }
    }

    /// The next action, in the order of somebody who has this flaw.
    pub fn next_action(self, actions: &mut Actions) -> Option<Action> {
        if self == Self::SendsBeforeStoring
            && let Some((to, message)) = actions.send_messages.pop_first()
        {
            return Some(Action::SendMessage(to, message));
        }
        actions.next()
    }

    /// What becomes of a message before the node sees it.
    pub fn alter_message(
        self,
        node: &Node,
        newest_seqno: raftbare::MessageSeqNo,
        message: &mut Message,
    ) {
        let own = node.log().last_position();
        match (self, message) {
            (
                Self::ComparesOnlyIndexes,
                Message::RequestVoteCall {
                    header,
                    last_position,
                },
            ) if last_position.index >= own.index && own.term <= header.term => {
                last_position.term = last_position.term.max(own.term);
            }
            (Self::CountsStaleReplies, Message::AppendEntriesReply { header, .. })
                if header.term == node.current_term() =>
            {
                header.seqno = newest_seqno;
            }
            _ => {}
        }
    }

    /// Votes that a candidate with this flaw counts besides the one that has just come.
    #[must_use]
    pub fn further_votes(self, node: &Node, message: &Message) -> alloc::vec::Vec<Message> {
        let Message::RequestVoteReply {
            header,
            vote_granted: true,
        } = *message
        else {
            return alloc::vec::Vec::new();
        };
        let vote = |from: NodeId| Message::RequestVoteReply {
            header: MessageHeader { from, ..header },
            vote_granted: true,
        };
        let config = node.config();
        match self {
            Self::OneVoteShort => {
                let other = config
                    .voters
                    .iter()
                    .copied()
                    .find(|&id| id != header.from && id != node.id());
                other.map(vote).into_iter().collect()
            }
            Self::ElectsByOldVotersOnly => {
                let new_only = config.new_voters.difference(&config.voters).copied();
                new_only.map(vote).collect()
            }
            _ => alloc::vec::Vec::new(),
        }
    }

    /// Up to where somebody with this flaw takes entries for committed.
    #[must_use]
    pub fn commit_index(self, node: &Node) -> LogIndex {
        let known = node.commit_index();
        let stored = match &node.actions().append_log_entries {
            Some(entries) => entries.prev_position().index,
            None => node.log().last_position().index,
        };
        match self {
            Self::AppliesUncommitted => node.log().last_position().index,
            Self::CommitsOldTerms => known.max(majority_index(node, stored)),
            Self::CountsUnstored => {
                let index = majority_index(node, node.log().last_position().index);
                let is_own = node.log().entries().get_term(index) == Some(node.current_term());
                if is_own { known.max(index) } else { known }
            }
            _ => known,
        }
    }

    /// What somebody with this flaw makes of a read.
    #[must_use]
    pub fn read_status(self, node: &Node, read: &Read) -> ReadStatus {
        let status = node.read_status(read.token);
        match (self, status) {
            (Self::ReadsAtOnce, ReadStatus::Pending) => ReadStatus::Ready(node.commit_index()),
            (Self::ReadsBeforeOwnTerm, ReadStatus::Ready(_)) => {
                ReadStatus::Ready(read.known_at_begin)
            }
            _ => status,
        }
    }

    /// What a crash or restart does to the disk.
    pub fn damage(self, disk: &mut Disk, before_last_append: Option<Disk>) {
        match self {
            Self::ComesBackEmpty => *disk = Disk::default(),
            Self::RestartForgetsConfig => disk.snapshot.config = raftbare::ClusterConfig::new(),
            Self::AppendNotSynced => {
                if let Some(before) = before_last_append {
                    disk.entries = before.entries;
                    disk.commands = before.commands;
                }
            }
            _ => {}
        }
    }
}

/// The highest index that a majority of the voters has, whatever its term.
fn majority_index(node: &Node, own_index: LogIndex) -> LogIndex {
    if !node.role().is_leader() || node.config().is_joint_consensus() {
        return LogIndex::ZERO;
    }
    let voters = &node.config().voters;
    let index_of = |&id: &NodeId| match id == node.id() {
        true => own_index,
        false => node.match_index(id).unwrap_or(LogIndex::ZERO),
    };
    let mut indexes: alloc::vec::Vec<LogIndex> = voters.iter().map(index_of).collect();
    indexes.sort_unstable();
    let lacking = indexes.len().saturating_sub(1) / 2;
    indexes.get(lacking).copied().unwrap_or(LogIndex::ZERO)
}
