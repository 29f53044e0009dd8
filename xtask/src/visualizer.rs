//! `cargo xtask visualizer`: the page that shows Raft, made of nothing but the packed npm package; and its tests.
//!
//! The page is one file, `target/visualizer/raft.html`, which opens without a server, too.

use crate::{
    npm,
    process::{cargo, program, root, run as run_command, target_dir},
    say,
};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Serve the page on this port of 127.0.0.1
    #[arg(long, default_value_t = 8460)]
    port: u16,
    /// Make the page, and do not serve it
    #[arg(long)]
    no_serve: bool,
    /// Make the screenshots of the README anew, and do not serve the page
    #[arg(long)]
    screenshots: bool,
}

/// What of `wasm/visualizer` the page is not made of.
const LEFT_OUT: [&str; 2] = ["node_modules", "screenshots"];

pub(crate) fn run(options: &Options) -> Result<()> {
    npm::require_node()?;
    let build = prepare(&npm::pack_all()?)?;
    let page = make_page(&build)?;
    if options.screenshots {
        return take_screenshots(&build, &page);
    }
    say::note(&format!("the page is {}", page.display()));
    if options.no_serve {
        return Ok(());
    }
    let port = options.port.to_string();
    say::note(&format!("open http://127.0.0.1:{port}/ ; Ctrl-C ends it"));
    run_command(
        tool(&build, "vite")
            .args(["preview", "--host", "127.0.0.1", "--strictPort"])
            .args(["--port", &port, "--outDir"])
            .arg(site()),
    )
}

/// Types, functions, and journeys through the page in a browser, whose scenarios Rust plays again.
pub(crate) fn test() -> Result<()> {
    npm::require_node()?;
    let browser = npm::find_browser()?;
    let build = prepare(&npm::pack_all()?)?;
    run_command(tool(&build, "typescript").args(["--project", "."]))?;
    run_command(
        tool(&build, "vitest")
            .arg("run")
            .env("RAFTBARE_ROOT", root()),
    )?;
    let page = make_page(&build)?;
    let scenarios = folder().join("scenarios");
    if scenarios.exists() {
        fs::remove_dir_all(&scenarios)?;
    }
    run_command(
        tool(&build, "vitest")
            .args(["run", "--config", "vitest.journeys.ts"])
            .env("RAFTBARE_ROOT", root())
            .env("RAFTBARE_PAGE", &page)
            .env("RAFTBARE_SCENARIOS", &scenarios)
            .env("CHROMIUM", browser),
    )?;
    play(&scenarios)
}

/// Plays what the journeys have saved: what happened in the page happens here, to the letter.
fn play(scenarios: &Path) -> Result<()> {
    let files = fs::read_dir(scenarios).context("the journeys have saved no scenario")?;
    let files: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
    if files.len() < 5 {
        bail!("the journeys have saved only {} scenarios", files.len());
    }
    run_command(
        cargo()
            .args(["run", "--quiet", "--locked", "-p", "raftbare-sim"])
            .args(["--example", "play", "--"])
            .args(files),
    )
}

fn folder() -> PathBuf {
    target_dir().join("visualizer")
}

fn site() -> PathBuf {
    folder().join("site")
}

/// Puts the sources and their packages into an empty folder, the packed npm package among them.
fn prepare(packed: &Path) -> Result<PathBuf> {
    let build = folder().join("build");
    if build.exists() {
        fs::remove_dir_all(&build)?;
    }
    fs::create_dir_all(&build)?;
    for entry in fs::read_dir(root().join("wasm/visualizer"))?.flatten() {
        let name = entry.file_name();
        let target = build.join(&name);
        if LEFT_OUT.iter().any(|left_out| name == *left_out) {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => npm::copy(&entry.path(), &target)?,
            false => drop(fs::copy(entry.path(), target)?),
        }
    }
    let npm = || {
        let mut command = npm::npm();
        command.current_dir(&build);
        command
    };
    run_command(npm().args(["ci", "--no-audit", "--no-fund"]))?;
    run_command(
        npm()
            .args(["install", "--no-save", "--no-audit", "--no-fund"])
            .arg(packed),
    )?;
    Ok(build)
}

/// A program of a package, in the build folder.
fn tool(build: &Path, name: &str) -> Command {
    let file = match name {
        "typescript" => "typescript/bin/tsc",
        "vitest" => "vitest/vitest.mjs",
        _ => "vite/bin/vite.js",
    };
    let mut command = program("node");
    command
        .current_dir(build)
        .arg(build.join("node_modules").join(file));
    command
}

/// Builds the page, and makes one file of it.
fn make_page(build: &Path) -> Result<PathBuf> {
    let page = folder().join("raft.html");
    let dist = folder().join("dist");
    run_command(
        tool(build, "vite")
            .args(["build", "--logLevel", "warn"])
            .env("RAFTBARE_ROOT", root())
            .env("VISUALIZER_OUT", &dist),
    )?;
    run_command(
        program("node")
            .current_dir(build)
            .arg("scripts/single.mjs")
            .args([&dist, &page]),
    )?;
    fs::create_dir_all(site())?;
    fs::copy(&page, site().join("index.html"))?;
    Ok(page)
}

fn take_screenshots(build: &Path, page: &Path) -> Result<()> {
    run_command(
        program("node")
            .current_dir(build)
            .arg("scripts/screenshots.mjs")
            .arg(root().join("wasm/visualizer/screenshots"))
            .env("RAFTBARE_PAGE", page)
            .env("CHROMIUM", npm::find_browser()?),
    )
}
