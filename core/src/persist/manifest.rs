//! The manifest of the multi-part AOF: one line a file, `file <name> seq <number> type <b|h|i>`.
//!
//! `b` is the base, `h` history (to be removed), `i` an increment; increments are in order of their numbers.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What a file of the manifest holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    Base,
    History,
    Increment,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ManifestFile {
    pub(super) name: String,
    pub(super) sequence: u64,
    pub(super) kind: FileKind,
}

/// The manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) files: Vec<ManifestFile>,
}

impl Manifest {
    /// Reads a manifest; `Err` is what is wrong with it.
    pub(super) fn parse(text: &[u8]) -> Result<Manifest, String> {
        let mut manifest = Manifest::default();
        for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
            if line.is_empty() || line[0] == b'#' {
                continue;
            }
            let file = parse_line(line)
                .ok_or_else(|| format!("Invalid AOF manifest file format, line {}", number + 1))?;
            manifest.files.push(file);
        }
        if manifest
            .files
            .iter()
            .filter(|file| file.kind == FileKind::Base)
            .count()
            > 1
        {
            return Err("Found duplicate base file information".into());
        }
        let sequences: Vec<u64> = manifest.increments().map(|file| file.sequence).collect();
        if sequences.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err("Found a non-monotonic sequence number".into());
        }
        if manifest.files.is_empty() {
            return Err("Found an empty AOF manifest file".into());
        }
        Ok(manifest)
    }

    /// The text of the manifest.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for file in &self.files {
            let kind = match file.kind {
                FileKind::Base => 'b',
                FileKind::History => 'h',
                FileKind::Increment => 'i',
            };
            let name = quoted(&file.name);
            text.push_str(&format!("file {name} seq {} type {kind}\n", file.sequence));
        }
        text
    }

    /// The base file.
    pub(super) fn base(&self) -> Option<&ManifestFile> {
        self.files.iter().find(|file| file.kind == FileKind::Base)
    }

    /// The greatest number of an increment.
    pub(super) fn last_sequence(&self) -> u64 {
        let sequences = self.increments().map(|file| file.sequence);
        sequences.max().unwrap_or(0)
    }

    /// The increments, in order.
    pub(super) fn increments(&self) -> impl Iterator<Item = &ManifestFile> {
        self.files
            .iter()
            .filter(|file| file.kind == FileKind::Increment)
    }
}

fn parse_line(line: &[u8]) -> Option<ManifestFile> {
    let words = crate::settings::split_words(line)?;
    let (mut name, mut sequence, mut kind) = (None, None, None);
    for pair in words.chunks(2) {
        let [field, value] = pair else { return None };
        let value = core::str::from_utf8(value).ok()?;
        match field.as_slice() {
            b"file" if !value.contains('/') => name = Some(value.to_string()),
            b"seq" => sequence = Some(value.parse().ok().filter(is_number)?),
            b"type" => {
                kind = Some(match value {
                    "b" => FileKind::Base,
                    "h" => FileKind::History,
                    "i" => FileKind::Increment,
                    _ => return None,
                });
            }
            // Newer servers add fields (`startoffset`).
            b"file" => return None,
            _ => {}
        }
    }
    Some(ManifestFile {
        name: name?,
        sequence: sequence?,
        kind: kind?,
    })
}

/// As Redis, at least 1 and a signed number: so there is always a next one.
fn is_number(sequence: &u64) -> bool {
    (1..i64::MAX as u64).contains(sequence)
}

fn quoted(name: &str) -> String {
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\'));
    if plain {
        name.into()
    } else {
        crate::settings::quote(name.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_of_redis_is_read_and_written() {
        let text = "file appendonly.aof.2.base.rdb seq 2 type b\n\
                    file appendonly.aof.1.incr.aof seq 1 type h\n\
                    file appendonly.aof.4.incr.aof seq 4 type i\n";
        let manifest = Manifest::parse(text.as_bytes()).unwrap();
        assert_eq!(manifest.base().unwrap().name, "appendonly.aof.2.base.rdb");
        assert_eq!(
            manifest
                .increments()
                .map(|file| file.sequence)
                .collect::<Vec<_>>(),
            [4]
        );
        assert_eq!(manifest.text(), text);
    }

    #[test]
    fn names_with_spaces_are_quoted() {
        let file = ManifestFile {
            name: "my aof.1".into(),
            sequence: 1,
            kind: FileKind::Increment,
        };
        let manifest = Manifest {
            files: alloc::vec![file],
        };
        assert_eq!(
            Manifest::parse(manifest.text().as_bytes()).unwrap(),
            manifest
        );
    }

    #[test]
    fn damaged_manifests_are_refused() {
        let cases: &[&[u8]] = &[
            b"",
            b"file a seq 1",
            b"file a seq x type i",
            b"file a seq 1 type q",
            b"file ../a seq 1 type i",
            b"file a seq 2 type i\nfile b seq 1 type i",
            b"file a seq 2 type b\nfile b seq 1 type b",
            b"\xff\xfe",
        ];
        for case in cases {
            assert!(Manifest::parse(case).is_err(), "{case:?}");
        }
    }
}
