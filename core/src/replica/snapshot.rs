//! Snapshots as values: what one stands for, and how its bytes are told from others (§7).

use core::fmt;

use super::checksum::Crc32;
use crate::codec::{DecodeError, Limits, NoRoom, Output, Reader, Writer, stored, tag};
use crate::{ClusterConfig, LogIndex, LogPosition, Term};

/// What is known of a snapshot beside its bytes, which are the user's: what it stands for, how long it is,
/// and its checksum.
///
/// It is stored with the bytes, in the form of [`encode`](Self::encode), and found again at a restart.
///
/// ```
/// use raftbare::codec::Limits;
/// use raftbare::replica::Snapshot;
///
/// let snapshot = Snapshot::decode(&[0x3d, 9, 2, 1, 1, 0, 0, 5, 0xff, 1], &Limits::default())?;
/// assert_eq!((snapshot.position().to_string(), snapshot.len()), ("2/9".to_owned(), 5));
/// let mut bytes = Vec::new();
/// snapshot.encode(&mut bytes).expect("a Vec grows");
/// assert_eq!(bytes, [0x3d, 9, 2, 1, 1, 0, 0, 5, 0xff, 1]);
/// # Ok::<(), raftbare::codec::DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Snapshot {
    position: LogPosition,
    config: ClusterConfig,
    len: u64,
    checksum: u32,
}

impl Snapshot {
    /// The position of the last entry that it stands for.
    #[must_use]
    pub fn position(&self) -> LogPosition {
        self.position
    }

    /// The configuration there.
    #[must_use]
    pub fn config(&self) -> &ClusterConfig {
        &self.config
    }

    /// How many bytes it has.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "a snapshot without bytes is an ordinary one, of an application without state"
    )]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The CRC-32 of its bytes.
    #[must_use]
    pub fn checksum(&self) -> u32 {
        self.checksum
    }

    /// Writes this; returns how many bytes that took. See [`codec`](crate::codec) for the layout.
    pub fn encode(&self, output: &mut impl Output) -> Result<usize, NoRoom> {
        let mut writer = Writer::new(output);
        writer.tag(tag::STORED, stored::SNAPSHOT)?;
        self.write(&mut writer)?;
        Ok(writer.len())
    }

    /// Reads one, all of `bytes`.
    pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, limits)?;
        reader.stored(stored::SNAPSHOT)?;
        let snapshot = Self::read(&mut reader)?;
        reader.end(snapshot)
    }

    /// Whether the two have the same bytes, as far as position, length and checksum tell.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        (self.position, self.len, self.checksum) == (other.position, other.len, other.checksum)
    }

    pub(super) fn write(&self, writer: &mut Writer<'_, impl Output>) -> Result<(), NoRoom> {
        writer.number(self.position.index.get())?;
        writer.number(self.position.term.get())?;
        writer.config(&self.config)?;
        writer.number(self.len)?;
        writer.number(u64::from(self.checksum))
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let index = LogIndex::new(reader.number()?);
        let term = Term::new(reader.number()?);
        let config = reader.config()?;
        let len = reader.number()?;
        let checksum = reader.number_u32()?;
        Ok(Self {
            position: LogPosition { term, index },
            config,
            len,
            checksum,
        })
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (position, config, len) = (self.position, &self.config, self.len);
        write!(f, "snapshot {position} {config} of {len} bytes")
    }
}

/// A snapshot that is being taken: it counts and sums up the bytes.
///
/// [`Replica::begin_snapshot`](super::Replica::begin_snapshot) makes one, for the state with exactly the
/// entries up to [`position`](Self::position) applied.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "no other snapshot is taken or sent until this one is finished or abandoned"]
pub struct NewSnapshot {
    position: LogPosition,
    config: ClusterConfig,
    len: u64,
    crc: Crc32,
}

impl NewSnapshot {
    pub(super) fn new(position: LogPosition, config: ClusterConfig) -> Self {
        Self {
            position,
            config,
            len: 0,
            crc: Crc32::new(),
        }
    }

    /// The position of the last entry that it stands for.
    #[must_use]
    pub fn position(&self) -> LogPosition {
        self.position
    }

    /// Takes note of the next bytes. To store them is the user's, before the snapshot is finished.
    pub fn write(&mut self, bytes: &[u8]) {
        self.len = self.len.saturating_add(bytes.len() as u64);
        self.crc.update(bytes);
    }

    /// The snapshot, all its bytes told.
    pub(super) fn finish(self) -> Snapshot {
        Snapshot {
            position: self.position,
            config: self.config,
            len: self.len,
            checksum: self.crc.value(),
        }
    }
}
