//! Taking batches and giving them back; what comes out is executed, and checked against all that is known.

use raftbare::LogEntry;
use raftbare::replica::{Output, Payload};

use crate::checks::split;
use crate::cluster::{Cluster, Packet};

impl<P: Payload + std::fmt::Debug> Cluster<P> {
    /// Takes the next batch out; whether there is one.
    pub(crate) fn take(&mut self, node: u64) -> bool {
        let member = self.member(node);
        let batch = member.replica.next_batch();
        let is_some = batch.is_some();
        if is_some {
            assert!(member.out.is_none(), "two batches are out");
            member.out = batch;
        }
        self.check(node);
        is_some
    }

    /// Stores the batch that is out, gives it back, and executes what comes out; returns that in words.
    #[track_caller]
    pub(crate) fn give(&mut self, node: u64) -> Vec<String> {
        self.give_some(node, usize::MAX)
    }

    /// As `give`, but takes only so many outputs.
    #[track_caller]
    pub(crate) fn give_some(&mut self, node: u64, most: usize) -> Vec<String> {
        let member = self.members.get_mut(&node).expect("a member");
        let batch = member.out.take().expect("a batch is out");
        member.store.save(&batch);
        let mut outputs = Vec::new();
        for output in member.replica.persisted(batch).take(most) {
            let words = match output {
                Output::SetTimer(role) => format!("timer {role:?}"),
                Output::Send(to, envelope) => {
                    let mut bytes = Vec::new();
                    let len = envelope.encode(&mut bytes).expect("a Vec grows");
                    assert_eq!(len, bytes.len());
                    let message = envelope.message().cloned();
                    if let Some(message) = &message {
                        member.store.assert_backs(to, message);
                    }
                    let text = message
                        .as_ref()
                        .map_or("chunk reply".to_owned(), ToString::to_string);
                    let words = format!("to {to}: {text}");
                    self.wire.push(Packet {
                        from: node,
                        to: to.get(),
                        bytes,
                        text,
                        message,
                    });
                    words
                }
                Output::SendChunk(to, chunk) => {
                    assert_eq!(member.store.snapshot.as_ref(), Some(chunk.snapshot()));
                    let start = usize::try_from(chunk.offset()).expect("a short snapshot");
                    let part = &member.store.bytes[start..start + chunk.len()];
                    let mut bytes = Vec::new();
                    let len = chunk.encode(part, &mut bytes).expect("a Vec grows");
                    assert_eq!(len, bytes.len());
                    let text = format!("chunk {}+{}", chunk.offset(), chunk.len());
                    let words = format!("to {to}: {text}");
                    self.wire.push(Packet {
                        from: node,
                        to: to.get(),
                        bytes,
                        text,
                        message: None,
                    });
                    words
                }
                Output::LoadSnapshot(snapshot) => {
                    assert_eq!(member.store.snapshot.as_ref(), Some(&snapshot));
                    member.state = split(&member.store.bytes);
                    member.applied = snapshot.position().index;
                    format!("load {}", snapshot.position())
                }
                Output::Apply {
                    position,
                    payload,
                    ticket,
                } => {
                    let bytes = payload.as_ref().to_vec();
                    let kept = &member.store.records[&position.index.get()];
                    assert_eq!(
                        (kept.position, kept.payload.as_ref()),
                        (position, Some(&bytes))
                    );
                    assert_eq!(self.proposed.get(&position), Some(&bytes), "{position}");
                    let between = member.applied.get() + 1..position.index.get();
                    assert!(
                        member.applied < position.index,
                        "{position} comes twice or late"
                    );
                    let mut skipped = member.store.records.range(between);
                    assert!(skipped.all(|(_, it)| it.entry != LogEntry::Command));
                    let other = self.decided.insert(position.index, position);
                    assert!(
                        other.is_none_or(|it| it == position),
                        "two commands at {position}"
                    );
                    member.applied = position.index;
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    member.state.push(bytes);
                    if let Some(ticket) = ticket {
                        assert_eq!(ticket.position(), position);
                        assert!(
                            member.waiting.remove(&position),
                            "answered twice: {position}"
                        );
                    }
                    let mark = if ticket.is_some() {
                        " for its client"
                    } else {
                        ""
                    };
                    format!("apply {position} {text}{mark}")
                }
                Output::ConfigCommitted {
                    position,
                    config,
                    ticket,
                } => {
                    assert!(member.store.holds(position) && member.applied < position.index);
                    member.applied = position.index;
                    let mark = if ticket.is_some() {
                        " for its client"
                    } else {
                        ""
                    };
                    format!("config {position} {config}{mark}")
                }
                Output::Rejected(ticket) => {
                    let position = ticket.position();
                    assert!(
                        member.waiting.remove(&position),
                        "rejected twice: {position}"
                    );
                    assert_ne!(self.decided.get(&position.index), Some(&position));
                    format!("rejected {position}")
                }
                Output::Unknown(ticket) => {
                    let position = ticket.position();
                    assert!(
                        member.waiting.remove(&position),
                        "answered twice: {position}"
                    );
                    format!("unknown {position}")
                }
                Output::ReadReady(ticket) => format!("ready {ticket:?}"),
                Output::ReadLost(ticket) => format!("lost {ticket:?}"),
            };
            outputs.push(words);
        }
        let is_other = |words: &&String| !words.starts_with("to ") && !words.starts_with("timer ");
        member.said.extend(outputs.iter().filter(is_other).cloned());
        self.check(node);
        outputs
    }
}
