//! Values of settings, and how each rule reads and writes them.

use super::number::{integer, memory, memory_text};
use super::spec::{Rule, SettingError};
use super::types::{BufferLimit, KeyspaceEvents, OutputBufferLimits, SavePoint};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Redis's `CONFIG_BINDADDR_MAX`.
const BIND_MAX: usize = 16;

/// The value of a setting on its way between text and field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Bool(bool),
    Number(i128),
    /// A position in the words of the rule.
    Word(usize),
    /// One bit for each word of the rule.
    WordSet(u32),
    Bytes(Vec<u8>),
    List(Vec<String>),
    Save(Vec<SavePoint>),
    Limits(OutputBufferLimits),
    Events(KeyspaceEvents),
}

/// One line that CONFIG REWRITE may write: what follows the name, and whether it must be there.
pub(super) struct Line {
    pub text: String,
    pub forced: bool,
}

impl Rule {
    /// Reads a value. `previous` is what `save` adds to and what `client-output-buffer-limit` keeps the
    /// other classes of.
    pub(super) fn parse(&self, words: &[&[u8]], previous: &Value) -> Result<Value, SettingError> {
        match *self {
            Rule::WordSet(all) => word_set(all, words).map(Value::WordSet),
            Rule::Bind => bind(words).map(Value::List),
            Rule::Save => save(words, previous).map(Value::Save),
            Rule::OutputBufferLimits => limits(words, previous).map(Value::Limits),
            Rule::OomScores => oom_scores(words).map(Value::List),
            Rule::Percentiles => percentiles(words).map(Value::List),
            Rule::ReplicaOf => replica_of(words).map(Value::List),
            _ => match words {
                [word] => self.parse_one(word),
                _ => Err(SettingError::WrongNumberOfWords),
            },
        }
    }

    fn parse_one(&self, word: &[u8]) -> Result<Value, SettingError> {
        match *self {
            Rule::Bool => yes_no(word).map(Value::Bool),
            Rule::Number(rule) => rule.parse(word).map(Value::Number),
            Rule::Word(all) => one_of(all, word).map(Value::Word),
            Rule::FileName {
                setting,
                noun,
                may_be_empty,
            } => file_name(word, setting, noun, may_be_empty).map(Value::Bytes),
            Rule::Text => utf8(word).map(|text| Value::Bytes(text.as_bytes().to_vec())),
            Rule::KeyspaceEvents => {
                KeyspaceEvents::parse(word)
                    .map(Value::Events)
                    .ok_or(SettingError::invalid(
                        "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
                    ))
            }
            _ => Ok(Value::Bytes(word.to_vec())),
        }
    }

    /// The text of CONFIG GET.
    pub(super) fn print(&self, value: &Value) -> Vec<u8> {
        match (self, value) {
            (_, Value::Bytes(bytes)) => bytes.clone(),
            _ => self.print_text(value).into_bytes(),
        }
    }

    fn print_text(&self, value: &Value) -> String {
        match (self, value) {
            (_, Value::Bool(true)) => "yes".into(),
            (_, Value::Bool(false)) => "no".into(),
            (Rule::Number(rule), Value::Number(number)) => rule.print(*number),
            (Rule::Word(all), Value::Word(index)) => {
                all.get(*index).copied().unwrap_or_default().into()
            }
            (Rule::WordSet(all), Value::WordSet(set)) => set_text(all, *set),
            (_, Value::List(list)) => list.join(" "),
            (_, Value::Save(points)) => {
                let text = |point: &SavePoint| format!("{} {}", point.seconds, point.changes);
                points.iter().map(text).collect::<Vec<_>>().join(" ")
            }
            (_, Value::Limits(limits)) => limits_text(limits),
            (_, Value::Events(events)) => events.letters(),
            (_, Value::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
            _ => String::new(),
        }
    }

    /// The lines of CONFIG REWRITE. A line is forced when it says something else than the default.
    pub(super) fn lines(&self, value: &Value, default: &Value) -> Vec<Line> {
        match (self, value, default) {
            // Always written, so that a later change of the defaults changes nothing.
            (_, Value::Save(points), _) if !points.is_empty() => {
                let text = |point: &SavePoint| format!("{} {}", point.seconds, point.changes);
                points
                    .iter()
                    .map(|point| Line {
                        text: text(point),
                        forced: true,
                    })
                    .collect()
            }
            (_, Value::Limits(limits), Value::Limits(default)) => {
                let classes = classes(limits).into_iter().zip(classes(default));
                classes
                    .map(|(class, default)| limit_line(class, default.1))
                    .collect()
            }
            _ => {
                let text = match (self, value) {
                    (Rule::Number(rule), Value::Number(number)) => rule.print_short(*number),
                    (_, Value::Bytes(bytes)) => super::text::quote(bytes),
                    (_, Value::Events(events)) => super::text::quote(events.letters().as_bytes()),
                    _ => self.print_text(value),
                };
                let text = if text.is_empty() { "\"\"".into() } else { text };
                let forced = value != default || matches!(value, Value::Save(_));
                [Line { text, forced }].into()
            }
        }
    }
}

fn yes_no(word: &[u8]) -> Result<bool, SettingError> {
    if word.eq_ignore_ascii_case(b"yes") {
        Ok(true)
    } else if word.eq_ignore_ascii_case(b"no") {
        Ok(false)
    } else {
        Err(SettingError::invalid("argument must be 'yes' or 'no'"))
    }
}

fn one_of(all: &[&str], word: &[u8]) -> Result<usize, SettingError> {
    let found = all
        .iter()
        .position(|known| word.eq_ignore_ascii_case(known.as_bytes()));
    found.ok_or_else(|| {
        let list = all.join(", ");
        SettingError::Invalid(format!("argument(s) must be one of the following: {list}").into())
    })
}

fn word_set(all: &[&str], words: &[&[u8]]) -> Result<u32, SettingError> {
    if words.is_empty() {
        one_of(all, b"")?;
    }
    let mut set = 0;
    for word in words {
        set |= match one_of(all, word)? {
            0 => 0,
            index => 1 << index,
        };
    }
    let has = |name| {
        all.iter()
            .position(|known| *known == name)
            .is_some_and(|at| set & 1 << at != 0)
    };
    if has("save") && has("nosave") {
        return Err(SettingError::invalid(
            "shutdown options SAVE and NOSAVE can't be used simultaneously",
        ));
    }
    Ok(set)
}

fn set_text(all: &[&str], set: u32) -> String {
    let chosen = all
        .iter()
        .enumerate()
        .filter(|(at, _)| set & 1 << at != 0)
        .map(|(_, word)| *word);
    let chosen: Vec<_> = chosen.collect();
    match (chosen.is_empty(), all.first()) {
        (true, Some(none)) => none.to_string(),
        _ => chosen.join(" "),
    }
}

fn utf8(word: &[u8]) -> Result<&str, SettingError> {
    core::str::from_utf8(word).map_err(|_| SettingError::invalid("argument must be UTF-8 text"))
}

fn file_name(
    word: &[u8],
    setting: &str,
    noun: &str,
    may_be_empty: bool,
) -> Result<Vec<u8>, SettingError> {
    let text = utf8(word)?;
    if text.is_empty() && !may_be_empty {
        return Err(SettingError::Invalid(
            format!("{setting} can't be empty").into(),
        ));
    }
    if text.contains(['/', '\\', '\0']) {
        let text = format!("{setting} can't be a path, just a {noun}");
        return Err(SettingError::Invalid(text.into()));
    }
    Ok(word.to_vec())
}

/// Whether the words say "nothing": none, or one empty word.
fn nothing(words: &[&[u8]]) -> bool {
    matches!(words, [] | [b""])
}

fn bind(words: &[&[u8]]) -> Result<Vec<String>, SettingError> {
    if words.len() > BIND_MAX {
        return Err(SettingError::invalid("Too many bind addresses specified."));
    }
    if nothing(words) {
        return Ok(Vec::new());
    }
    words
        .iter()
        .map(|word| utf8(word).map(ToString::to_string))
        .collect()
}

fn save(words: &[&[u8]], previous: &Value) -> Result<Vec<SavePoint>, SettingError> {
    if nothing(words) {
        return Ok(Vec::new());
    }
    let invalid = || SettingError::invalid("Invalid save parameters");
    let mut points = match previous {
        Value::Save(points) => points.clone(),
        _ => Vec::new(),
    };
    for pair in words.chunks(2) {
        let [seconds, changes] = pair else {
            return Err(invalid());
        };
        let number = |word| integer(word).and_then(|number| u64::try_from(number).ok());
        match (number(seconds), number(changes)) {
            (Some(seconds), Some(changes)) if seconds >= 1 => {
                points.push(SavePoint { seconds, changes });
            }
            _ => return Err(invalid()),
        }
    }
    Ok(points)
}

fn limits(words: &[&[u8]], previous: &Value) -> Result<OutputBufferLimits, SettingError> {
    let mut limits = match previous {
        Value::Limits(limits) => *limits,
        _ => OutputBufferLimits::default(),
    };
    if !words.len().is_multiple_of(4) {
        return Err(SettingError::invalid(
            "Wrong number of arguments in buffer limit configuration.",
        ));
    }
    for group in words.chunks_exact(4) {
        let [class, numbers @ ..] = group else {
            continue;
        };
        let class = match class.to_ascii_lowercase().as_slice() {
            b"normal" => &mut limits.normal,
            b"slave" | b"replica" => &mut limits.replica,
            b"pubsub" => &mut limits.pubsub,
            _ => {
                return Err(SettingError::invalid(
                    "Invalid client class specified in buffer limit configuration.",
                ));
            }
        };
        *class = buffer_limit(numbers).ok_or(SettingError::invalid(
            "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
        ))?;
    }
    Ok(limits)
}

fn buffer_limit(words: &[&[u8]]) -> Option<BufferLimit> {
    let [hard, soft, seconds] = words else {
        return None;
    };
    let bytes = |word| memory(word).and_then(|bytes| u64::try_from(bytes).ok());
    Some(BufferLimit {
        hard_bytes: bytes(hard)?,
        soft_bytes: bytes(soft)?,
        soft_seconds: u64::try_from(integer(seconds)?).ok()?,
    })
}

fn classes(limits: &OutputBufferLimits) -> [(&'static str, BufferLimit); 3] {
    [
        ("normal", limits.normal),
        ("replica", limits.replica),
        ("pubsub", limits.pubsub),
    ]
}

/// CONFIG GET still says `slave`.
fn limits_text(limits: &OutputBufferLimits) -> String {
    let text = |(name, limit): (&str, BufferLimit)| {
        let name = if name == "replica" { "slave" } else { name };
        format!(
            "{name} {} {} {}",
            limit.hard_bytes, limit.soft_bytes, limit.soft_seconds
        )
    };
    classes(limits).map(text).join(" ")
}

fn limit_line((name, limit): (&str, BufferLimit), default: BufferLimit) -> Line {
    let hard = memory_text(i128::from(limit.hard_bytes));
    let soft = memory_text(i128::from(limit.soft_bytes));
    Line {
        text: format!("{name} {hard} {soft} {}", limit.soft_seconds),
        forced: limit != default,
    }
}

fn oom_scores(words: &[&[u8]]) -> Result<Vec<String>, SettingError> {
    if words.len() != 3 {
        return Err(SettingError::WrongNumberOfWords);
    }
    let score = |word: &&[u8]| {
        integer(word)
            .filter(|score| (-2000..=2000).contains(score))
            .map(|score| score.to_string())
            .ok_or(SettingError::invalid(
                "Invalid oom-score-adj-values, elements must be between -2000 and 2000.",
            ))
    };
    words.iter().map(score).collect()
}

fn percentiles(words: &[&[u8]]) -> Result<Vec<String>, SettingError> {
    if nothing(words) {
        return Ok(Vec::new());
    }
    let percentile = |word: &&[u8]| {
        let number = core::str::from_utf8(word)
            .ok()
            .and_then(|text| text.parse::<f64>().ok());
        match number {
            Some(number) if (0.0..=100.0).contains(&number) => Ok(number.to_string()),
            Some(number) if !number.is_nan() => Err(SettingError::invalid(
                "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]",
            )),
            _ => Err(SettingError::invalid(
                "Invalid latency-tracking-info-percentiles parameters",
            )),
        }
    };
    words.iter().map(percentile).collect()
}

fn replica_of(words: &[&[u8]]) -> Result<Vec<String>, SettingError> {
    let (host, port) = match words {
        [host, port] => (utf8(host)?, utf8(port)?),
        [] | [b""] => return Ok(Vec::new()),
        _ => return Err(SettingError::WrongNumberOfWords),
    };
    if host.eq_ignore_ascii_case("no") && port.eq_ignore_ascii_case("one") {
        return Ok(Vec::new());
    }
    match port.parse::<u16>() {
        Ok(port) => Ok([host.to_string(), port.to_string()].into()),
        Err(_) => Err(SettingError::invalid("Invalid master port")),
    }
}
