//! `cargo xtask targets`: the core as a library for microcontrollers and WebAssembly, with and without `defmt`, and
//! the simulator, which runs there too.

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

/// What is built: the package and its features.
const BUILDS: [&[&str]; 3] = [
    &["raftbare"],
    &["raftbare", "--features", "defmt"],
    &["raftbare-sim"],
];

pub(crate) fn all() -> Result<()> {
    build(&TARGETS)
}

/// Builds all of it for each of `targets`, in one folder away from the host's builds.
pub(crate) fn build(targets: &[impl AsRef<str>]) -> Result<()> {
    let folder = target_dir().join("cross");
    for target in targets {
        let toolchain = Toolchain::for_target(target.as_ref())?;
        for package in BUILDS {
            run(toolchain
                .cargo("build")
                .args(["--locked", "--lib", "-p"])
                .args(package)
                .arg("--target-dir")
                .arg(&folder))?;
        }
    }
    Ok(())
}
