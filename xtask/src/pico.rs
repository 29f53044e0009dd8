//! `cargo xtask pico`: runs the very file that is dropped on a Raspberry Pi Pico on emulated chips, in node.

use crate::{
    firmware,
    npm::{copy, install_packages, require_node},
    process::{program, root, run, target_dir},
};
use anyhow::{Context, Result, ensure};
use std::{fs, path::Path};

/// What the tests are made of; the rest of the folder is npm's.
const SOURCES: [&str; 2] = ["src", "test"];
const MANIFESTS: [&str; 4] = [
    ".npmrc",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
];

pub(crate) fn tests() -> Result<()> {
    require_node()?;
    let image = firmware::image("pico")?;
    let folder = target_dir().join("pico");
    bring(&folder)?;
    run(program("node")
        .current_dir(&folder)
        .arg("node_modules/typescript/bin/tsc"))?;
    run(program("node")
        .current_dir(&folder)
        .args(["--test", "--test-concurrency=2", "--test-reporter=spec"])
        .args(compiled(&folder)?)
        .env("RAFTBARE_UF2", image))
}

/// Brings the sources to a folder outside of the tree, with the packages that the lock file names.
fn bring(folder: &Path) -> Result<()> {
    let from = root().join("tests/pico");
    for stale in SOURCES.into_iter().chain(["dist"]) {
        if folder.join(stale).exists() {
            fs::remove_dir_all(folder.join(stale))?;
        }
    }
    for name in SOURCES {
        copy(&from.join(name), &folder.join(name))?;
    }
    for name in MANIFESTS {
        fs::copy(from.join(name), folder.join(name))
            .with_context(|| format!("cannot copy {name}"))?;
    }
    install_packages(folder)
}

/// The compiled tests, by name: what node looks for by itself depends on its version.
fn compiled(folder: &Path) -> Result<Vec<String>> {
    let mut tests = Vec::new();
    for entry in fs::read_dir(folder.join("dist/test"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".test.js") {
            tests.push(format!("dist/test/{name}"));
        }
    }
    tests.sort_unstable();
    ensure!(!tests.is_empty(), "the compiler has made no tests");
    Ok(tests)
}
