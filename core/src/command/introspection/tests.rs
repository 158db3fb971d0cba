//! Replies as real clients see them, byte for byte.

use crate::command::Ask;
use crate::resp::Protocol;
use crate::session::Local;
use crate::settings::{MaxmemoryPolicy, ProtectedAction};
use std::string::String;
use std::vec::Vec;

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn expect(local: &mut Local, line: &str, reply: &str) {
    assert_eq!(text(local.line(line)), reply, "{line}");
}

fn with_debug() -> Local {
    let mut local = Local::new(1);
    local.shared.settings.enable_debug_command = ProtectedAction::Yes;
    local
}

#[test]
fn object_tells_how_a_value_is_kept() {
    let mut local = Local::new(1);
    local.line("SET a 1");
    local.line("SET b hello");
    local.call(&[b"SET", b"c", &[b'x'; 45]]);
    expect(&mut local, "OBJECT ENCODING a", "$3\r\nint\r\n");
    expect(&mut local, "object encoding b", "$6\r\nembstr\r\n");
    expect(&mut local, "OBJECT ENCODING c", "$3\r\nraw\r\n");
    expect(&mut local, "OBJECT REFCOUNT b", ":1\r\n");
    for subcommand in ["ENCODING", "REFCOUNT", "IDLETIME", "FREQ"] {
        let line = std::format!("OBJECT {subcommand} nokey");
        local.client.protocol = Protocol::Resp2;
        expect(&mut local, &line, "$-1\r\n");
        local.client.protocol = Protocol::Resp3;
        expect(&mut local, &line, "_\r\n");
    }
}

#[test]
fn idle_time_counts_seconds_and_looking_is_no_use() {
    let mut local = Local::new(1);
    local.set_time_ms(1_000_000);
    local.line("SET a 1");
    local.set_time_ms(1_007_500);
    expect(&mut local, "OBJECT IDLETIME a", ":7\r\n");
    expect(&mut local, "OBJECT ENCODING a", "$3\r\nint\r\n");
    expect(&mut local, "OBJECT IDLETIME a", ":7\r\n");
    local.line("GET a");
    expect(&mut local, "OBJECT IDLETIME a", ":0\r\n");
    // The clock goes round after 2^24 seconds.
    local.set_time_ms(((1 << 24) - 1) * 1000);
    local.line("GET a");
    local.set_time_ms(((1 << 24) + 2) * 1000);
    expect(&mut local, "OBJECT IDLETIME a", ":3\r\n");
}

#[test]
fn a_client_may_leave_no_trace() {
    let mut local = Local::new(1);
    local.set_time_ms(1_000_000);
    local.line("SET a 1");
    local.set_time_ms(1_005_000);
    local.line("CLIENT NO-TOUCH on");
    local.line("GET a");
    expect(&mut local, "OBJECT IDLETIME a", ":5\r\n");
}

#[test]
fn the_policy_says_what_is_tracked() {
    let mut local = Local::new(1);
    local.line("SET a 1");
    let rest = "Please note that when switching between policies at runtime LRU and LFU data \
                will take some time to adjust.\r\n";
    expect(
        &mut local,
        "OBJECT FREQ a",
        &std::format!(
            "-ERR An LFU maxmemory policy is not selected, access frequency not tracked. {rest}"
        ),
    );
    local.shared.settings.maxmemory_policy = MaxmemoryPolicy::AllkeysLfu;
    expect(
        &mut local,
        "OBJECT IDLETIME a",
        &std::format!("-ERR An LFU maxmemory policy is selected, idle time not tracked. {rest}"),
    );
    local.line("CONFIG SET maxmemory-policy allkeys-lfu");
    expect(&mut local, "SET b 1", "+OK\r\n");
    expect(&mut local, "OBJECT FREQ b", ":5\r\n");
    expect(&mut local, "GET b", "$1\r\n1\r\n");
    expect(&mut local, "OBJECT FREQ b", ":6\r\n");
    local.set_time_ms(2 * 60_000);
    expect(&mut local, "OBJECT FREQ b", ":4\r\n");
    expect(&mut local, "OBJECT FREQ none", "$-1\r\n");
}

#[test]
fn containers_answer_misuse_as_redis_does() {
    let mut local = with_debug();
    let arity =
        |name: &str| std::format!("-ERR wrong number of arguments for '{name}' command\r\n");
    for (line, name) in [
        ("OBJECT", "object"),
        ("OBJECT HELP x", "object|help"),
        ("OBJECT ENCODING", "object|encoding"),
        ("MEMORY", "memory"),
        ("MEMORY USAGE", "memory|usage"),
        ("DEBUG", "debug"),
    ] {
        expect(&mut local, line, &arity(name));
    }
    for (line, reply) in [
        (
            "OBJECT foo",
            "-ERR unknown subcommand 'foo'. Try OBJECT HELP.\r\n",
        ),
        (
            "MEMORY foo",
            "-ERR unknown subcommand 'foo'. Try MEMORY HELP.\r\n",
        ),
        (
            "DEBUG foo",
            "-ERR unknown subcommand or wrong number of arguments for 'foo'. Try DEBUG HELP.\r\n",
        ),
        (
            "DEBUG SLEEP",
            "-ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG HELP.\r\n",
        ),
    ] {
        expect(&mut local, line, reply);
    }
    for name in ["OBJECT", "MEMORY", "DEBUG"] {
        let help = text(local.line(&std::format!("{name} HELP")));
        assert!(help.contains(&std::format!("\r\n+{name} <subcommand> [")));
        let lines = help.matches("\r\n+").count();
        assert!(help.starts_with(&std::format!("*{lines}\r\n")));
    }
}

#[test]
fn memory_usage_grows_with_the_value() {
    let mut local = Local::new(1);
    local.call(&[b"SET", b"a", &[b'x'; 100]]);
    local.call(&[b"SET", b"b", &[b'x'; 50_000]]);
    let mut usage = |key: &str| {
        let reply = text(local.line(&std::format!("MEMORY USAGE {key}")));
        let digits = reply.trim_start_matches(':').trim_end();
        digits.parse::<usize>().unwrap()
    };
    assert!((100..160).contains(&usage("a")));
    assert!((50_000..50_200).contains(&usage("b")));
    for (line, reply) in [
        ("MEMORY USAGE nokey", "$-1\r\n"),
        ("MEMORY USAGE nokey SAMPLES 0", "$-1\r\n"),
        ("MEMORY USAGE nokey samples 1 SAMPLES 2", "$-1\r\n"),
        ("MEMORY USAGE a SAMPLES", "-ERR syntax error\r\n"),
        ("MEMORY USAGE a SAMPLES -1", "-ERR syntax error\r\n"),
        ("MEMORY USAGE a foo 1", "-ERR syntax error\r\n"),
        (
            "MEMORY USAGE a SAMPLES x",
            "-ERR value is not an integer or out of range\r\n",
        ),
    ] {
        expect(&mut local, line, reply);
    }
}

#[test]
fn debug_is_for_those_the_setting_allows() {
    let mut local = Local::new(1);
    let refusal = "-ERR DEBUG command not allowed. If the enable-debug-command option is set to \
                   \"local\", you can run it from a local connection, otherwise you need to set this \
                   option in the configuration file, and then restart the server.\r\n";
    for (setting, is_local, allowed) in [
        (ProtectedAction::No, true, false),
        (ProtectedAction::Local, true, true),
        (ProtectedAction::Local, false, false),
        (ProtectedAction::Yes, false, true),
    ] {
        local.shared.settings.enable_debug_command = setting;
        local.client.local = is_local;
        let reply = text(local.line("DEBUG SET-ACTIVE-EXPIRE 1"));
        assert_eq!(reply, if allowed { "+OK\r\n" } else { refusal });
    }
}

#[test]
fn debug_sleep_asks_for_microseconds() {
    let mut local = with_debug();
    for (seconds, expected) in [
        ("0.25", 250_000),
        ("2", 2_000_000),
        ("-1", 0),
        ("x", 0),
        ("inf", u64::MAX),
    ] {
        let ask = local.run(&[b"DEBUG", b"SLEEP", seconds.as_bytes()], &mut Vec::new());
        let Some(Ask::Sleep { microseconds }) = ask.as_deref() else {
            unreachable!()
        };
        assert_eq!(*microseconds, expected, "{seconds}");
    }
}

#[test]
fn debug_switches_expiry_and_looks_at_objects() {
    let mut local = with_debug();
    expect(&mut local, "DEBUG SET-ACTIVE-EXPIRE 0", "+OK\r\n");
    assert!(!local.shared.keys.active_expire);
    expect(&mut local, "DEBUG SET-ACTIVE-EXPIRE 1", "+OK\r\n");
    assert!(local.shared.keys.active_expire);
    expect(&mut local, "DEBUG OBJECT a", "-ERR no such key\r\n");
    local.set_time_ms(5_000);
    local.line("SET a 12");
    local.set_time_ms(8_000);
    let reply = text(local.line("DEBUG OBJECT a"));
    assert!(reply.starts_with("+Value at:0x0 refcount:1 encoding:int serializedlength:"));
    assert!(reply.ends_with(" lru:5 lru_seconds_idle:3\r\n"));
    let refused = "-ERR argument must be a memory value bigger than 1 and smaller than 4gb\r\n";
    for (size, reply) in [
        ("200b", "+OK\r\n"),
        ("0", "+OK\r\n"),
        ("5g", refused),
        ("x", refused),
    ] {
        let line = std::format!("DEBUG QUICKLIST-PACKED-THRESHOLD {size}");
        expect(&mut local, &line, reply);
    }
}

#[test]
fn work_that_is_not_a_commands_own_is_timed() {
    use core::sync::atomic::{AtomicU64, Ordering};
    static READINGS: AtomicU64 = AtomicU64::new(0);
    let mut local = Local::new(1);
    local.set_time_ms(1_000_000);
    local.line("SET volatile 1 PX 100");
    let counter = || READINGS.fetch_add(1, Ordering::Relaxed);
    local.shared.keys.laps.set_counter(Some(counter));
    for at in 0..5000 {
        local.line(&std::format!("SET key:{at} value"));
    }
    let grown = local.shared.keys.laps.totals;
    assert!(grown.table_growths > 5, "{grown:?}");
    // Each is read around it, so it takes one tick.
    assert_eq!(grown.table_ticks, grown.table_growths);
    assert_eq!((grown.expiries, grown.expiry_ticks), (0, 0));
    local.set_time_ms(1_000_200);
    expect(&mut local, "GET volatile", "$-1\r\n");
    let met = local.shared.keys.laps.totals;
    assert_eq!((met.expiries, met.expiry_ticks), (1, 1));
}

#[test]
fn the_logs_are_looked_at_as_in_redis() {
    let mut local = Local::new(1);
    expect(&mut local, "SLOWLOG GET", "*0\r\n");
    expect(&mut local, "SLOWLOG LEN", ":0\r\n");
    expect(&mut local, "SLOWLOG RESET", "+OK\r\n");
    let negative = "-ERR count should be greater than or equal to -1\r\n";
    expect(&mut local, "SLOWLOG GET -2", negative);
    expect(&mut local, "COMMANDLOG GET -2 slow", negative);
    let kind = "-ERR type should be one of the following: slow, large-request, large-reply\r\n";
    expect(&mut local, "COMMANDLOG GET 1 fast", kind);
    expect(&mut local, "COMMANDLOG LEN fast", kind);
    expect(
        &mut local,
        "SLOWLOG GET 1 2",
        "-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.\r\n",
    );
    expect(&mut local, "LATENCY LATEST", "*0\r\n");
    expect(&mut local, "LATENCY HISTORY command", "*0\r\n");
    expect(
        &mut local,
        "LATENCY GRAPH command",
        "-ERR No samples available for event 'command'\r\n",
    );
    expect(&mut local, "LATENCY RESET", ":0\r\n");
    expect(&mut local, "LATENCY HISTOGRAM set nothing", "*0\r\n");
}
