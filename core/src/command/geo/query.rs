//! What a search asks for, parsed.
//!
//! As in Redis, the key has been looked up by then, and options are taken one after the other: the first that is wrong
//! gives the error, whatever else is missing. Where there is no key, members are not looked for.

use super::{position_at, unit_at};
use crate::command::{Args, CommandError};
use crate::structure::geohash::Position;
use crate::structure::geohash::search::{Region, Shape};
use crate::value::SortedSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Which command it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// GEORADIUS: a place and a radius come first.
    Place {
        /// Whether STORE and STOREDIST may be said.
        stores: bool,
    },
    /// GEORADIUSBYMEMBER: a member and a radius come first.
    Member {
        /// Whether STORE and STOREDIST may be said.
        stores: bool,
    },
    /// GEOSEARCH.
    Search,
    /// GEOSEARCHSTORE: the destination comes first.
    SearchStore,
}

/// The order of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The nearest first.
    Ascending,
    /// The farthest first.
    Descending,
}

/// Where the answer goes instead of to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Destination {
    /// Index of the key.
    pub key: usize,
    /// Whether distances become the scores.
    pub distances: bool,
}

/// A parsed search.
#[derive(Debug)]
pub(super) struct Query {
    /// What is searched; none when there is no key to search in.
    pub region: Option<Region>,
    /// Metres in the unit of the answer's distances.
    pub unit_m: f64,
    pub with_distance: bool,
    pub with_hash: bool,
    pub with_position: bool,
    pub order: Option<Order>,
    /// COUNT.
    pub count: Option<usize>,
    /// ANY: the first that are found do.
    pub any: bool,
    pub destination: Option<Destination>,
}

/// A search as far as it has been read.
struct Parser<'r, 'a> {
    args: &'r Args<'a>,
    form: Form,
    set: Option<&'r SortedSet>,
    center: Center,
    shape: Option<Shape>,
    query: Query,
}

/// What a search goes out from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Center {
    Unsaid,
    Place(Position),
    /// FROMMEMBER, where it is, if there is a set at all.
    Member(Option<Position>),
}

const NO_MEMBER: CommandError = CommandError::new("ERR could not decode requested zset member");

impl Form {
    /// Index of the key that is searched.
    pub(super) fn key(self) -> usize {
        if self == Form::SearchStore { 2 } else { 1 }
    }

    fn is_search(self) -> bool {
        matches!(self, Form::Search | Form::SearchStore)
    }

    fn stores(self) -> bool {
        matches!(
            self,
            Form::Place { stores: true } | Form::Member { stores: true }
        )
    }
}

impl Query {
    /// Parses a search of `set`.
    pub(super) fn parse(
        args: &Args<'_>,
        form: Form,
        set: Option<&SortedSet>,
    ) -> Result<Query, CommandError> {
        let destination = (form == Form::SearchStore).then_some(Destination {
            key: 1,
            distances: false,
        });
        let mut parser = Parser {
            args,
            form,
            set,
            center: Center::Unsaid,
            shape: None,
            query: Query {
                region: None,
                unit_m: 1.0,
                with_distance: false,
                with_hash: false,
                with_position: false,
                order: None,
                count: None,
                any: false,
                destination,
            },
        };
        let mut at = parser.parse_fixed()?;
        while at < args.len() {
            at += parser.parse_option(at)?;
        }
        parser.finish()
    }
}

impl Parser<'_, '_> {
    /// What stands before the options; returns the index of the first one.
    fn parse_fixed(&mut self) -> Result<usize, CommandError> {
        match self.form {
            Form::Place { .. } => {
                self.center = Center::Place(position_at(self.args, 2)?);
                self.parse_circle(4)?;
                Ok(6)
            }
            // Without a set the radius is not looked at either.
            Form::Member { .. } if self.set.is_none() => Ok(5),
            Form::Member { .. } => {
                self.center = Center::Member(self.member_at(2)?);
                self.parse_circle(3)?;
                Ok(5)
            }
            Form::Search => Ok(2),
            Form::SearchStore => Ok(3),
        }
    }

    /// The option at `at`; returns how many arguments it takes.
    fn parse_option(&mut self, at: usize) -> Result<usize, CommandError> {
        let (args, query) = (self.args, &mut self.query);
        let has = |values: usize| at + values < args.len();
        match () {
            () if args.is(at, "WITHDIST") => query.with_distance = true,
            () if args.is(at, "WITHHASH") => query.with_hash = true,
            () if args.is(at, "WITHCOORD") => query.with_position = true,
            () if args.is(at, "ANY") => query.any = true,
            () if args.is(at, "ASC") => query.order = Some(Order::Ascending),
            () if args.is(at, "DESC") => query.order = Some(Order::Descending),
            () if args.is(at, "COUNT") && has(1) => {
                let count = usize::try_from(args.int(at + 1)?).ok();
                let count = count.filter(|&count| count > 0);
                query.count = Some(count.ok_or(CommandError::new("ERR COUNT must be > 0"))?);
                return Ok(2);
            }
            () if self.form.is_search() => return self.parse_search_option(at),
            () if self.form.stores() && has(1) && args.is(at, "STORE") => {
                return Ok(self.store_at(at + 1, false));
            }
            () if self.form.stores() && has(1) && args.is(at, "STOREDIST") => {
                return Ok(self.store_at(at + 1, true));
            }
            () => return Err(CommandError::SYNTAX),
        }
        Ok(1)
    }

    fn store_at(&mut self, key: usize, distances: bool) -> usize {
        self.query.destination = Some(Destination { key, distances });
        2
    }

    /// An option of GEOSEARCH and GEOSEARCHSTORE alone.
    fn parse_search_option(&mut self, at: usize) -> Result<usize, CommandError> {
        let (args, query) = (self.args, &mut self.query);
        let has = |values: usize| at + values < args.len();
        let is_polygon = matches!(self.shape, Some(Shape::Polygon(_)));
        let is_circle = matches!(self.shape, Some(Shape::Circle { .. }));
        let is_box = matches!(self.shape, Some(Shape::Box { .. }));
        match () {
            () if args.is(at, "STOREDIST") => {
                let destination = query.destination.as_mut().ok_or(CommandError::SYNTAX)?;
                destination.distances = true;
                Ok(1)
            }
            () if args.is(at, "FROMMEMBER")
                && has(1)
                && !is_polygon
                && !matches!(self.center, Center::Place(_)) =>
            {
                self.center = Center::Member(self.member_at(at + 1)?);
                Ok(2)
            }
            () if args.is(at, "FROMLONLAT")
                && has(2)
                && !is_polygon
                && !matches!(self.center, Center::Member(_)) =>
            {
                self.center = Center::Place(position_at(args, at + 1)?);
                Ok(3)
            }
            () if args.is(at, "BYRADIUS") && has(2) && !is_box && !is_polygon => {
                self.parse_circle(at + 1)?;
                Ok(3)
            }
            () if args.is(at, "BYBOX") && has(3) && !is_circle && !is_polygon => {
                self.parse_box(at + 1)?;
                Ok(4)
            }
            () if args.is(at, "BYPOLYGON")
                && has(2)
                && !is_circle
                && !is_box
                && self.center == Center::Unsaid =>
            {
                self.parse_polygon(at + 1)
            }
            () => Err(CommandError::SYNTAX),
        }
    }

    /// Where the member at `index` is; `None` when there is no set to look in.
    fn member_at(&self, index: usize) -> Result<Option<Position>, CommandError> {
        let Some(set) = self.set else {
            return Ok(None);
        };
        let score = set.score(self.args.at(index)).ok_or(NO_MEMBER)?;
        Ok(Some(Position::of_score(score)))
    }

    /// A radius and its unit.
    fn parse_circle(&mut self, index: usize) -> Result<(), CommandError> {
        let radius = self.size_at(index, "ERR need numeric radius")?;
        if radius < 0.0 {
            return Err(CommandError::new("ERR radius cannot be negative"));
        }
        let unit_m = unit_at(self.args, index + 1)?;
        let radius_m = radius * unit_m;
        self.shape = Some(Shape::Circle { radius_m });
        self.query.unit_m = unit_m;
        Ok(())
    }

    /// Width, height and their unit.
    fn parse_box(&mut self, index: usize) -> Result<(), CommandError> {
        let width = self.size_at(index, "ERR need numeric width")?;
        let height = self.size_at(index + 1, "ERR need numeric height")?;
        if height < 0.0 || width < 0.0 {
            return Err(CommandError::new("ERR height or width cannot be negative"));
        }
        let unit_m = unit_at(self.args, index + 2)?;
        self.shape = Some(Shape::Box {
            width_m: width * unit_m,
            height_m: height * unit_m,
        });
        self.query.unit_m = unit_m;
        Ok(())
    }

    fn size_at(&self, index: usize, error: &'static str) -> Result<f64, CommandError> {
        let size = self.args.float(index);
        size.map_err(|_| CommandError::new(error))
    }

    /// A count of corners, and their places (from Valkey 9.1).
    fn parse_polygon(&mut self, index: usize) -> Result<usize, CommandError> {
        let count = self
            .args
            .int(index)
            .ok()
            .and_then(|count| i32::try_from(count).ok());
        let count = count.ok_or(CommandError::new("ERR invalid number of vertices"))?;
        let possible = (self.args.len() - index - 1) / 2;
        let count = usize::try_from(count).unwrap_or(0);
        if count < 3 || count > possible {
            return Err(CommandError::new(
                "ERR GEOSEARCH BYPOLYGON must have at least 3 vertices",
            ));
        }
        let first = index + 1;
        let corners = (0..count).map(|number| position_at(self.args, first + 2 * number));
        let corners = corners.collect::<Result<Vec<Position>, CommandError>>()?;
        self.shape = Some(Shape::Polygon(corners));
        self.query.unit_m = 1.0;
        Ok(2 + 2 * count)
    }

    /// Checks what goes together, and puts centre and shape into one.
    fn finish(self) -> Result<Query, CommandError> {
        let (mut query, form) = (self.query, self.form);
        if query.destination.is_some()
            && (query.with_distance || query.with_hash || query.with_position)
        {
            let name = match form {
                Form::SearchStore => "GEOSEARCHSTORE",
                _ => "STORE option in GEORADIUS",
            };
            let text = format!(
                "ERR {name} is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
            );
            return Err(CommandError::with(text));
        }
        let is_polygon = matches!(self.shape, Some(Shape::Polygon(_)));
        if form.is_search() && self.center == Center::Unsaid && !is_polygon {
            return Err(one_of("FROMMEMBER or FROMLONLAT", self.args));
        }
        if form.is_search() && self.shape.is_none() {
            return Err(one_of("BYRADIUS and BYBOX", self.args));
        }
        if query.any && query.count.is_none() {
            return Err(CommandError::new(
                "ERR the ANY argument requires COUNT argument",
            ));
        }
        query.region = match (self.center, self.shape) {
            (_, Some(Shape::Polygon(corners))) => Some(Region::polygon(corners)),
            (Center::Place(center) | Center::Member(Some(center)), Some(shape)) => {
                Some(Region { center, shape })
            }
            _ => None,
        };
        Ok(query)
    }
}

fn one_of(options: &str, args: &Args<'_>) -> CommandError {
    let before: String = format!("ERR exactly one of {options} can be specified for ");
    CommandError::quoting(&before, args.at(0), "")
}
