//! The differences that are known, each with its reason: what is not sent to a reference, and where two replies may
//! differ. A difference that is none of these is a fault.

use super::reply::Reply;
use super::server::Identity;
use rotom_core::bytes::glob::{Case, matches};

/// A known difference.
pub struct Known {
    /// The command, a pattern.
    command: &'static str,
    /// Arguments that follow each other somewhere, patterns in capital letters.
    words: &'static [&'static str],
    /// The references that it concerns.
    concerns: fn(Identity) -> bool,
    /// What begins Rotom's reply and the reference's; without them, the command is not sent.
    replies: Option<(&'static str, &'static str)>,
    /// Why it is so.
    pub reason: &'static str,
}

const fn left_out(
    command: &'static str,
    words: &'static [&'static str],
    concerns: fn(Identity) -> bool,
    reason: &'static str,
) -> Known {
    Known {
        command,
        words,
        concerns,
        replies: None,
        reason,
    }
}

const fn replies(
    command: &'static str,
    rotom: &'static str,
    reference: &'static str,
    concerns: fn(Identity) -> bool,
    reason: &'static str,
) -> Known {
    Known {
        command,
        words: &[],
        concerns,
        replies: Some((rotom, reference)),
        reason,
    }
}

fn any(_: Identity) -> bool {
    true
}

fn valkey(reference: Identity) -> bool {
    reference.is_valkey
}

fn before_7_2(reference: Identity) -> bool {
    reference.is_before(7, 2)
}

fn valkey_or_before_7_2(reference: Identity) -> bool {
    valkey(reference) || before_7_2(reference)
}

const FIELD_TIMES: &str =
    "fields that expire are Valkey's own invention, with other errors and options";
const MANY_ARGUMENTS: &str =
    "since Redis 7.2 the number of arguments, repeated ones too, decides the first encoding";

const HEXADECIMAL_SORTS: &str = "hexadecimal is a number to SORT in all but Redis 8";

/// What Rotom does on purpose, then what references do not have, then how versions differ.
#[rustfmt::skip]
pub const KNOWN: &[Known] = &[
    left_out("LSET", &["LSET", "*", "??????????*"], any, "Redis takes only 32 bits of an index"),
    left_out("BITFIELD", &["SET", "*", "*", "-92233720368547758*"], any,
        "overflows in Redis's own test for an overflow"),
    replies("OBJECT", "\"listpack\"", "\"quicklist\"", any,
        "a list that has become small is a listpack again, however many nodes it had"),
    replies("COMMAND", "-ERR Invalid arguments", "*", any, "COMMAND GETKEYS takes what begins with a number for a count in Redis"),

    left_out("Z*", &["LIMIT", "-*"], |it| it.lacks_redis(8, 0), "a negative offset counts from the far end of big sets in Redis 8 alone"),
    left_out("SET", &["IFEQ"], |it| it.lacks_valkey(8, 1) && it.lacks_redis(8, 4), "new in Valkey 8.1 and Redis 8.4"),
    left_out("SET", &["IFNE"], |it| it.lacks_redis(8, 4), "new in Redis 8.4"),
    left_out("BITOP", &["DIFF"], |it| it.lacks_redis(8, 2), "new in Redis 8.2"),
    left_out("BITOP", &["DIFF1"], |it| it.lacks_redis(8, 2), "new in Redis 8.2"),
    left_out("BITOP", &["ANDOR"], |it| it.lacks_redis(8, 2), "new in Redis 8.2"),
    left_out("BITOP", &["ONE"], |it| it.lacks_redis(8, 2), "new in Redis 8.2"),
    left_out("HSCAN", &["NOVALUES"], before_7_2, "new in Redis 7.4 and Valkey 8.0"),
    left_out("Z*RANK", &["WITHSCORE"], before_7_2, "new in Redis 7.2"),
    replies("Z*RANK", "-ERR", "-ERR wrong number of arguments", before_7_2, "ZRANK had no option before Redis 7.2"),
    replies("OBJECT", "\"listpack\"", "\"hashtable\"", before_7_2, "sets are listpacks since Redis 7.2"),
    replies("OBJECT", "\"skiplist\"", "\"listpack\"", before_7_2, MANY_ARGUMENTS),
    replies("OBJECT", "\"hashtable\"", "\"listpack\"", before_7_2, MANY_ARGUMENTS),
    replies("OBJECT", "\"hashtable\"", "\"intset\"", before_7_2, MANY_ARGUMENTS),
    replies("OBJECT", "\"listpack\"", "\"intset\"", before_7_2, MANY_ARGUMENTS),
    replies("COMMAND", "*1", "-ERR Invalid number of arguments", before_7_2, "ZRANK had no option before Redis 7.2"),
    left_out("COMMAND", &["STORE*", "*", "STORE*"], before_7_2, "the last of several STOREs counts, since Redis 7.2"),
    left_out("COMMAND", &["SINTERSTORE"], before_7_2, "the destination is overwritten: told so since Redis 7.2"),
    replies("COMMAND", "-ERR", "-ERR wrong number of arguments", before_7_2, "arities were other ones before Redis 7.2"),

    left_out("Z*", &["*0x1p3"], valkey_or_before_7_2, "hexadecimal is a score and no bound in Redis 8 alone"),
    left_out("Z*", &["* 1.5"], before_7_2, "a bound could begin with a blank before Redis 7.2"),
    left_out("*SCAN", &[" 0"], before_7_2, "cursors were read in another way before Redis 7.2"),
    left_out("*SCAN", &[""], before_7_2, "cursors were read in another way before Redis 7.2"),
    replies("B*", "-ERR timeout is out of range", "-ERR timeout is negative", before_7_2, "infinity was called negative before Redis 7.2"),
    replies("H*EXPIRE*", "-", "-", valkey, FIELD_TIMES),
    replies("H*TTL", "-", "-", valkey, FIELD_TIMES),
    replies("HPERSIST", "-", "-", valkey, FIELD_TIMES),
    replies("HGETDEL", "-", "-", valkey, FIELD_TIMES),
    replies("HGETEX", "-", "-", valkey, FIELD_TIMES),
    replies("HSETEX", "-", "-", valkey, FIELD_TIMES),
    left_out("HSETEX", &["NX"], valkey, FIELD_TIMES),
    left_out("HSETEX", &["XX"], valkey, FIELD_TIMES),
    left_out("HGETEX", &["[EP]*", "*", "[EP]*"], valkey, FIELD_TIMES),
    left_out("HGETEX", &["PERSIST", "PERSIST"], valkey, FIELD_TIMES),
    left_out("HSETEX", &["[EP]*", "*", "[EP]*"], valkey, FIELD_TIMES),
    left_out("HSETEX", &["F?X", "F?X"], valkey, FIELD_TIMES),
    left_out("HSETEX", &["F?X", "*", "*", "F?X"], valkey, FIELD_TIMES),
    left_out("HSETEX", &["KEEPTTL", "KEEPTTL"], valkey, FIELD_TIMES),
    left_out("H*", &["99999999999999"], valkey, FIELD_TIMES),
    left_out("H*", &["9223372036854775807"], valkey, FIELD_TIMES),
    replies("OBJECT", "\"listpackex\"", "\"listpack\"", valkey, FIELD_TIMES),
    replies("OBJECT", "\"listpackex\"", "\"hashtable\"", valkey, FIELD_TIMES),
    replies("BITCOUNT", "-ERR", "", valkey_or_before_7_2, "a missing key comes before bad arguments, and an end may be missing"),
    replies("BITPOS", "-ERR", "", valkey_or_before_7_2, "a missing key comes before bad arguments"),
    left_out("L*", &["-9223372036854775808"], before_7_2, "the least integer was no error before Redis 7.2"),
    left_out("SETRANGE", &["hll*"], valkey, "damage to a HyperLogLog shows at other times in Valkey"),
    left_out("APPEND", &["hll*"], valkey, "damage to a HyperLogLog shows at other times in Valkey"),
    left_out("Z*", &["-0*"], valkey_or_before_7_2, "a big sorted set keeps the sign of -0, and which ones are big differs"),
    replies("GEO*", "-ERR could not decode", "-ERR member", valkey, "Valkey names the member that is not there"),
    left_out("GEO*", &["0x1p3"], valkey, "hexadecimal is a number in Redis alone"),
    left_out("GEOPOS", &[], valkey_or_before_7_2, "coordinates have 17 decimals there"),
    left_out("GEO*", &["WITHCOORD"], valkey_or_before_7_2, "coordinates have 17 decimals there"),
    replies("SORT*", "*", "-ERR One or more scores", valkey_or_before_7_2, "the empty text is a number in Redis 8 alone"),
    replies("SORT*", "-ERR One or more scores", "*", valkey_or_before_7_2, HEXADECIMAL_SORTS),
    left_out("SORT", &["STORE"], valkey_or_before_7_2, HEXADECIMAL_SORTS),
    replies("SCAN", "*2", "-ERR unknown type name", valkey, "TYPE refuses unknown types in Valkey"),
    replies("GETEX", "", "-ERR", valkey, "bad options come before a missing key in Valkey"),
    replies("OBJECT", "\"listpack\"", "\"skiplist\"", valkey,
        "Valkey makes a sorted set big before it knows whether ZADD XX adds the long member"),
    replies("OBJECT", "\"raw\"", "\"embstr\"", valkey, "strings are embedded up to another length in Valkey"),
];

/// Whether a reference writes numbers with other digits than Rotom: before Redis 7.2, scores have 17.
pub fn writes_other_digits(reference: Identity) -> bool {
    before_7_2(reference)
}

/// The known difference because of which a request is not sent.
pub fn is_left_out(reference: Identity, words: &[Vec<u8>]) -> Option<&'static Known> {
    KNOWN
        .iter()
        .find(|known| known.replies.is_none() && known.holds(reference, words))
}

/// The known difference that explains two replies.
pub fn explains(
    reference: Identity,
    words: &[Vec<u8>],
    rotom: &Reply,
    other: &Reply,
) -> Option<&'static Known> {
    KNOWN.iter().find(|known| {
        known.replies.is_some_and(|(left, right)| {
            known.holds(reference, words)
                && rotom.to_string().starts_with(left)
                && other.to_string().starts_with(right)
        })
    })
}

impl Known {
    fn holds(&self, reference: Identity, words: &[Vec<u8>]) -> bool {
        // In Redis's patterns a star does not match the empty text.
        let fits = |pattern: &str, word: &[u8]| {
            pattern == "*" || matches(pattern.as_bytes(), word, Case::Ignored)
        };
        if !fits(self.command, &words[0]) || !(self.concerns)(reference) {
            return false;
        }
        let all_fit = |place: &[Vec<u8>]| {
            let mut pairs = place.iter().zip(self.words);
            pairs.all(|(word, pattern)| fits(pattern, word))
        };
        words.windows(self.words.len().max(1)).any(all_fit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reference_lacks_is_not_sent() {
        let words = |line: &str| {
            line.split(' ')
                .map(|word| word.as_bytes().to_vec())
                .collect::<Vec<_>>()
        };
        let version = |is_valkey, major, minor| Identity {
            is_valkey,
            version: (major, minor, 0),
        };
        let set = words("Set k v ifeq w");
        assert!(is_left_out(version(false, 8, 0), &set).is_some());
        assert!(is_left_out(version(true, 9, 1), &set).is_none());
        assert!(is_left_out(version(false, 8, 4), &set).is_none());
        assert!(is_left_out(version(false, 8, 0), &words("SET k v")).is_none());
        assert!(KNOWN.iter().all(|known| !known.reason.is_empty()));
    }
}
