//! Small whole files, and parts of files copied.

use crate::platform::{AppendFile, IoError, Storage};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A manifest has a line a file; anything larger than this is none.
const MAX_BYTES: u64 = 1 << 20;
/// How much is copied at once.
const COPY_BYTES: usize = 256 * 1024;

/// The path of a file in a folder; an empty one is the storage's root.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.into()
    } else {
        format!("{folder}/{name}")
    }
}

/// The bytes of a small file; of one over a megabyte only so many that this can be told.
pub(super) fn read_whole<S: Storage>(storage: &mut S, path: &str) -> Result<Vec<u8>, IoError> {
    let len = storage.file_len(path)?;
    let mut text = alloc::vec![0; len.min(MAX_BYTES + 1) as usize];
    let mut done = 0;
    while done < text.len() {
        match storage.read_at(path, done as u64, &mut text[done..])? {
            0 => break,
            count => done += count,
        }
    }
    text.truncate(done);
    Ok(text)
}

/// Creates a file that has nothing to do with one of that name that may be left from a failure: bytes written to a file
/// whose sync failed once may never become durable.
pub(super) fn create_fresh<S: Storage>(storage: &mut S, path: &str) -> Result<S::File, IoError> {
    match storage.remove(path) {
        Ok(()) | Err(IoError::NOT_FOUND) => storage.create(path),
        Err(error) => Err(error),
    }
}

pub(super) fn append_all<F: AppendFile>(file: &mut F, mut bytes: &[u8]) -> Result<(), IoError> {
    while !bytes.is_empty() {
        let count = file.append(bytes)?;
        bytes = &bytes[count..];
    }
    Ok(())
}

/// Writes a file beside the one at `path` and renames it into its place.
pub(super) fn replace_file<S: Storage>(
    storage: &mut S,
    temporary: &str,
    path: &str,
    bytes: &[u8],
) -> Result<(), IoError> {
    let mut file = create_fresh(storage, temporary)?;
    append_all(&mut file, bytes)?;
    file.sync_now()?;
    drop(file);
    storage.rename_durable(temporary, path)
}

/// Copies the bytes of `from` between two offsets to a new file, durably.
pub(super) fn copy_part<S: Storage>(
    storage: &mut S,
    from: &str,
    mut at: u64,
    end: u64,
    to: &str,
) -> Result<(), IoError> {
    let mut file = create_fresh(storage, to)?;
    let mut buffer = alloc::vec![0; COPY_BYTES];
    while at < end {
        let most = usize::try_from(end - at).unwrap_or(COPY_BYTES);
        let room = &mut buffer[..most.min(COPY_BYTES)];
        let count = storage.read_at(from, at, room)?;
        if count == 0 {
            return Err(IoError::OTHER);
        }
        append_all(&mut file, &room[..count])?;
        at += count as u64;
    }
    file.sync_now()
}
