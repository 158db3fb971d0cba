//! The table as a whole, and what start-up, CONFIG GET, SET and REWRITE make of it. The error texts are
//! those of redis-server 7.0 and 8.0.

use super::rule::Value;
use super::*;
use std::collections::BTreeSet;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

/// Reads a whole configuration text.
fn load(text: &str) -> Result<Settings, ConfigTextError> {
    let mut settings = Settings::default();
    parse_config_text(text.as_bytes(), |_, words| {
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let (name, words) = words.split_first().unwrap();
        settings.set(std::str::from_utf8(name).unwrap(), words)
    })?;
    Ok(settings)
}

fn text_of(settings: &Settings, name: &str) -> String {
    String::from_utf8(settings.text_of(name).unwrap()).unwrap()
}

fn set_error(settings: &mut Settings, pairs: &[(&str, &str)]) -> String {
    config_set(settings, pairs).err().unwrap().to_string()
}

fn config_set(settings: &mut Settings, pairs: &[(&str, &str)]) -> Result<Changes, ConfigSetError> {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(a, b)| (a.as_bytes(), b.as_bytes()))
        .collect();
    settings.config_set(&pairs, false)
}

#[test]
fn names_are_unique_and_lower_case() {
    let mut seen = BTreeSet::new();
    for spec in all() {
        for name in std::iter::once(spec.name).chain(spec.alias) {
            assert!(seen.insert(name), "{name} twice");
            assert_eq!(name, name.to_lowercase());
        }
    }
}

#[test]
fn every_default_reads_back_from_its_text() {
    let defaults = Settings::default();
    for spec in all() {
        let value = defaults.value(spec);
        let text = spec.rule.print(&value);
        let words: Vec<&[u8]> = match spec.rule.takes_many_words() {
            true => text.split(|&byte| byte == b' ').collect(),
            false => vec![&text],
        };
        let read = parse(spec, &words, &Value::Save(vec![]));
        assert_eq!(read, Ok(value), "{}", spec.name);
    }
}

#[test]
fn accepted_defaults_are_what_their_rows_say() {
    for spec in ACCEPTED {
        let Store::Text { default } = spec.store else {
            panic!("{}", spec.name)
        };
        if !matches!(spec.rule, Rule::Number(_)) {
            assert_eq!(
                spec.rule.print(&default_value(spec)),
                default.as_bytes(),
                "{}",
                spec.name
            );
        }
    }
}

#[test]
fn every_field_holds_the_whole_range_of_its_rule() {
    for spec in TABLE {
        let values: Vec<Value> = match spec.rule {
            Rule::Number(NumberRule {
                form: Form::Hertz, ..
            }) => continue,
            Rule::Number(rule) => vec![Value::Number(rule.low), Value::Number(rule.high)],
            Rule::Word(words) => (0..words.len()).map(Value::Word).collect(),
            Rule::Bool => vec![Value::Bool(false), Value::Bool(true)],
            Rule::Text | Rule::Bytes => vec![Value::Bytes(b"x".to_vec())],
            _ => continue,
        };
        for value in values {
            let mut settings = Settings::default();
            settings.put(spec, value.clone());
            assert_eq!(settings.value(spec), value, "{}", spec.name);
        }
    }
}

#[test]
fn a_stock_file_starts() {
    let text = include_str!("stock.conf");
    let settings = load(text).unwrap();
    assert_eq!(settings.ignored().collect::<Vec<_>>(), Vec::<&str>::new());
    assert_eq!(settings.pidfile, "/var/run/redis_6379.pid");
    assert_eq!(settings.save, Settings::default().save);
}

#[test]
fn start_up_lines_set_fields() {
    let settings = load(
        "port 7000\nbind 10.0.0.1 -::1\nSAVE 900 1\nsave 300 10\nmaxmemory 1gb\nappendfsync ALWAYS\n\
         hash-max-ziplist-entries 3\nclient-output-buffer-limit pubsub 1mb 1k 9\nrequirepass \"a b\"\n\
         io-threads 4\nlist-max-ziplist-entries 5\nunixsocketperm 700\nslaveof no one\n",
    )
    .unwrap();
    assert_eq!(settings.port, 7000);
    assert_eq!(
        settings.bind_addresses()[1],
        BindAddress {
            host: "::1",
            optional: true
        }
    );
    assert_eq!(text_of(&settings, "save"), "900 1 300 10");
    assert_eq!(
        (settings.maxmemory, settings.appendfsync),
        (1 << 30, AppendFsync::Always)
    );
    assert_eq!(settings.hash_max_listpack_entries, 3);
    assert_eq!(settings.client_output_buffer_limit.pubsub.soft_bytes, 1000);
    assert_eq!(settings.client_output_buffer_limit.replica.soft_seconds, 60);
    assert_eq!(
        (settings.requirepass.as_slice(), settings.unixsocketperm),
        (&b"a b"[..], 0o700)
    );
    assert_eq!(settings.ignored().collect::<Vec<_>>(), ["io-threads"]);
}

#[test]
fn save_can_be_emptied_and_given_as_one_word() {
    let save = |text: &str| text_of(&load(text).unwrap(), "save");
    assert_eq!(save(""), "3600 1 300 100 60 10000");
    assert_eq!(save("save \"\""), "");
    assert_eq!(save("save 900 1 300 10"), "900 1 300 10");
    assert_eq!(save("save '900 1'"), "900 1");
    assert_eq!(save("save 900 1\nsave \"\"\nsave 60 5"), "60 5");
}

#[test]
fn start_up_errors_are_redis_errors() {
    let cases = [
        ("prot 1234", "Bad directive or wrong number of arguments"),
        ("port", "wrong number of arguments"),
        ("port 1 2", "wrong number of arguments"),
        ("port x", "argument couldn't be parsed into an integer"),
        (
            "port 70000",
            "argument must be between 0 and 65535 inclusive",
        ),
        ("save 1 2 3", "Invalid save parameters"),
        ("save 0 1", "Invalid save parameters"),
        ("appendonly maybe", "argument must be 'yes' or 'no'"),
        (
            "appendfilename a/b",
            "appendfilename can't be a path, just a filename",
        ),
        ("appenddirname ''", "appenddirname can't be empty"),
        (
            "cluster-enabled yes",
            "'cluster-enabled' is not supported by this version of Rotom",
        ),
        (
            "replicaof 10.0.0.1 6379",
            "'replicaof' is not supported by this version of Rotom",
        ),
        (
            "tls-cluster yes",
            "'tls-cluster' is not supported by this version of Rotom",
        ),
        (
            "rename-command a b",
            "'rename-command' is not supported by this version of Rotom",
        ),
        (
            "include a",
            "'include' is not supported by this version of Rotom",
        ),
        (
            "list-max-ziplist-value 1 2",
            "Bad directive or wrong number of arguments",
        ),
    ];
    for (line, message) in cases {
        let error = load(&std::format!("# c\n{line}")).err().unwrap();
        assert_eq!(
            (error.line_number, error.message.as_str()),
            (2, message),
            "{line}"
        );
    }
}

#[test]
fn config_set_errors_are_redis_errors() {
    let mut settings = Settings::default();
    let about = |name: &str, text: &str| {
        std::format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {text}")
    };
    let cases = [
        (
            "port",
            "70000",
            "argument must be between 0 and 65535 inclusive",
        ),
        ("port", "abc", "argument couldn't be parsed into an integer"),
        (
            "timeout",
            "+5",
            "argument couldn't be parsed into an integer",
        ),
        ("appendonly", "maybe", "argument must be 'yes' or 'no'"),
        ("maxmemory", "1x", "argument must be a memory value"),
        (
            "maxmemory-clients",
            "-1",
            "argument must be a memory or percent value",
        ),
        ("daemonize", "yes", "can't set immutable config"),
        ("dir", "/tmp", "can't set protected config"),
        ("dbfilename", "a/b", "can't set protected config"),
        (
            "appendfsync",
            "foo",
            "argument(s) must be one of the following: everysec, always, no",
        ),
        ("save", "1 2 3", "Invalid save parameters"),
        ("save", " 10 1", "Invalid save parameters"),
        (
            "hash-max-ziplist-entries",
            "x",
            "argument couldn't be parsed into an integer",
        ),
        ("oom-score-adj-values", "1 2", "wrong number of arguments"),
        (
            "notify-keyspace-events",
            "KEq",
            "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
        ),
        (
            "client-output-buffer-limit",
            "normal 1 2",
            "Wrong number of arguments in buffer limit configuration.",
        ),
        (
            "client-output-buffer-limit",
            "foo 1 2 3",
            "Invalid client class specified in buffer limit configuration.",
        ),
        (
            "client-output-buffer-limit",
            "slave -1 2 3",
            "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
        ),
        (
            "shutdown-on-sigint",
            "nosave save",
            "shutdown options SAVE and NOSAVE can't be used simultaneously",
        ),
        (
            "latency-tracking-info-percentiles",
            "1 2 a",
            "Invalid latency-tracking-info-percentiles parameters",
        ),
    ];
    for (name, value, text) in cases {
        assert_eq!(
            set_error(&mut settings, &[(name, value)]),
            about(name, text)
        );
    }
    assert_eq!(
        set_error(&mut settings, &[("x\r\n", "1")]),
        "ERR Unknown option or number of arguments for CONFIG SET - 'x  '"
    );
    let twice = [("maxmemory", "1"), ("MAXMEMORY", "2")];
    assert_eq!(
        set_error(&mut settings, &twice),
        about("MAXMEMORY", "duplicate parameter")
    );
    assert_eq!(settings.rewrite(""), Settings::default().rewrite(""));
}

#[test]
fn config_set_is_all_or_nothing() {
    let mut settings = Settings::default();
    let error = set_error(&mut settings, &[("maxmemory", "5mb"), ("hz", "x")]);
    assert!(error.contains("'hz'"), "{error}");
    assert_eq!(settings.maxmemory, 0);
    let pairs = [
        ("maxmemory", "5mb"),
        ("hz", "5000"),
        ("timeout", "0"),
        ("io-threads-x", ""),
    ];
    let changes = config_set(&mut settings, &pairs[..3]).ok().unwrap();
    assert_eq!(changes.names(), ["maxmemory", "hz"]);
    assert_eq!((settings.maxmemory, settings.hz), (5 << 20, 500));
    assert!(changes.contains("hz") && !changes.contains("timeout"));
    assert_eq!(changes.into_previous().maxmemory, 0);
    assert!(config_set(&mut settings, &pairs).is_err());
}

#[test]
fn config_set_replaces_save_and_keeps_other_classes() {
    let mut settings = load("save 900 1").unwrap();
    assert!(config_set(&mut settings, &[("save", "10 1 20 2")]).is_ok());
    assert_eq!(text_of(&settings, "save"), "10 1 20 2");
    assert!(config_set(&mut settings, &[("save", "")]).is_ok());
    assert_eq!(text_of(&settings, "save"), "");
    let limits = [(
        "client-output-buffer-limit",
        "replica 1mb 2k 3 normal 0 0 9",
    )];
    assert!(config_set(&mut settings, &limits).is_ok());
    assert_eq!(
        text_of(&settings, "client-output-buffer-limit"),
        "normal 0 0 9 slave 1048576 2000 3 pubsub 33554432 8388608 60"
    );
}

#[test]
fn protected_settings_open_with_enable_protected_configs() {
    let mut settings = load("enable-protected-configs local").unwrap();
    let pairs: [(&[u8], &[u8]); 1] = [(b"dbfilename", b"x.rdb")];
    assert!(settings.config_set(&pairs, false).is_err());
    assert!(settings.config_set(&pairs, true).is_ok());
    assert_eq!(settings.dbfilename, "x.rdb");
}

#[test]
fn config_get_globs_names_and_aliases_once() {
    let settings = load("maxmemory 100mb\nmaxmemory-clients 5%").unwrap();
    let get = |patterns: &[&str]| -> Vec<(String, String)> {
        let patterns: Vec<_> = patterns.iter().map(|pattern| pattern.as_bytes()).collect();
        let found = settings.config_get(&patterns).into_iter();
        found
            .map(|(name, text)| (name, String::from_utf8(text).unwrap()))
            .collect()
    };
    let pair = |name: &str, text: &str| (name.to_string(), text.to_string());
    assert_eq!(get(&["MaxMemorY"]), [pair("MaxMemorY", "104857600")]);
    assert_eq!(
        get(&["maxmemory-c*", "maxmemory-clients"]),
        [pair("maxmemory-clients", "5%")]
    );
    assert_eq!(
        get(&["hash-max-ziplist-value"]),
        [pair("hash-max-ziplist-value", "64")]
    );
    assert_eq!(
        get(&["HASH-max-*-value"]),
        [
            pair("hash-max-listpack-value", "64"),
            pair("hash-max-ziplist-value", "64")
        ]
    );
    assert_eq!(
        get(&["bind", "none", "save"])[0],
        pair("bind", "127.0.0.1 -::1")
    );
    assert_eq!(get(&["none"]), []);
    assert_eq!(get(&["key-load-d*"]), []);
    assert_eq!(get(&["key-load-delay"]), [pair("key-load-delay", "0")]);
    assert!(get(&["*"]).len() > TABLE.len() + 100);
}

#[test]
fn rewrite_keeps_the_file_and_updates_it() {
    let old = "# hello\nport 1\nbind 127.0.0.1\n\n\ninclude b.conf\nsave 900 1\nsave 300 10\n\
               hash-max-ziplist-entries 100\nmaxmemory 100mb\nmaxmemory 200mb\nlist-max-ziplist-entries 4\n\
               client-output-buffer-limit normal 1 2 3\nbad \"line\n";
    let mut settings = load(&old.replace("include b.conf", "").replace("bad \"line", "")).unwrap();
    let pairs = [
        ("save", "10 1"),
        ("requirepass", "a \"b"),
        ("maxmemory", "99mb"),
        ("client-output-buffer-limit", "pubsub 1mb 2 3"),
        ("shutdown-on-sigint", "NOW force"),
        ("notify-keyspace-events", "KEA"),
    ];
    assert!(config_set(&mut settings, &pairs).is_ok());
    settings.dir = "/tmp/d".into();
    assert_eq!(
        settings.rewrite(old),
        "# hello\nport 1\nbind 127.0.0.1\n\ninclude b.conf\nsave 10 1\n\n\
         hash-max-listpack-entries 100\nmaxmemory 99mb\n\n# ??? list-max-ziplist-entries 4\n\
         client-output-buffer-limit normal 1 2 3\n# ??? bad \"line\n\n# Generated by CONFIG REWRITE\n\
         requirepass \"a \\\"b\"\nclient-output-buffer-limit pubsub 1mb 2 3\ndir \"/tmp/d\"\n\
         notify-keyspace-events \"AKE\"\nshutdown-on-sigint now force\n"
    );
}

#[test]
fn rewrite_round_trips() {
    let mut settings =
        load("port 7000\nsave ''\nbind ''\nlogfile '/var/log/x y'\nio-threads 3").unwrap();
    assert!(
        config_set(
            &mut settings,
            &[("maxmemory-clients", "7%"), ("appendonly", "yes")]
        )
        .is_ok()
    );
    let once = settings.rewrite("");
    let again = load(&once).unwrap();
    assert_eq!(again.rewrite(&once), once);
    for spec in all() {
        assert_eq!(again.value(spec), settings.value(spec), "{}", spec.name);
    }
    assert!(
        once.starts_with("# Generated by CONFIG REWRITE\nport 7000\nbind \"\"\n"),
        "{once}"
    );
}

#[test]
fn secrets_are_marked() {
    for name in ["requirepass", "masterauth", "tls-key-file-pass"] {
        assert!(
            lookup(name.as_bytes())
                .unwrap()
                .flags
                .contains(Flags::SENSITIVE)
        );
    }
}
