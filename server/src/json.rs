//! config.json: one object whose keys are settings, as in `{"port": 6379, "save": [900, 1]}`.
//!
//! serde-json-core parses without knowing types beforehand only what it is told to ignore. So the
//! object is walked once, which checks its shape and gives the keys as slices of the text; a value is the text
//! between its key and the next, and its first character tells the type to parse it as.

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::cell::Cell;
use std::fmt;

/// One key with its value as the words of a configuration line.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The line of the key; the first is 1.
    pub line_number: usize,
    /// The key.
    pub name: &'a str,
    /// The value: one word, or those of an array.
    pub words: Vec<Vec<u8>>,
}

/// Text that is no such object.
#[derive(Debug, PartialEq, Eq)]
pub struct JsonError {
    /// The line of the last key that could be read.
    pub line_number: usize,
    /// What is wrong.
    pub message: String,
}

/// Reads the object.
pub fn entries(text: &str) -> Result<Vec<Entry<'_>>, JsonError> {
    let position = Cell::new(0);
    let mut reader = serde_json_core::de::Deserializer::new(text.as_bytes(), None);
    let keys = Keys {
        text,
        position: &position,
    };
    let keys = keys
        .deserialize(&mut reader)
        .and_then(|keys| reader.end().map(|_| keys));
    let keys = keys.map_err(|error| JsonError {
        line_number: line_of(text, position.get()),
        message: format!("Invalid JSON: {error}"),
    })?;
    let ends = keys
        .iter()
        .skip(1)
        .map(|key| offset_of(text, key) - 1)
        .chain([text.len()]);
    keys.iter()
        .zip(ends)
        .map(|(key, end)| entry(text, key, end))
        .collect()
}

/// One entry: the value lies between the key's closing quote and `end`.
fn entry<'a>(text: &'a str, key: &'a str, end: usize) -> Result<Entry<'a>, JsonError> {
    let start = offset_of(text, key);
    let line_number = line_of(text, start);
    let value = text
        .get(start + key.len() + 1..end)
        .unwrap_or_default()
        .trim();
    let value = value.strip_prefix(':').unwrap_or(value);
    let value = value.strip_suffix([',', '}']).unwrap_or(value).trim();
    match words_of(value) {
        Ok(words) => Ok(Entry {
            line_number,
            name: key,
            words,
        }),
        Err(message) => Err(JsonError {
            line_number,
            message: format!("\"{key}\": {message}"),
        }),
    }
}

/// Where `part`, a slice of `text`, begins in it.
fn offset_of(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    1 + before.iter().filter(|&&byte| byte == b'\n').count()
}

/// The words of a value.
fn words_of(value: &str) -> Result<Vec<Vec<u8>>, String> {
    let Some(inside) = value
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    else {
        return Ok(vec![scalar(value)?]);
    };
    if inside.trim().is_empty() {
        return Ok(vec![Vec::new()]);
    }
    elements(inside)
        .into_iter()
        .map(|element| scalar(element.trim()))
        .collect()
}

/// Splits the inside of an array at the commas outside of strings.
fn elements(inside: &str) -> Vec<&str> {
    let (mut in_string, mut escaped) = (false, false);
    let is_comma = |letter: char| {
        let ends_element = letter == ',' && !in_string;
        in_string ^= letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends_element
    };
    inside.split(is_comma).collect()
}

/// A string, number or boolean as the word that redis.conf would have.
fn scalar(value: &str) -> Result<Vec<u8>, String> {
    fn read<'a, T: Deserialize<'a>>(value: &'a str) -> Option<T> {
        serde_json_core::from_str(value)
            .ok()
            .map(|(value, _)| value)
    }
    let number = || {
        let whole = read::<i64>(value).map(|number| number.to_string());
        let whole = whole.or_else(|| read::<u64>(value).map(|number| number.to_string()));
        whole.or_else(|| read::<f64>(value).map(|number| number.to_string()))
    };
    match value.bytes().next() {
        Some(b'"') => {
            let mut unescaped = vec![0; value.len()];
            let text = serde_json_core::from_str_escaped::<Text>(value, &mut unescaped);
            text.map(|(text, _)| text.0.into_bytes())
                .map_err(|error| format!("invalid string: {error}"))
        }
        Some(b't' | b'f') => {
            let on = read::<bool>(value).ok_or("expected true or false")?;
            Ok(if on { b"yes".to_vec() } else { b"no".to_vec() })
        }
        Some(b'-' | b'0'..=b'9') => Ok(number()
            .ok_or_else(|| format!("invalid number: {value}"))?
            .into_bytes()),
        _ => Err("expected a string, a number, a boolean or an array of these".into()),
    }
}

/// Walks an object for its keys, and notes where it is for the sake of errors.
struct Keys<'a, 'c> {
    text: &'a str,
    position: &'c Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Keys<'de, '_> {
    type Value = Vec<&'de str>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Keys<'de, '_> {
    type Value = Vec<&'de str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of settings")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut keys = Vec::new();
        while let Some(key) = map.next_key::<&'de str>()? {
            self.position.set(offset_of(self.text, key));
            map.next_value::<IgnoredAny>()?;
            keys.push(key);
        }
        Ok(keys)
    }
}

/// A string with its escapes resolved.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl Visitor<'_> for TextVisitor {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_string()))
            }
        }
        reader.deserialize_str(TextVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Line, key and words.
    type Row = (usize, String, String);

    fn read(text: &str) -> Result<Vec<Row>, (usize, String)> {
        let flat = |entry: Entry<'_>| {
            let words = entry
                .words
                .iter()
                .map(|word| String::from_utf8_lossy(word).into_owned());
            (
                entry.line_number,
                entry.name.to_string(),
                words.collect::<Vec<_>>().join("|"),
            )
        };
        match entries(text) {
            Ok(entries) => Ok(entries.into_iter().map(flat).collect()),
            Err(error) => Err((error.line_number, error.message)),
        }
    }

    fn row(line: usize, name: &str, words: &str) -> Row {
        (line, name.into(), words.into())
    }

    #[test]
    fn every_type_becomes_words() {
        let text = "{\n \"port\": 6379, \"appendonly\":true,\n\"protected-mode\" : false,\
                    \n\"appendfilename\":\"a,\\\"b}\\n\",\"save\":[900, 1],\"maxmemory\":18446744073709551615,\
                    \"list-max-listpack-size\":-2,\"x\":[\"a,b\",99.9, true],\"bind\":[] }\n";
        let expected = [
            row(2, "port", "6379"),
            row(2, "appendonly", "yes"),
            row(3, "protected-mode", "no"),
            row(4, "appendfilename", "a,\"b}\n"),
            row(4, "save", "900|1"),
            row(4, "maxmemory", "18446744073709551615"),
            row(4, "list-max-listpack-size", "-2"),
            row(4, "x", "a,b|99.9|yes"),
            row(4, "bind", ""),
        ];
        assert_eq!(read(text).unwrap(), expected);
        assert_eq!(read("{}"), Ok(vec![]));
    }

    #[test]
    fn errors_name_a_line() {
        let cases = [
            ("", 1),
            ("[1]", 1),
            ("{\n\"port\": 1,\n}", 2),
            ("{\n\"port\" 1}", 2),
            ("{\n\n\"port\": tru}", 3),
            ("{\n\"port\": 1\n\"hz\": 2}", 2),
            ("{\"port\": 1} x", 1),
            ("{\"a\": {\"b\": 1}}", 1),
            ("{\"a\": null}", 1),
            ("{\"a\": [1,]}", 1),
            ("{\"a\": \"\\q\"}", 1),
            ("{\"a\": \"b}", 1),
        ];
        for (text, line) in cases {
            let error = read(text).expect_err(text);
            assert_eq!(error.0, line, "{text}: {}", error.1);
        }
    }
}
