//! What must hold of two servers, or of a server before and after a step. What must hold over time is in
//! [`history`](crate::history).

use std::collections::BTreeMap;

use raftbare::{LogEntry, LogIndex, LogPosition, Message, Node, NodeId, Term};
use raftbare_sim::checker::{Verdict, Violation};
use raftbare_sim::disk::Disk;
use raftbare_sim::server::Server;

use crate::step::Local;

/// A violation of this property.
pub(crate) fn violation(property: &'static str, detail: String) -> Verdict {
    Err(Violation { property, detail })
}

/// Log Matching (§5.3): if two logs have an entry of one position, they are the same up to there, commands included.
pub fn log_matching(one: &Server, other: &Server) -> Verdict {
    let (Some(a), Some(b)) = (&one.node, &other.node) else {
        return Ok(());
    };
    let (a, b) = (a.log().entries(), b.log().entries());
    let first = a.prev_position().index.max(b.prev_position().index).get() + 1;
    let last = a.last_position().index.min(b.last_position().index).get();
    let mut must_match = false;
    for index in (first..=last).rev().map(LogIndex::new) {
        let content = |entries: &raftbare::LogEntries, server: &Server| {
            let term = entries.get_term(index)?;
            let position = LogPosition { term, index };
            let entry = entries.get_entry(index)?;
            let command = (entry == LogEntry::Command).then(|| server.commands.get(position));
            Some((entry, command))
        };
        must_match |= a.get_term(index) == b.get_term(index);
        let is_same =
            a.get_term(index) == b.get_term(index) && content(a, one) == content(b, other);
        if must_match && !is_same {
            return violation(
                "Log Matching",
                format!("index {index} of {} and {}: {a} and {b}", one.id, other.id),
            );
        }
    }
    Ok(())
}

/// State Machine Safety (§5.4.3), seen from the state machines: after the same index they are equal.
pub fn states_match(one: &Server, other: &Server) -> Verdict {
    let (a, b) = (one.state, other.state);
    if a.applied == b.applied && a.digest != b.digest {
        return violation(
            "State Machine Safety",
            format!(
                "after {} the states of {} and {} differ",
                a.applied, one.id, other.id
            ),
        );
    }
    Ok(())
}

/// Leader Append-Only (§5.3): as long as it leads a term, a leader keeps what is in its log.
pub fn leader_append_only(before: &Node, after: &Node) -> Verdict {
    let leads_on = before.role().is_leader()
        && after.role().is_leader()
        && before.current_term() == after.current_term();
    let old_end = before.log().last_position();
    let log = after.log();
    let is_kept = log.entries().contains(old_end) || old_end.index < log.snapshot_position().index;
    if leads_on && !is_kept {
        return violation(
            "Leader Append-Only",
            format!("{old_end} is gone from {after}"),
        );
    }
    Ok(())
}

/// What a follower has acknowledged to the leader of its term is on its disk (figure 2, "persistent state"). If it is
/// not, the disk has forgotten it; and only then the leader refuses that follower (thesis §3.8).
pub fn acknowledged_is_stored(leader: &Local, follower: &Local) -> Verdict {
    let (node, disk) = (leader.node(), &follower.server.disk);
    let Some(index) = node.match_index(follower.server.id) else {
        return Ok(());
    };
    if follower.has_forgotten {
        return Ok(());
    }
    let id = follower.server.id;
    if node.has_lost_tail(id) {
        return violation(
            "Stored stays",
            format!("{id} has not lost anything, as {node} believes"),
        );
    }
    let term = node.log().entries().get_term(index);
    let is_stored = disk.current_term > node.current_term()
        || index <= disk.snapshot.position.index
        || term.is_none_or(|term| disk.entries.contains(LogPosition { term, index }));
    if !is_stored {
        let entries = &disk.entries;
        return violation(
            "Acknowledged is stored",
            format!("{id} has {entries}, and {node} counts it up to {index}"),
        );
    }
    Ok(())
}

/// What is found committed is on the disks of a majority by then (§5.3), in joint consensus of both (§6).
pub fn committed_is_stored(
    node: &Node,
    index: LogIndex,
    disks: &BTreeMap<NodeId, &Disk>,
) -> Verdict {
    let Some(term) = node.log().entries().get_term(index) else {
        return Ok(());
    };
    let position = LogPosition { term, index };
    let is_stored = |id: &NodeId| {
        disks.get(id).is_some_and(|disk| {
            index <= disk.snapshot.position.index || disk.entries.contains(position)
        })
    };
    let config = node.config();
    for voters in [&config.voters, &config.new_voters] {
        let count = voters.iter().filter(|id| is_stored(id)).count();
        if !voters.is_empty() && 2 * count <= voters.len() {
            return violation(
                "Committed is stored",
                format!("{position} is committed on {node}, and on {count} disks"),
            );
        }
    }
    Ok(())
}

/// As long as it leads a term, a leader does not count a follower again that it has refused (thesis §3.8).
pub fn refused_stays_refused(before: &Node, after: &Node) -> Verdict {
    let leads_on = after.role().is_leader() && before.current_term() == after.current_term();
    let counts_again = |&peer: &NodeId| {
        before.has_lost_tail(peer)
            && (!after.has_lost_tail(peer) || after.match_index(peer) != Some(LogIndex::ZERO))
    };
    match after.peers().filter(|_| leads_on).find(counts_again) {
        Some(peer) => violation(
            "A lost tail is refused",
            format!("{after} counts {peer} again"),
        ),
        None => Ok(()),
    }
}

/// Within one life, term, commit index and state never go back.
pub fn never_back(before: &Server, after: &Server) -> Verdict {
    if let (Some(old), Some(new)) = (&before.node, &after.node)
        && new.current_term() < old.current_term()
    {
        return violation("Term never goes back", format!("{old}, then {new}"));
    }
    if after.commit_index() < before.commit_index() {
        let (from, to) = (before.commit_index(), after.commit_index());
        return violation(
            "Commit index never goes back",
            format!("{}: {from}, then {to}", after.id),
        );
    }
    if after.state.applied < before.state.applied {
        let (from, to) = (before.state.applied, after.state.applied);
        return violation(
            "The state never goes back",
            format!("{}: {from}, then {to}", after.id),
        );
    }
    Ok(())
}

/// Over all lives, the stored term never goes back.
pub fn stored_term_never_back(before: &Disk, after: &Disk) -> Verdict {
    if after.current_term < before.current_term {
        let (from, to) = (before.current_term, after.current_term);
        return violation("Stored term never goes back", format!("{from}, then {to}"));
    }
    Ok(())
}

/// One vote per term (§5.2): within a term a vote is changed only for the one who turns out to lead it.
pub fn one_vote_per_term(before: &Node, after: &Node, input: Option<&Message>) -> Verdict {
    let is_kept = before.current_term() != after.current_term()
        || before.voted_for().is_none()
        || before.voted_for() == after.voted_for();
    let leader = match input {
        Some(call @ Message::AppendEntriesCall { .. }) => Some((call.from(), call.term())),
        _ => None,
    };
    let follows = after.voted_for().map(|vote| (vote, after.current_term()));
    if !is_kept && follows != leader {
        return violation("One vote per term", format!("{before}, then {after}"));
    }
    Ok(())
}

/// Persist before send (figure 2): what a message promises is on the disk. `before` is the node before the input.
pub fn persist_before_send(
    before: &Node,
    server: &Server,
    to: NodeId,
    message: &Message,
) -> Verdict {
    if message.kind().is_pre_vote() {
        return Ok(());
    }
    let disk = &server.disk;
    let is_of_term = disk.current_term == message.term();
    let is_stored = match message {
        _ if disk.current_term < message.term() => false,
        Message::RequestVoteCall { .. } if is_of_term => disk.voted_for == Some(server.id),
        Message::RequestVoteReply {
            vote_granted: true, ..
        } if is_of_term => {
            disk.voted_for == Some(to)
                || is_vote_of_known_leader(before, server, to, message.term())
        }
        Message::AppendEntriesReply { last_position, .. } => {
            disk.entries.contains(*last_position)
                || last_position.index < disk.entries.prev_position().index
        }
        _ => true,
    };
    if !is_stored {
        let (term, vote, entries) = (disk.current_term, disk.voted_for, &disk.entries);
        return violation(
            "Persist before send",
            format!("{message} leaves, and the disk has term {term}, vote {vote:?}, {entries}"),
        );
    }
    Ok(())
}

/// A vote that waited to be sent while the leader of its term became known: the stored vote names that one, by
/// [`one_vote_per_term`], and nobody else can win.
fn is_vote_of_known_leader(before: &Node, server: &Server, to: NodeId, term: Term) -> bool {
    let waited = before
        .actions()
        .send_messages
        .get(&to)
        .is_some_and(|waiting| {
            let is_vote = matches!(
                waiting,
                Message::RequestVoteReply {
                    vote_granted: true,
                    ..
                }
            );
            is_vote && waiting.term() == term
        });
    let known = server.node.as_ref().and_then(Node::voted_for);
    waited && known.is_some() && server.disk.voted_for == known
}
