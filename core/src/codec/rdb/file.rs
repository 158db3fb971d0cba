//! Reading a file that comes in pieces.
//!
//! The caller fills [`FileReader::room`] and asks [`FileReader::next`] for what the bytes hold, until that is [`Event::More`]
//! again. The buffer holds what is not used up yet: it grows only by bytes that came, to the size of the longest string.

use super::crc64;
use super::decode::{Decoder, Loaded, Rooms};
use super::input::{Input, Stop};
use super::kind::{self, Kind, Unread, opcode};
use super::write::Usage;
use crate::value::EncodingLimits;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Bytes of "REDIS0010".
const HEAD: usize = 9;
/// The first version with a checksum at its end.
const VERSION_CHECKSUM: u16 = 5;
/// How much is read at once.
const ROOM: usize = 128 * 1024;

/// What a file holds next.
pub enum Event<'t> {
    /// Nothing, until more bytes are there: so many at least.
    More(u64),
    /// Something the file tells about itself.
    Aux(&'t [u8], &'t [u8]),
    /// The database that follows.
    Select(u64),
    /// How many keys the database has, and how many of them expire; a claim.
    Sizes(u64, u64),
    /// A key.
    Key(KeyRead<'t>),
    /// Something that Rotom has no use for was passed over.
    Skipped(Skipped),
    /// The end, and whether a checksum confirmed it. What follows is no part of the file.
    End {
        /// Whether there was one.
        is_summed: bool,
    },
}

/// What is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// A library of functions.
    Function,
    /// What a module keeps outside of keys.
    ModuleData,
}

/// A key with its value.
pub struct KeyRead<'t> {
    /// Its name.
    pub key: &'t [u8],
    /// When it expires, Unix milliseconds.
    pub expiry_ms: Option<u64>,
    /// How recently or often it was used.
    pub usage: Option<Usage>,
    /// Its value.
    pub value: Loaded<'t>,
}

/// A file is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where what cannot be read begins.
    pub offset: u64,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at offset {}", self.reason, self.offset)
    }
}

/// What comes next.
#[allow(
    clippy::large_enum_variant,
    reason = "a reader has one of them, and a box for each value would cost more"
)]
enum Phase {
    Head,
    Opcode,
    Value(Decoder),
    ModuleData,
    End,
    Over,
}

/// The reader. See the module's head.
pub struct FileReader {
    buffer: Vec<u8>,
    /// Bytes of the buffer that are filled, used up, and summed up.
    end: usize,
    at: usize,
    summed: usize,
    /// Offset of the buffer's first byte in the file.
    offset: u64,
    crc: u64,
    verify: bool,
    version: u16,
    phase: Phase,
    key: Vec<u8>,
    expiry_ms: Option<u64>,
    usage: Option<Usage>,
    rooms: (Rooms, Vec<u8>, Vec<u8>),
}

impl FileReader {
    /// At the first byte of a file. `verify`: whether the checksum is computed (`rdbchecksum`).
    pub fn new(verify: bool) -> Self {
        FileReader {
            buffer: Vec::new(),
            end: 0,
            at: 0,
            summed: 0,
            offset: 0,
            crc: 0,
            verify,
            version: 0,
            phase: Phase::Head,
            key: Vec::new(),
            expiry_ms: None,
            usage: None,
            rooms: Default::default(),
        }
    }

    /// The offset in the file of the byte that comes next.
    pub fn position(&self) -> u64 {
        self.offset + self.at as u64
    }

    /// The offset of the bytes to be read next, and room for them.
    pub fn room(&mut self) -> (u64, &mut [u8]) {
        self.sum_up();
        self.buffer.copy_within(self.at..self.end, 0);
        self.offset += self.at as u64;
        self.end -= self.at;
        (self.at, self.summed) = (0, 0);
        // As much again as is there already, so that a long string is not moved about for each piece of it.
        let len = self.end + ROOM.max(self.end);
        if self.buffer.len() < len {
            self.buffer.resize(len, 0);
        }
        let offset = self.offset + self.end as u64;
        (offset, &mut self.buffer[self.end..len])
    }

    /// Tells how many bytes were put into the room.
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.buffer.len());
    }

    /// Bytes behind the file's end that are in the buffer already.
    pub fn surplus(&self) -> &[u8] {
        &self.buffer[self.at..self.end]
    }

    /// What comes next.
    pub fn next(&mut self, limits: &EncodingLimits) -> Result<Event<'_>, Damage> {
        while !matches!(self.phase, Phase::Value(_)) {
            match self.step() {
                Ok(None) => {}
                Ok(Some(Found::Aux)) => return Ok(Event::Aux(&self.rooms.1, &self.rooms.2)),
                Ok(Some(Found::Select(db))) => return Ok(Event::Select(db)),
                Ok(Some(Found::Sizes(keys, volatile))) => return Ok(Event::Sizes(keys, volatile)),
                Ok(Some(Found::Skipped(what))) => return Ok(Event::Skipped(what)),
                Ok(Some(Found::End(is_summed))) => return Ok(Event::End { is_summed }),
                Err(Wrong::Stop(Stop::More(count))) => return Ok(Event::More(count)),
                Err(Wrong::Stop(Stop::Bad(reason))) => return Err(self.damage(reason.into())),
                Err(Wrong::Said(reason)) => return Err(self.damage(reason)),
            }
        }
        self.read_value(limits)
    }

    fn read_value(&mut self, limits: &EncodingLimits) -> Result<Event<'_>, Damage> {
        let Phase::Value(decoder) = &mut self.phase else {
            return Ok(Event::More(0));
        };
        let mut input = Input::new(&self.buffer[self.at..self.end]);
        let value = decoder.read(&mut input, &mut self.rooms.0, limits);
        self.at += input.position();
        match value {
            Ok(value) => {
                self.phase = Phase::Opcode;
                Ok(Event::Key(KeyRead {
                    key: &self.key,
                    expiry_ms: self.expiry_ms.take(),
                    usage: self.usage.take(),
                    value,
                }))
            }
            Err(Stop::More(count)) => Ok(Event::More(count)),
            Err(Stop::Bad(reason)) => Err(Damage {
                offset: self.offset + self.at as u64,
                reason: format!("{reason}, in the value of key '{}'", Printed(&self.key)),
            }),
        }
    }

    fn damage(&self, reason: String) -> Damage {
        let offset = self.position();
        Damage { offset, reason }
    }

    /// Takes one step that is not part of a value. Its bytes are used up only if it succeeds.
    fn step(&mut self) -> Result<Option<Found>, Wrong> {
        let mut input = Input::new(&self.buffer[self.at..self.end]);
        let found = match self.phase {
            Phase::Head => {
                self.version = read_head(&mut input)?;
                self.phase = Phase::Opcode;
                None
            }
            Phase::ModuleData => {
                if !skip_module_part(&mut input)? {
                    None
                } else {
                    self.phase = Phase::Opcode;
                    Some(Found::Skipped(Skipped::ModuleData))
                }
            }
            Phase::End => {
                let stated = input.u64()?;
                self.phase = Phase::Over;
                let is_summed = self.verify && stated != 0;
                if is_summed && stated != self.crc {
                    let expected = self.crc;
                    return Err(Wrong::Said(format!(
                        "Wrong RDB checksum expected: ({expected:x}) but got ({stated:x})"
                    )));
                }
                Some(Found::End(is_summed))
            }
            Phase::Opcode => {
                let code = input.byte()?;
                if Kind::is_value(code) {
                    self.begin_value(code)?;
                    return Ok(None);
                }
                return self.read_opcode(code);
            }
            Phase::Value(_) | Phase::Over => return Err(Stop::More(0).into()),
        };
        self.at += input.position();
        Ok(found)
    }

    fn begin_value(&mut self, code: u8) -> Result<(), Wrong> {
        let mut input = Input::new(&self.buffer[self.at + 1..self.end]);
        let key = input.bytes(&mut self.rooms.1)?;
        self.key.clear();
        self.key.extend_from_slice(key);
        let kind = Kind::of(code, self.version).map_err(|unread| {
            let key = Printed(&self.key);
            Wrong::Said(match unread {
                Unread::Stream => {
                    format!("Key '{key}' holds a stream, which Rotom cannot load yet")
                }
                Unread::Module => {
                    format!("Key '{key}' holds a value of a module, which Rotom cannot load")
                }
                Unread::Unknown => format!("Key '{key}' holds a value of the unknown type {code}"),
            })
        })?;
        self.at += 1 + input.position();
        self.phase = Phase::Value(Decoder::new(kind));
        Ok(())
    }

    fn read_opcode(&mut self, code: u8) -> Result<Option<Found>, Wrong> {
        let mut input = Input::new(&self.buffer[self.at + 1..self.end]);
        let mut next = Phase::Opcode;
        let found = match code {
            opcode::AUX => {
                copy_text(&mut input, &mut self.rooms.1)?;
                copy_text(&mut input, &mut self.rooms.2)?;
                Some(Found::Aux)
            }
            opcode::SELECTDB => Some(Found::Select(input.length()?)),
            opcode::RESIZEDB => Some(Found::Sizes(input.length()?, input.length()?)),
            opcode::EXPIRETIME_MS => {
                self.expiry_ms = Some(input.u64()?);
                None
            }
            opcode::EXPIRETIME => {
                let seconds = u32::from_le_bytes(input.array()?);
                self.expiry_ms = Some(u64::from(seconds) * 1000);
                None
            }
            opcode::IDLE => {
                self.usage = Some(Usage::IdleSeconds(input.length()?));
                None
            }
            opcode::FREQ => {
                self.usage = Some(Usage::Frequency(input.byte()?));
                None
            }
            opcode::SLOT_INFO => {
                for _ in 0..3 {
                    input.length()?;
                }
                None
            }
            opcode::SLOT_IMPORT => {
                input.skip_text()?;
                for _ in 0..input.length()? {
                    input.length()?;
                    input.length()?;
                }
                None
            }
            opcode::FUNCTION2 => {
                input.skip_text()?;
                Some(Found::Skipped(Skipped::Function))
            }
            opcode::MODULE_AUX => {
                input.length()?;
                next = Phase::ModuleData;
                None
            }
            opcode::EOF if self.version < VERSION_CHECKSUM => {
                next = Phase::Over;
                Some(Found::End(false))
            }
            opcode::EOF => {
                next = Phase::End;
                None
            }
            _ => return Err(Stop::Bad("functions of a release candidate of Redis 7.0").into()),
        };
        self.at += 1 + input.position();
        self.phase = next;
        self.sum_up();
        Ok(found)
    }

    /// Adds what was used up to the checksum.
    fn sum_up(&mut self) {
        let is_part = !matches!(self.phase, Phase::Over);
        if self.verify && is_part {
            self.crc = crc64::update(self.crc, &self.buffer[self.summed..self.at]);
        }
        self.summed = self.at;
    }
}

/// What a step found.
enum Found {
    Aux,
    Select(u64),
    Sizes(u64, u64),
    Skipped(Skipped),
    End(bool),
}

enum Wrong {
    Stop(Stop),
    Said(String),
}

impl From<Stop> for Wrong {
    fn from(stop: Stop) -> Self {
        Wrong::Stop(stop)
    }
}

/// The version, of a file whose version is read.
fn read_head(input: &mut Input<'_>) -> Result<u16, Wrong> {
    let head: [u8; HEAD] = input.array()?;
    if !head.starts_with(b"REDIS0") && !head.starts_with(b"VALKEY") {
        return Err(Wrong::Said(
            "Wrong signature trying to load DB from file".into(),
        ));
    }
    let digits = core::str::from_utf8(&head[6..]).ok();
    let version = digits.and_then(|digits| digits.parse().ok()).unwrap_or(0);
    if !kind::is_version_read(version) {
        return Err(Wrong::Said(format!(
            "Can't handle RDB format version {version}"
        )));
    }
    Ok(version)
}

fn copy_text(input: &mut Input<'_>, into: &mut Vec<u8>) -> Result<(), Stop> {
    let mut room = Vec::new();
    let text = input.bytes(&mut room)?;
    into.clear();
    into.extend_from_slice(text);
    Ok(())
}

/// Passes over a part of what a module wrote; `true` at its end.
fn skip_module_part(input: &mut Input<'_>) -> Result<bool, Stop> {
    match input.length()? {
        0 => return Ok(true),
        1 | 2 => drop(input.length()?),
        3 => drop(input.take(4)?),
        4 => drop(input.take(8)?),
        5 => input.skip_text()?,
        _ => return Err(Stop::Bad("data of a module that are none")),
    }
    Ok(false)
}

/// A key in a message.
struct Printed<'a>(&'a [u8]);

impl fmt::Display for Printed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 128;
        write!(f, "{}", self.0[..self.0.len().min(MOST)].escape_ascii())?;
        f.write_str(if self.0.len() > MOST { "..." } else { "" })
    }
}
