//! Geohashes: a place on earth as one number, whose order keeps neighbours together.
//!
//! Longitude and latitude are each cut into `2^step` stripes, and the bits of the two stripe numbers are interleaved,
//! those of the longitude first:
//!
//! ```text
//! bit   51 50 49 48 ...  1  0        step 26, as a sorted set keeps it: a whole number of 52 bits,
//!       x  y  x  y       x  y        which a double holds exactly
//! ```
//!
//! So a cell of a coarser step is the range of all numbers that begin with its bits: a search for places becomes a few
//! ranges of scores ([`search`]). Latitudes end where the square Mercator map does, at 85.05112878 degrees.
//!
//! ```text
//! sphere.rs   distances on the earth taken as a sphere
//! search.rs   shapes, and the cells that cover one
//! ```
//!
//! Stripes, cells and distances are computed in the order of operations that Redis uses, so that scores and bounds are
//! the same to the last bit.

pub mod search;
pub mod sphere;
#[cfg(test)]
mod tests;

use core::ops::Range;

/// The greatest longitude, degrees; the least is its negative.
pub const LONGITUDE_MAX: f64 = 180.0;
/// The greatest latitude, degrees; the least is its negative.
pub const LATITUDE_MAX: f64 = 85.05112878;
/// The finest step, whose numbers are kept as scores.
const FINEST_STEP: u32 = 26;
/// Characters of a geohash text.
pub const TEXT_LEN: usize = 11;
/// Latitudes of geohash texts go to the poles.
const POLE: f64 = 90.0;

/// A place on earth, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// East of Greenwich; negative to the west.
    pub longitude: f64,
    /// North of the equator; negative to the south.
    pub latitude: f64,
}

/// A rectangle between stripes of longitude and latitude. A stripe number may lie one beyond the last stripe, at the very
/// edge of the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    longitude: u32,
    latitude: u32,
    /// 1 to 26.
    step: u32,
}

/// The edges of a cell, degrees.
#[derive(Clone, Debug, PartialEq)]
struct Area {
    longitude: Range<f64>,
    latitude: Range<f64>,
}

impl Position {
    /// A place that can be kept; `None` when it is off the map.
    pub fn new(longitude: f64, latitude: f64) -> Option<Position> {
        let on_map = (-LONGITUDE_MAX..=LONGITUDE_MAX).contains(&longitude)
            && (-LATITUDE_MAX..=LATITUDE_MAX).contains(&latitude);
        on_map.then_some(Position {
            longitude,
            latitude,
        })
    }

    /// The number that stands for the place in a sorted set.
    pub fn to_score(self) -> u64 {
        Cell::around(self, FINEST_STEP).scores().start
    }

    /// The place that a member's score stands for: the middle of its cell. Every score stands for some place, also those
    /// that no place gives.
    pub fn of_score(score: f64) -> Position {
        let (longitude, latitude) = separate(bits_of(score));
        let area = Cell {
            longitude,
            latitude,
            step: FINEST_STEP,
        }
        .area();
        let middle = |edges: Range<f64>, limit: f64| {
            let middle = (edges.start + edges.end) / 2.0;
            middle.clamp(-limit, limit)
        };
        Position {
            longitude: middle(area.longitude, LONGITUDE_MAX),
            latitude: middle(area.latitude, LATITUDE_MAX),
        }
    }

    /// The usual text of a geohash, in which latitudes go to the poles. Its 52 bits fill ten characters; the eleventh
    /// is always `0`, as in Redis.
    pub fn to_text(self) -> [u8; TEXT_LEN] {
        const ALPHABET: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
        let longitude = stripe(self.longitude, LONGITUDE_MAX, FINEST_STEP);
        let latitude = stripe(self.latitude, POLE, FINEST_STEP);
        let bits = interleave(longitude, latitude);
        let mut text = [b'0'; TEXT_LEN];
        for (number, letter) in text[..TEXT_LEN - 1].iter_mut().enumerate() {
            let shift = 2 * FINEST_STEP - 5 * (number as u32 + 1);
            *letter = ALPHABET[(bits >> shift) as usize & 31];
        }
        text
    }
}

impl Cell {
    /// The cell of this step that a place lies in.
    pub fn around(position: Position, step: u32) -> Cell {
        Cell {
            longitude: stripe(position.longitude, LONGITUDE_MAX, step),
            latitude: stripe(position.latitude, LATITUDE_MAX, step),
            step,
        }
    }

    /// The cell so many stripes to the east and to the north; behind the last stripe comes the first.
    fn neighbour(self, east: i32, north: i32) -> Cell {
        let moved = |stripe: u32, by: i32| match by {
            0 => stripe,
            by => stripe.wrapping_add_signed(by) & ((1 << self.step) - 1),
        };
        Cell {
            longitude: moved(self.longitude, east),
            latitude: moved(self.latitude, north),
            ..self
        }
    }

    /// The numbers of all places in the cell.
    pub fn scores(self) -> Range<u64> {
        let bits = interleave(self.longitude, self.latitude);
        let shift = 2 * (FINEST_STEP - self.step);
        bits << shift..(bits + 1) << shift
    }

    fn area(self) -> Area {
        let edge = |stripe: u32, limit: f64| {
            let share = f64::from(stripe) / f64::from(1 << self.step);
            -limit + share * (2.0 * limit)
        };
        let edges =
            |stripe: u32, limit: f64| edge(stripe, limit)..edge(stripe.wrapping_add(1), limit);
        Area {
            longitude: edges(self.longitude, LONGITUDE_MAX),
            latitude: edges(self.latitude, LATITUDE_MAX),
        }
    }
}

/// The number of the stripe that a coordinate within `-limit..=limit` lies in.
fn stripe(coordinate: f64, limit: f64, step: u32) -> u32 {
    let share = (coordinate + limit) / (2.0 * limit);
    (share * f64::from(1 << step)) as u32
}

/// A score as bits. Scores that are no geohash become what the conversion gives on the machines that Redis runs on.
fn bits_of(score: f64) -> u64 {
    const BEYOND_SIGNED: f64 = 9_223_372_036_854_775_808.0;
    if score < BEYOND_SIGNED {
        score as i64 as u64
    } else if score < 2.0 * BEYOND_SIGNED {
        score as u64
    } else {
        0
    }
}

fn interleave(longitude: u32, latitude: u32) -> u64 {
    spread(longitude) << 1 | spread(latitude)
}

/// The numbers of longitude and latitude that were interleaved.
fn separate(bits: u64) -> (u32, u32) {
    (gather(bits >> 1), gather(bits))
}

/// Widths to which runs of bits are moved apart or together, and the masks of the runs.
const RUNS: [(u32, u64); 5] = [
    (16, 0x0000_ffff_0000_ffff),
    (8, 0x00ff_00ff_00ff_00ff),
    (4, 0x0f0f_0f0f_0f0f_0f0f),
    (2, 0x3333_3333_3333_3333),
    (1, 0x5555_5555_5555_5555),
];

/// Puts a zero before each bit.
fn spread(number: u32) -> u64 {
    RUNS.iter().fold(u64::from(number), |bits, (width, mask)| {
        (bits | bits << width) & mask
    })
}

/// Takes every second bit, from the lowest on.
fn gather(bits: u64) -> u32 {
    let mut bits = bits & RUNS[4].1;
    for at in (0..4).rev() {
        bits = (bits | bits >> RUNS[at + 1].0) & RUNS[at].1;
    }
    (bits | bits >> RUNS[0].0) as u32
}
