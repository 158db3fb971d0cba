//! Looking at lists.

use super::super::{Args, CommandError, CommandResult, Cx, DONE};
use super::{index_in, span, write};
use crate::bytes::number;
use crate::structure::listpack::Element;
use crate::value::list::{End, List};

const RANK_ZERO: CommandError = CommandError::new(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... \
     or use negative to start from the end of the list",
);
const RANK_OUT_OF_RANGE: CommandError = CommandError::new(
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
);
const COUNT_NEGATIVE: CommandError = CommandError::new("ERR COUNT can't be negative");
const MAXLEN_NEGATIVE: CommandError = CommandError::new("ERR MAXLEN can't be negative");

pub(super) fn llen(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let list = cx.keys.value::<List>(&args.key(1))?;
    cx.reply.count(list.map_or(0, |list| list.len()));
    DONE
}

pub(super) fn lindex(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let index = args.int(2);
    let Some(list) = cx.keys.value::<List>(&args.key(1))? else {
        // As in Redis, nobody looks at the index then.
        cx.reply.null();
        return DONE;
    };
    let index = index_in(index?, list.len());
    match index.and_then(|index| list.get(index)) {
        Some(element) => write(&mut cx.reply, element),
        None => cx.reply.null(),
    }
    DONE
}

pub(super) fn lrange(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let (start, stop) = (args.int(2)?, args.int(3)?);
    let Some(list) = cx.keys.value::<List>(&args.key(1))? else {
        cx.reply.array(0);
        return DONE;
    };
    let span = span(start, stop, list.len());
    cx.reply.array(span.len());
    if !span.is_empty() {
        list.read_range(span.start, span.len(), End::Tail, |element| {
            write(&mut cx.reply, element)
        });
    }
    DONE
}

/// What LPOS looks for.
struct Search<'a> {
    /// In the form in which lists keep it.
    element: Element<'a>,
    towards: End,
    /// The first match that counts, from 1 on.
    rank: u64,
    /// COUNT; `u64::MAX` for 0, all.
    count: Option<u64>,
    /// MAXLEN; `usize::MAX` for 0, all.
    most_compared: usize,
}

pub(super) fn lpos(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let search = Search::parse(args)?;
    let list = cx.keys.value::<List>(&args.key(1))?;
    let matches = list
        .as_deref()
        .into_iter()
        .flat_map(|list| search.run(list));
    match search.count {
        None => match { matches }.next() {
            Some(index) => cx.reply.count(index),
            None => cx.reply.null(),
        },
        Some(_) => {
            let mark = cx.reply.mark();
            let mut len = 0;
            for index in matches {
                cx.reply.count(index);
                len += 1;
            }
            cx.reply.array_at(mark, len);
        }
    }
    DONE
}

impl<'a> Search<'a> {
    fn parse(args: &Args<'a>) -> Result<Self, CommandError> {
        let mut search = Search {
            element: Element::Bytes(args.at(2)).canonical(),
            towards: End::Tail,
            rank: 1,
            count: None,
            most_compared: usize::MAX,
        };
        for option in (3..args.len()).step_by(2) {
            let value = option + 1;
            if value == args.len() {
                return Err(CommandError::SYNTAX);
            } else if args.is(option, "RANK") {
                (search.towards, search.rank) = rank(args.int(value)?)?;
            } else if args.is(option, "COUNT") {
                let count = not_negative(args.at(value)).ok_or(COUNT_NEGATIVE)?;
                search.count = Some(if count == 0 { u64::MAX } else { count });
            } else if args.is(option, "MAXLEN") {
                let most = not_negative(args.at(value)).ok_or(MAXLEN_NEGATIVE)?;
                search.most_compared = match usize::try_from(most) {
                    Ok(0) | Err(_) => usize::MAX,
                    Ok(most) => most,
                };
            } else {
                return Err(CommandError::SYNTAX);
            }
        }
        Ok(search)
    }

    /// The indices of the matches that count.
    fn run<'l>(&'l self, list: &'l List) -> impl Iterator<Item = usize> + 'l {
        let (towards, len) = (self.towards, list.len());
        let elements = list.iter(towards).take(self.most_compared).enumerate();
        elements
            .filter(|&(_, element)| element == self.element)
            .skip(usize::try_from(self.rank - 1).unwrap_or(usize::MAX))
            .take(usize::try_from(self.count.unwrap_or(1)).unwrap_or(usize::MAX))
            .map(move |(steps, _)| match towards {
                End::Tail => steps,
                End::Head => len - 1 - steps,
            })
    }
}

/// RANK's direction and distance.
fn rank(rank: i64) -> Result<(End, u64), CommandError> {
    match rank {
        0 => Err(RANK_ZERO),
        i64::MIN => Err(RANK_OUT_OF_RANGE),
        1.. => Ok((End::Tail, rank.unsigned_abs())),
        _ => Ok((End::Head, rank.unsigned_abs())),
    }
}

fn not_negative(text: &[u8]) -> Option<u64> {
    number::parse_i64(text).and_then(|value| u64::try_from(value).ok())
}
