//! COMMAND: the command table, as clients ask for it.

use super::{key_specs, rows};
use crate::bytes::glob::{self, Case};
use crate::command::categories::Categories;
use crate::command::spec::{CommandSpec, Flags, Group, Handler};
use crate::command::{Args, CommandError, CommandResult, Cx, DONE, Found, Registry, help};
use rows::Row;

const fn row(
    name: &'static str,
    arity: i16,
    run: Handler,
    since: &'static str,
    summary: &'static str,
    complexity: &'static str,
) -> CommandSpec {
    CommandSpec::new(name, arity, run)
        .flags(super::ALWAYS)
        .categories(&["connection"])
        .docs(Group::Server, since, summary, complexity)
}

const UNORDERED: &[&str] = &["nondeterministic_output_order"];

/// COMMAND's rows.
#[rustfmt::skip]
pub(super) static SUBCOMMANDS: &[CommandSpec] = &[
    row("count", 2, count, "2.8.13", "Returns how many commands there are.", "O(1)"),
    row("docs", -2, docs, "7.0.0", "Returns what to read about commands.", "O(N) with N the number of commands asked for").tips(UNORDERED),
    row("getkeys", -3, get_keys, "2.8.13", "Returns the keys of a request.", "O(N) with N the number of its arguments"),
    row("getkeysandflags", -3, get_keys_and_flags, "7.0.0", "Returns the keys of a request and what is done with them.", "O(N) with N the number of its arguments"),
    row("help", 2, help, "5.0.0", "Returns what COMMAND can do.", "O(1)"),
    row("info", -2, info, "2.8.13", "Returns the rows of commands.", "O(N) with N the number of commands asked for").tips(UNORDERED),
    row("list", -2, list, "7.0.0", "Returns the names of commands.", "O(N) with N the number of commands").tips(UNORDERED),
];

/// Every command without its subcommands, in the table's order.
fn all_rows(registry: &Registry) -> impl Iterator<Item = Row> + use<> {
    registry.specs().map(Row::command)
}

/// The row of `get` or `client|list`.
fn find(registry: &Registry, name: &[u8]) -> Option<Row> {
    let mut words = name.split(|&byte| byte == b'|');
    let spec = registry.command(words.next()?)?.spec;
    match (words.next(), words.next()) {
        (None, _) => Some(Row::command(spec)),
        (Some(word), None) => Row::command(spec)
            .subcommands()
            .find(|sub| sub.spec.name.as_bytes().eq_ignore_ascii_case(word)),
        _ => None,
    }
}

/// `COMMAND`: the row of every command.
pub(super) fn all(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    cx.reply.array(cx.registry.specs().count());
    for row in all_rows(cx.registry) {
        rows::write_info(&mut cx.reply, row);
    }
    DONE
}

/// `COMMAND INFO [name ...]`.
fn info(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    if args.len() == 2 {
        return all(cx, args);
    }
    cx.reply.array(args.len() - 2);
    for name in args.from(2) {
        match find(cx.registry, name) {
            Some(row) => rows::write_info(&mut cx.reply, row),
            None => cx.reply.null(),
        }
    }
    DONE
}

fn count(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    cx.reply.count(cx.registry.specs().count());
    DONE
}

/// `COMMAND DOCS [name ...]`; unknown names are left out.
fn docs(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    if args.len() == 2 {
        cx.reply.map(cx.registry.specs().count());
        for row in all_rows(cx.registry) {
            rows::write_named_docs(&mut cx.reply, row);
        }
        return DONE;
    }
    let mark = cx.reply.mark();
    let mut found = 0;
    for row in args.from(2).filter_map(|name| find(cx.registry, name)) {
        rows::write_named_docs(&mut cx.reply, row);
        found += 1;
    }
    cx.reply.map_at(mark, found);
    DONE
}

/// What COMMAND LIST leaves out.
enum ListFilter<'a> {
    None,
    /// There are no modules.
    Module,
    Category(&'a [u8]),
    Pattern(&'a [u8]),
}

impl<'a> ListFilter<'a> {
    fn parse(args: &Args<'a>) -> Result<Self, CommandError> {
        match args.len() {
            2 => Ok(ListFilter::None),
            5 if args.is(2, "FILTERBY") => {
                if args.is(3, "MODULE") {
                    Ok(ListFilter::Module)
                } else if args.is(3, "ACLCAT") {
                    Ok(ListFilter::Category(args.at(4)))
                } else if args.is(3, "PATTERN") {
                    Ok(ListFilter::Pattern(args.at(4)))
                } else {
                    Err(CommandError::SYNTAX)
                }
            }
            _ => Err(CommandError::SYNTAX),
        }
    }

    fn lets_through(&self, row: Row) -> bool {
        match *self {
            ListFilter::None => true,
            ListFilter::Module => false,
            ListFilter::Category(name) => {
                core::str::from_utf8(name).is_ok_and(|name| Categories::of(row.spec).contains(name))
            }
            ListFilter::Pattern(pattern) => {
                glob::matches(pattern, row.full_name().as_bytes(), Case::Ignored)
            }
        }
    }
}

/// `COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern]`: subcommands are listed as well.
fn list(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let filter = ListFilter::parse(args)?;
    let mark = cx.reply.mark();
    let mut found = 0;
    for row in all_rows(cx.registry).flat_map(|row| core::iter::once(row).chain(row.subcommands()))
    {
        if filter.lets_through(row) {
            cx.reply.text(&row.full_name());
            found += 1;
        }
    }
    cx.reply.array_at(mark, found);
    DONE
}

fn get_keys(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    reply_keys(cx, args, false)
}

fn get_keys_and_flags(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    reply_keys(cx, args, true)
}

fn reply_keys(cx: &mut Cx<'_>, args: &Args<'_>, with_flags: bool) -> CommandResult {
    let request = args.skip(2);
    let Found::Command(command) = cx.registry.find(&request) else {
        return Err(CommandError::new("ERR Invalid command specified"));
    };
    let spec = command.spec;
    if !key_specs::has_keys(spec) {
        return Err(CommandError::new("ERR The command has no key arguments"));
    }
    if !spec.accepts(request.len()) {
        return Err(CommandError::new(
            "ERR Invalid number of arguments specified for command",
        ));
    }
    let keys = key_specs::find(spec, &request);
    if keys.is_empty() && !spec.flags.has(Flags::NO_MANDATORY_KEYS) {
        return Err(CommandError::new(
            "ERR Invalid arguments specified for command",
        ));
    }
    cx.reply.array(keys.len());
    for (index, key_use) in keys {
        if with_flags {
            cx.reply.array(2);
        }
        cx.reply.bulk(request.at(index));
        if with_flags {
            key_specs::write_use(&mut cx.reply, key_use);
        }
    }
    DONE
}

fn help(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    help::reply(
        cx,
        "COMMAND",
        &[
            ("(no subcommand)", &["Return the rows of all commands."]),
            ("COUNT", &["Return how many commands there are."]),
            (
                "DOCS [<command-name> ...]",
                &["Return what to read about these commands, or about all."],
            ),
            ("GETKEYS <full-command>", &["Return the keys of a request."]),
            (
                "GETKEYSANDFLAGS <full-command>",
                &["Return the keys of a request and what is done with them."],
            ),
            (
                "INFO [<command-name> ...]",
                &["Return the rows of these commands, or of all."],
            ),
            (
                "LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]",
                &["Return the names of all commands and subcommands, or of some."],
            ),
        ],
    )
}
