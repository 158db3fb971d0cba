//! WAIT and WAITAOF: how many replicas have what was written, and whether the own log has it.
//!
//! There are no replicas. Redis would let a client that asks for some wait until its time is up, and then answer that
//! there were none; here the answer comes at once.

use crate::command::{Args, Ask, CommandError, CommandResult, Cx, DONE, Outcome};

/// `WAIT numreplicas timeout`
pub(super) fn wait(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    args.int(1)?;
    check_timeout(cx, args, 2)?;
    cx.reply.int(0);
    DONE
}

/// `WAITAOF numlocal numreplicas timeout`
pub(super) fn waitaof(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let is_wanted = match args.int(1)? {
        0 => false,
        1 => true,
        _ => {
            return Err(CommandError::new(
                "ERR value is out of range, value must between 0 and 1",
            ));
        }
    };
    args.count(2)?;
    check_timeout(cx, args, 3)?;
    if is_wanted && !cx.settings.appendonly {
        return Err(CommandError::new(
            "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.",
        ));
    }
    Outcome::ask(Ask::WaitForLog { is_wanted })
}

/// Checks the milliseconds at `index`: the moment when they are over must be one that there is.
fn check_timeout(cx: &Cx<'_>, args: &Args<'_>, index: usize) -> Result<(), CommandError> {
    let timeout_ms = args
        .int(index)
        .map_err(|_| CommandError::new("ERR timeout is not an integer or out of range"))?;
    if timeout_ms < 0 {
        return Err(CommandError::new("ERR timeout is negative"));
    }
    match timeout_ms.checked_add_unsigned(cx.keys.now_ms) {
        Some(_) => Ok(()),
        None => Err(CommandError::new("ERR timeout is out of range")),
    }
}
