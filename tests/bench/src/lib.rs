//! raftbare next to the crates of the same shape: see `tests/peers.rs`.
