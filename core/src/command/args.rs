//! A request's arguments: slices of the connection's buffer, the command's name first.

use super::error::{CommandError, until_nul};
use crate::bytes::hash::Hasher;
use crate::bytes::number;
use crate::bytes::shared::SharedBytes;
use crate::keyspace::Key;
use crate::resp::Span;
use alloc::vec::Vec;

/// The arguments of one request. `args[0]` is the command's name.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a> {
    buffer: &'a [u8],
    spans: &'a [Span],
    hasher: Hasher,
    hashes: KeyHashes<'a>,
    apart: Option<&'a Apart>,
}

/// Arguments of a request that are not in its buffer, by their numbers ([`Span::apart`]).
#[derive(Clone, Debug, Default)]
pub struct Apart(pub Vec<SharedBytes>);

/// Hashes of a request's keys that are known already.
#[derive(Clone, Copy, Debug)]
pub struct KeyHashes<'a> {
    /// Index of the first key; 0: none is known.
    pub first: usize,
    /// Distance of one key to the next.
    pub step: usize,
    /// The keys, from the first on.
    pub lookups: &'a [Lookup],
}

/// A key that a request will look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The key's hash.
    pub hash: u64,
    /// The database it will be looked up in, as far as is known before the request runs.
    pub db: u32,
}

impl KeyHashes<'_> {
    const NONE: KeyHashes<'static> = KeyHashes {
        first: 0,
        step: 1,
        lookups: &[],
    };

    #[inline(always)]
    fn of(&self, index: usize) -> Option<u64> {
        let number = if index == self.first {
            0
        } else {
            self.number_of(index)?
        };
        self.lookups.get(number).map(|lookup| lookup.hash)
    }

    /// How many keys stand before the one at `index`; `None`: there stands no key.
    fn number_of(&self, index: usize) -> Option<usize> {
        let distance = index.checked_sub(self.first)?;
        let number = match self.step {
            0 => return None,
            1 => distance,
            2 => distance / 2,
            step => distance / step,
        };
        (number * self.step == distance).then_some(number)
    }
}

impl<'a> Args<'a> {
    /// Arguments that are parts of `buffer`; `spans` count from its start and lie in it.
    #[inline(always)]
    pub fn new(buffer: &'a [u8], spans: &'a [Span], hasher: Hasher) -> Self {
        Args {
            buffer,
            spans,
            hasher,
            hashes: KeyHashes::NONE,
            apart: None,
        }
    }

    /// Arguments of which the hashes of keys are known, where `hashes` has any, and some may be `apart`. Made at once: the
    /// same is done in steps by copying.
    #[inline(always)]
    pub(crate) fn hashed(
        buffer: &'a [u8],
        spans: &'a [Span],
        hasher: Hasher,
        hashes: KeyHashes<'a>,
        apart: Option<&'a Apart>,
    ) -> Self {
        Args {
            buffer,
            spans,
            hasher,
            hashes,
            apart,
        }
    }

    /// The same arguments, those that are not in the buffer being `apart`.
    #[inline(always)]
    pub fn with_apart(self, apart: Option<&'a Apart>) -> Self {
        Args { apart, ..self }
    }

    /// The same arguments, with hashes of keys that are known.
    #[inline(always)]
    pub fn with_hashes(self, hashes: KeyHashes<'a>) -> Self {
        Args { hashes, ..self }
    }

    /// The arguments from `index` on as a request of their own (COMMAND GETKEYS).
    pub fn skip(&self, index: usize) -> Args<'a> {
        Args {
            spans: self.spans.get(index..).unwrap_or(&[]),
            hashes: KeyHashes::NONE,
            ..*self
        }
    }

    /// How many there are, the name included.
    #[inline]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The argument at `index`; empty when there is none (arity is checked before a handler runs).
    #[inline]
    pub fn at(&self, index: usize) -> &'a [u8] {
        self.get(index).unwrap_or_default()
    }

    /// The argument at `index`.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        let span = self.spans.get(index)?;
        Some(slice(self.buffer, self.apart, span))
    }

    /// The argument at `index`, if it is a long one with a buffer of its own, which may become a value as it is.
    pub fn shared(&self, index: usize) -> Option<&'a SharedBytes> {
        self.apart?.0.get(self.spans.get(index)?.apart()?)
    }

    /// The argument at `index` as a key.
    #[inline]
    pub fn key(&self, index: usize) -> Key<'a> {
        let bytes = self.at(index);
        let hash = match self.hashes.of(index) {
            Some(hash) => hash,
            None => self.hasher.hash(bytes),
        };
        Key { bytes, hash }
    }

    /// Whether the argument at `index` is `word`, in any case. `word` is given in upper case.
    #[inline]
    pub fn is(&self, index: usize, word: &str) -> bool {
        self.at(index).eq_ignore_ascii_case(word.as_bytes())
    }

    /// The arguments from `index` on.
    pub fn from(&self, index: usize) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone + 'a {
        let (buffer, apart) = (self.buffer, self.apart);
        let spans: &'a [Span] = self.spans.get(index..).unwrap_or(&[]);
        spans.iter().map(move |span| slice(buffer, apart, span))
    }

    /// All arguments, the name included.
    pub fn all(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone + 'a {
        self.from(0)
    }

    /// The argument at `index` as a 64-bit integer.
    #[inline]
    pub fn int(&self, index: usize) -> Result<i64, CommandError> {
        number::parse_i64(self.at(index)).ok_or(CommandError::NOT_INTEGER)
    }

    /// The argument at `index` as an integer within bounds, or Redis's error for a value out of range.
    pub fn int_within(&self, index: usize, low: i64, high: i64) -> Result<i64, CommandError> {
        let value = self.int(index)?;
        if (low..=high).contains(&value) {
            return Ok(value);
        }
        Err(if low == 0 && value < 0 {
            CommandError::NOT_POSITIVE
        } else {
            CommandError::OUT_OF_RANGE
        })
    }

    /// The argument at `index` as a count that is not negative, or Redis's error, which is the same for no number at all.
    pub fn count(&self, index: usize) -> Result<usize, CommandError> {
        number::parse_i64(self.at(index))
            .and_then(|value| usize::try_from(value).ok())
            .ok_or(CommandError::NOT_POSITIVE)
    }

    /// The argument at `index` as a scan's cursor. As in Redis, which leaves to `strtoull` what it does not read itself,
    /// blanks, a sign and zeros may precede the digits, a NUL ends them, and a negative number is refused only when it is
    /// written plainly.
    pub fn cursor(&self, index: usize) -> Result<u64, CommandError> {
        let text = until_nul(self.at(index));
        if number::parse_i64(text).is_some_and(|value| value < 0) {
            return Err(CommandError::INVALID_CURSOR);
        }
        let text = text.trim_ascii_start();
        let (negative, digits) = match text {
            [b'-', digits @ ..] => (true, digits),
            [b'+', digits @ ..] => (false, digits),
            _ => (false, text),
        };
        let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
        let value = match &digits[zeros..] {
            [] if zeros > 0 => Some(0),
            significant => number::parse_u64(significant),
        };
        value
            .filter(|_| digits.first().is_some_and(u8::is_ascii_digit))
            .map(|value| {
                if negative {
                    value.wrapping_neg()
                } else {
                    value
                }
            })
            .ok_or(CommandError::INVALID_CURSOR)
    }

    /// The argument at `index` as a double; not NaN.
    pub fn float(&self, index: usize) -> Result<f64, CommandError> {
        number::parse_f64(self.at(index)).ok_or(CommandError::NOT_FLOAT)
    }

    /// The number of a database, for SELECT, MOVE, COPY.
    pub fn database(&self, index: usize, count: usize) -> Result<usize, CommandError> {
        let value = self.int(index)?;
        let value = i32::try_from(value).map_err(|_| CommandError::NOT_32_BITS)?;
        usize::try_from(value)
            .ok()
            .filter(|&db| db < count)
            .ok_or(CommandError::DB_OUT_OF_RANGE)
    }
}

/// The bytes of an argument. Nearly all are in the buffer; where a span leads out of it, the argument is apart.
#[inline]
fn slice<'a>(buffer: &'a [u8], apart: Option<&'a Apart>, span: &Span) -> &'a [u8] {
    let (start, len) = (span.start as usize, span.len as usize);
    match buffer.get(start..start.wrapping_add(len)) {
        Some(bytes) => bytes,
        None => slice_apart(apart, span),
    }
}

#[cold]
fn slice_apart<'a>(apart: Option<&'a Apart>, span: &Span) -> &'a [u8] {
    let bytes = apart.zip(span.apart());
    bytes
        .and_then(|(apart, number)| apart.0.get(number))
        .map_or(&[], |bytes| bytes)
}
