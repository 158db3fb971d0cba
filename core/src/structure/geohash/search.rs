//! Searching an area: what lies in it, and the cells that cover it.
//!
//! A cell about as wide as the area, and its eight neighbours, cover the area wherever in the middle cell its centre
//! lies; neighbours that it does not reach are left out:
//!
//! ```text
//! +----+----+----+
//! |    |    |    |        the middle cell first, then north, south, east, west and the corners;
//! +----+-.--+----+        each is one range of scores
//! |    |( x )    |
//! +----+-'--+----+
//! |    |    |    |
//! +----+----+----+
//! ```
//!
//! Which cells these are, and their order, is what Redis searches: the order of an unsorted answer follows from it.

use super::sphere::{EARTH_RADIUS_M, degrees, distance_m, meridian_distance_m, radians};
use super::{Area, Cell, FINEST_STEP, LATITUDE_MAX, LONGITUDE_MAX, Position};
use alloc::vec::Vec;

/// The most cells that cover an area.
const CELLS_MAX: usize = 9;
/// Half the width of the Mercator map, metres.
const MERCATOR_MAX_M: f64 = 20_037_726.37;
/// The neighbours, in the order in which they are searched: how far to the east and to the north.
const NEIGHBOURS: [(i32, i32); CELLS_MAX - 1] = [
    (0, 1),
    (0, -1),
    (1, 0),
    (-1, 0),
    (1, 1),
    (-1, 1),
    (1, -1),
    (-1, -1),
];

/// A shape around a centre; sizes in metres.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Everything at most so far away.
    Circle {
        /// The radius.
        radius_m: f64,
    },
    /// A rectangle along the parallels and meridians.
    Box {
        /// From west to east.
        width_m: f64,
        /// From south to north.
        height_m: f64,
    },
    /// What a line through all these corners and back to the first encloses, on the map.
    Polygon(Vec<Position>),
}

/// A shape in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// The centre, from which distances count.
    pub center: Position,
    /// The shape.
    pub shape: Shape,
}

impl Region {
    /// A polygon around the middle of its corners: the place above the sum of the vectors to them.
    pub fn polygon(corners: Vec<Position>) -> Region {
        let (mut x, mut y, mut z) = (0.0, 0.0, 0.0);
        for corner in &corners {
            let (longitude, latitude) = (radians(corner.longitude), radians(corner.latitude));
            x += libm::cos(latitude) * libm::cos(longitude);
            y += libm::cos(latitude) * libm::sin(longitude);
            z += libm::sin(latitude);
        }
        let from_axis = libm::sqrt(x * x + y * y);
        let center = Position {
            longitude: degrees(libm::atan2(y, x)),
            latitude: degrees(libm::atan2(z, from_axis)),
        };
        Region {
            center,
            shape: Shape::Polygon(corners),
        }
    }

    /// Metres from the centre to a place in the region; `None` when the place is outside.
    pub fn distance_within(&self, place: Position) -> Option<f64> {
        match &self.shape {
            Shape::Circle { radius_m } => {
                let distance = distance_m(self.center, place);
                // A distance that is no number, as it may be between antipodes, is not outside.
                let is_outside = distance > *radius_m;
                (!is_outside).then_some(distance)
            }
            Shape::Box { width_m, height_m } => {
                if meridian_distance_m(place.latitude, self.center.latitude) > height_m / 2.0 {
                    return None;
                }
                let abreast = Position {
                    longitude: self.center.longitude,
                    ..place
                };
                if distance_m(place, abreast) > width_m / 2.0 {
                    return None;
                }
                Some(distance_m(self.center, place))
            }
            Shape::Polygon(corners) => {
                is_enclosed(corners, place).then(|| distance_m(self.center, place))
            }
        }
    }

    /// The cells that cover the region, in the order in which they are to be searched.
    pub fn cells(&self) -> heapless::Vec<Cell, CELLS_MAX> {
        let bounds = self.bounds();
        let mut step = step_for(self.reach_m(&bounds), self.center.latitude);
        let mut middle = Cell::around(self.center, step);
        if step > 1 && !reaches(middle, &bounds) {
            step -= 1;
            middle = Cell::around(self.center, step);
        }
        let area = middle.area();
        let is_needed = |&(east, north): &(i32, i32)| {
            step < 2
                || !((north < 0 && area.latitude.start < bounds.latitude.start)
                    || (north > 0 && area.latitude.end > bounds.latitude.end)
                    || (east < 0 && area.longitude.start < bounds.longitude.start)
                    || (east > 0 && area.longitude.end > bounds.longitude.end))
        };
        let mut cells = heapless::Vec::new();
        let _ = cells.push(middle);
        for (east, north) in NEIGHBOURS.into_iter().filter(is_needed) {
            let cell = middle.neighbour(east, north);
            // Where the world is two cells wide, a neighbour may be the one before it.
            let is_repeated = cells.len() > 1 && cells.last() == Some(&cell);
            if !is_repeated {
                let _ = cells.push(cell);
            }
        }
        cells
    }

    /// A rectangle of degrees around the region. Its sides may be off the map, or no numbers for endless regions.
    fn bounds(&self) -> Area {
        let (width_m, height_m) = match &self.shape {
            Shape::Circle { radius_m } => (*radius_m, *radius_m),
            Shape::Box { width_m, height_m } => (width_m / 2.0, height_m / 2.0),
            Shape::Polygon(corners) => return bounds_of(corners),
        };
        let Position {
            longitude,
            latitude,
        } = self.center;
        let north = degrees(height_m / EARTH_RADIUS_M);
        // A degree of longitude is shortest at the side that is nearer to a pole.
        let nearest_pole = if latitude < 0.0 {
            latitude - north
        } else {
            latitude + north
        };
        let east = degrees(width_m / EARTH_RADIUS_M / libm::cos(radians(nearest_pole)));
        Area {
            longitude: longitude - east..longitude + east,
            latitude: latitude - north..latitude + north,
        }
    }

    /// How far the region goes from its centre, metres.
    fn reach_m(&self, bounds: &Area) -> f64 {
        match &self.shape {
            Shape::Circle { radius_m } => *radius_m,
            Shape::Box { width_m, height_m } => {
                let (east, north) = (width_m / 2.0, height_m / 2.0);
                libm::sqrt(east * east + north * north)
            }
            Shape::Polygon(_) => {
                let longitudes = [bounds.longitude.start, bounds.longitude.end];
                let corners = longitudes.into_iter().flat_map(|longitude| {
                    [bounds.latitude.start, bounds.latitude.end].map(|latitude| Position {
                        longitude,
                        latitude,
                    })
                });
                let distances = corners.map(|corner| distance_m(self.center, corner));
                distances.fold(0.0, f64::max)
            }
        }
    }
}

/// The step whose cells are wide enough for a circle of this radius to reach no further than a neighbour.
fn step_for(radius_m: f64, latitude: f64) -> u32 {
    if radius_m == 0.0 {
        return FINEST_STEP;
    }
    let (mut reach_m, mut step) = (radius_m, 1i32);
    while reach_m < MERCATOR_MAX_M {
        reach_m *= 2.0;
        step += 1;
    }
    step -= 2;
    // Towards the poles, cells of the map are narrower on the ground.
    step -= i32::from(latitude.abs() > 66.0) + i32::from(latitude.abs() > 80.0);
    step.clamp(1, FINEST_STEP as i32) as u32
}

/// Whether a cell and its neighbours reach all sides of `bounds`.
fn reaches(cell: Cell, bounds: &Area) -> bool {
    let north = cell.neighbour(0, 1).area().latitude.end;
    let south = cell.neighbour(0, -1).area().latitude.start;
    let east = cell.neighbour(1, 0).area().longitude.end;
    let west = cell.neighbour(-1, 0).area().longitude.start;
    // A side that is no number is not out of reach.
    !(north < bounds.latitude.end
        || south > bounds.latitude.start
        || east < bounds.longitude.end
        || west > bounds.longitude.start)
}

fn bounds_of(corners: &[Position]) -> Area {
    let mut area = Area {
        longitude: LONGITUDE_MAX..-LONGITUDE_MAX,
        latitude: LATITUDE_MAX..-LATITUDE_MAX,
    };
    for corner in corners {
        area.longitude.start = area.longitude.start.min(corner.longitude);
        area.longitude.end = area.longitude.end.max(corner.longitude);
        area.latitude.start = area.latitude.start.min(corner.latitude);
        area.latitude.end = area.latitude.end.max(corner.latitude);
    }
    area
}

/// Whether a ray from the place to the east crosses an odd number of sides. (Point inclusion in polygon test, W. Randolph
/// Franklin.)
fn is_enclosed(corners: &[Position], place: Position) -> bool {
    let mut before = corners.iter().cycle().skip(corners.len().saturating_sub(1));
    let mut inside = false;
    for a in corners {
        let Some(b) = before.next() else {
            return false;
        };
        let straddles = (a.latitude > place.latitude) != (b.latitude > place.latitude);
        let crossing = (b.longitude - a.longitude) * (place.latitude - a.latitude)
            / (b.latitude - a.latitude)
            + a.longitude;
        inside ^= straddles && place.longitude < crossing;
    }
    inside
}
