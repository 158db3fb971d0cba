//! Setting a register in runs, so that the bytes become what they become in Redis.
//!
//! The run that holds the register is split into up to three, then runs of equal values are joined, but only among the
//! five that begin with the one before, and only up to four registers. What cannot be said in runs, or takes more
//! bytes than are allowed, makes the registers dense.

use super::sparse::{MAX_VALUE, MAX_VALUE_LEN, Run};
use super::{Corrupt, HEADER_BYTES, check, dense, make_dense};
use alloc::vec::Vec;

/// How many steps are made to join runs.
const JOIN_STEPS: usize = 5;
/// A long run of zeros split in its middle takes 2 + 1 + 2 bytes.
const MAX_SPLIT_BYTES: usize = 5;

/// Where to look for the next register when they are set in order: a run, two before the one that was set last. Joining
/// leaves it where it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hint {
    /// Bytes from the header on.
    offset: usize,
    /// The first register of the run there.
    first: usize,
}

/// The run that holds a register.
struct Place {
    at: usize,
    run: Run,
    /// The run's first register.
    first: usize,
    /// The run before, and its first register.
    before: Option<(usize, usize)>,
}

/// Makes a register at least `value`; whether it grew.
pub(super) fn raise(
    bytes: &mut Vec<u8>,
    index: usize,
    value: u8,
    max_bytes: usize,
    hint: &mut Hint,
) -> Result<bool, Corrupt> {
    if value > MAX_VALUE {
        return raise_dense(bytes, index, value);
    }
    let place = find(bytes, index, hint)?;
    if place.run.value >= value {
        return Ok(false);
    }
    let (split, len) = split(&place, index, value);
    let old_len = place.run.byte_len();
    if len > old_len && bytes.len() + len - old_len > max_bytes {
        return raise_dense(bytes, index, value);
    }
    bytes.splice(place.at..place.at + old_len, split[..len].iter().copied());
    join(bytes, place.before.map_or(HEADER_BYTES, |before| before.0));
    super::invalidate(bytes);
    Ok(true)
}

/// Makes the registers dense first.
fn raise_dense(bytes: &mut Vec<u8>, index: usize, value: u8) -> Result<bool, Corrupt> {
    check(bytes)?;
    make_dense(bytes)?;
    Ok(dense::raise(bytes, index, value))
}

/// Finds the run of a register, and moves the hint on.
fn find(bytes: &[u8], index: usize, hint: &mut Hint) -> Result<Place, Corrupt> {
    let start = *hint;
    let place = walk(bytes, index, hint)?;
    if start.offset == 0 {
        return Ok(place);
    }
    match place.before {
        // Joining has moved the register into the hint's run: the one before it is not known.
        None => {
            *hint = Hint::default();
            walk(bytes, index, hint)
        }
        // Joining may move it there now.
        Some((at, _)) if at == HEADER_BYTES + start.offset => {
            *hint = Hint::default();
            Ok(place)
        }
        Some(_) => Ok(place),
    }
}

fn walk(bytes: &[u8], index: usize, hint: &mut Hint) -> Result<Place, Corrupt> {
    let mut at = HEADER_BYTES + hint.offset;
    let mut first = hint.first;
    let mut before = None;
    while let Some(run) = Run::decode(bytes, at) {
        if index < first + run.len {
            // A run that goes on beyond the last register is taken as it is, as Redis does.
            let is_whole = at + run.byte_len() <= bytes.len();
            let place = Place {
                at,
                run,
                first,
                before,
            };
            return if is_whole { Ok(place) } else { Err(Corrupt) };
        }
        if let Some((at, first)) = before {
            *hint = Hint {
                offset: at - HEADER_BYTES,
                first,
            };
        }
        before = Some((at, first));
        at += run.byte_len();
        first += run.len;
    }
    Err(Corrupt)
}

/// The bytes that take the run's place, and how many they are.
fn split(place: &Place, index: usize, value: u8) -> ([u8; MAX_SPLIT_BYTES], usize) {
    let rest = |len| match place.run.value {
        0 => Run::zeros(len),
        old => Run::values(old, len),
    };
    let before = index - place.first;
    let after = place.run.len - before - 1;
    let mut bytes = [0; MAX_SPLIT_BYTES];
    let mut end = 0;
    let parts = [
        (before > 0).then(|| rest(before)),
        Some(Run::values(value, 1)),
        (after > 0).then(|| rest(after)),
    ];
    for run in parts.into_iter().flatten() {
        let (encoded, len) = run.encoded();
        bytes[end..end + len].copy_from_slice(&encoded[..len]);
        end += len;
    }
    (bytes, end)
}

/// Joins runs of equal values, beginning with the run at `at`.
fn join(bytes: &mut Vec<u8>, mut at: usize) {
    for _ in 0..JOIN_STEPS {
        let Some(run) = Run::decode(bytes, at) else {
            return;
        };
        let next = Run::decode(bytes, at + 1).filter(|_| run.value != 0);
        match next {
            Some(next) if next.value == run.value && run.len + next.len <= MAX_VALUE_LEN => {
                let joined = Run::values(run.value, run.len + next.len);
                bytes[at + 1] = joined.encoded().0[0];
                bytes.remove(at);
            }
            _ => at += run.byte_len(),
        }
    }
}
