//! The commands that are sent, one row each: name, syntax (see [`crate::syntax`]), and what is free in the reply.

mod collections;
mod keys;
mod strings;

use super::compare::Mode;

/// One command, or one way to use it.
#[derive(Clone, Copy)]
pub struct Row {
    /// Its name; a subcommand has two words.
    pub name: &'static str,
    /// What follows the name.
    pub syntax: &'static str,
    /// What is free in the reply.
    pub mode: Mode,
    /// How often it is drawn, 10 being usual.
    pub weight: u32,
    /// Whether what it leaves under its first key may differ: then the key is deleted after it.
    pub is_spent: bool,
    /// Whether it is always sent as it was drawn, since with an argument less something else would be free.
    pub is_whole: bool,
    /// Whether a request of another row follows it.
    pub is_around: bool,
    /// Whether it is no command at all.
    pub is_unknown: bool,
}

impl Row {
    const fn weight(mut self, weight: u32) -> Row {
        self.weight = weight;
        self
    }

    const fn spent(mut self) -> Row {
        self.is_spent = true;
        self
    }

    const fn random(self) -> Row {
        self.spent().shape()
    }

    const fn unknown(mut self) -> Row {
        self.is_unknown = true;
        self
    }

    const fn around(mut self) -> Row {
        self.is_around = true;
        self
    }

    const fn whole(mut self) -> Row {
        self.is_whole = true;
        self
    }

    const fn mode(mut self, mode: Mode) -> Row {
        self.is_whole = self.is_whole || matches!(mode, Mode::Scan | Mode::ScanPairs);
        self.mode = mode;
        self
    }

    const fn unordered(self) -> Row {
        self.mode(Mode::Unordered)
    }

    const fn pairs(self) -> Row {
        self.mode(Mode::Pairs)
    }

    const fn shape(self) -> Row {
        self.mode(Mode::Shape)
    }

    const fn near(self, most: i64) -> Row {
        self.mode(Mode::Near(most))
    }
}

const fn row(name: &'static str, syntax: &'static str) -> Row {
    Row {
        name,
        syntax,
        mode: Mode::Exact,
        weight: 10,
        is_spent: false,
        is_whole: false,
        is_around: false,
        is_unknown: false,
    }
}

/// Families by name.
pub const FAMILIES: &[(&str, &[Row])] = &[
    ("string", strings::STRINGS),
    ("bitmap", strings::BITMAPS),
    ("hyperloglog", strings::HYPERLOGLOGS),
    ("hash", collections::HASHES),
    ("hash-ttl", collections::HASH_TTLS),
    ("list", collections::LISTS),
    ("set", collections::SETS),
    ("zset", collections::SORTED_SETS),
    ("lex", collections::LEX_RANGES),
    ("geo", collections::GEO),
    ("blocking", collections::BLOCKING),
    ("keys", keys::KEYS),
    ("sort", keys::SORTS),
    ("connection", keys::CONNECTION),
];

/// Settings that a round sets on both servers, where the reference has them: in each row one of these lists, the first
/// half of the time. An intset may have as many members as a listpack at least: otherwise the encoding of a result
/// depends on the order in which a server comes upon its members, which is free.
pub const SETTINGS: &[&[&str]] = &[
    &[
        "hash-max-listpack-entries 512",
        "hash-max-listpack-entries 8",
        "hash-max-listpack-entries 0",
    ],
    &[
        "hash-max-listpack-value 64",
        "hash-max-listpack-value 8",
        "hash-max-listpack-value 20",
    ],
    &[
        "list-max-listpack-size -2",
        "list-max-listpack-size 4",
        "list-max-listpack-size 1",
        "list-max-listpack-size -1",
        "list-max-listpack-size 128",
    ],
    &[
        "set-max-intset-entries 512 set-max-listpack-entries 128",
        "set-max-intset-entries 8 set-max-listpack-entries 8",
        "set-max-intset-entries 20 set-max-listpack-entries 0",
        "set-max-intset-entries 0 set-max-listpack-entries 0",
    ],
    &["set-max-listpack-value 64", "set-max-listpack-value 8"],
    &[
        "zset-max-listpack-entries 128",
        "zset-max-listpack-entries 8",
        "zset-max-listpack-entries 0",
    ],
    &["zset-max-listpack-value 64", "zset-max-listpack-value 8"],
    &[
        "hll-sparse-max-bytes 3000",
        "hll-sparse-max-bytes 100",
        "hll-sparse-max-bytes 0",
    ],
];
