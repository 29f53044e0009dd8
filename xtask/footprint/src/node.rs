//! A program that calls all of the documented API: a node, its log and its messages; without the codec, the notation
//! and the replica.
#![no_std]
#![no_main]

#[macro_use]
mod outside;

use outside::any;

use raftbare::{
    Actions, ClusterConfig, Log, LogEntries, LogEntry, LogIndex, LogPosition, Message, Node,
    NodeId, NodeOptions, ReadToken, Term,
};

entry_points! {
    node_start: Node::start(any::<NodeId>());
    node_restart: Node::restart(any::<NodeId>(), any::<Term>(), any::<Option<NodeId>>(), any::<Log>());
    node_create_cluster: any::<&mut Node>().create_cluster(any::<&[NodeId]>());
    node_handle_message: any::<&mut Node>().handle_message(any::<Message>());
    node_handle_election_timeout: any::<&mut Node>().handle_election_timeout();
    node_handle_snapshot_installed: any::<&mut Node>().handle_snapshot_installed(any::<LogPosition>(), any::<ClusterConfig>());
    node_propose_command: any::<&mut Node>().propose_command();
    node_propose_config: any::<&mut Node>().propose_config(any::<ClusterConfig>());
    node_heartbeat: any::<&mut Node>().heartbeat();
    node_read_index: any::<&mut Node>().read_index();
    node_read_status: any::<&Node>().read_status(any::<ReadToken>());
    node_get_commit_status: any::<&Node>().get_commit_status(any::<LogPosition>());
    node_set_options: any::<&mut Node>().set_options(any::<NodeOptions>());
    node_questions: {
        let node = any::<&Node>();
        (node.id(), node.role(), node.current_term(), node.voted_for(), node.commit_index(), node.config().voters.len())
    };
    node_leader_id: any::<&Node>().leader_id();
    node_match_index: any::<&Node>().match_index(any::<NodeId>());
    node_peers: any::<&Node>().peers().count();
    node_clone: any::<&Node>().clone();
    actions_next: any::<&mut Actions>().next();
    actions_is_empty: any::<&Actions>().is_empty();
    log_new: Log::new(any::<ClusterConfig>(), any::<LogEntries>());
    log_questions: {
        let log = any::<&Log>();
        (log.last_position(), log.snapshot_position(), log.latest_config().voters.len(), log.snapshot_config().voters.len())
    };
    log_get_position_and_config: any::<&Log>().get_position_and_config(any::<LogIndex>()).is_some();
    entries_from_iter: LogEntries::from_iter(any::<LogPosition>(), any::<[LogEntry; 2]>());
    entries_push: any::<&mut LogEntries>().push(any::<LogEntry>());
    entries_truncate: any::<&mut LogEntries>().truncate(any::<usize>());
    entries_since: any::<&LogEntries>().since(any::<LogPosition>());
    entries_iter: any::<&LogEntries>().iter().count();
    entries_iter_with_positions: any::<&LogEntries>().iter_with_positions().count();
    entries_questions: {
        let entries = any::<&LogEntries>();
        (entries.len(), entries.contains(any::<LogPosition>()), entries.contains_index(any::<LogIndex>()),
         entries.get_term(any::<LogIndex>()), entries.prev_position(), entries.last_position())
    };
    entries_get_entry: any::<&LogEntries>().get_entry(any::<LogIndex>());
    config_new: ClusterConfig::new();
    config_to_joint_consensus: any::<&ClusterConfig>().to_joint_consensus(any::<&[NodeId]>(), any::<&[NodeId]>());
    config_contains: any::<&ClusterConfig>().contains(any::<NodeId>());
    config_unique_nodes: any::<&ClusterConfig>().unique_nodes().count();
    message_questions: (any::<&Message>().from(), any::<&Message>().term(), any::<&Message>().seqno());
}
