//! Crash images: what a power failure may leave of the store, opened again and compared with what it has promised.
//!
//! Replicas work on journals in place of files: each write and each sync is kept. A power failure keeps all
//! that was synced before, and of the writes since then any sectors of 512 bytes. Images are made of all that a
//! failure at any point may leave: each prefix of the writes, the last write torn after each of its sectors, and
//! random sets of sectors, as disks may reorder what is not synced. Each is opened as after a restart; it has to
//! hold what the last batch that was acknowledged has left, or, whole, the one that was on its way.

mod disk;
mod windows;
mod work;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use disk::{Event, Image};
use raftbare::replica::{Replica, ReplicaOptions};
use raftbare_kv::store::Store;
use windows::{Window, windows};
use work::Recording;

/// So many images of each kind of work.
const IMAGES: usize = 50_000;

/// Opens an image as a restart does, and compares.
fn check(image: Image, promised: Option<usize>, work: &Recording) -> Result<(), String> {
    let Recording { id, contents, .. } = work;
    let (store, loaded) = match Store::open_on(image, *id) {
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
    Replica::restart(*id, ReplicaOptions::default(), loaded.stored).map_err(|it| it.to_string())?;
    let content = store.dump().map_err(|it| it.to_string())?;
    let first = promised.unwrap_or(0);
    // What was promised; or what was on its way.
    let allowed = &contents[first..contents.len().min(first + 2)];
    match allowed.contains(&content) {
        true => Ok(()),
        false => Err(format!("content {first} was promised, and is not there")),
    }
}

/// Checks so many images of all that a store has done. Returns how many were checked, and what was wrong.
fn check_all(work: &Recording, images: usize) -> (usize, Vec<String>) {
    let windows = windows(&work.events);
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
                        if let Err(error) = check(image, promised, work) {
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

/// No image loses anything.
fn expect_no_loss(what: &str, work: &Recording) {
    let begun = Instant::now();
    let (count, wrong) = check_all(work, IMAGES);
    println!(
        "{what}: {count} images of {} contents, in {:.1} s",
        work.contents.len(),
        begun.elapsed().as_secs_f64()
    );
    assert!(count >= IMAGES, "{count}");
    let some = wrong.iter().take(10).cloned().collect::<Vec<_>>();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), some.join("\n"));
}

#[test]
fn no_crash_image_loses_what_was_acknowledged() {
    expect_no_loss("alone", &work::alone(400));
    expect_no_loss("following", &work::following(600));
}

/// The test of the test: a store that promises before it syncs is caught.
#[test]
fn a_promise_before_the_sync_is_found() {
    let mut work = work::alone(40);
    let events = &mut work.events;
    // Each sync after the first contents comes too late.
    for at in 1..events.len() {
        if matches!(events[at], Event::Acknowledged(content) if content > 1) {
            let before = &events[..at];
            let sync = before.iter().rposition(|it| matches!(it, Event::Sync));
            let promise = events.remove(at);
            events.insert(sync.unwrap(), promise);
        }
    }
    let (_, wrong) = check_all(&work, 10_000);
    println!("{} images tell of it", wrong.len());
    assert!(!wrong.is_empty());
}
