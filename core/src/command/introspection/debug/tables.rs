//! DEBUG HTSTATS and HTSTATS-KEY: how tables are filled, in Redis's layout.
//!
//! Rotom's tables have buckets of nine slots where Redis's have chains. So the size is that of buckets, a slot of Redis's
//! is a bucket, and the length of a chain is how many items a bucket holds. A table that grows has no second table beside
//! it. The index of expiry times is a tree in order of time, whose every place holds one key.

use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::Entry;
use crate::structure::table::Figures;
use crate::value::{Hash, Set, SortedSet, ValueType};
use alloc::string::String;
use core::fmt::{self, Write as _};

/// `DEBUG HTSTATS db [FULL]`
pub(super) fn of_database(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let db = usize::try_from(args.int(2)?).ok();
    let db = db.filter(|&db| db < cx.keys.database_count());
    let db = db.ok_or(CommandError::new("ERR Out of range database"))?;
    let (_, volatile) = cx.keys.database_len(db);
    let is_full = is_full(args);
    let expiries = Figures {
        buckets: volatile,
        items: volatile,
        by_load: is_full.then_some([0, volatile, 0, 0, 0, 0, 0, 0, 0, 0]),
    };
    let mut text = String::from("[Dictionary HT]\n");
    let keys = cx.keys.table_figures(db, is_full);
    // A database without keys has no table to tell of, in Redis too.
    for (figures, heading) in [(keys, "[Expires HT]\n"), (expiries, "")] {
        if figures.items > 0 {
            let _never_fails = describe(&mut text, &figures);
        }
        text.push_str(heading);
    }
    cx.reply.verbatim("txt", text.as_bytes());
    DONE
}

/// `DEBUG HTSTATS-KEY key [FULL]`
pub(super) fn of_key(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let entry = cx.keys.peek_quietly(&args.key(2));
    let entry = entry.ok_or(CommandError::NO_SUCH_KEY)?;
    let figures = figures(&entry, is_full(args)).ok_or(CommandError::new(
        "ERR The value stored at the specified key is not represented using an hash table",
    ))?;
    let mut text = String::new();
    let _never_fails = describe(&mut text, &figures);
    cx.reply.verbatim("txt", text.as_bytes());
    DONE
}

fn is_full(args: &Args<'_>) -> bool {
    args.len() >= 4 && args.is(3, "FULL")
}

fn figures(entry: &Entry, count: bool) -> Option<Figures> {
    match entry.value_type() {
        ValueType::Set => entry.value::<Set>()?.table_figures(count),
        ValueType::Hash => entry.value::<Hash>()?.table_figures(count),
        ValueType::SortedSet => entry.value::<SortedSet>()?.table_figures(count),
        ValueType::String | ValueType::List => None,
    }
}

fn describe(out: &mut String, figures: &Figures) -> fmt::Result {
    let Figures { buckets, items, .. } = *figures;
    writeln!(out, "Hash table 0 stats (main hash table):")?;
    writeln!(out, " table size: {buckets}")?;
    writeln!(out, " number of elements: {items}")?;
    let Some(by_load) = figures.by_load else {
        return Ok(());
    };
    let used = buckets - by_load[0];
    let longest = by_load.iter().rposition(|&count| count > 0).unwrap_or(0);
    let mean = items as f64 / used.max(1) as f64;
    writeln!(out, " different slots: {used}")?;
    writeln!(out, " max chain length: {longest}")?;
    writeln!(out, " avg chain length (counted): {mean:.2}")?;
    writeln!(out, " avg chain length (computed): {mean:.2}")?;
    writeln!(out, " Chain length distribution:")?;
    for (load, &count) in by_load.iter().enumerate().filter(|(_, count)| **count > 0) {
        let percent = count as f64 / buckets as f64 * 100.0;
        writeln!(out, "   {load}: {count} ({percent:.2}%)")?;
    }
    Ok(())
}
