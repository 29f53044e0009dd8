//! The way to a state, as a script of the simulator: to be read, and to be played as `tests/scenarios/*.txt` are.

use raftbare::{Message, NodeId};
use raftbare_sim::disk::Disk;
use raftbare_sim::server::{Payload, Server};
use raftbare_sim::write::Report;

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
    lines.extend(options(bounds));
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
    if let Input::Write(count) = step.input {
        return write(&step.before.server, count);
    }
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
        Input::Report => format!("report {id}"),
        Input::Write(_) | Input::Take => return Vec::new(),
    };
    vec![line]
}

/// The options that a script can give.
fn options(bounds: &Bounds) -> Option<String> {
    let options = bounds.node_options();
    let stable = options.stable_leadership;
    let stable = stable.map(|it| format!(" stable {}", it.silent_timeouts));
    let transfer =
        (bounds.transfers > 0).then(|| format!(" transfer-timeouts {}", options.transfer_timeouts));
    let switches = [
        (options.refuses_lost_tail, " refuses-lost-tail"),
        (options.asynchronous_storage, " asynchronous"),
    ];
    let on = switches.into_iter().filter(|it| it.0).map(|it| it.1);
    let numbers = stable.iter().chain(&transfer).map(String::as_str);
    let words: String = numbers.chain(on).collect();
    (!words.is_empty()).then(|| format!("options *{words}"))
}

/// The writes of a disk, and the newest report of each kind.
fn write(server: &Server, count: usize) -> Vec<String> {
    let id = server.id;
    let (mut hard_state, mut log) = (None, None);
    for write in server.waiting_writes().take(count) {
        match write.report() {
            Some(report @ Report::HardState(..)) => hard_state = Some(report),
            Some(report @ Report::Log(_)) => log = Some(report),
            None => {}
        }
    }
    let reports = [hard_state, log].into_iter().flatten();
    let reports = reports.map(|report| format!("report {id} {report}"));
    [format!("write {id} {count}")]
        .into_iter()
        .chain(reports)
        .collect()
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
