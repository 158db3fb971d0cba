//! Places: sorted sets whose scores are geohashes.
//!
//! ```text
//! rows.rs    the table's rows
//! add.rs     GEOADD
//! read.rs    GEOPOS, GEOHASH, GEODIST
//! query.rs   what a search asks for, parsed
//! search.rs  GEOSEARCH and the older GEORADIUS forms, replied or stored
//! ```

mod add;
mod query;
mod read;
mod rows;
mod search;
#[cfg(test)]
mod tests;

pub(super) use rows::SPECS;

use super::{Args, CommandError};
use crate::bytes::number::{INTEGER_TEXT_MAX, write_u64};
use crate::resp::Reply;
use crate::structure::geohash::Position;
use alloc::format;

/// The longitude and latitude at `index` and behind it.
fn position_at(args: &Args<'_>, index: usize) -> Result<Position, CommandError> {
    let (longitude, latitude) = (args.float(index)?, args.float(index + 1)?);
    Position::new(longitude, latitude).ok_or_else(|| {
        CommandError::with(format!(
            "ERR invalid longitude,latitude pair {longitude:.6},{latitude:.6}"
        ))
    })
}

/// Metres in the unit at `index`.
fn unit_at(args: &Args<'_>, index: usize) -> Result<f64, CommandError> {
    match () {
        () if args.is(index, "M") => Ok(1.0),
        () if args.is(index, "KM") => Ok(1000.0),
        () if args.is(index, "FT") => Ok(0.3048),
        () if args.is(index, "MI") => Ok(1609.34),
        () => Err(CommandError::new(
            "ERR unsupported unit provided. please use M, KM, FT, MI",
        )),
    }
}

/// A distance: a string with four decimals, also under RESP3.
fn reply_distance(reply: &mut Reply<'_>, distance: f64) {
    const PER_UNIT: u64 = 10_000;
    let scaled = libm::rint(distance * PER_UNIT as f64);
    // What does not fit, or is no number, becomes the least one, as on the machines that Redis runs on.
    let fits = scaled.abs() < 9.2e18;
    let scaled = if fits { scaled as i64 } else { i64::MIN };
    let digits = scaled.unsigned_abs();
    let mut room = [0; INTEGER_TEXT_MAX];
    let mut text = heapless::Vec::<u8, { INTEGER_TEXT_MAX + 2 }>::new();
    // A sign and a point are the most that comes to the digits: there is room.
    if scaled < 0 {
        let _ = text.push(b'-');
    }
    let _ = text.extend_from_slice(write_u64(digits / PER_UNIT, &mut room));
    let _ = text.push(b'.');
    let decimals = write_u64(digits % PER_UNIT + PER_UNIT, &mut room);
    let _ = text.extend_from_slice(&decimals[1..]);
    reply.bulk(&text);
}

/// A place: an array of longitude and latitude.
fn reply_position(reply: &mut Reply<'_>, position: Position) {
    reply.array(2);
    reply.double(position.longitude);
    reply.double(position.latitude);
}
