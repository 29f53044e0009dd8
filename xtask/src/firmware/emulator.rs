//! The emulator of the microcontrollers.

use anyhow::{Result, bail};

use crate::process::{is_installed, program, run};
use crate::say;
use crate::toolchain::is_debian_root;

/// Installs the emulator, or says what to install.
pub(crate) fn install() -> Result<()> {
    if is_installed("qemu-system-arm") {
        return Ok(());
    }
    if !is_debian_root() {
        bail!(
            "qemu-system-arm is missing: install QEMU for Arm (Debian: qemu-system-arm, Homebrew: qemu)"
        );
    }
    say::note("Debian's package qemu-system-arm brings the emulator");
    let apt = || {
        let mut apt = program("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive").arg("-q");
        apt
    };
    run(apt().arg("update"))?;
    run(apt().args([
        "install",
        "-y",
        "--no-install-recommends",
        "qemu-system-arm",
    ]))
}
