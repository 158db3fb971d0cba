//! Checking a log without running it, and cutting it where it cannot be used: `rotom-server --check-aof`.
//!
//! Each file is taken apart as a load does it (`scan.rs`): batches by their checksums and numbers, commands by their
//! form, transactions by their ends. What is cut is kept in a file beside the log.

use super::files::{copy_part, join, read_whole, replace_file};
use super::load::start::continues_at;
use super::manifest::{FileKind, Manifest};
use super::scan::{Found, Scan};
use super::survey::Survey;
use crate::platform::{IoError, Storage};
use crate::resp::Span;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// What was found in one file.
#[derive(Clone, Debug, Default)]
pub struct CheckedFile {
    /// Its name.
    pub name: String,
    /// Whether it is an RDB file, whose contents are not looked at here.
    pub is_rdb: bool,
    /// Its length in bytes.
    pub len: u64,
    /// How many of them count, when the next file was begun after a failed sync.
    pub counted: Option<u64>,
    /// Batches with annotations, and the numbers of the first and last one.
    pub batches: u64,
    /// See `batches`.
    pub first_batch: u64,
    /// See `batches`.
    pub last_batch: u64,
    /// Commands, with and without a batch.
    pub commands: u64,
    /// Commands without a batch.
    pub without_batch: u64,
    /// What cannot be used.
    pub damage: Option<Damage>,
}

/// A part of a file that cannot be used.
#[derive(Clone, Debug)]
pub struct Damage {
    /// Offset of its first byte.
    pub offset: u64,
    /// Bytes from there on.
    pub len: u64,
    /// What is wrong.
    pub reason: String,
    /// What can still be read of it.
    pub rest: String,
}

impl fmt::Display for CheckedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} bytes", self.name, self.len)?;
        if let Some(counted) = self.counted {
            write!(f, ", of which {counted} count")?;
        }
        if self.is_rdb {
            return f.write_str(", an RDB file");
        }
        write!(f, ", {} commands", self.commands)?;
        if self.batches > 0 {
            let (count, first, last) = (self.batches, self.first_batch, self.last_batch);
            write!(f, ", {count} batches (numbers {first} to {last})")?;
            if self.without_batch > 0 {
                write!(f, ", {} commands without a batch", self.without_batch)?;
            }
        }
        let Some(damage) = &self.damage else {
            return f.write_str(": ok");
        };
        let Damage {
            offset,
            len,
            reason,
            rest,
        } = damage;
        write!(f, ": damaged at offset {offset}")?;
        if self.last_batch > 0 {
            write!(f, ", after batch {}", self.last_batch)?;
        }
        write!(f, ": {reason}; {len} bytes cannot be used ({rest})")
    }
}

/// A log that was checked.
#[derive(Debug)]
pub struct CheckedLog {
    folder: String,
    manifest_name: String,
    manifest: Manifest,
    /// The files up to the first that is damaged, base first.
    pub files: Vec<CheckedFile>,
    /// Files after a damaged one, which were not looked at.
    pub unchecked: Vec<String>,
}

impl CheckedLog {
    /// Whether everything can be used.
    pub fn is_good(&self) -> bool {
        self.files.iter().all(|file| file.damage.is_none())
    }
}

/// Checks the log of the manifest `manifest_name` in `folder` (empty: the storage's root). `Err` is why that cannot be done.
pub fn check_log<S: Storage>(
    storage: &mut S,
    folder: &str,
    manifest_name: &str,
) -> Result<CheckedLog, String> {
    let path = join(folder, manifest_name);
    let text = read_whole(storage, &path).map_err(|error| format!("{path}: {error}"))?;
    let manifest = Manifest::parse(&text).map_err(|reason| format!("{path}: {reason}"))?;
    let parts = manifest.base().into_iter().chain(manifest.increments());
    let parts: Vec<_> = parts.cloned().collect();
    let mut log = CheckedLog {
        folder: folder.into(),
        manifest_name: manifest_name.into(),
        manifest,
        files: Vec::new(),
        unchecked: Vec::new(),
    };
    let mut sequence = 0;
    for (number, part) in parts.iter().enumerate() {
        if !log.is_good() {
            log.unchecked.push(part.name.clone());
            continue;
        }
        let counted = match parts.get(number + 1) {
            Some(next) => continues_at(storage, &join(folder, &next.name))
                .map_err(|error| format!("{}: {error}", next.name))?,
            None => None,
        };
        let file = check_file(storage, folder, &part.name, counted, &mut sequence)
            .map_err(|error| format!("{}: {error}", part.name))?;
        log.files.push(file);
    }
    Ok(log)
}

/// Checks one file of a log. `sequence`: the number of the last batch before it; becomes that of its own last one.
pub fn check_file<S: Storage>(
    storage: &mut S,
    folder: &str,
    name: &str,
    counted: Option<u64>,
    sequence: &mut u64,
) -> Result<CheckedFile, IoError> {
    let path = join(folder, name);
    let len = storage.file_len(&path)?;
    let mut file = CheckedFile {
        name: name.into(),
        len,
        counted,
        ..CheckedFile::default()
    };
    let mut head = [0; 6];
    let count = storage.read_at(&path, 0, &mut head)?;
    file.is_rdb = head[..count].starts_with(b"REDIS") || &head[..count] == b"VALKEY";
    if file.is_rdb {
        return Ok(file);
    }
    let end = counted.unwrap_or(len);
    let mut walk = Walk {
        scan: Scan::new(end.min(len), *sequence),
        file: &mut file,
        multi_at: None,
        bad_at: None,
    };
    let trouble = if end > len {
        Some(format!("the next file goes on at offset {end}"))
    } else {
        walk.go_to_the_end(storage, &path)?
    };
    let offset = if end > len { len } else { walk.usable() };
    *sequence = walk.scan.sequence();
    if let Some(reason) = trouble {
        let rest = Survey::of(storage, &path, offset, end.min(len), *sequence)?;
        file.damage = Some(Damage {
            offset,
            len: end.min(len) - offset,
            reason,
            rest: format!("{rest}"),
        });
    }
    Ok(file)
}

/// A file that is being read.
struct Walk<'f> {
    scan: Scan,
    file: &'f mut CheckedFile,
    /// Where a transaction without a batch began that is not ended yet.
    multi_at: Option<u64>,
    /// Where a command begins that does not belong there.
    bad_at: Option<u64>,
}

impl Walk<'_> {
    fn usable(&self) -> u64 {
        let position = self.scan.position();
        self.multi_at
            .or(self.bad_at)
            .or(self.scan.batch_start())
            .unwrap_or(position)
    }

    /// What is wrong, if something is.
    fn go_to_the_end<S: Storage>(
        &mut self,
        storage: &mut S,
        path: &str,
    ) -> Result<Option<String>, IoError> {
        let mut spans = Vec::new();
        let torn = "the file ends before this is complete";
        loop {
            spans.clear();
            match self.scan.next(&mut spans) {
                Ok(Found::More) => {
                    let (offset, room) = self.scan.room();
                    let count = storage.read_at(path, offset, room)?;
                    self.scan.filled(count);
                }
                Ok(Found::Line) => {}
                Ok(Found::Batch) => {
                    let number = self.scan.sequence();
                    self.file.batches += 1;
                    if self.file.first_batch == 0 {
                        self.file.first_batch = number;
                    }
                    self.file.last_batch = number;
                    if self.multi_at.is_some() {
                        return Ok(Some("a batch begins within a transaction".into()));
                    }
                }
                Ok(Found::Command { at, .. }) => {
                    if let Err(reason) = self.command(at, &spans) {
                        self.bad_at = Some(self.scan.offset_of(at));
                        return Ok(Some(reason));
                    }
                }
                Ok(Found::End) if self.multi_at.is_none() => return Ok(None),
                Ok(Found::End) => return Ok(Some("a transaction is not ended".into())),
                Ok(Found::Torn) => return Ok(Some(torn.into())),
                Err(reason) => return Ok(Some(reason)),
            }
        }
    }

    fn command(&mut self, at: usize, spans: &[Span]) -> Result<(), String> {
        self.file.commands += 1;
        if self.scan.is_in_batch() {
            return Ok(());
        }
        self.file.without_batch += 1;
        let [name] = spans else {
            return match spans {
                [] => Err("an empty command".into()),
                _ => Ok(()),
            };
        };
        let name = &self.scan.from(at)[name.range()];
        let offset = self.scan.offset_of(at);
        if name.eq_ignore_ascii_case(b"MULTI") {
            match self.multi_at {
                Some(_) => return Err("MULTI within a transaction".into()),
                None => self.multi_at = Some(offset),
            }
        } else if name.eq_ignore_ascii_case(b"EXEC") && self.multi_at.take().is_none() {
            return Err("EXEC without MULTI".into());
        }
        Ok(())
    }
}

/// Cuts the log where it is damaged: the damaged file there, and the files after it out of the manifest. What is cut is kept
/// in files whose names end in `.cut-at-<offset>`. `say` is told of each step. Does nothing to a good log.
pub fn fix_log<S: Storage>(
    storage: &mut S,
    log: &CheckedLog,
    say: &mut dyn FnMut(String),
) -> Result<(), String> {
    let damaged = log.files.iter().find(|file| file.damage.is_some());
    let Some((file, damage)) = damaged.and_then(|file| Some((file, file.damage.as_ref()?))) else {
        return Ok(());
    };
    if !log.unchecked.is_empty() {
        // What comes after a gap cannot be applied: those files leave the log first.
        let mut manifest = log.manifest.clone();
        manifest
            .files
            .retain(|file| file.kind == FileKind::History || !log.unchecked.contains(&file.name));
        let path = join(&log.folder, &log.manifest_name);
        let temporary = join(&log.folder, &format!("temp-{}", log.manifest_name));
        replace_file(storage, &temporary, &path, manifest.text().as_bytes())
            .map_err(|error| format!("{path}: {error}"))?;
        for name in &log.unchecked {
            let kept = free_name(storage, &log.folder, name, 0);
            storage
                .rename_durable(&join(&log.folder, name), &join(&log.folder, &kept))
                .map_err(|error| format!("{name}: {error}"))?;
            say(format!("{name} left the manifest and is kept as {kept}"));
        }
    }
    cut(storage, &log.folder, file, damage, say)
}

/// Cuts one file where it is damaged.
pub fn cut<S: Storage>(
    storage: &mut S,
    folder: &str,
    file: &CheckedFile,
    damage: &Damage,
    say: &mut dyn FnMut(String),
) -> Result<(), String> {
    let (name, offset) = (&file.name, damage.offset);
    let path = join(folder, name);
    let kept = free_name(storage, folder, name, offset);
    if offset < file.len {
        copy_part(storage, &path, offset, file.len, &join(folder, &kept))
            .map_err(|error| format!("{kept}: {error}"))?;
        storage
            .truncate(&path, offset)
            .map_err(|error| format!("{name}: {error}"))?;
        let cut = file.len - offset;
        say(format!(
            "{name} is cut to {offset} bytes; the {cut} bytes behind are kept in {kept}"
        ));
    }
    Ok(())
}

/// A name for what is cut of `name` that no file has.
fn free_name<S: Storage>(storage: &mut S, folder: &str, name: &str, offset: u64) -> String {
    let first = format!("{name}.cut-at-{offset}");
    let mut candidate = first.clone();
    let mut number = 2;
    while storage.file_len(&join(folder, &candidate)).is_ok() {
        candidate = format!("{first}.{number}");
        number += 1;
    }
    candidate
}
