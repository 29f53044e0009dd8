//! The screen: a column for each node, the wires, and the line that is typed.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::Line,
    widgets::{Block, Paragraph},
};

use super::view::{Role, Seat, View};

/// What can be typed, in short.
const HINT: &str = "put KEY VALUE · get KEY VALUE · kill|start|cycle NODE · cut|mend NODE [NODE] · \
                    1 status · help · quit";

/// Draws all of it.
pub(crate) fn draw(frame: &mut Frame<'_>, view: &View, typed: &str) {
    let message: Vec<&str> = view.message.lines().collect();
    let message_height = u16::try_from(message.len().clamp(1, 8)).unwrap_or(1);
    let rows = Layout::vertical([
        Constraint::Min(5),
        Constraint::Length(1),
        Constraint::Length(message_height),
        Constraint::Length(1),
        Constraint::Length(1),
    ]);
    let [nodes, wires, messages, hint, input] = rows.areas(frame.area());
    let columns = Layout::horizontal(view.seats.iter().map(|_| Constraint::Fill(1)));
    for ((number, seat), area) in (1..).zip(&view.seats).zip(columns.split(nodes).iter()) {
        draw_seat(frame, *area, number, seat);
    }
    frame.render_widget(Line::raw(format!("wires  {}", view.wires())), wires);
    let lines: Vec<Line<'_>> = message.into_iter().map(Line::raw).collect();
    frame.render_widget(
        Paragraph::new(lines).style(Style::new().fg(Color::Yellow)),
        messages,
    );
    let dim = Style::new().add_modifier(Modifier::DIM);
    frame.render_widget(Line::styled(HINT, dim), hint);
    frame.render_widget(Line::raw(format!("> {typed}")), input);
    let column = u16::try_from(typed.chars().count() + 2).unwrap_or(u16::MAX);
    frame.set_cursor_position((input.x.saturating_add(column), input.y));
}

fn draw_seat(frame: &mut Frame<'_>, area: Rect, number: usize, seat: &Seat) {
    let colour = match seat.role {
        Role::Leader => Color::Green,
        Role::Candidate => Color::Yellow,
        Role::Follower(_) => Color::Cyan,
        Role::Stopped => Color::Red,
        Role::Off | Role::Starting | Role::NoStore => Color::DarkGray,
    };
    let commit = match seat.commit.as_str() {
        "" => "nothing",
        commit => commit,
    };
    let block = Block::bordered()
        .border_style(Style::new().fg(colour))
        .title_top(format!(" {number} {} ", seat.title()))
        .title_bottom(format!(" term {} · commit {commit} ", seat.term));
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let height = usize::from(inside.height);
    let hidden = seat.lines.len().saturating_sub(height);
    let lines = seat.lines.iter().skip(hidden);
    let lines: Vec<Line<'_>> = lines.map(|line| Line::raw(line.as_str())).collect();
    frame.render_widget(Paragraph::new(lines), inside);
}

#[cfg(test)]
mod tests {
    use super::super::view::tests::example;
    use super::*;
    use ratatui::{Terminal, backend::TestBackend};

    /// The screen as text, without blanks at the ends of its lines.
    fn text(view: &View, typed: &str, (width, height): (u16, u16)) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, view, typed)).unwrap();
        let buffer = terminal.backend().buffer();
        let row = |y| -> String { (0..width).map(|x| buffer[(x, y)].symbol()).collect() };
        let rows = (0..height).map(|y| row(y).trim_end().to_owned());
        rows.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn each_node_has_a_column() {
        let mut view = example();
        view.message = "error: there is no node 7".to_owned();
        let expected = "\
┌ 1 leader ────────────────┐┌ 2 follower of 1 ─────────┐┌ 3 no store ──────────────┐
│   0.50 * leader of term 1││   0.75 * follower of 1 in││   1.00 * node 3 has no st│
│   1.25 * 0/1 {1,2,3}     ││                          ││                          │
│   1.50 * 1/3 put colour g││                          ││                          │
│   1.75 ok added at 1/3 in││                          ││                          │
└ term 1 · commit 1/3 ─────┘└ term 1 · commit nothing ─┘└ term 0 · commit nothing ─┘
wires  1--2  1--3  2--3
error: there is no node 7
put KEY VALUE · get KEY VALUE · kill|start|cycle NODE · cut|mend NODE [NODE] · 1 sta
> kill lea";
        assert_eq!(text(&view, "kill lea", (84, 10)), expected);
    }

    #[test]
    fn a_small_screen_is_no_error() {
        for size in [(1, 1), (10, 3), (200, 5)] {
            text(&example(), "put a b", size);
        }
    }
}
