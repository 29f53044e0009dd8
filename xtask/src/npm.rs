//! `cargo xtask npm`: compiles the modules, makes the npm package, and tests what was packed.
//!
//! All that a registry of JavaScript has to bring is in `wasm/js/package-lock.json`; the rest is made here. The
//! result is `target/npm/raftbare.tgz`.

use crate::{
    process::{ask, cargo, is_installed, program, root, run, run_and_read, target_dir},
    say,
    toolchain::{Toolchain, is_debian_root},
};
use anyhow::{Context, Result, bail};
use std::{env, fs, path::Path, path::PathBuf, process::Command};

const TARGET: &str = "wasm32-unknown-unknown";

/// A module of the package.
struct Module {
    name: &'static str,
    profile: &'static str,
    features: &'static str,
}

const MODULES: [Module; 3] = [
    Module {
        name: "raftbare",
        profile: "wasm",
        features: "wasm-bindgen",
    },
    Module {
        name: "raftbare_dev",
        profile: "wasm-dev",
        features: "wasm-bindgen,messages",
    },
    Module {
        name: "simulator",
        profile: "wasm-simulator",
        features: "simulator,messages",
    },
];

/// Flags of the compiler for the module with `Node`.
const SMALL: [&str; 4] = [
    "-Zunstable-options",
    "-Cpanic=immediate-abort",
    "-Zinline-mir=yes",
    "-Zinline-mir-threshold=25",
];

/// The oldest node that the tools of the package run on.
const NODE: (u32, u32) = (20, 19);

/// How browsers are called, in the order in which they are looked for.
const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// How many steps of how many worlds must have the same hash in both builds of the simulator: 10^7 basic ones, and of
/// each other kind some.
const TRACES: [(&str, u64, u64); 4] = [
    ("basic", 100_000, 100),
    ("options", 20_000, 30),
    ("late-disks", 20_000, 30),
    ("options+late-disks", 20_000, 30),
];

pub(crate) fn run_all() -> Result<()> {
    require_node()?;
    install_packages(&js())?;
    let browser = find_browser()?;
    let packed = pack()?;
    test(&packed, &browser)
}

/// The most bytes of the module with `Node`, compressed with gzip, of which 3,000 are what goes beyond the document:
/// where the library of the toolchain is used as it is, it brings the messages of panics along, and is not made for
/// size.
fn most_gzip() -> Result<u32> {
    let command = Toolchain::for_target(TARGET)?.cargo("build");
    Ok(if builds_library(&command) {
        25_000
    } else {
        31_400
    })
}

/// Whether the command builds the standard library, too.
fn builds_library(command: &Command) -> bool {
    command
        .get_args()
        .any(|argument| argument.to_string_lossy().starts_with("-Zbuild-std"))
}

fn js() -> PathBuf {
    root().join("wasm/js")
}

fn folder() -> PathBuf {
    target_dir().join("npm")
}

/// Fails with what to install if node is missing or too old.
pub(crate) fn require_node() -> Result<()> {
    let (major, minor) = NODE;
    let found = ask(program("node").arg("--version"));
    let is_enough = found.as_deref().and_then(version) >= Some(NODE);
    if !is_enough || !is_installed("npm") {
        bail!(
            "node {major}.{minor} or newer with npm is needed, and {} was found; on Debian, nodejs of a release that \
             has it, else from the makers of node",
            found.as_deref().unwrap_or("none")
        );
    }
    Ok(())
}

/// The first two numbers of `v20.19.4`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix('v')?.split('.');
    let mut next = || numbers.next()?.parse().ok();
    Some((next()?, next()?))
}

pub(crate) fn npm() -> Command {
    program(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

/// Installs what the lock file in a folder says, unless that is there already.
pub(crate) fn install_packages(folder: &Path) -> Result<()> {
    let wanted = fs::read_to_string(folder.join("package-lock.json"))?;
    let done = folder.join("node_modules/.raftbare-installed");
    if fs::read_to_string(&done).ok().as_deref() == Some(wanted.as_str()) {
        return Ok(());
    }
    run(npm()
        .current_dir(folder)
        .args(["ci", "--no-audit", "--no-fund"]))?;
    fs::write(done, wanted).context("cannot note that the packages are installed")
}

/// Finds Chromium; on Debian, root gets it from packages.
pub(crate) fn find_browser() -> Result<PathBuf> {
    if let Some(path) = env::var_os("CHROMIUM") {
        return Ok(path.into());
    }
    if let Some(path) = installed_browser() {
        return Ok(path);
    }
    if is_debian_root() {
        say::note("Debian's package brings the browser: chromium");
        let apt = || {
            let mut apt = program("apt-get");
            apt.env("DEBIAN_FRONTEND", "noninteractive").arg("-q");
            apt
        };
        run(apt().arg("update"))?;
        run(apt().args(["install", "-y", "--no-install-recommends", "chromium"]))?;
    }
    installed_browser().context(
        "Chromium is missing: install it, or say where it is with the environment variable CHROMIUM",
    )
}

fn installed_browser() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<_> = env::split_paths(&path).collect();
    let candidates = BROWSERS
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    candidates.into_iter().find(|path| path.is_file())
}

/// Makes the package, and installs what that takes; returns the packed file.
pub(crate) fn pack_all() -> Result<PathBuf> {
    require_node()?;
    install_packages(&js())?;
    pack()
}

/// Compiles the modules and makes the package; returns the packed file.
fn pack() -> Result<PathBuf> {
    let modules = js().join("src/wasm");
    fs::create_dir_all(&modules)?;
    for module in &MODULES {
        let compiled = compile(module)?;
        let mut bindgen = cargo();
        // The profile of the tests: whoever runs these has it already.
        bindgen
            .args(["run", "--quiet", "--locked", "--profile", "test"])
            .args(["-p", "raftbare-bindgen", "--"])
            .arg(compiled)
            .arg(&modules)
            .arg(module.name);
        run(&mut bindgen)?;
    }
    fs::create_dir_all(folder())?;
    run(program("node")
        .arg(js().join("scripts/pack.mjs"))
        .arg(folder()))?;
    Ok(folder().join("raftbare.tgz"))
}

/// Compiles one module; returns its file.
fn compile(module: &Module) -> Result<PathBuf> {
    let toolchain = Toolchain::for_target(TARGET)?;
    let build = folder().join("build");
    let mut command = toolchain.cargo("build");
    let builds_library = builds_library(&command);
    command
        .args(["--locked", "-p", "raftbare-wasm", "--lib"])
        .args(["--profile", module.profile])
        .args(["--no-default-features", "--features", module.features])
        .arg("--target-dir")
        .arg(&build);
    let mut flags = remapped_paths();
    if builds_library && !module.features.contains("messages") {
        // Nobody reads the messages of this module, so the library is compiled without them, and for size: small
        // functions go into their callers before there is code for each, which LLVM leaves alone at this level.
        command.arg("-Zbuild-std-features=optimize_for_size");
        flags.extend(SMALL.map(str::to_owned));
    }
    command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    run(&mut command)?;
    Ok(build
        .join(TARGET)
        .join(module.profile)
        .join("raftbare_wasm.wasm"))
}

/// Flags for the compiler, so that panics name files by their packages: where things lie on this machine, and where
/// they came from, is nobody's business.
fn remapped_paths() -> Vec<String> {
    let sources = cargo_home().map(|home| home.join("registry/src"));
    let registries = sources.and_then(|folder| fs::read_dir(folder).ok());
    let registries = registries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| (entry.path(), "crates"));
    [(root(), ".")]
        .into_iter()
        .chain(registries)
        .map(|(path, name)| format!("--remap-path-prefix={}={name}", path.display()))
        .collect()
}

fn cargo_home() -> Option<PathBuf> {
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cargo"));
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home)
}

/// Installs the packed file in a folder of its own, and runs the tests there.
fn test(packed: &Path, browser: &Path) -> Result<()> {
    let consumer = folder().join("consumer");
    if consumer.exists() {
        fs::remove_dir_all(&consumer)?;
    }
    copy(&js().join("test"), &consumer)?;
    fs::write(
        consumer.join(".npmrc"),
        "omit-lockfile-registry-resolved=true\n",
    )?;
    run(npm()
        .current_dir(&consumer)
        .args(["install", "--no-audit", "--no-fund", "--no-save"])
        .arg(packed))?;
    let mut trace = cargo();
    trace
        .args(["run", "--quiet", "--locked", "--release"])
        .args(["-p", "raftbare-wasm", "--features", "simulator"])
        .args(["--example", "trace", "--"]);
    for (kind, steps, worlds) in TRACES {
        trace.args([kind.to_owned(), steps.to_string(), worlds.to_string()]);
    }
    fs::write(consumer.join("trace.txt"), run_and_read(&mut trace)?)?;
    run(program("node")
        .current_dir(&consumer)
        .args(["--test", "--test-reporter=spec"])
        .env("RAFTBARE_JS", js())
        .env("RAFTBARE_PACKED", packed)
        .env("RAFTBARE_ROOT", root())
        .env("RAFTBARE_MOST_GZIP", most_gzip()?.to_string())
        .env("CHROMIUM", browser))
}

pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => {
                fs::copy(entry.path(), target)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_node_are_compared_as_numbers() {
        assert_eq!(version("v20.19.4"), Some((20, 19)));
        assert!(version("v20.9.0") < Some(NODE));
        assert!(version("v22.0.0") >= Some(NODE));
        assert_eq!(version("20"), None);
    }
}
