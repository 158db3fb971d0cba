//! The `redis` crate does real work.

use crate::support::{Folder, Server};
use redis::{Commands, ConnectionLike, ErrorKind, RedisResult};
use std::collections::{HashMap, HashSet};

fn connect(server: &Server, options: &str) -> redis::Connection {
    let url = format!("redis://127.0.0.1:{}/{options}", server.port);
    let client = redis::Client::open(url).unwrap();
    client.get_connection().unwrap()
}

fn strings_and_keys(redis: &mut redis::Connection) -> RedisResult<()> {
    redis.set::<_, _, ()>("greeting", "hello")?;
    assert_eq!(redis.get::<_, String>("greeting")?, "hello");
    assert_eq!(redis.get::<_, Option<i64>>("nothing")?, None);
    assert_eq!(redis.incr::<_, _, i64>("count", 5)?, 5);
    redis.set_ex::<_, _, ()>("brief", 1, 1000)?;
    assert!((1..=1000).contains(&redis.ttl::<_, i64>("brief")?));
    assert!(redis.exists::<_, bool>("brief")?);
    assert_eq!(redis.del::<_, i64>(&["brief", "nothing"])?, 1);
    redis.mset::<_, _, ()>(&[("a", 1), ("b", 2)])?;
    assert_eq!(
        redis.mget::<_, Vec<Option<i64>>>(&["a", "b", "c"])?,
        [Some(1), Some(2), None]
    );
    Ok(())
}

fn collections(redis: &mut redis::Connection) -> RedisResult<()> {
    redis.hset_multiple::<_, _, _, ()>("hash", &[("name", "rotom"), ("kind", "ghost")])?;
    let hash: HashMap<String, String> = redis.hgetall("hash")?;
    assert_eq!((hash.len(), hash["kind"].as_str()), (2, "ghost"));
    assert_eq!(redis.rpush::<_, _, i64>("list", &[1, 2, 3])?, 3);
    assert_eq!(redis.lrange::<_, Vec<i64>>("list", 0, -1)?, [1, 2, 3]);
    assert_eq!(redis.sadd::<_, _, i64>("set", &["x", "y"])?, 2);
    let set: HashSet<String> = redis.smembers("set")?;
    assert!(set.contains("x") && set.len() == 2);
    redis.zadd_multiple::<_, _, _, ()>("board", &[(1.5, "ann"), (2.0, "bob")])?;
    let board: Vec<(String, f64)> = redis.zrange_withscores("board", 0, -1)?;
    assert_eq!(board, [("ann".into(), 1.5), ("bob".into(), 2.0)]);
    assert_eq!(
        redis.zscore::<_, _, Option<f64>>("board", "ann")?,
        Some(1.5)
    );
    Ok(())
}

fn pipelines_and_scans(redis: &mut redis::Connection) -> RedisResult<()> {
    let mut pipeline = redis::pipe();
    for number in 0..1000 {
        pipeline.set(format!("scan:{number}"), number).ignore();
    }
    pipeline.get("scan:999");
    assert_eq!(pipeline.query::<(i64,)>(redis)?, (999,));
    let keys: RedisResult<Vec<String>> = redis.scan_match("scan:*")?.collect();
    let keys: HashSet<String> = keys?.into_iter().collect();
    assert_eq!(keys.len(), 1000);
    Ok(())
}

#[test]
fn the_redis_crate_works_with_both_protocols() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    for options in ["", "?protocol=resp3"] {
        let mut redis = connect(&server, options);
        strings_and_keys(&mut redis).unwrap();
        collections(&mut redis).unwrap();
        pipelines_and_scans(&mut redis).unwrap();
        let error = redis.incr::<_, _, i64>("list", 1).unwrap_err();
        assert_eq!(error.code(), Some("WRONGTYPE"), "{error}");
        assert!(redis.check_connection());
        redis::cmd("FLUSHALL").exec(&mut redis).unwrap();
    }
}

#[test]
fn the_redis_crate_logs_in_and_selects() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--requirepass", "secret"]);
    let url = format!("redis://:secret@127.0.0.1:{}/5", server.port);
    let mut redis = redis::Client::open(url).unwrap().get_connection().unwrap();
    let info: String = redis::cmd("CLIENT").arg("INFO").query(&mut redis).unwrap();
    assert!(
        info.contains(" db=5 ") && info.contains(" lib-name=redis-rs"),
        "{info}"
    );
    let refused = redis::Client::open(format!("redis://:wrong@127.0.0.1:{}/", server.port));
    let error = refused.unwrap().get_connection().err().unwrap();
    assert_eq!(error.kind(), ErrorKind::AuthenticationFailed, "{error}");
}
