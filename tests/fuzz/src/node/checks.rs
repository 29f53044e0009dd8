//! What one node owes to anybody, whatever it is told.

use std::collections::BTreeSet;

use raftbare::{CommitStatus, LogIndex, Message, Node, NodeId, ReadStatus, ReadToken};
use raftbare_tests::disk::Disk;

use super::input::{Answer, Input};

/// Messages that may wait for nodes outside the configuration, besides those that came to wait as members.
const MOST_STRANGERS: usize = 16;

/// What holds after every input, compared with `before`.
///
/// # Panics
///
/// If the term, the commit index, or the snapshot goes back; if the vote changes within a term, but to the leader;
/// if a committed entry changes; or if a leader takes an entry back (§5.3).
pub fn step(before: &Node, node: &Node) {
    assert!(node.id() == before.id());
    assert!(
        node.current_term() >= before.current_term(),
        "term: {before}, then {node}"
    );
    assert!(
        node.commit_index() >= before.commit_index(),
        "commit index: {before}, then {node}"
    );
    let (old, new) = (before.log(), node.log());
    assert!(
        new.snapshot_position().index >= old.snapshot_position().index,
        "snapshot: {before}, then {node}"
    );
    let is_same_term = node.current_term() == before.current_term();
    if is_same_term && node.voted_for() != before.voted_for() {
        let is_first = before.voted_for().is_none();
        let is_leaders = node.voted_for().is_some() && node.voted_for() == node.leader_id();
        assert!(is_first || is_leaders, "vote: {before}, then {node}");
    }
    let leads = is_same_term && before.role().is_leader() && node.role().is_leader();
    let kept = if leads {
        old.last_position().index
    } else {
        before.commit_index()
    };
    let first = old
        .snapshot_position()
        .index
        .max(new.snapshot_position().index);
    for index in (first.get()..=kept.get()).map(LogIndex::new) {
        let (was, is) = (old.entries(), new.entries());
        assert!(
            was.get_term(index) == is.get_term(index),
            "entry {index}: {before}, then {node}"
        );
        if index > first {
            assert_eq!(was.get_entry(index), is.get_entry(index), "entry {index}");
        }
    }
}

/// What holds of every node at any time.
///
/// # Panics
///
/// If its parts do not fit together, if more waits than may, or if what waits is not in its log. `members` are all
/// who have ever been: a message that waits for one stays when it is none any more.
pub fn state(node: &Node, members: &BTreeSet<NodeId>) {
    let (log, commit_index) = (node.log(), node.commit_index());
    let (first, last) = (log.snapshot_position(), log.last_position());
    assert!(
        first.index <= commit_index && commit_index <= last.index,
        "{node}"
    );
    assert!(last.term <= node.current_term(), "{node}");
    let committed = log.get_position_and_config(commit_index);
    let committed = committed.map(|(position, _)| node.get_commit_status(position));
    assert_eq!(committed, Some(CommitStatus::Committed), "{node}");
    let is_last_committed = node.get_commit_status(last).is_committed();
    assert_eq!(is_last_committed, commit_index == last.index, "{node}");
    for id in node.peers() {
        assert!(id != node.id() && node.config().contains(id), "{node}");
        assert!(
            node.match_index(id).is_none_or(|index| index <= last.index),
            "{node}"
        );
        assert_eq!(
            node.match_index(id).is_some(),
            node.role().is_leader(),
            "{node}"
        );
    }
    pending(node, members);
}

/// What a node takes for stored is.
///
/// # Panics
///
/// If it is not on this disk.
pub fn durable(node: &Node, disk: &Disk) {
    let index = node.durable_index();
    let position = node.log().get_position_and_config(index);
    let position = position.map_or_else(|| panic!("{index} is not in {node}"), |it| it.0);
    assert!(disk.covers(position), "not stored: {position} of {node}");
}

/// What the options promise, and what a transfer says of itself (thesis §3.10).
///
/// # Panics
///
/// If a node hands over and takes proposals, or does not hand over to whom it says; if one that never leads campaigns
/// by itself; if one that does not listen tells anything, or refuses a follower without being told to.
pub fn options(before: &Node, input: &Input, answer: Answer, node: &Node) {
    let (target, leads) = (node.transfer_target(), node.role().is_leader());
    assert!(target.is_none() || leads, "{node}");
    match input {
        Input::Transfer(to) => assert_eq!(answer.is_accepted, target == Some(*to), "{node}"),
        Input::AbortTransfer => {
            assert_eq!(answer.is_accepted, before.transfer_target().is_some());
            assert_eq!(target, None, "{node}");
        }
        Input::Propose(_) | Input::Config(_) => {
            assert!(target.is_none() || !answer.is_accepted, "{node}");
        }
        Input::Timeout if node.options().never_leads && before.config().voters.len() > 1 => {
            let campaigns = node.current_term() > before.current_term() || node.is_pre_candidate();
            let is_joint = before.config().is_joint_consensus();
            assert!(
                is_joint || !campaigns || before.is_pre_candidate(),
                "{node}"
            );
        }
        Input::Event => assert!(answer.event.is_none() || node.options().events, "{node}"),
        _ => {}
    }
    let refused = |node: &Node| node.peers().filter(|&id| node.has_lost_tail(id)).count();
    if refused(node) > refused(before) {
        assert!(leads && before.options().refuses_lost_tail, "{node}");
    }
}

/// What waits to be done: bounded, and the log's.
fn pending(node: &Node, members: &BTreeSet<NodeId>) {
    let (actions, log) = (node.actions(), node.log());
    let receivers = actions.send_messages.keys();
    let strangers = receivers.filter(|&&id| !node.config().contains(id)).count();
    assert!(strangers <= MOST_STRANGERS + members.len(), "{actions}");
    assert!(
        actions.install_snapshots.is_empty() || node.role().is_leader(),
        "{node}: {actions}"
    );
    if let Some(entries) = &actions.append_log_entries {
        let rest = log.entries().since(entries.prev_position());
        assert_eq!(rest.as_ref(), Some(entries), "the pending append of {node}");
    }
    let sent = actions.send_messages.values();
    for message in sent.chain(&actions.broadcast_message) {
        assert!(message.from() == node.id(), "{message}");
        // A pre-vote names a term that nobody has entered yet.
        let is_entered = message.term() <= node.current_term();
        assert!(is_entered || message.kind().is_pre_vote(), "{message}");
        let Message::AppendEntriesCall { entries, .. } = message else {
            continue;
        };
        assert!(node.role().is_leader(), "{node} calls: {message}");
        // Below a snapshot that was taken meanwhile nothing can be compared.
        if let Some(mut rest) = log.entries().since(entries.prev_position()) {
            rest.truncate(entries.len());
            assert_eq!(&rest, entries, "{message}");
        }
    }
}

/// What holds of a node that has just come back.
///
/// # Panics
///
/// If it is more than a follower who knows its snapshot.
pub fn restarted(node: &Node) {
    assert!(node.role().is_follower(), "{node}");
    assert_eq!(node.commit_index(), node.log().snapshot_position().index);
    assert_eq!(node.leader_id(), None);
}

/// What a node says of a read (§8).
///
/// # Panics
///
/// If it is ready without a leader, or at an index that is not committed.
pub fn read(node: &Node, token: ReadToken) {
    if let ReadStatus::Ready(index) = node.read_status(token) {
        assert!(
            node.role().is_leader() && index <= node.commit_index(),
            "{node}"
        );
    }
}
