//! Replies, RESP2 and RESP3, with a short text for each.

use std::fmt;

/// One reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `+`
    Simple(String),
    /// `-`
    Error(String),
    /// `:`
    Int(i64),
    /// `$`
    Bulk(Vec<u8>),
    /// `$-1`, `*-1` and `_`
    Null,
    /// `*`
    Array(Vec<Value>),
    /// `~`
    Set(Vec<Value>),
    /// `>`
    Push(Vec<Value>),
    /// `%`
    Map(Vec<(Value, Value)>),
    /// `,`, as it was written
    Double(String),
    /// `#`
    Bool(bool),
    /// `=`, with its type
    Verbatim(String),
    /// `(`
    BigNumber(String),
}

impl Value {
    /// The elements of an array, set or push.
    pub fn items(self) -> Vec<Value> {
        match self {
            Value::Array(items) | Value::Set(items) | Value::Push(items) => items,
            other => panic!("no array: {other}"),
        }
    }

    /// The bytes of a string.
    pub fn bytes(self) -> Vec<u8> {
        match self {
            Value::Bulk(bytes) => bytes,
            Value::Simple(text) | Value::Verbatim(text) => text.into(),
            other => panic!("no string: {other}"),
        }
    }

    /// The text of a string.
    pub fn text(self) -> String {
        String::from_utf8(self.bytes()).unwrap()
    }

    /// The value of an integer.
    pub fn int(self) -> i64 {
        match self {
            Value::Int(value) => value,
            other => panic!("no integer: {other}"),
        }
    }
}

/// `+OK`, `-ERR ...`, `:1`, `text`, `''` for an empty string, `nil`, `[a b]`, `~[a b]`, `>[a b]`, `{a: 1, b: 2}`, `,1.5`,
/// `#true`, `=txt:...`, `(12`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Simple(text) => write!(f, "+{text}"),
            Value::Error(text) => write!(f, "-{text}"),
            Value::Int(value) => write!(f, ":{value}"),
            Value::Bulk(bytes) if bytes.is_empty() => f.write_str("''"),
            Value::Bulk(bytes) => f.write_str(&String::from_utf8_lossy(bytes)),
            Value::Null => f.write_str("nil"),
            Value::Array(items) => write_items(f, "[", items),
            Value::Set(items) => write_items(f, "~[", items),
            Value::Push(items) => write_items(f, ">[", items),
            Value::Map(pairs) => {
                f.write_str("{")?;
                for (number, (key, value)) in pairs.iter().enumerate() {
                    let comma = if number == 0 { "" } else { ", " };
                    write!(f, "{comma}{key}: {value}")?;
                }
                f.write_str("}")
            }
            Value::Double(text) => write!(f, ",{text}"),
            Value::Bool(value) => write!(f, "#{value}"),
            Value::Verbatim(text) => write!(f, "={text}"),
            Value::BigNumber(text) => write!(f, "({text}"),
        }
    }
}

fn write_items(f: &mut fmt::Formatter<'_>, open: &str, items: &[Value]) -> fmt::Result {
    f.write_str(open)?;
    for (number, item) in items.iter().enumerate() {
        let blank = if number == 0 { "" } else { " " };
        write!(f, "{blank}{item}")?;
    }
    f.write_str("]")
}
