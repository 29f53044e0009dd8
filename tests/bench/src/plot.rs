//! The speeds as a drawing that can be read on light and on dark ground.

use std::fmt::Write;

use crate::cluster::{PEERS, REFERENCE, THIS};
use crate::times::Row;

const WIDTH: f64 = 760.0;
/// Where the bars begin and end.
const LEFT: f64 = 190.0;
const RIGHT: f64 = 700.0;
const TOP: f64 = 64.0;
const BAR: f64 = 11.0;
const GAP: f64 = 14.0;

const STYLE: &str = "<style>\
text{font:12px system-ui,sans-serif;fill:#1f2328}\
.title{font-size:15px;font-weight:600}\
.small{font-size:10px;fill:#59636e}\
line{stroke:#d1d9e0}.one{stroke:#818b98}\
.p0{fill:#afb8c1}.p1{fill:#8c959f}.p2{fill:#6e7781}.this{fill:#0969da}\
@media(prefers-color-scheme:dark){\
text{fill:#f0f6fc}.small{fill:#9198a1}\
line{stroke:#3d444d}.one{stroke:#9198a1}\
.p0{fill:#484f58}.p1{fill:#6e7681}.p2{fill:#8b949e}.this{fill:#4493f8}}\
</style>";

/// Draws the rows: how fast each crate is, the reference being 1, on a logarithmic scale.
#[must_use]
pub fn svg(rows: &[Row]) -> String {
    let speeds = || rows.iter().flat_map(|row| row.speeds.iter().copied());
    // Whole powers of ten around all that is to be drawn.
    let lowest = speeds().fold(1.0, f64::min).log10().floor();
    let highest = speeds().fold(1.0, f64::max).log10().ceil();
    let scale = Scale {
        lowest,
        highest: highest.max(lowest + 1.0),
    };
    let group = BAR * PEERS.len() as f64 + GAP;
    let bottom = TOP + group * rows.len() as f64;
    let height = bottom + 34.0;
    let mut drawing = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\">\n\
         <title>Speed in relation to {REFERENCE}</title>\n{STYLE}\n\
         <text class=\"title\" x=\"16\" y=\"24\">How fast, in relation to {REFERENCE} (log scale, longer is faster)</text>\n"
    );
    legend(&mut drawing);
    axis(&mut drawing, &scale, bottom);
    for (index, row) in rows.iter().enumerate() {
        bars(&mut drawing, &scale, row, TOP + group * index as f64);
    }
    drawing + "</svg>\n"
}

struct Scale {
    lowest: f64,
    highest: f64,
}

impl Scale {
    fn x(&self, speed: f64) -> f64 {
        let part = (speed.log10() - self.lowest) / (self.highest - self.lowest);
        LEFT + part * (RIGHT - LEFT)
    }
}

fn class(peer: usize) -> String {
    match PEERS[peer].0 == THIS {
        true => "this".to_owned(),
        false => format!("p{peer}"),
    }
}

fn legend(drawing: &mut String) {
    for (peer, (name, _)) in PEERS.iter().enumerate() {
        let x = LEFT + 130.0 * peer as f64;
        let _ = writeln!(
            drawing,
            "<rect class=\"{}\" x=\"{x}\" y=\"36\" width=\"11\" height=\"11\"/>\
             <text x=\"{}\" y=\"46\">{name}</text>",
            class(peer),
            x + 16.0
        );
    }
}

fn axis(drawing: &mut String, scale: &Scale, bottom: f64) {
    let mut power = scale.lowest;
    while power <= scale.highest {
        let speed = 10_f64.powf(power);
        let x = scale.x(speed);
        let class = if power == 0.0 { " class=\"one\"" } else { "" };
        let _ = writeln!(
            drawing,
            "<line{class} x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{}\" y2=\"{bottom:.1}\"/>\
             <text class=\"small\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{speed}x</text>",
            TOP - 6.0,
            bottom + 14.0
        );
        power += 1.0;
    }
}

fn bars(drawing: &mut String, scale: &Scale, row: &Row, top: f64) {
    let middle = top + BAR * PEERS.len() as f64 / 2.0 + 4.0;
    let _ = writeln!(
        drawing,
        "<text x=\"{}\" y=\"{middle:.1}\" text-anchor=\"end\">{}</text>",
        LEFT - 12.0,
        row.unit
    );
    for (peer, &speed) in row.speeds.iter().enumerate() {
        let (y, end) = (top + BAR * peer as f64, scale.x(speed));
        let _ = writeln!(
            drawing,
            "<rect class=\"{}\" x=\"{LEFT}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{}\"/>\
             <text class=\"small\" x=\"{:.1}\" y=\"{:.1}\">{speed:.2}</text>",
            class(peer),
            end - LEFT,
            BAR - 1.0,
            end + 4.0,
            y + 9.0
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bar_is_drawn_within_the_scale() {
        let row = Row {
            unit: "commit",
            reference_ns: 360.0,
            speeds: (0..PEERS.len())
                .map(|peer| 0.3 * 4_f64.powi(peer as i32))
                .collect(),
        };
        let drawing = svg(&[row]);
        assert_eq!(drawing.matches("<rect").count(), 2 * PEERS.len());
        assert!(drawing.contains("0.1x") && drawing.contains("10x"));
        assert!(!drawing.contains("width=\"-") && !drawing.contains("NaN"));
        assert!(drawing.contains("prefers-color-scheme:dark"));
    }
}
