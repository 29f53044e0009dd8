//! The way to a state, as a script of the simulator: to be read, and to be played as `tests/scenarios/*.txt` are.

use raftbare::{Message, NodeId};
use raftbare_sim::disk::Disk;
use raftbare_sim::server::Payload;

use crate::bounds::Bounds;
use crate::explorer::Move;
use crate::step::{After, Input, Local};

/// The script of a way from the start of the bounds. Messages arrive by `inject`, each as it is.
#[must_use]
pub fn script(bounds: &Bounds, path: &[Move]) -> String {
    let mut lines = Vec::new();
    for (disk, id) in bounds.disks.iter().zip(1..) {
        lines.push(match *disk == Disk::default() {
            true => format!("start {id}"),
            false => restart(NodeId::new(id), disk),
        });
    }
    // From here on actions are executed where the script says so.
    lines.push("manual *".to_string());
    for step in path {
        lines.extend(input(step));
        lines.extend(end(step));
    }
    lines.join("\n") + "\n"
}

/// What is true of a server where a way ends, as a line of a script.
#[must_use]
pub fn expectation(local: &Local) -> String {
    let node = local.node();
    let (id, role, term) = (node.id(), node.role(), node.current_term());
    let vote = vote(node.voted_for());
    let (commit, log) = (node.commit_index(), node.log().entries());
    format!("expect {id} {role} t{term} vote {vote} commit {commit} log {log}")
}

fn vote(vote: Option<NodeId>) -> String {
    vote.map_or("-".to_string(), |id| id.to_string())
}

fn restart(id: NodeId, disk: &Disk) -> String {
    let (term, vote) = (disk.current_term, vote(disk.voted_for));
    format!("restart {id} t{term} vote {vote} {}", disk.log())
}

fn input(step: &Move) -> Vec<String> {
    let id = step.before.server.id;
    let line = match &step.input {
        Input::Timeout => format!("timeout {id}"),
        Input::Propose => format!("propose {id}"),
        Input::Config(config) => format!("config {id} {config}"),
        Input::Snapshot => format!("snapshot {id}"),
        Input::Transfer(Some(to)) => format!("transfer {id} {to}"),
        Input::Transfer(None) => format!("transfer {id} -"),
        Input::Read(_) => format!("read {id}"),
        Input::Receive(Payload::Snapshot(snapshot), _) => {
            let (position, config) = (snapshot.position, &snapshot.config);
            format!("inject {id} snapshot {position} {config}")
        }
        Input::Receive(Payload::Raft(message, _), cut) => {
            format!("inject {id} {}", shortened(message, *cut))
        }
        Input::Take => return Vec::new(),
    };
    vec![line]
}

/// A call with only so many of its entries.
fn shortened(message: &Message, cut: Option<usize>) -> Message {
    let mut message = message.clone();
    if let (Message::AppendEntriesCall { entries, .. }, Some(len)) = (&mut message, cut) {
        entries.truncate(len);
    }
    message
}

fn end(step: &Move) -> Vec<String> {
    let id = step.before.server.id;
    let take = |count: u8| (count > 0).then(|| format!("take {id} {count}"));
    match step.after {
        After::Taken => vec![format!("take {id}")],
        After::Waits(count) => take(count).into_iter().collect(),
        // Its disk is said in full: the crash may have been in the middle of a write.
        After::Crashed(count) => {
            let crash = [
                format!("crash {id}"),
                restart(id, &step.local.server.disk),
                format!("take {id}"),
            ];
            take(count).into_iter().chain(crash).collect()
        }
    }
}
