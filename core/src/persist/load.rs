//! Loading the log at the start: the manifest's files in order, each command run as it was logged.
//!
//! A last file that ends in the middle of a command, or of a transaction, is cut there and the cut reported, when
//! `aof-load-truncated` is on. Damage anywhere else, a file that is missing, or one that is no AOF stops the start with file
//! and offset: nothing is ever skipped silently.

use super::aof::Aof;
use super::manifest::{FileKind, Manifest};
use super::takeover::CONTINUES;
use crate::command::{Args, ClientState};
use crate::platform::{AppendFile, IoError, Storage};
use crate::resp::{Limits, Progress, RequestParser, Span};
use crate::session::Shared;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// How much is read at once.
const READ_BYTES: usize = 1 << 20;
/// How often progress is logged, microseconds.
const PROGRESS_PERIOD_US: u64 = 1_000_000;
/// Arguments of the log may be as long as they were when they were logged.
const LIMITS: Limits = Limits {
    max_bulk_bytes: u32::MAX as u64,
    unauthenticated: false,
};

/// Why the server cannot start from its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// A file cannot be read or written.
    Io {
        /// The file, relative to the data directory.
        file: String,
        /// The failure.
        error: IoError,
    },
    /// The manifest is damaged.
    Manifest(String),
    /// A file does not hold what it should.
    Damaged {
        /// The file, relative to the data directory.
        file: String,
        /// Offset of the first byte that cannot be used.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Io { file, error } => {
                write!(
                    f,
                    "Fatal error: can't open the append log file {file}: {error}"
                )
            }
            LoadError::Manifest(reason) => write!(f, "Error loading the AOF manifest: {reason}"),
            LoadError::Damaged {
                file,
                offset,
                reason,
            } => write!(
                f,
                "Bad file format reading the append only file {file} at offset {offset}: {reason}. Make a backup of \
                 your AOF file, then use redis-check-aof --fix on its manifest"
            ),
        }
    }
}

/// What a file came to.
struct Loaded {
    /// Bytes that were used.
    bytes: u64,
    /// Bytes of the file.
    len: u64,
    commands: u64,
}

impl<S: Storage> Aof<S> {
    /// Loads everything the manifest names into `shared`, and opens the last file for appending; makes a new log where
    /// there is none. `now_us` gives monotonic time, for progress lines.
    pub fn load(
        &mut self,
        shared: &mut Shared,
        now_us: &mut dyn FnMut() -> u64,
    ) -> Result<(), LoadError> {
        let folder = self.folder.clone();
        self.storage
            .create_folder(&folder)
            .map_err(|error| io(&folder, error))?;
        match self.read_manifest()? {
            Some(manifest) => self.load_files(manifest, shared, now_us)?,
            None => self.begin_new()?,
        }
        shared.keys.effects.set_enabled(true);
        Ok(())
    }

    fn begin_new(&mut self) -> Result<(), LoadError> {
        let increment = self.next_increment(1);
        let path = self.path(&increment.name);
        let mut file = self
            .storage
            .create(&path)
            .map_err(|error| io(&path, error))?;
        file.sync_now().map_err(|error| io(&path, error))?;
        self.manifest.files.push(increment);
        let manifest = self.manifest.clone();
        let name = self.path(&self.manifest_name());
        self.write_manifest(&manifest)
            .map_err(|error| io(&name, error))?;
        log::info!("Creating AOF incr file {path} on server start");
        self.opened(file, 0);
        Ok(())
    }

    fn read_manifest(&mut self) -> Result<Option<Manifest>, LoadError> {
        let path = self.path(&self.manifest_name());
        let text = match self.read_whole(&path) {
            Ok(text) => text,
            Err(IoError::NOT_FOUND) => return Ok(None),
            Err(error) => return Err(io(&path, error)),
        };
        Manifest::parse(&text)
            .map(Some)
            .map_err(LoadError::Manifest)
    }

    fn read_whole(&mut self, path: &str) -> Result<Vec<u8>, IoError> {
        let len = self.storage.file_len(path)?;
        // A manifest has a line a file; anything large is none.
        let mut text = alloc::vec![0; len.min(READ_BYTES as u64) as usize];
        let mut done = 0;
        while done < text.len() {
            match self.storage.read_at(path, done as u64, &mut text[done..])? {
                0 => break,
                count => done += count,
            }
        }
        text.truncate(done);
        Ok(text)
    }

    fn load_files(
        &mut self,
        manifest: Manifest,
        shared: &mut Shared,
        now_us: &mut dyn FnMut() -> u64,
    ) -> Result<(), LoadError> {
        let names: Vec<String> = manifest
            .base()
            .into_iter()
            .chain(manifest.increments())
            .map(|file| self.path(&file.name))
            .collect();
        let start_us = now_us();
        let (mut total, mut commands) = (0, 0);
        shared.keys.loading = true;
        for (number, path) in names.iter().enumerate() {
            let counted = match names.get(number + 1) {
                Some(next) => self.continues_at(next)?,
                None => None,
            };
            let is_last = number + 1 == names.len();
            let loaded = self.load_file(path, counted, is_last, shared, now_us)?;
            self.cut_tail(path, &loaded, counted, is_last, shared)?;
            total += loaded.bytes;
            commands += loaded.commands;
        }
        shared.keys.loading = false;
        let seconds = now_us().saturating_sub(start_us) as f64 / 1e6;
        log::info!(
            "DB loaded from append only file: {seconds:.3} seconds, {commands} commands, {total} bytes"
        );
        self.open_last(manifest, &names, total)
    }

    /// Opens the last increment to go on with it; a manifest without one gets a new file.
    fn open_last(
        &mut self,
        manifest: Manifest,
        names: &[String],
        total: u64,
    ) -> Result<(), LoadError> {
        self.manifest = manifest;
        let last = self
            .manifest
            .increments()
            .last()
            .map(|file| self.path(&file.name));
        let mut file = match last {
            Some(path) => self
                .storage
                .open_append(&path)
                .map_err(|error| io(&path, error))?,
            None => {
                let sequence = self.manifest.base().map_or(1, |base| base.sequence);
                let increment = self.next_increment(sequence);
                let path = self.path(&increment.name);
                let file = self
                    .storage
                    .create(&path)
                    .map_err(|error| io(&path, error))?;
                self.manifest.files.push(increment);
                let manifest = self.manifest.clone();
                self.write_manifest(&manifest)
                    .map_err(|error| io(&path, error))?;
                file
            }
        };
        let name = names.last().cloned().unwrap_or_default();
        file.sync_now().map_err(|error| io(&name, error))?;
        let older = total.saturating_sub(file.len());
        self.opened(file, older);
        self.remove_history();
        Ok(())
    }

    /// Files that a rewrite replaced, when the server ended before it removed them.
    fn remove_history(&mut self) {
        let is_history = |kind| kind == FileKind::History;
        let old: Vec<String> = self
            .manifest
            .files
            .iter()
            .filter(|file| is_history(file.kind))
            .map(|file| self.path(&file.name))
            .collect();
        if old.is_empty() {
            return;
        }
        let mut manifest = self.manifest.clone();
        manifest.files.retain(|file| !is_history(file.kind));
        if self.write_manifest(&manifest).is_ok() {
            self.manifest = manifest;
            for path in old {
                let _ = self.storage.remove(&path);
            }
        }
    }

    /// How many bytes of the file before `path` count, when `path` was begun after a failed sync.
    fn continues_at(&mut self, path: &str) -> Result<Option<u64>, LoadError> {
        let mut head = [0; 64];
        let mut len = 0;
        while len < head.len() {
            match self.storage.read_at(path, len as u64, &mut head[len..]) {
                Ok(0) => break,
                Ok(count) => len += count,
                Err(error) => return Err(io(path, error)),
            }
        }
        let text = core::str::from_utf8(&head[..len]).unwrap_or("");
        let line = text.split("\r\n").next().unwrap_or("");
        Ok(line
            .strip_prefix(CONTINUES)
            .and_then(|number| number.parse().ok()))
    }

    fn load_file(
        &mut self,
        path: &str,
        counted: Option<u64>,
        is_last: bool,
        shared: &mut Shared,
        now_us: &mut dyn FnMut() -> u64,
    ) -> Result<Loaded, LoadError> {
        let len = self
            .storage
            .file_len(path)
            .map_err(|error| io(path, error))?;
        let end = counted.map_or(len, |counted| counted.min(len));
        let mut reader = Replay::new(path, end);
        let mut said_us = now_us();
        loop {
            let room = reader.room();
            let wanted = room
                .len()
                .min(usize::try_from(end - reader.read_until).unwrap_or(usize::MAX));
            let count = if wanted == 0 {
                0
            } else {
                let offset = reader.read_until;
                let room = &mut reader.room()[..wanted];
                self.storage
                    .read_at(path, offset, room)
                    .map_err(|error| io(path, error))?
            };
            if count == 0 {
                break;
            }
            reader.filled(count);
            reader.run(shared)?;
            let now = now_us();
            if now.saturating_sub(said_us) >= PROGRESS_PERIOD_US {
                said_us = now;
                let percent = reader.read_until as f64 / end.max(1) as f64 * 100.0;
                log::info!(
                    "Loading {path}: {percent:.1}%, {} commands",
                    reader.commands
                );
            }
        }
        let loaded = Loaded {
            bytes: reader.usable(),
            len,
            commands: reader.commands,
        };
        if loaded.bytes < end && !is_last {
            return Err(LoadError::Damaged {
                file: path.into(),
                offset: loaded.bytes,
                reason: "Unexpected end of file in a file that is not the last".into(),
            });
        }
        Ok(loaded)
    }

    /// Cuts what a crash left at the end of a file, and says what went.
    fn cut_tail(
        &mut self,
        path: &str,
        loaded: &Loaded,
        counted: Option<u64>,
        is_last: bool,
        shared: &Shared,
    ) -> Result<(), LoadError> {
        if loaded.bytes == loaded.len {
            return Ok(());
        }
        let torn = is_last && counted.is_none();
        if torn && !shared.settings.aof_load_truncated {
            return Err(LoadError::Damaged {
                file: path.into(),
                offset: loaded.bytes,
                reason: "Unexpected end of file, and aof-load-truncated is off".into(),
            });
        }
        if torn {
            log::warn!(
                "!!! Warning: short read while loading the AOF file {path} !!! The last {} bytes, from offset {}, are \
                 no whole command and are cut off; {} commands before them are kept",
                loaded.len - loaded.bytes,
                loaded.bytes,
                loaded.commands,
            );
        }
        self.storage
            .truncate(path, loaded.bytes)
            .map_err(|error| io(path, error))
    }
}

fn io(file: &str, error: IoError) -> LoadError {
    LoadError::Io {
        file: file.into(),
        error,
    }
}

/// Reads commands from a file's bytes and runs them.
struct Replay<'p> {
    path: &'p str,
    buffer: Vec<u8>,
    /// Bytes of the buffer that hold something.
    len: usize,
    /// File offset of the buffer's start.
    offset: u64,
    /// File offset up to which bytes were read.
    read_until: u64,
    parser: RequestParser,
    spans: Vec<Span>,
    client: ClientState,
    /// A transaction whose EXEC has not been read: the file offset of its MULTI.
    multi_at: Option<u64>,
    /// The commands of that transaction, each as its arguments.
    queued: Vec<Vec<Vec<u8>>>,
    commands: u64,
    out: Vec<u8>,
}

impl<'p> Replay<'p> {
    fn new(path: &'p str, end: u64) -> Self {
        let mut client = ClientState::new(0, 0);
        client.name = String::from("loader");
        Replay {
            path,
            buffer: alloc::vec![0; READ_BYTES.min(end as usize + 1)],
            len: 0,
            offset: 0,
            read_until: 0,
            parser: RequestParser::default(),
            spans: Vec::new(),
            client,
            multi_at: None,
            queued: Vec::new(),
            commands: 0,
            out: Vec::new(),
        }
    }

    fn room(&mut self) -> &mut [u8] {
        if self.len == self.buffer.len() {
            let more = self.buffer.len() * 2;
            self.buffer.resize(more, 0);
        }
        &mut self.buffer[self.len..]
    }

    fn filled(&mut self, count: usize) {
        self.len += count;
        self.read_until += count as u64;
    }

    /// File offset up to which everything was used; an unfinished transaction does not count.
    fn usable(&self) -> u64 {
        self.multi_at.unwrap_or(self.offset)
    }

    /// Runs every complete command in the buffer.
    fn run(&mut self, shared: &mut Shared) -> Result<(), LoadError> {
        let mut at = 0;
        while at < self.len {
            let rest = &mut self.buffer[at..self.len];
            let used = match rest[0] {
                // An annotation: a line that readers skip.
                b'#' => match rest.iter().position(|&byte| byte == b'\n') {
                    Some(end) => end + 1,
                    None => break,
                },
                b'*' => match self.parser.parse(rest, &LIMITS, &mut self.spans) {
                    Ok(Progress::Request { len, .. }) => {
                        self.command(at, shared)?;
                        len
                    }
                    Ok(Progress::Incomplete { .. }) => break,
                    Err(error) => return Err(self.damaged(at, format!("{error}"))),
                },
                _ => {
                    let reason = not_a_log(rest);
                    return Err(self.damaged(at, reason));
                }
            };
            at += used;
        }
        self.buffer.copy_within(at..self.len, 0);
        self.len -= at;
        self.offset += at as u64;
        Ok(())
    }

    fn command(&mut self, at: usize, shared: &mut Shared) -> Result<(), LoadError> {
        let spans = core::mem::take(&mut self.spans);
        let args = Args::new(&self.buffer[at..self.len], &spans, shared.keys.hasher());
        let offset = self.offset + at as u64;
        let outcome = if args.is(0, "MULTI") {
            self.multi_at = Some(offset);
            Ok(())
        } else if args.is(0, "EXEC") {
            self.multi_at = None;
            let queued = core::mem::take(&mut self.queued);
            queued
                .iter()
                .try_for_each(|words| self.run_words(words, shared))
        } else if self.multi_at.is_some() {
            self.queued.push(args.all().map(<[u8]>::to_vec).collect());
            Ok(())
        } else {
            run_one(&args, shared, &mut self.client, &mut self.out)
        };
        self.commands += 1;
        let result = outcome.map_err(|reason| self.damaged(at, reason));
        self.spans = spans;
        self.spans.clear();
        result
    }

    fn run_words(&mut self, words: &[Vec<u8>], shared: &mut Shared) -> Result<(), String> {
        let (mut buffer, mut spans) = (Vec::new(), Vec::new());
        for word in words {
            spans.push(Span {
                start: buffer.len() as u32,
                len: word.len() as u32,
            });
            buffer.extend_from_slice(word);
        }
        let args = Args::new(&buffer, &spans, shared.keys.hasher());
        run_one(&args, shared, &mut self.client, &mut self.out)
    }

    fn damaged(&self, at: usize, reason: String) -> LoadError {
        LoadError::Damaged {
            file: self.path.into(),
            offset: self.offset + at as u64,
            reason,
        }
    }
}

fn not_a_log(rest: &[u8]) -> String {
    if rest.starts_with(b"REDIS") || rest.starts_with(b"VALKEY") {
        return "the file is an RDB file, which this version cannot read (rewrite the log with \
                aof-use-rdb-preamble no)"
            .into();
    }
    "a command must begin with '*'".into()
}

/// Runs one logged command. What a server logged, a server can run: an error means that the file is damaged or that the
/// command is not known here.
fn run_one(
    args: &Args<'_>,
    shared: &mut Shared,
    client: &mut ClientState,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    if args.is_empty() {
        return Err("an empty command".into());
    }
    out.clear();
    let mut prng = shared.keys.prng.clone();
    let mut random = |into: &mut [u8]| into.fill_with(|| prng.next_u64() as u8);
    let ask = shared.run(client, None, args, out, &mut random);
    if ask.is_some() {
        return Err(format!(
            "'{}' cannot be in a log",
            String::from_utf8_lossy(args.at(0))
        ));
    }
    if out.starts_with(b"-ERR unknown command") || out.starts_with(b"-ERR wrong number") {
        return Err(String::from_utf8_lossy(out[1..].trim_ascii_end()).into_owned());
    }
    Ok(())
}
