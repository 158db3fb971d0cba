//! Bytes from a file or a client, verified before anything trusts them.

use super::entry::{self, END, Encoded};
use super::slice::{COUNT_UNKNOWN, HEADER};

/// Why bytes are not a listpack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListpackError {
    /// There is no room for a header and an end mark.
    TooShort,
    /// The header states another byte total.
    WrongTotal,
    /// An entry begins with a byte that begins none, or reaches beyond the end.
    BadEntry,
    /// An entry's back length does not match the entry.
    BadBackLength,
    /// The end mark is missing or comes early.
    BadEnd,
    /// The header states another number of elements.
    WrongCount,
}

impl ListpackError {
    pub(super) fn reason(self) -> &'static str {
        match self {
            ListpackError::TooShort => "listpack: too short",
            ListpackError::WrongTotal => "listpack: wrong byte total",
            ListpackError::BadEntry => "listpack: bad entry",
            ListpackError::BadBackLength => "listpack: bad back length",
            ListpackError::BadEnd => "listpack: end mark missing or early",
            ListpackError::WrongCount => "listpack: wrong element count",
        }
    }
}

impl core::fmt::Display for ListpackError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.reason())
    }
}

impl core::error::Error for ListpackError {}

/// Whether valid bytes are exactly what this crate would have written.
pub(super) enum Form {
    Canonical,
    /// Some value is stored in a longer form than need be.
    Foreign,
}

/// Verifies all that reading relies on.
pub(super) fn validate(bytes: &[u8]) -> Result<Form, ListpackError> {
    let Some((&[t0, t1, t2, t3, c0, c1], rest)) = bytes.split_first_chunk::<HEADER>() else {
        return Err(ListpackError::TooShort);
    };
    if usize::try_from(u32::from_le_bytes([t0, t1, t2, t3])) != Ok(bytes.len()) {
        return Err(ListpackError::WrongTotal);
    }
    let Some((&END, mut entries)) = rest.split_last() else {
        return Err(ListpackError::BadEnd);
    };
    let (mut counted, mut canonical) = (0usize, true);
    while !entries.is_empty() {
        let (size, is_canonical) = validate_entry(entries)?;
        entries = entries.get(size..).ok_or(ListpackError::BadEntry)?;
        counted += 1;
        canonical &= is_canonical;
    }
    let stated = u16::from_le_bytes([c0, c1]);
    if stated != COUNT_UNKNOWN && usize::from(stated) != counted {
        return Err(ListpackError::WrongCount);
    }
    Ok(if canonical {
        Form::Canonical
    } else {
        Form::Foreign
    })
}

/// The size of the entry that `entries` start with, and whether it is in its shortest form.
fn validate_entry(entries: &[u8]) -> Result<(usize, bool), ListpackError> {
    if entries.first() == Some(&END) {
        return Err(ListpackError::BadEnd);
    }
    let (head, payload) = entry::measure(entries).ok_or(ListpackError::BadEntry)?;
    let front = head.saturating_add(payload);
    let size = front.saturating_add(entry::back_size(front));
    let whole = entries.get(..size).ok_or(ListpackError::BadEntry)?;
    if entry::read_back(whole) != Some((front, size - front)) {
        return Err(ListpackError::BadBackLength);
    }
    let value = entry::decode(whole).ok_or(ListpackError::BadEntry)?;
    Ok((size, Encoded::of(value).starts(whole)))
}
