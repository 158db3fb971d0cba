//! The payload of DUMP: a value with its kind, and what shows that it is one.
//!
//! ```text
//! | kind | value | version u16 | crc64 of all before |
//! ```

use super::crc64;
use super::decode::{Decoder, Loaded, Rooms};
use super::encode::{ValueWriter, View};
use super::input::{Input, Stop};
use super::kind::{self, Kind};
use crate::value::EncodingLimits;
use alloc::vec::Vec;

const VERSION_BYTES: usize = 2;
const FOOTER: usize = VERSION_BYTES + 8;

/// Why a payload is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPayload {
    /// It is of an unknown version, or not what was dumped.
    Footer,
    /// It does not hold a value, or one of a type that is not known here.
    Format,
}

/// Appends the payload of a value.
pub fn push(out: &mut Vec<u8>, value: &View<'_>, compress: bool) {
    let start = out.len();
    let kind = value.kind();
    out.push(kind.code());
    ValueWriter::new(compress).push(out, value);
    let version = match kind {
        Kind::HashTimed => kind::VERSION_FIELD_TTL,
        _ => kind::VERSION,
    };
    out.extend_from_slice(&version.to_le_bytes());
    let crc = crc64::update(0, &out[start..]);
    out.extend_from_slice(&crc.to_le_bytes());
}

/// Verifies the footer: the version, and the bytes of kind and value.
pub fn open(payload: &[u8]) -> Result<(u16, &[u8]), BadPayload> {
    let (body, footer) = payload
        .split_last_chunk::<FOOTER>()
        .ok_or(BadPayload::Footer)?;
    let [low, high, crc @ ..] = *footer;
    let version = u16::from_le_bytes([low, high]);
    let summed = crc64::update(0, &payload[..body.len() + VERSION_BYTES]);
    if !kind::is_version_read(version) || summed != u64::from_le_bytes(crc) {
        return Err(BadPayload::Footer);
    }
    Ok((version, body))
}

/// Reads the value of a payload; strings may be left in `rooms`.
pub fn read<'t>(
    payload: &'t [u8],
    rooms: &'t mut Rooms,
    limits: &EncodingLimits,
) -> Result<Loaded<'t>, BadPayload> {
    let (version, body) = open(payload)?;
    let mut input = Input::new(body);
    let code = input.byte().map_err(|_| BadPayload::Format)?;
    let kind = Kind::of(code, version).map_err(|_| BadPayload::Format)?;
    let value = Decoder::new(kind).read(&mut input, rooms, limits);
    match value.map_err(|_: Stop| BadPayload::Format)? {
        Loaded::Empty => Err(BadPayload::Format),
        value if input.left() == 0 => Ok(value),
        _ => Err(BadPayload::Format),
    }
}
