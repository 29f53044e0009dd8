//! Scenarios as text: what happens to a cluster, line by line, with no clock and no chance.
//!
//! A script is a list of lines. A line that starts with `#` is a comment; a blank one is nothing; one that
//! starts with two spaces tells what has happened, and is not read; any other is a verb. Values are in the
//! core's notation ([`raftbare::notation`]). Scripts travel in URLs and live in files, so a verb keeps its
//! meaning; a new one gets a new name.
//!
//! | Verb | What happens |
//! |---|---|
//! | `start IDS` | these nodes are started for the first time, in no cluster |
//! | `restart IDS` | they come back from their disks |
//! | `restart IDS tTERM vote VOTE LOG` | from disks that hold this: `restart 1,2 t2 vote - snapshot {1,2,3} log 0/0[term(1)]` |
//! | `crash IDS` | they lose all that is not on their disks |
//! | `found ID SET` | founds a cluster of these voters: `found 1 {1,2,3}` |
//! | `timeout IDS` | their timers fire |
//! | `propose ID [COUNT]` | a client proposes so many commands |
//! | `config ID CONFIG` | an operator proposes a configuration: `config 1 {1,2}->{2,3}+{4}` |
//! | `heartbeat ID` | the user asks for a heartbeat |
//! | `transfer ID TARGET` | an operator wants this leader to hand over: `transfer 1 3`; `transfer 1 -` gives it up |
//! | `read ID` | a client begins a read |
//! | `reads ID` | how far the reads of this node are |
//! | `status ID POSITION` | what has become of a proposal |
//! | `snapshot ID` | it takes a snapshot of all that it has applied |
//! | `deliver [MESSAGES]` | what is in flight arrives, oldest first; what is sent in return stays in flight |
//! | `settle [LINKS]` | what is in flight arrives until nothing is in flight any more |
//! | `lose [MESSAGES]` | never arrives |
//! | `duplicate [MESSAGES]` | is in flight once more |
//! | `hold [MESSAGES]` | is in flight no more, until `release` |
//! | `release [MESSAGES]` | what was held is in flight again |
//! | `truncate COUNT [MESSAGES]` | of the entries of each call only so many arrive |
//! | `cut LINKS` | loses what is sent from now on |
//! | `mend [LINKS]` | loses nothing any more |
//! | `inject ID MESSAGE` | a late, copied or forged message arrives: `inject 3 1 t2 #5 RequestVoteReply granted` |
//! | `inject ID snapshot POSITION CONFIG` | the same with a snapshot |
//! | `manual IDS` | their actions wait for `take`; else they are executed after each input |
//! | `take ID [COUNT]` | executes so many waiting actions, or all |
//! | `auto IDS` | executes what waits, and all later actions after each input |
//! | `tear ID COUNT` | the power of this node fails in the middle of the append that waits next: so many of its entries are stored |
//! | `write IDS [COUNT]` | `asynchronous` disks make so many of the writes that wait, oldest first, or all |
//! | `report IDS` | they report what they have written last, the hard state and the log: one report for all before |
//! | `report IDS REPORT` | a late or repeated report comes, as it is: `report 1 t2 vote 3`, `report 1 2/7` |
//! | `flaw IDS FLAW` | these nodes make a mistake from now on: `flaw * VoteNotStored`; `flaw * -` ends it |
//! | `options IDS OPTIONS` | these nodes do so from now on, after a restart, too: `options * stable 8`; `options * default` |
//! | `pending ID` | tells which actions wait |
//! | `show [IDS]` | tells the state |
//! | `count [LINKS]` | tells what was sent since the last `count` |
//! | `expect IDS FACTS` | fails if it is not so: `expect 2,3 follower t3 like 1` |
//!
//! ```text
//! IDS      = "*" | id { "," id }                     1   1,2,3   *   in this order, an id more than once, too
//! LINKS    = IDS ( "->" | "<->" ) IDS                1->2   *->3   1<->2,3
//! MESSAGES = LINKS [ " next" | " nth " place | " #" number ]
//!                                                    all of them, the oldest, the second (2), those of this number
//! FLAW     = "-" | a name of flaw::Flaw
//! OPTIONS  = "default" | option { " " option }           all that is not named is as by default
//! option   = "stable " silent timeouts | "transfer-timeouts " timeouts | "never-leads" | "refuses-lost-tail"
//!          | "asynchronous"               what is taken waits for `write`, and the node for `report`
//!          | "events"                     what the node tells is told; of all these see raftbare::NodeOptions
//! REPORT   = position | "t" term " vote " ( id | "-" )
//! FACTS    = fact { " " fact }
//! fact     = role | "pre-candidate" | "down" | "t" term | "vote " ( id | "-" ) | "commit " index | "last " position
//!          | "config " config | "log " entries | "like " id       the same log as that node
//!          | "match " id " " index                                it leads, and that node has so much of its log
//!          | "durable " index                                     so much of its log is stored, as far as it knows
//!          | "lost " id                                           it leads, and refuses that node: it lost its tail
//!          | position " " status | "read " read                   the newest read
//! ```
//!
//! What happened stands under each verb:
//!
//! ```text
//! 2 < 1 t1 #1 RequestVoteCall last 0/1         this message arrives at 2, or is lost, held, doubled, cut
//! 2 < 1 t1 #1 RequestVoteCall last 0/1 (down)  the same, and no node runs there
//! 2 < snapshot 1/6 {1,2}                       a snapshot arrives; its answer says whether it was taken
//! 2: SetElectionTimeout; SaveCurrentTerm       2 executes these actions
//! 2 skips: SaveVotedFor                        2 has a flaw, and leaves this out
//! ! Persist before send: …                     what a flaw has broken; no guarantee of Raft yet
//! 2 pending: SetElectionTimeout                these actions wait
//! 2 to write: t2 vote 1; 1/4[cmd]              these writes wait, an asynchronous node is told of none of them yet
//! 2 wrote: t2 vote 1                           its disk has made these writes
//! 2 is told: t2 vote 1; 1/4                    this is reported to it as stored
//! 2 tells: follower 3 lost its tail            what it tells of itself, with the option `events`
//! 2 = 1/4                                      the answer of 2 to a client
//! 2 follower t1 vote 1 commit 0 …              the state of 2, whenever its role, term or commit index changes
//! 1->2 AppendEntriesCall 3, entries 7          what was sent over this link
//! ```
//!
//! After every input and every action the [`Checker`](crate::checker::Checker) looks at the nodes, so a script
//! in which a guarantee is broken fails.
//!
//! ```
//! use raftbare_sim::script::Script;
//!
//! let script = Script::parse("start 1\nfound 1 {1}\nexpect 1 leader commit 2").expect("it is a script");
//! let text = script.play().expect("nothing is broken");
//! assert!(text.ends_with("expect 1 leader commit 2\n"));
//! assert_eq!(Script::parse("fly 1").expect_err("no verb").line, 1);
//! ```

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::checker::Violation;

mod drain;
mod event;
mod expect;
mod inputs;
mod mail;
mod parse;
mod record;
mod verb;
mod world;
mod writes;

pub use event::Event;
pub use mail::{Flying, Sent};
pub use record::{Did, Recorded};
pub use verb::{Fact, Ids, Links, Messages, Stored, Verb, Which};
pub use world::World;

/// A line that is not in the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// A verb that cannot be done, a guarantee or an expectation that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The number of the line, from 1.
    pub line: usize,
    /// What does not hold.
    pub violation: Violation,
    /// What has happened up to there.
    pub text: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.violation)
    }
}

/// A line of a script as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// Its text.
    pub text: String,
    /// What it says; `None` for comments and blank lines.
    pub verb: Option<Verb>,
}

/// A scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    lines: Vec<Line>,
}

impl Script {
    /// Reads a script, with or without what has happened in it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut lines = Vec::new();
        for (index, text) in text.lines().enumerate() {
            let number = index + 1;
            let text = text.trim_end();
            if text.starts_with("  ") {
                continue;
            }
            let verb = match text.is_empty() || text.starts_with('#') {
                true => None,
                false => Some(Verb::parse(text).map_err(|what| Error { line: number, what })?),
            };
            let text = text.to_string();
            lines.push(Line { number, text, verb });
        }
        Ok(Self { lines })
    }

    /// The lines but those that tell what has happened.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Runs the script in a new world, and tells what happened under each verb.
    pub fn play(&self) -> Result<String, Failure> {
        let mut world = World::default();
        let mut told = String::new();
        for line in &self.lines {
            told.push_str(&line.text);
            told.push('\n');
            let Some(verb) = &line.verb else { continue };
            let verdict = world.step(verb);
            for event in world.take_events() {
                told.push_str(&format!("  {event}\n"));
            }
            if let Err(violation) = verdict {
                return Err(Failure {
                    line: line.number,
                    violation,
                    text: told,
                });
            }
        }
        Ok(told)
    }
}
