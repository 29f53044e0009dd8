//! What a person sees between the output of the commands: all of it on standard error, in colour only on a terminal.

use std::{io::IsTerminal, sync::LazyLock};

static COLOURED: LazyLock<bool> = LazyLock::new(|| {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !unwanted && std::io::stderr().is_terminal()
});

/// The looks a text can have.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Look {
    Bold,
    Dim,
    Good,
    Late,
    Bad,
}

/// `text` in that look, or as it is where colours are not wanted.
pub(crate) fn paint(look: Look, text: &str) -> String {
    if !*COLOURED {
        return text.to_owned();
    }
    let code = match look {
        Look::Bold => "1",
        Look::Dim => "2",
        Look::Good => "1;32",
        Look::Late => "1;33",
        Look::Bad => "1;31",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// A command line, before it runs.
pub(crate) fn command(line: &str) {
    eprintln!("{}", paint(Look::Dim, &format!("$ {line}")));
}

/// Something worth knowing while a step runs.
pub(crate) fn note(text: &str) {
    eprintln!("{} {text}", paint(Look::Bold, "note:"));
}

/// Why a task failed, with every cause on a line of its own.
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("{} {error}", paint(Look::Bad, "error:"));
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
}
