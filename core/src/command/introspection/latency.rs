//! LATENCY: what stalled the loop, and how long commands take.

use super::graph;
use crate::command::spec::{CommandSpec, Flags, server_row as row};
use crate::command::{Args, CommandError, CommandResult, Cx, DONE, help};
use crate::telemetry::latency::Series;
use crate::telemetry::{Event, Histogram};
use alloc::format;
use alloc::string::String;
use core::fmt::Write;

const ADMIN: Flags = Flags::ADMIN
    .and(Flags::NO_SCRIPT)
    .and(Flags::LOADING)
    .and(Flags::STALE);
const HELP: Flags = Flags::LOADING.and(Flags::STALE);
const SPECIAL: &[&str] = &[
    "nondeterministic_output",
    "request_policy:all_nodes",
    "response_policy:special",
];

/// LATENCY's rows.
#[rustfmt::skip]
pub(super) static SUBCOMMANDS: &[CommandSpec] = &[
    row("doctor", 2, doctor, "2.8.13", "Tells in words what took long.", "O(1)").flags(ADMIN).tips(SPECIAL),
    row("graph", 3, graph, "2.8.13", "Draws when an event took how long.", "O(1)").flags(ADMIN).tips(SPECIAL),
    row("help", 2, help, "2.8.13", "Returns what LATENCY can do.", "O(1)").flags(HELP),
    row("histogram", -2, histogram, "7.0.0", "Returns how long commands took, as a cumulative distribution.", "O(N) with N the number of commands").flags(ADMIN).tips(SPECIAL),
    row("history", 3, history, "2.8.13", "Returns when an event took how long.", "O(1)").flags(ADMIN).tips(SPECIAL),
    row("latest", 2, latest, "2.8.13", "Returns the last time that each event took long.", "O(1)").flags(ADMIN).tips(SPECIAL),
    row("reset", -2, reset, "2.8.13", "Forgets what is known of events, or all.", "O(1)").flags(ADMIN)
        .tips(&["request_policy:all_nodes", "response_policy:agg_sum"]),
];

fn history(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let event = Event::by_name(args.at(2));
    let Some(series) = event.and_then(|event| cx.statistics.latency.series(event)) else {
        cx.reply.array(0);
        return DONE;
    };
    let samples = series.samples();
    cx.reply.array(samples.len());
    for sample in samples {
        cx.reply.array(2);
        cx.reply.int(sample.at_seconds as i64);
        cx.reply.int(sample.took_ms as i64);
    }
    DONE
}

fn latest(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    let all = cx.statistics.latency.all();
    cx.reply.array(all.len());
    for series in all {
        let last = series.samples().next_back().unwrap_or_default();
        cx.reply.array(4);
        cx.reply.text(series.event.name());
        cx.reply.int(last.at_seconds as i64);
        cx.reply.int(last.took_ms as i64);
        cx.reply.int(series.max_ms as i64);
    }
    DONE
}

/// `LATENCY RESET [event ...]`.
fn reset(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let latency = &mut cx.statistics.latency;
    let count = match args.len() {
        2 => latency.reset(None),
        _ => {
            let events = args.from(2).filter_map(Event::by_name);
            events.map(|event| latency.reset(Some(event))).sum()
        }
    };
    cx.reply.count(count);
    DONE
}

fn graph(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let event = Event::by_name(args.at(2));
    let Some(series) = event.and_then(|event| cx.statistics.latency.series(event)) else {
        let word = args.at(2);
        return Err(CommandError::quoting(
            "ERR No samples available for event '",
            &word[..word.len().min(128)],
            "'",
        ));
    };
    let text = graph::draw(series, cx.wall_us / 1_000_000);
    cx.reply.verbatim("txt", text.as_bytes());
    DONE
}

/// `LATENCY HISTOGRAM [command ...]`.
fn histogram(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let mark = cx.reply.mark();
    let mut pairs = 0;
    let mut write = |cx: &mut Cx<'_>, number: u16| {
        let found = cx
            .statistics
            .histogram(number)
            .zip(cx.registry.by_number(number));
        if let Some((histogram, command)) = found {
            cx.reply.text(&command.full_name());
            write_histogram(&mut cx.reply, histogram);
            pairs += 1;
        }
    };
    if args.len() == 2 {
        (0..cx.registry.len() as u16).for_each(|number| write(cx, number));
    }
    for name in args.from(2) {
        for number in numbers(cx, name) {
            write(cx, number);
        }
    }
    cx.reply.map_at(mark, pairs);
    DONE
}

/// The numbers of a command (`client`, then with its subcommands) or a subcommand (`client|list`).
fn numbers(cx: &Cx<'_>, name: &[u8]) -> core::ops::Range<u16> {
    let none = 0..0;
    let mut parts = name.splitn(2, |&byte| byte == b'|');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next());
    let Some(command) = cx.registry.command(first) else {
        return none;
    };
    let subcommands = command.spec.subcommands;
    match second {
        None => command.number..command.number + 1 + subcommands.len() as u16,
        Some(word) => {
            let is_it = |sub: &CommandSpec| sub.name.as_bytes().eq_ignore_ascii_case(word);
            match subcommands.iter().position(is_it) {
                Some(at) => {
                    let number = command.number + 1 + at as u16;
                    number..number + 1
                }
                None => none,
            }
        }
    }
}

fn write_histogram(reply: &mut crate::resp::Reply<'_>, histogram: &Histogram) {
    reply.map(2);
    reply.text("calls");
    reply.int(histogram.total() as i64);
    reply.text("histogram_usec");
    let mark = reply.mark();
    let (mut pairs, mut before) = (0, 0);
    for (limit_ns, count) in histogram.cumulative() {
        if count > before {
            // Redis tells the last nanosecond of its own bucket, which is a hundred-and-twenty-eighth wide.
            reply.int(((limit_ns + limit_ns / 128 - 1) / 1000) as i64);
            reply.int(count as i64);
            pairs += 1;
        }
        before = count;
    }
    reply.map_at(mark, pairs);
}

fn doctor(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    let text = diagnosis(cx);
    cx.reply.verbatim("txt", text.as_bytes());
    DONE
}

fn diagnosis(cx: &Cx<'_>) -> String {
    let threshold_ms = cx.settings.latency_monitor_threshold;
    if threshold_ms == 0 {
        return "Latency monitoring is disabled. It begins with CONFIG SET latency-monitor-threshold <milliseconds>.\n"
            .into();
    }
    let all = cx.statistics.latency.all();
    if all.is_empty() {
        return format!("Nothing has taken {threshold_ms} milliseconds or longer so far.\n");
    }
    let mut text = format!("What has taken {threshold_ms} milliseconds or longer:\n");
    for (number, series) in all.iter().enumerate() {
        describe(&mut text, number + 1, series);
    }
    let slow = cx.statistics.log.entries(crate::telemetry::Kind::Slow);
    if let Some(worst) = slow.max_by_key(|entry| entry.value) {
        text.push_str("\nThe slowest command in SLOWLOG:");
        for argument in worst.arguments.iter().take(3) {
            let _ = write!(
                text,
                " {}",
                String::from_utf8_lossy(argument).escape_debug()
            );
        }
        text.push('\n');
        for (name, value) in worst.why.fields() {
            let _ = writeln!(text, "   {name} {value}");
        }
    }
    text
}

fn describe(text: &mut String, number: usize, series: &Series) {
    let samples = series.samples();
    let count = samples.len() as u64;
    let (mut sum, mut first, mut last) = (0, u64::MAX, 0);
    for sample in samples {
        sum += sample.took_ms;
        first = first.min(sample.at_seconds);
        last = last.max(sample.at_seconds);
    }
    let mean = sum / count.max(1);
    let _ = writeln!(
        text,
        "\n{number}. {}: in {count} different seconds within {} seconds; mean {mean} ms, longest ever {} ms.",
        series.event.name(),
        last.saturating_sub(first) + 1,
        series.max_ms,
    );
    let advice = match series.event {
        Event::Command | Event::FastCommand | Event::Eventloop => {
            "SLOWLOG GET 10 WITHDETAILS tells which commands, and where their time went; if they waited most of it, \
             another command of the same turn was slow, or the machine did not let the server run."
        }
        Event::ExpireCycle | Event::EvictionCycle | Event::LazyfreeCycle => {
            "This work is done in slices of a quarter of a millisecond, so the machine did not let the server run."
        }
        Event::AofWrite
        | Event::AofWritePendingFsync
        | Event::AofWriteAlone
        | Event::AofFsyncAlways => {
            "The disk is slow, or others use it; a sync that runs holds writes up. appendfsync everysec or a disk of its \
             own help."
        }
    };
    let _ = writeln!(text, "   {advice}");
}

fn help(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    help::reply(
        cx,
        "LATENCY",
        &[
            ("DOCTOR", &["Return in words what took long."]),
            (
                "GRAPH <event>",
                &["Return a drawing of when the event took how long."],
            ),
            (
                "HISTOGRAM [<command> ...]",
                &[
                    "Return how many calls of the commands (default: of all) took how many",
                    "microseconds at most.",
                ],
            ),
            ("HISTORY <event>", &["Return when the event took how long."]),
            (
                "LATEST",
                &["Return the last time that each event took long."],
            ),
            (
                "RESET [<event> ...]",
                &["Forget what is known of the events (default: of all)."],
            ),
        ],
    )
}
