//! `cargo xtask targets`: the core as a library for microcontrollers and WebAssembly, with and without `defmt`.

use crate::{
    process::{run, target_dir},
    toolchain::Toolchain,
};
use anyhow::Result;

/// What the core is built for: Cortex-M0, M3, M4F, 32-bit RISC-V without atomics, and browsers.
pub(crate) const TARGETS: [&str; 5] = [
    "thumbv6m-none-eabi",
    "thumbv7m-none-eabi",
    "thumbv7em-none-eabihf",
    "riscv32imc-unknown-none-elf",
    "wasm32-unknown-unknown",
];

pub(crate) fn all() -> Result<()> {
    build(&TARGETS)
}

/// Builds the core for each of `targets`, in one folder away from the host's builds.
pub(crate) fn build(targets: &[impl AsRef<str>]) -> Result<()> {
    let folder = target_dir().join("cross");
    for target in targets {
        let toolchain = Toolchain::for_target(target.as_ref())?;
        for features in [&[][..], &["--features", "defmt"]] {
            run(toolchain
                .cargo("build")
                .args(["--locked", "-p", "raftbare", "--lib"])
                .args(features)
                .arg("--target-dir")
                .arg(&folder))?;
        }
    }
    Ok(())
}
