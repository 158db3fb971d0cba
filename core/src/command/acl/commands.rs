//! Which commands a selector allows: one bit a command and subcommand, and the rules that led there, in their order.

use super::RuleError;
use crate::command::categories::Categories;
use crate::command::{Args, Command, Flags, Registry};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// Commands of Redis 8 and Valkey 9 that are not here, but stand in people's rules.
#[rustfmt::skip]
const ABSENT: &[&str] = &[
    "asking", "cluster", "eval", "eval_ro", "evalsha", "evalsha_ro", "failover", "fcall", "fcall_ro", "function", "migrate",
    "module", "psync", "readonly", "readwrite", "replconf", "replicaof", "restore-asking", "role", "script", "slaveof", "sync",
    "xack", "xackdel", "xadd", "xautoclaim", "xclaim", "xdel", "xdelex", "xgroup", "xinfo", "xlen", "xpending", "xrange",
    "xread", "xreadgroup", "xrevrange", "xsetid", "xtrim",
];

/// Allowed commands.
#[derive(Clone, Debug)]
pub(super) struct AllowedCommands {
    /// A bit for each number of a command.
    bits: Vec<u64>,
    /// Nothing was taken away since `+@all`: no bit has to be looked at.
    all: bool,
    /// The rules began with `+@all`, so the text of them does as well.
    began_with_all: bool,
    /// Commands that are allowed with these first arguments only.
    first_arguments: Vec<(u16, Vec<u8>)>,
    /// The rules since then, each with its sign, in lower case.
    rules: Vec<String>,
}

impl AllowedCommands {
    pub(super) fn none(registry: &Registry) -> Self {
        AllowedCommands {
            bits: vec![0; registry.len().div_ceil(64)],
            all: false,
            began_with_all: false,
            first_arguments: Vec::new(),
            rules: Vec::new(),
        }
    }

    pub(super) fn set_all(&mut self, allow: bool) {
        self.bits.fill(if allow { u64::MAX } else { 0 });
        (self.all, self.began_with_all) = (allow, allow);
        self.first_arguments.clear();
        self.rules.clear();
    }

    pub(super) fn are_all(&self) -> bool {
        self.all
    }

    /// A rule about a command or category, without its sign.
    pub(super) fn apply(
        &mut self,
        rule: &[u8],
        allow: bool,
        registry: &Registry,
    ) -> Result<(), RuleError> {
        let name = core::str::from_utf8(rule).map_err(|_| RuleError::Unknown)?;
        if let Some(category) = name.strip_prefix('@') {
            return self.apply_category(category, allow, registry);
        }
        match name.rsplit_once('|') {
            Some((command, first)) if allow => self.allow_part(name, command, first, registry),
            _ => {
                let Some(command) = registry.lookup(rule) else {
                    return self.apply_absent(name, allow);
                };
                self.set(command, allow, registry);
                self.note(&command.full_name(), allow);
                Ok(())
            }
        }
    }

    /// A rule about a command of Redis or Valkey that is not here: it is kept as it was written, so that users who come from
    /// there are taken over.
    fn apply_absent(&mut self, name: &str, allow: bool) -> Result<(), RuleError> {
        let command = name.split('|').next().unwrap_or_default();
        let mut absent = ABSENT.iter();
        if !absent.any(|known| known.eq_ignore_ascii_case(command)) {
            return Err(RuleError::Unknown);
        }
        if name.contains(|c: char| c.is_ascii_whitespace() || c == '\0') {
            return Err(RuleError::Syntax);
        }
        self.note(name, allow);
        Ok(())
    }

    /// `+command|subcommand`, or `+command|argument` of a command that has no subcommands.
    fn allow_part(
        &mut self,
        name: &str,
        command: &str,
        first: &str,
        registry: &Registry,
    ) -> Result<(), RuleError> {
        let Some(whole) = registry.lookup(command.as_bytes()) else {
            return self.apply_absent(name, true);
        };
        if whole.container.is_some() {
            return Err(RuleError::FirstArgumentOfSubcommand);
        }
        // A blank would part the rule in two where it is written down.
        if first.is_empty() || first.contains(|c: char| c.is_ascii_whitespace() || c == '\0') {
            return Err(RuleError::Syntax);
        }
        if whole.spec.flags.has(Flags::CONTAINER) {
            let part = registry.lookup(name.as_bytes()).ok_or(RuleError::Unknown)?;
            self.set(part, true, registry);
        } else {
            log::warn!(
                "Deprecation warning: Allowing a first arg of an otherwise blocked command is a misuse of ACL and \
                 may get disabled in the future (offender: +{name})"
            );
            let entry = (whole.number, first.to_ascii_lowercase().into_bytes());
            if !self.first_arguments.contains(&entry) {
                self.first_arguments.push(entry);
            }
        }
        self.note(name, true);
        Ok(())
    }

    fn apply_category(
        &mut self,
        category: &str,
        allow: bool,
        registry: &Registry,
    ) -> Result<(), RuleError> {
        if !Categories::is_known(category) {
            return Err(RuleError::Unknown);
        }
        self.note(&format!("@{category}"), allow);
        for command in registry.commands() {
            if Categories::of(command.spec).contains(category) {
                self.set(command, allow, registry);
            }
        }
        Ok(())
    }

    /// Sets the bits of a command and its subcommands.
    fn set(&mut self, command: &Command, allow: bool, registry: &Registry) {
        self.first_arguments
            .retain(|(number, _)| *number != command.number);
        self.all &= allow;
        let with_subcommands = core::iter::once(command).chain(registry.subcommands(command));
        for command in with_subcommands {
            let (word, bit) = (command.number / 64, 1 << (command.number % 64));
            if allow {
                self.bits[usize::from(word)] |= bit;
            } else {
                self.bits[usize::from(word)] &= !bit;
            }
        }
    }

    /// Writes a rule down, in place of the earlier ones about the same command or its subcommands.
    fn note(&mut self, name: &str, allow: bool) {
        let name = name.to_ascii_lowercase();
        self.rules.retain(|rule| {
            let rest = rule[1..].strip_prefix(&*name);
            !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('|'))
        });
        let sign = if allow { '+' } else { '-' };
        self.rules.push(format!("{sign}{name}"));
    }

    /// Whether a request's command is allowed.
    pub(super) fn allow(&self, command: &Command, args: &Args<'_>) -> bool {
        if self.all || command.spec.flags.has(Flags::NO_AUTH) {
            return true;
        }
        let (word, bit) = (command.number / 64, 1 << (command.number % 64));
        if self.bits[usize::from(word)] & bit != 0 {
            return true;
        }
        self.first_arguments.iter().any(|(number, first)| {
            *number == command.number && args.len() > 1 && args.at(1).eq_ignore_ascii_case(first)
        })
    }

    /// The rules as one text.
    pub(super) fn describe(&self) -> String {
        let mut text = if self.began_with_all {
            "+@all"
        } else {
            "-@all"
        }
        .to_owned();
        for rule in &self.rules {
            text.push(' ');
            text.push_str(rule);
        }
        text
    }
}
