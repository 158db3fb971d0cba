//! Which clients CLIENT LIST shows, CLIENT KILL ends and CLIENT UNBLOCK has wait no more.
//!
//! The filters are those of Redis 8 and Valkey 9, both for LIST and KILL. Where the two differ in what they say about
//! wrong arguments, the texts are Redis's.

use crate::command::{Args, Ask, ClientFilter, CommandError, CommandResult, Cx, Outcome};
use alloc::format;
use alloc::string::String;

/// The letters of flags, and of capabilities.
const FLAG_LETTERS: &[u8] = b"OSMPxbtRBdcuAUreTIiEN";
const CAPABILITY_LETTERS: &[u8] = b"r";

/// `CLIENT LIST [filter value [filter value ...]]`, where ID takes several numbers.
pub(super) fn list(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let mut filter = ClientFilter::default();
    let mut at = 2;
    while at < args.len() {
        if at + 1 < args.len() && args.is(at, "ID") {
            at = list_ids(args, at + 1, &mut filter)?;
        } else {
            at = one(cx, args, at, &mut filter)?;
        }
    }
    Outcome::ask(Ask::ClientList(filter))
}

/// The numbers after CLIENT LIST ID; where they end.
fn list_ids(
    args: &Args<'_>,
    first: usize,
    filter: &mut ClientFilter,
) -> Result<usize, CommandError> {
    let mut at = first;
    while at < args.len() {
        match args.int(at) {
            // No client has the number 0, so it stands for all those that cannot be one.
            Ok(id) => filter.is.ids.push(u64::try_from(id).unwrap_or(0)),
            Err(_) if at > first && at + 1 < args.len() => break,
            Err(_) => return Err(CommandError::new("ERR Invalid client ID")),
        }
        at += 1;
    }
    Ok(at)
}

/// `CLIENT KILL address`, or `CLIENT KILL` with filters.
pub(super) fn kill(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let old_form = args.len() == 3;
    let mut filter = ClientFilter::default();
    if old_form {
        filter.is.address = Some(text(args.at(2)));
    } else {
        filter.skip_me = true;
        let mut at = 2;
        while at < args.len() {
            at = one(cx, args, at, &mut filter)?;
        }
    }
    Outcome::ask(Ask::ClientKill { filter, old_form })
}

/// `CLIENT UNBLOCK id [TIMEOUT | ERROR]`.
pub(super) fn unblock(_: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let with_error = match args.len() {
        3 => false,
        4 if args.is(3, "TIMEOUT") => false,
        4 if args.is(3, "ERROR") => true,
        4 => {
            return Err(CommandError::new(
                "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR",
            ));
        }
        _ => {
            return Err(CommandError::quoting(
                "ERR unknown subcommand or wrong number of arguments for '",
                args.at(1),
                "'. Try CLIENT HELP.",
            ));
        }
    };
    Outcome::ask(Ask::ClientUnblock {
        id: args.int(2)?,
        with_error,
    })
}

/// Reads the filter at `at`; where the next one begins.
fn one(
    cx: &Cx<'_>,
    args: &Args<'_>,
    at: usize,
    filter: &mut ClientFilter,
) -> Result<usize, CommandError> {
    let value = args.get(at + 1).ok_or(CommandError::SYNTAX)?;
    if args.is(at, "MAXAGE") {
        filter.min_age_seconds = Some(positive(args, at + 1, "maxage")?);
    } else if args.is(at, "IDLE") {
        filter.min_idle_seconds = Some(positive(args, at + 1, "idle")?);
    } else if args.is(at, "SKIPME") {
        filter.skip_me = yes_or_no(args, at + 1)?;
    } else {
        return one_trait(cx, args, at, value, filter);
    }
    Ok(at + 2)
}

fn one_trait(
    cx: &Cx<'_>,
    args: &Args<'_>,
    at: usize,
    value: &[u8],
    filter: &mut ClientFilter,
) -> Result<usize, CommandError> {
    let mut name = text(args.at(at)).to_ascii_uppercase();
    let is_not = name.starts_with("NOT-");
    let traits = if is_not {
        name.drain(.."NOT-".len());
        &mut filter.is_not
    } else {
        &mut filter.is
    };
    match name.as_str() {
        "ID" => return ids(args, at + 1, &mut traits.ids),
        "ADDR" => traits.address = Some(text(value)),
        "LADDR" => traits.local_address = Some(text(value)),
        "IP" => traits.ip = Some(text(value)),
        "TYPE" => traits.kind = Some(kind(value)?),
        "USER" => traits.user = Some(user(cx, value)?),
        "NAME" => traits.name = Some(text(value)),
        "LIB-NAME" => traits.lib_name = Some(text(value)),
        "LIB-VER" => traits.lib_ver = Some(text(value)),
        "FLAGS" => traits.flags = Some(letters(value, FLAG_LETTERS, "flags", is_not)?),
        "CAPA" => traits.capabilities = Some(letters(value, CAPABILITY_LETTERS, "capa", is_not)?),
        "DB" => {
            let word = if is_not { "NOT-DB" } else { "DB" };
            traits.db = Some(database(cx, args, at + 1, word)?);
        }
        _ => return Err(CommandError::SYNTAX),
    }
    Ok(at + 2)
}

/// Numbers of clients, at least one; where they end.
fn ids(
    args: &Args<'_>,
    first: usize,
    into: &mut alloc::vec::Vec<u64>,
) -> Result<usize, CommandError> {
    let mut at = first;
    while at < args.len() {
        match args.int(at).map(u64::try_from) {
            Ok(Ok(id)) if id > 0 => into.push(id),
            Err(_) if at > first => break,
            _ => return Err(CommandError::new("ERR client-id should be greater than 0")),
        }
        at += 1;
    }
    Ok(at)
}

fn positive(args: &Args<'_>, index: usize, name: &str) -> Result<u64, CommandError> {
    let value = args
        .int(index)
        .map_err(|_| CommandError::with(format!("ERR {name} is not an integer or out of range")))?;
    match u64::try_from(value) {
        Ok(value) if value > 0 => Ok(value),
        _ => Err(CommandError::with(format!(
            "ERR {name} should be greater than 0"
        ))),
    }
}

fn database(cx: &Cx<'_>, args: &Args<'_>, index: usize, word: &str) -> Result<usize, CommandError> {
    let number = args
        .int(index)
        .map_err(|_| CommandError::with(format!("ERR {word} is not an integer or out of range")))?;
    let count = cx.keys.database_count();
    match usize::try_from(number) {
        Ok(number) if number < count => Ok(number),
        _ => Err(CommandError::with(format!(
            "ERR {word} number should be between 0 and {}",
            count - 1
        ))),
    }
}

fn letters(value: &[u8], known: &[u8], what: &str, is_not: bool) -> Result<String, CommandError> {
    if value.iter().all(|letter| known.contains(letter)) {
        return Ok(text(value));
    }
    let before = if is_not {
        let upper = what.to_ascii_uppercase();
        format!("ERR Unknown {what} found in the NOT-{upper} filter: ")
    } else {
        format!("ERR Unknown {what} found in the provided filter: ")
    };
    Err(CommandError::quoting(&before, value, ""))
}

/// A type of client by its name; `slave` is the old word for `replica`.
fn kind(name: &[u8]) -> Result<String, CommandError> {
    let lower = text(name).to_ascii_lowercase();
    match lower.as_str() {
        "normal" | "master" | "replica" | "pubsub" => Ok(lower),
        "primary" => Ok("master".into()),
        "slave" => Ok("replica".into()),
        _ => Err(CommandError::quoting(
            "ERR Unknown client type '",
            name,
            "'",
        )),
    }
}

fn user(cx: &Cx<'_>, name: &[u8]) -> Result<String, CommandError> {
    if cx.users.find(name).is_some() {
        return Ok(text(name));
    }
    Err(CommandError::quoting("ERR No such user '", name, "'"))
}

fn yes_or_no(args: &Args<'_>, index: usize) -> Result<bool, CommandError> {
    if args.is(index, "YES") {
        Ok(true)
    } else if args.is(index, "NO") {
        Ok(false)
    } else {
        Err(CommandError::SYNTAX)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
