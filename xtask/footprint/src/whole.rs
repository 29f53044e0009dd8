//! A program that calls what `node.rs` leaves out, too: the codec, the notation, and a replica.
#![no_std]
#![no_main]

extern crate alloc;

#[macro_use]
mod outside;

use outside::any;

use alloc::vec::Vec;
use core::fmt::Write;

use raftbare::codec::{self, Limits};
use raftbare::replica::{Batch, NewSnapshot, Replica, ReplicaOptions, Stored};
use raftbare::{Action, ClusterConfig, LogEntries, Message, Node, NodeId, Term};

type Payload = Vec<u8>;

fn write(value: &dyn core::fmt::Display) -> bool {
    write!(any::<&mut alloc::string::String>(), "{value}").is_ok()
}

entry_points! {
    node_handle_message: any::<&mut Node>().handle_message(any::<Message>());
    encode_message: codec::encode_message(any::<&Message>(), any::<&mut Vec<u8>>());
    encode_hard_state: codec::encode_hard_state(any::<Term>(), any::<Option<NodeId>>(), any::<&mut Vec<u8>>());
    encode_entries: codec::encode_entries(any::<&LogEntries>(), any::<&mut Vec<u8>>());
    encode_config: codec::encode_config(any::<&ClusterConfig>(), any::<&mut Vec<u8>>());
    decode_message: codec::decode_message(any::<&[u8]>(), any::<&Limits>());
    decode_hard_state: codec::decode_hard_state(any::<&[u8]>(), any::<&Limits>());
    decode_entries: codec::decode_entries(any::<&[u8]>(), any::<&Limits>());
    decode_config: codec::decode_config(any::<&[u8]>(), any::<&Limits>());
    notation_node: write(any::<&Node>());
    notation_message: write(any::<&Message>());
    notation_action: write(any::<&Action>());
    replica_start: Replica::<Payload>::start(any::<NodeId>(), any::<ReplicaOptions>());
    replica_restart: Replica::<Payload>::restart(any::<NodeId>(), any::<ReplicaOptions>(), any::<Stored<Payload>>()).is_ok();
    replica_load: any::<&mut Stored<Payload>>().load(any::<u64>(), any::<&[u8]>()).is_ok();
    replica_push: any::<&mut Stored<Payload>>().push(any::<&[u8]>()).is_ok();
    replica_create_cluster: any::<&mut Replica<Payload>>().create_cluster(any::<&[NodeId]>());
    replica_receive: any::<&mut Replica<Payload>>().receive(any::<&[u8]>()).is_ok();
    replica_handle_timeout: any::<&mut Replica<Payload>>().handle_timeout();
    replica_propose: any::<&mut Replica<Payload>>().propose(any::<Payload>()).is_ok();
    replica_propose_config: any::<&mut Replica<Payload>>().propose_config(any::<ClusterConfig>()).is_ok();
    replica_read: any::<&mut Replica<Payload>>().read().is_ok();
    replica_next_batch: any::<&mut Replica<Payload>>().next_batch();
    replica_changes: any::<&Batch<Payload>>().changes().count();
    replica_records: any::<&Batch<Payload>>().records().map(|record| record.encode(any::<&mut Vec<u8>>()).is_ok()).count();
    replica_persisted: any::<&mut Replica<Payload>>().persisted(any::<Batch<Payload>>()).next().is_some();
    replica_storage_failed: any::<&mut Replica<Payload>>().storage_failed(any::<Batch<Payload>>());
    replica_begin_snapshot: any::<&mut Replica<Payload>>().begin_snapshot();
    replica_finish_snapshot: any::<&mut Replica<Payload>>().finish_snapshot(any::<NewSnapshot>());
}
