//! ACL categories: which of them a command is in follows from its row.

use super::spec::{CommandSpec, Flags, Group};

/// Every category, in the order in which Redis lists them.
pub const NAMES: &[&str] = &[
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
];

/// A set of categories: one bit each, in the order of [`NAMES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Categories(u32);

impl Categories {
    /// The categories of a command or subcommand.
    pub fn of(spec: &CommandSpec) -> Categories {
        let flags = spec.flags;
        let mut all = Categories::default();
        all.insert_all(spec.categories);
        // A container does nothing by itself, so its group says nothing about it.
        if !flags.has(Flags::CONTAINER) {
            all.insert_all(of_group(spec.group));
        }
        if flags.has(Flags::WRITE) {
            all.insert_all(&["write"]);
        }
        // A script that promises to read only is a script all the same.
        if flags.has(Flags::READONLY) && !all.contains("scripting") {
            all.insert_all(&["read"]);
        }
        if flags.has(Flags::ADMIN) {
            all.insert_all(&["admin", "dangerous"]);
        }
        if flags.has(Flags::PUBSUB) {
            all.insert_all(&["pubsub"]);
        }
        if flags.has(Flags::BLOCKING) {
            all.insert_all(&["blocking"]);
        }
        all.insert_all(if flags.has(Flags::FAST) {
            &["fast"]
        } else {
            &["slow"]
        });
        all
    }

    /// Whether there is a category of this name, in any case.
    pub fn is_known(name: &str) -> bool {
        bit(name).is_some()
    }

    /// Whether the category of this name, in any case, is in the set.
    pub fn contains(self, name: &str) -> bool {
        bit(name).is_some_and(|bit| self.0 & bit != 0)
    }

    /// The names, in Redis's order.
    pub fn names(self) -> impl Iterator<Item = &'static str> + Clone {
        let named = NAMES.iter().enumerate();
        named
            .filter(move |(number, _)| self.0 & (1 << number) != 0)
            .map(|(_, name)| *name)
    }

    /// How many there are.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn insert_all(&mut self, names: &[&str]) {
        for name in names {
            debug_assert!(bit(name).is_some(), "no ACL category is called {name}");
            self.0 |= bit(name).unwrap_or(0);
        }
    }
}

fn bit(name: &str) -> Option<u32> {
    let is = |known: &&str| known.eq_ignore_ascii_case(name);
    NAMES.iter().position(is).map(|number| 1 << number)
}

/// The category that all commands of a group are in.
fn of_group(group: Group) -> &'static [&'static str] {
    match group {
        Group::Generic | Group::Server => &[],
        Group::String => &["string"],
        Group::Hash => &["hash"],
        Group::List => &["list"],
        Group::Set => &["set"],
        Group::SortedSet => &["sortedset"],
        Group::Connection => &["connection"],
        Group::Transactions => &["transaction"],
        // Only what publishes or subscribes: that has a flag.
        Group::PubSub => &[],
        Group::Bitmap => &["bitmap"],
        Group::Geo => &["geo"],
        Group::HyperLogLog => &["hyperloglog"],
        Group::Stream => &["stream"],
        Group::Scripting => &["scripting"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{FAMILIES, Registry};
    use std::string::String;
    use std::vec::Vec;

    fn of(command: &str) -> String {
        let registry = Registry::new(FAMILIES);
        let (name, word) = command.split_once('|').unwrap_or((command, ""));
        let mut spec = registry.command(name.as_bytes()).unwrap().spec;
        if !word.is_empty() {
            let mut subcommands = spec.subcommands.iter();
            spec = subcommands.find(|sub| sub.name == word).unwrap();
        }
        let categories = Categories::of(spec);
        let names: Vec<&str> = categories.names().collect();
        assert_eq!(names.len(), categories.len());
        assert!(!categories.is_empty());
        names.join(" ")
    }

    #[test]
    fn rows_are_in_the_categories_redis_puts_them_in() {
        for (command, expected) in [
            ("get", "read string fast"),
            ("set", "write string slow"),
            ("ping", "fast connection"),
            ("client", "slow"),
            ("client|id", "slow connection"),
            ("client|kill", "admin slow dangerous connection"),
            ("command", "slow connection"),
            ("command|docs", "slow connection"),
            ("config", "slow"),
            ("config|get", "admin slow dangerous"),
            ("config|help", "slow"),
            ("object", "slow"),
            ("object|encoding", "keyspace read slow"),
            ("object|help", "keyspace slow"),
            ("memory|usage", "read slow"),
            ("info", "slow dangerous"),
            ("lastsave", "admin fast dangerous"),
            ("time", "fast"),
            ("shutdown", "admin slow dangerous"),
            ("debug", "admin slow dangerous"),
            ("lolwut", "read fast"),
        ] {
            assert_eq!(of(command), expected, "{command}");
        }
    }

    #[test]
    fn rows_name_known_categories_only() {
        let rows = FAMILIES.iter().flat_map(|family| family.iter());
        for spec in rows.flat_map(|spec| core::iter::once(spec).chain(spec.subcommands)) {
            for name in spec.categories {
                assert!(NAMES.contains(name), "{} is in {name}", spec.name);
            }
        }
    }
}
