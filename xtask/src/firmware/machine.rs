//! One emulated microcontroller: a process of QEMU, its console, and the file that is its flash.

use anyhow::{Context, Result, bail};
use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::Sender,
    thread,
    time::{Duration, Instant},
};

use crate::process::program;

/// Where the firmware looks for the number of its node, and for a seed behind it.
const STRAPS: u32 = 0x2010_0000;

/// A line that a console has said: of which node, and in which of its lives.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) node: usize,
    pub(crate) life: u32,
    pub(crate) line: String,
}

/// A microcontroller that has power.
#[derive(Debug)]
pub(crate) struct Machine {
    process: Child,
    console: UnixStream,
}

impl Machine {
    /// Starts one. Its links can be reached at [`link`]; its console says what it says to `said`.
    pub(crate) fn start(
        folder: &Path,
        firmware: &Path,
        node: usize,
        nodes: usize,
        life: u32,
        said: Sender<Said>,
    ) -> Result<Self> {
        let peers: Vec<usize> = (1..=nodes).filter(|&peer| peer != node).collect();
        for &peer in &peers {
            remove(&link(folder, node, peer))?;
        }
        let path = folder.join(format!("{node}.console"));
        remove(&path)?;
        let errors = File::create(folder.join(format!("{node}.errors")))?;
        let mut command = command(folder, firmware, node, &peers, life);
        let mut process = command
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .context("cannot start qemu-system-arm")?;
        let console = match connect(&path) {
            Ok(console) => console,
            Err(error) => {
                let _ = process.kill();
                let _ = process.wait();
                let errors = fs::read_to_string(folder.join(format!("{node}.errors")));
                bail!(
                    "the emulator of node {node} does not start: {error}: {}",
                    errors?
                );
            }
        };
        let reader = BufReader::new(console.try_clone()?);
        thread::spawn(move || {
            for line in reader.lines().map_while(Result::ok) {
                let line = line.trim_end().to_owned();
                if said.send(Said { node, life, line }).is_err() {
                    return;
                }
            }
        });
        Ok(Self { process, console })
    }

    /// Types a line at the console.
    pub(crate) fn say(&mut self, line: &str) -> Result<()> {
        self.console.write_all(format!("{line}\n").as_bytes())?;
        Ok(())
    }

    /// Processor time that the emulator has taken, where the system tells.
    pub(crate) fn cpu_ticks(&self) -> Option<u64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
    }
}

impl Drop for Machine {
    /// Takes the power away, at once.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where a node's link to a peer is.
pub(crate) fn link(folder: &Path, node: usize, peer: usize) -> PathBuf {
    folder.join(format!("{node}-{peer}.link"))
}

/// The file that is the flash of a node.
pub(crate) fn flash(folder: &Path, node: usize) -> PathBuf {
    folder.join(format!("{node}.flash"))
}

/// Connects to a socket that an emulator is about to open.
pub(crate) fn connect(path: &Path) -> Result<UnixStream> {
    let start = Instant::now();
    loop {
        match UnixStream::connect(path) {
            Ok(stream) => return Ok(stream),
            Err(_) if start.elapsed() < Duration::from_secs(20) => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(error) => {
                return Err(error).with_context(|| format!("no answer at {}", path.display()));
            }
        }
    }
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn command(folder: &Path, firmware: &Path, node: usize, peers: &[usize], life: u32) -> Command {
    let mut command = program("qemu-system-arm");
    let memory = flash(folder, node);
    command.args(["-display", "none", "-monitor", "none", "-nodefaults"]);
    command.args(["-machine", "mps2-an385,memory-backend=flash", "-object"]);
    command.arg(format!(
        "memory-backend-file,id=flash,size=16M,mem-path={},share=on",
        memory.display()
    ));
    // The links first: QEMU goes on only when somebody listens at the console, so nothing of it gets lost.
    for &peer in peers {
        let path = link(folder, node, peer);
        command.arg("-chardev").arg(format!(
            "socket,id=l{peer},path={},server=on,wait=off",
            path.display()
        ));
    }
    command.arg("-chardev").arg(format!(
        "socket,id=console,path={},server=on,wait=on",
        folder.join(format!("{node}.console")).display()
    ));
    command.args(["-serial", "chardev:console"]);
    for peer in peers {
        command.arg("-serial").arg(format!("chardev:l{peer}"));
    }
    let node = u32::try_from(node).unwrap_or(0);
    for (address, data) in [(STRAPS, node), (STRAPS + 4, life * 31 + node)] {
        command
            .arg("-device")
            .arg(format!("loader,addr={address:#x},data={data},data-len=4"));
    }
    command.arg("-kernel").arg(firmware);
    command
}
