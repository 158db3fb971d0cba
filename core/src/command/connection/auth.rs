//! AUTH and HELLO.

use super::client::valid_name;
use crate::command::acl::{Context, Event, Reason};
use crate::command::server::REDIS_VERSION;
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::resp::Protocol;
use alloc::string::String;

const WRONG_PASSWORD: CommandError =
    CommandError::new("WRONGPASS invalid username-password pair or user is disabled.");

/// `AUTH [username] password`.
pub(super) fn auth(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    match args.len() {
        2 if cx.users.has_no_password() => {
            return Err(CommandError::new(
                "ERR AUTH <password> called without any password configured for the default user. \
                 Are you sure your configuration is correct?",
            ));
        }
        2 => authenticate(cx, args, b"default", args.at(1))?,
        3 => authenticate(cx, args, args.at(1), args.at(2))?,
        _ => return Err(CommandError::SYNTAX),
    }
    cx.reply.ok();
    DONE
}

fn authenticate(
    cx: &mut Cx<'_>,
    args: &Args<'_>,
    user: &[u8],
    password: &[u8],
) -> Result<(), CommandError> {
    if cx.users.log_in(cx.client, user, password) {
        return Ok(());
    }
    let event = Event {
        reason: Reason::Auth,
        context: Context::TopLevel,
        object: args.at(0).to_vec(),
        username: user.to_vec(),
    };
    let max_len = cx.settings.acllog_max_len;
    cx.users.note(event, cx.wall_us / 1000, max_len);
    Err(WRONG_PASSWORD)
}

/// What HELLO asks for.
#[derive(Default)]
struct Greeting<'a> {
    protocol: Option<Protocol>,
    credentials: Option<(&'a [u8], &'a [u8])>,
    name: Option<String>,
}

impl<'a> Greeting<'a> {
    fn parse(args: &Args<'a>) -> Result<Self, CommandError> {
        let mut greeting = Greeting::default();
        if args.len() > 1 {
            greeting.protocol = Some(protocol(args)?);
        }
        let mut at = 2;
        while at < args.len() {
            let more = args.len() - 1 - at;
            if args.is(at, "AUTH") && more >= 2 {
                greeting.credentials = Some((args.at(at + 1), args.at(at + 2)));
                at += 3;
            } else if args.is(at, "SETNAME") && more >= 1 {
                greeting.name = Some(valid_name(args.at(at + 1))?);
                at += 2;
            } else {
                let before = "ERR Syntax error in HELLO option '";
                return Err(CommandError::quoting(before, args.at(at), "'"));
            }
        }
        Ok(greeting)
    }
}

fn protocol(args: &Args<'_>) -> Result<Protocol, CommandError> {
    match args.int(1) {
        Ok(2) => Ok(Protocol::Resp2),
        Ok(3) => Ok(Protocol::Resp3),
        Ok(_) => Err(CommandError::new("NOPROTO unsupported protocol version")),
        Err(_) => Err(CommandError::new(
            "ERR Protocol version is not an integer or out of range",
        )),
    }
}

/// `HELLO [protover [AUTH username password] [SETNAME clientname]]`.
pub(super) fn hello(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let greeting = Greeting::parse(args)?;
    if let Some((user, password)) = greeting.credentials {
        authenticate(cx, args, user, password)?;
    }
    if !cx.client.is_authenticated() && !cx.users.is_open() {
        return Err(CommandError::new(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the \
             HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and \
             select the RESP protocol version at the same time",
        ));
    }
    if let Some(name) = greeting.name {
        cx.client.name = name;
    }
    if let Some(protocol) = greeting.protocol {
        cx.client.protocol = protocol;
        cx.reply.set_protocol(protocol);
    }
    introduce(cx);
    DONE
}

/// The server's side of the greeting, in the version that was just chosen.
fn introduce(cx: &mut Cx<'_>) {
    let version = if cx.reply.is_resp3() { 3 } else { 2 };
    let id = cx.client.id as i64;
    let reply = &mut cx.reply;
    reply.map(7);
    reply.text("server");
    reply.text("redis");
    reply.text("version");
    reply.text(REDIS_VERSION);
    reply.text("proto");
    reply.int(version);
    reply.text("id");
    reply.int(id);
    reply.text("mode");
    reply.text("standalone");
    reply.text("role");
    reply.text("master");
    reply.text("modules");
    reply.array(0);
}
