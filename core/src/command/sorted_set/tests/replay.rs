//! What is logged, replayed, gives the same sorted sets.

use crate::command::collection::testing::check_replay;

#[test]
fn a_replayed_log_gives_the_same_sorted_sets() {
    let templates = [
        "ZADD ? # @ # @ 1.5 @",
        "ZADD ? 0.1 @ 0.2 @",
        "ZADD ? inf @ -inf @ -0 @",
        "ZADD ? # averylongmemberthatnolistpackofthisnumberofbytesmaykeepasitisbeyond64",
        "ZINCRBY ? 0.1 @",
        "ZREM ? @",
        "ZPOPMIN ?",
        "ZMPOP 2 ? ? MAX COUNT 2",
        "ZREMRANGEBYRANK ? 0 0",
        "ZREMRANGEBYSCORE ? 1 (#",
        "ZRANGESTORE ? ? 0 #",
        "ZRANGESTORE ? ? 0 # BYSCORE LIMIT 0 3",
        "ZUNIONSTORE ? 2 ? ?",
        "ZUNIONSTORE ? 3 ? ? ? WEIGHTS # 0.1 -1",
        "ZUNIONSTORE ? 2 ? ? AGGREGATE MIN WEIGHTS 0 #",
        "ZINTERSTORE ? 2 ? ?",
        "ZINTERSTORE ? 2 ? ? WEIGHTS # inf AGGREGATE MAX",
        "ZINTERSTORE ? 3 ? ? ? WEIGHTS 0 0.3 0.7",
        "ZDIFFSTORE ? 2 ? ?",
        "ZDIFFSTORE ? 3 ? ? ?",
        "PEXPIRE ? #",
        "EXPIRE ? 100",
        "RENAME ? ?",
        "SADD s @ @",
        "ZUNIONSTORE ? 2 ? s",
        "ZUNION 2 ? ?",
    ];
    let readers = ["ZRANGE ? 0 -1 WITHSCORES", "SMEMBERS ?"];
    check_replay(37, &templates, &readers[..1]);
    check_replay(41, &templates, &readers);
}
