//! Crashes of a server whose disk takes its time: what they may find of the writes that wait; and disks that forget.

use super::Server;
use crate::write::Write;

impl Server {
    /// Crashes. Of the writes that wait, the first `count` are made; and if the power fails in the middle of the next
    /// one, an append, so many of its entries.
    pub fn crash_within_writes(&mut self, count: usize, within: Option<usize>) {
        for _ in 0..count {
            let Some(write) = self.writes.queue.pop_front() else {
                break;
            };
            // What does not fit would not be there: a disk that has failed.
            let _ = write.make(&mut self.disk);
        }
        if let Some(keep) = within {
            let _ = self.tear_write(keep);
        }
        self.crash();
    }

    /// Each way in which [a crash](Self::crash_within_writes) may find the writes that wait.
    pub fn crash_points(&self) -> impl Iterator<Item = (usize, Option<usize>)> {
        let within = |write: Option<&Write>| match write {
            Some(Write::Append(entries, _)) => entries.len(),
            _ => 0,
        };
        let queue = &self.writes.queue;
        (0..=queue.len()).flat_map(move |count| {
            let parts = (0..within(queue.get(count))).map(Some);
            [None]
                .into_iter()
                .chain(parts)
                .map(move |part| (count, part))
        })
    }

    /// This server with a disk that has lost all but so many of its entries.
    #[must_use]
    pub fn forgetting(&self, len: usize) -> Self {
        let mut server = self.clone();
        let disk = &mut server.disk;
        disk.entries.truncate(len);
        disk.commands
            .truncate_after(disk.entries.last_position().index);
        server
    }

    /// Of the append that waits first, the first `keep` entries are written.
    ///
    /// # Errors
    ///
    /// If none waits first, or if it does not fit what is stored.
    pub fn tear_write(&mut self, keep: usize) -> Result<(), &'static str> {
        let Some(Write::Append(entries, commands)) = self.writes.queue.front() else {
            return Err("the write that waits first is no append");
        };
        let (mut entries, commands) = (entries.clone(), commands.clone());
        entries.truncate(keep);
        Write::Append(entries, commands).make(&mut self.disk)
    }
}
