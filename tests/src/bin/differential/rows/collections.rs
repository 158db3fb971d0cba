//! Hashes, lists, sets, sorted sets, geo, and the commands that wait.

use super::{Row, row};
use crate::compare::Mode;

#[rustfmt::skip]
pub const HASHES: &[Row] = &[
    row("hdel", "@hash member+"),
    row("hexists", "@hash member"),
    row("hget", "@hash member"),
    row("hgetall", "@hash").pairs(),
    row("hincrby", "@hash member int"),
    row("hincrbyfloat", "@hash member float"),
    row("hkeys", "@hash").unordered(),
    row("hlen", "@hash"),
    row("hmget", "@hash member+"),
    row("hmset", "@hash (member value)+").weight(5),
    row("hrandfield", "@hash [drawn [WITHVALUES]]").shape(),
    row("hscan", "@hash cursor [MATCH pattern] COUNT large").mode(Mode::ScanPairs),
    row("hscan", "@hash cursor [MATCH pattern] COUNT large NOVALUES").mode(Mode::Scan),
    row("hscan", "@hash cursor COUNT index").mode(Mode::Ignored).weight(3),
    row("hset", "@hash (member value)+").weight(30),
    row("hsetnx", "@hash member value"),
    row("hstrlen", "@hash member"),
    row("hvals", "@hash").unordered(),
];

/// Fields whose time is over at once, and fields with time to spare; on keys of their own and on those of all hashes.
#[rustfmt::skip]
pub const HASH_TTLS: &[Row] = &[
    row("hset", "@ttl (member value)+").weight(20),
    row("hdel", "@ttl member+"),
    row("hgetall", "@ttl").pairs(),
    row("hget", "@ttl member"),
    row("hincrby", "@ttl member int"),
    row("hincrbyfloat", "@ttl member float"),
    row("hlen", "@ttl"),
    row("hexpire", "@ttl seconds [NX|XX|GT|LT] FIELDS #member"),
    row("hpexpire", "@ttl millis [NX|XX|GT|LT] FIELDS #member"),
    row("hexpireat", "@ttl (at|at|past) [NX|XX|GT|LT] FIELDS #member"),
    row("hpexpireat", "@ttl (at-ms|at-ms|past) [NX|XX|GT|LT] FIELDS #member"),
    row("hexpire", "@hash seconds FIELDS #member").weight(3),
    row("hpersist", "@ttl FIELDS #member"),
    row("httl", "@ttl FIELDS #member").near(5),
    row("hpttl", "@ttl FIELDS #member").near(5000),
    row("hexpiretime", "@ttl FIELDS #member").near(5),
    row("hpexpiretime", "@ttl FIELDS #member").near(5000),
    row("hgetdel", "@ttl FIELDS #member"),
    row("hgetex", "@ttl {EX seconds|PX millis|EXAT at|PXAT at-ms|PERSIST} FIELDS #member"),
    row("hsetex", "@ttl {FNX|FXX|NX|XX|EX seconds|PX millis|EXAT at|PXAT at-ms|KEEPTTL} FIELDS #(member value)"),
];

#[rustfmt::skip]
pub const LISTS: &[Row] = &[
    row("lindex", "@list index"),
    row("linsert", "@list (BEFORE|AFTER) member value"),
    row("llen", "@list"),
    row("lmove", "@list @list (LEFT|RIGHT) (LEFT|RIGHT)"),
    row("lmpop", "#@list (LEFT|RIGHT) [COUNT count]"),
    row("lpop", "@list [count]"),
    row("lpos", "@list member {RANK index|COUNT count|MAXLEN count}"),
    row("lpush", "@list member+").weight(20),
    row("lpushx", "@list member+"),
    row("lrange", "@list index index"),
    row("lrange", "@list far-index far-index"),
    row("lrem", "@list index member"),
    row("lset", "@list index value"),
    row("ltrim", "@list index index").weight(3),
    row("ltrim", "@list far-index far-index").weight(3),
    row("rpop", "@list [count]"),
    row("rpoplpush", "@list @list"),
    row("rpush", "@list member+").weight(20),
    row("rpushx", "@list member+"),
];

#[rustfmt::skip]
pub const SETS: &[Row] = &[
    row("sadd", "@set member+").weight(40),
    row("scard", "@set"),
    row("sdiff", "@set+").unordered(),
    row("sdiffstore", "@set @set+").weight(5),
    row("sinter", "@set+").unordered(),
    row("sintercard", "#@set [LIMIT any-count]"),
    row("sinterstore", "@set @set+").weight(5),
    row("sismember", "@set member"),
    row("smembers", "@set").unordered(),
    row("smismember", "@set member+"),
    row("smove", "@set @set member"),
    row("spop", "@set large").unordered().whole().weight(2),
    row("spop", "@set [any-count]").random().weight(2),
    row("srandmember", "@set [drawn]").shape(),
    row("srem", "@set member+"),
    row("sscan", "@set cursor {MATCH pattern|COUNT large}").mode(Mode::Ignored).weight(3),
    row("sscan", "@set cursor [MATCH pattern] COUNT large").mode(Mode::Scan),
    row("sunion", "@set+").unordered(),
    row("sunionstore", "@set @set+").weight(5),
];

#[rustfmt::skip]
pub const SORTED_SETS: &[Row] = &[
    row("zadd", "@zset {NX|XX|GT|LT|CH} (score member)+").weight(40),
    row("zadd", "@zset {NX|XX|GT|LT|CH} INCR score member"),
    row("zcard", "@zset"),
    row("zcount", "@zset bound bound"),
    row("zdiff", "#@zset [WITHSCORES]"),
    row("zdiffstore", "@zset #@zset").weight(5),
    row("zincrby", "@zset score member").weight(20),
    row("zinter", "#@zset {WEIGHTS weight+|AGGREGATE (SUM|MIN|MAX|COUNT)|WITHSCORES}"),
    row("zinter", "2 @zset @set WEIGHTS weight weight {AGGREGATE (SUM|MIN|MAX)|WITHSCORES}"),
    row("zintercard", "#@zset [LIMIT any-count]"),
    row("zinterstore", "@zset #@zset {WEIGHTS weight+|AGGREGATE (SUM|MIN|MAX)}").weight(5),
    row("zmpop", "#@zset (MIN|MAX) [COUNT count]").weight(5),
    row("zmscore", "@zset member+"),
    row("zpopmax", "@zset [any-count]").weight(5),
    row("zpopmin", "@zset [any-count]").weight(5),
    row("zrandmember", "@zset [drawn [WITHSCORES]]").shape(),
    row("zrange", "@zset index index {REV|WITHSCORES}"),
    row("zrange", "@zset (bound bound BYSCORE|bound bound) \
        {REV|LIMIT index index|WITHSCORES|BYSCORE}").weight(20),
    row("zrangebyscore", "@zset bound bound {WITHSCORES|LIMIT index index}"),
    row("zrangestore", "@zset @zset (index index|bound bound BYSCORE) {REV|LIMIT index index}").weight(5),
    row("zrank", "@zset member [WITHSCORE]"),
    row("zrem", "@zset member+"),
    row("zremrangebyrank", "@zset index index").weight(2),
    row("zremrangebyscore", "@zset bound bound").weight(2),
    row("zrevrange", "@zset index index [WITHSCORES]"),
    row("zrevrangebyscore", "@zset bound bound {WITHSCORES|LIMIT index index}"),
    row("zrevrank", "@zset member [WITHSCORE]"),
    row("zscan", "@zset cursor {MATCH pattern|COUNT index}").mode(Mode::Ignored).weight(3),
    row("zscan", "@zset cursor [MATCH pattern] COUNT large").mode(Mode::ScanPairs),
    row("zscore", "@zset member"),
    row("zunion", "#@zset {WEIGHTS weight+|AGGREGATE (SUM|MIN|MAX|COUNT)|WITHSCORES}"),
    row("zunion", "2 @zset @set WEIGHTS weight weight {AGGREGATE (SUM|MIN|MAX)|WITHSCORES}"),
    row("zunionstore", "@zset #@zset {WEIGHTS weight+|AGGREGATE (SUM|MIN|MAX)}").weight(5),
];

/// What goes by members alone is told only where all scores are equal, so these have keys of their own.
#[rustfmt::skip]
pub const LEX_RANGES: &[Row] = &[
    row("zadd", "@lex (0 member)+").weight(40),
    row("zrem", "@lex member+"),
    row("zlexcount", "@lex lex lex"),
    row("zrange", "@lex lex lex BYLEX {REV|LIMIT index index|WITHSCORES|BYSCORE|BYLEX}").weight(20),
    row("zrange", "@lex lex lex {REV|LIMIT index index|WITHSCORES|BYLEX}"),
    row("zrangebylex", "@lex lex lex [LIMIT index index]"),
    row("zrangestore", "@zset @lex lex lex BYLEX {REV|LIMIT index index}").weight(5),
    row("zremrangebylex", "@lex lex lex").weight(2),
    row("zrevrangebylex", "@lex lex lex [LIMIT index index]"),
];

#[rustfmt::skip]
pub const GEO: &[Row] = &[
    row("geoadd", "@geo {NX|XX|CH} (lon lat member)+").weight(30),
    row("geodist", "@geo member member [unit]"),
    row("geohash", "@geo member*"),
    row("geopos", "@geo member*"),
    row("georadius", "@geo lon lat radius unit {WITHCOORD|WITHDIST|WITHHASH|COUNT count}(ASC|DESC)"),
    row("georadius", "@geo lon lat radius unit {WITHCOORD|WITHDIST|WITHHASH}").unordered(),
    row("georadius", "@geo lon lat radius unit {STORE @geo|COUNT count ASC}").weight(5),
    row("georadius_ro", "@geo lon lat radius unit {WITHCOORD|WITHDIST|WITHHASH|STORE @geo}").unordered(),
    row("georadiusbymember", "@geo member radius unit {WITHCOORD|WITHDIST|WITHHASH|COUNT count}(ASC|DESC)"),
    row("georadiusbymember_ro", "@geo member radius unit {WITHCOORD|WITHDIST|WITHHASH}").unordered(),
    row("geosearch", "@geo (FROMMEMBER member|FROMLONLAT lon lat) (BYRADIUS radius unit|BYBOX radius radius unit) \
        {WITHCOORD|WITHDIST|WITHHASH|FROMMEMBER member|BYRADIUS radius unit}").unordered(),
    row("geosearch", "@geo (FROMMEMBER member|FROMLONLAT lon lat) (BYRADIUS radius unit|BYBOX radius radius unit) \
        {WITHCOORD|WITHDIST|WITHHASH|COUNT count} (ASC|DESC)").weight(20),
    row("geosearch", "@geo FROMLONLAT lon lat BYRADIUS radius unit COUNT count ANY").shape().whole(),
    row("geosearchstore", "@geo @geo (FROMMEMBER member|FROMLONLAT lon lat) \
        (BYRADIUS radius unit|BYBOX radius radius unit) {ASC|DESC|COUNT count|WITHDIST}").weight(5),
    // Distances may differ in their last digit.
    row("geosearchstore", "@geo @geo (FROMMEMBER member|FROMLONLAT lon lat) BYRADIUS radius unit STOREDIST").random(),
    row("zrange", "@geo index index [WITHSCORES]"),
    row("zrem", "@geo member").weight(3),
];

/// With a wait of a millisecond or two, since nobody else pushes.
#[rustfmt::skip]
pub const BLOCKING: &[Row] = &[
    row("blmove", "@list @list (LEFT|RIGHT) (LEFT|RIGHT) timeout").weight(1),
    row("blmpop", "timeout #@list (LEFT|RIGHT) [COUNT count]").weight(1),
    row("blpop", "@list+ timeout").weight(1),
    row("brpop", "@list+ timeout").weight(1),
    row("brpoplpush", "@list @list timeout").weight(1),
    row("bzmpop", "timeout #@zset (MIN|MAX) [COUNT count]").weight(1),
    row("bzpopmax", "@zset+ timeout").weight(1),
    row("bzpopmin", "@zset+ timeout").weight(1),
];
