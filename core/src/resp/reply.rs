//! The reply writer. One method a RESP3 type; under RESP2 each writes what Redis sends to an old client
//! (a map as a flat array, a double as a bulk string, a boolean as 0 or 1).

use super::loan::{Loan, Loans};
use super::short::{self, SHORT_BYTES};
use crate::bytes::number;
use crate::bytes::shared::{LONG_BYTES, SharedBytes};
use alloc::vec::Vec;
use core::ops::Range;

/// The protocol version a client chose with HELLO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// RESP2, the version a connection starts with.
    #[default]
    Resp2,
    /// RESP3.
    Resp3,
}

/// A place in the reply where the header of a collection of yet unknown length belongs.
#[derive(Clone, Copy, Debug)]
pub struct Mark(usize);

/// Writes one client's replies to its output buffer.
#[derive(Debug)]
pub struct Reply<'a> {
    out: &'a mut Vec<u8>,
    protocol: Protocol,
}

impl<'a> Reply<'a> {
    /// A writer that appends to `out`.
    pub fn new(out: &'a mut Vec<u8>, protocol: Protocol) -> Self {
        Reply { out, protocol }
    }

    /// The version in use.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Whether RESP3 is in use.
    pub fn is_resp3(&self) -> bool {
        self.protocol == Protocol::Resp3
    }

    /// Changes the version, from the next reply on.
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    /// `+OK`.
    #[inline]
    pub fn ok(&mut self) {
        self.out.extend_from_slice(b"+OK\r\n");
    }

    /// A status such as `+QUEUED`; `text` must not hold a line end.
    pub fn simple(&mut self, text: &str) {
        self.line(b'+', text.as_bytes());
    }

    /// An error; `text` begins with its code (`ERR ...`). Line ends after it are left out, and those inside become spaces,
    /// as in Redis.
    pub fn error(&mut self, text: impl AsRef<[u8]>) {
        let mut text = text.as_ref();
        while let [before @ .., b'\r' | b'\n'] = text {
            text = before;
        }
        self.out.push(b'-');
        self.out.extend(
            text.iter()
                .map(|&b| if b == b'\r' || b == b'\n' { b' ' } else { b }),
        );
        self.out.extend_from_slice(b"\r\n");
    }

    /// An integer.
    #[inline]
    pub fn int(&mut self, value: i64) {
        self.header(b':', value);
    }

    /// A length or count as an integer.
    #[inline]
    pub fn count(&mut self, value: usize) {
        self.header(b':', value as i64);
    }

    /// A boolean: `#t`/`#f`, or `:1`/`:0` under RESP2.
    pub fn boolean(&mut self, value: bool) {
        match (self.protocol, value) {
            (Protocol::Resp3, true) => self.out.extend_from_slice(b"#t\r\n"),
            (Protocol::Resp3, false) => self.out.extend_from_slice(b"#f\r\n"),
            (Protocol::Resp2, value) => self.int(i64::from(value)),
        }
    }

    /// A binary-safe string.
    #[inline]
    pub fn bulk(&mut self, bytes: &[u8]) {
        if bytes.len() < SHORT_BYTES {
            return short::append(self.out, bytes);
        }
        self.long_bulk(bytes);
    }

    #[inline(never)]
    fn long_bulk(&mut self, bytes: &[u8]) {
        self.out.reserve(bytes.len() + 32);
        self.header(b'$', bytes.len() as i64);
        self.out.extend_from_slice(bytes);
        self.out.extend_from_slice(b"\r\n");
    }

    /// Part of a long shared string, lent if `loans` are accepted, and copied otherwise. The range lies in the string.
    pub fn bulk_lent(&mut self, loans: &mut Loans, bytes: &SharedBytes, range: Range<usize>) {
        if !loans.are_accepted() {
            return self.bulk(&bytes[range]);
        }
        self.header(b'$', range.len() as i64);
        self.lend(loans, bytes, range);
    }

    fn lend(&mut self, loans: &mut Loans, bytes: &SharedBytes, range: Range<usize>) {
        loans.push(Loan {
            at: self.out.len(),
            bytes: bytes.clone(),
            range,
        });
        self.out.extend_from_slice(b"\r\n");
    }

    /// A string.
    pub fn text(&mut self, text: &str) {
        self.bulk(text.as_bytes());
    }

    /// A number as a bulk string, as GET answers for the `int` encoding.
    #[inline]
    pub fn bulk_int(&mut self, value: i64) {
        let mut digits = [0; 20];
        self.bulk(number::write_i64(value, &mut digits));
    }

    /// A string or null.
    pub fn bulk_or_null(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.bulk(bytes),
            None => self.null(),
        }
    }

    /// A reply that is written already, the same under both versions.
    pub fn push_raw(&mut self, reply: &[u8]) {
        self.out.extend_from_slice(reply);
    }

    /// The null reply where a string was asked for: `_`, or `$-1` under RESP2.
    #[inline]
    pub fn null(&mut self) {
        match self.protocol {
            Protocol::Resp3 => self.out.extend_from_slice(b"_\r\n"),
            Protocol::Resp2 => self.out.extend_from_slice(b"$-1\r\n"),
        }
    }

    /// The null reply where an array was asked for: `_`, or `*-1` under RESP2.
    pub fn null_array(&mut self) {
        match self.protocol {
            Protocol::Resp3 => self.out.extend_from_slice(b"_\r\n"),
            Protocol::Resp2 => self.out.extend_from_slice(b"*-1\r\n"),
        }
    }

    /// The header of an array of `len` replies.
    #[inline]
    pub fn array(&mut self, len: usize) {
        self.header(b'*', len as i64);
    }

    /// The header of a map of `pairs` key-value pairs (`2 * pairs` replies follow).
    pub fn map(&mut self, pairs: usize) {
        match self.protocol {
            Protocol::Resp3 => self.header(b'%', pairs as i64),
            Protocol::Resp2 => self.header(b'*', 2 * pairs as i64),
        }
    }

    /// The header of a set of `len` replies.
    pub fn set(&mut self, len: usize) {
        let kind = if self.is_resp3() { b'~' } else { b'*' };
        self.header(kind, len as i64);
    }

    /// The header of an out-of-band push of `len` replies.
    pub fn push(&mut self, len: usize) {
        let kind = if self.is_resp3() { b'>' } else { b'*' };
        self.header(kind, len as i64);
    }

    /// An out-of-band push that was written before, under RESP3.
    pub fn push_text(&mut self, text: &[u8]) {
        let start = self.out.len();
        self.out.extend_from_slice(text);
        if !self.is_resp3()
            && let Some(kind) = self.out.get_mut(start)
        {
            *kind = b'*';
        }
    }

    /// Bytes as they are: a reply, or a part of one, that was written before.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// A double: `,1.5`, or a bulk string under RESP2.
    pub fn double(&mut self, value: f64) {
        let mut digits = [0; 32];
        let text = number::write_f64_shortest(value, &mut digits);
        match self.protocol {
            Protocol::Resp3 => self.line(b',', text),
            Protocol::Resp2 => self.bulk(text),
        }
    }

    /// An integer of any size, given by its digits: `(123`, or a bulk string under RESP2.
    pub fn big_number(&mut self, digits: &str) {
        match self.protocol {
            Protocol::Resp3 => self.line(b'(', digits.as_bytes()),
            Protocol::Resp2 => self.text(digits),
        }
    }

    /// A verbatim string with its three-letter format (`txt`, `mkd`), or a bulk string under RESP2.
    pub fn verbatim(&mut self, format: &str, text: &[u8]) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => {
                self.header(b'=', text.len() as i64 + 4);
                self.out.extend_from_slice(format.as_bytes());
                self.out.push(b':');
                self.out.extend_from_slice(text);
                self.out.extend_from_slice(b"\r\n");
            }
        }
    }

    /// The same of a shared string, lent if that is worth it and `loans` are accepted.
    pub fn verbatim_lent(&mut self, loans: &mut Loans, format: &str, text: &SharedBytes) {
        if text.len() < LONG_BYTES || !loans.are_accepted() {
            return self.verbatim(format, text);
        }
        if self.protocol == Protocol::Resp2 {
            return self.bulk_lent(loans, text, 0..text.len());
        }
        self.header(b'=', text.len() as i64 + 4);
        self.out.extend_from_slice(format.as_bytes());
        self.out.push(b':');
        self.lend(loans, text, 0..text.len());
    }

    /// Begins a collection whose length is known only at its end.
    pub fn mark(&self) -> Mark {
        Mark(self.out.len())
    }

    /// Puts the array header of `len` at `mark`.
    pub fn array_at(&mut self, mark: Mark, len: usize) {
        self.header_at(mark, b'*', len as i64);
    }

    /// Puts the map header of `pairs` at `mark`.
    pub fn map_at(&mut self, mark: Mark, pairs: usize) {
        match self.protocol {
            Protocol::Resp3 => self.header_at(mark, b'%', pairs as i64),
            Protocol::Resp2 => self.header_at(mark, b'*', 2 * pairs as i64),
        }
    }

    /// Puts the set header of `len` at `mark`.
    pub fn set_at(&mut self, mark: Mark, len: usize) {
        let kind = if self.is_resp3() { b'~' } else { b'*' };
        self.header_at(mark, kind, len as i64);
    }

    /// Puts the head of a SCAN reply at `mark`: an array of the cursor and of the `len` replies that follow.
    pub fn scan_at(&mut self, mark: Mark, cursor: u64, len: usize) {
        let end = self.out.len();
        let mut digits = [0; 20];
        self.array(2);
        self.bulk(number::write_u64(cursor, &mut digits));
        self.array(len);
        self.turn_to(mark, end);
    }

    /// Puts a string at `mark`.
    pub fn bulk_at(&mut self, mark: Mark, bytes: &[u8]) {
        let end = self.out.len();
        self.bulk(bytes);
        self.turn_to(mark, end);
    }

    /// Bytes written since `mark`.
    pub fn written_since(&self, mark: Mark) -> usize {
        self.out.len() - mark.0
    }

    /// Takes back everything written since `mark`.
    pub fn rewind(&mut self, mark: Mark) {
        self.out.truncate(mark.0);
    }

    fn header_at(&mut self, mark: Mark, kind: u8, value: i64) {
        let end = self.out.len();
        self.header(kind, value);
        self.turn_to(mark, end);
    }

    /// Moves what was written since `end` to `mark`.
    fn turn_to(&mut self, mark: Mark, end: usize) {
        let moved = self.out.len() - end;
        self.out[mark.0..].rotate_right(moved);
    }

    /// Most headers are short, and those are written in one piece.
    #[inline(always)]
    fn header(&mut self, kind: u8, value: i64) {
        match value {
            0..=9 => {
                let header = [kind, b'0' + value as u8, b'\r', b'\n'];
                self.out.extend_from_slice(&header);
            }
            10..=99 => {
                let (tens, ones) = (b'0' + value as u8 / 10, b'0' + value as u8 % 10);
                let header = [kind, tens, ones, b'\r', b'\n'];
                self.out.extend_from_slice(&header);
            }
            _ => self.long_header(kind, value),
        }
    }

    #[inline(never)]
    fn long_header(&mut self, kind: u8, value: i64) {
        let mut digits = [0; 20];
        self.line(kind, number::write_i64(value, &mut digits));
    }

    fn line(&mut self, kind: u8, text: &[u8]) {
        self.out.reserve(text.len() + 3);
        self.out.push(kind);
        self.out.extend_from_slice(text);
        self.out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(write: impl Fn(&mut Reply<'_>)) -> (Vec<u8>, Vec<u8>) {
        let (mut old, mut new) = (Vec::new(), Vec::new());
        write(&mut Reply::new(&mut old, Protocol::Resp2));
        write(&mut Reply::new(&mut new, Protocol::Resp3));
        (old, new)
    }

    fn expect(write: impl Fn(&mut Reply<'_>), old: &str, new: &str) {
        let (got_old, got_new) = both(write);
        assert_eq!(std::str::from_utf8(&got_old).unwrap(), old);
        assert_eq!(std::str::from_utf8(&got_new).unwrap(), new);
    }

    #[test]
    fn a_lent_text_reads_as_one_that_was_copied() {
        let long = alloc::rc::Rc::new(alloc::vec![b'x'; LONG_BYTES]);
        let short = alloc::rc::Rc::new(b"short".to_vec());
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            for (text, count) in [(&long, 1), (&short, 0)] {
                let (mut copied, mut lent) = (Vec::new(), Vec::new());
                Reply::new(&mut copied, protocol).verbatim("txt", text);
                let mut loans = Loans::accepted();
                Reply::new(&mut lent, protocol).verbatim_lent(&mut loans, "txt", text);
                let mut taken = 0;
                loans.take(|loan| {
                    taken += 1;
                    let end = lent.split_off(loan.at);
                    lent.extend_from_slice(&loan.bytes[loan.range]);
                    lent.extend_from_slice(&end);
                });
                assert!(lent == copied && taken == count);
            }
        }
    }

    #[test]
    fn each_type_in_both_versions() {
        expect(|r| r.null(), "$-1\r\n", "_\r\n");
        expect(|r| r.null_array(), "*-1\r\n", "_\r\n");
        expect(|r| r.boolean(true), ":1\r\n", "#t\r\n");
        expect(|r| r.double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n");
        expect(|r| r.map(2), "*4\r\n", "%2\r\n");
        expect(|r| r.set(12), "*12\r\n", "~12\r\n");
        expect(|r| r.push(3), "*3\r\n", ">3\r\n");
        expect(
            |r| r.verbatim("txt", b"hi"),
            "$2\r\nhi\r\n",
            "=6\r\ntxt:hi\r\n",
        );
        expect(|r| r.int(-7), ":-7\r\n", ":-7\r\n");
        expect(
            |r| r.bulk_int(1234567890123),
            "$13\r\n1234567890123\r\n",
            "$13\r\n1234567890123\r\n",
        );
        expect(|r| r.error("ERR a\r\nb"), "-ERR a  b\r\n", "-ERR a  b\r\n");
    }

    #[test]
    fn late_headers_land_in_front() {
        expect(
            |r| {
                r.ok();
                let mark = r.mark();
                r.int(1);
                r.int(2);
                assert_eq!(r.written_since(mark), 8);
                r.bulk_at(mark, b"in front");
                r.array_at(mark, 3);
            },
            "+OK\r\n*3\r\n$8\r\nin front\r\n:1\r\n:2\r\n",
            "+OK\r\n*3\r\n$8\r\nin front\r\n:1\r\n:2\r\n",
        );
        expect(
            |r| {
                r.ok();
                let mark = r.mark();
                r.text("key");
                r.scan_at(mark, 17, 1);
            },
            "+OK\r\n*2\r\n$2\r\n17\r\n*1\r\n$3\r\nkey\r\n",
            "+OK\r\n*2\r\n$2\r\n17\r\n*1\r\n$3\r\nkey\r\n",
        );
        expect(
            |r| {
                r.ok();
                let mark = r.mark();
                r.text("key");
                r.scan_at(mark, 17, 1);
            },
            "+OK\r\n*2\r\n$2\r\n17\r\n*1\r\n$3\r\nkey\r\n",
            "+OK\r\n*2\r\n$2\r\n17\r\n*1\r\n$3\r\nkey\r\n",
        );
    }
}
