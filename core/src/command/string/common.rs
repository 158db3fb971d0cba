//! LCS: the longest common subsequence of two strings.
//!
//! The classical table of dynamic programming: cell (i, j) is the length of the longest common subsequence of the first
//! `i` bytes of one string and the first `j` of the other. Which of several longest ones is found, and in which runs it
//! matches, follows from how the table is walked back, so the walk is Redis's. The length alone needs two rows.

use super::value_text;
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::Key;
use alloc::vec::Vec;

const NO_STRINGS: CommandError =
    CommandError::new("ERR The specified keys must contain string values");
const LENGTH_AND_INDEXES: CommandError =
    CommandError::new("ERR If you want both the length and indexes, please just use IDX.");
const TOO_LONG: CommandError = CommandError::new("ERR String too long for LCS");
const BEYOND_LIMIT: CommandError = CommandError::new(
    "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
);
const NO_MEMORY: CommandError =
    CommandError::new("ERR Insufficient memory, failed allocating transient memory for LCS");

/// The options of one request.
#[derive(Clone, Copy, Default)]
struct Options {
    length: bool,
    indexes: bool,
    match_lengths: bool,
    /// Shorter runs are not told of.
    min_match_len: i64,
}

impl Options {
    fn of(args: &Args<'_>) -> Result<Self, CommandError> {
        let mut options = Options::default();
        let mut at = 3;
        while at < args.len() {
            if args.is(at, "IDX") {
                options.indexes = true;
            } else if args.is(at, "LEN") {
                options.length = true;
            } else if args.is(at, "WITHMATCHLEN") {
                options.match_lengths = true;
            } else if args.is(at, "MINMATCHLEN") && at + 1 < args.len() {
                at += 1;
                options.min_match_len = args.int(at)?;
            } else {
                return Err(CommandError::SYNTAX);
            }
            at += 1;
        }
        if options.length && options.indexes {
            return Err(LENGTH_AND_INDEXES);
        }
        Ok(options)
    }
}

/// `LCS key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN]`
pub(super) fn lcs(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    // As in Redis, what the keys hold is looked at before the options.
    let a = text_of(cx, &args.key(1));
    let b = text_of(cx, &args.key(2));
    let (Some(a), Some(b)) = (a, b) else {
        return Err(NO_STRINGS);
    };
    let options = Options::of(args)?;
    check_size(a.len(), b.len(), cx.settings.proto_max_bulk_len)?;
    if options.length {
        cx.reply.int(i64::from(length(&a, &b)?));
        return DONE;
    }
    let table = Table::new(&a, &b)?;
    if options.indexes {
        reply_indexes(cx, &table, options);
        return DONE;
    }
    let mut common = Vec::new();
    table.walk_back(|run| common.extend(a[run.a_start..run.a_end].iter().rev()));
    common.reverse();
    cx.reply.bulk(&common);
    DONE
}

fn reply_indexes(cx: &mut Cx<'_>, table: &Table<'_>, options: Options) {
    cx.reply.map(2);
    cx.reply.text("matches");
    let mark = cx.reply.mark();
    let mut count = 0;
    table.walk_back(|run| {
        let len = run.a_end - run.a_start;
        if (len as i64) < options.min_match_len {
            return;
        }
        cx.reply.array(2 + usize::from(options.match_lengths));
        for (start, end) in [(run.a_start, run.a_end), (run.b_start, run.b_end)] {
            cx.reply.array(2);
            cx.reply.count(start);
            cx.reply.count(end - 1);
        }
        if options.match_lengths {
            cx.reply.count(len);
        }
        count += 1;
    });
    cx.reply.array_at(mark, count);
    cx.reply.text("len");
    cx.reply.int(i64::from(table.total()));
}

/// A copy of the string that a key holds; empty without a key, `None` for another type.
fn text_of(cx: &mut Cx<'_>, key: &Key<'_>) -> Option<Vec<u8>> {
    match cx.keys.read(key) {
        None => Some(Vec::new()),
        Some(entry) => {
            let value = entry.string()?;
            Some(value_text(Some(value), &mut [0; 20]).to_vec())
        }
    }
}

/// Refuses strings whose table would be too big.
fn check_size(a: usize, b: usize, limit_bytes: u64) -> Result<(), CommandError> {
    let longest = u32::MAX as usize - 1;
    if a >= longest || b >= longest {
        return Err(TOO_LONG);
    }
    let bytes = (a as u128 + 1) * (b as u128 + 1) * size_of::<u32>() as u128;
    if bytes > u128::from(limit_bytes) {
        return Err(BEYOND_LIMIT);
    }
    Ok(())
}

/// The length of the longest common subsequence.
fn length(a: &[u8], b: &[u8]) -> Result<u32, CommandError> {
    let mut row = zeros(b.len() + 1)?;
    for &byte in a {
        let mut diagonal = 0;
        let mut left = 0;
        for (&other, cell) in b.iter().zip(&mut row[1..]) {
            let above = *cell;
            left = if byte == other {
                diagonal + 1
            } else {
                above.max(left)
            };
            *cell = left;
            diagonal = above;
        }
    }
    Ok(row[b.len()])
}

fn zeros(len: usize) -> Result<Vec<u32>, CommandError> {
    let mut cells = Vec::new();
    cells.try_reserve_exact(len).map_err(|_| NO_MEMORY)?;
    cells.resize(len, 0);
    Ok(cells)
}

/// The filled table of two strings.
struct Table<'s> {
    a: &'s [u8],
    b: &'s [u8],
    /// Row after row, each of `b.len() + 1` cells.
    cells: Vec<u32>,
}

/// A run of bytes that both strings have: from the start to before the end.
struct Run {
    a_start: usize,
    a_end: usize,
    b_start: usize,
    b_end: usize,
}

impl<'s> Table<'s> {
    fn new(a: &'s [u8], b: &'s [u8]) -> Result<Self, CommandError> {
        let width = b.len() + 1;
        let mut cells = zeros((a.len() + 1) * width)?;
        for (i, &byte) in a.iter().enumerate() {
            let (above, rest) = cells[i * width..].split_at_mut(width);
            let mut left = 0;
            for (j, &other) in b.iter().enumerate() {
                left = if byte == other {
                    above[j] + 1
                } else {
                    above[j + 1].max(left)
                };
                rest[j + 1] = left;
            }
        }
        Ok(Table { a, b, cells })
    }

    fn at(&self, i: usize, j: usize) -> u32 {
        self.cells[i * (self.b.len() + 1) + j]
    }

    fn total(&self) -> u32 {
        self.at(self.a.len(), self.b.len())
    }

    /// Calls back with every run, the last one first.
    fn walk_back(&self, mut each: impl FnMut(Run)) {
        let (mut i, mut j) = (self.a.len(), self.b.len());
        let mut run: Option<Run> = None;
        while i > 0 && j > 0 {
            if self.a[i - 1] == self.b[j - 1] {
                let run = run.get_or_insert(Run {
                    a_start: i,
                    a_end: i,
                    b_start: j,
                    b_end: j,
                });
                (i, j) = (i - 1, j - 1);
                (run.a_start, run.b_start) = (i, j);
                continue;
            }
            run.take().into_iter().for_each(&mut each);
            if self.at(i - 1, j) > self.at(i, j - 1) {
                i -= 1;
            } else {
                j -= 1;
            }
        }
        run.into_iter().for_each(each);
    }
}
