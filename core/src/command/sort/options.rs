//! What SORT is asked for.

use super::pattern::Pattern;
use crate::command::{Args, CommandError};
use alloc::vec::Vec;
use core::ops::Range;

const BY_DENIED: CommandError =
    CommandError::new("ERR BY option of SORT denied due to insufficient ACL permissions.");
const GET_DENIED: CommandError =
    CommandError::new("ERR GET option of SORT denied due to insufficient ACL permissions.");

/// Parsed options.
#[derive(Debug, Default)]
pub(super) struct Options<'a> {
    pub descending: bool,
    /// By bytes instead of as numbers.
    pub alpha: bool,
    /// BY, when there is something to look up.
    pub by: Option<Pattern<'a>>,
    /// BY without a `*`: the order stays as it is.
    pub unsorted: bool,
    pub get: Vec<Pattern<'a>>,
    limit: Option<(i64, i64)>,
    /// Index of STORE's key.
    pub store: Option<usize>,
}

impl<'a> Options<'a> {
    /// The options, from index 2 on. Who may not read every key may not use patterns that lead to other keys.
    pub(super) fn parse(
        args: &Args<'a>,
        may_store: bool,
        may_read_all: bool,
    ) -> Result<Self, CommandError> {
        let mut options = Options::default();
        let mut at = 2;
        while at < args.len() {
            let has = |values: usize| at + values < args.len();
            at += match () {
                () if args.is(at, "ASC") => {
                    options.descending = false;
                    1
                }
                () if args.is(at, "DESC") => {
                    options.descending = true;
                    1
                }
                () if args.is(at, "ALPHA") => {
                    options.alpha = true;
                    1
                }
                () if args.is(at, "LIMIT") && has(2) => {
                    options.limit = Some((args.int(at + 1)?, args.int(at + 2)?));
                    3
                }
                () if may_store && args.is(at, "STORE") && has(1) => {
                    options.store = Some(at + 1);
                    2
                }
                () if args.is(at, "BY") && has(1) => {
                    // As in Redis, one pattern without a `*` counts for all that follow.
                    let pattern = Pattern::parse(args.at(at + 1));
                    if pattern.names_keys() && !may_read_all {
                        return Err(BY_DENIED);
                    }
                    options.unsorted |= !pattern.names_keys();
                    options.by = Some(pattern);
                    2
                }
                () if args.is(at, "GET") && has(1) => {
                    if !may_read_all {
                        return Err(GET_DENIED);
                    }
                    options.get.push(Pattern::parse(args.at(at + 1)));
                    2
                }
                () => return Err(CommandError::SYNTAX),
            }
        }
        Ok(options)
    }

    /// Which of `len` elements LIMIT leaves. A negative offset is 0, and a negative count is all.
    pub(super) fn chosen(&self, len: usize) -> Range<usize> {
        let Some((offset, count)) = self.limit else {
            return 0..len;
        };
        let start = usize::try_from(offset).unwrap_or(0).min(len);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        start..start + count.min(len - start)
    }
}
