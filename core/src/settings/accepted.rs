//! The settings that mean nothing to Rotom yet. They are read and checked as Redis does, keep their
//! value and give it back, so that a stock redis.conf or valkey.conf starts the server. Those with
//! [`Flags::ONLY_DEFAULT`] would promise what Rotom cannot do, so only their harmless value is taken.

use super::spec::{Flags, Rule, SettingSpec, Store};
use super::table::{alias, flags, integer, memory};

const INT_MAX: i128 = i32::MAX as i128;
const LONG_MAX: i128 = i64::MAX as i128;

const IMMUTABLE: Flags = Flags::IMMUTABLE;
const SENSITIVE: Flags = Flags::SENSITIVE;
const HIDDEN: Flags = Flags::HIDDEN;
const ONLY_DEFAULT: Flags = Flags::ONLY_DEFAULT;
const FIXED_DEFAULT: Flags = Flags::IMMUTABLE.and(Flags::ONLY_DEFAULT);

/// A port number.
const PORT: Rule = integer(0, 65535);
/// Any `int` that is not negative.
const COUNT: Rule = integer(0, INT_MAX);
/// Any `int`.
const DELAY: Rule = integer(i32::MIN as i128, INT_MAX);
/// The words of `shutdown-on-sigint` and `shutdown-on-sigterm`.
const SHUTDOWN: Rule = Rule::WordSet(&["default", "save", "nosave", "now", "force"]);

macro_rules! accepted {
    ($( $name:literal $(($alias:literal))? = $default:literal, $rule:expr $(, $flags:expr)?; )*) => {
        /// The settings that are accepted and ignored.
        pub static ACCEPTED: &[SettingSpec] = &[ $( SettingSpec {
            name: $name,
            alias: alias!($($alias)?),
            flags: flags!($($flags)?),
            rule: $rule,
            store: Store::Text { default: $default },
        }, )* ];
    };
}

accepted! {
    // Process and log.
    "set-proc-title" = "yes", Rule::Bool, IMMUTABLE;
    "proc-title-template" = "{title} {listen-addr} {server-mode}", Rule::Text;
    "locale-collate" = "", Rule::Text;
    "syslog-enabled" = "no", Rule::Bool, FIXED_DEFAULT;
    "syslog-ident" = "redis", Rule::Text, IMMUTABLE;
    "syslog-facility" = "local0", Rule::Word(&[
        "user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
    ]), IMMUTABLE;
    "crash-memcheck-enabled" = "yes", Rule::Bool;
    "hide-user-data-from-log" = "no", Rule::Bool;
    "disable-thp" = "yes", Rule::Bool, IMMUTABLE;
    "oom-score-adj" = "no", Rule::Word(&["no", "yes", "relative", "absolute"]);
    "oom-score-adj-values" = "0 200 800", Rule::OomScores;
    "server-cpulist" ("server_cpulist") = "", Rule::Text, IMMUTABLE;
    "bio-cpulist" ("bio_cpulist") = "", Rule::Text, IMMUTABLE;
    "aof-rewrite-cpulist" ("aof_rewrite_cpulist") = "", Rule::Text, IMMUTABLE;
    "bgsave-cpulist" ("bgsave_cpulist") = "", Rule::Text, IMMUTABLE;
    "ignore-warnings" = "", Rule::Text;
    "io-threads" = "1", integer(1, 128), IMMUTABLE;
    "shutdown-timeout" = "10", COUNT;
    "shutdown-on-sigint" = "default", SHUTDOWN;
    "shutdown-on-sigterm" = "default", SHUTDOWN;
    "enable-module-command" = "no", Rule::Word(&["no", "yes", "local"]), IMMUTABLE;
    "max-new-connections-per-cycle" = "10", integer(1, 1000);
    "max-new-tls-connections-per-cycle" = "1", integer(1, 1000);
    "socket-mark-id" = "0", integer(0, u32::MAX as i128), FIXED_DEFAULT;
    "busy-reply-threshold" ("lua-time-limit") = "5000", integer(0, LONG_MAX);

    // Snapshots and the log.
    "rdb-version-check" = "strict", Rule::Word(&["strict", "relaxed"]);
    "rdb-del-sync-files" = "no", Rule::Bool;
    "rdb-save-incremental-fsync" = "yes", Rule::Bool;
    "sanitize-dump-payload" = "no", Rule::Word(&["no", "yes", "clients"]);
    "aof-use-rdb-preamble" = "yes", Rule::Bool;
    "aof-timestamp-enabled" = "no", Rule::Bool;
    "aof-rewrite-incremental-fsync" = "yes", Rule::Bool;

    // Memory and expiry: freeing is always in slices, whatever these say.
    "lazyfree-lazy-eviction" = "no", Rule::Bool;
    "lazyfree-lazy-expire" = "no", Rule::Bool;
    "lazyfree-lazy-server-del" = "no", Rule::Bool;
    "lazyfree-lazy-user-del" = "no", Rule::Bool;
    "lazyfree-lazy-user-flush" = "no", Rule::Bool;
    "maxmemory-eviction-tenacity" = "10", integer(0, 100);
    "active-expire-effort" = "1", integer(1, 10);
    "jemalloc-bg-thread" = "yes", Rule::Bool;
    "activedefrag" = "no", Rule::Bool, ONLY_DEFAULT;
    "active-defrag-ignore-bytes" = "100mb", memory(1, LONG_MAX);
    "active-defrag-threshold-lower" = "10", integer(0, 1000);
    "active-defrag-threshold-upper" = "100", integer(0, 1000);
    "active-defrag-cycle-min" = "1", integer(1, 99);
    "active-defrag-cycle-max" = "25", integer(1, 99);
    "active-defrag-max-scan-fields" = "1000", integer(1, LONG_MAX);

    // Replication.
    "replicaof" ("slaveof") = "", Rule::ReplicaOf, FIXED_DEFAULT;
    "masteruser" ("primaryuser") = "", Rule::Text, SENSITIVE;
    "masterauth" ("primaryauth") = "", Rule::Bytes, SENSITIVE;
    "replica-serve-stale-data" ("slave-serve-stale-data") = "yes", Rule::Bool;
    "replica-read-only" ("slave-read-only") = "yes", Rule::Bool;
    "replica-lazy-flush" ("slave-lazy-flush") = "no", Rule::Bool;
    "replica-ignore-maxmemory" ("slave-ignore-maxmemory") = "yes", Rule::Bool;
    "replica-ignore-disk-write-errors" = "no", Rule::Bool;
    "replica-announced" = "yes", Rule::Bool;
    "replica-announce-ip" ("slave-announce-ip") = "", Rule::Text;
    "replica-announce-port" ("slave-announce-port") = "0", PORT;
    "replica-priority" ("slave-priority") = "100", COUNT;
    "replica-full-sync-buffer-limit" = "0", memory(0, LONG_MAX);
    "repl-disable-tcp-nodelay" = "no", Rule::Bool;
    "repl-diskless-sync" = "yes", Rule::Bool;
    "repl-diskless-sync-delay" = "5", COUNT;
    "repl-diskless-sync-max-replicas" = "0", COUNT;
    "repl-diskless-load" = "disabled", Rule::Word(&["disabled", "on-empty-db", "swapdb"]);
    "repl-timeout" = "60", integer(1, INT_MAX);
    "repl-ping-replica-period" ("repl-ping-slave-period") = "10", integer(1, INT_MAX);
    "repl-backlog-size" = "1mb", memory(1, LONG_MAX);
    "repl-backlog-ttl" = "3600", integer(0, LONG_MAX);
    "dual-channel-replication-enabled" = "no", Rule::Bool;
    "min-replicas-to-write" ("min-slaves-to-write") = "0", COUNT, ONLY_DEFAULT;
    "min-replicas-max-lag" ("min-slaves-max-lag") = "10", COUNT;
    "propagation-error-behavior" = "ignore", Rule::Word(&["ignore", "panic", "panic-on-replicas"]);
    "bind-source-addr" = "", Rule::Text;

    // Cluster.
    "cluster-enabled" = "no", Rule::Bool, FIXED_DEFAULT;
    "cluster-config-file" = "nodes.conf", Rule::Text, IMMUTABLE;
    "cluster-port" = "0", PORT, IMMUTABLE;
    "cluster-announce-ip" = "", Rule::Text;
    "cluster-announce-port" = "0", PORT;
    "cluster-announce-tls-port" = "0", PORT;
    "cluster-announce-bus-port" = "0", PORT;
    "cluster-announce-hostname" = "", Rule::Text;
    "cluster-announce-human-nodename" = "", Rule::Text;
    "cluster-preferred-endpoint-type" = "ip", Rule::Word(&["ip", "hostname", "unknown-endpoint"]);
    "cluster-node-timeout" = "15000", integer(0, LONG_MAX);
    "cluster-migration-barrier" = "1", COUNT;
    "cluster-allow-replica-migration" = "yes", Rule::Bool;
    "cluster-replica-validity-factor" ("cluster-slave-validity-factor") = "10", COUNT;
    "cluster-replica-no-failover" ("cluster-slave-no-failover") = "no", Rule::Bool;
    "cluster-require-full-coverage" = "yes", Rule::Bool;
    "cluster-allow-reads-when-down" = "no", Rule::Bool;
    "cluster-allow-pubsubshard-when-down" = "yes", Rule::Bool;
    "cluster-link-sendbuf-limit" = "0", memory(0, u64::MAX as i128);
    "cluster-compatibility-sample-ratio" = "0", integer(0, 100);

    // What Redis has for its own tests.
    "aof-disable-auto-gc" = "no", Rule::Bool, HIDDEN;
    "rdb-key-save-delay" = "0", DELAY, HIDDEN;
    "key-load-delay" = "0", DELAY, HIDDEN;
    "watchdog-period" = "0", COUNT, HIDDEN;
    "use-exit-on-panic" = "no", Rule::Bool, HIDDEN;
    "repl-rdb-channel" = "no", Rule::Bool, HIDDEN;
    "cluster-ping-interval" = "0", integer(0, LONG_MAX), HIDDEN;
    "loading-process-events-interval-bytes" = "524288", integer(1024, INT_MAX), HIDDEN;

    // TLS.
    "tls-replication" = "no", Rule::Bool, ONLY_DEFAULT;
    "tls-cluster" = "no", Rule::Bool, ONLY_DEFAULT;
    "tls-session-cache-timeout" = "300", COUNT;
    "tls-client-cert-file" = "", Rule::Text;
    "tls-client-key-file" = "", Rule::Text;
    "tls-client-key-file-pass" = "", Rule::Text, SENSITIVE;
    "tls-dh-params-file" = "", Rule::Text;
    "tls-auth-clients-user" = "off", Rule::Word(&["CN", "URI", "off"]), ONLY_DEFAULT;
    "tls-auto-reload-interval" = "0", COUNT, ONLY_DEFAULT;

    // Valkey's own.
    "unixsocketgroup" = "", Rule::Text, FIXED_DEFAULT;
    "log-format" = "legacy", Rule::Word(&["legacy", "logfmt", "json"]);
    "log-timestamp-format" = "legacy", Rule::Word(&["legacy", "iso8601", "milliseconds"]);
    "extended-redis-compatibility" = "no", Rule::Bool;
    "import-mode" = "no", Rule::Bool;
    "hash-seed" = "", Rule::Text, IMMUTABLE;
    "availability-zone" = "", Rule::Text;
    "mptcp" = "no", Rule::Bool, IMMUTABLE;
    "repl-mptcp" = "no", Rule::Bool, IMMUTABLE;
    "rdma-bind" = "", Rule::Text, ONLY_DEFAULT;
    "rdma-port" = "0", PORT, ONLY_DEFAULT;
    "rdma-rx-size" = "1048576", integer(64 * 1024, 16 * 1024 * 1024), IMMUTABLE;
    "rdma-completion-vector" = "-1", integer(-1, 1024), IMMUTABLE;
    "prefetch-batch-max-size" = "16", integer(0, 128);
    "active-defrag-cycle-us" = "500", integer(0, 100_000);
    "cluster-databases" = "1", integer(1, INT_MAX), IMMUTABLE;
    "cluster-announce-client-port" = "0", PORT;
    "cluster-announce-client-tls-port" = "0", PORT;
    "cluster-announce-client-ipv4" = "", Rule::Text;
    "cluster-announce-client-ipv6" = "", Rule::Text;
    "cluster-blacklist-ttl" = "60", integer(0, LONG_MAX);
    "cluster-config-save-behavior" = "sync", Rule::Word(&["sync", "best-effort"]);
    "cluster-manual-failover-timeout" = "5000", integer(1, INT_MAX);
    "cluster-slot-migration-log-max-len" = "1000", integer(0, LONG_MAX);
    "cluster-slot-stats-enabled" = "no", Rule::Bool;
    "slot-migration-max-failover-repl-bytes" = "0", memory(-1, LONG_MAX);
}

/// Names that redis.conf may still contain and that Redis itself ignores.
pub(super) const OBSOLETE: &[&str] = &[
    "list-max-ziplist-entries",
    "list-max-ziplist-value",
    "lua-replicate-commands",
    "io-threads-do-reads",
    "events-per-io-thread",
];

/// Lines of a configuration file that are no settings, which CONFIG REWRITE leaves alone.
pub(super) const DIRECTIVES: &[&str] = &[
    "include",
    "rename-command",
    "user",
    "loadmodule",
    "sentinel",
];
