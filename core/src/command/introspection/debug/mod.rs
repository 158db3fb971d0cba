//! DEBUG: for tests. Who may use it, `enable-debug-command` says.

mod digest;
mod object;
mod populate;
mod protocol;
mod tables;
#[cfg(test)]
mod tests;

use crate::bytes::{glob, number};
use crate::command::{Args, Ask, CommandError, CommandResult, Cx, DONE, Outcome, help};
use crate::platform::Crash;
use alloc::string::String;
use digest::Digest;

/// The biggest threshold that Redis takes.
const PACKED_THRESHOLD_MAX: u64 = (1 << 32) - (1 << 20);

/// `DEBUG subcommand ...`. For Redis it is one command, not a container: its subcommands have no rows, and an unknown one
/// has an error of its own.
pub(super) fn debug(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    if !cx.settings.enable_debug_command.allows(cx.client.local) {
        return Err(CommandError::new(
            "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can \
             run it from a local connection, otherwise you need to set this option in the configuration \
             file, and then restart the server.",
        ));
    }
    match args.len() {
        2 if args.is(1, "DIGEST") => digest(cx),
        2.. if args.is(1, "DIGEST-VALUE") => digest_value(cx, args),
        3 if args.is(1, "ERROR") => error(cx, args),
        2 if args.is(1, "HELP") => help(cx),
        3.. if args.is(1, "HTSTATS") => tables::of_database(cx, args),
        3.. if args.is(1, "HTSTATS-KEY") => tables::of_key(cx, args),
        3 if args.is(1, "LOG") => log(cx, args),
        3 if args.is(1, "OBJECT") => object::object(cx, args),
        2.. if args.is(1, "PANIC") => Outcome::ask(Ask::Crash(Crash::Panic)),
        3..=5 if args.is(1, "POPULATE") => populate::populate(cx, args),
        3 if args.is(1, "PROTOCOL") => protocol::protocol(cx, args),
        3 if args.is(1, "QUICKLIST-PACKED-THRESHOLD") => quicklist_packed_threshold(cx, args),
        2.. if args.is(1, "RELOAD") => reload(args),
        2.. if args.is(1, "SEGFAULT") => Outcome::ask(Ask::Crash(Crash::Segfault)),
        3 if args.is(1, "SET-ACTIVE-EXPIRE") => set_active_expire(cx, args),
        3 if args.is(1, "SLEEP") => sleep(args),
        4 if args.is(1, "STRINGMATCH-LEN") => string_match(cx, args),
        _ => Err(unknown(args)),
    }
}

fn unknown(args: &Args<'_>) -> CommandError {
    let word = args.at(1);
    CommandError::quoting(
        "ERR unknown subcommand or wrong number of arguments for '",
        &word[..word.len().min(128)],
        "'. Try DEBUG HELP.",
    )
}

/// `DEBUG DIGEST`: of all data. The same data give the same digest, in Redis too.
fn digest(cx: &mut Cx<'_>) -> CommandResult {
    let digest = Digest::of_all(cx.keys);
    cx.reply.simple(&digest.to_hex());
    DONE
}

/// `DEBUG DIGEST-VALUE [key ...]`: of the values alone; zeros for no value.
fn digest_value(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    cx.reply.array(args.len() - 2);
    for at in 2..args.len() {
        let mut digest = Digest::default();
        if let Some(entry) = cx.keys.peek_quietly(&args.key(at)) {
            digest.add_value(&entry);
        }
        cx.reply.simple(&digest.to_hex());
    }
    DONE
}

/// `DEBUG ERROR text`: the text as an error, without a code of ours.
fn error(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    cx.reply.error(args.at(2));
    DONE
}

/// `DEBUG LOG message`: a line in the server's log. Line ends in it would look like more lines.
fn log(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let message = String::from_utf8_lossy(args.at(2)).replace(['\r', '\n'], " ");
    log::warn!("DEBUG LOG: {message}");
    cx.reply.ok();
    DONE
}

/// `DEBUG STRINGMATCH-LEN pattern text`: whether the glob matches.
fn string_match(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let matches = glob::matches(args.at(2), args.at(3), glob::Case::Sensitive);
    cx.reply.int(i64::from(matches));
    DONE
}

/// `DEBUG SLEEP seconds`: a number that is none, or negative, is no time at all.
fn sleep(args: &Args<'_>) -> CommandResult {
    let seconds = number::parse_f64(args.at(2)).unwrap_or(0.0);
    Outcome::ask(Ask::Sleep {
        // The conversion stops at the ends of the range.
        microseconds: (seconds * 1e6) as u64,
    })
}

/// `DEBUG RELOAD [NOSAVE]`. (MERGE and NOFLUSH have no meaning without duplicates.)
fn reload(args: &Args<'_>) -> CommandResult {
    let mut save = true;
    for at in 2..args.len() {
        if !args.is(at, "NOSAVE") {
            return Err(CommandError::new(
                "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.",
            ));
        }
        save = false;
    }
    Outcome::ask(Ask::Reload { save })
}

/// `DEBUG SET-ACTIVE-EXPIRE 0 | 1`.
fn set_active_expire(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    cx.keys.active_expire = args.int(2).is_ok_and(|value| value != 0);
    cx.reply.ok();
    DONE
}

/// `DEBUG QUICKLIST-PACKED-THRESHOLD size`: accepted, so that test suites run; what a list's nodes hold follows
/// `list-max-listpack-size` alone.
fn quicklist_packed_threshold(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let size = number::parse_memory(args.at(2));
    if size.is_none_or(|size| size > PACKED_THRESHOLD_MAX) {
        return Err(CommandError::new(
            "ERR argument must be a memory value bigger than 1 and smaller than 4gb",
        ));
    }
    cx.reply.ok();
    DONE
}

fn help(cx: &mut Cx<'_>) -> CommandResult {
    help::reply(
        cx,
        "DEBUG",
        &[
            ("DIGEST", &["Return a digest of all data."]),
            (
                "DIGEST-VALUE <key> [<key> ...]",
                &["Return a digest of the value of each key."],
            ),
            (
                "ERROR <string>",
                &["Return the string as an error, for tests of clients."],
            ),
            (
                "HTSTATS <dbid> [full]",
                &["Return how the table of a database is filled."],
            ),
            (
                "HTSTATS-KEY <key> [full]",
                &["Return how the table that a big value has is filled."],
            ),
            ("LOG <message>", &["Write the message to the log."]),
            ("OBJECT <key>", &["Return how the value is kept."]),
            ("PANIC", &["Crash the server: it gives up by itself."]),
            (
                "POPULATE <count> [<prefix>] [<size>]",
                &[
                    "Create so many strings named <prefix>:<number>, or key:<number>, of <size>",
                    "bytes each. The append only file is not told.",
                ],
            ),
            (
                "PROTOCOL <type>",
                &[
                    "Return a reply of the type: string, integer, double, bignum, null, array, set,",
                    "map, attrib, push, verbatim, true or false.",
                ],
            ),
            (
                "QUICKLIST-PACKED-THRESHOLD <size>",
                &["Does nothing; for test suites of Redis."],
            ),
            (
                "RELOAD [NOSAVE]",
                &["Save the data, unless NOSAVE says not to, and load what was saved."],
            ),
            (
                "SEGFAULT",
                &["Crash the server: it uses memory that is not there."],
            ),
            (
                "SET-ACTIVE-EXPIRE <0|1>",
                &["Whether expired keys go by themselves, or only when they are met."],
            ),
            (
                "SLEEP <seconds>",
                &["Pause the whole server. Decimals are fine."],
            ),
            (
                "STRINGMATCH-LEN <pattern> <string>",
                &["Return whether the glob matches the string."],
            ),
        ],
    )
}
