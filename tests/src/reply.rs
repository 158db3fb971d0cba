//! Reading replies, for tests that hold a client's end of a connection.

use std::fmt;

/// One reply: of RESP2, and as much of RESP3 as tests ask for.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// `+...`
    Simple(String),
    /// `-...`
    Error(String),
    /// `:...`
    Int(i64),
    /// `$...`; `None` is the null bulk.
    Bulk(Option<Vec<u8>>),
    /// `*...`; `None` is the null array.
    ///
    /// Maps and sets of RESP3 as well.
    Array(Option<Vec<Value>>),
    /// `_`
    Null,
    /// `>...`: what the server sends without being asked.
    Push(Vec<Value>),
}

impl Value {
    /// Whether this is an error whose code is `code`.
    pub fn is_error(&self, code: &str) -> bool {
        matches!(self, Value::Error(text) if text.split(' ').next() == Some(code))
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Simple(text) => write!(f, "+{text}"),
            Value::Error(text) => write!(f, "-{text}"),
            Value::Int(value) => write!(f, ":{value}"),
            Value::Bulk(None) => f.write_str("$nil"),
            Value::Bulk(Some(bytes)) => write!(f, "\"{}\"", bytes.escape_ascii()),
            Value::Array(None) => f.write_str("*nil"),
            Value::Null => f.write_str("_"),
            Value::Push(items) => {
                f.write_str(">")?;
                f.debug_list().entries(items).finish()
            }
            Value::Array(Some(items)) => f.debug_list().entries(items).finish(),
        }
    }
}

/// Takes the first reply off `bytes`; `None` when it is not complete. Bytes that begin no reply are an assertion
/// failure.
pub fn take_reply(bytes: &mut Vec<u8>) -> Option<Value> {
    let (value, len) = parse(bytes)?;
    bytes.drain(..len);
    Some(value)
}

/// Takes every complete reply off `bytes`.
pub fn take_replies(bytes: &mut Vec<u8>) -> Vec<Value> {
    let mut values = Vec::new();
    let mut at = 0;
    while let Some((value, len)) = parse(&bytes[at..]) {
        values.push(value);
        at += len;
    }
    bytes.drain(..at);
    values
}

/// A reply at the start of `bytes`, and its length.
fn parse(bytes: &[u8]) -> Option<(Value, usize)> {
    let line_len = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let text = String::from_utf8_lossy(&bytes[1..line_len]).into_owned();
    let at = line_len + 2;
    let number = || text.parse::<i64>().expect("a number after the type byte");
    Some(match bytes[0] {
        b'+' => (Value::Simple(text), at),
        b'-' => (Value::Error(text), at),
        b':' => (Value::Int(number()), at),
        b'$' => match usize::try_from(number()) {
            Err(_) => (Value::Bulk(None), at),
            Ok(len) => {
                let bulk = bytes.get(at..at + len + 2)?;
                assert!(bulk.ends_with(b"\r\n"), "a bulk string without its end");
                (Value::Bulk(Some(bulk[..len].to_vec())), at + len + 2)
            }
        },
        b'*' => match usize::try_from(number()) {
            Err(_) => (Value::Array(None), at),
            Ok(count) => parse_items(bytes, at, count)?,
        },
        b'_' => (Value::Null, at),
        b'=' => {
            let len = usize::try_from(number()).expect("a length");
            let text = bytes.get(at..at + len + 2)?;
            (Value::Bulk(Some(text[4..len].to_vec())), at + len + 2)
        }
        b'~' => parse_items(bytes, at, usize::try_from(number()).expect("a count"))?,
        b'%' => parse_items(bytes, at, 2 * usize::try_from(number()).expect("a count"))?,
        b'>' => match parse_items(bytes, at, usize::try_from(number()).expect("a count"))? {
            (Value::Array(Some(items)), at) => (Value::Push(items), at),
            other => other,
        },
        other => unreachable!("a reply begins with {:?}", char::from(other)),
    })
}

fn parse_items(bytes: &[u8], mut at: usize, count: usize) -> Option<(Value, usize)> {
    let mut items = Vec::new();
    for _ in 0..count {
        let (item, len) = parse(bytes.get(at..)?)?;
        items.push(item);
        at += len;
    }
    Some((Value::Array(Some(items)), at))
}

/// A request as clients send it.
pub fn request(words: &[&[u8]]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// A request of the words of `line`, which are parted by single spaces.
pub fn line(line: &str) -> Vec<u8> {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    request(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_taken_one_by_one() {
        let mut bytes = b"+OK\r\n:12\r\n$-1\r\n*2\r\n$3\r\na\r\n\r\n-ERR x\r\n$5\r\nab".to_vec();
        let list = vec![
            Value::Bulk(Some(b"a\r\n".to_vec())),
            Value::Error("ERR x".into()),
        ];
        let expected = [
            Value::Simple("OK".into()),
            Value::Int(12),
            Value::Bulk(None),
            Value::Array(Some(list)),
        ];
        assert_eq!(take_replies(&mut bytes), expected);
        assert_eq!(bytes, b"$5\r\nab");
        assert_eq!(take_reply(&mut bytes), None);
    }
}
