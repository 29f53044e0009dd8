//! The parser of a line.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use raftbare::{Message, MessageSeqNo, NodeId, NodeOptions, Role, StableLeadership, Term};

use super::verb::{Fact, Ids, Links, Messages, Stored, Verb, Which};
use crate::flaw::Flaw;
use crate::notation::{Parser, whole};
use crate::write::Report;

type Parsed<T> = Result<T, String>;

/// More commands at once are more than anybody wants to see.
const MOST_COMMANDS: u64 = 1_000;

impl Verb {
    /// Reads a line.
    pub(super) fn parse(text: &str) -> Parsed<Self> {
        whole(text, verb)
    }
}

fn verb(line: &mut Parser<'_>) -> Parsed<Verb> {
    Ok(match line.word() {
        "start" => Verb::Start(ids(line)?),
        "restart" => Verb::Restart(ids(line)?, optional(line, stored)?),
        "crash" => Verb::Crash(ids(line)?),
        "found" => Verb::Found(id(line)?, spaced(line, Parser::set)?),
        "timeout" => Verb::Timeout(ids(line)?),
        "propose" => Verb::Propose(id(line)?, optional(line, count)?.unwrap_or(1)),
        "config" => Verb::Config(id(line)?, spaced(line, Parser::config)?),
        "heartbeat" => Verb::Heartbeat(id(line)?),
        "transfer" => Verb::Transfer(id(line)?, spaced(line, id_or_none)?),
        "read" => Verb::Read(id(line)?),
        "reads" => Verb::Reads(id(line)?),
        "status" => Verb::Status(id(line)?, spaced(line, Parser::position)?),
        "snapshot" => Verb::Snapshot(id(line)?),
        "deliver" => Verb::Deliver(messages(line)?),
        "settle" => Verb::Settle(links_or_all(line)?),
        "lose" => Verb::Lose(messages(line)?),
        "duplicate" => Verb::Duplicate(messages(line)?),
        "hold" => Verb::Hold(messages(line)?),
        "release" => Verb::Release(messages(line)?),
        "truncate" => Verb::Truncate(spaced(line, count)? as usize, messages(line)?),
        "cut" => Verb::Cut(spaced(line, links)?),
        "mend" => Verb::Mend(links_or_all(line)?),
        "inject" => inject(line)?,
        "manual" => Verb::Manual(ids(line)?),
        "take" => Verb::Take(
            id(line)?,
            optional(line, count)?.map_or(usize::MAX, as_size),
        ),
        "auto" => Verb::Auto(ids(line)?),
        "tear" => Verb::Tear(id(line)?, spaced(line, count).map(as_size)?),
        "write" => Verb::Write(
            ids(line)?,
            optional(line, count)?.map_or(usize::MAX, as_size),
        ),
        "report" => Verb::Report(ids(line)?, optional(line, report)?),
        "flaw" => Verb::Flaw(ids(line)?, spaced(line, flaw)?),
        "options" => Verb::Options(ids(line)?, options(line)?),
        "pending" => Verb::Pending(id(line)?),
        "show" => Verb::Show(optional(line, some_ids)?.unwrap_or(Ids::All)),
        "count" => Verb::Count(links_or_all(line)?),
        "expect" => Verb::Expect(ids(line)?, facts(line)?),
        word => return Err(format!("{word:?} is no verb")),
    })
}

fn as_size(count: u64) -> usize {
    count as usize
}

/// A space and what follows it.
fn spaced<'a, T>(
    line: &mut Parser<'a>,
    parse: impl FnOnce(&mut Parser<'a>) -> Parsed<T>,
) -> Parsed<T> {
    line.expect(" ")?;
    parse(line)
}

/// As [`spaced`], if anything follows.
fn optional<'a, T>(
    line: &mut Parser<'a>,
    parse: impl FnOnce(&mut Parser<'a>) -> Parsed<T>,
) -> Parsed<Option<T>> {
    match line.is_at_end() {
        true => Ok(None),
        false => spaced(line, parse).map(Some),
    }
}

fn id(line: &mut Parser<'_>) -> Parsed<NodeId> {
    spaced(line, Parser::id)
}

fn ids(line: &mut Parser<'_>) -> Parsed<Ids> {
    spaced(line, some_ids)
}

fn some_ids(line: &mut Parser<'_>) -> Parsed<Ids> {
    if line.takes("*") {
        return Ok(Ids::All);
    }
    let mut ids = Vec::from([line.id()?]);
    while line.takes(",") {
        ids.push(line.id()?);
    }
    Ok(Ids::These(ids))
}

/// The name of a mistake, or `-` for none.
fn flaw(line: &mut Parser<'_>) -> Parsed<Option<Flaw>> {
    if line.takes("-") {
        return Ok(None);
    }
    let name = line.word();
    let known = Flaw::ALL.iter().find(|flaw| format!("{flaw:?}") == name);
    known
        .copied()
        .map(Some)
        .ok_or(format!("{name:?} is no flaw"))
}

/// `default`, or what is to be other than by default.
fn options(line: &mut Parser<'_>) -> Parsed<NodeOptions> {
    let mut options = NodeOptions::default();
    line.expect(" ")?;
    if line.takes("default") {
        return Ok(options);
    }
    option(line, &mut options)?;
    while optional(line, |line| option(line, &mut options))?.is_some() {}
    Ok(options)
}

fn option(line: &mut Parser<'_>, options: &mut NodeOptions) -> Parsed<()> {
    let switches = [
        ("never-leads", &mut options.never_leads),
        ("refuses-lost-tail", &mut options.refuses_lost_tail),
        ("asynchronous", &mut options.asynchronous_storage),
        ("events", &mut options.events),
    ];
    for (word, switch) in switches {
        if line.takes(word) {
            *switch = true;
            return Ok(());
        }
    }
    if line.takes("transfer-timeouts ") {
        options.transfer_timeouts = timeouts(line)?;
        return Ok(());
    }
    line.expect("stable ")?;
    let silent_timeouts = timeouts(line)?;
    options.stable_leadership = Some(StableLeadership { silent_timeouts });
    Ok(())
}

fn timeouts(line: &mut Parser<'_>) -> Parsed<u8> {
    let count = line.number()?;
    u8::try_from(count).or_else(|_| line.fail("no more than 255 before this"))
}

fn count(line: &mut Parser<'_>) -> Parsed<u64> {
    match line.number()? {
        count if count <= MOST_COMMANDS => Ok(count),
        _ => line.fail("no more than a thousand before this"),
    }
}

fn links(line: &mut Parser<'_>) -> Parsed<Links> {
    let from = some_ids(line)?;
    let both_ways = line.takes("<->");
    if !both_ways {
        line.expect("->")?;
    }
    let to = some_ids(line)?;
    Ok(Links {
        from,
        to,
        both_ways,
    })
}

fn links_or_all(line: &mut Parser<'_>) -> Parsed<Links> {
    Ok(optional(line, links)?.unwrap_or(Links::ALL))
}

fn messages(line: &mut Parser<'_>) -> Parsed<Messages> {
    let links = links_or_all(line)?;
    let which = optional(line, which)?.unwrap_or(Which::All);
    Ok(Messages { links, which })
}

fn which(line: &mut Parser<'_>) -> Parsed<Which> {
    if line.takes("next") {
        return Ok(Which::Nth(1));
    }
    if line.takes("nth ") {
        return match count(line)? {
            0 => line.fail("a place from 1 before this"),
            place => Ok(Which::Nth(as_size(place))),
        };
    }
    line.expect("#")?;
    line.number().map(MessageSeqNo::new).map(Which::Number)
}

fn stored(line: &mut Parser<'_>) -> Parsed<Stored> {
    line.expect("t")?;
    let (term, voted_for) = hard_state(line)?;
    let log = spaced(line, Parser::log)?;
    Ok(Stored {
        term,
        voted_for,
        log,
    })
}

/// A term, after its letter, and a vote.
fn hard_state(line: &mut Parser<'_>) -> Parsed<(Term, Option<NodeId>)> {
    let term = line.number().map(Term::new)?;
    line.expect(" vote ")?;
    Ok((term, id_or_none(line)?))
}

fn report(line: &mut Parser<'_>) -> Parsed<Report> {
    match line.takes("t") {
        true => hard_state(line).map(|(term, vote)| Report::HardState(term, vote)),
        false => line.position().map(Report::Log),
    }
}

fn id_or_none(line: &mut Parser<'_>) -> Parsed<Option<NodeId>> {
    match line.takes("-") {
        true => Ok(None),
        false => line.id().map(Some),
    }
}

fn inject(line: &mut Parser<'_>) -> Parsed<Verb> {
    let to = id(line)?;
    if line.takes(" snapshot ") {
        let position = line.position()?;
        let config = spaced(line, Parser::config)?;
        return Ok(Verb::InjectSnapshot(to, position, config));
    }
    let message: Message = spaced(line, Parser::message)?;
    Ok(Verb::Inject(to, message))
}

fn facts(line: &mut Parser<'_>) -> Parsed<Vec<Fact>> {
    let mut facts = Vec::from([spaced(line, fact)?]);
    while let Some(fact) = optional(line, fact)? {
        facts.push(fact);
    }
    Ok(facts)
}

fn fact(line: &mut Parser<'_>) -> Parsed<Fact> {
    const ROLES: [(&str, Role); 3] = [
        ("follower", Role::Follower),
        ("candidate", Role::Candidate),
        ("leader", Role::Leader),
    ];
    for (word, role) in ROLES {
        if line.takes(word) {
            return Ok(Fact::Role(role));
        }
    }
    if line.takes("down") {
        Ok(Fact::Down)
    } else if line.takes("pre-candidate") {
        Ok(Fact::PreCandidate)
    } else if line.takes("vote ") {
        id_or_none(line).map(Fact::Vote)
    } else if line.takes("commit ") {
        line.index().map(Fact::Commit)
    } else if line.takes("last ") {
        line.position().map(Fact::Last)
    } else if line.takes("config ") {
        line.config().map(Fact::Config)
    } else if line.takes("log ") {
        line.entries().map(Fact::Log)
    } else if line.takes("like ") {
        line.id().map(Fact::Like)
    } else if line.takes("match ") {
        let follower = line.id()?;
        spaced(line, Parser::index).map(|index| Fact::Match(follower, index))
    } else if line.takes("durable ") {
        line.index().map(Fact::Durable)
    } else if line.takes("lost ") {
        line.id().map(Fact::Lost)
    } else if line.takes("read ") {
        line.read().map(Fact::Read)
    } else if line.takes("t") {
        line.number().map(Term::new).map(Fact::Term)
    } else {
        let position = line.position()?;
        let status = spaced(line, Parser::status)?;
        Ok(Fact::Status(position, status))
    }
}
