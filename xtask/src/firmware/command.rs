//! What can be done to a cluster, in a script or typed.

use anyhow::{Context, Result, bail};

/// Which nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Node(usize),
    Leader,
    /// Some node that has power and does not lead.
    Other,
    /// The node that was stranded last.
    Stranded,
    All,
}

/// A line of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// Type a line at a node's console.
    Type(Who, String),
    /// Wait until a node has said a line with this in it, after the one that was waited for last.
    Expect(Who, String),
    /// A node has never said a line with this in it.
    Never(Who, String),
    /// Nothing that was said so far is waited for any more.
    Forget,
    /// Wait until one node leads all that have power and can be reached.
    Elect,
    /// Let the leader, whoever it is, set a key, and wait for its answer.
    Put(String),
    /// Cut all wires of the leader, let it try to set a key, and wait until another leads.
    Strand(String),
    /// Wait until the leader answers this when it is asked for the key.
    Get(String, String),
    Kill(Who),
    Start(Who),
    /// Kill and start at once, all of them together.
    Cycle(Who),
    /// Leave an item half written behind what is in the flash, as a loss of power does. The node has no power.
    Tear(usize),
    /// Cut the wire between two nodes, or all of one.
    Cut(Who, Option<usize>),
    Mend(Who, Option<usize>),
    Wait(u64),
    /// Measure so many commits, one after the other.
    Bench(usize),
    /// Measure for so many milliseconds what nodes do that nobody asks for anything.
    Idle(u64),
    Help,
    Quit,
}

/// What can be typed.
pub(crate) const HELP: &str = "\
NODE LINE            type a line at a node's console: 1 put colour green
                     (NODE is a number, leader, other, stranded or all)
put KEY VALUE        set a key at the leader; get KEY VALUE: wait until it is so
elect                wait for a leader
kill NODE            take its power away; start NODE gives it back; cycle NODE does both
tear NODE            leave an item half written in the flash of a node that is off
cut NODE [NODE]      cut a wire, or all of a node; mend NODE [NODE]
strand KEY VALUE     cut the leader off, with a command that only it has, until another leads
expect NODE TEXT     wait until the node says a line with this; forget: what was said is not waited for
never NODE TEXT      fail if the node has ever said a line with this
wait MS, bench N, idle MS, help, quit";

impl Command {
    /// Reads a line; `None` if there is nothing in it.
    pub(crate) fn parse(line: &str) -> Result<Option<Self>> {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            return Ok(None);
        }
        Self::parse_some(line)
            .with_context(|| format!("`{line}` makes no sense; `help` shows what does"))
            .map(Some)
    }

    fn parse_some(line: &str) -> Result<Self> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        let two = || {
            let (one, other) = rest.split_once(' ').context("words are missing")?;
            Ok::<_, anyhow::Error>((one, other.trim().to_owned()))
        };
        Ok(match word {
            "expect" => {
                let (who, text) = two()?;
                Self::Expect(Who::parse(who)?, text)
            }
            "never" => {
                let (who, text) = two()?;
                Self::Never(Who::parse(who)?, text)
            }
            "forget" => Self::Forget,
            "elect" => Self::Elect,
            "put" => {
                two()?;
                Self::Put(rest.to_owned())
            }
            "strand" => {
                two()?;
                Self::Strand(rest.to_owned())
            }
            "get" => {
                let (key, value) = two()?;
                Self::Get(key.to_owned(), value)
            }
            "kill" => Self::Kill(Who::parse(rest)?),
            "start" => Self::Start(Who::parse(rest)?),
            "cycle" => Self::Cycle(Who::parse(rest)?),
            "tear" => Self::Tear(rest.parse()?),
            "cut" | "mend" => {
                let (who, peer) = match two() {
                    Ok((one, other)) => (Who::parse(one)?, Some(other.parse()?)),
                    Err(_) => (Who::parse(rest)?, None),
                };
                match word {
                    "cut" => Self::Cut(who, peer),
                    _ => Self::Mend(who, peer),
                }
            }
            "wait" => Self::Wait(rest.parse()?),
            "bench" => Self::Bench(rest.parse()?),
            "idle" => Self::Idle(rest.parse()?),
            "help" => Self::Help,
            "quit" => Self::Quit,
            who if rest.is_empty() => bail!("there is no command {who}"),
            who => Self::Type(Who::parse(who)?, rest.to_owned()),
        })
    }
}

impl Who {
    fn parse(word: &str) -> Result<Self> {
        Ok(match word {
            "leader" => Self::Leader,
            "other" => Self::Other,
            "stranded" => Self::Stranded,
            "all" => Self::All,
            number => Self::Node(
                number
                    .parse()
                    .context("a node is a number, or leader, other, stranded or all")?,
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_commands() {
        let parse = |line| Command::parse(line).unwrap();
        assert_eq!(parse("  # nothing"), None);
        assert_eq!(
            parse("1 put a b # at 1"),
            Some(Command::Type(Who::Node(1), "put a b".to_owned()))
        );
        assert_eq!(
            parse("expect all put a b"),
            Some(Command::Expect(Who::All, "put a b".to_owned()))
        );
        assert_eq!(
            parse("never stranded put a b"),
            Some(Command::Never(Who::Stranded, "put a b".to_owned()))
        );
        assert_eq!(parse("strand a b"), Some(Command::Strand("a b".to_owned())));
        assert_eq!(parse("cut 1 2"), Some(Command::Cut(Who::Node(1), Some(2))));
        assert_eq!(parse("mend leader"), Some(Command::Mend(Who::Leader, None)));
        assert_eq!(
            parse("get a b c"),
            Some(Command::Get("a".to_owned(), "b c".to_owned()))
        );
        for line in ["put a", "expect 1", "one status", "wait long", "dance"] {
            let error = Command::parse(line).unwrap_err().to_string();
            assert!(error.contains("`help`"), "{error}");
        }
    }
}
