//! SORT and SORT_RO: the elements of a list, set or sorted set in another order.
//!
//! ```text
//! rows.rs      the table's rows
//! options.rs   what is asked for, parsed
//! pattern.rs   the keys and fields that BY and GET name
//! elements.rs  the elements, copied out of their key
//! order.rs     their order
//! ```
//!
//! BY and GET look other keys up while elements are at hand, so the elements are copied first. Memory is taken for
//! those alone: where nothing is sorted, for those that LIMIT leaves.

mod elements;
mod options;
mod order;
mod pattern;
mod rows;
#[cfg(test)]
mod tests;

pub(super) use rows::SPECS;

use super::collection::bulk;
use super::{Args, Attention, CommandResult, Cx, DONE, Found};
use crate::keyspace::{Entry, EventClass, Key, Keyspace};
use crate::structure::listpack::{Element, IntText};
use crate::value::List;
use elements::{Elements, Texts};
use options::Options;

/// `SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC | DESC] [ALPHA] [STORE destination]`
pub(super) fn sort(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    sort_by(cx, args, true)
}

/// `SORT_RO key` and the options of SORT, but for STORE
pub(super) fn sort_ro(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    sort_by(cx, args, false)
}

fn sort_by(cx: &mut Cx<'_>, args: &Args<'_>, may_store: bool) -> CommandResult {
    let may_read_all = match cx.registry.find(args) {
        _ if !cx.client.attention.has(Attention::RESTRICTED) => true,
        Found::Command(command) => cx.users.may_read_every_key(cx.client, command, args),
        _ => false,
    };
    let options = Options::parse(args, may_store, may_read_all)?;
    let mut elements = Elements::load(cx.keys, &args.key(1), &options)?;
    if elements.are_to_sort {
        order::sort(cx.keys, &mut elements, &options)?;
    }
    match options.store {
        Some(index) => store(cx, &args.key(index), &elements, &options),
        None => reply(cx, &elements, &options),
    }
}

/// What GET finds for an element; the element itself without GET.
fn for_each_result(
    keys: &mut Keyspace,
    elements: &Elements,
    options: &Options<'_>,
    mut each: impl FnMut(Option<Element<'_>>),
) {
    let mut name = alloc::vec::Vec::new();
    for text in elements.chosen() {
        if options.get.is_empty() {
            each(Some(Element::Bytes(text)));
        }
        for pattern in &options.get {
            pattern.look_up(keys, text, &mut name, &mut each);
        }
    }
}

fn result_count(elements: &Elements, options: &Options<'_>) -> usize {
    elements
        .chosen()
        .len()
        .saturating_mul(options.get.len().max(1))
}

fn reply(cx: &mut Cx<'_>, elements: &Elements, options: &Options<'_>) -> CommandResult {
    let reply = &mut cx.reply;
    reply.array(result_count(elements, options));
    for_each_result(cx.keys, elements, options, |result| match result {
        Some(element) => bulk(reply, element),
        None => reply.null(),
    });
    DONE
}

/// Puts the result as a list in the place of whatever the key held; an empty one removes the key. What is not found
/// becomes an empty element.
fn store(
    cx: &mut Cx<'_>,
    key: &Key<'_>,
    elements: &Elements,
    options: &Options<'_>,
) -> CommandResult {
    let mut results = Texts::default();
    for_each_result(cx.keys, elements, options, |result| {
        let mut text = IntText::default();
        results.push(result.map_or(&[], |element| element.text(&mut text)));
    });
    let count = results.len();
    if let Some(more) = count.checked_sub(1) {
        let values = (0..count).map(|number| results.get(number));
        let list = List::of_results(values, List::limit(&cx.keys.limits));
        let entry = Entry::with_value(key.bytes, list, None);
        cx.keys.insert(key, entry);
        cx.keys.modified(EventClass::LIST, "sortstore", key);
        cx.keys.dirty += more as u64;
    } else if cx.keys.remove(key) {
        cx.keys.modified(EventClass::GENERIC, "del", key);
    }
    cx.reply.count(count);
    DONE
}
