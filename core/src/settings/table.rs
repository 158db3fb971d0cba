//! The settings that mean something: one row each, from which the struct, its defaults and the table come.
//!
//! A row reads: `field: type = default, "name" ("alias"), rule, flags;`. A field has Redis's name with
//! underscores, so that whoever knows redis.conf knows the field.

use super::field::Field;
use super::number::{Form, NumberRule};
use super::rule::Value;
use super::spec::{Flags, Rule, SettingSpec, Store};
use super::types::{
    AppendFsync, ChannelsDefault, ClientsMemory, KeyspaceEvents, LogLevel, MaxmemoryPolicy,
    OutputBufferLimits, ProtectedAction, SavePoint, Supervised, TlsAuthClients,
};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

const INT_MAX: i128 = i32::MAX as i128;
const LONG_MAX: i128 = i64::MAX as i128;
/// The greatest size that fits the machine's words, which Redis calls `LONG_MAX` too.
const SIZE_MAX: i128 = isize::MAX as i128;
const MB: i128 = 1024 * 1024;

/// A plain integer within bounds.
pub(super) const fn integer(low: i128, high: i128) -> Rule {
    Rule::Number(NumberRule {
        low,
        high,
        form: Form::Integer,
    })
}

/// A memory size within bounds.
pub(super) const fn memory(low: i128, high: i128) -> Rule {
    Rule::Number(NumberRule {
        low,
        high,
        form: Form::Memory,
    })
}

/// A number in another form.
const fn number(low: i128, high: i128, form: Form) -> Rule {
    Rule::Number(NumberRule { low, high, form })
}

/// A file's name, not a path.
const fn file(setting: &'static str, noun: &'static str, may_be_empty: bool) -> Rule {
    Rule::FileName {
        setting,
        noun,
        may_be_empty,
    }
}

/// The alias of a row, if it has one.
macro_rules! alias {
    () => {
        None
    };
    ($alias:literal) => {
        Some($alias)
    };
}

/// The flags of a row, if it has some.
macro_rules! flags {
    () => {
        Flags::NONE
    };
    ($flags:expr) => {
        $flags
    };
}

pub(super) use {alias, flags};

macro_rules! settings {
    ($(
        $(#[$doc:meta])*
        $field:ident: $type:ty = $default:expr,
        $name:literal $(($alias:literal))?, $rule:expr $(, $flags:expr)?;
    )*) => {
        /// Every setting that Rotom acts on. Fields are read directly; they change through
        /// [`Settings::set`] and [`Settings::config_set`].
        #[derive(Clone)]
        pub struct Settings {
            $( $(#[$doc])* pub $field: $type, )*
            /// Accepted settings whose value differs from the default.
            pub(super) accepted: Vec<(&'static str, Value)>,
            /// The `user` lines of the start-up configuration: the words of each after the first.
            pub declared_users: Vec<Vec<Vec<u8>>>,
            /// Whether a `save` line of the start-up configuration replaced the default points.
            pub(super) save_given: bool,
        }

        impl Default for Settings {
            fn default() -> Self {
                Settings { $( $field: $default, )* accepted: Vec::new(), declared_users: Vec::new(), save_given: false }
            }
        }

        /// The settings that Rotom acts on.
        pub static TABLE: &[SettingSpec] = &[ $( SettingSpec {
            name: $name,
            alias: alias!($($alias)?),
            flags: flags!($($flags)?),
            rule: $rule,
            store: Store::Field {
                get: |settings| settings.$field.to_value(),
                put: |settings, value| {
                    if let Some(value) = Field::from_value(value) {
                        settings.$field = value;
                    }
                },
            },
        }, )* ];
    };
}

settings! {
    // Network.
    /// The TCP port; 0 opens none.
    port: u16 = 6379, "port", integer(0, 65535);
    /// How many connections may wait to be accepted.
    tcp_backlog: u32 = 511, "tcp-backlog", integer(0, INT_MAX), Flags::IMMUTABLE;
    /// The addresses to listen on, as written: see [`Settings::bind_addresses`].
    bind: Vec<String> = vec!["127.0.0.1".into(), "-::1".into()], "bind", Rule::Bind;
    /// The path of the Unix socket; empty opens none.
    unixsocket: String = String::new(), "unixsocket", Rule::Text, Flags::IMMUTABLE;
    /// The permissions of the Unix socket; 0 leaves them to the umask.
    unixsocketperm: u32 = 0, "unixsocketperm", number(0, 0o777, Form::Octal), Flags::IMMUTABLE;
    /// Whether a server without a password refuses clients of other machines.
    protected_mode: bool = true, "protected-mode", Rule::Bool;
    /// The password of the default user; empty is none.
    requirepass: Vec<u8> = Vec::new(), "requirepass", Rule::Bytes, Flags::SENSITIVE;
    /// The file of the users; empty: none.
    aclfile: String = String::new(), "aclfile", Rule::Text, Flags::IMMUTABLE;
    /// Which channels a new user may use.
    acl_pubsub_default: ChannelsDefault = ChannelsDefault::None,
        "acl-pubsub-default", Rule::Word(ChannelsDefault::WORDS);
    /// How many refusals ACL LOG keeps.
    acllog_max_len: usize = 128, "acllog-max-len", integer(0, LONG_MAX);
    /// Seconds until an idle client is disconnected; 0 is never.
    timeout: u32 = 0, "timeout", integer(0, INT_MAX);
    /// Seconds between the probes of a silent connection; 0 sends none.
    tcp_keepalive: u32 = 300, "tcp-keepalive", integer(0, INT_MAX);
    /// How many clients may be connected.
    maxclients: u32 = 10000, "maxclients", integer(1, u32::MAX as i128);
    /// The greatest length of one argument in bytes.
    proto_max_bulk_len: u64 = 512 * 1024 * 1024, "proto-max-bulk-len", memory(MB, LONG_MAX);
    /// The greatest size of a client's unread requests in bytes.
    client_query_buffer_limit: usize = 1024 * 1024 * 1024, "client-query-buffer-limit", memory(MB, SIZE_MAX);
    /// When a client that does not read its replies is disconnected.
    client_output_buffer_limit: OutputBufferLimits = OutputBufferLimits::default(),
        "client-output-buffer-limit", Rule::OutputBufferLimits;

    // Encrypted connections.
    /// The TCP port of encrypted connections; 0 opens none.
    tls_port: u16 = 0, "tls-port", integer(0, 65535);
    /// The file of the server's certificate.
    tls_cert_file: String = String::new(), "tls-cert-file", Rule::Text, Flags::VOLATILE;
    /// The file of the certificate's key.
    tls_key_file: String = String::new(), "tls-key-file", Rule::Text, Flags::VOLATILE;
    /// What the key is encrypted with.
    tls_key_file_pass: String = String::new(), "tls-key-file-pass", Rule::Text, Flags::SENSITIVE;
    /// The file of the authorities that clients' certificates come from.
    tls_ca_cert_file: String = String::new(), "tls-ca-cert-file", Rule::Text, Flags::VOLATILE;
    /// A folder of such files.
    tls_ca_cert_dir: String = String::new(), "tls-ca-cert-dir", Rule::Text, Flags::VOLATILE;
    /// Whether clients show certificates.
    tls_auth_clients: TlsAuthClients = TlsAuthClients::Yes,
        "tls-auth-clients", Rule::Word(TlsAuthClients::WORDS);
    /// The versions of TLS; empty are those that are thought safe.
    tls_protocols: String = String::new(), "tls-protocols", Rule::Text;
    /// The suites of TLS 1.2, in OpenSSL's words; empty are those that are thought safe.
    tls_ciphers: String = String::new(), "tls-ciphers", Rule::Text;
    /// The suites of TLS 1.3; empty are those that are thought safe.
    tls_ciphersuites: String = String::new(), "tls-ciphersuites", Rule::Text;
    /// Whether the server's order of suites counts.
    tls_prefer_server_ciphers: bool = false, "tls-prefer-server-ciphers", Rule::Bool;
    /// Whether clients that come again may go on with their session.
    tls_session_caching: bool = true, "tls-session-caching", Rule::Bool;
    /// How many sessions are kept.
    tls_session_cache_size: u32 = 20 * 1024, "tls-session-cache-size", integer(0, INT_MAX);

    // Process.
    /// The number of databases.
    databases: u32 = 16, "databases", integer(1, INT_MAX), Flags::IMMUTABLE;
    /// The data directory. The engine's storage is opened in it once, so it cannot change later.
    dir: String = String::from("./"), "dir", Rule::Text, Flags::PROTECTED.and(Flags::IMMUTABLE);
    /// What is logged.
    loglevel: LogLevel = LogLevel::Notice, "loglevel", Rule::Word(LogLevel::WORDS);
    /// Where it is logged; empty is standard output.
    logfile: String = String::new(), "logfile", Rule::Text, Flags::IMMUTABLE;
    /// How often a second the background work runs, 1 to 500.
    hz: u32 = 10, "hz", number(0, INT_MAX, Form::Hertz);
    /// Whether `hz` grows with the number of clients.
    dynamic_hz: bool = true, "dynamic-hz", Rule::Bool;
    /// Whether the server leaves the terminal.
    daemonize: bool = false, "daemonize", Rule::Bool, Flags::IMMUTABLE;
    /// Where the process id is written; empty is nowhere, unless daemonized.
    pidfile: String = String::new(), "pidfile", Rule::Text, Flags::IMMUTABLE;
    /// Who is told that the server is ready.
    supervised: Supervised = Supervised::No, "supervised", Rule::Word(Supervised::WORDS), Flags::IMMUTABLE;
    /// Whether the logo is shown although the log is not a terminal.
    always_show_logo: bool = false, "always-show-logo", Rule::Bool, Flags::IMMUTABLE;
    /// Whether a crash is reported in the log.
    crash_log_enabled: bool = true, "crash-log-enabled", Rule::Bool;
    /// Who may use DEBUG.
    enable_debug_command: ProtectedAction = ProtectedAction::No,
        "enable-debug-command", Rule::Word(ProtectedAction::WORDS), Flags::IMMUTABLE;
    /// Who may set protected settings.
    enable_protected_configs: ProtectedAction = ProtectedAction::No,
        "enable-protected-configs", Rule::Word(ProtectedAction::WORDS), Flags::IMMUTABLE;

    // Persistence.
    /// Whether writes are logged.
    appendonly: bool = false, "appendonly", Rule::Bool;
    /// The stem of the log's files.
    appendfilename: String = "appendonly.aof".into(),
        "appendfilename", file("appendfilename", "filename", false), Flags::IMMUTABLE;
    /// The folder of the log's files, inside `dir`.
    appenddirname: String = "appendonlydir".into(),
        "appenddirname", file("appenddirname", "dirname", false), Flags::IMMUTABLE;
    /// When the log is made durable.
    appendfsync: AppendFsync = AppendFsync::Everysec, "appendfsync", Rule::Word(AppendFsync::WORDS);
    /// Whether the log is not made durable while it is rewritten.
    no_appendfsync_on_rewrite: bool = false, "no-appendfsync-on-rewrite", Rule::Bool;
    /// Whether a log that ends in the middle of a command is loaded up to there.
    aof_load_truncated: bool = true, "aof-load-truncated", Rule::Bool;
    /// A log whose last bytes are damaged is cut there and loaded when they are fewer than this; 0 is never.
    aof_load_corrupt_tail_max_size: u64 = 0, "aof-load-corrupt-tail-max-size", memory(0, LONG_MAX);
    /// Whether what is appended to the log gets a line before it with number, length and checksum.
    aof_checksum_enabled: bool = true, "aof-checksum-enabled", Rule::Bool;
    /// Growth in percent since the last rewrite that starts the next; 0 is never.
    auto_aof_rewrite_percentage: u32 = 100, "auto-aof-rewrite-percentage", integer(0, INT_MAX);
    /// The least size in bytes that is rewritten by itself.
    auto_aof_rewrite_min_size: u64 = 64 * 1024 * 1024, "auto-aof-rewrite-min-size", memory(0, LONG_MAX);
    /// The snapshot's file name.
    dbfilename: String = "dump.rdb".into(),
        "dbfilename", file("dbfilename", "filename", true), Flags::PROTECTED;
    /// Whether strings in snapshots are compressed.
    rdbcompression: bool = true, "rdbcompression", Rule::Bool;
    /// Whether snapshots have a checksum, and whether it is verified.
    rdbchecksum: bool = true, "rdbchecksum", Rule::Bool, Flags::IMMUTABLE;
    /// Whether writes are refused while the last snapshot by itself has failed.
    stop_writes_on_bgsave_error: bool = true, "stop-writes-on-bgsave-error", Rule::Bool;
    /// When a snapshot is made by itself.
    save: Vec<SavePoint> = vec![
        SavePoint { seconds: 3600, changes: 1 },
        SavePoint { seconds: 300, changes: 100 },
        SavePoint { seconds: 60, changes: 10000 },
    ], "save", Rule::Save;

    // Encodings.
    /// How many fields a listpack hash has at most.
    hash_max_listpack_entries: usize = 512,
        "hash-max-listpack-entries" ("hash-max-ziplist-entries"), integer(0, SIZE_MAX);
    /// How long a field or value of a listpack hash is at most, in bytes.
    hash_max_listpack_value: usize = 64,
        "hash-max-listpack-value" ("hash-max-ziplist-value"), memory(0, SIZE_MAX);
    /// The size of a list's nodes: elements when positive, -1 to -5 for 4 to 64 kb.
    list_max_listpack_size: i32 = -2,
        "list-max-listpack-size" ("list-max-ziplist-size"), integer(i32::MIN as i128, INT_MAX);
    /// How many nodes at each end of a list stay uncompressed; 0 compresses none.
    list_compress_depth: u32 = 0, "list-compress-depth", integer(0, INT_MAX);
    /// How many members an intset has at most.
    set_max_intset_entries: usize = 512, "set-max-intset-entries", integer(0, SIZE_MAX);
    /// How many members a listpack set has at most.
    set_max_listpack_entries: usize = 128, "set-max-listpack-entries", integer(0, SIZE_MAX);
    /// How long a member of a listpack set is at most, in bytes.
    set_max_listpack_value: usize = 64, "set-max-listpack-value", integer(0, SIZE_MAX);
    /// How many members a listpack sorted set has at most.
    zset_max_listpack_entries: usize = 128,
        "zset-max-listpack-entries" ("zset-max-ziplist-entries"), integer(0, SIZE_MAX);
    /// How long a member of a listpack sorted set is at most, in bytes.
    zset_max_listpack_value: usize = 64,
        "zset-max-listpack-value" ("zset-max-ziplist-value"), memory(0, SIZE_MAX);
    /// How long a sparse HyperLogLog is at most, in bytes.
    hll_sparse_max_bytes: usize = 3000, "hll-sparse-max-bytes", memory(0, SIZE_MAX);
    /// How long a stream's node is at most, in bytes; 0 is no limit.
    stream_node_max_bytes: usize = 4096, "stream-node-max-bytes", memory(0, SIZE_MAX);
    /// How many entries a stream's node has at most; 0 is no limit.
    stream_node_max_entries: u64 = 100, "stream-node-max-entries", integer(0, LONG_MAX);

    // Memory.
    /// How much memory the data may use, in bytes; 0 is no limit.
    maxmemory: u64 = 0, "maxmemory", memory(0, u64::MAX as i128);
    /// What is evicted then.
    maxmemory_policy: MaxmemoryPolicy = MaxmemoryPolicy::Noeviction,
        "maxmemory-policy", Rule::Word(MaxmemoryPolicy::WORDS);
    /// How many keys are compared for an eviction.
    maxmemory_samples: u32 = 5, "maxmemory-samples", integer(1, 64);
    /// How much memory all clients together may use.
    maxmemory_clients: ClientsMemory = ClientsMemory::Bytes(0),
        "maxmemory-clients", number(-100, LONG_MAX, Form::MemoryOrPercent);
    /// How slowly the LFU counter grows.
    lfu_log_factor: u32 = 10, "lfu-log-factor", integer(0, INT_MAX);
    /// Minutes after which the LFU counter is halved.
    lfu_decay_time: u32 = 1, "lfu-decay-time", integer(0, INT_MAX);
    /// Whether the tables are kept in shape in the background.
    activerehashing: bool = true, "activerehashing", Rule::Bool;

    // Watching.
    /// Which events are published.
    notify_keyspace_events: KeyspaceEvents = KeyspaceEvents::NONE,
        "notify-keyspace-events", Rule::KeyspaceEvents;
    /// Microseconds from which a command is slow; negative logs none.
    slowlog_log_slower_than: i64 = 10000,
        "slowlog-log-slower-than" ("commandlog-execution-slower-than"), integer(-1, LONG_MAX);
    /// How many slow commands are kept.
    slowlog_max_len: usize = 128,
        "slowlog-max-len" ("commandlog-slow-execution-max-len"), integer(0, SIZE_MAX);
    /// The port of the page of metrics, for Prometheus; 0 opens none.
    metrics_port: u16 = 0, "metrics-port", integer(0, 65535);
    /// Its addresses; none: those of `bind`.
    metrics_bind: Vec<String> = Vec::new(), "metrics-bind", Rule::Bind;
    /// Bytes from which a request is large; negative logs none.
    commandlog_request_larger_than: i64 = 1024 * 1024,
        "commandlog-request-larger-than", integer(-1, LONG_MAX);
    /// How many large requests are kept.
    commandlog_large_request_max_len: usize = 128,
        "commandlog-large-request-max-len", integer(0, SIZE_MAX);
    /// Bytes from which a reply is large; negative logs none.
    commandlog_reply_larger_than: i64 = 1024 * 1024,
        "commandlog-reply-larger-than", integer(-1, LONG_MAX);
    /// How many large replies are kept.
    commandlog_large_reply_max_len: usize = 128,
        "commandlog-large-reply-max-len", integer(0, SIZE_MAX);
    /// How many keys are remembered for clients that cache; 0: as many as they read.
    tracking_table_max_keys: usize = 1_000_000,
        "tracking-table-max-keys", integer(0, LONG_MAX);
    /// Whether a histogram of each command's durations is kept.
    latency_tracking: bool = true, "latency-tracking", Rule::Bool;
    /// The percentiles of them that INFO shows.
    latency_tracking_info_percentiles: Vec<String> = vec!["50".into(), "99".into(), "99.9".into()],
        "latency-tracking-info-percentiles", Rule::Percentiles;
    /// Milliseconds from which an event counts as a latency spike; 0 watches none.
    latency_monitor_threshold: u64 = 0, "latency-monitor-threshold", integer(0, LONG_MAX);
}
