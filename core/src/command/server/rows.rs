//! How COMMAND INFO and COMMAND DOCS show a row.

use super::{arguments, key_specs};
use crate::command::categories::Categories;
use crate::command::spec::{CommandSpec, Flags};
use crate::resp::Reply;
use alloc::borrow::Cow;
use alloc::format;

/// A command, or a subcommand with its container.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) spec: &'static CommandSpec,
    container: Option<&'static CommandSpec>,
}

impl Row {
    pub(super) fn command(spec: &'static CommandSpec) -> Row {
        Row {
            spec,
            container: None,
        }
    }

    pub(super) fn subcommands(self) -> impl ExactSizeIterator<Item = Row> {
        self.spec.subcommands.iter().map(move |spec| Row {
            spec,
            container: Some(self.spec),
        })
    }

    /// `get`, or `client|list`.
    pub(super) fn full_name(self) -> Cow<'static, str> {
        match self.container {
            None => self.spec.name.into(),
            Some(container) => format!("{}|{}", container.name, self.spec.name).into(),
        }
    }
}

/// The ten elements of COMMAND INFO.
pub(super) fn write_info(reply: &mut Reply<'_>, row: Row) {
    let spec = row.spec;
    let (first, last, step) = key_specs::legacy_range(spec);
    reply.array(10);
    reply.text(&row.full_name());
    reply.int(i64::from(spec.arity));
    write_flags(reply, spec);
    reply.int(i64::from(first));
    reply.int(i64::from(last));
    reply.int(i64::from(step));
    let categories = Categories::of(spec);
    reply.set(categories.len());
    for name in categories.names() {
        reply.simple(&format!("@{name}"));
    }
    reply.set(spec.tips.len());
    for tip in spec.tips {
        reply.text(tip);
    }
    key_specs::write(reply, spec);
    let subcommands = row.subcommands();
    if subcommands.len() == 0 {
        reply.set(0);
        return;
    }
    reply.array(subcommands.len());
    for sub in subcommands {
        write_info(reply, sub);
    }
}

fn write_flags(reply: &mut Reply<'_>, spec: &CommandSpec) {
    let movable = if key_specs::is_movable(spec) {
        Flags::MOVABLE_KEYS
    } else {
        Flags::NONE
    };
    let flags = spec.flags | movable;
    let set = Flags::NAMES.iter().filter(|(flag, _)| flags.has(*flag));
    reply.set(set.clone().count());
    for (_, name) in set {
        reply.simple(name);
    }
}

/// The name, then the map of COMMAND DOCS: two replies.
pub(super) fn write_named_docs(reply: &mut Reply<'_>, row: Row) {
    reply.text(&row.full_name());
    write_docs(reply, row);
}

fn write_docs(reply: &mut Reply<'_>, row: Row) {
    let spec = row.spec;
    let subcommands = row.subcommands();
    let documented = arguments::of(&row.full_name());
    let optional = [
        !spec.summary.is_empty(),
        !spec.since.is_empty(),
        !spec.complexity.is_empty(),
        documented.has_history(),
        documented.has_arguments(),
        subcommands.len() != 0,
    ];
    let present = optional.iter().filter(|present| **present).count();
    let is_system = spec.flags.has(Flags::SYSTEM);
    let flags = usize::from(spec.deprecated.is_some()) + usize::from(is_system);
    let deprecation = if spec.deprecated.is_some() { 2 } else { 0 };
    reply.map(1 + present + usize::from(flags > 0) + deprecation);
    write_pair(reply, "summary", spec.summary);
    write_pair(reply, "since", spec.since);
    write_pair(reply, "group", spec.group.name());
    write_pair(reply, "complexity", spec.complexity);
    if flags > 0 {
        reply.text("doc_flags");
        reply.set(flags);
    }
    if spec.deprecated.is_some() {
        reply.simple("deprecated");
    }
    if is_system {
        reply.simple("syscmd");
    }
    if let Some((since, replaced_by)) = spec.deprecated {
        reply.text("deprecated_since");
        reply.text(since);
        reply.text("replaced_by");
        reply.text(replaced_by);
    }
    if documented.has_history() {
        reply.text("history");
        documented.write_history(reply);
    }
    if documented.has_arguments() {
        reply.text("arguments");
        documented.write_arguments(reply);
    }
    if subcommands.len() != 0 {
        reply.text("subcommands");
        reply.map(subcommands.len());
        for sub in subcommands {
            write_named_docs(reply, sub);
        }
    }
}

fn write_pair(reply: &mut Reply<'_>, name: &str, value: &str) {
    if !value.is_empty() {
        reply.text(name);
        reply.text(value);
    }
}
