//! `cargo xtask package`: packs the core as for a registry, and builds and runs programs against the packed files.
//!
//! The programs are in `xtask/consumer`. They are laid out beside the unpacked core, outside every workspace, so
//! that nothing of this workspace can help them.

use crate::{
    process::{self, cargo, program, root, target_dir},
    toolchain::Toolchain,
};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The microcontroller for which the `no_std` program is linked.
const BOARD: &str = "thumbv7m-none-eabi";
/// What every packed core must hold.
const REQUIRED: [&str; 5] = [
    "Cargo.toml",
    "README.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "src/lib.rs",
];

pub(crate) fn run() -> Result<()> {
    let folder = target_dir().join("consumer");
    unpack(&pack()?, &folder.join("raftbare"))?;
    for name in ["std", "no_std"] {
        let package = lay_out(name, &folder)?;
        let build = folder.join("build");
        process::run(in_package(
            cargo().args(["run", "--quiet"]),
            &package,
            &build,
        ))?;
        if name == "no_std" {
            let cross = target_dir().join("cross");
            let toolchain = Toolchain::for_target(BOARD)?;
            process::run(in_package(&mut toolchain.cargo("build"), &package, &cross))?;
        }
    }
    Ok(())
}

/// Packs the core and returns the packed file. The programs compile it, so cargo need not.
fn pack() -> Result<PathBuf> {
    let folder = target_dir().join("package");
    for old in packed_files(&folder) {
        fs::remove_file(old)?;
    }
    process::run(
        cargo()
            .args([
                "package",
                "--locked",
                "-p",
                "raftbare",
                "--allow-dirty",
                "--no-verify",
            ])
            .arg("--target-dir")
            .arg(target_dir()),
    )?;
    let packed = packed_files(&folder);
    let [file] = &packed[..] else {
        bail!(
            "one packed file expected in {}, found {packed:?}",
            folder.display()
        );
    };
    Ok(file.clone())
}

fn packed_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_packed = |path: &PathBuf| path.extension().is_some_and(|end| end == "crate");
    entries
        .map(|entry| entry.path())
        .filter(is_packed)
        .collect()
}

/// Unpacks `file` into `folder`, which holds nothing else afterwards.
fn unpack(file: &Path, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    // `m`: the packed files are dated years back, which cargo would take for "nothing has changed".
    let mut tar = program("tar");
    tar.arg("-xmzf")
        .arg(file)
        .arg("-C")
        .arg(folder)
        .arg("--strip-components=1");
    process::run(&mut tar)?;
    for name in REQUIRED {
        if !folder.join(name).is_file() {
            bail!("the packed core has no {name}");
        }
    }
    Ok(())
}

/// Copies the program `name` beside the unpacked core and returns its folder.
fn lay_out(name: &str, folder: &Path) -> Result<PathBuf> {
    let from = root().join("xtask/consumer").join(name);
    let to = folder.join(name);
    fs::create_dir_all(to.join("src"))?;
    let copy = |source: &str, copy: &str| {
        fs::copy(from.join(source), to.join(copy))
            .with_context(|| format!("cannot copy {source} of {}", from.display()))
    };
    copy("Cargo.toml.in", "Cargo.toml")?;
    for entry in fs::read_dir(from.join("src"))? {
        let file = format!("src/{}", entry?.file_name().to_string_lossy());
        copy(&file, &file)?;
    }
    Ok(to)
}

/// Lets `command` work in the folder of another package, which builds into `build`.
fn in_package<'a>(command: &'a mut Command, package: &Path, build: &Path) -> &'a mut Command {
    let manifest = package.join("Cargo.toml");
    command
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(build)
}
