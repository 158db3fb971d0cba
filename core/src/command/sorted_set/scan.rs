//! ZSCAN.

use crate::bytes::glob::{self, Case};
use crate::bytes::number::{FLOAT_TEXT_MAX, write_f64_shortest};
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::resp::Reply;
use crate::structure::listpack::IntText;
use crate::value::{Encoding, SortedSet};
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
    let cursor = args.cursor(2)?;
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
}
