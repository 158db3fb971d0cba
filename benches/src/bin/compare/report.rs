//! Tables: for the terminal and as Markdown.

use super::load;
use super::memory;
use super::process::Cores;
use std::fmt::Write;
use std::fs;
use std::io::IsTerminal;
use std::time::{SystemTime, UNIX_EPOCH};

/// Rows of cells under a heading; the first column is text, the others are numbers.
pub struct Table {
    heading: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// Speed: requests per second and processor time by server, and how Rotom's compare with each other one's.
pub fn speed(names: &[String], cases: &[load::Measured]) -> Table {
    let mut heading = vec!["case".to_owned()];
    for name in names {
        heading.extend([format!("{name}, requests/s"), "CPU us".into()]);
    }
    for name in names.iter().skip(1) {
        heading.push(format!("requests/s, times {name}"));
        heading.push("CPU of it / ours".into());
    }
    let row = |measured: &load::Measured| {
        let mut row = vec![measured.case.name()];
        for sample in &measured.samples {
            row.extend([
                format!("{:.0}", sample.per_second),
                format!("{:.2}", sample.cpu_us),
            ]);
        }
        if let Some((ours, others)) = measured.samples.split_first() {
            for other in others {
                row.push(format!("{:.2}", ours.per_second / other.per_second));
                row.push(format!("{:.2}", other.cpu_us / ours.cpu_us));
            }
        }
        row
    };
    let rows = cases.iter().map(row).collect();
    Table { heading, rows }
}

/// Memory: bytes an item by server, and Rotom's as a share of each other one's.
pub fn memory(names: &[String], shapes: &[memory::Measured]) -> Table {
    let mut heading = vec!["resident bytes an item".to_owned()];
    heading.extend(names.iter().cloned());
    heading.extend(names.iter().skip(1).map(|name| format!("share of {name}")));
    let row = |shape: &memory::Measured| {
        let mut row = vec![shape.name.to_owned()];
        row.extend(shape.bytes.iter().map(|bytes| format!("{bytes:.1}")));
        if let Some((ours, others)) = shape.bytes.split_first() {
            row.extend(others.iter().map(|other| format!("{:.2}", ours / other)));
        }
        row
    };
    let rows = shapes.iter().map(row).collect();
    Table { heading, rows }
}

impl Table {
    /// In columns of equal width, with long headings over several lines.
    pub fn text(&self) -> String {
        let headings: Vec<Vec<&str>> = self
            .heading
            .iter()
            .map(|cell| cell.split(", ").collect())
            .collect();
        let depth = headings.iter().map(Vec::len).max().unwrap_or(0);
        let line = |number: usize| {
            let cell = |words: &Vec<&str>| (*words.get(number).unwrap_or(&"")).to_owned();
            headings.iter().map(cell).collect()
        };
        let mut lines: Vec<Vec<String>> = (0..depth).map(line).collect();
        lines.extend(self.rows.iter().cloned());
        let width = |column: usize| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(String::len).max().unwrap_or(0)
        };
        let mut text = String::new();
        for line in &lines {
            for (column, cell) in line.iter().enumerate() {
                let width = width(column);
                let _ = match column {
                    0 => write!(text, "{cell:width$}"),
                    _ => write!(text, "  {cell:>width$}"),
                };
            }
            text.push('\n');
        }
        text
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let ruler = format!(
            "| --- |{}\n",
            " ---: |".repeat(self.heading.len().saturating_sub(1))
        );
        let rows: String = self.rows.iter().map(|row| line(row)).collect();
        line(&self.heading) + &ruler + &rows
    }
}

/// Shows on a terminal what is being measured; an empty name clears the line.
pub fn progress(name: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r{name:24}\r");
    }
}

/// The machine and the day.
pub fn place(cores: &Cores) -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("unknown processor", |(_, name)| name.trim());
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let pinned = match (cores.server, cores.load) {
        (Some(server), Some(load)) => format!("server on core {server}, load on core {load}"),
        _ => "not pinned".into(),
    };
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    format!(
        "{}, {model}, {count} cores ({pinned}), loopback",
        date(seconds / 86_400)
    )
}

/// The date of a day since 1970-01-01, by going through years and months.
fn date(days: u64) -> String {
    let (mut year, mut left) = (1970, days);
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    while left >= 365 + u64::from(is_leap(year)) {
        left -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", left + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let known = [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (364, "1970-12-31"),
        ];
        let leap = [
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (19_782, "2024-02-29"),
        ];
        for (days, text) in known.into_iter().chain(leap) {
            assert_eq!(date(days), text);
        }
    }

    #[test]
    fn tables_line_up() {
        let cells = |text: &str| text.split('|').map(String::from).collect();
        let table = Table {
            heading: cells("case|a, b"),
            rows: vec![cells("x|1.0"), cells("yyyyy|22.0")],
        };
        assert_eq!(
            table.text(),
            "case      a\n          b\nx       1.0\nyyyyy  22.0\n"
        );
        assert_eq!(
            table.markdown(),
            "| case | a, b |\n| --- | ---: |\n| x | 1.0 |\n| yyyyy | 22.0 |\n"
        );
    }
}
