//! Strings, bitmaps and HyperLogLogs.

use super::{Row, row};

#[rustfmt::skip]
pub const STRINGS: &[Row] = &[
    row("append", "@string value"),
    row("decr", "@string"),
    row("decrby", "@string int"),
    row("delex", "@string [IFEQ value|IFNE value|IFDEQ value|IFDNE value]"),
    row("delifeq", "@string value"),
    row("get", "@string").weight(20),
    row("getdel", "@string").weight(5),
    row("getex", "@string {EX seconds|PX millis|EXAT at|PXAT (at-ms|past)|PERSIST}"),
    row("getrange", "@string index index"),
    row("getset", "@string value"),
    row("incr", "@string"),
    row("incrby", "@string int"),
    row("incrbyfloat", "@string float").weight(20),
    row("lcs", "@short @short {LEN|IDX|MINMATCHLEN index|WITHMATCHLEN}"),
    row("mget", "@string+"),
    row("mset", "(@string value)+"),
    row("msetex", "#(@string value) {NX|XX|EX seconds|PX millis|EXAT at|PXAT at-ms|KEEPTTL}"),
    row("msetnx", "(@string value)+").weight(5),
    row("psetex", "@string millis value"),
    row("set", "@string value").weight(30),
    row("set", "@string (int|float)").weight(20),
    row("set", "@short letters"),
    row("set", "@string value {NX|XX|GET|EX seconds|PX millis|EXAT at|PXAT at-ms|KEEPTTL}").weight(20),
    row("set", "@string value {IFEQ value|IFNE value|GET|NX|XX|EX seconds}"),
    row("setex", "@string seconds value"),
    row("setnx", "@string value"),
    row("setrange", "@string byte-offset value"),
    row("strlen", "@string"),
    row("substr", "@string index index").weight(5),
];

#[rustfmt::skip]
pub const BITMAPS: &[Row] = &[
    row("bitcount", "@bits [index index [BYTE|BIT]]"),
    row("bitcount", "@bits far-index far-index BIT"),
    row("bitfield", "@bits {GET btype field-offset|SET btype field-offset int|INCRBY btype field-offset int\
        |OVERFLOW (WRAP|SAT|FAIL)}").weight(20),
    row("bitfield", "@bits (OVERFLOW (WRAP|SAT|FAIL|NONE) (SET|INCRBY) btype field-offset int)+").weight(20),
    row("bitfield_ro", "@bits {GET btype field-offset|SET btype field-offset int}"),
    row("bitop", "(AND|OR|XOR|NOT|DIFF|DIFF1|ANDOR|ONE|NAND) @bits @bits+").weight(20),
    row("bitop", "NOT @bits @bits"),
    row("bitpos", "@bits bit [index [index [BYTE|BIT]]]").weight(20),
    row("bitpos", "@bits bit far-index far-index BIT"),
    row("get", "@bits").weight(5),
    row("getbit", "@bits bit-offset"),
    row("set", "@bits value"),
    row("setbit", "@bits bit-offset bit").weight(20),
];

#[rustfmt::skip]
pub const HYPERLOGLOGS: &[Row] = &[
    // One element: of several, Redis keeps those before the one that meets a fault; Rotom keeps none.
    row("pfadd", "@hll [member]").weight(20),
    row("pfcount", "@hll"),
    row("pfcount", "@hll+"),
    row("pfmerge", "@hll @hll*").weight(5),
    row("get", "@hll"),
    row("set", "@hll value").weight(1),
    row("setrange", "@hll register value").weight(1),
    row("append", "@hll value").weight(1),
    row("pfdebug", "(ENCODING|DECODE|TODENSE|NOTHING) @hll").weight(2),
    row("pfdebug", "GETREG @hll").weight(1),
];
