//! The target `node` under libFuzzer: see `src/node.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| raftbare_fuzz::node::run(bytes, &mut |_| {}));
