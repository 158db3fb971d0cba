//! Where a command's keys are: as COMMAND INFO tells it, and found in a request for COMMAND GETKEYS.
//!
//! Redis describes keys in two ways. The old one is a single range of first index, last index and step. The new one is a
//! list of specifications: where to begin the search, then how to find the keys from there. A row's ranges and
//! counted keys become one specification each. Keys that only code can find ([`CommandSpec::find_keys`]) become one
//! of type `unknown`, unless they are counted ones: then clients ask COMMAND GETKEYS.

use crate::command::Args;
use crate::command::spec::{CommandSpec, CountedKeys, Flags, KeyRange, KeyUse, KeywordKey};
use crate::resp::Reply;
use alloc::vec::Vec;

/// Whether any argument can be a key.
pub(in crate::command) fn has_keys(spec: &CommandSpec) -> bool {
    // Shard channels stand where keys do, for the sake of clusters, and are none.
    let mut ranges = spec.keys.iter();
    ranges.any(|range| range.key_use != KeyUse::NotKey)
        || spec.counted_keys.is_some()
        || spec.find_keys.is_some()
}

/// Whether the old description misses keys.
pub(super) fn is_movable(spec: &CommandSpec) -> bool {
    spec.flags.has(Flags::MOVABLE_KEYS) || joined(spec.keys).1
}

/// The old description: first index, last index, step; zeros without one.
pub(super) fn legacy_range(spec: &CommandSpec) -> (i16, i16, i16) {
    joined(spec.keys).0
}

/// Joins ranges that follow each other in steps of 1, and tells whether one had to be left out.
fn joined(ranges: &[KeyRange]) -> ((i16, i16, i16), bool) {
    if let [only] = ranges {
        return ((only.first, only.last, only.step), false);
    }
    let (mut first, mut last, mut left_out) = (0, 0, false);
    for range in ranges {
        let follows = first == 0 || i32::from(last) + 1 == i32::from(range.first);
        if range.step != 1 || !follows {
            left_out = true;
            continue;
        }
        if first == 0 {
            first = range.first;
        }
        last = range.last;
    }
    ((first, last, i16::from(first != 0)), left_out)
}

/// The specifications of COMMAND INFO.
pub(super) fn write(reply: &mut Reply<'_>, spec: &CommandSpec) {
    let counted = spec.counted_keys;
    let (keywords, unknown) = (spec.keyword_keys, spec.unknown_keys);
    let untold =
        spec.find_keys.is_some() && counted.is_none() && keywords.is_empty() && unknown.is_empty();
    let single = usize::from(counted.is_some()) + usize::from(untold);
    reply.set(spec.keys.len() + keywords.len() + unknown.len() + single);
    for (number, range) in spec.keys.iter().enumerate() {
        let about = if number == 0 {
            About::first(spec)
        } else {
            About::NOTHING
        };
        write_range(reply, range, about);
    }
    if let Some(counted) = counted {
        write_counted(reply, counted);
    }
    for keyword in keywords {
        write_keyword(reply, keyword);
    }
    for keys in unknown {
        reply.map(4);
        reply.text("notes");
        reply.text(keys.notes);
        write_unknown(reply, keys.key_use);
    }
    if untold {
        reply.map(3);
        write_unknown(reply, found_use(spec));
    }
}

/// What a specification tells beyond where its keys are and what is done with them.
#[derive(Clone, Copy)]
struct About {
    notes: &'static str,
    /// Whether what is done depends on the arguments.
    varies: bool,
}

impl About {
    const NOTHING: About = About {
        notes: "",
        varies: false,
    };

    fn first(spec: &CommandSpec) -> About {
        About {
            notes: spec.key_notes,
            varies: spec.first_key_use.is_some(),
        }
    }
}

fn write_range(reply: &mut Reply<'_>, range: &KeyRange, about: About) {
    // The last index counts from the first one here, or back from the end.
    let last = match range.last {
        last if last < 0 => last,
        last => last.saturating_sub(range.first),
    };
    reply.map(3 + usize::from(!about.notes.is_empty()));
    if !about.notes.is_empty() {
        reply.text("notes");
        reply.text(about.notes);
    }
    write_head(reply, range.key_use, range.first, about.varies);
    write_search(reply, "find_keys", "range", 3);
    write_number(reply, "lastkey", last);
    write_number(reply, "keystep", range.step);
    write_number(reply, "limit", 0);
}

fn write_counted(reply: &mut Reply<'_>, counted: CountedKeys) {
    reply.map(3);
    write_head(reply, counted.key_use, counted.at, false);
    write_search(reply, "find_keys", "keynum", 3);
    write_number(reply, "keynumidx", 0);
    write_number(reply, "firstkey", 1);
    write_number(reply, "keystep", counted.step);
}

fn write_keyword(reply: &mut Reply<'_>, keyword: &KeywordKey) {
    reply.map(3);
    reply.text("flags");
    write_use(reply, keyword.key_use);
    write_search(reply, "begin_search", "keyword", 2);
    reply.text("keyword");
    reply.text(keyword.word);
    write_number(reply, "startfrom", keyword.from);
    write_search(reply, "find_keys", "range", 3);
    write_number(reply, "lastkey", 0);
    write_number(reply, "keystep", 1);
    write_number(reply, "limit", 0);
}

fn write_unknown(reply: &mut Reply<'_>, key_use: KeyUse) {
    reply.text("flags");
    write_use(reply, key_use);
    write_search(reply, "begin_search", "unknown", 0);
    write_search(reply, "find_keys", "unknown", 0);
}

fn write_head(reply: &mut Reply<'_>, key_use: KeyUse, index: i16, varies: bool) {
    reply.text("flags");
    write_use_and(
        reply,
        key_use,
        if varies { &["variable_flags"] } else { &[] },
    );
    write_search(reply, "begin_search", "index", 1);
    write_number(reply, "index", index);
}

/// A step of a specification, whose `numbers` follow.
fn write_search(reply: &mut Reply<'_>, step: &str, kind: &str, numbers: usize) {
    reply.text(step);
    reply.map(2);
    reply.text("type");
    reply.text(kind);
    reply.text("spec");
    reply.map(numbers);
}

fn write_number(reply: &mut Reply<'_>, name: &str, value: i16) {
    reply.text(name);
    reply.int(i64::from(value));
}

/// What is done with a key, as flags.
pub(super) fn write_use(reply: &mut Reply<'_>, key_use: KeyUse) {
    write_use_and(reply, key_use, &[]);
}

fn write_use_and(reply: &mut Reply<'_>, key_use: KeyUse, more: &[&str]) {
    let flags: &[&str] = match key_use {
        KeyUse::Read => &["RO", "access"],
        KeyUse::Look => &["RO"],
        KeyUse::ReadUpdate => &["RW", "access", "update"],
        KeyUse::Update => &["RW", "update"],
        KeyUse::Insert => &["RW", "insert"],
        KeyUse::Delete => &["RW", "delete"],
        KeyUse::ReadDelete => &["RW", "access", "delete"],
        KeyUse::Overwrite => &["OW", "update"],
        KeyUse::OverwriteInsert => &["OW", "insert"],
        KeyUse::ReadRecode => &["RW", "access"],
        KeyUse::ReadInsert => &["RW", "access", "insert"],
        KeyUse::Remove => &["RM", "delete"],
        KeyUse::NotKey => &["not_key"],
    };
    reply.set(flags.len() + more.len());
    for flag in flags.iter().chain(more) {
        reply.simple(flag);
    }
}

/// The keys of a request and what is done with each. None at all when the arguments do not fit the row, as when a count
/// of keys is wrong.
pub(in crate::command) fn find(spec: &CommandSpec, args: &Args<'_>) -> Vec<(usize, KeyUse)> {
    let mut found = Vec::new();
    if let Some(find_keys) = spec.find_keys {
        find_keys(args, &mut |index| {
            if index < args.len() {
                found.push((index, use_at(spec, args, index)));
            }
        });
        return found;
    }
    for range in spec.keys {
        let Some((first, last, step)) = lying_in(range, args.len()) else {
            return Vec::new();
        };
        let indexes = (first..=last).step_by(step);
        found.extend(indexes.map(|index| (index, range.key_use)));
    }
    if let Some(counted) = spec.counted_keys {
        let Some(indexes) = counted.indexes(args) else {
            return Vec::new();
        };
        found.extend(indexes.map(|index| (index, counted.key_use)));
    }
    if let (Some(tell), Some(first)) = (spec.first_key_use, found.first_mut()) {
        first.1 = tell(args);
    }
    found
}

/// A range as it lies in a request of `len` arguments: first and last index, step. `None` when it does not.
fn lying_in(range: &KeyRange, len: usize) -> Option<(usize, usize, usize)> {
    let first = usize::try_from(range.first).ok()?;
    let last = match usize::try_from(range.last) {
        Ok(last) => last,
        Err(_) => len.checked_sub(usize::from(range.last.unsigned_abs()))?,
    };
    let step = usize::try_from(range.step).unwrap_or(1).max(1);
    (first <= last && last < len).then_some((first, last, step))
}

/// What is done with the key that a row's own code found at `index`.
fn use_at(spec: &CommandSpec, args: &Args<'_>, index: usize) -> KeyUse {
    let holds = |range: &&KeyRange| {
        lying_in(range, args.len()).is_some_and(|(first, last, step)| {
            (first..=last).contains(&index) && (index - first).is_multiple_of(step)
        })
    };
    match (spec.keys.iter().find(holds), spec.counted_keys) {
        (Some(range), _) => range.key_use,
        (None, Some(counted)) => counted.key_use,
        (None, None) => found_use(spec),
    }
}

/// What is done with keys that only code finds: what the row says of the last of them, or whatever its flags allow.
fn found_use(spec: &CommandSpec) -> KeyUse {
    if let Some(keyword) = spec.keyword_keys.first() {
        keyword.key_use
    } else if let Some(unknown) = spec.unknown_keys.last() {
        unknown.key_use
    } else if spec.flags.has(Flags::READONLY) {
        KeyUse::Read
    } else {
        KeyUse::ReadUpdate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::spec::keys;
    use crate::command::{CommandResult, Cx, DONE};
    use crate::keyspace::Keyspace;
    use crate::resp::{Protocol, Span};
    use std::string::String;

    fn nothing(_: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
        DONE
    }

    const ROW: CommandSpec = CommandSpec::new("row", -2, nothing);
    const MSET: CommandSpec = ROW.keys(&[keys(1, -1, 2, KeyUse::Overwrite)]);
    const RENAME: CommandSpec = ROW.keys(&[
        keys(1, 1, 1, KeyUse::ReadDelete),
        keys(2, 2, 1, KeyUse::Overwrite),
    ]);
    const BITOP: CommandSpec = ROW.keys(&[
        keys(2, 2, 1, KeyUse::Overwrite),
        keys(3, -1, 1, KeyUse::Read),
    ]);
    const APART: CommandSpec =
        ROW.keys(&[keys(1, 1, 1, KeyUse::Read), keys(3, 3, 1, KeyUse::Read)]);
    const BLPOP: CommandSpec = ROW.keys(&[keys(1, -2, 1, KeyUse::ReadDelete)]);
    const ZUNIONSTORE: CommandSpec = ROW
        .keys(&[keys(1, 1, 1, KeyUse::Overwrite)])
        .counted_keys(2, KeyUse::Read);
    const SORT: CommandSpec = ROW
        .keys(&[keys(1, 1, 1, KeyUse::Read)])
        .find_keys(first_and_last);

    fn first_and_last(args: &Args<'_>, each: &mut dyn FnMut(usize)) {
        each(1);
        each(args.len() - 1);
    }

    /// The keys that are found in a request, and those that the executor is told of.
    fn found(spec: &CommandSpec, line: &str) -> (String, String) {
        let mut spans = Vec::new();
        let mut start = 0;
        for word in line.split(' ') {
            let len = word.len() as u32;
            spans.push(Span { start, len });
            start += len + 1;
        }
        let hasher = Keyspace::new(1, 1).hasher();
        let args = Args::new(line.as_bytes(), &spans, hasher);
        let word = |index| core::str::from_utf8(args.at(index)).unwrap();
        let words: Vec<&str> = find(spec, &args).iter().map(|key| word(key.0)).collect();
        let mut told = Vec::new();
        spec.for_each_key(&args, &mut |index| told.push(word(index)));
        (words.join(" "), told.join(" "))
    }

    #[test]
    fn keys_are_found_where_the_row_says() {
        for (spec, line, keys) in [
            (&MSET, "mset a 1 b 2", "a b"),
            (&MSET, "mset a 1 b", "a b"),
            (&RENAME, "rename a b", "a b"),
            (&BITOP, "bitop or d a b c", "d a b c"),
            (&BLPOP, "blpop a b 0", "a b"),
            (&ZUNIONSTORE, "zunionstore d 2 a b weights 1 2", "d a b"),
            (&SORT, "sort a store d", "a d"),
        ] {
            let (found, told) = found(spec, line);
            assert_eq!((&*found, &*told), (keys, keys), "{line}");
        }
    }

    #[test]
    fn requests_that_do_not_fit_have_no_keys() {
        for (spec, line) in [
            (&ZUNIONSTORE, "zunionstore d 0 a"),
            (&ZUNIONSTORE, "zunionstore d -1 a"),
            (&ZUNIONSTORE, "zunionstore d x a"),
            (&ZUNIONSTORE, "zunionstore d 2 a"),
            (&ZUNIONSTORE, "zunionstore d 9223372036854775807 a"),
            (&RENAME, "rename a"),
            (&BLPOP, "blpop 0"),
            (&BLPOP, "blpop"),
        ] {
            assert_eq!(found(spec, line).0, "", "{line}");
        }
    }

    #[test]
    fn ranges_in_a_row_become_one() {
        assert_eq!(legacy_range(&ROW), (0, 0, 0));
        assert_eq!(legacy_range(&MSET), (1, -1, 2));
        assert_eq!(legacy_range(&RENAME), (1, 2, 1));
        assert_eq!(legacy_range(&BITOP), (2, -1, 1));
        assert_eq!(legacy_range(&APART), (1, 1, 1));
        assert_eq!(legacy_range(&ZUNIONSTORE), (1, 1, 1));
        for (spec, movable) in [
            (&BITOP, false),
            (&APART, true),
            (&ZUNIONSTORE, true),
            (&SORT, true),
        ] {
            assert_eq!(is_movable(spec), movable);
        }
        assert!(!has_keys(&ROW) && has_keys(&SORT) && has_keys(&ZUNIONSTORE));
    }

    #[test]
    fn specifications_tell_begin_and_kind() {
        let written = |spec: &CommandSpec| {
            let mut out = Vec::new();
            write(&mut Reply::new(&mut out, Protocol::Resp3), spec);
            String::from_utf8(out).unwrap()
        };
        let counted = written(&ZUNIONSTORE);
        assert!(counted.starts_with("~2\r\n%3\r\n$5\r\nflags\r\n~2\r\n+OW\r\n+update\r\n"));
        assert!(counted.ends_with(
            "%3\r\n$5\r\nflags\r\n~2\r\n+RO\r\n+access\r\n\
             $12\r\nbegin_search\r\n%2\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n%1\r\n$5\r\nindex\r\n:2\r\n\
             $9\r\nfind_keys\r\n%2\r\n$4\r\ntype\r\n$6\r\nkeynum\r\n$4\r\nspec\r\n%3\r\n\
             $9\r\nkeynumidx\r\n:0\r\n$8\r\nfirstkey\r\n:1\r\n$7\r\nkeystep\r\n:1\r\n"
        ));
        let unknown = written(&SORT);
        assert!(unknown.ends_with(
            "%3\r\n$5\r\nflags\r\n~3\r\n+RW\r\n+access\r\n+update\r\n\
             $12\r\nbegin_search\r\n%2\r\n$4\r\ntype\r\n$7\r\nunknown\r\n$4\r\nspec\r\n%0\r\n\
             $9\r\nfind_keys\r\n%2\r\n$4\r\ntype\r\n$7\r\nunknown\r\n$4\r\nspec\r\n%0\r\n"
        ));
        // The last index is relative to the first, or negative as it is.
        assert!(
            written(&RENAME)
                .ends_with("$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n")
        );
        assert!(written(&MSET).contains("$7\r\nlastkey\r\n:-1\r\n$7\r\nkeystep\r\n:2\r\n"));
    }
}
