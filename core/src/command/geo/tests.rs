//! Replies as real clients see them, byte for byte; those of Redis's documentation where it has one.

use crate::command::collection::testing::{
    WRONG_TYPE, effects, encoding, expect, line, rotom, words,
};
use crate::resp::Protocol;
use crate::session::Local;
use std::format;
use std::string::String;
use std::vec::Vec;

fn sicily() -> Local {
    let mut local = rotom();
    line(
        &mut local,
        "GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania",
    );
    effects(&mut local);
    local
}

#[test]
fn geoadd_keeps_scores_and_logs_them() {
    let mut local = rotom();
    expect(
        &mut local,
        &[
            (
                "GEOADD g 13.361389 38.115556 a 15.087269 37.502669 b",
                ":2|",
            ),
            ("GEOADD g NX CH 10 10 a 11 11 c", ":1|"),
            ("GEOADD g XX CH 10 10 a 11 11 d", ":1|"),
            ("GEOADD g xx 10 10 a", ":0|"),
            ("GEOADD none XX 10 10 a", ":0|"),
            ("EXISTS none", ":0|"),
        ],
    );
    assert_eq!(
        effects(&mut local),
        [
            "ZADD g 3479099956230698 a 3479447370796909 b",
            &format!(
                "ZADD g NX CH {} a {} c",
                score(&mut local, "10 10"),
                score(&mut local, "11 11")
            ),
            &format!(
                "ZADD g XX CH {} a {} d",
                score(&mut local, "10 10"),
                score(&mut local, "11 11")
            ),
        ]
    );
}

/// The score of a place, from a key of its own.
fn score(local: &mut Local, place: &str) -> String {
    local.shared.keys.effects.set_enabled(false);
    line(local, &format!("GEOADD other {place} x"));
    let score = words(local, "ZSCORE other x").remove(0);
    line(local, "DEL other");
    local.shared.keys.effects.set_enabled(true);
    score
}

#[test]
fn wrong_additions_change_nothing() {
    let mut local = rotom();
    let pair = "-ERR invalid longitude,latitude pair";
    expect(
        &mut local,
        &[
            ("GEOADD g NX XX 1 1 a", "-ERR syntax error|"),
            ("GEOADD g 1 1 a 2", "-ERR syntax error|"),
            ("GEOADD g nx nx nx", "-ERR syntax error|"),
            ("GEOADD g 1 x a", "-ERR value is not a valid float|"),
            (
                "GEOADD g 1 1 a 1 86 b",
                &format!("{pair} 1.000000,86.000000|"),
            ),
            (
                "GEOADD g -180.5 -0 a",
                &format!("{pair} -180.500000,-0.000000|"),
            ),
            ("GEOADD g inf 0 a", &format!("{pair} inf,0.000000|")),
            ("GEOADD string 1 1 a", WRONG_TYPE),
            ("EXISTS g", ":0|"),
        ],
    );
    assert!(effects(&mut local).is_empty());
}

#[test]
fn members_are_read_in_both_protocols() {
    let mut local = sicily();
    expect(
        &mut local,
        &[
            ("GEODIST Sicily Palermo Catania", "$11|166274.1516|"),
            ("GEODIST Sicily Palermo Catania km", "$8|166.2742|"),
            ("GEODIST Sicily Palermo Catania MI", "$8|103.3182|"),
            ("GEODIST Sicily Palermo Palermo", "$6|0.0000|"),
            ("GEODIST Sicily Foo Bar", "$-1|"),
            ("GEODIST none a b", "$-1|"),
            (
                "GEODIST none a b parsec",
                "-ERR unsupported unit provided. please use M, KM, FT, MI|",
            ),
            ("GEODIST none a b m m", "-ERR syntax error|"),
            ("GEODIST string a b", WRONG_TYPE),
            (
                "GEOHASH Sicily Palermo None Catania",
                "*3|$11|sqc8b49rny0|$-1|$11|sqdtr74hyu0|",
            ),
            ("GEOHASH Sicily", "*0|"),
            ("GEOPOS none a", "*1|*-1|"),
            (
                "GEOPOS Sicily Palermo None",
                "*2|*2|$18|13.361389338970184|$16|38.1155563954963|*-1|",
            ),
        ],
    );
    local.client.protocol = Protocol::Resp3;
    expect(
        &mut local,
        &[
            ("GEODIST Sicily Palermo Catania", "$11|166274.1516|"),
            ("GEODIST none a b", "_|"),
            (
                "GEOPOS Sicily Palermo None",
                "*2|*2|,13.361389338970184|,38.1155563954963|_|",
            ),
        ],
    );
}

#[test]
fn searches_find_what_is_near() {
    let mut local = sicily();
    line(
        &mut local,
        "GEOADD Sicily 12.758489 38.788135 edge1 17.241510 38.788135 edge2",
    );
    let center = "GEOSEARCH Sicily FROMLONLAT 15 37";
    for (command, members) in [
        (format!("{center} BYRADIUS 200 km ASC"), "Catania Palermo"),
        (
            format!("{center} BYBOX 400 400 km ASC"),
            "Catania Palermo edge2 edge1",
        ),
        (
            format!("{center} BYBOX 400 400 km DESC"),
            "edge1 edge2 Palermo Catania",
        ),
        (format!("{center} BYBOX 400 400 km COUNT 1"), "Catania"),
        (format!("{center} BYBOX 0 400 km"), ""),
        (format!("{center} BYRADIUS 0 m"), ""),
        (
            "GEOSEARCH Sicily BYRADIUS 200 km FROMMEMBER Palermo ASC".into(),
            "Palermo edge1 Catania",
        ),
        (
            "GEORADIUS Sicily 15 37 200 km DESC".into(),
            "Palermo Catania",
        ),
        ("GEORADIUS_RO Sicily 15 37 100 km".into(), "Catania"),
        ("GEORADIUSBYMEMBER Sicily Palermo 10 mi".into(), "Palermo"),
        (
            "GEORADIUSBYMEMBER_RO Sicily Catania 600000 ft ASC".into(),
            "Catania Palermo",
        ),
        (
            "GEOSEARCH Sicily BYPOLYGON 4 13 37 16 37 16 38 13 38".into(),
            "Catania",
        ),
    ] {
        assert_eq!(words(&mut local, &command).join(" "), members, "{command}");
    }
    let any = words(&mut local, &format!("{center} BYRADIUS 400 km COUNT 2 ANY"));
    assert_eq!(any.len(), 2);
}

#[test]
fn searches_tell_more_when_asked() {
    let mut local = sicily();
    let command = "GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 100 km WITHCOORD WITHHASH WITHDIST";
    expect(
        &mut local,
        &[(
            command,
            "*1|*4|$7|Catania|$7|56.4413|:3479447370796909|*2|$18|15.087267458438873|$17|37.50266842333162|",
        )],
    );
    local.client.protocol = Protocol::Resp3;
    expect(
        &mut local,
        &[(
            command,
            "*1|*4|$7|Catania|$7|56.4413|:3479447370796909|*2|,15.087267458438873|,37.50266842333162|",
        )],
    );
}

#[test]
fn results_are_stored() {
    let mut local = sicily();
    expect(
        &mut local,
        &[
            (
                "GEOSEARCHSTORE d Sicily FROMLONLAT 15 37 BYRADIUS 200 km",
                ":2|",
            ),
            ("ZSCORE d Palermo", "$16|3479099956230698|"),
            (
                "GEOSEARCHSTORE d Sicily FROMLONLAT 15 37 BYRADIUS 100 km STOREDIST",
                ":1|",
            ),
            ("ZCARD d", ":1|"),
            (
                "GEORADIUS Sicily 15 37 200 km STORE e STOREDIST string",
                ":2|",
            ),
            ("TYPE string", "+zset|"),
            ("EXISTS e", ":0|"),
            ("GEORADIUSBYMEMBER Sicily Palermo 1 m STORE d", ":1|"),
            ("GEOSEARCHSTORE d Sicily FROMLONLAT 0 0 BYRADIUS 1 m", ":0|"),
            ("EXISTS d", ":0|"),
            (
                "GEOSEARCHSTORE string none FROMMEMBER x BYRADIUS 1 m",
                ":0|",
            ),
            ("EXISTS string", ":0|"),
        ],
    );
    assert_eq!(effects(&mut local).len(), 6);
    let events: Vec<&str> = local
        .shared
        .keys
        .events
        .take_names()
        .into_iter()
        .map(|event| event.1)
        .collect();
    assert!(events.contains(&"geosearchstore") && events.contains(&"georadiusstore"));
    assert_eq!(encoding(&mut local, "Sicily"), "listpack");
}

#[test]
fn wrong_searches_are_told_apart() {
    let mut local = sicily();
    let syntax = "-ERR syntax error|";
    let by = "BYRADIUS 1 m";
    let from = "FROMLONLAT 1 1";
    for (command, reply) in [
        (format!("GEOSEARCH string {from} {by}"), WRONG_TYPE),
        (
            "GEOSEARCH Sicily FROMMEMBER x BYRADIUS 1 m".into(),
            "-ERR could not decode requested zset member|",
        ),
        ("GEOSEARCH none FROMMEMBER x BYRADIUS 1 m".into(), "*0|"),
        (
            format!("GEOSEARCH Sicily {from} {by} FROMMEMBER Palermo"),
            syntax,
        ),
        (format!("GEOSEARCH Sicily {from} {by} BYBOX 1 1 m"), syntax),
        (format!("GEOSEARCH Sicily {from} {by} STORE x"), syntax),
        (format!("GEOSEARCH Sicily {from} {by} STOREDIST"), syntax),
        ("GEORADIUS_RO Sicily 1 1 1 m STORE x".into(), syntax),
        (
            format!("gEoSearch Sicily {by} ASC ASC"),
            "-ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for gEoSearch|",
        ),
        (
            format!("GEOSEARCH Sicily {from} ASC ASC"),
            "-ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH|",
        ),
        (
            format!("GEOSEARCH Sicily {from} BYRADIUS x m"),
            "-ERR need numeric radius|",
        ),
        (
            format!("GEOSEARCH Sicily {from} BYRADIUS -1 m"),
            "-ERR radius cannot be negative|",
        ),
        (
            format!("GEOSEARCH Sicily {from} BYBOX x 1 m"),
            "-ERR need numeric width|",
        ),
        (
            format!("GEOSEARCH Sicily {from} BYBOX 1 x m"),
            "-ERR need numeric height|",
        ),
        (
            format!("GEOSEARCH Sicily {from} BYBOX 1 -1 m"),
            "-ERR height or width cannot be negative|",
        ),
        (
            format!("GEOSEARCH Sicily {from} {by} COUNT 0"),
            "-ERR COUNT must be > 0|",
        ),
        (
            format!("GEOSEARCH Sicily {from} {by} COUNT x"),
            "-ERR value is not an integer or out of range|",
        ),
        (
            format!("GEOSEARCH Sicily {from} {by} ANY"),
            "-ERR the ANY argument requires COUNT argument|",
        ),
        (
            format!("GEOSEARCHSTORE d Sicily {from} {by} WITHDIST"),
            "-ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options|",
        ),
        (
            "GEORADIUS Sicily 1 1 1 m WITHHASH STORE d".into(),
            "-ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options|",
        ),
        ("GEORADIUSBYMEMBER none x nonsense nonsense".into(), "*0|"),
        (
            "GEOSEARCH Sicily BYPOLYGON 2 1 1 2 2".into(),
            "-ERR GEOSEARCH BYPOLYGON must have at least 3 vertices|",
        ),
        (
            "GEOSEARCH Sicily BYPOLYGON x 1 1 2 2".into(),
            "-ERR invalid number of vertices|",
        ),
        (
            "GEOSEARCH Sicily BYPOLYGON 2147483647 1 1 2 2".into(),
            "-ERR GEOSEARCH BYPOLYGON must have at least 3 vertices|",
        ),
    ] {
        let reply = reply.replace('|', "\r\n");
        assert_eq!(line(&mut local, &command), reply, "{command}");
    }
}

#[test]
fn keys_are_named() {
    let mut local = rotom();
    expect(
        &mut local,
        &[
            (
                "COMMAND GETKEYS GEORADIUS a 1 1 1 m STORE b STOREDIST c",
                "*2|$1|a|$1|c|",
            ),
            ("COMMAND GETKEYS GEORADIUSBYMEMBER a b 1 m", "*1|$1|a|"),
            (
                "COMMAND GETKEYS GEOSEARCHSTORE a b FROMMEMBER x BYRADIUS 1 m",
                "*2|$1|a|$1|b|",
            ),
        ],
    );
}
