//! `cargo xtask panics`: where the core could panic on a microcontroller, what it weighs there, and how much stack
//! it takes.
//!
//! Two programs that call all of it (`xtask/footprint`) are linked for a Cortex-M3, with one optimisation over
//! everything. A panic is a call of a function of the panic machinery, so the list of these calls is complete. None
//! may come from the source of the core. Those inside of the containers of `alloc` and the like are kept in a list,
//! which must not grow.

mod program;

use crate::{
    process::{ask, cargo, program, root, run, target_dir},
    say,
    toolchain::Toolchain,
};
use anyhow::{Context, Result, bail};
use program::{Frame, Program};
use std::{collections::BTreeMap, fs, path::PathBuf};

const TARGET: &str = "thumbv7m-none-eabi";
const FOLDER: &str = "xtask/footprint";
const KEPT: &str = "xtask/footprint/panics.txt";
/// The most code that a node may take, with all of the documented API, and what it should come down to. What goes beyond
/// the document is part of it, as its branches are.
const MOST_TEXT: u64 = 33_000;
const WANTED_TEXT: u64 = 28_000;

/// Functions that end in a panic whenever they are called. What calls one is where a panic comes from.
const PANICKING: [&str; 14] = [
    "panicked",
    "__rustc::rust_begin_unwind",
    "__rustc::__rust_alloc_error_handler",
    "core::panicking::",
    "core::option::unwrap_failed",
    "core::option::expect_failed",
    "core::result::unwrap_failed",
    "core::slice::index::slice_",
    "core::slice::copy_from_slice_impl::len_mismatch_fail",
    "core::str::slice_error_fail",
    "core::cell::panic_",
    "alloc::alloc::handle_alloc_error",
    "alloc::raw_vec::handle_error",
    "alloc::raw_vec::capacity_overflow",
];

/// What is called if there is no memory left.
const OUT_OF_MEMORY: &str = "core::panicking::panic_nounwind_fmt";

/// Functions of the library that check what their caller gives: if one panics, the caller is to blame.
const CHECKING: [&str; 6] = [
    "::index",
    "::index_mut",
    "::unwrap",
    "::expect",
    "::copy_from_slice",
    "::split_at",
];

/// A call that panics.
#[derive(Debug, Clone)]
struct Site {
    /// What is called.
    kind: String,
    frames: Vec<Frame>,
    /// The function that it is in.
    function: String,
}

impl Site {
    /// The source of the core that panics, if it does so itself.
    fn own(&self) -> Option<&Frame> {
        let is_checking = |frame: &&Frame| CHECKING.iter().any(|end| frame.function.ends_with(end));
        let frame = self.frames.iter().find(|frame| !is_checking(frame))?;
        // Where several boxes are made, the compiler merges what follows if there is no memory: that has no line.
        let is_merged = frame.line == 0 && self.kind == OUT_OF_MEMORY;
        (is_own(frame) && !is_merged).then_some(frame)
    }

    /// The file of the library that panics, without what depends on the machine.
    fn library(&self) -> String {
        if self.frames.first().is_some_and(is_own) {
            return "alloc/src/alloc.rs".into();
        }
        let file = self.frames.first().map_or("", |frame| &frame.file);
        let file = file.rsplit_once("/library/").map_or(file, |(_, rest)| rest);
        let file = file
            .rsplit_once("/registry/src/")
            .map_or(file, |(_, rest)| rest);
        // A registry's folder and a version are no matter.
        let parts: Vec<&str> = file
            .split('/')
            .filter(|part| !part.starts_with("index."))
            .collect();
        parts.join("/")
    }

    /// The last line of the core on the way there, or the function that was not inlined.
    fn way(&self) -> String {
        match self.frames.iter().find(|frame| is_own(frame)) {
            Some(frame) => place(frame),
            None => self.function.clone(),
        }
    }
}

fn is_own(frame: &Frame) -> bool {
    frame.file.contains("core/src/") && !frame.file.contains("/library/")
}

fn place(frame: &Frame) -> String {
    let file = frame
        .file
        .rsplit_once("core/src/")
        .map_or(&*frame.file, |(_, rest)| rest);
    format!("core/src/{file}:{} {}", frame.line, frame.function)
}

pub(crate) fn run_all() -> Result<()> {
    let (folder, compiler) = build()?;
    let node = fs::read(folder.join("node"))?;
    let node = Program::read(&node)?;
    println!(
        "code of a node, all of the documented API: {} bytes of at most {MOST_TEXT}; wanted {WANTED_TEXT}",
        node.text
    );
    if node.text > MOST_TEXT {
        bail!(
            "a node takes {} bytes of code, and {MOST_TEXT} are the most",
            node.text
        );
    }
    let whole = fs::read(folder.join("whole"))?;
    let whole = Program::read(&whole)?;
    println!("with codec, notation and replica: {} bytes", whole.text);
    stacks(&node);
    stacks(&whole);
    let mut sites = panic_sites(&node)?;
    sites.extend(panic_sites(&whole)?);
    check_own(&sites)?;
    check_kept(&sites, &compiler)
}

/// Builds both programs. Returns their folder, and the name of the compiler.
fn build() -> Result<(PathBuf, String)> {
    let toolchain = Toolchain::for_target(TARGET)?;
    let folder = target_dir().join("footprint");
    let manifest = format!("{FOLDER}/Cargo.toml");
    run(cargo().args(["fmt", "--manifest-path", &manifest, "--check"]))?;
    run(toolchain
        .cargo("build")
        .args(["--locked", "--release", "--manifest-path", &manifest])
        // How much stack a function takes is told on request only, and by stable compilers only if one insists.
        .env("RUSTFLAGS", "-Zemit-stack-sizes")
        .env("RUSTC_BOOTSTRAP", "1")
        .arg("--target-dir")
        .arg(&folder))?;
    let compiler =
        ask(program(toolchain.rustc()).arg("--version")).context("no compiler answers")?;
    let version = compiler.split(' ').nth(1).unwrap_or_default().to_owned();
    Ok((folder.join(TARGET).join("release"), version))
}

fn panics(name: &str) -> bool {
    PANICKING.iter().any(|start| name.starts_with(start))
}

fn panic_sites(program: &Program<'_>) -> Result<Vec<Site>> {
    let mut sites = Vec::new();
    for call in &program.calls {
        let (from, to) = (
            &program.functions[call.from].name,
            &program.functions[call.to].name,
        );
        if panics(to) && !panics(from) {
            sites.push(Site {
                kind: to.clone(),
                frames: program.frames(call.at)?,
                function: from.clone(),
            });
        }
    }
    if sites.is_empty() {
        bail!("no function panics, which cannot be: the relocations of the program were not read");
    }
    Ok(sites)
}

fn check_own(sites: &[Site]) -> Result<()> {
    let own: Vec<_> = sites
        .iter()
        .filter_map(|site| Some((site, site.own()?)))
        .collect();
    for (site, frame) in &own {
        eprintln!("{}: {}", place(frame), site.kind);
    }
    match own.len() {
        0 => {
            println!("panics that come from the source of the core: 0");
            Ok(())
        }
        count => bail!("{count} calls in the source of the core can panic"),
    }
}

/// The counts by file of the library and by kind.
fn counts(sites: &[Site]) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    for site in sites {
        *counts
            .entry((site.library(), site.kind.clone()))
            .or_default() += 1;
    }
    counts
}

fn check_kept(sites: &[Site], compiler: &str) -> Result<()> {
    let counts = counts(sites);
    let mut text = format!("compiler {compiler}\n");
    for ((library, kind), count) in &counts {
        text += &format!("{count:>4}  {library}  {kind}\n");
        println!("{count:>4}  {library}  {kind}");
        let is_same = |site: &&Site| site.library() == *library && site.kind == *kind;
        let mut ways: Vec<_> = sites.iter().filter(is_same).map(Site::way).collect();
        ways.sort();
        ways.dedup();
        ways.iter().for_each(|way| println!("        {way}"));
    }
    println!("panics inside of the library: {}", sites.len());
    let found = target_dir().join("footprint/panics.txt");
    fs::write(&found, &text)?;
    let kept =
        fs::read_to_string(root().join(KEPT)).with_context(|| format!("cannot read {KEPT}"))?;
    let (head, rows) = kept.split_once('\n').unwrap_or_default();
    if head != format!("compiler {compiler}") {
        say::note(&format!(
            "{KEPT} was written with {head}; this is {compiler}, so they are not compared"
        ));
        return Ok(());
    }
    let more: Vec<_> = text
        .lines()
        .skip(1)
        .filter(|row| grows(row, rows))
        .collect();
    if !more.is_empty() {
        bail!(
            "there are new ways to panic inside of the library:\n{}\nif they have to be, copy {} to {KEPT}",
            more.join("\n"),
            found.display()
        );
    }
    Ok(())
}

/// Whether a row is new, or counts more than the kept one of its kind.
fn grows(row: &str, kept: &str) -> bool {
    let parse = |row: &str| -> Option<(usize, String)> {
        let (count, rest) = row.trim().split_once("  ")?;
        Some((count.parse().ok()?, rest.to_owned()))
    };
    let Some((count, what)) = parse(row) else {
        return true;
    };
    let known = kept.lines().filter_map(parse).find(|(_, it)| *it == what);
    known.is_none_or(|(known, _)| count > known)
}

/// Shows the most stack that each entry point can take, with all it calls; the allocator is not counted, nor what
/// happens in a panic.
fn stacks(program: &Program<'_>) {
    let Some(start) = program.functions.iter().position(|it| it.name == "start") else {
        return;
    };
    let mut depths = Depths {
        program,
        known: BTreeMap::new(),
    };
    println!("{:<34}{:>8}", "entry point", "stack");
    for call in program.calls.iter().filter(|call| call.from == start) {
        let name = &program.functions[call.to].name;
        let (bytes, is_recursive) = depths.of(call.to, &mut Vec::new());
        let note = if is_recursive {
            "  and more: it calls itself"
        } else {
            ""
        };
        let name = name.rsplit("::").next().unwrap_or(name);
        println!("{name:<34}{bytes:>6} B{note}");
    }
}

struct Depths<'a, 'b> {
    program: &'a Program<'b>,
    known: BTreeMap<usize, (u64, bool)>,
}

impl Depths<'_, '_> {
    /// The most stack from this function on, and whether there is a circle in it, which is counted once.
    fn of(&mut self, function: usize, way: &mut Vec<usize>) -> (u64, bool) {
        if let Some(&known) = self.known.get(&function) {
            return known;
        }
        if way.contains(&function) {
            return (0, true);
        }
        way.push(function);
        let program = self.program;
        let called = program.calls.iter().filter(|call| call.from == function);
        let called = called.filter(|call| !panics(&program.functions[call.to].name));
        let (mut most, mut is_recursive) = (0, false);
        for call in called {
            let (bytes, circle) = self.of(call.to, way);
            most = most.max(bytes);
            is_recursive |= circle;
        }
        way.pop();
        let depth = (
            most + program.functions[function].stack.unwrap_or_default(),
            is_recursive,
        );
        self.known.insert(function, depth);
        depth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(frames: &[(&str, &str)]) -> Site {
        let frame = |&(function, file): &(&str, &str)| Frame {
            function: function.to_owned(),
            file: file.to_owned(),
            line: 7,
        };
        Site {
            kind: "core::panicking::panic".to_owned(),
            frames: frames.iter().map(frame).collect(),
            function: "outer".to_owned(),
        }
    }

    const OWN: (&str, &str) = ("raftbare::node::Node::send", "/tree/core/src/node.rs");

    #[test]
    fn a_panic_is_the_cores_own_if_nothing_but_a_check_is_between() {
        let option = "/x/library/core/src/option.rs";
        let tree = ("alloc::Tree::pop", "/x/library/alloc/src/tree.rs");
        let unwrap = ("core::option::Option<u8>::unwrap", option);
        assert!(site(&[OWN]).own().is_some());
        assert!(site(&[unwrap, OWN]).own().is_some());
        assert!(site(&[unwrap, tree, OWN]).own().is_none());
        assert!(site(&[tree]).own().is_none());
        assert_eq!(
            site(&[tree, OWN]).way(),
            "core/src/node.rs:7 raftbare::node::Node::send"
        );
        assert_eq!(site(&[tree]).way(), "outer");
        assert_eq!(site(&[unwrap, tree]).library(), "core/src/option.rs");
    }

    #[test]
    fn a_list_grows_by_new_kinds_and_by_larger_counts() {
        let kept = "   2  a.rs  core::panicking::panic\n";
        assert!(!grows("   2  a.rs  core::panicking::panic", kept));
        assert!(!grows("   1  a.rs  core::panicking::panic", kept));
        assert!(grows("   3  a.rs  core::panicking::panic", kept));
        assert!(grows("   1  b.rs  core::panicking::panic", kept));
    }

    #[test]
    fn the_kept_list_names_its_compiler() {
        let kept = fs::read_to_string(root().join(KEPT)).unwrap();
        assert!(kept.starts_with("compiler 1."), "{kept}");
    }
}
