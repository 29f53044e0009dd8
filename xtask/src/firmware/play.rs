//! Scripts, and what is typed.

use anyhow::{Context, Error, Result, ensure};
use std::{
    fs,
    io::{self, BufRead, IsTerminal},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, TryRecvError},
    },
    thread,
    time::{Duration, Instant},
};

use super::act::perform;
use super::boot::{boot, prepare, print};
use super::cluster::{Cluster, Event};
use super::command::{Command, HELP};
use super::terminal::{Terminal, lock};
use super::view::View;
use super::wires::Wires;
use crate::process::{cargo, root, run};
use crate::say;

/// Runs every script in the folder of scripts.
pub(crate) fn all_scripts() -> Result<()> {
    let folder = root().join("embedded-example/scripts");
    let files = fs::read_dir(&folder)?.collect::<io::Result<Vec<_>>>()?;
    let mut files: Vec<PathBuf> = files.into_iter().map(|file| file.path()).collect();
    files.sort();
    ensure!(!files.is_empty(), "there are no scripts");
    files.iter().try_for_each(|file| script(file, None))
}

/// The wires of a cluster; if it is to be recorded, those that write down what goes over them, beside the recording.
fn wires(record: Option<&Path>) -> Result<Wires> {
    record.map_or(Ok(Wires::default()), |path| Wires::tapped(&raw(path)))
}

/// What goes over the wires, before it is decoded.
fn raw(recording: &Path) -> PathBuf {
    recording.with_extension("wires")
}

/// Decodes what has gone over the wires.
fn decode(record: Option<&Path>) -> Result<()> {
    let Some(path) = record else { return Ok(()) };
    let open = |error| format!("{}: {error}", path.display());
    let wires = fs::File::open(raw(path))
        .map_err(open)
        .map_err(Error::msg)?;
    let recording = fs::File::create(path).map_err(open).map_err(Error::msg)?;
    run(cargo()
        .args([
            "run",
            "--quiet",
            "--locked",
            "-p",
            "raftbare-embedded",
            "--example",
            "decode",
        ])
        .stdin(wires)
        .stdout(recording))?;
    say::note(&format!("{}: open it in the visualizer", path.display()));
    Ok(())
}

/// Runs a script. Its first command says how many nodes there are: `nodes 3`.
pub(crate) fn script(path: &Path, record: Option<&Path>) -> Result<()> {
    let name = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (count, commands) = read(&text).with_context(|| format!("in {}", path.display()))?;
    let start = Instant::now();
    let firmware = prepare()?;
    let wires = wires(record)?;
    let mut cluster = boot(firmware, count, wires, Arc::default(), Box::new(print))?;
    for (line, command) in commands {
        let said = perform(&mut cluster, &command)
            .with_context(|| format!("{}:{line}: {command:?}", path.display()))?;
        if !said.is_empty() {
            println!("{said}");
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    say::note(&format!("script {name}: {count} nodes, {seconds:.1} s"));
    decode(record)
}

/// Runs a cluster, and does what is typed: on a screen where there is a terminal, else line by line.
pub(crate) fn interactive(count: usize, record: Option<&Path>) -> Result<()> {
    let firmware = prepare()?;
    let wires = wires(record)?;
    match io::stdin().is_terminal() && io::stdout().is_terminal() {
        true => on_screen(firmware, count, wires),
        false => on_lines(firmware, count, wires),
    }?;
    decode(record)
}

fn on_screen(firmware: PathBuf, count: usize, wires: Wires) -> Result<()> {
    let view = Arc::new(Mutex::new(View::new(count)));
    let is_over = Arc::new(AtomicBool::new(false));
    let (terminal, lines) = Terminal::open(view.clone(), is_over.clone());
    let show = Box::new(move |event: Event<'_>| lock(&view).take(&event));
    let ended = boot(firmware, count, wires, is_over.clone(), show).and_then(|mut cluster| {
        let ended = serve(&mut cluster, &lines, |text| terminal.say(text));
        match is_over.load(Ordering::Relaxed) {
            // The user has left, whatever was still waited for.
            true => Ok(()),
            false => ended,
        }
    });
    terminal.close()?;
    ended
}

fn on_lines(firmware: PathBuf, count: usize, wires: Wires) -> Result<()> {
    let mut cluster = boot(firmware, count, wires, Arc::default(), Box::new(print))?;
    println!("{HELP}");
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    serve(&mut cluster, &lines, |text| {
        if !text.is_empty() {
            println!("{text}");
        }
    })
}

/// Founds a cluster of all nodes, and does what comes in until there is no more.
fn serve(
    cluster: &mut Cluster,
    lines: &Receiver<String>,
    mut say: impl FnMut(String),
) -> Result<()> {
    let ids: Vec<String> = cluster.ids().map(|id| id.to_string()).collect();
    for id in cluster.ids().skip(1) {
        cluster.ask(id, "format")?;
    }
    cluster.ask(1, &format!("format {}", ids.join(" ")))?;
    loop {
        cluster.listen(Duration::from_millis(20))?;
        let line = match lines.try_recv() {
            Ok(line) => line,
            Err(TryRecvError::Empty) => continue,
            Err(TryRecvError::Disconnected) => return Ok(()),
        };
        let said = match Command::parse(&line) {
            Ok(Some(Command::Quit)) => return Ok(()),
            Ok(None) => continue,
            Ok(Some(command)) => {
                say(format!("{line} ..."));
                perform(cluster, &command)
            }
            Err(error) => Err(error),
        };
        say(said.unwrap_or_else(|error| format!("error: {error:#}")));
    }
}

/// How many nodes a script wants, and its commands by their lines.
fn read(text: &str) -> Result<(usize, Vec<(usize, Command)>)> {
    let mut count = None;
    let mut commands = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        match line.strip_prefix("nodes ") {
            Some(nodes) => count = Some(nodes.trim().parse()?),
            None => commands.extend(Command::parse(line)?.map(|command| (number, command))),
        }
    }
    let count = count.context("`nodes N` is missing")?;
    ensure!((2..=5).contains(&count), "there can be 2 to 5 nodes");
    Ok((count, commands))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_can_be_read() {
        let folder = root().join("embedded-example/scripts");
        let mut seen = 0;
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let (_, commands) = read(&text).unwrap();
            assert!(!commands.is_empty(), "{}", path.display());
            seen += 1;
        }
        assert!(seen >= 4, "{seen} scripts");
    }
}
