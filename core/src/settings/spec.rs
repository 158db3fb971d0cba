//! One row of the settings table, and what its parts are.

use super::Settings;
use super::number::NumberRule;
use super::rule::Value;
use alloc::borrow::Cow;
use core::fmt;

/// One setting.
pub struct SettingSpec {
    /// Redis's name, in lower case.
    pub name: &'static str,
    /// Another name, answered only when asked by it.
    pub alias: Option<&'static str>,
    /// What CONFIG SET and GET do with it.
    pub flags: Flags,
    /// How its text is read and written.
    pub rule: Rule,
    pub(super) store: Store,
}

impl SettingSpec {
    /// Whether the setting means nothing to Rotom yet: its value is kept and given back.
    pub fn is_accepted_only(&self) -> bool {
        matches!(self.store, Store::Text { .. })
    }
}

/// Where a value lives.
pub(super) enum Store {
    /// In a field of [`Settings`].
    Field {
        get: fn(&Settings) -> Value,
        put: fn(&mut Settings, Value),
    },
    /// Among the accepted ones, as long as it differs from this default.
    Text { default: &'static str },
}

/// A set of properties of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    /// None of them.
    pub const NONE: Flags = Flags(0);
    /// CONFIG SET refuses.
    pub const IMMUTABLE: Flags = Flags(1);
    /// CONFIG SET refuses unless `enable-protected-configs` allows it.
    pub const PROTECTED: Flags = Flags(2);
    /// The value is a secret: keep it out of logs and the slow log.
    pub const SENSITIVE: Flags = Flags(4);
    /// CONFIG GET answers only to the full name.
    pub const HIDDEN: Flags = Flags(8);
    /// Another value than the default would ask for what Rotom cannot do yet, so it is refused.
    pub const ONLY_DEFAULT: Flags = Flags(16);
    /// The value names what may change by itself, so setting it to what it is takes effect too.
    pub const VOLATILE: Flags = Flags(32);

    /// Both sets together.
    pub const fn and(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// Whether all of `other` is in the set.
    pub const fn contains(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }
}

/// How the text of a setting is read and written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// `yes` or `no`.
    Bool,
    /// A number.
    Number(NumberRule),
    /// One of these words.
    Word(&'static [&'static str]),
    /// Several of these words; the first means none.
    WordSet(&'static [&'static str]),
    /// Any UTF-8 text.
    Text,
    /// Any bytes.
    Bytes,
    /// The name of a file without its folder.
    FileName {
        /// The setting's name, for the error.
        setting: &'static str,
        /// `filename` or `dirname`, for the error.
        noun: &'static str,
        /// Whether it may be empty.
        may_be_empty: bool,
    },
    /// Up to 16 addresses.
    Bind,
    /// Pairs of seconds and changes.
    Save,
    /// Groups of class, hard limit, soft limit, seconds.
    OutputBufferLimits,
    /// Letters of event classes.
    KeyspaceEvents,
    /// Three numbers of -2000..=2000.
    OomScores,
    /// Numbers of 0..=100.
    Percentiles,
    /// `<host> <port>` or `no one`.
    ReplicaOf,
}

impl Rule {
    /// Whether a value is several words.
    pub fn takes_many_words(&self) -> bool {
        matches!(
            self,
            Rule::WordSet(_)
                | Rule::Bind
                | Rule::Save
                | Rule::OutputBufferLimits
                | Rule::OomScores
                | Rule::Percentiles
                | Rule::ReplicaOf
        )
    }
}

/// Why a setting was not set; shown in Redis's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingError {
    /// There is no such setting.
    Unknown,
    /// Too few or too many words.
    WrongNumberOfWords,
    /// The value does not do.
    Invalid(Cow<'static, str>),
}

impl SettingError {
    pub(super) fn invalid(text: &'static str) -> Self {
        SettingError::Invalid(Cow::Borrowed(text))
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SettingError::Unknown => "Bad directive or wrong number of arguments",
            SettingError::WrongNumberOfWords => "wrong number of arguments",
            SettingError::Invalid(text) => text,
        })
    }
}
