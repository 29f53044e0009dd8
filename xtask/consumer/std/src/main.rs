//! Three nodes in one process elect a leader and commit one command: the loop of the README, as its reader writes it.

use raftbare::{Action, Log, LogEntries, LogPosition, Message, Node, NodeId, Term};
use std::collections::VecDeque;

/// A node and what would be on its disk.
struct Server {
    node: Node,
    term: Term,
    voted_for: Option<NodeId>,
    entries: LogEntries,
}

impl Server {
    fn start(id: NodeId) -> Self {
        Self {
            node: Node::start(id),
            term: Term::ZERO,
            voted_for: None,
            entries: LogEntries::new(LogPosition::ZERO),
        }
    }

    /// Executes all pending actions; messages go to `network`.
    fn execute(&mut self, network: &mut VecDeque<(NodeId, Message)>) {
        while let Some(action) = self.node.actions_mut().next() {
            match action {
                // Every message arrives here, so nobody waits for a timer.
                Action::SetElectionTimeout => {}
                Action::SaveCurrentTerm => self.term = self.node.current_term(),
                Action::SaveVotedFor => self.voted_for = self.node.voted_for(),
                Action::BroadcastMessage(message) => {
                    network.extend(self.node.peers().map(|peer| (peer, message.clone())));
                }
                Action::AppendLogEntries(new) => self.append(&new),
                Action::SendMessage(to, message) => network.push_back((to, message)),
                Action::InstallSnapshot(to) => panic!("nothing is compacted, yet {to:?} needs it"),
            }
        }
    }

    /// Overwrites the stored entries from `new.prev_position()` on.
    fn append(&mut self, new: &LogEntries) {
        let kept = new.prev_position().index.get() - self.entries.prev_position().index.get();
        self.entries
            .truncate(usize::try_from(kept).expect("a short log"));
        assert_eq!(self.entries.last_position(), new.prev_position(), "a gap");
        new.iter().for_each(|entry| self.entries.push(entry));
    }
}

/// Delivers messages until none is on its way.
fn run(servers: &mut [Server]) {
    let mut network = VecDeque::new();
    servers
        .iter_mut()
        .for_each(|server| server.execute(&mut network));
    while let Some((to, message)) = network.pop_front() {
        if let Some(server) = servers.iter_mut().find(|server| server.node.id() == to) {
            server.node.handle_message(message);
            server.execute(&mut network);
        }
    }
}

fn main() {
    let ids = [NodeId::new(0), NodeId::new(1), NodeId::new(2)];
    let mut servers = ids.map(Server::start);

    let created = servers[0].node.create_cluster(&ids);
    assert!(!created.is_invalid());
    run(&mut servers);
    assert!(servers[0].node.role().is_leader());
    assert!(servers[0].node.get_commit_status(created).is_committed());
    assert!(
        servers[1].node.propose_command().is_invalid(),
        "only leaders propose"
    );

    let command = servers[0].node.propose_command();
    run(&mut servers);
    assert!(servers[0].node.get_commit_status(command).is_committed());

    // The next beat tells the followers.
    assert!(servers[0].node.heartbeat());
    run(&mut servers);
    for server in servers {
        let node = &server.node;
        assert_eq!(node.commit_index(), command.index, "{:?}", node.id());
        assert_eq!(&server.entries, node.log().entries(), "{:?}", node.id());

        // What was saved is enough to come back.
        let log = Log::new(node.log().snapshot_config().clone(), server.entries);
        let back = Node::restart(node.id(), server.term, server.voted_for, log);
        assert!(back.role().is_follower());
        assert!(back.log().entries().contains(command));
    }
    println!("three nodes committed a command at {command:?}");
}
