//! The command table's rows. Everything that needs to know about a command reads its row: dispatch, arity,
//! COMMAND and COMMAND DOCS, ACL categories, key extraction, the AOF.

use super::args::Args;
use super::{CommandError, Cx, Outcome};
use core::iter::StepBy;
use core::ops::Range;

/// What a command does with its arguments.
pub type Handler = fn(&mut Cx<'_>, &Args<'_>) -> Result<Outcome, CommandError>;

/// Finds the keys of a request: calls back with each key's index.
pub type FindKeys = fn(&Args<'_>, &mut dyn FnMut(usize));

/// Tells what a request does with its first key.
pub type TellUse = fn(&Args<'_>) -> KeyUse;

/// Command flags, one bit each, as COMMAND INFO names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(pub u32);

impl Flags {
    /// `write`: may change data.
    pub const WRITE: Flags = Flags(1 << 0);
    /// `readonly`: reads data.
    pub const READONLY: Flags = Flags(1 << 1);
    /// `denyoom`: refused when memory is full.
    pub const DENY_OOM: Flags = Flags(1 << 2);
    /// `admin`: for operators.
    pub const ADMIN: Flags = Flags(1 << 3);
    /// `pubsub`.
    pub const PUBSUB: Flags = Flags(1 << 4);
    /// `noscript`: not from scripts.
    pub const NO_SCRIPT: Flags = Flags(1 << 5);
    /// `blocking`: may wait.
    pub const BLOCKING: Flags = Flags(1 << 6);
    /// `loading`: allowed while the data set is loaded.
    pub const LOADING: Flags = Flags(1 << 7);
    /// `stale`: allowed on a stale replica.
    pub const STALE: Flags = Flags(1 << 8);
    /// `fast`: constant or logarithmic time.
    pub const FAST: Flags = Flags(1 << 9);
    /// `no_auth`: allowed before authentication.
    pub const NO_AUTH: Flags = Flags(1 << 10);
    /// `movablekeys`: its keys cannot be told by positions alone.
    pub const MOVABLE_KEYS: Flags = Flags(1 << 11);
    /// `skip_monitor`, `skip_slowlog`: not shown there.
    pub const SKIP_MONITOR: Flags = Flags(1 << 12);
    /// `skip_slowlog`.
    pub const SKIP_SLOWLOG: Flags = Flags(1 << 13);
    /// `no_multi`: not inside a transaction.
    pub const NO_MULTI: Flags = Flags(1 << 14);
    /// `allow_busy`: allowed while a script runs.
    pub const ALLOW_BUSY: Flags = Flags(1 << 15);
    /// `no_async_loading`.
    pub const NO_ASYNC_LOADING: Flags = Flags(1 << 16);
    /// `no_mandatory_keys`: works without keys.
    pub const NO_MANDATORY_KEYS: Flags = Flags(1 << 17);
    /// Runs at once between MULTI and EXEC; for this server alone, no name tells it.
    pub const IN_MULTI_AT_ONCE: Flags = Flags(1 << 29);
    /// For developers of the server; COMMAND DOCS tells.
    pub const SYSTEM: Flags = Flags(1 << 30);
    /// The command has subcommands, listed in [`CommandSpec::subcommands`].
    pub const CONTAINER: Flags = Flags(1 << 31);

    /// The names of COMMAND INFO, in Redis's order.
    pub const NAMES: &'static [(Flags, &'static str)] = &[
        (Flags::WRITE, "write"),
        (Flags::READONLY, "readonly"),
        (Flags::DENY_OOM, "denyoom"),
        (Flags::ADMIN, "admin"),
        (Flags::PUBSUB, "pubsub"),
        (Flags::NO_SCRIPT, "noscript"),
        (Flags::BLOCKING, "blocking"),
        (Flags::LOADING, "loading"),
        (Flags::STALE, "stale"),
        (Flags::SKIP_MONITOR, "skip_monitor"),
        (Flags::SKIP_SLOWLOG, "skip_slowlog"),
        (Flags::FAST, "fast"),
        (Flags::NO_AUTH, "no_auth"),
        (Flags::NO_MANDATORY_KEYS, "no_mandatory_keys"),
        (Flags::NO_ASYNC_LOADING, "no_async_loading"),
        (Flags::NO_MULTI, "no_multi"),
        (Flags::MOVABLE_KEYS, "movablekeys"),
        (Flags::ALLOW_BUSY, "allow_busy"),
    ];

    /// No flag.
    pub const NONE: Flags = Flags(0);

    /// These flags and those.
    pub const fn and(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// Whether all of `other` are set.
    #[inline]
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }
}

impl core::ops::BitOr for Flags {
    type Output = Flags;

    fn bitor(self, other: Flags) -> Flags {
        self.and(other)
    }
}

/// Command groups, as COMMAND DOCS names them; the ACL category of a type follows from its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Keys of any type.
    Generic,
    /// Strings.
    String,
    /// Hashes.
    Hash,
    /// Lists.
    List,
    /// Sets.
    Set,
    /// Sorted sets.
    SortedSet,
    /// The connection itself.
    Connection,
    /// The server.
    Server,
    /// MULTI and its kin.
    Transactions,
    /// Publish and subscribe.
    PubSub,
    /// Bitmaps.
    Bitmap,
    /// Geo.
    Geo,
    /// HyperLogLog.
    HyperLogLog,
    /// Streams.
    Stream,
    /// Scripts and functions.
    Scripting,
}

impl Group {
    /// The name in COMMAND DOCS.
    pub fn name(self) -> &'static str {
        match self {
            Group::Generic => "generic",
            Group::String => "string",
            Group::Hash => "hash",
            Group::List => "list",
            Group::Set => "set",
            Group::SortedSet => "sorted-set",
            Group::Connection => "connection",
            Group::Server => "server",
            Group::Transactions => "transactions",
            Group::PubSub => "pubsub",
            Group::Bitmap => "bitmap",
            Group::Geo => "geo",
            Group::HyperLogLog => "hyperloglog",
            Group::Stream => "stream",
            Group::Scripting => "scripting",
        }
    }
}

/// What a command does with a key, as in COMMAND INFO's key specifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// `RO ACCESS`: reads the value and gives some of it.
    Read,
    /// `RO`: looks only at the key or its metadata (TYPE, EXISTS, TTL).
    Look,
    /// `RW ACCESS UPDATE`: changes the value and gives some of it.
    ReadUpdate,
    /// `RW UPDATE`: changes the value.
    Update,
    /// `RW INSERT`: adds to the value.
    Insert,
    /// `RW DELETE`: takes from the value.
    Delete,
    /// `RW ACCESS DELETE`: takes from the value and gives what was taken.
    ReadDelete,
    /// `OW UPDATE`: overwrites whatever was there.
    Overwrite,
    /// `OW INSERT`: creates only (MSETNX, SETNX, RENAMENX).
    OverwriteInsert,
    /// `RW ACCESS`: gives some of the value, and may change how it is kept.
    ReadRecode,
    /// `RW ACCESS INSERT`: adds to the value, and reads it for that.
    ReadInsert,
    /// `RM DELETE`: removes the key.
    Remove,
    /// `NOT_KEY`: no key at all, but something that stands where one is looked for (a shard channel).
    NotKey,
}

/// Where a command's keys are: first index, last index (negative: from the end), step. `first` 0: none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// Index of the first key.
    pub first: i16,
    /// Index of the last key; -1 is the last argument.
    pub last: i16,
    /// Distance of one key to the next.
    pub step: i16,
    /// What is done with these keys.
    pub key_use: KeyUse,
}

/// Keys that follow their own count, as in `SINTERCARD numkeys key [key ...]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedKeys {
    /// Index of the count; the first key follows it.
    pub at: i16,
    /// Distance of one key to the next: 2 where each is followed by its value.
    pub step: i16,
    /// What is done with these keys.
    pub key_use: KeyUse,
}

impl CountedKeys {
    /// The indexes of the keys; `None` when the count is no number, 0, or greater than the arguments that follow.
    pub fn indexes(&self, args: &Args<'_>) -> Option<StepBy<Range<usize>>> {
        let first = usize::try_from(self.at).ok()? + 1;
        let step = usize::try_from(self.step).ok()?.max(1);
        let count = usize::try_from(args.int(first - 1).ok()?).ok()?;
        let end = first.checked_add(count.checked_mul(step)?)?;
        (count > 0 && end <= args.len()).then(|| (first..end).step_by(step))
    }
}

/// A key that follows a word among the options, as in `GEORADIUS ... STORE key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeywordKey {
    /// The word, in capitals.
    pub word: &'static str,
    /// Index of the first argument that may be the word.
    pub from: i16,
    /// What is done with the key.
    pub key_use: KeyUse,
}

/// Keys that no description finds, as far as one can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownKeys {
    /// Which keys, and why they cannot be described.
    pub notes: &'static str,
    /// What is done with them.
    pub key_use: KeyUse,
}

/// One row of the command table.
#[derive(Debug)]
pub struct CommandSpec {
    /// The name in lower case; for a subcommand its own word only.
    pub name: &'static str,
    /// Redis's arity: positive is exact, negative is a minimum; the name counts (for a subcommand both words).
    pub arity: i16,
    /// What the command does.
    pub run: Handler,
    /// Its flags.
    pub flags: Flags,
    /// Its keys; most commands have one range, a few two, some none.
    pub keys: &'static [KeyRange],
    /// Its group.
    pub group: Group,
    /// The Redis version that introduced it.
    pub since: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Its cost.
    pub complexity: &'static str,
    /// ACL categories beyond those that follow from flags and group (`keyspace`, `dangerous`, `connection` ...).
    pub categories: &'static [&'static str],
    /// Subcommands of a container.
    pub subcommands: &'static [CommandSpec],
    /// Keys after a count, in addition to [`CommandSpec::keys`].
    pub counted_keys: Option<CountedKeys>,
    /// Keys after a word, which [`CommandSpec::find_keys`] finds; for COMMAND INFO.
    pub keyword_keys: &'static [KeywordKey],
    /// Keys that cannot be described, which [`CommandSpec::find_keys`] may find; for COMMAND INFO.
    pub unknown_keys: &'static [UnknownKeys],
    /// Finds the keys of a command whose keys stand elsewhere: calls back with each key's index. It then finds all of
    /// them, those of [`CommandSpec::keys`] and [`CommandSpec::counted_keys`] included.
    pub find_keys: Option<FindKeys>,
    /// What a request does with its first key, where that depends on its arguments; the row then tells the most it may do.
    pub first_key_use: Option<TellUse>,
    /// Why the row tells more of its first key than a name would make one think.
    pub key_notes: &'static str,
    /// Index of the first member or field that it looks up in its first key's value, 0 for none; so it can be asked for
    /// ahead of time.
    pub member: u16,
    /// Hints for clients and proxies, as COMMAND INFO gives them.
    pub tips: &'static [&'static str],
    /// Since when the command is out of favour, and what to use in its place.
    pub deprecated: Option<(&'static str, &'static str)>,
}

/// A row of a group; `about` is its version, summary and complexity.
pub const fn row(
    group: Group,
    name: &'static str,
    arity: i16,
    run: Handler,
    flags: Flags,
    keys: &'static [KeyRange],
    about: (&'static str, &'static str, &'static str),
) -> CommandSpec {
    CommandSpec::new(name, arity, run)
        .flags(flags)
        .keys(keys)
        .docs(group, about.0, about.1, about.2)
}

/// A row of the server's group, most of them subcommands.
pub const fn server_row(
    name: &'static str,
    arity: i16,
    run: Handler,
    since: &'static str,
    summary: &'static str,
    complexity: &'static str,
) -> CommandSpec {
    CommandSpec::new(name, arity, run).docs(Group::Server, since, summary, complexity)
}

impl CommandSpec {
    /// A row with name, arity and handler; the rest is added by the methods below.
    pub const fn new(name: &'static str, arity: i16, run: Handler) -> Self {
        CommandSpec {
            name,
            arity,
            run,
            flags: Flags::NONE,
            keys: &[],
            group: Group::Generic,
            since: "1.0.0",
            summary: "",
            complexity: "",
            categories: &[],
            subcommands: &[],
            counted_keys: None,
            keyword_keys: &[],
            unknown_keys: &[],
            find_keys: None,
            first_key_use: None,
            key_notes: "",
            member: 0,
            tips: &[],
            deprecated: None,
        }
    }

    /// Sets the flags.
    pub const fn flags(mut self, flags: Flags) -> Self {
        self.flags = self.flags.and(flags);
        self
    }

    /// Sets the key positions.
    pub const fn keys(mut self, keys: &'static [KeyRange]) -> Self {
        self.keys = keys;
        self
    }

    /// Sets group, version, summary and complexity.
    pub const fn docs(
        mut self,
        group: Group,
        since: &'static str,
        summary: &'static str,
        complexity: &'static str,
    ) -> Self {
        self.group = group;
        self.since = since;
        self.summary = summary;
        self.complexity = complexity;
        self
    }

    /// Sets further ACL categories, without the `@`.
    pub const fn categories(mut self, categories: &'static [&'static str]) -> Self {
        self.categories = categories;
        self
    }

    /// Makes it a container of subcommands; `run` answers an unknown one.
    pub const fn subcommands(mut self, subcommands: &'static [CommandSpec]) -> Self {
        self.subcommands = subcommands;
        self.flags = self.flags.and(Flags::CONTAINER);
        self
    }

    /// Adds keys that follow their count, which is the argument at `at`.
    pub const fn counted_keys(self, at: i16, key_use: KeyUse) -> Self {
        self.counted(at, 1, key_use)
    }

    /// Adds keys that follow their count, which is the argument at `at`, each followed by its value.
    pub const fn counted_pairs(self, at: i16, key_use: KeyUse) -> Self {
        self.counted(at, 2, key_use)
    }

    const fn counted(mut self, at: i16, step: i16, key_use: KeyUse) -> Self {
        self.counted_keys = Some(CountedKeys { at, step, key_use });
        self.flags = self.flags.and(Flags::MOVABLE_KEYS);
        self
    }

    /// Tells where the first member or field that is looked up stands.
    pub const fn member(mut self, at: u16) -> Self {
        self.member = at;
        self
    }

    /// Sets the tips.
    pub const fn tips(mut self, tips: &'static [&'static str]) -> Self {
        self.tips = tips;
        self
    }

    /// Marks it as deprecated since a version, in favour of something else.
    pub const fn deprecated(mut self, since: &'static str, replaced_by: &'static str) -> Self {
        self.deprecated = Some((since, replaced_by));
        self
    }

    /// Adds keys after a word.
    pub const fn keyword_keys(mut self, keys: &'static [KeywordKey]) -> Self {
        self.keyword_keys = keys;
        self
    }

    /// Adds keys that cannot be described.
    pub const fn unknown_keys(mut self, keys: &'static [UnknownKeys]) -> Self {
        self.unknown_keys = keys;
        self
    }

    /// Sets why its first key is used as the row tells.
    pub const fn key_notes(mut self, notes: &'static str) -> Self {
        self.key_notes = notes;
        self
    }

    /// Sets what tells what a request does with its first key.
    pub const fn first_key_use(mut self, tell: TellUse) -> Self {
        self.first_key_use = Some(tell);
        self
    }

    /// Sets how movable keys are found.
    pub const fn find_keys(mut self, find: FindKeys) -> Self {
        self.find_keys = Some(find);
        self.flags = self.flags.and(Flags::MOVABLE_KEYS);
        self
    }

    /// Whether a request of `len` arguments has the right number.
    #[inline]
    pub fn accepts(&self, len: usize) -> bool {
        let len = len as i64;
        let arity = i64::from(self.arity);
        if arity >= 0 {
            len == arity
        } else {
            len >= -arity
        }
    }

    /// Calls `each` with the index of every key of the request.
    pub fn for_each_key(&self, args: &Args<'_>, each: &mut dyn FnMut(usize)) {
        if let Some(find) = self.find_keys {
            return find(args, each);
        }
        for range in self.keys {
            let last = if range.last < 0 {
                args.len() as i64 + i64::from(range.last)
            } else {
                i64::from(range.last)
            };
            let mut at = i64::from(range.first);
            while at <= last && (at as usize) < args.len() {
                each(at as usize);
                at += i64::from(range.step.max(1));
            }
        }
        let counted = self.counted_keys.and_then(|keys| keys.indexes(args));
        counted.into_iter().flatten().for_each(each);
    }
}

/// A range of keys; for rows.
pub const fn keys(first: i16, last: i16, step: i16, key_use: KeyUse) -> KeyRange {
    KeyRange {
        first,
        last,
        step,
        key_use,
    }
}

/// One key, the first argument; for rows.
pub const fn key(key_use: KeyUse) -> KeyRange {
    keys(1, 1, 1, key_use)
}
