//! The target `codec` under libFuzzer: see `src/codec.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| raftbare_fuzz::codec::run(bytes, &mut |_| {}));
