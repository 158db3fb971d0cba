use crate::command::ClientState;
use crate::session::Local;
use crate::settings::MaxmemoryPolicy;
use core::cell::Cell;
use std::format;
use std::rc::Rc;
use std::string::String;

const OK: &str = "+OK\r\n";
const QUEUED: &str = "+QUEUED\r\n";
const NIL: &str = "*-1\r\n";
const ABORTED: &str = "-EXECABORT Transaction discarded because of previous errors.\r\n";
const NOW_MS: u64 = 1_700_000_000_000;

fn local() -> Local {
    let mut local = Local::new(7);
    local.set_time_ms(NOW_MS);
    local
}

#[track_caller]
fn check(local: &mut Local, lines: &[(&str, &str)]) {
    for (line, reply) in lines {
        let got = String::from_utf8(local.line(line)).expect("text");
        assert_eq!(got, *reply, "{line}");
    }
}

/// Runs lines as another client.
fn as_other(local: &mut Local, lines: &[&str]) {
    let own = core::mem::replace(&mut local.client, ClientState::new(99, 0));
    for line in lines {
        let reply = local.line(line);
        assert_ne!(reply.first(), Some(&b'-'), "{line}");
    }
    local.client = own;
}

/// Whether EXEC runs after these watched keys and these lines of another client.
#[track_caller]
fn runs(local: &mut Local, before: &[&str], watch: &str, other: &[&str]) -> bool {
    local.line("FLUSHALL");
    before.iter().for_each(|line| drop(local.line(line)));
    check(local, &[(watch, OK)]);
    as_other(local, other);
    check(local, &[("MULTI", OK), ("PING", QUEUED)]);
    let reply = local.line("EXEC");
    assert!(reply == b"*1\r\n+PONG\r\n" || reply == NIL.as_bytes());
    assert_eq!(local.shared.keys.watched.key_count(), 0);
    assert!(!local.shared.keys.watched.is_anything());
    reply != NIL.as_bytes()
}

#[test]
fn requests_are_queued_and_run_by_exec() {
    check(
        &mut local(),
        &[
            ("MULTI", OK),
            ("SET a 1", QUEUED),
            ("INCR a", QUEUED),
            ("LPUSH a x", QUEUED),
            ("GET a", QUEUED),
            (
                "EXEC",
                "*4\r\n+OK\r\n:2\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n$1\r\n2\r\n",
            ),
            ("EXEC", "-ERR EXEC without MULTI\r\n"),
            ("DISCARD", "-ERR DISCARD without MULTI\r\n"),
            ("MULTI", OK),
            ("EXEC", "*0\r\n"),
            ("MULTI", OK),
            ("SET a 5", QUEUED),
            ("DISCARD", OK),
            ("GET a", "$1\r\n2\r\n"),
        ],
    );
}

#[test]
fn a_request_refused_at_queue_time_aborts_and_one_refused_inside_does_not() {
    check(
        &mut local(),
        &[
            ("MULTI", OK),
            ("MULTI", "-ERR MULTI calls can not be nested\r\n"),
            ("WATCH a", "-ERR WATCH inside MULTI is not allowed\r\n"),
            ("UNWATCH", QUEUED),
            ("EXEC", "*1\r\n+OK\r\n"),
            ("MULTI", OK),
            (
                "NOSUCH a",
                "-ERR unknown command 'NOSUCH', with args beginning with: 'a' \r\n",
            ),
            ("SET a 1", QUEUED),
            ("EXEC", ABORTED),
            ("MULTI", OK),
            (
                "GET",
                "-ERR wrong number of arguments for 'get' command\r\n",
            ),
            ("EXEC", ABORTED),
            ("MULTI", OK),
            (
                "CLIENT NOSUCH",
                "-ERR unknown subcommand 'NOSUCH'. Try CLIENT HELP.\r\n",
            ),
            ("EXEC", ABORTED),
            ("MULTI", OK),
            (
                "SHUTDOWN",
                "-ERR Command not allowed inside a transaction\r\n",
            ),
            ("EXEC", ABORTED),
            ("MULTI", OK),
            (
                "EXEC 1",
                "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n",
            ),
            ("EXEC", "-ERR EXEC without MULTI\r\n"),
            ("MULTI", OK),
            (
                "DISCARD x",
                "-ERR wrong number of arguments for 'discard' command\r\n",
            ),
            ("EXEC", ABORTED),
            ("GET a", "$-1\r\n"),
        ],
    );
}

#[test]
fn exec_without_a_password_or_memory_or_a_log_is_told_why() {
    let mut rotom = local();
    let allocated = Rc::new(Cell::new(0));
    let gauge = allocated.clone();
    rotom.set_gauge(move || gauge.get());
    rotom.shared.settings.maxmemory = 1000;
    rotom.shared.settings.maxmemory_policy = MaxmemoryPolicy::Noeviction;
    let oom = "OOM command not allowed when used memory > 'maxmemory'.\r\n";
    check(&mut rotom, &[("MULTI", OK), ("SET a 1", QUEUED)]);
    allocated.set(1001);
    check(
        &mut rotom,
        &[
            (
                "EXEC",
                &format!("-EXECABORT Transaction discarded because of: {oom}"),
            ),
            ("MULTI", OK),
            // Even a request that needs no memory itself is not kept.
            ("GET a", &format!("-{oom}")),
            ("EXEC", ABORTED),
            ("MULTI", OK),
            ("EXEC", "*0\r\n"),
        ],
    );
    allocated.set(0);
    check(&mut rotom, &[("MULTI", OK), ("GET a", QUEUED)]);
    allocated.set(1001);
    check(&mut rotom, &[("EXEC", "*1\r\n$-1\r\n")]);
    rotom.shared.settings.maxmemory = 0;
    check(&mut rotom, &[("MULTI", OK), ("SET a 1", QUEUED)]);
    let refusal = "MISCONF no disk";
    rotom.shared.refuse_writes(Some(refusal.into()));
    check(
        &mut rotom,
        &[
            (
                "EXEC",
                &format!("-EXECABORT Transaction discarded because of: {refusal}\r\n"),
            ),
            ("MULTI", OK),
            ("SET a 1", &format!("-{refusal}\r\n")),
            ("EXEC", ABORTED),
            ("MULTI", OK),
            ("GET a", QUEUED),
            ("EXEC", "*1\r\n$-1\r\n"),
        ],
    );
    rotom.shared.refuse_writes(None);
    check(&mut rotom, &[("MULTI", OK), ("GET a", QUEUED)]);
    rotom.shared.users.set_default_password(b"secret");
    rotom.client.set_authenticated(false);
    check(
        &mut rotom,
        &[
            (
                "EXEC",
                "-EXECABORT Transaction discarded because of: NOAUTH Authentication required.\r\n",
            ),
            ("AUTH secret", OK),
            ("GET a", "$-1\r\n"),
        ],
    );
}

#[test]
fn a_watched_key_that_changes_has_exec_run_nothing() {
    let mut rotom = local();
    for (before, watch, other, expected) in [
        (&["SET a 1"][..], "WATCH a", &["SET a 1"][..], false),
        (
            &["SET a 1"],
            "WATCH a",
            &["GET a", "SET b 1", "DEL c", "TOUCH a"],
            true,
        ),
        (&[], "WATCH a", &["SET a 1", "DEL a"], false),
        (&["SET a 1"], "WATCH b a c", &["EXPIRE a 100"], false),
        (&["SET a 1"], "WATCH a", &["SELECT 1", "SET a 1"], true),
        (&["SADD a 1"], "WATCH a", &["SADD a 1", "SREM a 2"], true),
        (&["SADD a 1"], "WATCH a", &["SMOVE a b 1"], false),
        (&["SET a 1"], "WATCH b", &["RENAME a b"], false),
        (&["SET a 1"], "WATCH a", &["RENAME a b"], false),
        (&["SET a 1"], "WATCH b", &["COPY a b"], false),
        (&["SET a 1"], "WATCH a", &["COPY a b"], true),
        (&["SET a 1"], "WATCH a", &["FLUSHALL"], false),
        (&["SET a 1"], "WATCH a", &["FLUSHDB"], false),
        (&["SET a 1"], "WATCH b", &["FLUSHALL"], true),
        (&["SET a 1"], "WATCH a", &["SELECT 1", "FLUSHDB"], true),
        (&["SET a 1"], "WATCH a", &["SWAPDB 0 1"], false),
        (&["SET a 1"], "WATCH b", &["SWAPDB 0 1"], true),
        (&["SET a 1", "SELECT 1"], "WATCH a", &["SWAPDB 1 0"], false),
        (&["SET a 1"], "WATCH a", &["SWAPDB 1 2"], true),
        (
            &["SET a 1", "SELECT 1", "SET a 2", "SELECT 0"],
            "WATCH a",
            &["SWAPDB 0 1"],
            false,
        ),
    ] {
        assert_eq!(
            runs(&mut rotom, before, watch, other),
            expected,
            "{watch} {other:?}"
        );
        rotom.line("SELECT 0");
    }
}

#[test]
fn ones_own_changes_count_too_and_unwatch_forgets_them() {
    check(
        &mut local(),
        &[
            ("WATCH a", OK),
            ("SET a 1", OK),
            ("MULTI", OK),
            ("EXEC", NIL),
            ("WATCH a", OK),
            ("WATCH a b a", OK),
            ("SET b 1", OK),
            ("UNWATCH", OK),
            ("MULTI", OK),
            ("EXEC", "*0\r\n"),
            ("WATCH a", OK),
            ("SET a 1", OK),
            ("MULTI", OK),
            ("DISCARD", OK),
            ("MULTI", OK),
            ("EXEC", "*0\r\n"),
            // An error at queue time is told rather than the change.
            ("WATCH a", OK),
            ("SET a 1", OK),
            ("MULTI", OK),
            (
                "GET",
                "-ERR wrong number of arguments for 'get' command\r\n",
            ),
            ("EXEC", ABORTED),
            // A key that was watched first is watched since then.
            ("WATCH a", OK),
            ("SET a 1", OK),
            ("WATCH a", OK),
            ("MULTI", OK),
            ("EXEC", NIL),
        ],
    );
}

#[test]
fn a_key_that_expires_in_between_has_changed_and_one_that_had_expired_has_not() {
    for active in ["1", "0"] {
        let mut rotom = local();
        rotom.line(&format!("DEBUG SET-ACTIVE-EXPIRE {active}"));
        check(
            &mut rotom,
            &[
                ("SET a 1 PX 10", OK),
                ("SET b 1 PX 20", OK),
                ("WATCH a", OK),
            ],
        );
        rotom.set_time_ms(NOW_MS + 10);
        check(
            &mut rotom,
            &[("MULTI", OK), ("PING", QUEUED), ("EXEC", NIL)],
        );
        rotom.set_time_ms(NOW_MS + 20);
        check(
            &mut rotom,
            &[
                ("WATCH b", OK),
                ("EXISTS b", ":0\r\n"),
                ("MULTI", OK),
                ("EXEC", "*0\r\n"),
                // Set again, it has changed.
                ("SET b 1 PX 5", OK),
            ],
        );
        rotom.set_time_ms(NOW_MS + 30);
        check(
            &mut rotom,
            &[
                ("WATCH b", OK),
                ("SET b 2", OK),
                ("MULTI", OK),
                ("EXEC", NIL),
            ],
        );
        // An exchange that brings a key which has expired brings none.
        check(
            &mut rotom,
            &[
                ("SELECT 1", OK),
                ("SET k 1 PX 5", OK),
                ("SELECT 0", OK),
                ("WATCH k", OK),
            ],
        );
        rotom.set_time_ms(NOW_MS + 40);
        check(
            &mut rotom,
            &[("SWAPDB 0 1", OK), ("MULTI", OK), ("EXEC", "*0\r\n")],
        );
    }
}

#[test]
fn an_evicted_key_and_a_field_that_expires_are_changes() {
    let mut rotom = local();
    check(&mut rotom, &[("SET a 1", OK), ("WATCH a", OK)]);
    assert!(rotom.shared.keys.evict(MaxmemoryPolicy::AllkeysRandom, 5));
    check(&mut rotom, &[("MULTI", OK), ("EXEC", NIL)]);
    check(
        &mut rotom,
        &[
            ("HSET h f 1 g 1", ":2\r\n"),
            ("HPEXPIRE h 10 FIELDS 1 f", "*1\r\n:1\r\n"),
            ("WATCH h", OK),
        ],
    );
    rotom.set_time_ms(NOW_MS + 10);
    rotom.shared.keys.expire_some(10);
    check(&mut rotom, &[("MULTI", OK), ("EXEC", NIL)]);
}

#[test]
fn what_blocks_answers_at_once_inside_a_transaction() {
    let mut rotom = local();
    rotom.client.deny_blocking = false;
    let nil = "*-1\r\n";
    for (line, reply) in [
        ("BLPOP a b 0", nil),
        ("BRPOP a 0", nil),
        ("BLMOVE a b LEFT RIGHT 0", "$-1\r\n"),
        ("BRPOPLPUSH a b 0", "$-1\r\n"),
        ("BLMPOP 0 2 a b LEFT", nil),
        ("BZPOPMIN a 0", nil),
        ("BZPOPMAX a 0", nil),
        ("BZMPOP 0 1 a MIN", nil),
        ("WAIT 1 0", ":0\r\n"),
        ("WAITAOF 0 1 0", "*2\r\n:0\r\n:0\r\n"),
    ] {
        check(
            &mut rotom,
            &[("MULTI", OK), (line, QUEUED), ("PING", QUEUED)],
        );
        check(&mut rotom, &[("EXEC", &format!("*2\r\n{reply}+PONG\r\n"))]);
    }
    assert!(!rotom.client.deny_blocking);
    rotom.line("RPUSH a 1");
    rotom.line("ZADD z 1 m");
    check(
        &mut rotom,
        &[
            ("MULTI", OK),
            ("BLPOP a 0", QUEUED),
            ("BLPOP a 0", QUEUED),
            ("BZPOPMIN z 0", QUEUED),
            (
                "EXEC",
                "*3\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*-1\r\n*3\r\n$1\r\nz\r\n$1\r\nm\r\n$1\r\n1\r\n",
            ),
        ],
    );
}

#[test]
fn what_is_asked_of_the_server_is_answered_in_its_place() {
    let mut rotom = local();
    check(
        &mut rotom,
        &[
            ("MULTI", OK),
            ("CONFIG SET hz 20", QUEUED),
            ("SELECT 3", QUEUED),
            ("SET a 1", QUEUED),
            ("CLIENT LIST", QUEUED),
            ("HELLO 3", QUEUED),
            ("GET nothing", QUEUED),
        ],
    );
    let reply = String::from_utf8(rotom.line("EXEC")).expect("text");
    assert!(
        reply.starts_with(
            "*6\r\n+OK\r\n+OK\r\n+OK\r\n-ERR this command needs a running server\r\n%7\r\n"
        ) && reply.ends_with("_\r\n"),
        "{reply}"
    );
    check(
        &mut rotom,
        &[
            ("GET a", "$1\r\n1\r\n"),
            ("MULTI", OK),
            ("RESET", "+RESET\r\n"),
        ],
    );
    check(
        &mut rotom,
        &[
            ("EXEC", "-ERR EXEC without MULTI\r\n"),
            ("GET a", "$-1\r\n"),
        ],
    );
}

#[test]
fn replies_that_are_not_wanted_are_left_out() {
    let mut rotom = local();
    check(
        &mut rotom,
        &[
            ("MULTI", OK),
            ("CLIENT REPLY SKIP", QUEUED),
            ("SET a 1", QUEUED),
            // As in Redis, a reply is missing; the one after EXEC is skipped.
            ("EXEC", "*2\r\n+OK\r\n"),
            ("PING", ""),
            ("PING", "+PONG\r\n"),
            ("MULTI", OK),
            ("SET a 1", QUEUED),
            ("CLIENT REPLY OFF", QUEUED),
            ("SET a 1", QUEUED),
            ("EXEC", "*3\r\n+OK\r\n"),
            ("PING", ""),
            ("MULTI", ""),
            ("SET a 2", ""),
            ("EXEC", ""),
            ("CLIENT REPLY ON", OK),
            ("GET a", "$1\r\n2\r\n"),
            ("MULTI", OK),
            ("SET a 3", QUEUED),
        ],
    );
    rotom.client.reply_mode = crate::command::ReplyMode::SkipNext;
    check(&mut rotom, &[("EXEC", ""), ("GET a", "$1\r\n3\r\n")]);
}

#[test]
fn a_transaction_is_one_in_the_log() {
    let mut rotom = local();
    rotom.shared.keys.effects.set_enabled(true);
    rotom.line("SET n 0");
    rotom.take_effects();
    let logged = |rotom: &mut Local, lines: &[&str]| {
        rotom.line("MULTI");
        lines.iter().for_each(|line| drop(rotom.line(line)));
        rotom.line("EXEC");
        String::from_utf8(rotom.take_effects()).expect("text")
    };
    let incr = "*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n";
    assert_eq!(logged(&mut rotom, &[]), "");
    assert_eq!(logged(&mut rotom, &["GET n", "PING"]), "");
    assert_eq!(logged(&mut rotom, &["GET n", "INCR n"]), incr);
    let (multi, exec) = ("*1\r\n$5\r\nMULTI\r\n", "*1\r\n$4\r\nEXEC\r\n");
    assert_eq!(
        logged(&mut rotom, &["INCR n", "LPUSH n 1", "INCR n"]),
        format!("{multi}{incr}{incr}{exec}")
    );
    // What has several effects by itself is part of the same transaction, and so is a change of the database.
    rotom.line("SADD s 1");
    rotom.take_effects();
    let got = logged(&mut rotom, &["SPOP s 1", "SELECT 1", "INCR n"]);
    assert!(got.starts_with(multi) && got.ends_with(exec), "{got}");
    assert!(got.contains("SELECT") && got.matches("MULTI").count() == 1);
    assert_eq!(rotom.line("INCR n"), b":2\r\n");
    assert_eq!(String::from_utf8(rotom.take_effects()).expect("text"), incr);
}

#[test]
fn a_long_argument_becomes_a_value_as_it_came() {
    use crate::command::{Apart, Args, Multi};
    use crate::resp::Span;
    let rotom = local();
    let long = Rc::new(std::vec![b'x'; 100_000]);
    let apart = Apart([long.clone()].into());
    let spans = [
        Span { start: 0, len: 3 },
        Span { start: 3, len: 1 },
        Span::of_apart(0, long.len()).expect("a place"),
    ];
    let args = Args::new(b"SETk", &spans, rotom.shared.keys.hasher()).with_apart(Some(&apart));
    let mut multi = Multi::default();
    let set = *rotom.shared.registry.command(b"set").expect("SET");
    assert!(multi.push(&set, &args));
    assert_eq!(multi.request_bytes(), 100_000 + 4 + 3 * size_of::<Span>());
    let queue = multi.into_queue();
    let kept = queue[0].request.args(rotom.shared.keys.hasher());
    assert!(Rc::ptr_eq(kept.shared(2).expect("it is apart"), &long));
    assert_eq!(kept.at(1), b"k");
}
