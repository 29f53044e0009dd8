//! thesis §10.2.1: what a replica gives out while a batch is being stored, where its node waits for reports.

use raftbare::codec::{Limits, decode_envelope};
use raftbare::replica::{Output, Outputs, Refusal, Replica, ReplicaOptions};
use raftbare::{Message, NodeId, Role};

type Bytes = Vec<u8>;

fn id(value: u64) -> NodeId {
    NodeId::new(value)
}

fn options() -> ReplicaOptions {
    let mut options = ReplicaOptions::default();
    options.node.asynchronous_storage = true;
    options
}

/// What is sent among these outputs: to whom, and the envelope.
fn sent(outputs: Outputs<'_, Bytes>) -> Vec<(NodeId, Bytes)> {
    let sent = outputs.filter_map(|output| match output {
        Output::Send(to, envelope) => {
            let mut bytes = Vec::new();
            envelope.encode(&mut bytes).expect("a vector has room");
            Some((to, bytes))
        }
        _ => None,
    });
    sent.collect()
}

/// Brings envelopes to another replica.
fn deliver(envelopes: &[(NodeId, Bytes)], to: &mut Replica<Bytes>) {
    for (receiver, bytes) in envelopes {
        if *receiver == to.node().id() {
            to.receive(bytes).expect("it is an envelope");
        }
    }
}

/// Whether there is such a message among what is sent.
fn sends(outputs: Outputs<'_, Bytes>, is_it: impl Fn(&Message) -> bool) -> bool {
    let decode = |bytes: &Bytes| decode_envelope(bytes, &Limits::default()).map(|it| it.0);
    let envelopes = sent(outputs);
    let mut messages = envelopes.iter().map(|(_, bytes)| decode(bytes));
    messages.any(|message| is_it(&message.expect("it is an envelope")))
}

/// Stores all there is to store, everywhere, and delivers what leaves then, until nothing happens any more.
fn settle(replicas: &mut [Replica<Bytes>]) {
    for turn in 0..20 {
        let turn = turn % replicas.len();
        while let Some(batch) = replicas[turn].next_batch() {
            let sent = sent(replicas[turn].persisted(batch));
            for receiver in &mut *replicas {
                deliver(&sent, receiver);
            }
        }
    }
}

/// The replicas 1 to N, led by the first; nothing is under way.
fn founded<const N: usize>() -> [Replica<Bytes>; N] {
    let ids: [_; N] = std::array::from_fn(|place| id(1 + place as u64));
    let mut replicas = ids.map(|id| Replica::start(id, options()));
    replicas[0].create_cluster(&ids);
    settle(&mut replicas);
    assert_eq!(replicas[0].node().role(), Role::Leader);
    replicas
}

fn acknowledges(outputs: Outputs<'_, Bytes>) -> bool {
    sends(outputs, |it| {
        matches!(it, Message::AppendEntriesReply { .. })
    })
}

/// What is to be applied or answered.
fn done<'a>(outputs: Outputs<'a, Bytes>) -> Vec<Output<'a, Bytes>> {
    let is_told = |it: &_| !matches!(it, Output::SetTimer(_) | Output::Send(..));
    outputs.filter(is_told).collect()
}

fn is_heartbeat(message: &Message) -> bool {
    matches!(message, Message::AppendEntriesCall { entries, .. } if entries.is_empty())
}

#[test]
fn thesis_10_2_1_heartbeats_leave_while_a_batch_is_being_stored() {
    let [mut leader, _] = founded();
    leader.propose(b"a".to_vec()).expect("it leads");
    let _ = sent(leader.outputs());
    let batch = leader.next_batch().expect("there is an entry to store");
    for _ in 0..5 {
        leader.handle_timeout();
        assert!(leader.next_batch().is_none());
        assert!(sends(leader.outputs(), is_heartbeat));
    }
    let _ = sent(leader.persisted(batch));
}

#[test]
fn thesis_10_2_1_without_the_option_everything_waits_for_the_batch() {
    let mut replica = Replica::<Bytes>::start(id(1), ReplicaOptions::default());
    replica.create_cluster(&[id(1), id(2)]);
    let batch = replica.next_batch().expect("there is a term to store");
    assert_eq!(replica.outputs().count(), 0);
    assert!(replica.persisted(batch).count() > 0);
}

#[test]
fn thesis_10_2_1_what_promises_something_leaves_with_its_batch_only() {
    let [mut leader, mut follower] = founded();
    leader.propose(b"a".to_vec()).expect("it leads");
    deliver(&sent(leader.outputs()), &mut follower);
    assert!(!acknowledges(follower.outputs()));
    let batch = follower.next_batch().expect("there is an entry to store");
    assert!(!acknowledges(follower.outputs()));
    assert!(acknowledges(follower.persisted(batch)));
}

#[test]
fn thesis_10_2_1_what_others_have_committed_is_applied_and_read_when_it_is_stored_here() {
    let [mut leader, mut second, mut third] = founded();
    let ticket = leader.propose(b"a".to_vec()).expect("it leads");
    let slow = leader.next_batch().expect("there is an entry to store");
    let mut followers = |leader: &mut Replica<Bytes>| {
        let calls = sent(leader.outputs());
        for follower in [&mut second, &mut third] {
            deliver(&calls, follower);
            let quick = follower.next_batch().expect("there is a call to answer");
            deliver(&sent(follower.persisted(quick)), leader);
        }
    };
    followers(&mut leader);
    assert_eq!(leader.node().commit_index(), ticket.position().index);
    let read = leader.read().expect("it leads");
    followers(&mut leader);
    assert!(done(leader.outputs()).is_empty());
    let outputs = done(leader.persisted(slow));
    assert!(
        matches!(&outputs[..], [Output::Apply { payload, .. }, Output::ReadReady(it)]
            if **payload == b"a" && *it == read),
        "{outputs:?}"
    );
}

#[test]
fn thesis_10_2_1_a_store_that_has_failed_is_the_end_here_too() {
    let [mut leader, _] = founded();
    leader.propose(b"a".to_vec()).expect("it leads");
    let batch = leader.next_batch().expect("there is an entry to store");
    leader.storage_failed(batch);
    leader.handle_timeout();
    assert_eq!(leader.outputs().count(), 0);
}

#[test]
fn thesis_3_10_while_it_hands_over_a_replica_takes_no_proposals_and_says_to_whom() {
    let [mut leader, mut follower] = founded();
    assert_eq!(
        follower.transfer_leadership(id(1)),
        Err(Refusal::NotLeader(Some(id(1))))
    );
    assert_eq!(
        leader.transfer_leadership(id(9)),
        Err(Refusal::Target(id(9)))
    );
    leader.transfer_leadership(id(2)).expect("2 is a voter");
    let refused = leader.propose(b"a".to_vec()).expect_err("it hands over");
    assert_eq!(refused.reason, Refusal::Transferring(id(2)));
    let config = leader.node().config().to_joint_consensus(&[id(3)], &[]);
    assert_eq!(
        leader.propose_config(config),
        Err(Refusal::Transferring(id(2)))
    );
    assert!(leader.read().is_ok());
    assert!(leader.abort_transfer());
    assert!(leader.propose(b"a".to_vec()).is_ok());
    // And when it goes through, the other one leads.
    let mut replicas: [_; 2] = founded();
    let to_second = replicas[0].transfer_leadership(id(2));
    to_second.expect("2 is a voter");
    settle(&mut replicas);
    let [leader, follower] = replicas;
    assert_eq!(follower.node().role(), Role::Leader);
    assert_eq!(leader.node().role(), Role::Follower);
}
