//! One set of permissions: commands, keys and channels. A user has a root selector, and may have others.

use super::RuleError;
use super::commands::AllowedCommands;
use crate::bytes::glob::{self, Case};
use crate::command::{KeyUse, Registry};
use crate::settings::split_words;
use alloc::vec::Vec;

/// What the meaning of a rule depends on beside its text.
#[derive(Clone, Copy)]
pub struct RuleContext<'r> {
    /// The commands that rules name.
    pub registry: &'r Registry,
    /// `acl-pubsub-default`: whether new users may use every channel.
    pub all_channels: bool,
}

/// What may be done with keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) read: bool,
    pub(super) write: bool,
}

impl Access {
    const BOTH: Access = Access {
        read: true,
        write: true,
    };

    /// What a command needs that uses a key so. Looking at metadata needs neither: the key has to match some pattern.
    pub(super) fn needed(key_use: KeyUse) -> Access {
        let (read, write) = match key_use {
            KeyUse::Look | KeyUse::NotKey => (false, false),
            KeyUse::Read => (true, false),
            KeyUse::ReadUpdate | KeyUse::ReadDelete | KeyUse::ReadInsert => (true, true),
            KeyUse::Update
            | KeyUse::Insert
            | KeyUse::Delete
            | KeyUse::Overwrite
            | KeyUse::OverwriteInsert
            | KeyUse::Remove => (false, true),
            // How the value is kept is not what it is.
            KeyUse::ReadRecode => (true, false),
        };
        Access { read, write }
    }

    fn covers(self, needed: Access) -> bool {
        (self.read || !needed.read) && (self.write || !needed.write)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct KeyPattern {
    access: Access,
    pattern: Vec<u8>,
}

impl KeyPattern {
    fn describe(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(match self.access {
            Access {
                read: true,
                write: false,
            } => b"%R~",
            Access {
                read: false,
                write: true,
            } => b"%W~",
            _ => b"~",
        });
        out.extend_from_slice(&self.pattern);
    }
}

/// A set of permissions.
#[derive(Clone, Debug)]
pub struct Selector {
    pub(super) commands: AllowedCommands,
    all_keys: bool,
    keys: Vec<KeyPattern>,
    all_channels: bool,
    channels: Vec<Vec<u8>>,
}

impl Selector {
    /// Nothing is allowed, except channels where that is the default.
    pub(super) fn new(context: RuleContext<'_>) -> Self {
        Selector {
            commands: AllowedCommands::none(context.registry),
            all_keys: false,
            keys: Vec::new(),
            all_channels: context.all_channels,
            channels: Vec::new(),
        }
    }

    /// The selector that `(rule rule ...)` describes.
    pub(super) fn parse(text: &[u8], context: RuleContext<'_>) -> Result<Self, RuleError> {
        let mut selector = Selector::new(context);
        let inside = &text[1..text.len() - 1];
        for rule in split_words(inside).unwrap_or_default() {
            selector.apply(&rule, context)?;
        }
        Ok(selector)
    }

    /// Applies one rule about commands, keys or channels.
    pub(super) fn apply(&mut self, rule: &[u8], context: RuleContext<'_>) -> Result<(), RuleError> {
        let is = |word: &str| rule.eq_ignore_ascii_case(word.as_bytes());
        if is("allkeys") || is("~*") {
            self.all_keys = true;
            self.keys.clear();
        } else if is("resetkeys") {
            self.all_keys = false;
            self.keys.clear();
        } else if is("allchannels") || is("&*") {
            self.all_channels = true;
            self.channels.clear();
        } else if is("resetchannels") {
            self.all_channels = false;
            self.channels.clear();
        } else if is("allcommands") || is("+@all") {
            self.commands.set_all(true);
        } else if is("nocommands") || is("-@all") {
            self.commands.set_all(false);
        } else {
            match rule {
                [b'~', pattern @ ..] => self.add_keys(Access::BOTH, pattern)?,
                [b'%', rest @ ..] => self.add_keys_for(rest)?,
                [b'&', pattern @ ..] => self.add_channel(pattern)?,
                [b'+' | b'-', rest @ ..] => {
                    let allow = rule[0] == b'+';
                    self.commands.apply(rest, allow, context.registry)?;
                }
                _ => return Err(RuleError::Syntax),
            }
        }
        Ok(())
    }

    /// `%R~pattern`, `%W~pattern`, `%RW~pattern`, without the `%`.
    fn add_keys_for(&mut self, rest: &[u8]) -> Result<(), RuleError> {
        // Redis complains of this first.
        if self.all_keys {
            return Err(RuleError::KeysAfterAll);
        }
        let mut access = Access::default();
        let mut at = 0;
        while let Some(letter) = rest.get(at) {
            at += 1;
            match letter.to_ascii_uppercase() {
                b'R' if !access.read => access.read = true,
                b'W' if !access.write => access.write = true,
                b'~' => break,
                _ => return Err(RuleError::Syntax),
            }
        }
        if access == Access::default() {
            return Err(RuleError::Syntax);
        }
        self.add_keys(access, &rest[at..])
    }

    fn add_keys(&mut self, access: Access, pattern: &[u8]) -> Result<(), RuleError> {
        if self.all_keys {
            return Err(RuleError::KeysAfterAll);
        }
        if has_blanks(pattern) {
            return Err(RuleError::Syntax);
        }
        match self.keys.iter_mut().find(|known| known.pattern == pattern) {
            Some(known) => {
                known.access.read |= access.read;
                known.access.write |= access.write;
            }
            None => self.keys.push(KeyPattern {
                access,
                pattern: pattern.to_vec(),
            }),
        }
        Ok(())
    }

    fn add_channel(&mut self, pattern: &[u8]) -> Result<(), RuleError> {
        if self.all_channels {
            return Err(RuleError::ChannelsAfterAll);
        }
        if has_blanks(pattern) {
            return Err(RuleError::Syntax);
        }
        if !self.channels.iter().any(|known| known == pattern) {
            self.channels.push(pattern.to_vec());
        }
        Ok(())
    }

    /// Whether nothing at all is forbidden.
    pub(super) fn is_unrestricted(&self) -> bool {
        self.commands.are_all() && self.all_keys && self.all_channels
    }

    pub(super) fn has_all_keys(&self) -> bool {
        self.all_keys
    }

    pub(super) fn has_all_channels(&self) -> bool {
        self.all_channels
    }

    pub(super) fn channels(&self) -> &[Vec<u8>] {
        &self.channels
    }

    pub(super) fn allows_key(&self, key: &[u8], needed: Access) -> bool {
        self.all_keys
            || self.keys.iter().any(|known| {
                known.access.covers(needed) && glob::matches(&known.pattern, key, Case::Sensitive)
            })
    }

    /// Whether every key may be read, as SORT's patterns need it.
    pub(super) fn may_read_every_key(&self) -> bool {
        self.all_keys
            || self
                .keys
                .iter()
                .any(|known| known.access.read && known.pattern == b"*")
    }

    pub(super) fn allows_channel(&self, channel: &[u8], is_pattern: bool) -> bool {
        self.all_channels || is_among(&self.channels, channel, is_pattern)
    }

    pub(super) fn describe_keys(&self) -> Vec<u8> {
        if self.all_keys {
            return b"~*".to_vec();
        }
        let mut out = Vec::new();
        for (number, pattern) in self.keys.iter().enumerate() {
            if number > 0 {
                out.push(b' ');
            }
            pattern.describe(&mut out);
        }
        out
    }

    pub(super) fn describe_channels(&self) -> Vec<u8> {
        if self.all_channels {
            return b"&*".to_vec();
        }
        let mut out = Vec::new();
        for (number, pattern) in self.channels.iter().enumerate() {
            out.extend_from_slice(if number > 0 { b" &" } else { b"&" });
            out.extend_from_slice(pattern);
        }
        out
    }

    /// The rules that make this selector, as ACL LIST shows them.
    pub(super) fn describe(&self, out: &mut Vec<u8>) {
        let keys = self.describe_keys();
        out.extend_from_slice(&keys);
        if !keys.is_empty() {
            out.push(b' ');
        }
        if !self.all_channels {
            out.extend_from_slice(b"resetchannels ");
        }
        let channels = self.describe_channels();
        out.extend_from_slice(&channels);
        if !channels.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(self.commands.describe().as_bytes());
    }
}

/// Whether a channel matches one of the patterns. A pattern to subscribe to has to be among them as it is.
pub(super) fn is_among(patterns: &[Vec<u8>], channel: &[u8], is_pattern: bool) -> bool {
    patterns.iter().any(|known| {
        if is_pattern {
            known == channel
        } else {
            glob::matches(known, channel, Case::Sensitive)
        }
    })
}

/// Names and patterns with blanks could not be written into a file of rules.
pub(super) fn has_blanks(text: &[u8]) -> bool {
    text.iter()
        .any(|&byte| matches!(byte, b' ' | b'\t'..=b'\r' | 0))
}
