//! The settings, under Redis's names and with Redis's texts.
//!
//! ```text
//! defaults ─┐
//! redis.conf, config.json ─┤ Settings::set       ┌─ fields, read directly by the engine
//! --name value flags ──────┤ (any setting)       │
//! CONFIG SET ──────────────┴─ Settings ──────────┼─ CONFIG GET: Settings::config_get
//!                            ::config_set         └─ CONFIG REWRITE: Settings::rewrite
//! ```
//!
//! One row of [`TABLE`] (settings that Rotom acts on) or [`ACCEPTED`] (settings it keeps and gives back)
//! says everything about a setting: field, type, default, name, alias, rule, flags. Texts become values by
//! the row's [`Rule`] once; the engine sees only typed fields.
//!
//! Nothing here does I/O: the program reads the file, [`parse_config_text`] splits it into words, and
//! [`Settings::set`] takes them line by line.

mod accepted;
mod config;
mod field;

mod number;
mod rewrite;
mod rule;
mod spec;
mod table;
mod text;
mod types;

#[cfg(test)]
mod tests;

pub use accepted::ACCEPTED;
pub use config::{Changes, ConfigSetError};
pub use number::{Form, NumberRule};
pub use rewrite::rewrite_users;
pub use spec::{Flags, Rule, SettingError, SettingSpec};
pub use table::{Settings, TABLE};
pub use text::{ConfigTextError, parse_config_text, quote, split_words};
pub use types::{
    AppendFsync, BindAddress, BufferLimit, ChannelsDefault, ClientsMemory, KeyspaceEvents,
    LogLevel, MaxmemoryPolicy, OutputBufferLimits, ProtectedAction, SavePoint, Supervised,
    TlsAuthClients,
};

use alloc::borrow::Cow;
use alloc::format;
use alloc::vec::Vec;
use rule::Value;
use spec::Store;

/// Every row, those that are acted on first.
pub fn all() -> impl Iterator<Item = &'static SettingSpec> {
    TABLE.iter().chain(ACCEPTED)
}

/// The row with this name or alias, in any case.
pub fn lookup(name: &[u8]) -> Option<&'static SettingSpec> {
    let is = |known: &str| known.as_bytes().eq_ignore_ascii_case(name);
    all().find(|spec| is(spec.name) || spec.alias.is_some_and(is))
}

impl Settings {
    /// Sets any setting at start-up. Several `save` lines add up; the first replaces the default points.
    pub fn set(&mut self, name: &str, words: &[&[u8]]) -> Result<(), SettingError> {
        let Some(spec) = lookup(name.as_bytes()) else {
            if name.eq_ignore_ascii_case("user") && !words.is_empty() {
                // What its rules mean, only those can tell who know the commands.
                let words = words.iter().map(|word| word.to_vec());
                self.declared_users.push(words.collect());
                return Ok(());
            }
            return set_directive(name, words);
        };
        let split: Vec<Vec<u8>>;
        let mut words: Cow<'_, [&[u8]]> = words.into();
        if spec.rule.takes_many_words() {
            // As in `--save "900 1"`, where a shell hands over one word.
            split = split_each(&words);
            words = split.iter().map(Vec::as_slice).collect();
        }
        let is_save = matches!(spec.rule, Rule::Save);
        let previous = if is_save && !self.save_given {
            Value::Save(Vec::new())
        } else {
            self.value(spec)
        };
        let value = parse(spec, &words, &previous)?;
        self.put(spec, value);
        self.save_given |= is_save;
        Ok(())
    }

    /// The addresses to listen on.
    pub fn bind_addresses(&self) -> Vec<BindAddress<'_>> {
        types::bind_addresses(&self.bind)
    }

    /// The addresses at which the metrics are read: those of clients, unless it has its own.
    pub fn metrics_addresses(&self) -> Vec<BindAddress<'_>> {
        match self.metrics_bind.is_empty() {
            true => self.bind_addresses(),
            false => types::bind_addresses(&self.metrics_bind),
        }
    }

    /// The text of a setting as CONFIG GET gives it.
    pub fn text_of(&self, name: &str) -> Option<Vec<u8>> {
        lookup(name.as_bytes()).map(|spec| spec.rule.print(&self.value(spec)))
    }

    /// The settings that were given a value but mean nothing to Rotom yet, to be logged once.
    pub fn ignored(&self) -> impl Iterator<Item = &'static str> {
        self.accepted.iter().map(|(name, _)| *name)
    }

    fn value(&self, spec: &SettingSpec) -> Value {
        match spec.store {
            Store::Field { get, .. } => get(self),
            Store::Text { .. } => {
                let kept = self.accepted.iter().find(|(name, _)| *name == spec.name);
                kept.map_or_else(|| default_value(spec), |(_, value)| value.clone())
            }
        }
    }

    fn put(&mut self, spec: &'static SettingSpec, value: Value) {
        match spec.store {
            Store::Field { put, .. } => put(self, value),
            Store::Text { .. } => {
                self.accepted.retain(|(name, _)| *name != spec.name);
                if value != default_value(spec) {
                    self.accepted.push((spec.name, value));
                }
            }
        }
    }
}

/// Reads a value by its row, and refuses what Rotom cannot do.
fn parse(spec: &SettingSpec, words: &[&[u8]], previous: &Value) -> Result<Value, SettingError> {
    let value = spec.rule.parse(words, previous)?;
    if spec.flags.contains(Flags::ONLY_DEFAULT) && value != default_value(spec) {
        let text = format!("'{}' is not supported by this version of Rotom", spec.name);
        return Err(SettingError::Invalid(text.into()));
    }
    Ok(value)
}

/// The value of an accepted setting that nobody set.
fn default_value(spec: &SettingSpec) -> Value {
    let nothing = Value::Bytes(Vec::new());
    let Store::Text { default } = spec.store else {
        return nothing;
    };
    let words: Vec<&[u8]> = if spec.rule.takes_many_words() {
        default.as_bytes().split(|&byte| byte == b' ').collect()
    } else {
        [default.as_bytes()].into()
    };
    spec.rule.parse(&words, &nothing).unwrap_or(nothing)
}

/// What is no setting: obsolete names are ignored as by Redis, directives that Rotom lacks are refused.
fn set_directive(name: &str, words: &[&[u8]]) -> Result<(), SettingError> {
    let is_in = |list: &[&str]| list.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is_in(accepted::OBSOLETE) && words.len() == 1 {
        return Ok(());
    }
    if is_in(accepted::DIRECTIVES) {
        let text = format!("'{name}' is not supported by this version of Rotom");
        return Err(SettingError::Invalid(text.into()));
    }
    Err(SettingError::Unknown)
}

/// Splits every word at its blanks; one that cannot be split, or is empty, stays.
fn split_each(words: &[&[u8]]) -> Vec<Vec<u8>> {
    let split = |word: &&[u8]| match split_words(word) {
        Some(parts) if !parts.is_empty() => parts,
        _ => [word.to_vec()].into(),
    };
    words.iter().flat_map(split).collect()
}
