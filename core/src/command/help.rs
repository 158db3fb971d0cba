//! What all containers of subcommands have in common.

use super::{Args, CommandError, CommandResult, Cx, DONE};
use alloc::format;
use alloc::string::String;

/// The handler of a container that does nothing without a subcommand. Its arity asks for one and the table finds it, so
/// this answers only the request that has none.
pub(super) fn container(_: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let name = String::from_utf8_lossy(args.at(0)).to_ascii_lowercase();
    Err(CommandError::wrong_arity(&name))
}

/// Replies with a heading, what each form does, and the form of HELP itself. `name` is the container in capitals.
pub(super) fn reply(cx: &mut Cx<'_>, name: &str, forms: &[(&str, &[&str])]) -> CommandResult {
    let lines: usize = forms.iter().map(|(_, says)| 1 + says.len()).sum();
    cx.reply.array(lines + 3);
    cx.reply.simple(&format!(
        "{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"
    ));
    for (form, says) in forms {
        cx.reply.simple(form);
        for sentence in *says {
            cx.reply.simple(&format!("    {sentence}"));
        }
    }
    cx.reply.simple("HELP");
    cx.reply.simple("    Print this help.");
    DONE
}
