//! Finds a command's row by its name, in any case.
//!
//! Names of up to 16 bytes, nearly all, are folded to lower case in one 128-bit word and looked up in an
//! open-addressed table; longer ones are compared one by one. Every command and subcommand has a number, by which
//! statistics are kept.

use super::args::Args;
use super::spec::{CommandSpec, Flags};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Slots of the name table: a power of two, several times the number of commands.
const SLOTS: usize = 2048;
const SHORT: usize = 16;

/// A command or subcommand that can run.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// Its row.
    pub spec: &'static CommandSpec,
    /// The container of a subcommand.
    pub container: Option<&'static CommandSpec>,
    /// Its number, below [`Registry::len`].
    pub number: u16,
    /// The numbers of its subcommands follow its own.
    subcommands: u16,
}

impl Command {
    /// Whether it is EXEC, which stands for all that it runs.
    pub fn is_exec(&self) -> bool {
        self.spec.name == "exec" && self.container.is_none()
    }

    /// The name that errors and statistics show: `get`, `client|list`.
    pub fn full_name(&self) -> String {
        match self.container {
            Some(container) => format!("{}|{}", container.name, self.spec.name),
            None => self.spec.name.into(),
        }
    }
}

/// What a request's first words name.
#[derive(Clone, Copy, Debug)]
pub enum Found<'r> {
    /// A command or subcommand.
    Command(&'r Command),
    /// A container, with a second word that it does not know.
    UnknownSubcommand(&'r Command),
    /// Nothing known.
    Unknown,
}

/// The command table.
pub struct Registry {
    /// Folded name and number; `u16::MAX` marks a free slot.
    slots: Vec<(u128, u16)>,
    long: Vec<u16>,
    commands: Vec<Command>,
    families: &'static [&'static [CommandSpec]],
}

const FREE: u16 = u16::MAX;

impl Registry {
    /// A table of all rows of `families`.
    pub fn new(families: &'static [&'static [CommandSpec]]) -> Self {
        let mut registry = Registry {
            slots: alloc::vec![(0, FREE); SLOTS],
            long: Vec::new(),
            commands: Vec::new(),
            families,
        };
        for spec in families.iter().flat_map(|family| family.iter()) {
            registry.add(spec);
        }
        registry
    }

    fn add(&mut self, spec: &'static CommandSpec) {
        let number = self.commands.len() as u16;
        let subcommands = spec.subcommands.len() as u16;
        self.commands.push(Command {
            spec,
            container: None,
            number,
            subcommands,
        });
        for sub in spec.subcommands {
            let number = self.commands.len() as u16;
            let container = Some(spec);
            self.commands.push(Command {
                spec: sub,
                container,
                number,
                subcommands: 0,
            });
        }
        match fold(spec.name.as_bytes()) {
            None => self.long.push(number),
            Some(word) => {
                let mut at = slot_of(word);
                while self.slots[at].1 != FREE {
                    at = (at + 1) % SLOTS;
                }
                self.slots[at] = (word, number);
            }
        }
    }

    /// The commands in table order, containers included, without subcommands.
    pub fn specs(&self) -> impl Iterator<Item = &'static CommandSpec> + use<> {
        self.families.iter().flat_map(|family| family.iter())
    }

    /// How many commands and subcommands there are.
    pub fn len(&self) -> usize {
        self.commands.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// The command or subcommand with this number.
    #[inline]
    pub fn by_number(&self, number: u16) -> Option<&Command> {
        self.commands.get(usize::from(number))
    }

    /// All commands and subcommands, in order of their numbers.
    pub fn commands(&self) -> &[Command] {
        &self.commands
    }

    /// The subcommands of a command.
    pub fn subcommands(&self, command: &Command) -> &[Command] {
        let first = usize::from(command.number) + 1;
        &self.commands[first..first + usize::from(command.subcommands)]
    }

    /// The command or subcommand of a full name: `get`, `client|list`.
    pub fn lookup(&self, name: &[u8]) -> Option<&Command> {
        let mut words = name.split(|&byte| byte == b'|');
        let command = self.command(words.next()?)?;
        match (words.next(), words.next()) {
            (None, _) => Some(command),
            (Some(word), None) => self.subcommand(command, word),
            _ => None,
        }
    }

    #[inline]
    fn subcommand(&self, command: &Command, word: &[u8]) -> Option<&Command> {
        let mut subcommands = self.subcommands(command).iter();
        subcommands.find(|sub| sub.spec.name.as_bytes().eq_ignore_ascii_case(word))
    }

    /// The command of this name.
    #[inline]
    pub fn command(&self, name: &[u8]) -> Option<&Command> {
        let Some(word) = fold(name) else {
            return self.long_command(name);
        };
        let mut at = slot_of(word);
        loop {
            match self.slots[at] {
                (_, FREE) => return None,
                (own, number) if own == word => return self.commands.get(usize::from(number)),
                _ => at = (at + 1) % SLOTS,
            }
        }
    }

    fn long_command(&self, name: &[u8]) -> Option<&Command> {
        let mut long = self
            .long
            .iter()
            .filter_map(|&number| self.commands.get(usize::from(number)));
        long.find(|command| command.spec.name.as_bytes().eq_ignore_ascii_case(name))
    }

    /// What the first words of a request name.
    #[inline]
    pub fn find(&self, args: &Args<'_>) -> Found<'_> {
        let Some(command) = self.command(args.at(0)) else {
            return Found::Unknown;
        };
        if !command.spec.flags.has(Flags::CONTAINER) {
            return Found::Command(command);
        }
        let Some(word) = args.get(1) else {
            return Found::Command(command);
        };
        match self.subcommand(command, word) {
            Some(sub) => Found::Command(sub),
            // A container that works without a subcommand, such as COMMAND, takes none that it does not know.
            None => Found::UnknownSubcommand(command),
        }
    }
}

/// A short name in lower case as one word; loads of fixed sizes, overlapping in the middle, since nearly every request
/// comes through here.
#[inline]
fn fold(name: &[u8]) -> Option<u128> {
    let len = name.len();
    let word = match len {
        0 => 0,
        1..=3 => {
            let (middle, last) = (len / 2, len - 1);
            u128::from(name[0])
                | u128::from(name[middle]) << (8 * middle)
                | u128::from(name[last]) << (8 * last)
        }
        4..=7 => {
            let high = load::<4>(&name[len - 4..]) >> (8 * (8 - len));
            load::<4>(name) | high << 32
        }
        8..=SHORT => {
            let high = load::<8>(&name[len - 8..]) >> (8 * (SHORT - len));
            load::<8>(name) | high << 64
        }
        _ => return None,
    };
    let mut bytes = word.to_le_bytes();
    bytes.make_ascii_lowercase();
    Some(u128::from_le_bytes(bytes))
}

/// The first `N` bytes as a little-endian number; `bytes` has at least as many.
#[inline]
fn load<const N: usize>(bytes: &[u8]) -> u128 {
    let mut word = [0; SHORT];
    word[..N].copy_from_slice(&bytes[..N]);
    u128::from_le_bytes(word)
}

#[inline]
fn slot_of(word: u128) -> usize {
    let mixed = (word as u64) ^ ((word >> 64) as u64).rotate_left(29);
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 53) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::FAMILIES;

    #[test]
    fn every_command_is_found_in_any_case() {
        let registry = Registry::new(FAMILIES);
        for spec in registry.specs() {
            let upper = spec.name.to_ascii_uppercase();
            assert!(core::ptr::eq(
                registry.command(upper.as_bytes()).unwrap().spec,
                spec
            ));
        }
        for len in 0..=SHORT {
            let name: Vec<u8> = (0..len as u8).map(|byte| b'A' + byte).collect();
            let mut padded = [0; SHORT];
            padded[..len].copy_from_slice(&name.to_ascii_lowercase());
            assert_eq!(fold(&name), Some(u128::from_le_bytes(padded)));
        }
        assert!(registry.command(b"nosuchcommand").is_none());
        assert!(registry.command(b"").is_none());
        assert!(registry.command(&[b'x'; 100]).is_none());
    }
}
