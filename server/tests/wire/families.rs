//! The commands of every family, as a client sees them with RESP2.

use crate::support::{Client, Folder, Server};

/// Sends each line and compares the reply; see `support::Value` for the texts.
fn session(lines: &[(&str, &str)]) {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut client = server.client();
    run(&mut client, lines);
}

fn run(client: &mut Client, lines: &[(&str, &str)]) {
    for (line, wanted) in lines {
        assert_eq!(client.ask(line), *wanted, "{line}");
    }
}

const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";

#[test]
fn strings() {
    session(&[
        ("SET a hello", "+OK"),
        ("GET a", "hello"),
        ("SET a x NX", "nil"),
        ("SET a world XX GET", "hello"),
        ("GET nothing", "nil"),
        ("APPEND a !", ":6"),
        ("STRLEN a", ":6"),
        ("GETRANGE a 1 -2", "orld"),
        ("SUBSTR a 0 0", "w"),
        ("SETRANGE a 0 W", ":6"),
        ("GETSET a new", "World!"),
        ("GETDEL a", "new"),
        ("EXISTS a", ":0"),
        ("MSET a 1 b 2", "+OK"),
        ("MGET a b c", "[1 2 nil]"),
        ("MSETNX b 1 c 2", ":0"),
        ("SETNX c 3", ":1"),
        ("INCR a", ":2"),
        ("INCRBY a 40", ":42"),
        ("DECR a", ":41"),
        ("DECRBY a 1", ":40"),
        ("INCRBYFLOAT a 0.5", "40.5"),
        ("INCR a", "-ERR value is not an integer or out of range"),
        ("SETEX s 100 v", "+OK"),
        ("TTL s", ":100"),
        ("PSETEX s 100000 v", "+OK"),
        ("GETEX s PERSIST", "v"),
        ("TTL s", ":-1"),
        ("SET s v EX 0", "-ERR invalid expire time in 'set' command"),
        ("SET s v PX 1 EX 1", "-ERR syntax error"),
        ("OBJECT ENCODING b", "int"),
        ("OBJECT ENCODING s", "embstr"),
    ]);
}

#[test]
fn keys() {
    session(&[
        ("SET a 1", "+OK"),
        ("TYPE a", "+string"),
        ("TYPE nothing", "+none"),
        ("EXPIRE a 100", ":1"),
        ("EXPIRE a 50 GT", ":0"),
        ("EXPIRE a 200 XX", ":1"),
        ("TTL a", ":200"),
        ("PERSIST a", ":1"),
        ("PTTL a", ":-1"),
        ("PEXPIREAT a 99999999999999", ":1"),
        ("PEXPIRETIME a", ":99999999999999"),
        ("EXPIRETIME a", ":100000000000"),
        ("RENAME a b", "+OK"),
        ("PEXPIRETIME b", ":99999999999999"),
        ("RENAME a b", "-ERR no such key"),
        ("SET a 2", "+OK"),
        ("RENAMENX a b", ":0"),
        ("COPY a b", ":0"),
        ("COPY a b REPLACE", ":1"),
        ("MOVE a 3", ":1"),
        ("EXISTS a b b", ":2"),
        ("TOUCH a b", ":1"),
        ("KEYS [ab]", "[b]"),
        ("RANDOMKEY", "b"),
        ("SCAN 0 MATCH b COUNT 100 TYPE string", "[0 [b]]"),
        ("DBSIZE", ":1"),
        ("SWAPDB 0 3", "+OK"),
        ("GET a", "2"),
        ("SELECT 3", "+OK"),
        ("UNLINK b", ":1"),
        ("SELECT 16", "-ERR DB index is out of range"),
        ("EXPIRE nothing 1", ":0"),
        ("FLUSHALL", "+OK"),
        ("SELECT 0", "+OK"),
        ("DEL a", ":0"),
        ("EXPIRE a b", "-ERR value is not an integer or out of range"),
    ]);
}

#[test]
fn hashes() {
    session(&[
        ("HSET h a 1 b 2", ":2"),
        (
            "HSET h a",
            "-ERR wrong number of arguments for 'hset' command",
        ),
        ("HGET h a", "1"),
        ("HGET h c", "nil"),
        ("HMSET h c 3", "+OK"),
        ("HMGET h a c d", "[1 3 nil]"),
        ("HSETNX h a 2", ":0"),
        ("HGETALL h", "[a 1 b 2 c 3]"),
        ("HKEYS h", "[a b c]"),
        ("HVALS h", "[1 2 3]"),
        ("HLEN h", ":3"),
        ("HEXISTS h b", ":1"),
        ("HSTRLEN h b", ":1"),
        ("HINCRBY h a 9", ":10"),
        ("HINCRBYFLOAT h a 0.5", "10.5"),
        ("HINCRBY h a 1", "-ERR hash value is not an integer"),
        ("HDEL h a b x", ":2"),
        ("HRANDFIELD h", "c"),
        ("HRANDFIELD h -2 WITHVALUES", "[c 3 c 3]"),
        ("HSCAN h 0", "[0 [c 3]]"),
        ("OBJECT ENCODING h", "listpack"),
        ("GET h", WRONG_TYPE),
        ("HDEL h c", ":1"),
        ("EXISTS h", ":0"),
    ]);
}

#[test]
fn lists() {
    session(&[
        ("RPUSH l a b c", ":3"),
        ("LPUSH l x", ":4"),
        ("LPUSHX none x", ":0"),
        ("RPUSHX l d", ":5"),
        ("LRANGE l 0 -1", "[x a b c d]"),
        ("LINDEX l -1", "d"),
        ("LLEN l", ":5"),
        ("LSET l 0 a", "+OK"),
        ("LSET l 9 a", "-ERR index out of range"),
        ("LINSERT l BEFORE b y", ":6"),
        ("LPOS l a COUNT 0", "[:0 :1]"),
        ("LREM l 1 a", ":1"),
        ("LTRIM l 0 3", "+OK"),
        ("LRANGE l 0 -1", "[a y b c]"),
        ("LPOP l", "a"),
        ("RPOP l 2", "[c b]"),
        ("LPOP none 2", "nil"),
        ("LMOVE l m LEFT RIGHT", "y"),
        ("RPOPLPUSH m m", "y"),
        ("EXISTS l", ":0"),
        ("HSET m a 1", WRONG_TYPE),
    ]);
}

#[test]
fn sets() {
    session(&[
        ("SADD s 3 1 2 1", ":3"),
        ("OBJECT ENCODING s", "intset"),
        ("SMEMBERS s", "[1 2 3]"),
        ("SCARD s", ":3"),
        ("SISMEMBER s 2", ":1"),
        ("SMISMEMBER s 2 9", "[:1 :0]"),
        ("SREM s 1 9", ":1"),
        ("SMOVE s t 2", ":1"),
        ("SMOVE s t 2", ":0"),
        ("SRANDMEMBER s", "3"),
        ("SRANDMEMBER s -2", "[3 3]"),
        ("SSCAN s 0", "[0 [3]]"),
        ("SPOP s", "3"),
        ("SPOP s", "nil"),
        ("EXISTS s", ":0"),
        ("SPOP t 5", "[2]"),
    ]);
}

#[test]
fn sorted_sets() {
    session(&[
        ("ZADD z 1 a 2 b 3 c", ":3"),
        ("ZADD z XX CH 5 a 1 d", ":1"),
        ("ZADD z INCR 1 a", "6"),
        (
            "ZADD z NX XX 1 a",
            "-ERR XX and NX options at the same time are not compatible",
        ),
        ("ZADD z x a", "-ERR value is not a valid float"),
        ("ZSCORE z a", "6"),
        ("ZMSCORE z a none", "[6 nil]"),
        ("ZINCRBY z -5.5 a", "0.5"),
        ("ZCARD z", ":3"),
        ("ZCOUNT z (0.5 +inf", ":2"),
        ("ZRANK z c", ":2"),
        ("ZREVRANK z c", ":0"),
        ("ZRANGE z 0 -1 WITHSCORES", "[a 0.5 b 2 c 3]"),
        ("ZRANGE z 2 3 BYSCORE LIMIT 1 1", "[c]"),
        ("ZRANGE z +inf -inf BYSCORE REV", "[c b a]"),
        ("ZRANGE z [a (c BYLEX", "[a b]"),
        ("ZSCAN z 0", "[0 [a 0.5 b 2 c 3]]"),
        ("ZPOPMIN z", "[a 0.5]"),
        ("ZPOPMAX z 5", "[c 3 b 2]"),
        ("ZREM z a", ":0"),
        ("EXISTS z", ":0"),
    ]);
}

#[test]
fn connection_and_server() {
    session(&[
        ("PING", "+PONG"),
        ("PING hi", "hi"),
        ("ECHO hi", "hi"),
        ("CLIENT SETNAME me", "+OK"),
        ("CLIENT GETNAME", "me"),
        ("CLIENT SETINFO LIB-NAME tests", "+OK"),
        ("CLIENT NO-EVICT ON", "+OK"),
        ("CLIENT KILL ID 12345", ":0"),
        ("CONFIG GET maxclients", "[maxclients 10000]"),
        ("CONFIG SET maxclients 5000 timeout 7", "+OK"),
        ("CONFIG GET timeout", "[timeout 7]"),
        ("CONFIG RESETSTAT", "+OK"),
        ("COMMAND GETKEYS MSET a 1 b 2", "[a b]"),
        ("COMMAND LIST FILTERBY PATTERN xx*", "[]"),
        ("DBSIZE", ":0"),
        ("OBJECT FREQ nothing", "nil"),
        ("MEMORY USAGE nothing", "nil"),
        (
            "NOSUCH a b",
            "-ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' ",
        ),
        (
            "CLIENT NOSUCH",
            "-ERR unknown subcommand 'NOSUCH'. Try CLIENT HELP.",
        ),
        ("GET", "-ERR wrong number of arguments for 'get' command"),
        ("SELECT 1", "+OK"),
        ("RESET", "+RESET"),
        ("CLIENT GETNAME", "nil"),
    ]);
}

#[test]
fn clients_see_each_other() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let (mut one, mut two) = (server.client(), server.client());
    run(
        &mut two,
        &[("CLIENT SETNAME two", "+OK"), ("SELECT 3", "+OK")],
    );
    let id = two.call("CLIENT ID").int();
    let list = one.call("CLIENT LIST").text();
    let line = list
        .lines()
        .find(|line| line.contains(" name=two "))
        .unwrap();
    assert!(
        line.starts_with(&format!("id={id} addr=127.0.0.1:")),
        "{line}"
    );
    assert!(
        line.contains(" db=3 ") && line.contains(" cmd=client|id "),
        "{line}"
    );
    assert_eq!(list.lines().count(), 2);
    assert_eq!(one.ask(&format!("CLIENT KILL ID {id}")), ":1");
    two.expect_end();
    assert_eq!(one.call("CLIENT LIST").text().lines().count(), 1);
}

#[test]
fn info_has_the_sections_that_tools_read() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut client = server.client();
    run(
        &mut client,
        &[("SET a 1 EX 100", "+OK"), ("GET a", "1"), ("GET b", "nil")],
    );
    let info = client.call("INFO everything").text();
    let port = server.port;
    for line in [
        "# Server",
        "redis_mode:standalone",
        &format!("tcp_port:{port}"),
        "# Clients",
        "connected_clients:1",
        "# Memory",
        "# Persistence",
        "loading:0",
        "aof_enabled:0",
        "# Stats",
        "keyspace_hits:1",
        "keyspace_misses:1",
        "# Replication",
        "role:master",
        "# CPU",
        "# Keyspace",
    ] {
        assert!(
            info.lines().any(|found| found == line),
            "no {line} in\n{info}"
        );
    }
    assert!(info.contains("\r\ndb0:keys=1,expires=1,"), "{info}");
    assert!(info.contains("\r\ncmdstat_get:calls=2,"), "{info}");
    let server_only = client.call("INFO server").text();
    assert!(server_only.starts_with("# Server\r\n") && !server_only.contains("# Clients"));
}

/// SCAN gives everything that is there throughout exactly once, whatever else comes and goes.
#[test]
fn a_scan_misses_nothing_while_keys_come_and_go() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut client = server.client();
    for number in 0..2000 {
        client.ask(&format!("SET stays:{number} x"));
    }
    let mut found = Vec::new();
    let (mut cursor, mut round) = (String::from("0"), 0);
    loop {
        let [next, keys] =
            <[_; 2]>::try_from(client.call(&format!("SCAN {cursor}")).items()).unwrap();
        found.extend(keys.items().into_iter().map(crate::support::Value::text));
        cursor = next.text();
        if cursor == "0" {
            break;
        }
        for number in 0..20 {
            client.ask(&format!("SET comes:{round}:{number} x"));
            client.ask(&format!("DEL comes:{}:{number}", round / 2));
        }
        round += 1;
    }
    found.retain(|key| key.starts_with("stays:"));
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 2000);
}
