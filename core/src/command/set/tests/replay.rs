//! What is logged, replayed, gives the same sets.

use super::*;

#[test]
fn a_replayed_log_gives_the_same_sets() {
    let templates = [
        "SADD ? @ @ @",
        "SADD ? # # #",
        "SADD ? @ averylongmemberthatnolistpackofthisnumberofbytesmaykeepasitisbeyond64",
        "SREM ? @",
        "SPOP ?",
        "SPOP ? #",
        "SMOVE ? ? @",
        "SINTERSTORE ? ? ?",
        "SINTERSTORE ? ? ? ?",
        "SUNIONSTORE ? ?",
        "SUNIONSTORE ? ? ?",
        "SDIFFSTORE ? ? ?",
        "SDIFFSTORE ? ? ? ?",
        "SUNIONSTORE ? none",
        "PEXPIRE ? #",
        "EXPIRE ? 100",
        "RENAME ? ?",
        "SINTER ? ?",
    ];
    check_replay(31, &templates, &["SMEMBERS ?"]);
}
