//! Hands the linker the memory map and the names of the interrupts.

use std::{env, fs, path::PathBuf};

/// As the vector table in `main.rs` lists them.
const INTERRUPTS: [&str; 11] = [
    "UART0_RX",
    "UART0_TX",
    "UART1_RX",
    "UART1_TX",
    "UART2_RX",
    "UART2_TX",
    "DUALTIMER",
    "UART3_RX",
    "UART3_TX",
    "UART4_RX",
    "UART4_TX",
];

fn main() -> std::io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::copy("memory.x", out.join("memory.x"))?;
    let provide = |name: &&str| format!("PROVIDE({name} = DefaultHandler);\n");
    fs::write(
        out.join("device.x"),
        INTERRUPTS.iter().map(provide).collect::<String>(),
    )?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=--nmagic");
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rerun-if-changed=memory.x");
    Ok(())
}
