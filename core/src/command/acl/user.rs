//! A user: whether it may log in, its passwords, and its selectors.

use super::RuleError;
use super::selector::{Access, RuleContext, Selector, is_among};
use crate::command::acl::check::{Denied, RequestKeys, channels};
use crate::command::{Args, Command};
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use core::hint::black_box;
use sha2::{Digest, Sha256};

/// The SHA-256 of a password: the password itself is not kept.
pub(super) type PasswordHash = [u8; 32];

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// Its name.
    pub name: Vec<u8>,
    is_enabled: bool,
    needs_no_password: bool,
    skips_sanitizing: bool,
    passwords: Vec<PasswordHash>,
    /// The first one is the root.
    selectors: Vec<Selector>,
    /// The generation of the users in which it lost channels last.
    pub(super) narrowed_at: u64,
}

impl User {
    /// A user that may do nothing, not even log in.
    pub fn new(name: &[u8], context: RuleContext<'_>) -> Self {
        User {
            name: name.to_vec(),
            is_enabled: false,
            needs_no_password: false,
            skips_sanitizing: false,
            passwords: Vec::new(),
            selectors: vec![Selector::new(context)],
            narrowed_at: 0,
        }
    }

    /// The user `default` as it is without any configuration.
    pub(super) fn default_user(context: RuleContext<'_>) -> Self {
        let mut user = User::new(b"default", context);
        for rule in ["+@all", "~*", "&*", "on", "nopass"] {
            // These are valid.
            let _ = user.apply(rule.as_bytes(), context);
        }
        user
    }

    /// Applies one rule of ACL SETUSER; what is in parentheses is one rule.
    pub fn apply(&mut self, rule: &[u8], context: RuleContext<'_>) -> Result<(), RuleError> {
        let is = |word: &str| rule.eq_ignore_ascii_case(word.as_bytes());
        if is("on") || is("off") {
            self.is_enabled = is("on");
        } else if is("skip-sanitize-payload") || is("sanitize-payload") {
            self.skips_sanitizing = is("skip-sanitize-payload");
        } else if is("nopass") || is("resetpass") {
            self.needs_no_password = is("nopass");
            self.passwords.clear();
        } else if is("clearselectors") {
            self.selectors.truncate(1);
        } else if is("reset") {
            *self = User {
                narrowed_at: self.narrowed_at,
                ..User::new(&self.name, context)
            };
        } else {
            match rule {
                [] => {}
                [b'>', password @ ..] => self.add_password(hash(password)),
                [b'#', text @ ..] => self.add_password(parse_hash(text)?),
                [b'<', password @ ..] => self.remove_password(&hash(password))?,
                [b'!', text @ ..] => self.remove_password(&parse_hash(text)?)?,
                [b'(', .., b')'] => self.selectors.push(Selector::parse(rule, context)?),
                _ => self.root_mut().apply(rule, context)?,
            }
        }
        Ok(())
    }

    fn add_password(&mut self, hash: PasswordHash) {
        if !self.passwords.contains(&hash) {
            self.passwords.push(hash);
        }
        self.needs_no_password = false;
    }

    fn remove_password(&mut self, hash: &PasswordHash) -> Result<(), RuleError> {
        let at = self.passwords.iter().position(|known| known == hash);
        self.passwords.remove(at.ok_or(RuleError::NoSuchPassword)?);
        Ok(())
    }

    /// Sets the only password, as `requirepass` does; an empty one is none.
    pub(super) fn set_password(&mut self, password: &[u8]) {
        self.passwords.clear();
        self.needs_no_password = password.is_empty();
        if !password.is_empty() {
            self.add_password(hash(password));
        }
    }

    fn root_mut(&mut self) -> &mut Selector {
        &mut self.selectors[0]
    }

    /// The permissions outside of parentheses.
    pub(super) fn root(&self) -> &Selector {
        &self.selectors[0]
    }

    /// The selectors in parentheses.
    pub(super) fn others(&self) -> &[Selector] {
        &self.selectors[1..]
    }

    pub(super) fn passwords(&self) -> &[PasswordHash] {
        &self.passwords
    }

    /// Whether one may log in as this user.
    pub fn is_enabled(&self) -> bool {
        self.is_enabled
    }

    /// Whether any password does.
    pub fn needs_no_password(&self) -> bool {
        self.needs_no_password
    }

    /// Whether there is nothing to check for its requests.
    pub fn is_unrestricted(&self) -> bool {
        self.selectors.iter().any(Selector::is_unrestricted)
    }

    /// Whether this password lets a client in. Every hash is compared to its end, so that the time tells nothing.
    pub(super) fn lets_in(&self, password: &[u8]) -> bool {
        if !self.is_enabled {
            return false;
        }
        if self.needs_no_password {
            return true;
        }
        let given = hash(password);
        let mut found = false;
        for known in &self.passwords {
            let pairs = given.iter().zip(known);
            let difference = pairs.fold(0, |all, (a, b)| all | black_box(a ^ b));
            found |= black_box(difference) == 0;
        }
        found
    }

    /// Whether it may run a request. Of several selectors one has to allow all of it; if none does, what comes last in
    /// the request counts.
    pub fn check(&self, command: &Command, args: &Args<'_>) -> Result<(), Denied> {
        let mut keys = RequestKeys::default();
        let mut worst = Denied::Command;
        for selector in &self.selectors {
            match check(selector, command, args, &mut keys) {
                Ok(()) => return Ok(()),
                Err(denied) => worst = worst.max(denied),
            }
        }
        Err(worst)
    }

    /// Whether it may run a request, and read any key for it.
    pub fn may_read_every_key_in(&self, command: &Command, args: &Args<'_>) -> bool {
        let mut keys = RequestKeys::default();
        self.selectors.iter().any(|selector| {
            selector.may_read_every_key() && check(selector, command, args, &mut keys).is_ok()
        })
    }

    /// Whether it may use a channel, or subscribe to a pattern.
    pub fn may_use_channel(&self, channel: &[u8], is_pattern: bool) -> bool {
        let mut selectors = self.selectors.iter();
        selectors.any(|selector| selector.allows_channel(channel, is_pattern))
    }

    /// Whether some channels that it may use, this other version of it may not.
    pub(super) fn has_more_channels_than(&self, other: &User) -> bool {
        if other.selectors.iter().any(Selector::has_all_channels) {
            return false;
        }
        let new = other.selectors.iter().flat_map(|s| s.channels());
        self.selectors.iter().any(|selector| {
            selector.has_all_channels()
                || selector
                    .channels()
                    .iter()
                    .any(|old| !new.clone().any(|new| new == old))
        })
    }

    /// The flags, in the order in which they are shown.
    pub(super) fn flags(&self) -> impl Iterator<Item = &'static str> {
        let all = [
            (self.is_enabled, "on"),
            (!self.is_enabled, "off"),
            (self.needs_no_password, "nopass"),
            (self.skips_sanitizing, "skip-sanitize-payload"),
            (!self.skips_sanitizing, "sanitize-payload"),
        ];
        all.into_iter()
            .filter_map(|(is_set, name)| is_set.then_some(name))
    }

    /// `user name rule rule ...`: what ACL LIST shows, and what files hold.
    pub fn describe(&self) -> Vec<u8> {
        let mut out = b"user ".to_vec();
        out.extend_from_slice(&self.name);
        out.push(b' ');
        for flag in self.flags() {
            out.extend_from_slice(flag.as_bytes());
            out.push(b' ');
        }
        for hash in &self.passwords {
            out.push(b'#');
            out.extend_from_slice(&hex(hash));
            out.push(b' ');
        }
        self.root().describe(&mut out);
        for selector in self.others() {
            out.extend_from_slice(b" (");
            selector.describe(&mut out);
            out.push(b')');
        }
        out
    }
}

fn check(
    selector: &Selector,
    command: &Command,
    args: &Args<'_>,
    keys: &mut RequestKeys,
) -> Result<(), Denied> {
    if !selector.commands.allow(command, args) {
        return Err(Denied::Command);
    }
    if !selector.has_all_keys() {
        for &(index, key_use) in keys.of(command, args) {
            if !selector.allows_key(args.at(index), Access::needed(key_use)) {
                return Err(Denied::Key(index));
            }
        }
    }
    if !selector.has_all_channels()
        && let Some((indexes, is_pattern)) = channels(command, args)
    {
        for index in indexes {
            if !is_among(selector.channels(), args.at(index), is_pattern) {
                return Err(Denied::Channel(index));
            }
        }
    }
    Ok(())
}

fn hash(password: &[u8]) -> PasswordHash {
    Sha256::digest(password).into()
}

/// 64 hexadecimal digits in lower case.
fn parse_hash(text: &[u8]) -> Result<PasswordHash, RuleError> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => Err(RuleError::BadHash),
    };
    let mut hash = [0; 32];
    if text.len() != 2 * hash.len() {
        return Err(RuleError::BadHash);
    }
    for (byte, pair) in hash.iter_mut().zip(text.chunks(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(hash)
}

pub(super) fn hex(hash: &PasswordHash) -> Vec<u8> {
    let digits = hash.iter().map(|byte| format!("{byte:02x}"));
    digits.flat_map(|pair| pair.into_bytes()).collect()
}
