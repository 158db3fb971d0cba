//! ZSCAN and ZRANDMEMBER.

use super::{Layout, reply_member};
use crate::bytes::glob::{self, Case};
use crate::bytes::number::{self, FLOAT_TEXT_MAX, write_f64_shortest};
use crate::bytes::prng::Prng;
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::resp::Reply;
use crate::structure::listpack::IntText;
use crate::value::sorted_set::Scored;
use crate::value::{Encoding, SortedSet};
use alloc::vec::Vec;
use core::fmt::Write;

/// ZSCAN's options.
struct ScanOptions<'a> {
    pattern: Option<&'a [u8]>,
    count: usize,
}

impl<'a> ScanOptions<'a> {
    fn parse(args: &Args<'a>) -> Result<Self, CommandError> {
        let mut options = ScanOptions {
            pattern: None,
            count: 10,
        };
        let mut at = 3;
        while at < args.len() {
            let has_value = at + 1 < args.len();
            if has_value && args.is(at, "COUNT") {
                let count = args.int(at + 1)?;
                options.count = usize::try_from(count)
                    .ok()
                    .filter(|&count| count > 0)
                    .ok_or(CommandError::SYNTAX)?;
                at += 2;
            } else if has_value && args.is(at, "MATCH") {
                options.pattern = Some(args.at(at + 1)).filter(|&pattern| pattern != b"*");
                at += 2;
            } else if args.is(at, "NOVALUES") {
                return Err(CommandError::new(
                    "ERR NOVALUES option can only be used in HSCAN",
                ));
            } else {
                return Err(CommandError::SYNTAX);
            }
        }
        Ok(options)
    }
}

pub(super) fn zscan(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let cursor = number::parse_u64(args.at(2)).ok_or(CommandError::INVALID_CURSOR)?;
    let options = ScanOptions::parse(args);
    let Some(set) = cx.keys.value::<SortedSet>(&args.key(1))? else {
        // As in Redis, nobody asks for the options of a walk over nothing.
        let mark = cx.reply.mark();
        cx.reply.scan_at(mark, 0, 0);
        return DONE;
    };
    let options = options?;
    let reply = &mut cx.reply;
    let mark = reply.mark();
    let mut given = 0;
    let big = set.encoding() == Encoding::SortedTree;
    let next = set.scan(cursor, options.count, |pair| {
        let mut text = IntText::default();
        let member = pair.member.text(&mut text);
        if options
            .pattern
            .is_none_or(|pattern| glob::matches(pattern, member, Case::Sensitive))
        {
            reply.bulk(member);
            reply_scanned_score(reply, pair.score(), big);
            given += 2;
        }
    });
    reply.scan_at(mark, next, given);
    DONE
}

/// A score as ZSCAN tells it: always a string, and from big sets with 17 digits, needed or not.
fn reply_scanned_score(reply: &mut Reply<'_>, score: f64, big: bool) {
    if big && score.is_finite() {
        reply.bulk(&seventeen_digits(score));
    } else {
        reply.bulk(write_f64_shortest(score, &mut [0; FLOAT_TEXT_MAX]));
    }
}

/// What C prints for `%.17g`.
fn seventeen_digits(score: f64) -> heapless::Vec<u8, 32> {
    let mut scientific = heapless::String::<32>::new();
    // `-1.2345678901234567e-308` is the longest it gets.
    let _ = write!(scientific, "{score:.16e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    let digits = mantissa.trim_end_matches('0').bytes();
    let digits: heapless::Vec<u8, 17> = digits.filter(|&byte| byte != b'.').collect();
    let mut text = heapless::String::<32>::new();
    let _ = lay_out(&mut text, sign, &digits, exponent);
    text.into_bytes()
}

fn lay_out(text: &mut impl Write, sign: &str, digits: &[u8], exponent: i32) -> core::fmt::Result {
    const PRECISION: i32 = 17;
    let digit = |at: i32| {
        let digit = usize::try_from(at).ok().and_then(|at| digits.get(at));
        char::from(*digit.unwrap_or(&b'0'))
    };
    let len = digits.len() as i32;
    text.write_str(sign)?;
    let scientific = !(-4..PRECISION).contains(&exponent);
    // The power of ten of the first digit that is written.
    let first = if scientific { 0 } else { exponent.max(0) };
    let shift = if scientific { 0 } else { first - exponent };
    for place in 0..=first {
        text.write_char(digit(place - shift))?;
    }
    if len + shift > first + 1 {
        text.write_char('.')?;
        for place in first + 1..len + shift {
            text.write_char(digit(place - shift))?;
        }
    }
    if scientific {
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(text, "e{sign}{:02}", exponent.abs())?;
    }
    Ok(())
}

/// Replies of ZRANDMEMBER with a negative count, whose members may come any number of times, end at this size.
const REPEATED_BYTES_MAX: usize = 512 << 20;

pub(super) fn zrandmember(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let options = match args.len() {
        2 => None,
        _ => Some(random_options(args)?),
    };
    // The set borrows the keyspace, so the generator steps outside meanwhile.
    let mut prng = cx.keys.prng.clone();
    let found = cx.keys.value::<SortedSet>(&args.key(1))?;
    match (found, options) {
        (None, None) => cx.reply.null(),
        (None, Some(_)) => cx.reply.array(0),
        (Some(set), None) => one_member(&mut cx.reply, &set, &mut prng),
        (Some(set), Some((count, with_scores))) => {
            let layout = Layout::of_scores(&cx.reply, with_scores);
            let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
            if count < 0 {
                repeated_members(&mut cx.reply, &set, wanted, layout, &mut prng)?;
            } else {
                distinct_members(&mut cx.reply, &set, wanted, layout, &mut prng);
            }
        }
    }
    cx.keys.prng = prng;
    DONE
}

fn one_member(reply: &mut Reply<'_>, set: &SortedSet, prng: &mut Prng) {
    let rank = prng.below(set.len() as u64) as usize;
    match set.get(rank) {
        Some(pair) => reply_member(reply, pair.member),
        None => reply.null(),
    }
}

/// ZRANDMEMBER's count, and whether scores were asked for.
fn random_options(args: &Args<'_>) -> Result<(i64, bool), CommandError> {
    let count = args.int(2)?;
    if count == i64::MIN {
        return Err(CommandError::new(
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        ));
    }
    let with_scores = match args.len() {
        3 => false,
        4 if args.is(3, "WITHSCORES") => true,
        _ => return Err(CommandError::SYNTAX),
    };
    if with_scores && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(CommandError::OUT_OF_RANGE);
    }
    Ok((count, with_scores))
}

/// `count` times any member. What would be too great a reply is refused, where Redis fills its memory.
fn repeated_members(
    reply: &mut Reply<'_>,
    set: &SortedSet,
    count: usize,
    layout: Layout,
    prng: &mut Prng,
) -> Result<(), CommandError> {
    let mut bytes = 0usize;
    layout.begin(reply, count);
    for _ in 0..count {
        let rank = prng.below(set.len() as u64) as usize;
        if let Some(pair) = set.get(rank) {
            bytes += pair.member.text_len() + 16;
            layout.put(reply, &pair);
        }
        if bytes > REPEATED_BYTES_MAX {
            return Err(CommandError::OUT_OF_RANGE);
        }
    }
    Ok(())
}

/// `count` different members, or all.
fn distinct_members(
    reply: &mut Reply<'_>,
    set: &SortedSet,
    count: usize,
    layout: Layout,
    prng: &mut Prng,
) {
    let len = set.len();
    let count = count.min(len);
    layout.begin(reply, count);
    if count > len / 3 {
        let chosen = choose(set.iter_from(0), len, count, prng);
        chosen.for_each(|pair| layout.put(reply, &pair));
    } else {
        for rank in distinct_ranks(len, count, prng) {
            if let Some(pair) = set.get(rank) {
                layout.put(reply, &pair);
            }
        }
    }
}

/// A fair choice of `count` of the `len` items of a walk, in their order (Knuth's algorithm S).
fn choose<'a>(
    walk: impl Iterator<Item = Scored<'a>>,
    len: usize,
    count: usize,
    prng: &mut Prng,
) -> impl Iterator<Item = Scored<'a>> {
    let (mut left, mut wanted) = (len, count);
    walk.filter(move |_| {
        let chosen = prng.below(left as u64) < wanted as u64;
        left = left.saturating_sub(1);
        wanted -= usize::from(chosen);
        chosen
    })
}

/// `count` different numbers below `len`, in random order; `count` is a third of `len` at most.
fn distinct_ranks(len: usize, count: usize, prng: &mut Prng) -> Vec<usize> {
    let mut ranks: Vec<usize> = Vec::with_capacity(count);
    while ranks.len() < count {
        let missing = count - ranks.len();
        ranks.extend((0..missing).map(|_| prng.below(len as u64) as usize));
        ranks.sort_unstable();
        ranks.dedup();
    }
    for last in (1..ranks.len()).rev() {
        ranks.swap(last, prng.below(last as u64 + 1) as usize);
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seventeen_digits_are_those_of_c() {
        for (score, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (3.0, "3"),
            (-10.0, "-10"),
            (0.1, "0.10000000000000001"),
            (-3.5, "-3.5"),
            (100.0, "100"),
            (123.456, "123.456"),
            (0.0001, "0.0001"),
            (0.00012, "0.00012"),
            (0.00001, "1.0000000000000001e-05"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (1.5e300, "1.5000000000000001e+300"),
            (5e-324, "4.9406564584124654e-324"),
            (-1.7976931348623157e308, "-1.7976931348623157e+308"),
            (12345678901234567.0, "12345678901234568"),
        ] {
            assert_eq!(seventeen_digits(score), text.as_bytes(), "{score}");
        }
    }

    #[test]
    fn choices_are_fair_and_without_repetition() {
        let mut prng = Prng::new(3);
        let mut counts = [0; 30];
        for _ in 0..3000 {
            let mut ranks = distinct_ranks(30, 10, &mut prng);
            ranks.iter().for_each(|&rank| counts[rank] += 1);
            ranks.sort_unstable();
            ranks.dedup();
            assert_eq!(ranks.len(), 10);
        }
        assert!(
            counts.iter().all(|&n| (850..1150).contains(&n)),
            "{counts:?}"
        );
    }
}
