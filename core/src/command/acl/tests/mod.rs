//! What users may do, as clients see it. That rules mean what they mean to Redis, a test beside a real one tells
//! (`acl_reference` of `rotom-tests`).

use crate::command::acl::{RuleContext, check_declaration, parse_file};
use crate::command::{FAMILIES, Registry};
use crate::resp::Protocol;
use crate::session::Local;
use std::string::String;
use std::vec::Vec;

const NOPERM_KEY: &str = "-NOPERM No permissions to access a key\r\n";
const SECRET_HASH: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

fn expect(local: &mut Local, line: &str, reply: &str) {
    let got = String::from_utf8(local.line(line)).unwrap();
    assert_eq!(got, reply, "{line}");
}

fn ok(local: &mut Local, lines: &[&str]) {
    for line in lines {
        expect(local, line, "+OK\r\n");
    }
}

fn denied(user: &str, command: &str) -> String {
    std::format!("-NOPERM User {user} has no permissions to run the '{command}' command\r\n")
}

/// A client that has logged in as `bob`, who has these rules.
fn as_bob(rules: &str) -> Local {
    let mut local = Local::new(1);
    let set = std::format!("ACL SETUSER bob on >pw {rules}");
    ok(&mut local, &[&set, "AUTH bob pw"]);
    local
}

#[test]
fn commands_keys_and_channels_are_checked() {
    let mut local = as_bob("+get +set +object|encoding +config|get ~a* %R~r* %W~w*");
    ok(&mut local, &["SET a1 x", "SET w1 x"]);
    expect(&mut local, "GET a1", "$1\r\nx\r\n");
    expect(&mut local, "GET r1", "$-1\r\n");
    expect(&mut local, "SET r1 x", NOPERM_KEY);
    expect(&mut local, "GET w1", NOPERM_KEY);
    expect(&mut local, "SET w1 y GET", NOPERM_KEY);
    expect(&mut local, "GET q", NOPERM_KEY);
    expect(&mut local, "DEL a1", &denied("bob", "del"));
    expect(&mut local, "OBJECT ENCODING a1", "$6\r\nembstr\r\n");
    expect(&mut local, "OBJECT FREQ a1", &denied("bob", "object|freq"));
    expect(&mut local, "CONFIG GET nothing", "*0\r\n");
    expect(
        &mut local,
        "CONFIG SET maxmemory 1",
        &denied("bob", "config|set"),
    );
    // Arity comes first, and what needs no user is for everybody.
    expect(
        &mut local,
        "DEL",
        "-ERR wrong number of arguments for 'del' command\r\n",
    );
    expect(&mut local, "AUTH bob pw", "+OK\r\n");
    assert_eq!(local.shared.users.denied.key, 4);
    assert_eq!(local.shared.users.denied.command, 3);
}

#[test]
fn one_selector_has_to_allow_all_of_a_request() {
    let mut local = as_bob("+get ~a* (+set ~b*) (+copy %R~a* %W~b*)");
    ok(&mut local, &["SET b1 x"]);
    expect(&mut local, "GET b1", NOPERM_KEY);
    expect(&mut local, "SET a1 x", NOPERM_KEY);
    expect(&mut local, "COPY a1 b1", ":0\r\n");
    expect(&mut local, "COPY b1 a1", NOPERM_KEY);
    expect(&mut local, "DEL a1", &denied("bob", "del"));
}

#[test]
fn sort_patterns_need_every_key() {
    let mut local = as_bob("+@all ~l* ~w*");
    let by = "-ERR BY option of SORT denied due to insufficient ACL permissions.\r\n";
    let get = "-ERR GET option of SORT denied due to insufficient ACL permissions.\r\n";
    expect(&mut local, "SORT l BY w*", by);
    expect(&mut local, "SORT l BY nosort", "*0\r\n");
    expect(&mut local, "SORT l GET #", get);
    let mut local = as_bob("+@all %R~* %W~l*");
    expect(&mut local, "SORT l BY w* GET x*", "*0\r\n");
    expect(&mut local, "SORT l STORE m", NOPERM_KEY);
}

#[test]
fn a_change_of_the_user_is_felt_at_once() {
    let mut local = as_bob("+@all ~*");
    expect(&mut local, "GET a", "$-1\r\n");
    ok(&mut local, &["ACL SETUSER bob -get"]);
    expect(&mut local, "GET a", &denied("bob", "get"));
    ok(&mut local, &["ACL SETUSER bob +@all allchannels"]);
    expect(&mut local, "GET a", "$-1\r\n");
    assert!(local.client.attention.is_none());
    expect(&mut local, "ACL DELUSER bob nobody", ":1\r\n");
    // The connection would be closed now; nothing runs on it.
    expect(
        &mut local,
        "GET a",
        "-NOPERM User default has no permissions to run the 'get' command\r\n",
    );
}

#[test]
fn rules_are_applied_all_or_none() {
    let mut local = Local::new(1);
    let rest = "Unknown command or category name in ACL\r\n";
    let error = std::format!("-ERR Error in ACL SETUSER modifier '+nosuch': {rest}");
    expect(&mut local, "ACL SETUSER bob on +get +nosuch", &error);
    expect(&mut local, "ACL GETUSER bob", "$-1\r\n");
    ok(&mut local, &["ACL SETUSER bob on"]);
    expect(&mut local, "ACL SETUSER bob off +nosuch", &error);
    assert!(local.shared.users.find(b"bob").unwrap().1.is_enabled());
    expect(
        &mut local,
        "ACL SETUSER bob (+get ~a",
        "-ERR Unmatched parenthesis in acl selector starting at '(+get'.\r\n",
    );
    for name in ["'a b'", "\"a\\x00\"", "\"\\n\""] {
        let line = std::format!("ACL SETUSER {name}");
        let error = "-ERR Usernames can't contain spaces or null characters\r\n";
        expect(&mut local, &line, error);
    }
}

#[test]
fn a_user_is_shown_as_rules() {
    let mut local = Local::new(1);
    let default = "user default on nopass sanitize-payload ~* &* +@all";
    expect(
        &mut local,
        "ACL LIST",
        &std::format!("*1\r\n${}\r\n{default}\r\n", default.len()),
    );
    ok(
        &mut local,
        &["ACL SETUSER bob on >secret ~a* %R~b* &c +@all -@dangerous +config|get (+get ~x)"],
    );
    let user = local.shared.users.find(b"bob").unwrap().1;
    let shown = std::format!(
        "user bob on sanitize-payload #{SECRET_HASH} ~a* %R~b* resetchannels &c +@all -@dangerous +config|get \
         (~x resetchannels -@all +get)"
    );
    assert_eq!(user.describe(), shown.as_bytes());
    let body = std::format!(
        "$5\r\nflags\r\n~2\r\n$2\r\non\r\n$16\r\nsanitize-payload\r\n$9\r\npasswords\r\n*1\r\n$64\r\n{SECRET_HASH}\r\n\
         $8\r\ncommands\r\n$34\r\n+@all -@dangerous +config|get\r\n"
    )
    .replace("$34", "$29");
    local.client.protocol = Protocol::Resp3;
    let got = String::from_utf8(local.line("ACL GETUSER bob")).unwrap();
    assert!(got.starts_with(&std::format!("%6\r\n{body}")), "{got}");
    assert!(got.ends_with(
        "$9\r\nselectors\r\n*1\r\n%3\r\n$8\r\ncommands\r\n$10\r\n-@all +get\r\n$4\r\nkeys\r\n$2\r\n~x\r\n\
         $8\r\nchannels\r\n$0\r\n\r\n"
    ));
}

#[test]
fn passwords_are_kept_as_hashes_and_any_of_them_does() {
    let mut local = Local::new(1);
    let wrong = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    ok(&mut local, &["ACL SETUSER bob >one >secret"]);
    expect(&mut local, "AUTH bob one", wrong);
    ok(
        &mut local,
        &[
            "ACL SETUSER bob on",
            "AUTH bob one",
            "AUTH bob secret",
            "AUTH default any",
        ],
    );
    expect(&mut local, "AUTH bob two", wrong);
    expect(&mut local, "AUTH nobody one", wrong);
    let remove = std::format!("ACL SETUSER bob !{SECRET_HASH}");
    ok(&mut local, &[&remove]);
    expect(&mut local, "AUTH bob secret", wrong);
    ok(&mut local, &["ACL SETUSER bob nopass", "AUTH bob whatever"]);
    assert_eq!(local.shared.users.denied.auth, 4);
}

#[test]
fn requirepass_is_the_default_users_password() {
    let mut local = Local::new(1);
    ok(&mut local, &["CONFIG SET requirepass secret"]);
    let user = local.shared.users.find(b"default").unwrap().1;
    let shown = std::format!("user default on sanitize-payload #{SECRET_HASH} ~* &* +@all");
    assert_eq!(user.describe(), shown.as_bytes());
    local.client.set_authenticated(false);
    expect(&mut local, "GET a", "-NOAUTH Authentication required.\r\n");
    ok(
        &mut local,
        &[
            "AUTH secret",
            "CONFIG SET requirepass ''",
            "ACL SETUSER default off",
        ],
    );
    local.client.set_authenticated(false);
    expect(&mut local, "GET a", "-NOAUTH Authentication required.\r\n");
}

#[test]
fn the_log_joins_what_is_alike() {
    let mut local = as_bob("+get ~a* +acl|log");
    local.set_time_ms(1_000_000);
    local.line("SET a 1");
    local.line("SET b 1");
    local.line("GET b");
    local.set_time_ms(1_059_500);
    local.line("SET a 1");
    local.line("AUTH eve x");
    let got = String::from_utf8(local.line("ACL LOG")).unwrap();
    let first = "*3\r\n*20\r\n$5\r\ncount\r\n:1\r\n$6\r\nreason\r\n$4\r\nauth\r\n$7\r\ncontext\r\n$8\r\ntoplevel\r\n\
                 $6\r\nobject\r\n$4\r\nAUTH\r\n$8\r\nusername\r\n$3\r\neve\r\n$11\r\nage-seconds\r\n$1\r\n0\r\n";
    assert!(got.starts_with(first), "{got}");
    let second = "count\r\n:3\r\n$6\r\nreason\r\n$7\r\ncommand\r\n$7\r\ncontext\r\n$8\r\ntoplevel\r\n$6\r\nobject\r\n\
                  $3\r\nset\r\n$8\r\nusername\r\n$3\r\nbob\r\n";
    assert!(got.contains(second), "{got}");
    assert!(got.ends_with(
        "$8\r\nentry-id\r\n:1\r\n$17\r\ntimestamp-created\r\n:1000000\r\n$22\r\ntimestamp-last-updated\r\n:1000000\r\n"
    ));
    assert!(local.line("ACL LOG 1").starts_with(b"*1\r\n"));
    assert!(local.line("ACL LOG -1").starts_with(b"*0\r\n"));
    // Too far apart to be joined, and no more than the setting allows.
    local.set_time_ms(1_200_000);
    local.shared.settings.acllog_max_len = 2;
    local.line("SET a 1");
    assert!(local.line("ACL LOG").starts_with(b"*2\r\n"));
    ok(&mut local, &["ACL LOG RESET"]);
    expect(&mut local, "ACL LOG", "*0\r\n");
}

#[test]
fn generated_passwords_have_the_asked_length() {
    let mut local = Local::new(1);
    for (line, digits) in [
        ("ACL GENPASS", 64),
        ("ACL GENPASS 5", 2),
        ("ACL GENPASS 4096", 1024),
    ] {
        let got = local.line(line);
        let start = std::format!("${digits}\r\n").len();
        assert_eq!(got.len(), start + digits + 2);
        assert!(got[start..start + digits].iter().all(u8::is_ascii_hexdigit));
    }
}

fn with_context<T>(run: impl FnOnce(RuleContext<'_>) -> T) -> T {
    let registry = Registry::new(FAMILIES);
    run(RuleContext {
        registry: &registry,
        all_channels: false,
    })
}

#[test]
fn a_file_is_read_as_a_whole_or_not_at_all() {
    let text = b"user bob on nopass +get ~a* (+set\t ~b*)\n\n user alice off\r\n";
    let users = with_context(|context| parse_file("f", text, context));
    let names: Vec<Vec<u8>> = users
        .unwrap()
        .iter()
        .map(|user| user.name.clone())
        .collect();
    assert_eq!(names, [b"bob".to_vec(), b"alice".to_vec()]);
    let text = b"user bob\nuser bob\nusr eve\nuser eve +nosuch bogus bogus\nuser dan (+get\n# no comment\n";
    let error = with_context(|context| parse_file("f", text, context))
        .err()
        .unwrap();
    assert_eq!(
        String::from_utf8(error).unwrap(),
        "WARNING: Duplicate user 'bob' found on line 2. f:3 should start with user keyword followed by the username. \
         f:4: Error in applying operation '+nosuch': Unknown command or category name in ACL. f:4: Syntax error. \
         f:5: Unmatched parenthesis in selector definition.f:6 should start with user keyword followed by the username. \
         WARNING: ACL errors detected, no change to the previously active ACL rules was performed"
    );
}

#[test]
fn a_declaration_is_checked_where_it_stands() {
    let check = |line: &str| {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let declared = [[b"bob".to_vec()].to_vec()];
        with_context(|context| check_declaration(&words, &declared, context))
    };
    assert_eq!(check("eve on +nosuch (+get ~a)"), Ok(()));
    let duplicate = "Error in user declaration 'bob': Duplicate user found. A user can only be defined once in config \
                     files";
    assert_eq!(check("bob on"), Err(duplicate.into()));
    let syntax = "Error in user declaration 'bogus': Syntax error";
    assert_eq!(check("eve bogus"), Err(syntax.into()));
}

#[test]
fn a_transaction_is_checked_when_it_is_queued_and_when_it_runs() {
    let mut local = as_bob("+@all ~a*");
    ok(&mut local, &["MULTI"]);
    expect(&mut local, "SET b 1", NOPERM_KEY);
    expect(
        &mut local,
        "EXEC",
        "-EXECABORT Transaction discarded because of previous errors.\r\n",
    );
    ok(&mut local, &["MULTI"]);
    let changed = "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. \
                   This command is no longer allowed for the following reason: no permission to execute the command \
                   or subcommand";
    expect(&mut local, "ACL SETUSER bob -get", "+QUEUED\r\n");
    expect(&mut local, "GET a", "+QUEUED\r\n");
    expect(
        &mut local,
        "EXEC",
        &std::format!("*2\r\n+OK\r\n-{changed}\r\n"),
    );
}

#[test]
fn channels_are_checked() {
    let mut local = as_bob("+@all ~* &news.*");
    let no = "-NOPERM No permissions to access a channel\r\n";
    expect(&mut local, "PUBLISH news.a x", ":0\r\n");
    expect(&mut local, "PUBLISH chat x", no);
    expect(&mut local, "SUBSCRIBE news.a chat", no);
    expect(&mut local, "PSUBSCRIBE news.a*", no);
    expect(&mut local, "SPUBLISH chat x", no);
}

/// Rules of users who come from Redis name commands that are not here; they are kept as they are.
#[test]
fn commands_that_are_not_here_may_stand_in_rules() {
    let mut local = Local::new(1);
    let set = local.line("ACL SETUSER u on nopass ~* +@all -eval -script|load");
    assert_eq!(set, b"+OK\r\n");
    let listed = String::from_utf8(local.line("ACL LIST")).unwrap();
    assert!(listed.contains("+@all -eval -script|load"), "{listed}");
    let wrong = String::from_utf8(local.line("ACL SETUSER u -nosuch")).unwrap();
    assert!(
        wrong.starts_with("-ERR Error in ACL SETUSER modifier '-nosuch'"),
        "{wrong}"
    );
}
