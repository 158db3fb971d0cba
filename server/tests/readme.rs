#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests end the test that uses them"
)]
//! The README's tables against the code.
//!
//! `ROTOM_UPDATE_README=1 cargo test -p rotom-server --test readme` writes the tables anew; what a setting does is
//! written by hand and kept.

use rotom_core::command::{CommandSpec, FAMILIES, Group};
use rotom_core::settings::{ACCEPTED, Flags, SettingSpec, Settings, TABLE};
use std::collections::BTreeMap;
use std::fmt::Write;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");

/// Columns of a line of text in the README.
const WIDTH: usize = 120;

/// The groups of commands in the README's order, and their titles.
const GROUPS: [(Group, &str); 13] = [
    (Group::String, "Strings"),
    (Group::Bitmap, "Bitmaps"),
    (Group::Hash, "Hashes"),
    (Group::List, "Lists"),
    (Group::Set, "Sets"),
    (Group::SortedSet, "Sorted sets"),
    (Group::Geo, "Geo"),
    (Group::PubSub, "Publish and subscribe"),
    (Group::Transactions, "Transactions"),
    (Group::HyperLogLog, "HyperLogLog"),
    (Group::Generic, "Keys"),
    (Group::Connection, "Connection"),
    (Group::Server, "Server"),
];

fn readme() -> String {
    std::fs::read_to_string(PATH).unwrap()
}

/// The text between the markers of a section, without them.
fn section<'t>(text: &'t str, name: &str) -> &'t str {
    let begin = format!("<!-- {name}: begin -->\n");
    let from = text.find(&begin).unwrap_or_else(|| panic!("no {begin}")) + begin.len();
    let len = text[from..].find(&format!("<!-- {name}: end -->")).unwrap();
    &text[from..from + len]
}

/// Compares a section with what it should be, or writes it.
fn check(name: &str, wanted: &str) {
    let text = readme();
    let found = section(&text, name);
    if std::env::var_os("ROTOM_UPDATE_README").is_some() {
        let at = found.as_ptr() as usize - text.as_ptr() as usize;
        let new = format!("{}{wanted}{}", &text[..at], &text[at + found.len()..]);
        std::fs::write(PATH, new).unwrap();
        return;
    }
    assert_eq!(
        found, wanted,
        "README.md, section {name}: ROTOM_UPDATE_README=1 cargo test -p rotom-server --test readme writes it anew"
    );
}

/// One test for all sections, since each may write the file.
#[test]
fn tables_tell_the_truth() {
    check("commands", &command_table());
    let text = readme();
    let meanings = meanings(section(&text, "settings"));
    for name in meanings.keys() {
        let known = TABLE.iter().any(|spec| spec.name == *name);
        assert!(known, "'{name}' is no setting that Rotom acts on");
    }
    check("settings", &settings_table(&meanings));
    let is_kept = |spec: &&SettingSpec| !meanings.contains_key(spec.name);
    let others: Vec<&SettingSpec> = TABLE.iter().chain(ACCEPTED).filter(is_kept).collect();
    let refused = |spec: &&&SettingSpec| spec.flags.contains(Flags::ONLY_DEFAULT);
    check("kept", &names(others.iter().filter(|spec| !refused(spec))));
    check("refused", &names(others.iter().filter(refused)));
}

fn command_table() -> String {
    let all = FAMILIES.iter().flat_map(|family| family.iter());
    let mut by_group: BTreeMap<&str, Vec<&CommandSpec>> = BTreeMap::new();
    for spec in all {
        by_group.entry(spec.group.name()).or_default().push(spec);
    }
    let mut table = String::from("| Group | Commands |\n| --- | --- |\n");
    for (group, title) in GROUPS {
        let mut specs = by_group.remove(group.name()).unwrap_or_default();
        specs.sort_by_key(|spec| spec.name);
        let words: Vec<String> = specs.into_iter().map(command_text).collect();
        writeln!(table, "| {title} | {} |", words.join(", ")).unwrap();
    }
    assert!(by_group.is_empty(), "groups without a title: {by_group:?}");
    table
}

/// `GET`, or `CLIENT (ID, INFO)`.
fn command_text(spec: &CommandSpec) -> String {
    let name = spec.name.to_ascii_uppercase();
    if spec.subcommands.is_empty() {
        return name;
    }
    let subcommands = spec.subcommands.iter();
    let mut words: Vec<String> = subcommands
        .map(|sub| sub.name.to_ascii_uppercase())
        .collect();
    words.sort();
    format!("{name} ({})", words.join(", "))
}

/// What the README says about each setting, by name.
fn meanings(table: &str) -> BTreeMap<&str, &str> {
    let rows = table.lines().skip(2);
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let [name, _, _, meaning] = cells.as_slice() else {
            panic!("not four cells: {row}");
        };
        let meaning = meaning.trim();
        assert!(!meaning.is_empty(), "{row}");
        (name.trim().trim_matches('`'), meaning)
    })
    .collect()
}

fn settings_table(meanings: &BTreeMap<&str, &str>) -> String {
    let mut table = String::from(
        "| Setting | Default | At run time | What it does |\n| --- | --- | --- | --- |\n",
    );
    let settings = Settings::default();
    for spec in TABLE {
        let Some(meaning) = meanings.get(spec.name) else {
            continue;
        };
        let default = String::from_utf8(settings.text_of(spec.name).unwrap()).unwrap();
        let default = if default.is_empty() { "\"\"" } else { &default };
        writeln!(
            table,
            "| `{}` | `{default}` | {} | {meaning} |",
            spec.name,
            at_run_time(spec)
        )
        .unwrap();
    }
    table
}

fn at_run_time(spec: &SettingSpec) -> &'static str {
    if spec.flags.contains(Flags::IMMUTABLE) {
        "no"
    } else if spec.flags.contains(Flags::PROTECTED) {
        "protected"
    } else {
        "yes"
    }
}

/// Names in order, in lines of the README's width.
fn names<'s>(specs: impl Iterator<Item = &'s &'static SettingSpec>) -> String {
    let mut names: Vec<&str> = specs.map(|spec| spec.name).collect();
    names.sort_unstable();
    let (mut text, mut width) = (String::new(), 0);
    for (number, name) in names.iter().enumerate() {
        let more = if number + 1 < names.len() { "," } else { "" };
        let word = format!("`{name}`{more}");
        if width != 0 && width + 1 + word.len() > WIDTH {
            text.push('\n');
            width = 0;
        } else if width != 0 {
            text.push(' ');
            width += 1;
        }
        width += word.len();
        text.push_str(&word);
    }
    text + "\n"
}
