//! Which clients CLIENT LIST shows, CLIENT KILL ends and CLIENT UNBLOCK has wait no more.

use crate::command::{Args, CommandError, CommandResult, Cx};
use crate::command::{Ask, ClientFilter, Outcome};
use alloc::string::String;

/// `CLIENT LIST [TYPE type | ID id [id ...]]`.
pub(super) fn list(_: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let mut filter = ClientFilter::default();
    if args.len() == 4 && args.is(2, "TYPE") {
        filter.kind = Some(kind(args.at(3))?);
    } else if args.len() > 3 && args.is(2, "ID") {
        for index in 3..args.len() {
            let id = args
                .int(index)
                .map_err(|_| CommandError::new("ERR Invalid client ID"))?;
            // No client has the number 0, so it stands for all those that cannot be one.
            filter.ids.push(u64::try_from(id).unwrap_or(0));
        }
    } else if args.len() != 2 {
        return Err(CommandError::SYNTAX);
    }
    Outcome::ask(Ask::ClientList(filter))
}

/// `CLIENT KILL address`, or `CLIENT KILL` with pairs of a filter and its value.
pub(super) fn kill(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let old_form = args.len() == 3;
    let filter = if old_form {
        ClientFilter {
            address: Some(text(args.at(2))),
            ..ClientFilter::default()
        }
    } else {
        kill_filter(cx, args)?
    };
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

fn kill_filter(cx: &Cx<'_>, args: &Args<'_>) -> Result<ClientFilter, CommandError> {
    let mut filter = ClientFilter {
        skip_me: true,
        ..ClientFilter::default()
    };
    for at in (2..args.len()).step_by(2) {
        if at + 1 == args.len() {
            return Err(CommandError::SYNTAX);
        }
        let value = args.at(at + 1);
        if args.is(at, "ID") {
            filter.ids = [positive(
                args,
                at + 1,
                "ERR client-id should be greater than 0",
                "ERR client-id should be greater than 0",
            )?]
            .into();
        } else if args.is(at, "MAXAGE") {
            filter.min_age_seconds = Some(positive(
                args,
                at + 1,
                "ERR maxage is not an integer or out of range",
                "ERR maxage should be greater than 0",
            )?);
        } else if args.is(at, "TYPE") {
            filter.kind = Some(kind(value)?);
        } else if args.is(at, "ADDR") {
            filter.address = Some(text(value));
        } else if args.is(at, "LADDR") {
            filter.local_address = Some(text(value));
        } else if args.is(at, "USER") {
            filter.user = Some(user(cx, value)?);
        } else if args.is(at, "SKIPME") {
            filter.skip_me = yes_or_no(args, at + 1)?;
        } else {
            return Err(CommandError::SYNTAX);
        }
    }
    Ok(filter)
}

fn positive(
    args: &Args<'_>,
    index: usize,
    not_integer: &'static str,
    not_positive: &'static str,
) -> Result<u64, CommandError> {
    let value = args
        .int(index)
        .map_err(|_| CommandError::new(not_integer))?;
    match u64::try_from(value) {
        Ok(value) if value > 0 => Ok(value),
        _ => Err(CommandError::new(not_positive)),
    }
}

/// A type of client by its name; `slave` is the old word for `replica`.
fn kind(name: &[u8]) -> Result<String, CommandError> {
    let lower = text(name).to_ascii_lowercase();
    match lower.as_str() {
        "normal" | "master" | "replica" | "pubsub" => Ok(lower),
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
