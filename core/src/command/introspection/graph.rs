//! LATENCY GRAPH: a drawing in four rows of characters, with the age of each sample below it.

use crate::telemetry::latency::{Sample, Series};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

const COLUMNS: usize = 80;
const ROWS: usize = 4;
/// How full the top row of a column is; below it the column is filled.
const LEVELS: [char; 3] = ['_', 'o', '#'];

/// Draws the last samples of an event; `now_seconds` is Unix time.
pub(super) fn draw(series: &Series, now_seconds: u64) -> String {
    let skipped = series.samples().len().saturating_sub(COLUMNS);
    let samples: Vec<Sample> = series.samples().skip(skipped).collect();
    let took = || samples.iter().map(|sample| sample.took_ms);
    let (high, low) = (took().max().unwrap_or(0), took().min().unwrap_or(0));
    let mut text = format!(
        "{} - high {high} ms, low {low} ms (all time high {} ms)\n",
        series.event.name(),
        series.max_ms
    );
    text.push_str(&"-".repeat(COLUMNS));
    text.push('\n');
    let steps = (LEVELS.len() * ROWS) as u64;
    let range = (high - low).max(1);
    for row in (0..ROWS).rev() {
        for took_ms in took() {
            let step = ((took_ms - low) * steps / range).min(steps - 1) as usize;
            text.push(match step.checked_sub(row * LEVELS.len()) {
                None => ' ',
                Some(level) => LEVELS.get(level).copied().unwrap_or('|'),
            });
        }
        text.push('\n');
    }
    text.push('\n');
    let ages: Vec<String> = samples
        .iter()
        .map(|sample| age(now_seconds.saturating_sub(sample.at_seconds)))
        .collect();
    for line in 0..ages.iter().map(String::len).max().unwrap_or(0) {
        let letters = ages.iter().map(|age| age.as_bytes().get(line).copied());
        text.extend(letters.map(|letter| char::from(letter.unwrap_or(b' '))));
        text.push('\n');
    }
    text
}

/// A time as two or three letters, which stand below each other.
fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{Event, Latency};
    use std::string::ToString;

    #[test]
    fn columns_are_as_high_as_their_samples() {
        let mut latency = Latency::default();
        for (second, took_ms) in [(10, 10), (70, 130), (99, 70)] {
            latency.note(Event::Command, took_ms * 1000, 1, second * 1_000_000);
        }
        let text = draw(latency.series(Event::Command).unwrap(), 100);
        let wanted = "command - high 130 ms, low 10 ms (all time high 130 ms)\n".to_string()
            + &"-".repeat(80)
            + "\n # \n |_\n ||\n_||\n\n131\nm0s\n s \n";
        assert_eq!(text, wanted);
    }
}
