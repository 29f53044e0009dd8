//! A store in NOR flash: what a replica has promised, through any loss of power.
//!
//! The area holds a label, two banks for the log, and two slots for snapshots:
//!
//! | Sectors | What |
//! |---|---|
//! | 1 | label: whose store this is, and how it is laid out; written when all the rest of a new store is |
//! | n, n | banks: one is in use, the other is erased, or being erased |
//! | m, m | slots: one holds the snapshot, the other the next one while it comes in |
//!
//! A bank is a queue of sequential-storage, to which items are only ever added: the state (term, vote, snapshot), log
//! entries, and cuts, which drop what stands at an index and above. When it is full, what is still of use is copied
//! to the other bank; the item that ends the copy makes that one the bank in use. So no word of flash is written
//! twice between two erases, and flash with error correction will do. An item is whole or, by its checksum, not
//! there. The first item after a start begins a bank too, so that nothing is ever added behind one that is torn.

mod area;
mod bank;
mod error;
mod item;
mod save;
mod slot;
mod wear;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::mutex::Mutex;
use embedded_storage_async::nor_flash::NorFlash;
use raftbare::NodeId;
use raftbare::codec::Limits;
use raftbare::replica::{Payload, Stored};

pub use area::Layout;
pub use error::{OpenError, StoreError};

use area::Label;
use bank::{Bank, Summary};
use item::Item;
use slot::SlotWriter;

/// The longest item of a bank: an encoded entry with its payload, and what stands before it.
const MAX_ITEM: usize = 320;

/// The store of one node.
#[expect(missing_debug_implementations, reason = "a mutex has none")]
pub struct Store<F> {
    flash: Mutex<NoopRawMutex, F>,
    layout: Layout,
    mounted: Option<Mounted>,
}

/// What is known of a store that is open.
#[derive(Debug)]
struct Mounted {
    /// Which bank is in use.
    bank: u32,
    /// Whether it was begun since the store was opened. If not, it may end in an item that is torn, and is only
    /// read: what would be written behind could, once in some ten thousand times, be taken for a part of it.
    is_fresh: bool,
    /// How often a bank was begun.
    generation: u32,
    /// The index of the last entry.
    last: u64,
    /// The index of the snapshot: entries up to here are of no use.
    snapshot_index: u64,
    /// The slot that holds the snapshot.
    slot: Option<u32>,
    /// How many sectors of the other bank are still to be erased.
    unerased: u32,
    writer: SlotWriter,
}

impl Mounted {
    fn spare_slot(&self) -> u32 {
        match self.slot {
            Some(0) => 1,
            _ => 0,
        }
    }
}

impl<F: NorFlash> Store<F> {
    /// A store in this area of a flash, not open yet.
    ///
    /// A flash whose smallest read is longer than a byte is refused when it is compiled.
    pub fn new(flash: F, layout: Layout) -> Self {
        const { assert!(F::READ_SIZE == 1, "reads have to begin at any byte") };
        Self {
            flash: Mutex::new(flash),
            layout,
            mounted: None,
        }
    }

    /// Gives the flash back.
    pub fn into_flash(self) -> F {
        self.flash.into_inner()
    }

    /// Whether it is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.mounted.is_some()
    }

    /// How often a bank of the log was begun. Every sector of it was erased half as often.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.mounted.as_ref().map_or(0, |it| it.generation)
    }

    /// Makes an empty store for this node. **What the area holds is lost**: terms, votes, log and snapshot.
    ///
    /// If the power fails meanwhile, the area is [`OpenError::Blank`], or [`OpenError::Foreign`] where its label was half
    /// erased, and is to be formatted again.
    pub async fn format(&mut self, id: NodeId) -> Result<(), StoreError> {
        self.mounted = None;
        let layout = self.layout;
        for sector in 0..layout.sectors() {
            area::erase_sector(&self.flash, layout, sector).await?;
        }
        let mut bank = Bank::new(&self.flash, layout, 0);
        bank.push(&Item::Begin(1)).await?;
        bank.push(&Item::Done).await?;
        Label { id, layout }.write(&self.flash).await
    }

    /// Opens the store, and reads what it holds of the replica. It writes nothing but what an interrupted write asks
    /// for.
    pub async fn open<P: Payload>(
        &mut self,
        id: NodeId,
        limits: Limits,
    ) -> Result<Stored<P>, OpenError> {
        self.mounted = None;
        Label::check(&self.flash, self.layout, id).await?;
        let (bank, summary) = self.bank_in_use().await?;
        let mut stored = Stored::default();
        stored.limits = limits;
        if let Some(state) = &summary.state {
            stored.load(0, &state.value).map_err(OpenError::Stored)?;
        }
        let position = stored.snapshot.as_ref().map(|it| it.position().index.get());
        let mounted = Mounted {
            bank,
            is_fresh: false,
            generation: summary.generation,
            last: summary.last,
            snapshot_index: position.unwrap_or(0),
            slot: summary.state.as_ref().and_then(|state| state.slot),
            // An erase that was interrupted may look like a finished one: all of it again.
            unerased: self.layout.log_sectors,
            writer: SlotWriter::default(),
        };
        if let Some(snapshot) = &stored.snapshot {
            let slot = mounted.slot.ok_or(OpenError::Damaged)?;
            slot::check(&self.flash, self.layout, slot, snapshot).await?;
        }
        Bank::new(&self.flash, self.layout, bank)
            .load(&summary, mounted.snapshot_index, &mut stored)
            .await?;
        self.mounted = Some(mounted);
        Ok(stored)
    }

    /// Reads bytes of the snapshot.
    pub async fn read_snapshot(&mut self, offset: u64, bytes: &mut [u8]) -> Result<(), StoreError> {
        let mounted = self.mounted.as_ref().ok_or(StoreError::NotOpen)?;
        let slot = mounted.slot.ok_or(StoreError::NoSnapshot)?;
        slot::read(&self.flash, self.layout, slot, offset, bytes).await
    }

    /// Erases a sector of the bank that is not in use, if one has to be: for times when nothing waits, since an erase
    /// may stop the whole chip. Returns whether it did.
    pub async fn tidy(&mut self) -> Result<bool, StoreError> {
        let Some(mounted) = self.mounted.as_mut().filter(|it| it.unerased > 0) else {
            return Ok(false);
        };
        let sector = mounted.unerased - 1;
        let first = self.layout.bank_sector(1 - mounted.bank);
        area::erase_sector(&self.flash, self.layout, first + sector).await?;
        mounted.unerased = sector;
        Ok(true)
    }

    /// The bank in use: the newest one that is complete.
    async fn bank_in_use(&mut self) -> Result<(u32, Summary), OpenError> {
        let mut newest = None;
        for number in 0..2 {
            let summary = Bank::new(&self.flash, self.layout, number).scan().await?;
            let generation = newest.as_ref().map(|(_, it): &(_, Summary)| it.generation);
            if summary.is_complete && Some(summary.generation) > generation {
                newest = Some((number, summary));
            }
        }
        newest.ok_or(OpenError::Damaged)
    }
}
