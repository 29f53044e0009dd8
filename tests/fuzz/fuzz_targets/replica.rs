//! The target `replica` under libFuzzer: see `src/replica.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| raftbare_fuzz::replica::run(bytes, &mut |_| {}));
