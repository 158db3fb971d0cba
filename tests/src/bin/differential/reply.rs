//! Replies of RESP2 and RESP3, every kind kept apart, and a short text for each.

use std::fmt;
use std::io::{self, BufRead};

/// One reply.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reply {
    /// `+`
    Simple(String),
    /// `-`
    Error(Vec<u8>),
    /// `:`
    Int(i64),
    /// `$`
    Bulk(Vec<u8>),
    /// `$-1`, `*-1` and `_`, told apart by that byte.
    Null(char),
    /// `*`, `~` and `>`, told apart by that byte.
    List(char, Vec<Reply>),
    /// `%`
    Map(Vec<(Reply, Reply)>),
    /// `,`, `#`, `(` and `=`, as they were written.
    Other(char, Vec<u8>),
}

impl Reply {
    /// Reads one.
    pub fn read(from: &mut impl BufRead) -> io::Result<Reply> {
        let mut line = Vec::new();
        from.read_until(b'\n', &mut line)?;
        if line.len() < 3 || !line.ends_with(b"\r\n") {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let kind = char::from(line[0]);
        let text = &line[1..line.len() - 2];
        Ok(match kind {
            '+' => Reply::Simple(String::from_utf8_lossy(text).into_owned()),
            '-' => Reply::Error(text.to_vec()),
            ':' => Reply::Int(number(text)?),
            '_' => Reply::Null('_'),
            ',' | '#' | '(' => Reply::Other(kind, text.to_vec()),
            '$' | '=' => match number(text)? {
                -1 => Reply::Null('$'),
                len => {
                    let mut bytes = vec![0; len as usize + 2];
                    from.read_exact(&mut bytes)?;
                    bytes.truncate(len as usize);
                    match kind {
                        '$' => Reply::Bulk(bytes),
                        _ => Reply::Other(kind, bytes),
                    }
                }
            },
            '*' | '~' | '>' => match number(text)? {
                -1 => Reply::Null('*'),
                len => {
                    let items = (0..len).map(|_| Reply::read(from));
                    Reply::List(kind, items.collect::<io::Result<_>>()?)
                }
            },
            '%' => {
                let pairs =
                    (0..number(text)?).map(|_| Ok((Reply::read(from)?, Reply::read(from)?)));
                Reply::Map(pairs.collect::<io::Result<_>>()?)
            }
            _ => {
                let text = line.escape_ascii().to_string();
                return Err(io::Error::other(format!("no reply: {text}")));
            }
        })
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        matches!(self, Reply::Error(_))
    }

    /// The bytes of a string of either kind or of an error.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Reply::Simple(text) => Some(text.as_bytes()),
            Reply::Bulk(bytes) | Reply::Error(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The elements of a list; none for anything else.
    pub fn items(&self) -> &[Reply] {
        match self {
            Reply::List(_, items) => items,
            _ => &[],
        }
    }
}

fn number(text: &[u8]) -> io::Result<i64> {
    let text = std::str::from_utf8(text).ok();
    let number = text.and_then(|text| text.parse().ok());
    number.ok_or_else(|| io::Error::other("a length or integer that is none"))
}

/// Bytes of a string that are shown at most.
const SHOWN: usize = 200;

/// `+OK`, `-ERR ...`, `:1`, `"text"`, `$nil`, `*["a" "b"]`, `%{"a": :1}`, `,1.5`.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reply::Simple(text) => write!(f, "+{text}"),
            Reply::Error(text) => write!(f, "-{}", text.escape_ascii()),
            Reply::Int(value) => write!(f, ":{value}"),
            Reply::Bulk(bytes) if bytes.len() > SHOWN => {
                let start = bytes[..SHOWN].escape_ascii();
                write!(f, "\"{start}\"... of {} bytes", bytes.len())
            }
            Reply::Bulk(bytes) => write!(f, "\"{}\"", bytes.escape_ascii()),
            Reply::Null(kind) => write!(f, "{kind}nil"),
            Reply::List(kind, items) => {
                write!(f, "{kind}{}[", items.len())?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at == 0 { "" } else { " " })?;
                }
                f.write_str("]")
            }
            Reply::Map(pairs) => {
                write!(f, "%{}{{", pairs.len())?;
                for (at, (key, value)) in pairs.iter().enumerate() {
                    write!(f, "{}{key}: {value}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
            Reply::Other(kind, text) => write!(f, "{kind}{}", text.escape_ascii()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_and_shown() {
        let bytes = b"*-1\r\n$-1\r\n_\r\n%1\r\n$1\r\na\r\n:-5\r\n~1\r\n,inf\r\n-ERR x\r\n=5\r\ntxt:a\r\n*0\r\n";
        let mut from = &bytes[..];
        let mut shown = String::new();
        while !from.is_empty() {
            shown += &format!("{} ", Reply::read(&mut from).unwrap());
        }
        assert_eq!(
            shown,
            "*nil $nil _nil %1{\"a\": :-5} ~1[,inf] -ERR x =txt:a *0[] "
        );
    }

    #[test]
    fn what_is_no_reply_is_an_error() {
        for bytes in [&b""[..], b"?1\r\n", b":x\r\n", b"$5\r\nab", b"+OK"] {
            assert!(Reply::read(&mut &bytes[..]).is_err());
        }
    }
}
