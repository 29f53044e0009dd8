//! Which toolchain builds for a cross target: the one place that decides, and installs what is missing.
//!
//! In this order: the active toolchain has the target; else, on Debian as root, Debian's packages bring a compiler
//! and the sources of the library; else, where rustup manages the toolchain, rustup adds the target; else a message
//! says what to install.

use crate::{
    process::{ask, cargo, is_installed, program, run},
    say,
};
use anyhow::{Context, Result, bail};
use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Debian's compiler, cargo and library sources, newer than its plain packages of these names.
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
const DEBIAN_BIN: &str = "/usr/bin";

/// What the decision is made from.
#[derive(Debug, Clone, Copy)]
struct Facts {
    has_target: bool,
    debian_root: bool,
    rustup: bool,
}

/// How a target gets its standard library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// The active toolchain has it.
    Active,
    /// Built from the sources in Debian's packages, with Debian's compiler.
    Debian,
    /// Added by rustup first.
    RustupAdd,
    /// A person has to install something.
    Tell,
}

const fn decide(facts: Facts) -> Plan {
    match facts {
        Facts {
            has_target: true, ..
        } => Plan::Active,
        Facts {
            debian_root: true, ..
        } => Plan::Debian,
        Facts { rustup: true, .. } => Plan::RustupAdd,
        _ => Plan::Tell,
    }
}

/// A toolchain that can build for one cross target.
#[derive(Debug)]
pub(crate) struct Toolchain {
    target: String,
    /// The linker, where the library is built with Debian's compiler.
    debian_linker: Option<PathBuf>,
}

impl Toolchain {
    /// Finds or installs what `target` needs.
    pub(crate) fn for_target(target: &str) -> Result<Self> {
        let facts = Facts {
            has_target: has_target(target),
            debian_root: is_debian_root(),
            rustup: env::var_os("RUSTUP_TOOLCHAIN").is_some() && is_installed("rustup"),
        };
        let mut debian_linker = None;
        match decide(facts) {
            Plan::Active => {}
            Plan::Debian => debian_linker = Some(install_debian_packages(target)?),
            Plan::RustupAdd => {
                say::note(&format!("rustup manages this toolchain and adds {target}"));
                run(program("rustup").args(["target", "add", target]))?;
            }
            Plan::Tell => bail!(
                "the standard library for {target} is missing; with rustup: `rustup target add {target}`, \
                 else install it for the `rustc` that is first in PATH (on Debian, root gets it from packages)"
            ),
        }
        let target = target.to_owned();
        Ok(Self {
            target,
            debian_linker,
        })
    }

    /// The compiler.
    pub(crate) fn rustc(&self) -> PathBuf {
        match self.debian_linker {
            Some(_) => Path::new(DEBIAN_BIN).join("rustc"),
            None => env::var_os("RUSTC")
                .unwrap_or_else(|| "rustc".into())
                .into(),
        }
    }

    /// `cargo <subcommand>` for the target, free of what the outer cargo and the user set for host builds.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        let mut command = if self.debian_linker.is_some() {
            program(Path::new(DEBIAN_BIN).join("cargo"))
        } else {
            cargo()
        };
        for (name, _) in env::vars_os() {
            if !name.to_str().is_some_and(is_inherited) {
                command.env_remove(name);
            }
        }
        command.arg(subcommand);
        if let Some(linker) = &self.debian_linker {
            let path = env::var_os("PATH").unwrap_or_default();
            let path = [PathBuf::from(DEBIAN_BIN)]
                .into_iter()
                .chain(env::split_paths(&path));
            command
                .env(
                    "PATH",
                    env::join_paths(path).unwrap_or_else(|_| DEBIAN_BIN.into()),
                )
                .env("RUSTC_BOOTSTRAP", "1")
                .env(linker_variable(&self.target), linker)
                .arg("-Zbuild-std=core,alloc");
        }
        command.args(["--target", &self.target]);
        command
    }
}

/// Whether a cross build may see this variable: settings of cargo's network, home and terminal yes, but no flags,
/// wrappers and toolchain choices that are meant for another compiler.
fn is_inherited(name: &str) -> bool {
    const KEPT: [&str; 7] = [
        "CARGO_HOME",
        "CARGO_HTTP_",
        "CARGO_INCREMENTAL",
        "CARGO_NET_",
        "CARGO_REGISTR",
        "CARGO_SOURCE_",
        "CARGO_TERM_",
    ];
    const DROPPED: [&str; 6] = [
        "CARGO",
        "LD_LIBRARY_PATH",
        "RUSTC",
        "RUSTDOC",
        "RUSTFLAGS",
        "DYLD_FALLBACK_LIBRARY_PATH",
    ];
    let starts = |prefix: &&str| name.starts_with(*prefix);
    name == "CARGO_BUILD_JOBS" || KEPT.iter().any(starts) || !DROPPED.iter().any(starts)
}

/// The variable that names cargo's linker for a target.
fn linker_variable(target: &str) -> String {
    format!(
        "CARGO_TARGET_{}_LINKER",
        target.to_uppercase().replace(['-', '.'], "_")
    )
}

fn rustc() -> Command {
    program(env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc")))
}

/// Whether the active toolchain has a standard library for the target.
fn has_target(target: &str) -> bool {
    ask(rustc().args(["--print", "target-libdir", "--target", target]))
        .is_some_and(|folder| Path::new(&folder).is_dir())
}

pub(crate) fn is_debian_root() -> bool {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    is_debian(&release) && ask(program("id").arg("-u")).as_deref() == Some("0")
}

fn is_debian(os_release: &str) -> bool {
    os_release
        .lines()
        .filter_map(|line| line.strip_prefix("ID="))
        .any(|id| id.trim_matches('"') == "debian")
}

/// Installs Debian's compiler and library sources if they are missing, and returns the linker to use with them.
fn install_debian_packages(target: &str) -> Result<PathBuf> {
    let lld = find_rust_lld();
    let packages = DEBIAN_PACKAGES.iter().copied();
    let missing: Vec<_> = packages
        .chain(lld.is_none().then_some("lld"))
        .filter(|package| !has_package(package))
        .collect();
    if !missing.is_empty() {
        say::note(&format!(
            "Debian's packages build for {target}: {}",
            missing.join(" ")
        ));
        let apt = || {
            let mut apt = program("apt-get");
            apt.env("DEBIAN_FRONTEND", "noninteractive").arg("-q");
            apt
        };
        run(apt().arg("update"))
            .and_then(|()| {
                run(apt()
                    .args(["install", "-y", "--no-install-recommends"])
                    .args(&missing))
            })
            .with_context(|| {
                format!("these packages are needed, unless the active toolchain has {target}")
            })?;
    }
    Ok(lld.unwrap_or_else(|| Path::new(DEBIAN_BIN).join("ld.lld")))
}

fn has_package(package: &str) -> bool {
    ask(program("dpkg-query").args(["-W", "-f", "${db:Status-Status}", package])).as_deref()
        == Some("installed")
}

/// The linker that comes with the active toolchain; Debian's package has none.
fn find_rust_lld() -> Option<PathBuf> {
    let libraries = ask(rustc().args(["--print", "target-libdir"]))?;
    let linker = Path::new(&libraries).parent()?.join("bin/rust-lld");
    linker.is_file().then_some(linker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_follow_the_order() {
        let plan = |has_target, debian_root, rustup| {
            decide(Facts {
                has_target,
                debian_root,
                rustup,
            })
        };
        for (debian_root, rustup) in [(false, false), (false, true), (true, false), (true, true)] {
            assert_eq!(plan(true, debian_root, rustup), Plan::Active);
        }
        // Debian's packages come before rustup, which may have no way to fetch anything.
        assert_eq!(plan(false, true, true), Plan::Debian);
        assert_eq!(plan(false, true, false), Plan::Debian);
        assert_eq!(plan(false, false, true), Plan::RustupAdd);
        assert_eq!(plan(false, false, false), Plan::Tell);
    }

    #[test]
    fn flags_for_the_host_do_not_reach_cross_builds() {
        for kept in [
            "PATH",
            "HOME",
            "CARGO_HOME",
            "CARGO_NET_OFFLINE",
            "CARGO_REGISTRIES_X_INDEX",
        ] {
            assert!(is_inherited(kept), "{kept}");
        }
        for kept in [
            "CARGO_BUILD_JOBS",
            "CARGO_TERM_COLOR",
            "RUST_BACKTRACE",
            "RUSTUP_TOOLCHAIN",
        ] {
            assert!(is_inherited(kept), "{kept}");
        }
        for dropped in [
            "CARGO",
            "CARGO_TARGET_DIR",
            "CARGO_BUILD_RUSTFLAGS",
            "CARGO_MANIFEST_DIR",
        ] {
            assert!(!is_inherited(dropped), "{dropped}");
        }
        for dropped in [
            "RUSTC",
            "RUSTC_WRAPPER",
            "RUSTFLAGS",
            "RUSTDOCFLAGS",
            "LD_LIBRARY_PATH",
        ] {
            assert!(!is_inherited(dropped), "{dropped}");
        }
    }

    #[test]
    fn the_active_toolchain_is_asked() {
        let host = ask(rustc().args(["--print", "host-tuple"])).unwrap();
        assert!(has_target(&host), "{host}");
        assert!(!has_target("there-is-no-such-target"));
    }

    #[test]
    fn debian_is_told_from_its_children() {
        assert!(is_debian("NAME=Debian\nID=debian\n"));
        assert!(is_debian("ID=\"debian\"\n"));
        assert!(!is_debian("ID=ubuntu\nID_LIKE=debian\n"));
        assert!(!is_debian(""));
    }

    #[test]
    fn linker_variables_are_cargos() {
        assert_eq!(
            linker_variable("thumbv7m-none-eabi"),
            "CARGO_TARGET_THUMBV7M_NONE_EABI_LINKER"
        );
    }
}
