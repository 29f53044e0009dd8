//! Building the firmware of a board.

use super::elf;
use super::sizes::Sizes;
use super::uf2::{self, Family};
use crate::{
    process::{cargo, is_installed, program, root, run, target_dir},
    say,
    toolchain::Toolchain,
};
use anyhow::{Context, Result, bail};
use std::{fs, path::PathBuf};

/// A board: the name of its folder and package, and what it runs.
struct Board {
    name: &'static str,
    target: &'static str,
    /// How a probe calls its chip; there is none in an emulator.
    chip: Option<&'static str>,
    /// If its boot loader takes files of this form.
    uf2: Option<Family>,
    /// What its firmware may take: some 2 % more than it does, so that growth is noticed.
    most: Sizes,
}

const BOARDS: [Board; 4] = [
    Board {
        name: "qemu-mps2",
        target: "thumbv7m-none-eabi",
        chip: None,
        uf2: None,
        most: Sizes {
            flash: 165_000,
            memory: 97_700,
        },
    },
    Board {
        name: "pico",
        target: "thumbv6m-none-eabi",
        chip: Some("RP2040"),
        uf2: Some(Family::Rp2040),
        most: Sizes {
            flash: 185_000,
            memory: 86_300,
        },
    },
    Board {
        name: "pico2",
        target: "thumbv8m.main-none-eabihf",
        chip: Some("RP235x"),
        uf2: Some(Family::Rp2350),
        most: Sizes {
            flash: 181_500,
            memory: 86_300,
        },
    },
    Board {
        name: "nrf52840-dk",
        target: "thumbv7em-none-eabihf",
        chip: Some("nRF52840_xxAA"),
        uf2: None,
        most: Sizes {
            flash: 180_500,
            memory: 86_300,
        },
    },
];

pub(crate) fn names() -> Vec<&'static str> {
    BOARDS.iter().map(|board| board.name).collect()
}

/// Where the boards are: a workspace of its own.
const MANIFEST: &str = "embedded-example/boards/Cargo.toml";

/// Checks the formatting of the boards, and builds all of them.
pub(crate) fn all() -> Result<()> {
    let mut fmt = cargo();
    fmt.args(["fmt", "--check", "--manifest-path", MANIFEST]);
    let others = ["board-common", "board-usb", "qemu-checks"];
    for package in others.into_iter().chain(names()) {
        fmt.args(["-p", package]);
    }
    run(&mut fmt)?;
    names()
        .into_iter()
        .try_for_each(|name| board(name).map(drop))
}

/// Builds the firmware of a board, and writes it to the one at the probe.
pub(crate) fn flash(name: &str) -> Result<()> {
    let Some(chip) = find(name)?.chip else {
        bail!("{name} is an emulator: `cargo xtask firmware` runs it");
    };
    let firmware = board(name)?;
    if !is_installed("probe-rs") {
        let uf2 = firmware.with_extension("uf2");
        match uf2.exists() {
            true => bail!(
                "probe-rs is missing (see probe.rs for how to install it); or, without a probe, hold BOOTSEL \
                 while the cable goes in, and drop {} on the drive",
                uf2.display()
            ),
            false => bail!("probe-rs is missing: see probe.rs for how to install it"),
        }
    }
    run(program("probe-rs")
        .args(["download", "--chip", chip])
        .arg(&firmware))?;
    run(program("probe-rs").args(["reset", "--chip", chip]))
}

fn find(name: &str) -> Result<&'static Board> {
    let board = BOARDS.iter().find(|board| board.name == name);
    board.with_context(|| format!("there is no board {name}"))
}

/// Builds a package of the boards, with features or without; returns the folder of its programs.
pub(crate) fn package(name: &str, target: &str, features: &[&str]) -> Result<PathBuf> {
    let folder = target_dir().join("boards");
    let toolchain = Toolchain::for_target(target)?;
    run(toolchain
        .cargo("build")
        .args(["--locked", "--release", "-p", name])
        .args(["--manifest-path", MANIFEST])
        .args(features.iter().map(|name| format!("--features={name}")))
        .arg("--target-dir")
        .arg(&folder))?;
    Ok(folder.join(target).join("release"))
}

/// Builds one board; returns where its firmware is.
pub(crate) fn board(name: &str) -> Result<PathBuf> {
    board_with(name, &[])
}

/// As [`board`], with links at 1,000,000 baud.
pub(crate) fn fast_board(name: &str) -> Result<PathBuf> {
    board_with(name, &["fast-links"])
}

fn board_with(name: &str, features: &[&str]) -> Result<PathBuf> {
    let board = find(name)?;
    let built = package(board.name, board.target, features)?.join(board.name);
    let firmware = target_dir().join("firmware").join(format!("{name}.elf"));
    fs::create_dir_all(firmware.parent().context("it is in a folder")?)?;
    fs::copy(&built, &firmware).with_context(|| format!("cannot copy {}", built.display()))?;
    let elf = fs::read(&firmware)?;
    let segments = elf::segments(&elf).context("the firmware is no ELF file")?;
    if let Some(family) = board.uf2 {
        let file = uf2::file(&segments, family);
        fs::write(firmware.with_extension("uf2"), file)?;
    }
    let sizes = Sizes::of(&segments);
    say::note(&format!(
        "{name}: {} bytes of flash, {} of static memory, in {}",
        sizes.flash,
        sizes.memory,
        firmware.strip_prefix(root()).unwrap_or(&firmware).display()
    ));
    sizes.check(name, &board.most)?;
    Ok(firmware)
}
