//! Every command in process, on data of modest size.
//!
//! The data, made by [`prepared`]: a thousand keys of each kind, named by `s:` (strings of 32 bytes), `n:` (numbers), `b:`
//! (bitmaps of 128 bytes), `p:` (HyperLogLogs of 100 elements), `h:` (hashes of 10 fields `f0` to `f9`), `l:` (lists of 20
//! elements `e0` to `e19`), `t:` (sets of 20 members `m0` to `m19`), `z:` (sorted sets of 20 members `m0` to `m19`, scored by
//! number), `g:` (sorted sets of 20 places), `i:` (sets of 20 integers); and one big one of each collection, of 10,000
//! elements, named `H`, `L`, `T`, `Z`.
//!
//! A workload is a line of requests, separated by ` | `: the measured one, and what undoes it where it has to be undone. `{n}`
//! stands for a number below a thousand, `{m}` for one below ten thousand, the same throughout a line.

use crate::runner::{Runner, push_line};
use rotom_core::bytes::prng::Prng;

/// A command in lower case and its workload.
pub type Workload = (&'static str, &'static str);

/// How many lines [`lines`] makes.
pub const LINES: usize = 1000;

/// The number below a thousand that stands in a name or not, and so on: see the module's head.
fn fill(template: &str, n: u64, m: u64) -> String {
    template
        .replace("{n}", &n.to_string())
        .replace("{m}", &m.to_string())
}

/// A client in front of the data.
pub fn prepared() -> Runner {
    let mut runner = Runner::new(42);
    let mut data = Vec::new();
    for n in 0..1000 {
        let numbered = |prefix: &str, count: u64| -> String {
            (0..count).map(|at| format!(" {prefix}{at}")).collect()
        };
        let fields: String = (0..10).map(|at| format!(" f{at} value{at}")).collect();
        let scored: String = (0..20).map(|at| format!(" {at} m{at}")).collect();
        let places: String = (0..20)
            .map(|at| format!(" {} {}.5 m{at}", 13.1 + at as f64 / 10.0, 30 + at))
            .collect();
        let lines = [
            format!("SET s:{n} {n:032}x"),
            format!("SET n:{n} {n}"),
            format!("SET b:{n} {n:0128}y"),
            format!("PFADD p:{n}{}", numbered("e", 100)),
            format!("HSET h:{n}{fields}"),
            format!("RPUSH l:{n}{}", numbered("e", 20)),
            format!("SADD t:{n}{}", numbered("m", 20)),
            format!("SADD i:{n}{}", numbered("1", 20)),
            format!("ZADD z:{n}{scored}"),
            format!("GEOADD g:{n}{places}"),
        ];
        let known = |line: &&String| EVERY.iter().any(|(name, _)| is_of(line, name));
        lines
            .iter()
            .filter(known)
            .for_each(|line| push_line(&mut data, line));
    }
    for m in 0..10_000 {
        push_line(&mut data, &format!("HSET H f{m} {m:016}"));
        push_line(&mut data, &format!("RPUSH L e{m}"));
        push_line(&mut data, &format!("SADD T m{m}"));
        push_line(&mut data, &format!("ZADD Z {m} m{m}"));
    }
    runner.run_well(&mut data);
    runner
}

/// Whether a request is of the command with this name in lower case.
fn is_of(line: &str, name: &str) -> bool {
    let word = line.split(' ').next().unwrap_or_default();
    word.eq_ignore_ascii_case(name)
}

/// Some [`LINES`] lines of the workload as pipelines. Each has run once and is known not to fail.
pub fn lines(runner: &mut Runner, workload: &str) -> Vec<Vec<u8>> {
    let mut prng = Prng::new(7);
    let mut line = || {
        let (n, m) = (prng.below(1000), prng.below(10_000));
        let mut pipeline = Vec::new();
        for request in workload.split(" | ") {
            push_line(&mut pipeline, &fill(request, n, m));
        }
        runner.run_well(&mut pipeline);
        pipeline
    };
    (0..LINES).map(|_| line()).collect()
}

/// Commands that are not measured, and why.
pub const NOT_MEASURED: &[(&str, &str)] = &[
    ("shutdown", "ends the server"),
    ("save", "is measured by a server with a disk"),
    ("bgsave", "is measured by a server with a disk"),
    ("bgrewriteaof", "is measured by a server with a disk"),
    ("debug", "for tests"),
    ("quit", "ends the client"),
    ("flushall", "leaves no data for the next round"),
    ("flushdb", "leaves no data for the next round"),
    ("pfselftest", "a test"),
    ("pfdebug", "for tests"),
    ("hello", "changes the protocol"),
    ("auth", "fails without a password"),
    ("lolwut", "a picture"),
    ("restore", "takes bytes that a line of words cannot hold"),
    ("exec", "runs other commands"),
    ("discard", "is measured with MULTI"),
    ("monitor", "needs a connection"),
    ("subscribe", "needs a connection"),
    ("psubscribe", "needs a connection"),
    ("ssubscribe", "needs a connection"),
];

/// The workload of every other command.
#[rustfmt::skip]
pub const EVERY: &[Workload] = &[
    // Strings.
    ("append", "APPEND s:{n} xyz | SETRANGE s:{n} 0 abc | GETDEL a:{n} | SET s:{n} 0123456789abcdef0123456789abcdef"),
    ("decr", "DECR n:{n}"),
    ("decrby", "DECRBY n:{n} 3"),
    ("delifeq", "DELIFEQ s:{n} nothing"),
    ("get", "GET s:{n}"),
    ("getdel", "GETDEL a:{n} | SET a:{n} 0123456789abcdef"),
    ("getex", "GETEX s:{n} PERSIST"),
    ("getrange", "GETRANGE s:{n} 3 9"),
    ("getset", "GETSET s:{n} 0123456789abcdef0123456789abcdef"),
    ("incr", "INCR n:{n}"),
    ("incrby", "INCRBY n:{n} 3"),
    ("incrbyfloat", "INCRBYFLOAT x:{n} 0.5"),
    ("lcs", "LCS s:{n} s:7 LEN"),
    ("mget", "MGET s:{n} s:1 s:2 s:3 s:4 s:5 s:6 s:7 s:8 s:9"),
    ("mset", "MSET s:{n} 0123456789abcdef0123456789abcdef s:1 0123456789abcdef0123456789abcdef"),
    ("msetex", "MSETEX 2 v:{n} 0123456789abcdef v:1 0123456789abcdef EX 1000"),
    ("msetnx", "MSETNX s:{n} x s:1 y"),
    ("psetex", "PSETEX v:{n} 1000000 0123456789abcdef"),
    ("set", "SET s:{n} 0123456789abcdef0123456789abcdef"),
    ("setex", "SETEX v:{n} 1000 0123456789abcdef"),
    ("setnx", "SETNX s:{n} x"),
    ("setrange", "SETRANGE s:{n} 3 abc"),
    ("strlen", "STRLEN s:{n}"),
    ("substr", "SUBSTR s:{n} 3 9"),
    // Bitmaps.
    ("bitcount", "BITCOUNT b:{n}"),
    ("bitfield", "BITFIELD b:{n} INCRBY u8 16 1 GET i16 #3"),
    ("bitfield_ro", "BITFIELD_RO b:{n} GET u8 16"),
    ("bitop", "BITOP XOR o b:{n} b:7"),
    ("bitpos", "BITPOS b:{n} 0 1"),
    ("getbit", "GETBIT b:{n} 77"),
    ("setbit", "SETBIT b:{n} 77 1"),
    // Hashes.
    ("hdel", "HDEL h:{n} f3 | HSET h:{n} f3 value3"),
    ("hexists", "HEXISTS h:{n} f3"),
    ("hget", "HGET H f{m}"),
    ("hgetall", "HGETALL h:{n}"),
    ("hincrby", "HINCRBY k:{n} f 1"),
    ("hincrbyfloat", "HINCRBYFLOAT k:{n} x 0.5"),
    ("hkeys", "HKEYS h:{n}"),
    ("hlen", "HLEN h:{n}"),
    ("hmget", "HMGET h:{n} f1 f5 f9"),
    ("hmset", "HMSET h:{n} f1 value1 f5 value5"),
    ("hrandfield", "HRANDFIELD H 3"),
    ("hscan", "HSCAN H {m} COUNT 10"),
    ("hset", "HSET H f{m} 0123456789abcdef"),
    ("hsetnx", "HSETNX h:{n} f3 x"),
    ("hstrlen", "HSTRLEN h:{n} f3"),
    ("hvals", "HVALS h:{n}"),
    ("hexpire", "HEXPIRE h:{n} 1000 FIELDS 1 f3 | HPERSIST h:{n} FIELDS 1 f3"),
    ("hexpireat", "HEXPIREAT h:{n} 2000000000 FIELDS 1 f3 | HPERSIST h:{n} FIELDS 1 f3"),
    ("hexpiretime", "HEXPIRETIME h:{n} FIELDS 1 f3"),
    ("hgetdel", "HGETDEL h:{n} FIELDS 1 f3 | HSET h:{n} f3 value3"),
    ("hgetex", "HGETEX h:{n} EX 1000 FIELDS 1 f3 | HPERSIST h:{n} FIELDS 1 f3"),
    ("hpersist", "HPERSIST h:{n} FIELDS 1 f3"),
    ("hpexpire", "HPEXPIRE h:{n} 1000000 FIELDS 1 f3 | HPERSIST h:{n} FIELDS 1 f3"),
    ("hpexpireat", "HPEXPIREAT h:{n} 2000000000000 FIELDS 1 f3 | HPERSIST h:{n} FIELDS 1 f3"),
    ("hpexpiretime", "HPEXPIRETIME h:{n} FIELDS 1 f3"),
    ("hpttl", "HPTTL h:{n} FIELDS 1 f3"),
    ("hsetex", "HSETEX h:{n} EX 1000 FIELDS 1 f3 value3 | HPERSIST h:{n} FIELDS 1 f3"),
    ("httl", "HTTL h:{n} FIELDS 1 f3"),
    // Lists.
    ("lindex", "LINDEX L {m}"),
    ("linsert", "LINSERT l:{n} BEFORE e7 new | LREM l:{n} 1 new"),
    ("llen", "LLEN l:{n}"),
    ("lmove", "LMOVE l:{n} l:{n} LEFT RIGHT"),
    ("lmpop", "LMPOP 1 l:{n} LEFT | LPUSH l:{n} e0"),
    ("lpop", "LPOP L | LPUSH L e0"),
    ("lpos", "LPOS l:{n} e7"),
    ("lpush", "LPUSH L e0 | LPOP L"),
    ("lpushx", "LPUSHX L e0 | LPOP L"),
    ("lrange", "LRANGE l:{n} 0 9"),
    ("lrem", "LREM l:{n} 1 nothing"),
    ("lset", "LSET L {m} element"),
    ("ltrim", "LTRIM l:{n} 0 -1"),
    ("rpop", "RPOP L | RPUSH L e0"),
    ("rpoplpush", "RPOPLPUSH l:{n} l:{n}"),
    ("rpush", "RPUSH L e0 | RPOP L"),
    ("rpushx", "RPUSHX L e0 | RPOP L"),
    // Sets.
    ("sadd", "SADD T new{m} | SREM T new{m}"),
    ("scard", "SCARD t:{n}"),
    ("sdiff", "SDIFF t:{n} t:7"),
    ("sdiffstore", "SDIFFSTORE o i:{n} t:7"),
    ("sinter", "SINTER t:{n} t:7"),
    ("sintercard", "SINTERCARD 2 t:{n} T"),
    ("sinterstore", "SINTERSTORE o t:{n} t:7"),
    ("sismember", "SISMEMBER T m{m}"),
    ("smembers", "SMEMBERS t:{n}"),
    ("smismember", "SMISMEMBER T m{m} m1 m2"),
    ("smove", "SMOVE t:{n} q m1 | SMOVE q t:{n} m1"),
    ("spop", "SPOP y:{n} | SADD y:{n} m1 m2 m3"),
    ("srandmember", "SRANDMEMBER T 3"),
    ("srem", "SREM T m{m} | SADD T m{m}"),
    ("sscan", "SSCAN T {m} COUNT 10"),
    ("sunion", "SUNION t:{n} i:{n}"),
    ("sunionstore", "SUNIONSTORE o t:{n} i:{n}"),
    // Sorted sets.
    ("zadd", "ZADD Z {n} m{m}"),
    ("zcard", "ZCARD z:{n}"),
    ("zcount", "ZCOUNT Z {n} {m}"),
    ("zdiff", "ZDIFF 2 z:{n} i:7"),
    ("zdiffstore", "ZDIFFSTORE o 2 z:{n} i:7"),
    ("zincrby", "ZINCRBY Z 1 m{m}"),
    ("zinter", "ZINTER 2 z:{n} z:7"),
    ("zintercard", "ZINTERCARD 2 z:{n} z:7"),
    ("zinterstore", "ZINTERSTORE o 2 z:{n} t:7"),
    ("zlexcount", "ZLEXCOUNT z:{n} - +"),
    ("zmpop", "ZMPOP 1 z:{n} MIN | ZADD z:{n} 0 m0"),
    ("zmscore", "ZMSCORE Z m{m} m1 m2"),
    ("zpopmax", "ZPOPMAX z:{n} | ZADD z:{n} 19 m19"),
    ("zpopmin", "ZPOPMIN z:{n} | ZADD z:{n} 0 m0"),
    ("zrandmember", "ZRANDMEMBER Z 3"),
    ("zrange", "ZRANGE Z {m} 10010"),
    ("zrangebylex", "ZRANGEBYLEX z:{n} [m1 [m5"),
    ("zrangebyscore", "ZRANGEBYSCORE Z {m} +inf LIMIT 0 10"),
    ("zrangestore", "ZRANGESTORE o z:{n} 0 9"),
    ("zrank", "ZRANK Z m{m}"),
    ("zrem", "ZREM Z m{m} | ZADD Z {m} m{m}"),
    ("zremrangebylex", "ZREMRANGEBYLEX z:{n} [a [b"),
    ("zremrangebyrank", "ZREMRANGEBYRANK z:{n} 0 0 | ZADD z:{n} 0 m0"),
    ("zremrangebyscore", "ZREMRANGEBYSCORE z:{n} 19 19 | ZADD z:{n} 19 m19"),
    ("zrevrange", "ZREVRANGE Z 0 9"),
    ("zrevrangebylex", "ZREVRANGEBYLEX z:{n} [m5 [m1"),
    ("zrevrangebyscore", "ZREVRANGEBYSCORE Z {m} -inf LIMIT 0 10"),
    ("zrevrank", "ZREVRANK Z m{m}"),
    ("zscan", "ZSCAN Z {m} COUNT 10"),
    ("zscore", "ZSCORE Z m{m}"),
    ("zunion", "ZUNION 2 z:{n} t:7"),
    ("zunionstore", "ZUNIONSTORE o 2 z:{n} z:7"),
    // Geo.
    ("geoadd", "GEOADD g:{n} 13.1 30.5 m0"),
    ("geodist", "GEODIST g:{n} m3 m17 km"),
    ("geohash", "GEOHASH g:{n} m3"),
    ("geopos", "GEOPOS g:{n} m3"),
    ("georadius", "GEORADIUS g:{n} 14 40 300 km"),
    ("georadius_ro", "GEORADIUS_RO g:{n} 14 40 300 km"),
    ("georadiusbymember", "GEORADIUSBYMEMBER g:{n} m9 300 km"),
    ("georadiusbymember_ro", "GEORADIUSBYMEMBER_RO g:{n} m9 300 km"),
    ("geosearch", "GEOSEARCH g:{n} FROMLONLAT 14 40 BYRADIUS 300 km ASC WITHDIST"),
    ("geosearchstore", "GEOSEARCHSTORE o3 g:{n} FROMLONLAT 14 40 BYBOX 600 600 km"),
    // HyperLogLog.
    ("pfadd", "PFADD p:{n} e{m}"),
    ("pfcount", "PFCOUNT p:{n}"),
    ("pfmerge", "PFMERGE o2 p:{n} p:7"),
    // Keys.
    ("copy", "COPY h:{n} copy REPLACE"),
    ("del", "DEL a:{n} | SET a:{n} 0123456789abcdef"),
    ("dump", "DUMP h:{n}"),
    ("exists", "EXISTS s:{n}"),
    ("expire", "EXPIRE e:{n} 1000 | SET e:{n} x"),
    ("expireat", "EXPIREAT e:{n} 2000000000 | SET e:{n} x"),
    ("expiretime", "EXPIRETIME s:{n}"),
    ("keys", "KEYS s:{n}"),
    ("move", "MOVE w:{n} 1 | SELECT 1 | MOVE w:{n} 0 | SELECT 0"),
    ("object", "OBJECT ENCODING h:{n}"),
    ("persist", "PERSIST s:{n}"),
    ("pexpire", "PEXPIRE e:{n} 1000000 | SET e:{n} x"),
    ("pexpireat", "PEXPIREAT e:{n} 2000000000000 | SET e:{n} x"),
    ("pexpiretime", "PEXPIRETIME s:{n}"),
    ("pttl", "PTTL s:{n}"),
    ("randomkey", "RANDOMKEY"),
    ("rename", "RENAME s:{n} renamed | RENAME renamed s:{n}"),
    ("renamenx", "RENAMENX s:{n} s:7"),
    ("scan", "SCAN {m} COUNT 10"),
    ("sort", "SORT i:{n} DESC"),
    ("sort_ro", "SORT_RO l:{n} BY s:* ALPHA LIMIT 0 5"),
    ("touch", "TOUCH s:{n}"),
    ("ttl", "TTL s:{n}"),
    ("type", "TYPE s:{n}"),
    ("unlink", "UNLINK h2:{n} | HSET h2:{n} f1 value1"),
    // Connection and server.
    ("acl", "ACL WHOAMI"),
    ("client", "CLIENT GETNAME"),
    ("command", "COMMAND GETKEYS SET a b"),
    ("commandlog", "COMMANDLOG LEN slow"),
    ("config", "CONFIG GET maxmemory"),
    ("dbsize", "DBSIZE"),
    ("echo", "ECHO hello"),
    ("info", "INFO memory"),
    ("lastsave", "LASTSAVE"),
    ("latency", "LATENCY LATEST"),
    ("memory", "MEMORY USAGE h:{n}"),
    ("multi", "MULTI | DISCARD"),
    ("watch", "WATCH s:{n} | UNWATCH"),
    ("unwatch", "UNWATCH"),
    ("ping", "PING"),
    ("publish", "PUBLISH c:{n} 0123456789abcdef"),
    ("spublish", "SPUBLISH c:{n} 0123456789abcdef"),
    ("pubsub", "PUBSUB NUMSUB c:{n}"),
    ("unsubscribe", "UNSUBSCRIBE c:{n}"),
    ("punsubscribe", "PUNSUBSCRIBE c:{n}"),
    ("sunsubscribe", "SUNSUBSCRIBE c:{n}"),
    ("reset", "RESET"),
    ("select", "SELECT 0"),
    ("slowlog", "SLOWLOG GET 10"),
    ("swapdb", "SWAPDB 2 3"),
    ("time", "TIME"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use rotom_core::command::{FAMILIES, Flags};

    #[test]
    fn every_command_has_a_workload_that_runs() {
        let rows = || FAMILIES.iter().flat_map(|family| family.iter());
        for spec in rows() {
            let measured = EVERY.iter().any(|(name, _)| *name == spec.name);
            let left_out = NOT_MEASURED.iter().any(|(name, _)| *name == spec.name);
            let waits = spec.flags.has(Flags::BLOCKING);
            assert!(
                measured || left_out || waits,
                "no workload for {}",
                spec.name
            );
        }
        let mut runner = prepared();
        for (name, workload) in EVERY {
            assert!(rows().any(|spec| spec.name == *name), "no command {name}");
            assert!(is_of(workload, name), "{workload} is not of {name}");
            lines(&mut runner, workload);
        }
    }
}
