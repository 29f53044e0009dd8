//! The target `schedule` under libFuzzer: see `src/schedule.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| raftbare_fuzz::schedule::run(bytes, &mut |_| {}));
