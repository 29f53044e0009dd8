//! The client: it finds the leader, and writes exactly once.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::failure::Failure;
use crate::protocol::{Answer, Hello, Request, Status};
use crate::state::{Outcome, Write};
use crate::transport::{connect, read_value, write_value};

/// So long for one answer, before another node is asked.
const ANSWER: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct Client {
    peers: BTreeMap<u64, String>,
    /// So long for a request, over all attempts.
    patience: Duration,
    /// The node to ask next, and the connection to it.
    target: Option<(u64, String)>,
    stream: Option<TcpStream>,
    session: Option<u64>,
    number: u64,
}

impl Client {
    #[must_use]
    pub fn new(peers: BTreeMap<u64, String>, patience: Duration) -> Self {
        Self {
            peers,
            patience,
            target: None,
            stream: None,
            session: None,
            number: 0,
        }
    }

    /// Reads linearizably: whatever was written before is seen.
    pub async fn get(&mut self, key: &str) -> Result<Option<String>, Failure> {
        let key = key.to_owned();
        match self.ask(&Request::Get { key }).await? {
            Answer::Value(value) => Ok(value),
            other => Err(unexpected(&other)),
        }
    }

    /// Writes exactly once, however often it has to be sent. After a failure it was done once or not at all.
    pub async fn write(&mut self, write: Write) -> Result<Outcome, Failure> {
        let session = match self.session {
            Some(session) => session,
            None => self.open().await?,
        };
        self.number += 1;
        let request = Request::Write {
            session,
            number: self.number,
            write,
        };
        match self.ask(&request).await? {
            Answer::Written(Outcome::NoSession) => {
                self.session = None;
                let reason =
                    "the session was not used for too long: whether this was written is not known";
                Err(Failure::failed(reason))
            }
            Answer::Written(outcome) => Ok(outcome),
            other => Err(unexpected(&other)),
        }
    }

    /// A session opened twice does no harm: one of them is never used.
    async fn open(&mut self) -> Result<u64, Failure> {
        match self.ask(&Request::Open).await? {
            Answer::Written(Outcome::Opened(session)) => {
                self.session = Some(session);
                self.number = 0;
                Ok(session)
            }
            other => Err(unexpected(&other)),
        }
    }

    pub async fn add_node(&mut self, id: u64, address: &str) -> Result<(), Failure> {
        let address = address.to_owned();
        self.change(&Request::AddNode { id, address }).await
    }

    pub async fn remove_node(&mut self, id: u64) -> Result<(), Failure> {
        self.change(&Request::RemoveNode { id }).await
    }

    /// Waits until the node leads.
    pub async fn transfer_leadership(&mut self, to: u64) -> Result<(), Failure> {
        self.change(&Request::TransferLeadership { to }).await
    }

    async fn change(&mut self, request: &Request) -> Result<(), Failure> {
        match self.ask(request).await? {
            Answer::Changed => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Asks the leader, whoever that is, until it answers.
    async fn ask(&mut self, request: &Request) -> Result<Answer, Failure> {
        let begun = Instant::now();
        loop {
            let problem = match self.attempt(request).await {
                Ok(Answer::NotLeader(Some(leader))) => {
                    let known = self.peers.get(&leader.id).cloned();
                    self.stream = None;
                    self.target = known.or(leader.address).map(|it| (leader.id, it));
                    format!("node {} should lead, and does not answer", leader.id)
                }
                Ok(Answer::NotLeader(None)) => {
                    self.turn_to_next();
                    "there is no leader; is a majority of the nodes running?".into()
                }
                Ok(Answer::TryAgain(reason)) => reason,
                Ok(Answer::Unknown) => "the leader was lost before it could answer".into(),
                Ok(Answer::Refused(reason)) => return Err(Failure::failed(reason)),
                Ok(answer) => return Ok(answer),
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                    return Err(Failure::failed(error.to_string()));
                }
                Err(error) => {
                    let address = self.target.as_ref().map(|(_, address)| address.clone());
                    self.turn_to_next();
                    format!("{}: {error}", address.unwrap_or_default())
                }
            };
            if begun.elapsed() >= self.patience {
                let seconds = self.patience.as_secs();
                let message = format!("no success within {seconds} s; the last problem: {problem}");
                return Err(Failure::failed(message));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn attempt(&mut self, request: &Request) -> io::Result<Answer> {
        if self.target.is_none() {
            self.turn_to_next();
        }
        let Some((_, address)) = &self.target else {
            return Err(io::Error::other("no address of a node is given"));
        };
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(address, &Hello::Client).await?,
        };
        let answer = talk(&mut stream, request).await?;
        self.stream = Some(stream);
        Ok(answer)
    }

    /// Takes the node after the one that was asked last.
    fn turn_to_next(&mut self) {
        self.stream = None;
        let last = self.target.take().map(|(id, _)| id);
        let next = self.peers.range(last.map_or(0, |id| id + 1)..).next();
        let next = next.or_else(|| self.peers.first_key_value());
        self.target = next.map(|(&id, address)| (id, address.clone()));
    }
}

/// One request on an open connection. After an error, or if it is dropped, the connection is of no use.
async fn talk(stream: &mut TcpStream, request: &Request) -> io::Result<Answer> {
    let talk = async {
        write_value(stream, request).await?;
        read_value(stream).await
    };
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "no answer in time");
    timeout(ANSWER, talk).await.map_err(late)?
}

/// What the node at this address tells of itself.
pub async fn status(address: &str) -> io::Result<Status> {
    let mut stream = connect(address, &Hello::Client).await?;
    match talk(&mut stream, &Request::Status).await? {
        Answer::Status(status) => Ok(*status),
        other => Err(io::Error::other(format!("unexpected: {other:?}"))),
    }
}

fn unexpected(answer: &Answer) -> Failure {
    Failure::failed(format!("the node answers something else: {answer:?}"))
}
