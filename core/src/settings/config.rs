//! CONFIG GET and CONFIG SET.

use super::rule::Value;
use super::spec::{Flags, SettingError, SettingSpec};
use super::{Settings, lookup, parse};
use crate::bytes::glob;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// What a CONFIG SET changed. The engine applies the names (`maxclients`, `port`, `appendonly`, ...) or, when
/// it cannot, puts [`Changes::into_previous`] back and answers [`ConfigSetError::failed`].
pub struct Changes {
    names: Vec<&'static str>,
    previous: Box<Settings>,
}

impl Changes {
    /// The settings that have another value now, by their main names, and those that name files.
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// Whether this setting has another value now.
    pub fn contains(&self, name: &str) -> bool {
        self.names.contains(&name)
    }

    /// The settings before the change.
    pub fn previous(&self) -> &Settings {
        &self.previous
    }

    /// The settings before the change, to be put back.
    pub fn into_previous(self) -> Settings {
        *self.previous
    }
}

/// Why a CONFIG SET changed nothing; shown as Redis's error reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigSetError {
    /// There is no such setting.
    Unknown {
        /// The name as the client wrote it.
        name: String,
    },
    /// A setting cannot have that value now.
    Failed {
        /// The name.
        name: String,
        /// The reason, in Redis's words.
        reason: String,
    },
}

impl ConfigSetError {
    /// A failure to apply a setting that had been set.
    pub fn failed(name: &str, reason: &str) -> Self {
        ConfigSetError::Failed {
            name: name.into(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for ConfigSetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigSetError::Unknown { name } => write!(
                f,
                "ERR Unknown option or number of arguments for CONFIG SET - '{}'",
                one_line(name)
            ),
            ConfigSetError::Failed { name, reason } => write!(
                f,
                "ERR CONFIG SET failed (possibly related to argument '{}') - {reason}",
                one_line(name)
            ),
        }
    }
}

/// A setting by the name that the client used.
struct Named {
    spec: &'static SettingSpec,
    /// The main name or the alias.
    name: &'static str,
}

impl Settings {
    /// Sets all pairs or none. `local` says whether the client is on this machine, which
    /// `enable-protected-configs` may ask.
    pub fn config_set(
        &mut self,
        pairs: &[(&[u8], &[u8])],
        local: bool,
    ) -> Result<Changes, ConfigSetError> {
        let found = self.find_all(pairs, local)?;
        let mut next = self.clone();
        let mut names = Vec::new();
        for (Named { spec, name }, (_, word)) in found.iter().zip(pairs) {
            let before = next.value(spec);
            let value = parse_word(spec, word, &before)
                .map_err(|error| ConfigSetError::failed(name, &error.to_string()))?;
            next.put(spec, value);
            // A file that is named again may say something else than before.
            if spec.flags.contains(Flags::VOLATILE) || next.value(spec) != before {
                names.push(spec.name);
            }
        }
        let previous = Box::new(core::mem::replace(self, next));
        Ok(Changes { names, previous })
    }

    /// Finds every setting before any is set, as Redis does: these errors come first.
    fn find_all(
        &self,
        pairs: &[(&[u8], &[u8])],
        local: bool,
    ) -> Result<Vec<Named>, ConfigSetError> {
        let mut found: Vec<Named> = Vec::new();
        for (written, _) in pairs {
            let text = String::from_utf8_lossy(written).into_owned();
            let Some(spec) = lookup(written) else {
                return Err(ConfigSetError::Unknown { name: text });
            };
            let is_main = spec.name.as_bytes().eq_ignore_ascii_case(written);
            let name = spec.alias.filter(|_| !is_main).unwrap_or(spec.name);
            if let Some(reason) = self.refusal(spec, local) {
                return Err(ConfigSetError::failed(&text, reason));
            }
            if found.iter().any(|other| other.name == name) {
                return Err(ConfigSetError::failed(&text, "duplicate parameter"));
            }
            found.push(Named { spec, name });
        }
        Ok(found)
    }

    fn refusal(&self, spec: &SettingSpec, local: bool) -> Option<&'static str> {
        let protected = spec.flags.contains(Flags::PROTECTED);
        if protected && !self.enable_protected_configs.allows(local) {
            return Some("can't set protected config");
        }
        spec.flags
            .contains(Flags::IMMUTABLE)
            .then_some("can't set immutable config")
    }

    /// The settings that a CONFIG GET asks for, as name and text. A pattern is a glob over names and
    /// aliases; a plain name is given back as the client wrote it. Nothing comes twice.
    pub fn config_get(&self, patterns: &[&[u8]]) -> Vec<(String, Vec<u8>)> {
        let mut out: Vec<(String, Vec<u8>)> = Vec::new();
        let mut add = |name: String, spec: &SettingSpec| {
            if !out.iter().any(|(known, _)| *known == name) {
                out.push((name, spec.rule.print(&self.value(spec))));
            }
        };
        for pattern in patterns {
            if !pattern.iter().any(|byte| b"[*?".contains(byte)) {
                if let Some(spec) = lookup(pattern) {
                    add(String::from_utf8_lossy(pattern).into_owned(), spec);
                }
                continue;
            }
            for spec in super::all().filter(|spec| !spec.flags.contains(Flags::HIDDEN)) {
                for name in core::iter::once(spec.name).chain(spec.alias) {
                    if glob::matches(pattern, name.as_bytes(), glob::Case::Ignored) {
                        add(name.into(), spec);
                    }
                }
            }
        }
        out
    }
}

/// Reads the one word that CONFIG SET has for a setting, which may be several.
fn parse_word(spec: &SettingSpec, word: &[u8], before: &Value) -> Result<Value, SettingError> {
    if !spec.rule.takes_many_words() {
        return parse(spec, &[word], before);
    }
    let words: Vec<&[u8]> = match word {
        b"" => Vec::new(),
        _ => word.split(|&byte| byte == b' ').collect(),
    };
    match before {
        // CONFIG SET replaces the save points; only start-up adds to them.
        Value::Save(_) => parse(spec, &words, &Value::Save(Vec::new())),
        _ => parse(spec, &words, before),
    }
}

/// A reply line cannot hold line breaks.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}
