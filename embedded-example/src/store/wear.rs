//! How long a flash lasts.

use super::area::Layout;

/// What an item takes beside its bytes: the header of sequential-storage, the tag and the index.
const ITEM_OVERHEAD: u32 = 8 + 9;

impl Layout {
    /// How many entries can be committed until a sector was erased so often as the flash endures.
    ///
    /// `entry_len` is the length of an encoded entry with its payload, some 9 bytes more than the payload;
    /// `kept` how many entries are of use when a bank is full; `snapshot_after` and `snapshot_len` say how often
    /// a snapshot is taken, and how long it is.
    ///
    /// ```
    /// use raftbare_embedded::store::Layout;
    ///
    /// let layout = Layout { start: 0, sector_len: 4096, log_sectors: 4, snapshot_sectors: 2 };
    /// let entries = layout.lifetime_entries(100_000, 41, 48, 48, 1000);
    /// let years = entries / (365 * 24 * 60); // one a minute
    /// assert!(years >= 18);
    /// ```
    #[must_use]
    pub fn lifetime_entries(
        &self,
        endurance: u32,
        entry_len: u32,
        kept: u32,
        snapshot_after: u32,
        snapshot_len: u32,
    ) -> u64 {
        let item_len = (ITEM_OVERHEAD + entry_len).next_multiple_of(4);
        let items = self.log_sectors * (self.sector_len / item_len);
        let new_items = u64::from(items.saturating_sub(kept));
        // Two banks and two slots, each erased every other time.
        let by_log = 2 * u64::from(endurance) * new_items;
        let is_first_sector_used = snapshot_len > 0 && snapshot_after > 0;
        let by_snapshots = match is_first_sector_used {
            true => 2 * u64::from(endurance) * u64::from(snapshot_after),
            false => u64::MAX,
        };
        by_log.min(by_snapshots)
    }
}
