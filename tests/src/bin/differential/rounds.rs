//! The rounds: each begins with empty databases, settings and a protocol of its own, and ends with a comparison of all
//! that is stored.

use super::compare::Mode;
use super::contents;
use super::draw::{Draw, Request};
use super::known;
use super::options::Options;
use super::pair::{Difference, Pair, Step};
use super::reply::Reply;
use super::rows::{FAMILIES, Row, SETTINGS};
use super::syntax::{self, Part};
use std::collections::{BTreeMap, BTreeSet};

/// Requests that are sent together.
const BATCH: usize = 64;

/// Requests after which all that is stored is compared.
const BETWEEN_CONTENTS: u64 = 500;

/// A row that is sent, its syntax read.
struct Active {
    row: Row,
    syntax: Vec<Part>,
}

/// What is sent, and what is not.
pub struct Plan {
    active: Vec<Active>,
    total_weight: u64,
    /// Commands that only the reference knows.
    pub missing: BTreeSet<&'static str>,
    /// Commands that the reference does not know.
    pub left_out: BTreeSet<&'static str>,
    settings: Vec<Vec<String>>,
    with_field_ttls: bool,
}

impl Plan {
    /// Asks both servers what they know.
    pub fn new(pair: &mut Pair, options: &Options) -> Result<Plan, String> {
        let rotom = commands(
            pair.rotom
                .line("COMMAND LIST")
                .map_err(|error| error.to_string())?,
        );
        let reference = commands(
            pair.reference
                .line("COMMAND LIST")
                .map_err(|error| error.to_string())?,
        );
        let mut plan = Plan {
            active: Vec::new(),
            total_weight: 0,
            missing: BTreeSet::new(),
            left_out: BTreeSet::new(),
            settings: Vec::new(),
            with_field_ttls: rotom.contains("hpttl") && reference.contains("hpttl"),
        };
        let wanted =
            |list: &[String], name: &str| list.is_empty() || list.iter().any(|one| one == name);
        for (family, rows) in FAMILIES {
            for row in *rows {
                let command = row.name.split(' ').next().unwrap_or_default();
                if !wanted(&options.families, family) || !wanted(&options.only, command) {
                    continue;
                }
                if !reference.contains(command) && !row.is_unknown {
                    plan.left_out.insert(command);
                } else if !rotom.contains(command) && !row.is_unknown {
                    plan.missing.insert(command);
                } else {
                    plan.total_weight += u64::from(row.weight);
                    let syntax = syntax::parse(row.syntax);
                    plan.active.push(Active { row: *row, syntax });
                }
            }
        }
        let mut knows = |name: &str| {
            let setting = pair.reference.line(&format!("CONFIG GET {name}"));
            setting.is_ok_and(|reply| !matches!(reply, Reply::List(_, items) if items.is_empty()))
        };
        for choices in SETTINGS {
            let known = choices.iter().map(|choice| {
                let words: Vec<&str> = choice.split(' ').collect();
                let known = words.chunks(2).filter(|setting| knows(setting[0]));
                known.collect::<Vec<_>>().concat().join(" ")
            });
            plan.settings.push(known.collect());
        }
        if plan.active.is_empty() {
            return Err("no row is left to draw from".into());
        }
        Ok(plan)
    }

    fn pick(&self, draw: &mut Draw) -> &Active {
        let mut left = draw.below(self.total_weight);
        for active in &self.active {
            let weight = u64::from(active.row.weight);
            if left < weight {
                return active;
            }
            left -= weight;
        }
        unreachable!("the weights add up to their sum")
    }
}

fn commands(reply: Reply) -> BTreeSet<String> {
    let names = reply.items().iter().filter_map(|name| name.bytes());
    names
        .map(|name| String::from_utf8_lossy(name).to_ascii_lowercase())
        .collect()
}

/// What has been done, over all rounds.
#[derive(Default)]
pub struct Tally {
    /// Requests that were sent.
    pub sent: u64,
    /// Errors that both servers answered.
    pub errors: u64,
    /// How often a known difference kept a request from being sent, by its reason.
    pub left_out: BTreeMap<&'static str, u64>,
}

/// How a round ends.
pub struct Found {
    /// The number of the request in its round, from 1.
    pub number: usize,
    /// How the round begins.
    pub set_up: Vec<String>,
    /// All steps up to the one that differs.
    pub steps: Vec<Step>,
    pub difference: Difference,
}

/// Runs one round of `len` requests.
pub fn run(
    pair: &mut Pair,
    plan: &Plan,
    draw: &mut Draw,
    len: u64,
    tally: &mut Tally,
) -> Result<(), Box<Found>> {
    let set_up = set_up(plan, draw);
    let mut history: Vec<Step> = Vec::new();
    if let Err(error) = pair.set_up(&set_up) {
        let (rotom, reference) = (error.to_string(), error.to_string());
        let difference = Difference {
            at: 0,
            rotom,
            reference,
        };
        return Err(Box::new(Found {
            number: 0,
            set_up,
            steps: history,
            difference,
        }));
    }
    let mut sent = 0;
    let mut compared = 0;
    while sent < len {
        let begun = history.len();
        while history.len() - begun < BATCH && sent < len {
            let requests = requests(pair, plan, draw, &mut tally.left_out);
            sent += requests.len() as u64;
            tally.sent += requests.len() as u64;
            history.extend(requests);
        }
        let replies = pair.run(&history[begun..]);
        if let Ok(replies) = &replies {
            tally.errors += replies.iter().filter(|reply| reply.is_error()).count() as u64;
        }
        if let Err(difference) = replies {
            history.truncate(begun + difference.at + 1);
            let number = history.len();
            return Err(Box::new(Found {
                number,
                set_up,
                steps: history,
                difference,
            }));
        }
        if sent - compared >= BETWEEN_CONTENTS || sent >= len {
            compared = sent;
            if let Err((steps, difference)) = contents::compare(pair, plan.with_field_ttls) {
                let number = history.len();
                history.extend(steps);
                return Err(Box::new(Found {
                    number,
                    set_up,
                    steps: history,
                    difference,
                }));
            }
            // Where the comparison leaves both.
            history.push(Step::new(&[b"SELECT", b"0"], None, Mode::Exact));
        }
    }
    Ok(())
}

fn set_up(plan: &Plan, draw: &mut Draw) -> Vec<String> {
    let mut lines = vec!["SELECT 0".into(), "FLUSHALL".into()];
    lines.push(format!("HELLO {}", 2 + draw.below(2)));
    let mut config = String::from("CONFIG SET");
    for choices in &plan.settings {
        // Half of the time what is usual.
        let at = if draw.once_in(2) {
            0
        } else {
            draw.below(choices.len() as u64) as usize
        };
        if !choices[at].is_empty() {
            config += " ";
            config += &choices[at];
        }
    }
    lines.push(config);
    lines
}

/// A request that may be sent, and what must follow it.
fn requests(
    pair: &Pair,
    plan: &Plan,
    draw: &mut Draw,
    known_met: &mut BTreeMap<&'static str, u64>,
) -> Vec<Step> {
    loop {
        let active = plan.pick(draw);
        let mut request = draw.request(active.row.name, &active.syntax, active.row.is_whole);
        if active.row.is_around {
            let inside = plan.pick(draw);
            let inside = draw.request(inside.row.name, &inside.syntax, false);
            request.words.extend(inside.words);
        }
        if let Some(known) = known::is_left_out(pair.identity, &request.words) {
            *known_met.entry(known.reason).or_default() += 1;
            continue;
        }
        let mut steps = vec![Step {
            request,
            mode: active.row.mode,
        }];
        if active.row.is_spent {
            let Request { words, keys } = &steps[0].request;
            let key = keys.first().map(|&at| words[at].clone());
            steps.extend(key.map(|key| Step::new(&[b"DEL", &key], Some(1), Mode::Exact)));
        }
        return steps;
    }
}
