//! Distances between places, by the haversine formula on a sphere.
//!
//! With `a` and `b` the halves of the differences of latitude and longitude, the half angle between two places is the
//! arc sine of the square root of `sin(a)^2 + cos(lat1) cos(lat2) sin(b)^2`.

use super::Position;

/// The radius of the sphere, metres.
pub(super) const EARTH_RADIUS_M: f64 = 6_372_797.560856;
const RADIANS: f64 = core::f64::consts::PI / 180.0;

/// Degrees as radians.
pub(super) fn radians(degrees: f64) -> f64 {
    degrees * RADIANS
}

/// Radians as degrees.
pub(super) fn degrees(radians: f64) -> f64 {
    radians / RADIANS
}

/// Metres between two places.
pub fn distance_m(from: Position, to: Position) -> f64 {
    let half_sine = |from: f64, to: f64| libm::sin((radians(to) - radians(from)) / 2.0);
    let along_parallel = half_sine(from.longitude, to.longitude);
    if along_parallel == 0.0 {
        // On one meridian the formula comes down to this.
        return meridian_distance_m(from.latitude, to.latitude);
    }
    let along_meridian = half_sine(from.latitude, to.latitude);
    let (first, second) = (radians(from.latitude), radians(to.latitude));
    let square = along_meridian * along_meridian
        + libm::cos(first) * libm::cos(second) * along_parallel * along_parallel;
    2.0 * EARTH_RADIUS_M * libm::asin(libm::sqrt(square))
}

/// Metres between two latitudes.
pub(super) fn meridian_distance_m(from: f64, to: f64) -> f64 {
    EARTH_RADIUS_M * (radians(to) - radians(from)).abs()
}
