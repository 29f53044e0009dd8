//! Files in memory: one that keeps a journal, and what a crash has left of one.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use redb::StorageBackend;

const PAGE: usize = 4_096;

/// What the file was asked for, in order.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
    /// From here on, this is promised: the content with that number.
    Acknowledged(usize),
}

/// A file in memory that keeps a journal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<(Vec<u8>, Vec<Event>)>>);

impl Journal {
    pub(crate) fn note(&self, event: Event) {
        self.0.lock().unwrap().1.push(event);
    }

    pub(crate) fn take_events(&self) -> Vec<Event> {
        std::mem::take(&mut self.0.lock().unwrap().1)
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
pub(crate) struct Image {
    base: Arc<Vec<u8>>,
    /// The length, and the pages.
    inner: Mutex<(usize, Pages)>,
}

impl Image {
    pub(crate) fn new(base: Arc<Vec<u8>>) -> Self {
        let len = base.len();
        Self {
            base,
            inner: Mutex::new((len, HashMap::new())),
        }
    }

    pub(crate) fn put(&self, mut at: usize, mut data: &[u8]) {
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
