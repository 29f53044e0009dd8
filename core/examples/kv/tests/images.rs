//! Crash images: what a power failure may leave of the store, opened again and compared with what it has promised.
//!
//! A replica works on a journal in place of a file: each write and each sync is kept. A power failure keeps all
//! that was synced before, and of the writes since then any sectors of 512 bytes. Images are made of all that a
//! failure at any point may leave: each prefix of the writes, the last write torn after each of its sectors, and
//! random sets of sectors, as disks may reorder what is not synced. Each is opened as after a restart; it has to
//! hold what the last batch that was acknowledged has left, or, whole, the one that was on its way.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use raftbare::NodeId;
use raftbare::replica::{Output, Replica, ReplicaOptions};
use raftbare_kv::state::{Command, State, Write, encode};
use raftbare_kv::store::{Loaded, Payload, Store};
use redb::StorageBackend;

const SECTOR: usize = 512;
const PAGE: usize = 4_096;
/// So many images in all.
const IMAGES: usize = 100_000;
const OWN: NodeId = NodeId::new(1);

/// What the file was asked for, in order.
#[derive(Debug, Clone)]
enum Event {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
    /// From here on, this is promised: the content with that number.
    Acknowledged(usize),
}

/// A file in memory that keeps a journal.
#[derive(Debug, Clone, Default)]
struct Journal(Arc<Mutex<(Vec<u8>, Vec<Event>)>>);

impl Journal {
    fn note(&self, event: Event) {
        self.0.lock().unwrap().1.push(event);
    }
}

impl StorageBackend for Journal {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().0.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).unwrap();
        let file = &self.0.lock().unwrap().0;
        let bytes = file.get(offset..offset + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut inner = self.0.lock().unwrap();
        inner.0.resize(usize::try_from(len).unwrap(), 0);
        inner.1.push(Event::SetLen(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.note(Event::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut inner = self.0.lock().unwrap();
        let at = usize::try_from(offset).unwrap();
        inner.0[at..at + data.len()].copy_from_slice(data);
        inner.1.push(Event::Write(offset, data.to_vec()));
        Ok(())
    }
}

type Pages = HashMap<usize, Box<[u8; PAGE]>>;

/// A file as after a crash: what all images of one moment share, and the pages that differ.
#[derive(Debug)]
struct Image {
    base: Arc<Vec<u8>>,
    /// The length, and the pages.
    inner: Mutex<(usize, Pages)>,
}

impl Image {
    fn new(base: Arc<Vec<u8>>) -> Self {
        let len = base.len();
        Self {
            base,
            inner: Mutex::new((len, HashMap::new())),
        }
    }

    fn put(&self, mut at: usize, mut data: &[u8]) {
        let (len, pages) = &mut *self.inner.lock().unwrap();
        *len = (*len).max(at + data.len());
        while !data.is_empty() {
            let (page, offset) = (at / PAGE, at % PAGE);
            let (now, rest) = data.split_at(data.len().min(PAGE - offset));
            let content = pages.entry(page).or_insert_with(|| self.page(page));
            content[offset..offset + now.len()].copy_from_slice(now);
            (at, data) = (at + now.len(), rest);
        }
    }

    fn page(&self, page: usize) -> Box<[u8; PAGE]> {
        let mut content = Box::new([0; PAGE]);
        let bytes = self.base.get(page * PAGE..).unwrap_or_default();
        let len = bytes.len().min(PAGE);
        content[..len].copy_from_slice(&bytes[..len]);
        content
    }
}

impl StorageBackend for Image {
    fn len(&self) -> io::Result<u64> {
        Ok(self.inner.lock().unwrap().0 as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let (len, pages) = &*self.inner.lock().unwrap();
        let mut at = usize::try_from(offset).unwrap();
        if at + out.len() > *len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut out = out;
        while !out.is_empty() {
            let (page, offset) = (at / PAGE, at % PAGE);
            let now = out.len().min(PAGE - offset);
            let (target, rest) = out.split_at_mut(now);
            match pages.get(&page) {
                Some(content) => target.copy_from_slice(&content[offset..offset + now]),
                None => {
                    target.fill(0);
                    let bytes = self.base.get(at..).unwrap_or_default();
                    let len = bytes.len().min(now);
                    target[..len].copy_from_slice(&bytes[..len]);
                }
            }
            (at, out) = (at + now, rest);
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).unwrap();
        let (old, pages) = &mut *self.inner.lock().unwrap();
        // What is cut off reads as zeros if the file grows again.
        for page in len / PAGE..old.div_ceil(PAGE) {
            let content = pages.entry(page).or_insert_with(|| self.page(page));
            content[len.saturating_sub(page * PAGE).min(PAGE)..].fill(0);
        }
        *old = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.put(usize::try_from(offset).unwrap(), data);
        Ok(())
    }
}

/// The same numbers in every run.
#[derive(Debug, Clone)]
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % end
    }
}

/// One store at work: a node alone, with commands of all kinds, snapshots, and restarts. Returns the journal, and the
/// contents that were acknowledged, one after the other.
fn work(rounds: u64) -> (Vec<Event>, Vec<Vec<String>>) {
    let journal = Journal::default();
    let mut contents = Vec::new();
    let acknowledge = |store: &Store, contents: &mut Vec<_>| {
        let content = store.dump().unwrap();
        if contents.last() != Some(&content) {
            contents.push(content);
        }
        journal.note(Event::Acknowledged(contents.len() - 1));
    };
    let mut options = ReplicaOptions::default();
    options.snapshot_after = 40;
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for life in 0..4 {
        let (store, Loaded { stored, mut state }) =
            Store::open_on(journal.clone(), OWN).expect("the store opens");
        acknowledge(&store, &mut contents);
        let mut replica = Replica::<Payload>::restart(OWN, options.clone(), stored).unwrap();
        match life {
            0 => drop(replica.create_cluster(&[OWN])),
            _ => replica.handle_timeout(),
        }
        if life == 0 {
            replica.propose(encode(&Command::Open)).expect("it leads");
        }
        for round in 0..rounds / 4 {
            for _ in 0..random.below(4) {
                let command = command(&mut random, life * rounds + round);
                replica.propose(encode(&command)).expect("it leads");
            }
            while let Some(batch) = replica.next_batch() {
                if !batch.is_empty() {
                    let applied = state.applied();
                    let changes = state.take_changes();
                    store.save(Some(&batch), &changes, applied).unwrap();
                    acknowledge(&store, &mut contents);
                }
                follow(&mut replica, batch, &store, &mut state);
            }
            if let Some(mut taken) = replica
                .wants_snapshot()
                .then(|| replica.begin_snapshot())
                .flatten()
            {
                let bytes = state.to_snapshot();
                taken.write(&bytes);
                store.save_next_snapshot(&bytes).unwrap();
                acknowledge(&store, &mut contents);
                replica.finish_snapshot(taken);
            }
        }
    }
    let events = std::mem::take(&mut journal.0.lock().unwrap().1);
    (events, contents)
}

fn follow(
    replica: &mut Replica<Payload>,
    batch: raftbare::replica::Batch<Payload>,
    store: &Store,
    state: &mut State,
) {
    for output in replica.persisted(batch) {
        match output {
            Output::Apply {
                position, payload, ..
            } => {
                let command = postcard::from_bytes(payload).unwrap();
                state.apply(position.index.get(), command);
            }
            Output::ConfigCommitted { position, .. } => state.skip_to(position.index.get()),
            Output::LoadSnapshot(snapshot) => {
                let bytes = store.read_snapshot(0, usize::try_from(snapshot.len()).unwrap());
                *state = State::from_snapshot(&bytes.unwrap()).unwrap();
            }
            _ => {}
        }
    }
}

fn command(random: &mut Random, life_and_round: u64) -> Command {
    let key = format!("key {}", random.below(50));
    let write = match random.below(4) {
        0 => Write::Delete { key },
        _ => {
            let value = format!("{life_and_round} ").repeat(1 + random.below(100) as usize);
            Write::Put { key, value }
        }
    };
    match random.below(10) {
        0 => Command::Open,
        _ => Command::Write {
            session: 3,
            number: life_and_round,
            write,
        },
    }
}

/// The moments between two syncs, with what was promised at each.
struct Window {
    base: Arc<Vec<u8>>,
    /// What was written since the last sync.
    writes: Vec<Event>,
    /// Before each write, and at the end: the content that has to be there at least.
    promised: Vec<Option<usize>>,
}

fn windows(events: Vec<Event>) -> Vec<Window> {
    let mut file: Vec<u8> = Vec::new();
    let mut windows = Vec::new();
    let (mut writes, mut promised, mut last) = (Vec::new(), Vec::new(), None);
    let mut base = Arc::new(file.clone());
    for event in events {
        match &event {
            Event::Acknowledged(content) => last = Some(*content),
            Event::Sync => {
                promised.push(last);
                windows.push(Window {
                    base,
                    writes: std::mem::take(&mut writes),
                    promised: std::mem::take(&mut promised),
                });
                base = Arc::new(file.clone());
            }
            Event::SetLen(len) => {
                file.resize(usize::try_from(*len).unwrap(), 0);
                promised.push(last);
                writes.push(event);
            }
            Event::Write(offset, data) => {
                let at = usize::try_from(*offset).unwrap();
                file[at..at + data.len()].copy_from_slice(data);
                promised.push(last);
                writes.push(event);
            }
        }
    }
    windows
}

impl Window {
    /// How many images cut here are whole prefixes, or end in a torn write.
    fn prefixes(&self) -> usize {
        self.writes.iter().map(parts).sum::<usize>() + 1
    }

    /// The image of this number: a prefix, as long as there are some, then random sectors. Returns what is promised.
    fn image(&self, number: usize) -> (Image, Option<usize>) {
        let image = Image::new(self.base.clone());
        let mut left = number;
        if number < self.prefixes() {
            for (write, promised) in self.writes.iter().zip(&self.promised) {
                if left < parts(write) {
                    apply(&image, write, |sector| sector < left);
                    return (image, *promised);
                }
                left -= parts(write);
                apply(&image, write, |_| true);
            }
            return (image, *self.promised.last().unwrap());
        }
        let mut random = Random(number as u64 * 0x9e37_79b9 + 1);
        let end = random.below(self.writes.len() as u64 + 1) as usize;
        // Dense, half, or sparse.
        let share = [1, 8, 15][random.below(3) as usize];
        for write in &self.writes[..end] {
            // The length is the filesystem's: it comes with its journal, in order.
            let is_length = matches!(write, Event::SetLen(_));
            apply(&image, write, |_| is_length || random.below(16) < share);
        }
        (image, self.promised[end])
    }
}

/// In how many ways a write can be torn, not to have happened among them.
fn parts(write: &Event) -> usize {
    match write {
        Event::Write(_, data) => data.len().div_ceil(SECTOR),
        _ => 1,
    }
}

fn apply(image: &Image, write: &Event, mut takes: impl FnMut(usize) -> bool) {
    match write {
        Event::Write(offset, data) => {
            for (sector, bytes) in data.chunks(SECTOR).enumerate() {
                if takes(sector) {
                    let at = usize::try_from(*offset).unwrap() + sector * SECTOR;
                    image.put(at, bytes);
                }
            }
        }
        Event::SetLen(len) if takes(0) => image.set_len(*len).unwrap(),
        _ => {}
    }
}

/// Opens an image as a restart does, and compares.
fn check(image: Image, promised: Option<usize>, contents: &[Vec<String>]) -> Result<(), String> {
    let (store, loaded) = match Store::open_on(image, OWN) {
        Ok(opened) => opened,
        Err(error) if promised.is_none() => {
            // The store was not there yet: nothing is lost with it.
            return match error.to_string().is_empty() {
                true => Err("an error without a reason".into()),
                false => Ok(()),
            };
        }
        Err(error) => return Err(format!("it does not open: {error}")),
    };
    Replica::restart(OWN, ReplicaOptions::default(), loaded.stored).map_err(|it| it.to_string())?;
    let content = store.dump().map_err(|it| it.to_string())?;
    let first = promised.unwrap_or(0);
    // What was promised; or what was on its way.
    let allowed = &contents[first..contents.len().min(first + 2)];
    match allowed.contains(&content) {
        true => Ok(()),
        false => Err(format!("content {first} was promised, and is not there")),
    }
}

/// Checks so many images of all windows. Returns how many were checked, and what was wrong.
fn check_all(windows: &[Window], contents: &[Vec<String>], images: usize) -> (usize, Vec<String>) {
    let prefixes: usize = windows.iter().map(Window::prefixes).sum();
    // The prefixes first; the rest in equal shares.
    let share = images.saturating_sub(prefixes).div_ceil(windows.len());
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    let count = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(window) = windows.get(at) else {
                        return;
                    };
                    for number in 0..window.prefixes() + share {
                        let (image, promised) = window.image(number);
                        count.fetch_add(1, Ordering::Relaxed);
                        if let Err(error) = check(image, promised, contents) {
                            let line = format!("window {at}, image {number}: {error}");
                            wrong.lock().unwrap().push(line);
                        }
                    }
                }
            });
        }
    });
    (count.into_inner(), wrong.into_inner().unwrap())
}

#[test]
fn no_crash_image_loses_what_was_acknowledged() {
    let (events, contents) = work(400);
    let windows = windows(events);
    let prefixes: usize = windows.iter().map(Window::prefixes).sum();
    let begun = std::time::Instant::now();
    let (count, wrong) = check_all(&windows, &contents, IMAGES);
    println!(
        "{count} images, {prefixes} of them prefixes with torn writes, of {} syncs and {} contents, in {:.1} s",
        windows.len(),
        contents.len(),
        begun.elapsed().as_secs_f64()
    );
    assert!(count >= IMAGES, "{count}");
    assert!(
        wrong.is_empty(),
        "{} images:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(10)].join("\n")
    );
}

/// The test of the test: a store that promises before it syncs is caught.
#[test]
fn a_promise_before_the_sync_is_found() {
    let (mut events, contents) = work(40);
    // Each sync after the first contents comes too late.
    for at in 1..events.len() {
        if matches!(events[at], Event::Acknowledged(content) if content > 1) {
            let sync = events[..at]
                .iter()
                .rposition(|it| matches!(it, Event::Sync));
            let promise = events.remove(at);
            events.insert(sync.unwrap(), promise);
        }
    }
    let (_, wrong) = check_all(&windows(events), &contents, 10_000);
    println!("{} images tell of it", wrong.len());
    assert!(!wrong.is_empty());
}
