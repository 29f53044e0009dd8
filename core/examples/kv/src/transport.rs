//! Frames, and links to the other nodes. A link is one TCP connection in one direction, made when there is something
//! to send and made again when it breaks. What cannot be sent is dropped: Raft makes up for lost messages, and old
//! ones are of no use.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crc::{CRC_32_ISO_HDLC, Crc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};

use crate::protocol::{Hello, Welcome};
use crate::state::encode;

/// The longest frame. Who sends a longer one is no node and no client of this program.
const MAX_FRAME: usize = 1 << 17;
/// So many frames wait for a link; the next ones are dropped.
const QUEUE: usize = 256;
/// So long to connect and to be welcomed.
pub const PATIENCE: Duration = Duration::from_secs(1);
/// So long what was sent may stay unacknowledged; then the connection counts as broken.
#[cfg(target_os = "linux")]
const SILENCE: Duration = Duration::from_secs(5);

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// Writes a frame: the length and the CRC-32 of the bytes, little-endian, then the bytes.
pub async fn write_frame(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    if bytes.len() > MAX_FRAME {
        let message = format!("more than {MAX_FRAME} bytes cannot be sent");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let mut frame = Vec::with_capacity(bytes.len() + 8);
    frame.extend_from_slice(&len.to_le_bytes());
    frame.extend_from_slice(&CRC.checksum(bytes).to_le_bytes());
    frame.extend_from_slice(bytes);
    to.write_all(&frame).await
}

/// Reads a frame. After an error nothing more can be read: where the next one begins is not known.
pub async fn read_frame(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let len = usize::try_from(from.read_u32_le().await?).unwrap_or(usize::MAX);
    let checksum = from.read_u32_le().await?;
    if len > MAX_FRAME {
        return Err(invalid("a frame is too long"));
    }
    let mut bytes = vec![0; len];
    from.read_exact(&mut bytes).await?;
    match CRC.checksum(&bytes) == checksum {
        true => Ok(bytes),
        false => Err(invalid("a frame has the wrong checksum")),
    }
}

/// Writes a value in postcard's form, as a frame.
pub async fn write_value(
    to: &mut (impl AsyncWrite + Unpin),
    value: &impl Serialize,
) -> io::Result<()> {
    write_frame(to, &encode(value)).await
}

pub async fn read_value<T: DeserializeOwned>(from: &mut (impl AsyncRead + Unpin)) -> io::Result<T> {
    let bytes = read_frame(from).await?;
    postcard::from_bytes(&bytes).map_err(|_| invalid("a frame holds something else"))
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Connects, and says who is there.
pub async fn connect(address: &str, hello: &Hello) -> io::Result<TcpStream> {
    let attempt = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        notice_silence(&stream)?;
        write_value(&mut stream, hello).await?;
        let welcome: Welcome = read_value(&mut stream).await?;
        welcome.map_err(io::Error::other)?;
        Ok(stream)
    };
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "no answer in time");
    timeout(PATIENCE, attempt).await.map_err(late)?
}

/// A machine without power says no goodbye: the system would go on trying for a quarter of an hour, in ever longer
/// pauses, and so be late to notice that the machine is back.
fn notice_silence(stream: &TcpStream) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(stream).set_tcp_user_timeout(Some(SILENCE))?;
    let _ = stream;
    Ok(())
}

/// The links of a node, and where the other nodes are found. A copy is the same links.
#[derive(Debug, Clone)]
pub struct Links(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    own: u64,
    runtime: Handle,
    /// What was said at the start. It goes before what was learned.
    given: BTreeMap<u64, String>,
    learned: Mutex<BTreeMap<u64, String>>,
    queues: Mutex<BTreeMap<u64, Sender<Vec<u8>>>>,
}

impl Links {
    pub fn new(own: u64, given: BTreeMap<u64, String>, runtime: Handle) -> Self {
        Self(Arc::new(Inner {
            own,
            runtime,
            given,
            learned: Mutex::default(),
            queues: Mutex::default(),
        }))
    }

    /// Takes over the addresses that are part of the replicated state.
    pub fn learn(&self, addresses: &BTreeMap<u64, String>) {
        lock(&self.0.learned).clone_from(addresses);
    }

    /// Where this node is found, if it is known.
    pub fn address(&self, id: u64) -> Option<String> {
        let given = self.0.given.get(&id).cloned();
        given.or_else(|| lock(&self.0.learned).get(&id).cloned())
    }

    /// Sends an envelope, or drops it.
    pub fn send(&self, to: u64, envelope: Vec<u8>) {
        let mut queues = lock(&self.0.queues);
        let queue = queues.entry(to).or_insert_with(|| {
            let (sender, frames) = channel(QUEUE);
            let link = self.clone().run(to, frames);
            drop(self.0.runtime.spawn(link));
            sender
        });
        // A full queue: the link is slow or broken.
        let _ = queue.try_send(envelope);
    }

    /// Serves one link for ever.
    async fn run(self, to: u64, mut frames: Receiver<Vec<u8>>) {
        // Those that are told: each once, and not at each attempt.
        let mut problems = BTreeSet::new();
        while let Some(first) = frames.recv().await {
            let address = self.address(to).unwrap_or_default();
            let error = match self.connect(to, &address).await {
                Ok(stream) => {
                    match problems.is_empty() {
                        true => debug!(to, address, "the link is up"),
                        false => info!(to, address, "the link is up again"),
                    }
                    problems.clear();
                    copy(stream, first, &mut frames).await
                }
                Err(error) => error,
            };
            if problems.insert(error.to_string()) {
                warn!(to, address, %error, "the link is down");
            }
            while frames.try_recv().is_ok() {}
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn connect(&self, to: u64, address: &str) -> io::Result<TcpStream> {
        if address.is_empty() {
            let message = "the address is not known: name it in --peers, or by `add-node`";
            return Err(io::Error::other(message));
        }
        let from = self.0.own;
        connect(address, &Hello::Node { from, to }).await
    }
}

/// Sends frames until the connection breaks.
async fn copy(mut stream: TcpStream, first: Vec<u8>, frames: &mut Receiver<Vec<u8>>) -> io::Error {
    let (mut reader, mut writer) = stream.split();
    let write = async {
        write_frame(&mut writer, &first).await?;
        while let Some(frame) = frames.recv().await {
            write_frame(&mut writer, &frame).await?;
        }
        Ok(())
    };
    // The other end sends nothing; when it closes, that is seen here.
    let mut nothing = [0];
    let result = tokio::select! {
        result = write => result,
        result = reader.read(&mut nothing) => result.map(drop),
    };
    match result {
        Err(error) => error,
        Ok(()) => io::Error::new(
            io::ErrorKind::ConnectionReset,
            "the other end has closed it",
        ),
    }
}

/// What is behind these locks is right at every moment, whatever thread has ended in between.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(future)
    }

    #[test]
    fn frames_are_read_as_written() {
        block_on(async {
            let mut bytes = Vec::new();
            write_frame(&mut bytes, b"one").await.unwrap();
            write_frame(&mut bytes, b"").await.unwrap();
            let mut reader = &bytes[..];
            assert_eq!(read_frame(&mut reader).await.unwrap(), b"one");
            assert_eq!(read_frame(&mut reader).await.unwrap(), b"");
            assert!(read_frame(&mut reader).await.is_err());
        });
    }

    #[test]
    fn every_damaged_bit_is_noticed() {
        block_on(async {
            let mut bytes = Vec::new();
            write_frame(&mut bytes, b"some bytes").await.unwrap();
            for bit in 0..bytes.len() * 8 {
                let mut damaged = bytes.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                assert!(read_frame(&mut &damaged[..]).await.is_err(), "bit {bit}");
            }
        });
    }
}
