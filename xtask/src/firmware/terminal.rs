//! The terminal, in a thread of its own: it shows the screen, and hands on what is typed.

use anyhow::{Result, anyhow};
use ratatui::crossterm::event::{self, Event as Input, KeyCode, KeyEvent, KeyModifiers};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::screen::draw;
use super::view::View;

/// How often the screen is drawn.
const FRAME: Duration = Duration::from_millis(50);

/// The line that is typed, and those before it.
#[derive(Debug, Default)]
struct Prompt {
    line: String,
    before: Vec<String>,
    /// How far back in them.
    back: usize,
}

/// What a key asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wish {
    Nothing,
    Do(String),
    Leave,
}

impl Prompt {
    fn press(&mut self, key: KeyEvent) -> Wish {
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c' | 'd') if is_control => return Wish::Leave,
            KeyCode::Char(char) if !is_control => self.line.push(char),
            KeyCode::Backspace => {
                self.line.pop();
            }
            KeyCode::Esc => self.line.clear(),
            KeyCode::Up => self.go((self.back + 1).min(self.before.len())),
            KeyCode::Down => self.go(self.back.saturating_sub(1)),
            KeyCode::Enter => {
                self.back = 0;
                let line = std::mem::take(&mut self.line);
                if !line.trim().is_empty() {
                    self.before.push(line.clone());
                    return Wish::Do(line);
                }
            }
            _ => {}
        }
        Wish::Nothing
    }

    /// Shows the line from so far back; from 0, an empty one.
    fn go(&mut self, back: usize) {
        self.back = back;
        let place = self.before.len().checked_sub(back);
        let line = place.and_then(|place| self.before.get(place));
        self.line = line.cloned().unwrap_or_default();
    }
}

/// The screen, from when it is opened until [`close`](Self::close).
#[derive(Debug)]
pub(crate) struct Terminal {
    view: Arc<Mutex<View>>,
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<std::io::Result<()>>,
}

impl Terminal {
    /// Opens it; what is typed comes out of the receiver. When the user leaves, `is_over` says so.
    pub(crate) fn open(
        view: Arc<Mutex<View>>,
        is_over: Arc<AtomicBool>,
    ) -> (Self, Receiver<String>) {
        let (sender, lines) = mpsc::channel();
        let (seen, over) = (view.clone(), is_over.clone());
        let thread = thread::spawn(move || {
            let mut terminal = ratatui::try_init()?;
            let shown = run(&mut terminal, &seen, &over, &sender);
            ratatui::restore();
            over.store(true, Ordering::Relaxed);
            shown
        });
        let terminal = Self {
            view,
            is_over,
            thread,
        };
        (terminal, lines)
    }

    /// Shows a message beside the consoles.
    pub(crate) fn say(&self, message: String) {
        lock(&self.view).message = message;
    }

    /// Gives the terminal back as it was.
    pub(crate) fn close(self) -> Result<()> {
        self.is_over.store(true, Ordering::Relaxed);
        let shown = self.thread.join();
        Ok(shown.map_err(|_| anyhow!("the screen has failed"))??)
    }
}

pub(crate) fn lock(view: &Mutex<View>) -> MutexGuard<'_, View> {
    view.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run(
    terminal: &mut ratatui::DefaultTerminal,
    view: &Mutex<View>,
    is_over: &AtomicBool,
    lines: &Sender<String>,
) -> std::io::Result<()> {
    let mut prompt = Prompt::default();
    terminal.clear()?;
    while !is_over.load(Ordering::Relaxed) {
        let now = lock(view).clone();
        terminal.draw(|frame| draw(frame, &now, &prompt.line))?;
        if !event::poll(FRAME)? {
            continue;
        }
        let wish = match event::read()? {
            Input::Key(key) if key.is_press() => prompt.press(key),
            _ => Wish::Nothing,
        };
        let is_heard = match wish {
            Wish::Nothing => true,
            Wish::Do(line) => lines.send(line).is_ok(),
            Wish::Leave => false,
        };
        if !is_heard {
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(prompt: &mut Prompt, code: KeyCode) -> Wish {
        prompt.press(KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn type_text(prompt: &mut Prompt, text: &str) {
        for char in text.chars() {
            assert_eq!(press(prompt, KeyCode::Char(char)), Wish::Nothing);
        }
    }

    #[test]
    fn lines_are_typed_mended_and_done() {
        let mut prompt = Prompt::default();
        type_text(&mut prompt, "kill 12");
        press(&mut prompt, KeyCode::Backspace);
        assert_eq!(
            press(&mut prompt, KeyCode::Enter),
            Wish::Do("kill 1".to_owned())
        );
        assert_eq!(press(&mut prompt, KeyCode::Enter), Wish::Nothing);
        type_text(&mut prompt, "wrong");
        press(&mut prompt, KeyCode::Esc);
        assert_eq!(prompt.line, "");
    }

    #[test]
    fn earlier_lines_come_back() {
        let mut prompt = Prompt::default();
        for text in ["one", "two"] {
            type_text(&mut prompt, text);
            press(&mut prompt, KeyCode::Enter);
        }
        let mut seen = Vec::new();
        for key in [
            KeyCode::Up,
            KeyCode::Up,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Down,
        ] {
            press(&mut prompt, key);
            seen.push(prompt.line.clone());
        }
        assert_eq!(seen, ["two", "one", "one", "two", ""]);
    }

    #[test]
    fn control_c_leaves() {
        let mut prompt = Prompt::default();
        let key = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(prompt.press(key), Wish::Leave);
    }
}
