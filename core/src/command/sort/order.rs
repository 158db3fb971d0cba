//! Putting elements in order: by numbers or by bytes, their own or those that BY finds.

use super::elements::{Elements, Texts};
use super::options::Options;
use super::pattern::Pattern;
use crate::command::CommandError;
use crate::command::error::until_nul;
use crate::keyspace::Keyspace;
use crate::structure::listpack::{Element, IntText};
use alloc::vec::Vec;
use core::cmp::Ordering;

const NOT_NUMBERS: CommandError =
    CommandError::new("ERR One or more scores can't be converted into double");

/// What elements are compared by.
enum Weights {
    /// Numbers.
    Numbers(Vec<f64>),
    /// Texts, some of which may be missing.
    Texts(Texts, Vec<bool>),
    /// The elements themselves.
    Own,
}

/// Sorts the elements, as far as they are asked for.
pub(super) fn sort(
    keys: &mut Keyspace,
    elements: &mut Elements,
    options: &Options<'_>,
) -> Result<(), CommandError> {
    let weights = weights(keys, elements, options)?;
    let texts = &elements.texts;
    // Redis compares stored results by all their bytes, others as the C library compares strings: up to a NUL.
    let compared = |text| match options.store {
        Some(_) => text,
        None => until_nul(text),
    };
    let by_weight = |a: usize, b: usize| match &weights {
        Weights::Numbers(numbers) => numbers[a]
            .partial_cmp(&numbers[b])
            .unwrap_or(Ordering::Equal)
            .then_with(|| texts.get(a).cmp(texts.get(b))),
        Weights::Texts(found, there) if there[a] && there[b] => {
            compared(found.get(a)).cmp(compared(found.get(b)))
        }
        Weights::Texts(_, there) => there[a].cmp(&there[b]),
        Weights::Own => compared(texts.get(a)).cmp(compared(texts.get(b))),
    };
    // Equal ones stay as they were. A set has no order that they could have been in.
    let has_no_order = elements.are_of_set && options.store.is_some();
    let compare = |&a: &usize, &b: &usize| {
        let order = by_weight(a, b);
        let order = if options.descending {
            order.reverse()
        } else {
            order
        };
        order
            .then_with(|| match has_no_order {
                true => texts.get(a).cmp(texts.get(b)),
                false => Ordering::Equal,
            })
            .then(a.cmp(&b))
    };
    let mut order: Vec<usize> = (0..texts.len()).collect();
    let end = elements.range.end;
    if end == 0 {
        order.clear();
    } else if end < order.len() {
        order.select_nth_unstable_by(end - 1, compare);
        order.truncate(end);
    }
    order.sort_unstable_by(compare);
    elements.order = order;
    Ok(())
}

fn weights(
    keys: &mut Keyspace,
    elements: &Elements,
    options: &Options<'_>,
) -> Result<Weights, CommandError> {
    let by = options.by.as_ref().filter(|_| !elements.by_bytes);
    match (by, options.alpha || elements.by_bytes) {
        (None, true) => Ok(Weights::Own),
        (Some(pattern), true) => Ok(found_texts(keys, elements, pattern)),
        (by, false) => {
            let pattern = by.unwrap_or(&Pattern::Element);
            let numbers = found_numbers(keys, elements, pattern).ok_or(NOT_NUMBERS)?;
            Ok(Weights::Numbers(numbers))
        }
    }
}

fn found_texts(keys: &mut Keyspace, elements: &Elements, pattern: &Pattern<'_>) -> Weights {
    let (mut found, mut there) = (Texts::default(), Vec::with_capacity(elements.texts.len()));
    let mut name = Vec::new();
    for number in 0..elements.texts.len() {
        pattern.look_up(keys, elements.texts.get(number), &mut name, |text| {
            there.push(text.is_some());
            let mut room = IntText::default();
            found.push(text.map_or(&[], |text| text.text(&mut room)));
        });
    }
    Weights::Texts(found, there)
}

/// `None` when one is no number; one that is missing is 0.
fn found_numbers(
    keys: &mut Keyspace,
    elements: &Elements,
    pattern: &Pattern<'_>,
) -> Option<Vec<f64>> {
    let mut name = Vec::new();
    let numbers = (0..elements.texts.len()).map(|number| {
        pattern.look_up(
            keys,
            elements.texts.get(number),
            &mut name,
            |text| match text {
                None => Some(0.0),
                Some(Element::Int(number)) => Some(number as f64),
                Some(Element::Bytes(text)) => number_of(text),
            },
        )
    });
    numbers.collect()
}

/// A number as SORT reads it: up to a NUL byte, nothing is 0, and too great a number is infinite.
fn number_of(text: &[u8]) -> Option<f64> {
    let text = until_nul(text);
    if text.is_empty() {
        return Some(0.0);
    }
    let number: f64 = core::str::from_utf8(text).ok()?.parse().ok()?;
    (!number.is_nan()).then_some(number)
}
