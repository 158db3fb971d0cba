//! The subcommands of ACL.

use super::file::join_selectors;
use super::selector::{Selector, has_blanks};
use super::user::hex;
use crate::bytes::number;
use crate::command::categories::{Categories, NAMES};
use crate::command::error::until_nul;
use crate::command::{
    Args, Ask, CommandError, CommandResult, Cx, DONE, Found, Outcome, help as helps,
};
use crate::resp::Reply;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

/// The longest password that GENPASS makes.
const MAX_PASSWORD_BITS: i64 = 4096;
/// Entries of the log that are shown when the request does not say how many.
const LOG_ENTRIES: i64 = 10;

/// `ACL SETUSER name [rule ...]`.
pub(super) fn set(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let name = args.at(2);
    if has_blanks(name) {
        return Err(CommandError::new(
            "ERR Usernames can't contain spaces or null characters",
        ));
    }
    let rules: Vec<&[u8]> = args.from(3).collect();
    let rules = join_selectors(&rules).map_err(|at| {
        let before = "ERR Unmatched parenthesis in acl selector starting at '";
        CommandError::quoting(before, rules[at], "'.")
    })?;
    let context = cx.rule_context();
    match cx.users.set_user(name, &rules, context) {
        Ok(()) => {
            cx.reply.ok();
            Outcome::ask(Ask::UsersChanged)
        }
        Err((rule, error)) => Err(CommandError::quoting(
            "ERR Error in ACL SETUSER modifier '",
            &rule,
            &format!("': {}", error.text()),
        )),
    }
}

/// `ACL DELUSER name [name ...]`.
pub(super) fn delete(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    if args.from(2).any(|name| name == b"default") {
        return Err(CommandError::new(
            "ERR The 'default' user cannot be removed",
        ));
    }
    let removed = args.from(2).filter(|name| cx.users.remove(name)).count();
    cx.reply.count(removed);
    Outcome::ask(Ask::UsersChanged)
}

/// `ACL GETUSER name`.
pub(super) fn get(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let Some((_, user)) = cx.users.find(args.at(2)) else {
        cx.reply.null();
        return DONE;
    };
    let reply = &mut cx.reply;
    reply.map(6);
    reply.text("flags");
    reply.set(user.flags().count());
    user.flags().for_each(|flag| reply.text(flag));
    reply.text("passwords");
    reply.array(user.passwords().len());
    for hash in user.passwords() {
        reply.bulk(&hex(hash));
    }
    write_selector(reply, user.root());
    reply.text("selectors");
    reply.array(user.others().len());
    for selector in user.others() {
        reply.map(3);
        write_selector(reply, selector);
    }
    DONE
}

fn write_selector(reply: &mut Reply<'_>, selector: &Selector) {
    reply.text("commands");
    reply.text(&selector.commands.describe());
    reply.text("keys");
    reply.bulk(&selector.describe_keys());
    reply.text("channels");
    reply.bulk(&selector.describe_channels());
}

/// `ACL LIST`.
pub(super) fn list(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    let users = cx.users.iter();
    cx.reply.array(users.len());
    users.for_each(|user| cx.reply.bulk(&user.describe()));
    DONE
}

/// `ACL USERS`.
pub(super) fn names(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    let users = cx.users.iter();
    cx.reply.array(users.len());
    users.for_each(|user| cx.reply.bulk(&user.name));
    DONE
}

/// `ACL WHOAMI`.
pub(super) fn who_am_i(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    cx.reply.bulk(cx.users.name(cx.client.user));
    DONE
}

/// `ACL CAT [category]`.
pub(super) fn cat(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    match args.len() {
        2 => {
            cx.reply.array(NAMES.len());
            NAMES.iter().for_each(|name| cx.reply.text(name));
            DONE
        }
        3 => commands_in(cx, args.at(2)),
        _ => Err(misused(args)),
    }
}

fn commands_in(cx: &mut Cx<'_>, word: &[u8]) -> CommandResult {
    let category = core::str::from_utf8(word)
        .ok()
        .filter(|name| Categories::is_known(name));
    let Some(category) = category else {
        let word = until_nul(word);
        let shown = &word[..word.len().min(128)];
        return Err(CommandError::quoting("ERR Unknown category '", shown, "'"));
    };
    let mark = cx.reply.mark();
    let mut found = 0;
    for command in cx.registry.commands() {
        if Categories::of(command.spec).contains(category) {
            cx.reply.text(&command.full_name());
            found += 1;
        }
    }
    cx.reply.array_at(mark, found);
    DONE
}

/// `ACL DRYRUN name command [argument ...]`.
pub(super) fn dry_run(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let Some((_, user)) = cx.users.find(args.at(2)) else {
        return Err(CommandError::quoting(
            "ERR User '",
            args.at(2),
            "' not found",
        ));
    };
    let request = args.skip(3);
    let Found::Command(command) = cx.registry.find(&request) else {
        return Err(CommandError::quoting(
            "ERR Command '",
            args.at(3),
            "' not found",
        ));
    };
    if !command.spec.accepts(request.len()) {
        return Err(CommandError::wrong_arity(&command.full_name()));
    }
    match user.check(command, &request) {
        Ok(()) => cx.reply.ok(),
        Err(denied) => {
            let argument = request.at(denied.index());
            cx.reply
                .bulk(&denied.explain(args.at(2), command, argument));
        }
    }
    DONE
}

/// `ACL GENPASS [bits]`.
pub(super) fn generate_password(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let bits = match args.len() {
        2 => 256,
        3 => args.int(2)?,
        _ => return Err(misused(args)),
    };
    if !(1..=MAX_PASSWORD_BITS).contains(&bits) {
        return Err(CommandError::with(format!(
            "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to \
             {MAX_PASSWORD_BITS}"
        )));
    }
    let digits = (bits as usize).div_ceil(4);
    let mut random = vec![0; digits];
    (cx.random_bytes)(&mut random);
    for byte in &mut random {
        *byte = b"0123456789abcdef"[usize::from(*byte % 16)];
    }
    cx.reply.bulk(&random);
    DONE
}

/// `ACL LOG [count | RESET]`.
pub(super) fn log(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let count = match args.len() {
        2 => LOG_ENTRIES,
        3 if args.is(2, "RESET") => {
            cx.users.log.clear();
            cx.reply.ok();
            return DONE;
        }
        3 => number::parse_i64(args.at(2)).ok_or(CommandError::NOT_INTEGER)?,
        _ => return Err(misused(args)),
    };
    let count = usize::try_from(count).unwrap_or(0);
    cx.users.log.write(&mut cx.reply, count, cx.wall_us / 1000);
    DONE
}

/// `ACL LOAD`.
pub(super) fn load(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    with_file(cx, Ask::LoadUsers)
}

/// `ACL SAVE`.
pub(super) fn save(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    with_file(cx, Ask::SaveUsers)
}

fn with_file(cx: &mut Cx<'_>, ask: Ask) -> CommandResult {
    if cx.settings.aclfile.is_empty() {
        return Err(CommandError::new(
            "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the \
             ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) \
             in order to store users in the Redis configuration.",
        ));
    }
    Outcome::ask(ask)
}

fn misused(args: &Args<'_>) -> CommandError {
    let word = args.at(1);
    CommandError::quoting(
        "ERR unknown subcommand or wrong number of arguments for '",
        &word[..word.len().min(128)],
        "'. Try ACL HELP.",
    )
}

pub(super) fn help(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    helps::reply(
        cx,
        "ACL",
        &[
            (
                "CAT [<category>]",
                &["Return the categories of commands, or the commands of one."],
            ),
            (
                "DELUSER <username> [<username> ...]",
                &["Remove users and close their connections."],
            ),
            (
                "DRYRUN <username> <command> [<arg> ...]",
                &["Tell whether the user may run the request, without running it."],
            ),
            ("GETUSER <username>", &["Return the user's rules."]),
            (
                "GENPASS [<bits>]",
                &["Return a password of 256 bits, or of <bits>, that nobody can guess."],
            ),
            ("LIST", &["Return all users as an ACL file has them."]),
            ("LOAD", &["Read the ACL file."]),
            (
                "LOG [<count> | RESET]",
                &["Return what was refused, or forget it."],
            ),
            ("SAVE", &["Write the ACL file."]),
            (
                "SETUSER <username> <attribute> [<attribute> ...]",
                &["Create or change a user: all of the attributes, or none."],
            ),
            ("USERS", &["Return the names of all users."]),
            ("WHOAMI", &["Return the name of the connection's user."]),
        ],
    )
}
