//! What becomes of the end of a file that cannot be used.

use super::super::replay::{Trouble, TroubleKind};
use super::super::survey::Survey;
use super::{Load, LoadError, Reader, damaged, io};
use crate::persist::Aof;
use crate::platform::{IoError, Storage};
use crate::session::Shared;
use alloc::format;
use alloc::string::String;

impl<S: Storage> Aof<S> {
    /// Cuts the file that is read where it cannot be used, if the settings allow it, or says why the start is refused.
    pub(super) fn get_over(
        &mut self,
        load: &mut Load,
        shared: &Shared,
        trouble: &Trouble,
    ) -> Result<(), LoadError> {
        let file = &load.files[load.at];
        let path = file.path.clone();
        let may_be_cut = load.is_last() && file.counted.is_none();
        let (end, offset) = (file.end(), trouble.offset);
        let Some(replay) = load.reader.as_mut().and_then(Reader::replay) else {
            return Ok(());
        };
        let last = Some(replay.scan.sequence()).filter(|&number| number != 0);
        let refuse = |reason: String| Err(damaged(&path, offset, last, reason));
        if let TroubleKind::CannotRun(reason) = &trouble.kind {
            return refuse(reason.clone());
        }
        if !may_be_cut {
            return refuse(match &trouble.kind {
                TroubleKind::Damaged(reason) => reason.clone(),
                _ => "Unexpected end of file in a file that is not the last".into(),
            });
        }
        let read_end = replay.scan.end();
        if matches!(trouble.kind, TroubleKind::Damaged(_)) && read_end == end {
            // The disk may have kept the length of the file and not the bytes at its end.
            let written = written_len(&mut self.storage, &path, end).map_err(|e| io(&path, e))?;
            if written < end {
                replay.scan.retry(written);
                return Ok(());
            }
        }
        let survey = Survey::of(&mut self.storage, &path, offset, end, last.unwrap_or(0));
        let survey = survey.map_err(|error| io(&path, error))?;
        let settings = &shared.settings;
        let damage = match &trouble.kind {
            TroubleKind::Torn if survey.intact_batches == 0 => None,
            TroubleKind::Torn => Some("what begins here would go on beyond the end of the file"),
            TroubleKind::Damaged(reason) | TroubleKind::CannotRun(reason) => Some(reason.as_str()),
        };
        let (cut, commands) = (end - offset, replay.commands);
        let most = settings.aof_load_corrupt_tail_max_size;
        match damage {
            None if !settings.aof_load_truncated => {
                return refuse("Unexpected end of file, and aof-load-truncated is off".into());
            }
            None => log::warn!(
                "!!! Warning: short read while loading the AOF file {path} !!! The last {cut} bytes, from offset {offset}, \
                 are not whole and are cut off ({survey}); {commands} commands of the file before them are kept{}",
                up_to(last),
            ),
            Some(reason) if cut >= most => {
                let limit = match most {
                    0 => String::new(),
                    _ => format!(" (no fewer than aof-load-corrupt-tail-max-size, {most})"),
                };
                return refuse(format!("{reason}; there are {cut} bytes{limit}: {survey}"));
            }
            Some(reason) => log::warn!(
                "!!! Warning: damage at the end of the AOF file {path}: {reason} !!! The last {cut} bytes, from offset \
                 {offset}, are cut off ({survey}), as aof-load-corrupt-tail-max-size is {most}; {commands} commands of \
                 the file before them are kept{}",
                up_to(last),
            ),
        }
        self.file_is_loaded(load, offset)
    }
}

fn up_to(last: Option<u64>) -> String {
    last.map_or(String::new(), |number| format!(", up to batch {number}"))
}

/// The length of a file without the zeros at its end.
pub(in crate::persist) fn written_len<S: Storage>(
    storage: &mut S,
    path: &str,
    len: u64,
) -> Result<u64, IoError> {
    let mut chunk = alloc::vec![0; 64 * 1024];
    let mut end = len;
    while end > 0 {
        let from = end.saturating_sub(chunk.len() as u64);
        let chunk = &mut chunk[..(end - from) as usize];
        let mut done = 0;
        while done < chunk.len() {
            let at = from + done as u64;
            match storage.read_at(path, at, &mut chunk[done..])? {
                0 => return Err(IoError::OTHER),
                count => done += count,
            }
        }
        if let Some(last) = chunk.iter().rposition(|&byte| byte != 0) {
            return Ok(from + last as u64 + 1);
        }
        end = from;
    }
    Ok(0)
}
