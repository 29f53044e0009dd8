//! A replicated counter: three nodes with UDP and a durable store each. Run it again, and the count goes on.
//!
//! This is all that an integration needs, but for snapshots and clients: the server in `kv/` has them.

use std::hash::{BuildHasher, RandomState};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use raftbare::replica::{Batch, Change, Output, Replica, ReplicaOptions, Stored};
use raftbare::{NodeId, Role};
use redb::{Database, ReadableTable, TableDefinition};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
const TABLE: TableDefinition<u64, Vec<u8>> = TableDefinition::new("log");

fn main() {
    let sockets = [1, 2, 3].map(|_| UdpSocket::bind("127.0.0.1:0").expect("a free port"));
    let peers = sockets.each_ref().map(|it| it.local_addr().unwrap());
    let run = |(id, socket)| std::thread::spawn(move || run(id, &socket, &peers).unwrap());
    let nodes: Vec<_> = (1..).zip(sockets).map(run).collect();
    nodes.into_iter().for_each(|node| node.join().unwrap());
}

fn run(id: u64, socket: &UdpSocket, peers: &[SocketAddr; 3]) -> Result<()> {
    socket.set_read_timeout(Some(Duration::from_millis(1)))?;
    let database = Database::create(std::env::temp_dir().join(format!("counter-{id}.redb")))?;
    let options = ReplicaOptions::default();
    let mut replica = Replica::<[u8; 8]>::restart(NodeId::new(id), options, load(&database)?)?;
    if id == 1 {
        replica.create_cluster(&[1, 2, 3].map(NodeId::new)); // Does nothing the second time.
    }
    let (start, mut deadline, mut count) = (Instant::now(), Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(3) {
        while let Some(batch) = replica.next_batch() {
            save(&database, &batch)?;
            for output in replica.persisted(batch) {
                match output {
                    Output::SetTimer(role) => deadline = Instant::now() + timeout(role),
                    Output::Send(to, envelope) => {
                        let mut bytes = Vec::new();
                        envelope.encode(&mut bytes)?;
                        socket.send_to(&bytes, peers[to.get() as usize - 1])?;
                    }
                    Output::Apply { payload, .. } => count += u64::from_le_bytes(*payload),
                    _ => {} // No snapshots are taken, and nobody waits for an answer.
                }
            }
        }
        let mut datagram = [0; 1 << 16];
        if Instant::now() >= deadline {
            replica.handle_timeout();
        } else if let Ok(len) = socket.recv(&mut datagram) {
            let _ = replica.receive(&datagram[..len]); // What is no envelope is dropped.
        } else if start.elapsed() < Duration::from_secs(2) {
            let _ = replica.propose(1_u64.to_le_bytes()); // Refused where this node does not lead.
        }
    }
    println!("node {id} counts {count}");
    Ok(())
}

fn timeout(role: Role) -> Duration {
    Duration::from_millis(match role {
        Role::Leader => 50,
        _ => 300 + RandomState::new().hash_one(0) % 300, // Random: no two campaign at once (§5.2).
    })
}

/// Stores a batch, all or nothing. When this returns, it is on the disk.
fn save(database: &Database, batch: &Batch<[u8; 8]>) -> Result<()> {
    let transaction = database.begin_write()?;
    let mut table = transaction.open_table(TABLE)?;
    for change in batch.changes() {
        match change {
            Change::Remove(keys) => table.retain_in(keys, |_, _| false)?,
            Change::Put(key, value) => {
                let mut bytes = Vec::new();
                value.encode(&mut bytes)?;
                table.insert(key, bytes)?;
            }
        }
    }
    drop(table);
    Ok(transaction.commit()?)
}

fn load(database: &Database) -> Result<Stored<[u8; 8]>> {
    let transaction = database.begin_write()?; // It takes a missing table for an empty one.
    let mut stored = Stored::default();
    for row in transaction.open_table(TABLE)?.iter()? {
        let (key, value) = row?;
        stored.load(key.value(), &value.value())?;
    }
    Ok(stored)
}
