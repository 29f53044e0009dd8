//! The clients. Some write and read keys that they share, and note what they see; others each have a chain, a key
//! that only they write, always from the last value to the next one. A chain tells of every write that is lost or
//! done twice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use raftbare_kv::client::Client;
use raftbare_kv::state::{Outcome, Write};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::checker::{Kind, Operation, Value, is_linearizable};
use crate::random;

const SHARING: usize = 5;
const CHAINS: usize = 3;
/// So many operations on a key; then comes the next one. The search for an order takes time.
const PER_KEY: usize = 60;
/// How long a client waits before it takes an operation for one without an answer: some hardly at all.
const PATIENCE: [Duration; 2] = [Duration::from_secs(4), Duration::from_millis(50)];

#[derive(Default)]
struct Shared {
    /// Goes up by one whenever something begins or ends: the order of all that clients see.
    clock: AtomicU64,
    begun: AtomicUsize,
    answered: AtomicUsize,
    links: AtomicUsize,
    is_over: AtomicBool,
    histories: Mutex<BTreeMap<String, Vec<Operation>>>,
}

impl Shared {
    fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }
}

pub(crate) struct Clients {
    shared: Arc<Shared>,
    sharing: Vec<JoinHandle<()>>,
    chains: Vec<JoinHandle<Chain>>,
}

pub(crate) fn start(addresses: &BTreeMap<u64, String>) -> Clients {
    let shared = Arc::new(Shared::default());
    let sharing = (0..SHARING)
        .map(|number| tokio::spawn(share(shared.clone(), addresses.clone(), number)))
        .collect();
    let chains = (0..CHAINS)
        .map(|number| tokio::spawn(chain(shared.clone(), addresses.clone(), number)))
        .collect();
    Clients {
        shared,
        sharing,
        chains,
    }
}

impl Clients {
    pub(crate) fn counts(&self) -> String {
        let shared = &self.shared;
        let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        format!(
            "{} shared operations, {} answered; {} links of chains",
            count(&shared.begun),
            count(&shared.answered),
            count(&shared.links)
        )
    }

    /// Ends all clients, and checks what they have seen.
    pub(crate) async fn end(self, client: &mut Client) -> String {
        self.shared.is_over.store(true, Ordering::SeqCst);
        let counts = self.counts();
        for sharing in self.sharing {
            sharing.await.unwrap();
        }
        for chain in self.chains {
            let mut chain = chain.await.unwrap();
            chain.found(read(client, &chain.key).await);
        }
        let mut histories = std::mem::take(&mut *self.shared.histories.lock().unwrap());
        assert!(!histories.is_empty(), "nobody has got an answer");
        for (key, history) in &mut histories {
            // What is there in the end tells of the last writes too.
            let begin = self.shared.now();
            let kind = Kind::Read(read(client, key).await);
            let end = Some(self.shared.now());
            history.push(Operation { begin, end, kind });
            assert!(is_linearizable(history), "key {key}: {history:#?}");
        }
        format!("{counts}; {} histories are linearizable", histories.len())
    }
}

async fn read(client: &mut Client, key: &str) -> Value {
    let value = client.get(key).await;
    value.expect("a healed cluster answers")
}

/// Reads and writes keys that others use at the same time.
async fn share(shared: Arc<Shared>, addresses: BTreeMap<u64, String>, number: usize) {
    let mut client = Client::new(addresses, PATIENCE[number % 2]);
    let mut last = None;
    while !shared.is_over() {
        let number = shared.begun.fetch_add(1, Ordering::SeqCst);
        let key = format!("shared {}", number / PER_KEY);
        let new = number.to_string();
        let begin = shared.now();
        let kind = match random(4) {
            0 => put(&mut client, &key, new).await,
            1 => cas(&mut client, &key, last.clone(), new).await,
            // A read without an answer tells nothing.
            _ => client.get(&key).await.map(Kind::Read).map_err(|_| None),
        };
        if let Ok(Kind::Read(value)) = &kind {
            last.clone_from(value);
        }
        let end = kind.is_ok().then(|| shared.now());
        if end.is_some() {
            shared.answered.fetch_add(1, Ordering::SeqCst);
        }
        if let Some(kind) = kind.map_or_else(|in_doubt| in_doubt, Some) {
            let operation = Operation { begin, end, kind };
            let mut histories = shared.histories.lock().unwrap();
            histories.entry(key).or_default().push(operation);
        }
        sleep(Duration::from_millis(random(20))).await;
    }
}

/// What was done and seen; or what may have been done, if no answer came.
type Seen = Result<Kind, Option<Kind>>;

async fn put(client: &mut Client, key: &str, value: String) -> Seen {
    let kind = Kind::Put(value.clone());
    let key = key.to_owned();
    match client.write(Write::Put { key, value }).await {
        Ok(Outcome::Done) => Ok(kind),
        Ok(other) => panic!("unexpected: {other:?}"),
        Err(_) => Err(Some(kind)),
    }
}

async fn cas(client: &mut Client, key: &str, expected: Value, value: String) -> Seen {
    let kind = Kind::Cas(expected.clone(), value.clone());
    let key = key.to_owned();
    let write = Write::Cas {
        key,
        expected: expected.clone(),
        value,
    };
    match client.write(write).await {
        Ok(Outcome::Done) => Ok(kind),
        Ok(Outcome::NotAsExpected(value)) => {
            assert_ne!(
                value, expected,
                "a CAS is refused though all is as expected"
            );
            Ok(Kind::Read(value))
        }
        Ok(other) => panic!("unexpected: {other:?}"),
        Err(_) => Err(Some(kind)),
    }
}

struct Chain {
    key: String,
    /// What was acknowledged last.
    last: Value,
    /// What got no answer since.
    in_doubt: Vec<Value>,
}

impl Chain {
    /// The chain has this value: the last that was acknowledged, or one of those in doubt.
    fn found(&mut self, value: Value) {
        let Self {
            key,
            last,
            in_doubt,
        } = self;
        let is_right = value == *last || in_doubt.contains(&value);
        assert!(
            is_right,
            "{key} is {value:?}; acknowledged: {last:?}, in doubt: {in_doubt:?}"
        );
        self.last = value;
    }
}

async fn chain(shared: Arc<Shared>, addresses: BTreeMap<u64, String>, number: usize) -> Chain {
    let mut client = Client::new(addresses, PATIENCE[number % 2]);
    let mut chain = Chain {
        key: format!("chain {number}"),
        last: None,
        in_doubt: Vec::new(),
    };
    for link in 0_u64.. {
        if shared.is_over() {
            break;
        }
        let next = Some(link.to_string());
        let write = Write::Cas {
            key: chain.key.clone(),
            expected: chain.last.clone(),
            value: link.to_string(),
        };
        match client.write(write).await {
            Ok(Outcome::Done) => {
                // What was in doubt before expected another value, or is overtaken in its session.
                chain.last = next;
                chain.in_doubt.clear();
                shared.links.fetch_add(1, Ordering::SeqCst);
            }
            Ok(Outcome::NotAsExpected(value)) => {
                assert_ne!(value, chain.last, "{} had the expected value", chain.key);
                chain.found(value);
            }
            Ok(other) => panic!("unexpected: {other:?}"),
            Err(_) => chain.in_doubt.push(next),
        }
        sleep(Duration::from_millis(random(10))).await;
    }
    chain
}
