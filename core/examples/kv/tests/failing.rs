//! A disk that fails: the node ends, and says why.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;

use raftbare::NodeId;
use raftbare::replica::ReplicaOptions;
use raftbare_kv::failure::Failure;
use raftbare_kv::node::Node;
use raftbare_kv::store::Store;
use raftbare_kv::transport::Links;
use redb::StorageBackend;
use redb::backends::InMemoryBackend;

/// A disk in memory, whose syncs fail from some moment on.
#[derive(Debug)]
struct Disk {
    memory: InMemoryBackend,
    /// How many more syncs succeed.
    good_syncs: Arc<AtomicU64>,
    error: io::ErrorKind,
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.memory.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.memory.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.memory.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        let take = |left: u64| left.checked_sub(1);
        match self
            .good_syncs
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, take)
        {
            Ok(_) => self.memory.sync_data(),
            Err(_) => Err(self.error.into()),
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.memory.write(offset, data)
    }
}

/// A node that founds its cluster alone, on a disk whose syncs fail with this error.
fn end_of_a_node(error: io::ErrorKind) -> Failure {
    let good_syncs = Arc::new(AtomicU64::new(u64::MAX));
    let disk = Disk {
        memory: InMemoryBackend::new(),
        good_syncs: good_syncs.clone(),
        error,
    };
    let id = NodeId::new(1);
    let (store, loaded) = Store::open_on(disk, id).expect("the disk still works");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let links = Links::new(1, [].into(), runtime.handle().clone());
    let mut node = Node::new(id, ReplicaOptions::default(), store, loaded, links).unwrap();
    node.found(&[id]);
    good_syncs.store(0, Ordering::SeqCst);
    let (_inbox, inputs) = sync_channel(1);
    node.run(&inputs).expect_err("nothing could be stored")
}

#[test]
fn a_failed_sync_ends_the_node() {
    let failure = end_of_a_node(io::ErrorKind::Other);
    assert_eq!(failure.code, Failure::STORE);
    let text = failure.to_string();
    assert!(
        text.starts_with("the store of node 1 has failed: "),
        "{text}"
    );
    assert!(text.contains("can promise nothing more"), "{text}");
}

#[test]
fn a_full_disk_is_called_so() {
    let text = end_of_a_node(io::ErrorKind::StorageFull).to_string();
    assert!(text.contains("the disk is full"), "{text}");
}
