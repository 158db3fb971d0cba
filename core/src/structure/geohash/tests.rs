use super::search::{Region, Shape};
use super::sphere::distance_m;
use super::*;
use proptest::prelude::*;
use std::vec::Vec;

fn place(longitude: f64, latitude: f64) -> Position {
    Position::new(longitude, latitude).unwrap()
}

/// Figures of the documentation of GEOADD, GEODIST and GEOHASH.
#[test]
fn palermo_and_catania_are_where_redis_has_them() {
    let (palermo, catania) = (place(13.361389, 38.115556), place(15.087269, 37.502669));
    assert_eq!(palermo.to_score(), 3479099956230698);
    assert_eq!(catania.to_score(), 3479447370796909);
    let [palermo, catania] =
        [palermo, catania].map(|place| Position::of_score(place.to_score() as f64));
    assert_eq!(&palermo.to_text(), b"sqc8b49rny0");
    assert_eq!(&catania.to_text(), b"sqdtr74hyu0");
    assert!((distance_m(palermo, catania) - 166_274.151_6).abs() < 0.0001);
}

#[test]
fn the_map_has_edges() {
    assert!(Position::new(180.0, 85.05112878).is_some());
    for (longitude, latitude) in [
        (180.1, 0.0),
        (-180.1, 0.0),
        (0.0, 85.06),
        (0.0, -90.0),
        (f64::INFINITY, 0.0),
        (0.0, f64::NAN),
    ] {
        assert_eq!(Position::new(longitude, latitude), None);
    }
}

#[test]
fn every_score_stands_for_some_place() {
    for score in [
        -1.0,
        0.5,
        1e15,
        9.3e18,
        1.8e19,
        1e300,
        -1e300,
        f64::INFINITY,
        -f64::INFINITY,
    ] {
        let Position {
            longitude,
            latitude,
        } = Position::of_score(score);
        assert!(Position::new(longitude, latitude).is_some(), "{score}");
    }
}

#[test]
fn endless_and_empty_regions_have_cells() {
    for size in [0.0, 5e-324, 1e-300, 1.0, 1e8, 1e300, f64::INFINITY] {
        for center in [
            place(0.0, 0.0),
            place(180.0, 85.05112878),
            place(-180.0, -85.05112878),
        ] {
            for shape in [
                Shape::Circle { radius_m: size },
                Shape::Box {
                    width_m: size,
                    height_m: 1.0,
                },
                Shape::Box {
                    width_m: 1.0,
                    height_m: size,
                },
            ] {
                let region = Region { center, shape };
                assert!(!region.cells().is_empty());
            }
        }
    }
}

#[test]
fn a_polygon_encloses_what_is_between_its_corners() {
    let corners = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)];
    let region = Region::polygon(corners.map(|(x, y)| place(x, y)).to_vec());
    assert!(region.distance_within(place(5.0, 5.0)).is_some());
    assert!(region.distance_within(place(11.0, 5.0)).is_none());
    assert!(region.distance_within(place(5.0, -1.0)).is_none());
}

proptest! {
    #[test]
    fn bits_are_interleaved_and_separated(longitude: u32, latitude: u32) {
        let bits = interleave(longitude, latitude);
        prop_assert_eq!(separate(bits), (longitude, latitude));
        for bit in 0..32 {
            prop_assert_eq!(bits >> (2 * bit) & 1, u64::from(latitude >> bit & 1));
            prop_assert_eq!(bits >> (2 * bit + 1) & 1, u64::from(longitude >> bit & 1));
        }
    }

    #[test]
    fn a_score_is_within_a_metre_of_its_place(longitude in -179.9f64..179.9, latitude in -85.0f64..85.0) {
        let here = place(longitude, latitude);
        let kept = Position::of_score(here.to_score() as f64);
        prop_assert!(distance_m(here, kept) < 1.0);
        prop_assert_eq!(kept.to_score(), here.to_score());
    }

    /// Away from the poles and the date line, no place of a circle is missed.
    #[test]
    fn cells_cover_a_circle(
        longitude in -60.0f64..60.0,
        latitude in -60.0f64..60.0,
        radius_m in 1.0f64..500_000.0,
        off in (-1.0f64..1.0, -1.0f64..1.0),
    ) {
        let center = place(longitude, latitude);
        let region = Region { center, shape: Shape::Circle { radius_m } };
        let degrees = radius_m / 111_000.0;
        let other = place(longitude + off.0 * degrees, latitude + off.1 * degrees);
        let score = other.to_score();
        let kept = Position::of_score(score as f64);
        if region.distance_within(kept).is_some() {
            let cells: Vec<Cell> = region.cells().into_iter().filter(|cell| cell.scores().contains(&score)).collect();
            prop_assert_eq!(cells.len(), 1);
        }
    }
}
