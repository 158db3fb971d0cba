//! Bar charts as SVG: groups of bars side by side, one bar a server.

use std::fmt::Write;

/// A chart. `values[group][series]` are the bars.
pub struct Chart {
    pub title: &'static str,
    pub series: Vec<String>,
    pub groups: Vec<String>,
    pub values: Vec<Vec<f64>>,
    /// A line under the chart.
    pub note: String,
}

// Pixels.
const BAR: f64 = 34.0;
const GAP: f64 = 30.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 72.0;
const PLOT: f64 = 280.0;
const BOTTOM: f64 = 70.0;

/// Told apart by those who do not see red and green apart too.
const COLORS: [&str; 5] = ["#d55e00", "#0072b2", "#56b4e9", "#009e73", "#999999"];

impl Chart {
    /// The whole file.
    pub fn svg(&self) -> String {
        let group_width = BAR * self.series.len() as f64 + GAP;
        // As wide as the bars, and not narrower than the texts above and below them.
        let width = (LEFT + group_width * self.groups.len() as f64 + RIGHT).max(640.0);
        let height = TOP + PLOT + BOTTOM;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
        );
        text(
            &mut svg,
            LEFT,
            26.0,
            "start",
            "font-size=\"17\" font-weight=\"bold\"",
            self.title,
        );
        self.legend(&mut svg);
        let top = nice_above(self.values.iter().flatten().copied().fold(0.0, f64::max));
        axis(&mut svg, top, width - RIGHT);
        for (number, (name, values)) in self.groups.iter().zip(&self.values).enumerate() {
            let left = LEFT + GAP / 2.0 + group_width * number as f64;
            bars(&mut svg, left, values, top);
            let middle = left + (group_width - GAP) / 2.0;
            group_name(&mut svg, middle, name);
        }
        text(
            &mut svg,
            LEFT,
            height - 12.0,
            "start",
            "fill=\"#666666\"",
            &self.note,
        );
        svg.push_str("</svg>\n");
        svg
    }

    fn legend(&self, svg: &mut String) {
        let mut x = LEFT;
        for (name, color) in self.series.iter().zip(COLORS.iter().cycle()) {
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"38\" width=\"12\" height=\"12\" fill=\"{color}\"/>"
            );
            text(svg, x + 17.0, 48.0, "start", "", name);
            x += 40.0 + 7.0 * name.len() as f64;
        }
    }
}

fn axis(svg: &mut String, top: f64, right: f64) {
    for step in 0..=4 {
        let value = top * f64::from(step) / 4.0;
        let y = y_of(value, top);
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#dddddd\"/>"
        );
        text(
            svg,
            LEFT - 8.0,
            y + 4.0,
            "end",
            "fill=\"#666666\"",
            &short(value),
        );
    }
}

fn bars(svg: &mut String, left: f64, values: &[f64], top: f64) {
    for (number, (&value, color)) in values.iter().zip(COLORS.iter().cycle()).enumerate() {
        let (x, y) = (left + BAR * number as f64, y_of(value, top));
        let (width, height) = (BAR - 3.0, TOP + PLOT - y);
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width}\" height=\"{height:.1}\" fill=\"{color}\"/>"
        );
        text(
            svg,
            x + width / 2.0,
            y - 4.0,
            "middle",
            "font-size=\"10\"",
            &short(value),
        );
    }
}

/// Under its bars; a name of several words in two lines.
fn group_name(svg: &mut String, middle: f64, name: &str) {
    let y = TOP + PLOT + 18.0;
    match name.split_once(' ').filter(|_| name.len() > 10) {
        None => text(svg, middle, y, "middle", "", name),
        Some((first, rest)) => {
            text(svg, middle, y, "middle", "", first);
            text(svg, middle, y + 14.0, "middle", "", rest);
        }
    }
}

fn y_of(value: f64, top: f64) -> f64 {
    TOP + PLOT * (1.0 - value / top)
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, style: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" {style}>{words}</text>"
    );
}

/// The least of 1, 2, 3, 4, 6, 8 and 10 times a power of ten that is not below `value`, with some room above.
fn nice_above(value: f64) -> f64 {
    let wanted = value.max(f64::MIN_POSITIVE) * 1.05;
    let power = 10f64.powf(wanted.log10().floor());
    let factors = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0];
    let factor = factors.into_iter().find(|factor| factor * power >= wanted);
    factor.unwrap_or(10.0) * power
}

/// Three digits and a letter.
fn short(value: f64) -> String {
    let (scaled, letter) = match value {
        1e6.. => (value / 1e6, "M"),
        1e3.. => (value / 1e3, "k"),
        _ => (value, ""),
    };
    match scaled {
        0.0 => "0".into(),
        100.0.. => format!("{scaled:.0}{letter}"),
        10.0.. => format!("{scaled:.1}{letter}"),
        _ => format!("{scaled:.2}{letter}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let known = [
            (0.0, "0"),
            (0.61, "0.61"),
            (84.04, "84.0"),
            (182_149.0, "182k"),
            (1.5e6, "1.50M"),
        ];
        for (value, text) in known {
            assert_eq!(short(value), text);
        }
    }

    #[test]
    fn the_axis_ends_a_little_above_the_greatest_bar() {
        for (value, top) in [
            (0.9, 1.0),
            (0.99, 2.0),
            (1.5, 2.0),
            (182_149.0, 200_000.0),
            (7.9, 10.0),
        ] {
            assert!((nice_above(value) / top - 1.0).abs() < 1e-9, "{value}");
        }
    }

    #[test]
    fn every_bar_is_drawn_inside_the_plot() {
        let chart = Chart {
            title: "a < b & c",
            series: vec!["one".into(), "two".into()],
            groups: vec!["SET".into(), "list element (16)".into()],
            values: vec![vec![1.0, 2.0], vec![0.0, 3.5]],
            note: String::new(),
        };
        let svg = chart.svg();
        assert_eq!(svg.matches("<rect").count(), 1 + 2 + 4);
        assert!(svg.contains("a &lt; b &amp; c") && !svg.contains("NaN"));
    }
}
