//! CLIENT TRACKING, CACHING, GETREDIR, TRACKINGINFO: caching on the client's side.

use crate::bytes::number;
use crate::command::error::until_nul;
use crate::command::{
    Args, Ask, Attention, ClientState, CommandError, CommandResult, Cx, DONE, Outcome,
};
use crate::keyspace::{Events, events::Listener};
use crate::tracking::{Options, Reader, Redirect, Tracking};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// `CLIENT TRACKING ON | OFF [REDIRECT id] [PREFIX prefix ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]`
pub(super) fn tracking(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let options = parse(args)?;
    if args.is(2, "OFF") {
        cx.client.end_tracking(cx.tracking, &mut cx.keys.events);
        cx.reply.ok();
        return DONE;
    }
    if !args.is(2, "ON") {
        return Err(CommandError::SYNTAX);
    }
    if options.redirect_id != 0 {
        // Who that is the engine knows.
        return Outcome::ask(Ask::Track(options));
    }
    let events = &mut cx.keys.events;
    cx.client
        .begin_tracking(cx.tracking, events, None, options)?;
    cx.reply.ok();
    DONE
}

fn parse(args: &Args<'_>) -> Result<Options, CommandError> {
    let mut options = Options::default();
    let mut at = 3;
    while at < args.len() {
        let has_more = at + 1 < args.len();
        if args.is(at, "REDIRECT") && has_more {
            at += 1;
            if options.redirect_id != 0 {
                return Err(CommandError::new(
                    "ERR A client can only redirect to a single other client",
                ));
            }
            options.redirect_id =
                number::parse_i64(args.at(at)).ok_or(CommandError::NOT_INTEGER)?;
            if options.redirect_id == 0 {
                return Err(NO_SUCH_CLIENT);
            }
        } else if args.is(at, "BCAST") {
            options.is_broadcast = true;
        } else if args.is(at, "OPTIN") {
            options.opts_in = true;
        } else if args.is(at, "OPTOUT") {
            options.opts_out = true;
        } else if args.is(at, "NOLOOP") {
            options.no_loop = true;
        } else if args.is(at, "PREFIX") && has_more {
            at += 1;
            options.prefixes.push(args.at(at).to_vec());
        } else {
            return Err(CommandError::SYNTAX);
        }
        at += 1;
    }
    Ok(options)
}

/// There is no client to redirect to.
pub(crate) const NO_SUCH_CLIENT: CommandError =
    CommandError::new("ERR The client ID you want redirect to does not exist");

impl ClientState {
    /// Begins to track, or goes on in another way.
    pub(crate) fn begin_tracking(
        &mut self,
        tracking: &mut Tracking,
        events: &mut Events,
        redirect: Option<Redirect>,
        options: Options,
    ) -> Result<(), CommandError> {
        self.check_options(&options)?;
        let Some(slot) = self.slot else {
            return Err(CommandError::new("ERR this command needs a connection"));
        };
        let reader = Reader { id: self.id, slot };
        let old = self.tracking.take().map(|old| *old);
        let new = tracking.enable(old, reader, redirect, options);
        self.attention.set(Attention::TRACKING, !new.is_broadcast);
        self.tracking = Some(Box::new(new));
        events.set_wanted(Listener::Tracking, true);
        Ok(())
    }

    /// Tracks no longer, if it did.
    pub(crate) fn end_tracking(&mut self, tracking: &mut Tracking, events: &mut Events) {
        if let Some(old) = self.tracking.take() {
            tracking.disable(*old);
            self.attention.set(Attention::TRACKING, false);
            events.set_wanted(Listener::Tracking, tracking.clients() > 0);
        }
    }

    fn check_options(&self, options: &Options) -> Result<(), CommandError> {
        let old = self.tracking.as_deref();
        let text = if !options.is_broadcast && !options.prefixes.is_empty() {
            "ERR PREFIX option requires BCAST mode to be enabled"
        } else if old.is_some_and(|old| old.is_broadcast != options.is_broadcast) {
            "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it \
             with a different mode."
        } else if options.is_broadcast && (options.opts_in || options.opts_out) {
            "ERR OPTIN and OPTOUT are not compatible with BCAST"
        } else if options.opts_in && options.opts_out {
            "ERR You can't specify both OPTIN mode and OPTOUT mode"
        } else if old
            .is_some_and(|old| options.opts_in && old.opts_out || options.opts_out && old.opts_in)
        {
            "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it \
             with a different mode."
        } else {
            return self.check_prefixes(&options.prefixes);
        };
        Err(CommandError::new(text))
    }

    /// No prefix may be the beginning of another one of the same client.
    fn check_prefixes(&self, prefixes: &[Vec<u8>]) -> Result<(), CommandError> {
        let overlap = |a: &[u8], b: &[u8]| a.starts_with(b) || b.starts_with(a);
        let error = |new: &[u8], which: &str, other: &[u8]| {
            let shown = |prefix| String::from_utf8_lossy(until_nul(prefix)).into_owned();
            CommandError::with(format!(
                "ERR Prefix '{}' overlaps with {which} prefix '{}'. Prefixes for a single client must not overlap.",
                shown(new),
                shown(other)
            ))
        };
        for (at, new) in prefixes.iter().enumerate() {
            let mut old = self.tracking.iter().flat_map(|old| old.prefixes());
            if let Some(other) = old.find(|other| overlap(new, other)) {
                return Err(error(new, "an existing", other));
            }
            if let Some(other) = prefixes[at + 1..].iter().find(|other| overlap(new, other)) {
                return Err(error(new, "another provided", other));
            }
        }
        Ok(())
    }
}

/// `CLIENT CACHING YES | NO`
pub(super) fn caching(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let Some(tracking) = &mut cx.client.tracking else {
        return Err(CommandError::new(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
        ));
    };
    if args.is(2, "YES") {
        if !tracking.opts_in {
            return Err(CommandError::new(
                "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.",
            ));
        }
    } else if args.is(2, "NO") {
        if !tracking.opts_out {
            return Err(CommandError::new(
                "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.",
            ));
        }
    } else {
        return Err(CommandError::SYNTAX);
    }
    tracking.is_announced = true;
    cx.reply.ok();
    DONE
}

/// Where a client's invalidations go: 0 to itself, -1 nowhere.
fn redirect_of(client: &ClientState) -> i64 {
    match &client.tracking {
        None => -1,
        Some(tracking) => tracking.redirect.map_or(0, |redirect| redirect.id as i64),
    }
}

/// `CLIENT GETREDIR`
pub(super) fn getredir(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    cx.reply.int(redirect_of(cx.client));
    DONE
}

/// `CLIENT TRACKINGINFO`
pub(super) fn trackinginfo(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    let mut flags = heapless::Vec::<&str, 6>::new();
    let mut add = |flag: &'static str, is: bool| {
        if is {
            let _fits = flags.push(flag);
        }
    };
    add("off", cx.client.tracking.is_none());
    if let Some(tracking) = &cx.client.tracking {
        add("on", true);
        add("bcast", tracking.is_broadcast);
        add("optin", tracking.opts_in);
        add("caching-yes", tracking.opts_in && tracking.is_announced);
        add("optout", tracking.opts_out);
        add("caching-no", tracking.opts_out && tracking.is_announced);
        add("noloop", tracking.no_loop);
        let is_broken = tracking.redirect.is_some_and(|redirect| redirect.is_broken);
        add("broken_redirect", is_broken);
    }
    cx.reply.map(3);
    cx.reply.text("flags");
    cx.reply.set(flags.len());
    flags.iter().for_each(|flag| cx.reply.text(flag));
    cx.reply.text("redirect");
    cx.reply.int(redirect_of(cx.client));
    cx.reply.text("prefixes");
    let prefixes = cx.client.tracking.iter().flat_map(|it| it.prefixes());
    cx.reply.array(prefixes.clone().count());
    prefixes.for_each(|prefix| cx.reply.bulk(prefix));
    DONE
}
