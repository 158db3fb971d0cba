//! DEBUG PROTOCOL: a reply of each type, for tests of clients.

use crate::command::{Args, CommandError, CommandResult, Cx, DONE};

/// `DEBUG PROTOCOL type`
#[expect(
    clippy::approx_constant,
    reason = "clients are tested with this number, not with pi"
)]
pub(super) fn protocol(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let reply = &mut cx.reply;
    match &args.at(2).to_ascii_lowercase()[..] {
        b"string" => reply.text("Hello World"),
        b"integer" => reply.int(12345),
        b"double" => reply.double(3.141),
        b"bignum" => reply.big_number("1234567999999999999999999999999999999"),
        b"null" => reply.null(),
        b"array" => {
            reply.array(3);
            (0..3).for_each(|number| reply.int(number));
        }
        b"set" => {
            reply.set(3);
            (0..3).for_each(|number| reply.int(number));
        }
        b"map" => {
            reply.map(3);
            for number in 0..3 {
                reply.int(number);
                reply.boolean(number == 1);
            }
        }
        b"attrib" => {
            // The older protocol has no attributes.
            if reply.is_resp3() {
                reply.push_raw(b"|1\r\n");
                reply.text("key-popularity");
                reply.array(2);
                reply.text("key:123");
                reply.int(90);
            }
            reply.text("Some real reply following the attribute");
        }
        b"push" => {
            if !reply.is_resp3() {
                return Err(CommandError::new(
                    "ERR RESP2 is not supported by this command",
                ));
            }
            reply.push(2);
            reply.text("server-cpu-usage");
            reply.int(42);
            reply.text("Some real reply following the push reply");
        }
        b"true" => reply.boolean(true),
        b"false" => reply.boolean(false),
        b"verbatim" => reply.verbatim("txt", b"This is a verbatim\nstring"),
        _ => {
            return Err(CommandError::new(
                "ERR Wrong protocol type name. Please use one of the following: \
                 string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
            ));
        }
    }
    DONE
}
