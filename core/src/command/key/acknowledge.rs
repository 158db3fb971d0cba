//! WAIT and WAITAOF: how many replicas have what was written, and whether the own log has it.
//!
//! There are no replicas: a client that asks for some waits until its time is up, and then learns that there were none.

use crate::command::{Args, Ask, CommandError, CommandResult, Cx, DONE, Outcome, wait as waits};

/// `WAIT numreplicas timeout`
pub(super) fn wait(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let replicas = args.int(1)?;
    let timeout_ms = timeout_ms(cx, args, 2)?;
    if replicas > 0 && !cx.client.deny_blocking {
        return waits::for_replicas(args, false, timeout_ms);
    }
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
    let replicas = args.count(2)?;
    let timeout_ms = timeout_ms(cx, args, 3)?;
    if is_wanted && !cx.settings.appendonly {
        return Err(CommandError::new(
            "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.",
        ));
    }
    if replicas > 0 && !cx.client.deny_blocking {
        return waits::for_replicas(args, true, timeout_ms);
    }
    // Who may not be made to wait is told how it is now.
    let is_wanted = is_wanted && !cx.client.deny_blocking;
    Outcome::ask(Ask::WaitForLog { is_wanted })
}

/// The timeout at `index` in milliseconds; `None` for 0, which is for ever. The moment when it is over must be one that
/// there is.
fn timeout_ms(cx: &Cx<'_>, args: &Args<'_>, index: usize) -> Result<Option<u64>, CommandError> {
    let timeout_ms = args
        .int(index)
        .map_err(|_| CommandError::new("ERR timeout is not an integer or out of range"))?;
    if timeout_ms < 0 {
        return Err(CommandError::new("ERR timeout is negative"));
    }
    match timeout_ms.checked_add_unsigned(cx.keys.now_ms) {
        Some(_) => Ok((timeout_ms > 0).then_some(timeout_ms.unsigned_abs())),
        None => Err(CommandError::new("ERR timeout is out of range")),
    }
}
