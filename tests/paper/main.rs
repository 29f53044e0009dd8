//! The rules of the paper, a module for each section (of the extended version), a test for each sentence.
//!
//! Every row of the paper map in the core's `node.rs` and every decision about what the paper leaves open
//! has a test here that fails when the rule is broken.

mod campaigns; // thesis §4.2.2, and how a node begins
mod commitment; // §5.3, §5.4.2
mod configuration; // §6: configurations and joint consensus
mod disturbance; // §6: removed servers, and when a leader believes that it leads
mod elections; // §5.2, §5.4.1
mod events; // what a node tells besides its actions
mod followers; // §5.3, the receiving side
mod habits; // what users see and rely on: numbers, strangers, taking a part
mod handovers; // thesis §3.10: how a transfer of leadership goes in a cluster
mod lost_tail; // thesis §3.8: a follower that has lost what it had acknowledged
mod lost_tail_runs; // the same by chance
mod never_leads; // a voter that does not call for votes, by its own choice
mod pending; // §5.3, several calls before the actions are taken
mod pre_votes; // thesis §9.6: pre-vote
mod reads; // §8
mod replication; // §5.3, the leader's side
mod snapshots; // §7
mod stable; // thesis §4.2.3, §6.2: stable leadership
mod stable_links; // the same where links work one way only, or cut what they carry
mod storage; // thesis §10.2.1: asynchronous storage, and what waits for it
mod storage_writes; // thesis §10.2.1: which write waits for which
mod terms; // §5.1
mod transfer; // thesis §3.10: the rules of a transfer of leadership
mod transfer_votes; // thesis §3.10: late votes, and messages without their kind
