//! DEBUG: for tests. Who may use it, `enable-debug-command` says.

use crate::bytes::number;
use crate::command::{Args, Ask, CommandError, CommandResult, Cx, DONE, Outcome, help};
use alloc::format;

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
        2 if args.is(1, "HELP") => help(cx),
        2.. if args.is(1, "RELOAD") => reload(args),
        3 if args.is(1, "SLEEP") => sleep(args),
        3 if args.is(1, "OBJECT") => object(cx, args),
        3 if args.is(1, "SET-ACTIVE-EXPIRE") => set_active_expire(cx, args),
        3 if args.is(1, "QUICKLIST-PACKED-THRESHOLD") => quicklist_packed_threshold(cx, args),
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

/// `DEBUG OBJECT key`. The address would differ from run to run, so none is told, and the length is that of the value in
/// memory.
fn object(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let access = cx.keys.access;
    let Some(entry) = cx.keys.peek_quietly(&args.key(2)) else {
        return Err(CommandError::NO_SUCH_KEY);
    };
    let line = format!(
        "Value at:0x0 refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{}",
        entry.encoding_name(),
        entry.memory_bytes(5),
        access.last_use_seconds(entry.clock()),
        access.idle_seconds(entry.clock()),
    );
    cx.reply.simple(&line);
    DONE
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
            ("OBJECT <key>", &["Return how the value is kept."]),
            (
                "QUICKLIST-PACKED-THRESHOLD <size>",
                &["Does nothing; for test suites of Redis."],
            ),
            (
                "RELOAD [NOSAVE]",
                &["Save the data, unless NOSAVE says not to, and load what was saved."],
            ),
            (
                "SET-ACTIVE-EXPIRE <0|1>",
                &["Whether expired keys go by themselves, or only when they are met."],
            ),
            (
                "SLEEP <seconds>",
                &["Pause the whole server. Decimals are fine."],
            ),
        ],
    )
}
