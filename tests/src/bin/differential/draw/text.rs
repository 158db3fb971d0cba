//! The kinds of arguments that are no keys.

use super::Draw;

/// Numbers around which integers overflow, and what is nearly a number.
#[rustfmt::skip]
const INTEGERS: &[&str] = &[
    "0", "-0", "1", "-1", "127", "128", "-128", "-129", "32767", "32768", "-32769", "65535", "8388607",
    "8388608", "2147483647", "2147483648", "-2147483649", "4294967295", "4294967296", "9223372036854775806",
    "9223372036854775807", "-9223372036854775807", "-9223372036854775808",
];
#[rustfmt::skip]
const BAD_INTEGERS: &[&str] = &[
    "9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616",
    "99999999999999999999999", "+1", " 1", "1 ", "01", "1.0", "1e3", "0x10", "", "-", "one", "nan", "--1",
    "1\0",
];
#[rustfmt::skip]
const FLOATS: &[&str] = &[
    "0.1", "-0.1", "0.5", "1.5", "-2.25", "3.0", "3.0e3", "1e17", "1e21", "1e-7", "123456789012345678",
    "0.30000000000000004", "3.14159265358979323846264338327950288", "1e15", "-0.0", "-0",
    "1.7976931348623157e308", "-1e308", "5e-324", "2.5e-10", "9007199254740993", "4503599627370496.5",
    "16777217", "1e5", "+5", ".5", "5.", "100000000000000000000",
];
#[rustfmt::skip]
const BAD_FLOATS: &[&str] = &[
    "nan", "-nan", "NaN", "inf", "-inf", "+inf", "INF", "infinity", "-Infinity", "1e400", "-1e400", "1e-400",
    "1.5abc", "", " 1.5", "1.5 ", "1e", "0x1p3", "abc", "(1", "1,5", "1.5\0", "1..5",
];
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "a", "b", "c", "ab", "foo", "bar", "hello", "hello world", "Hello", "the quick brown fox", "a\0b", "\r\n",
    "\"", "é", "*",
];
#[rustfmt::skip]
const PATTERNS: &[&str] = &[
    "*", "*1", "?????", "s*", "[a-m]*", "[^a]*", "m1*", "m[0-4]?", "*\\0*", "[", "", "nothing", "string[0-2]",
    "**[12]*", "\\m*", "[z-a]*", "h*[!-~]", "m?", "f*",
];
/// For SORT's BY and GET.
#[rustfmt::skip]
const KEY_PATTERNS: &[&str] = &[
    "string*", "nosuch", "nosuch*", "#", "hash*->m1", "hash1->*", "*", "zset*", "", "*->", "string*->",
];

/// Lengths around which encodings and their headers change.
const LENGTHS: &[u64] = &[
    1, 2, 11, 12, 19, 20, 21, 22, 43, 44, 45, 46, 63, 64, 65, 127, 128, 200,
];
const LONG_LENGTHS: &[u64] = &[253, 254, 1000, 4095, 4096, 5000, 8192, 9000, 16383, 16384];

impl Draw {
    /// An argument of a kind.
    pub fn kind(&mut self, kind: &'static str) -> Vec<u8> {
        match kind {
            "value" => self.value(),
            "letters" => self.letters(),
            "member" => self.member(),
            "pattern" => self.pick(PATTERNS).into(),
            "key-pattern" => self.pick(KEY_PATTERNS).into(),
            "score" => self.score(),
            "weight" => self.rarely_else(10, |draw| draw.below(5).to_string(), Draw::float),
            "bound" => self.bound(),
            "lex" => self.lex(),
            "cursor" => self.rarely_else(
                30,
                |_| "0".into(),
                |draw| {
                    draw.pick(&["x", "", " 0", "0 ", "0x", "99999999999999999999999"])
                        .into()
                },
            ),
            "type" => self
                .pick(&[
                    "string", "list", "hash", "set", "zset", "STRING", "stream", "nothing", "",
                ])
                .into(),
            "unit" => self
                .pick(&["m", "km", "ft", "mi", "KM", "m", "km", "x"])
                .into(),
            "lon" => self.rarely_else(40, |draw| draw.degrees(180, 2), Draw::float),
            "lat" => self.rarely_else(40, |draw| draw.degrees(85, 2), Draw::float),
            "radius" => self.rarely_else(
                30,
                |draw| draw.pick(&["100", "200.5", "1000", "5000", "20000"]).into(),
                Draw::float,
            ),
            "btype" => self.field_type(),
            "float" => self.rarely_else(3, Draw::float, |draw| draw.small_int(20)),
            "timeout" => self.rarely_else(
                20,
                |draw| draw.pick(&["0.001", "0.002", "0.0015"]).into(),
                |draw| {
                    draw.pick(&[
                        "-1",
                        "-0.5",
                        "nan",
                        "inf",
                        "x",
                        "",
                        "1e300",
                        "99999999999999999999",
                    ])
                    .into()
                },
            ),
            _ => self.number(kind),
        }
    }

    /// Kinds of integers.
    fn number(&mut self, kind: &'static str) -> Vec<u8> {
        match kind {
            "int" => self.any_int(),
            "index" => self.rarely_bad(25, |draw| draw.small_int(12)),
            "far-index" => self.rarely_bad(25, |draw| draw.small_int(300)),
            "count" => self.rarely_bad(25, |draw| draw.below(6).to_string()),
            "any-count" => self.rarely_bad(25, |draw| draw.small_int(8)),
            // A negative count is how many are drawn, however many there are.
            "drawn" => self.rarely_else(
                25,
                |draw| draw.small_int(8),
                |draw| {
                    draw.pick(&[
                        "9223372036854775807",
                        "-9223372036854775808",
                        "x",
                        "1.0",
                        "",
                    ])
                    .into()
                },
            ),
            "large" => "1000000".into(),
            "db" => self.rarely_bad(20, |draw| draw.below(2).to_string()),
            "bit" => self.rarely_bad(25, |draw| draw.below(2).to_string()),
            "byte-offset" => self.rarely_else(
                8,
                |draw| draw.below(100).to_string(),
                |draw| {
                    draw.pick(&[
                        "5000",
                        "20000",
                        "536870912",
                        "4294967296",
                        "-1",
                        "9223372036854775807",
                        "x",
                    ])
                    .into()
                },
            ),
            "bit-offset" => self.rarely_else(
                8,
                |draw| draw.below(300).to_string(),
                |draw| {
                    draw.pick(&[
                        "8191",
                        "60000",
                        "100000",
                        "4294967296",
                        "-1",
                        "9223372036854775807",
                        "x",
                        "#1",
                    ])
                    .into()
                },
            ),
            "field-offset" => self.rarely_else(
                12,
                |draw| draw.field_offset(),
                |draw| {
                    draw.pick(&[
                        "#99999999999",
                        "4294967296",
                        "-1",
                        "#-1",
                        "#",
                        "x",
                        "9223372036854775807",
                        "60000",
                    ])
                    .into()
                },
            ),
            "register" => self.rarely_bad(10, |draw| draw.below(64).to_string()),
            // Nothing may end while the test runs, and what ends at once must do so on both sides.
            "seconds" => self.rarely_else(
                12,
                |draw| (1000 + draw.below(1 << 30)).to_string(),
                Draw::bad_duration,
            ),
            "millis" => self.rarely_else(
                12,
                |draw| (1_000_000 + draw.below(1 << 40)).to_string(),
                Draw::bad_duration,
            ),
            "at" => self.rarely_else(12, |draw| draw.moment_s().to_string(), Draw::bad_moment),
            "at-ms" => self.rarely_else(
                12,
                |draw| (draw.moment_s() * 1000 + draw.below(1000)).to_string(),
                Draw::bad_moment,
            ),
            "past" => self
                .pick(&["1", "1000", "0", "-1", "-9223372036854775808"])
                .into(),
            other => unreachable!("no kind of argument is called {other}"),
        }
    }

    fn rarely_else(
        &mut self,
        n: u64,
        mostly: impl FnOnce(&mut Draw) -> String,
        rarely: impl FnOnce(&mut Draw) -> String,
    ) -> Vec<u8> {
        let text = if self.once_in(n) {
            rarely(self)
        } else {
            mostly(self)
        };
        text.into()
    }

    fn rarely_bad(&mut self, n: u64, mostly: impl FnOnce(&mut Draw) -> String) -> Vec<u8> {
        self.rarely_else(n, mostly, |draw| draw.edge())
    }

    fn edge(&mut self) -> String {
        let numbers = if self.once_in(2) {
            INTEGERS
        } else {
            BAD_INTEGERS
        };
        self.pick(numbers).into()
    }

    fn small_int(&mut self, most: u64) -> String {
        (self.below(2 * most + 1) as i64 - most as i64).to_string()
    }

    fn any_int(&mut self) -> Vec<u8> {
        match self.below(20) {
            0..14 => self.small_int(20).into(),
            14..18 => self.pick(INTEGERS).into(),
            18 => (self.below(u64::MAX) as i64).to_string().into(),
            _ => self.pick(BAD_INTEGERS).into(),
        }
    }

    fn float(&mut self) -> String {
        match self.below(10) {
            0..6 => self.pick(FLOATS).into(),
            6..8 => self.pick(BAD_FLOATS).into(),
            8 => format!("{}", f64::from_bits(self.below(u64::MAX))),
            _ => format!("{}e{}", self.small_int(1000), self.small_int(20)),
        }
    }

    fn value(&mut self) -> Vec<u8> {
        match self.below(100) {
            0..5 => Vec::new(),
            5..40 => self.pick(WORDS).into(),
            40..60 => self.small_int(200).into(),
            60..68 => self.edge().into(),
            68..74 => self.float().into(),
            74..78 => self.small_int(1 << 40).into(),
            78..96 => {
                let len = self.pick(LENGTHS);
                self.bytes(len)
            }
            96 if self.once_in(2) => {
                let len = self.pick(LONG_LENGTHS);
                self.bytes(len)
            }
            97 if self.once_in(20) => self.bytes(70_000),
            _ => {
                let len = self.below(40);
                self.bytes(len)
            }
        }
    }

    /// Text, or any bytes.
    fn bytes(&mut self, len: u64) -> Vec<u8> {
        let any = self.once_in(3);
        let mut byte = || {
            if any {
                self.below(256) as u8
            } else {
                b'a' + self.below(26) as u8
            }
        };
        (0..len).map(|_| byte()).collect()
    }

    fn letters(&mut self) -> Vec<u8> {
        let len = self.below(40);
        (0..len).map(|_| b'a' + self.below(3) as u8).collect()
    }

    /// A member or field: of a sort that follows from the key, so that encodings differ from key to key.
    fn member(&mut self) -> Vec<u8> {
        if self.once_in(40) {
            return self.value();
        }
        match self.sort {
            0 => self.small_int(70).into(),
            1 => format!("m{}", self.below(20)).into(),
            2 => format!("m{}", self.below(400)).into(),
            3 => self.value(),
            4 => self.pick(INTEGERS).into(),
            _ => self.pick(WORDS).into(),
        }
    }

    fn score(&mut self) -> Vec<u8> {
        match self.below(20) {
            0..14 => self.small_int(20).into(),
            14..18 => self.float().into(),
            18 => self.pick(&["inf", "-inf", "+inf", "INF"]).into(),
            _ => self.pick(BAD_FLOATS).into(),
        }
    }

    fn bound(&mut self) -> Vec<u8> {
        match self.below(12) {
            0 => "-inf".into(),
            1 => "+inf".into(),
            2..4 => format!("({}", self.small_int(20)).into(),
            4 => format!("({}", self.float()).into(),
            _ => self.score(),
        }
    }

    fn lex(&mut self) -> Vec<u8> {
        match self.below(16) {
            0..3 => "-".into(),
            3..6 => "+".into(),
            6 => self.member(),
            n => {
                let mut bytes = vec![if n % 2 == 0 { b'[' } else { b'(' }];
                bytes.extend(self.member());
                bytes
            }
        }
    }

    fn degrees(&mut self, most: u64, decimals: usize) -> String {
        let thousandths = self.below(2000 * most + 1) as i64 - 1000 * most as i64;
        format!("{:.decimals$}", thousandths as f64 / 1000.0)
    }

    fn field_type(&mut self) -> Vec<u8> {
        match self.below(20) {
            0 => self
                .pick(&[
                    "u64",
                    "i65",
                    "u0",
                    "i0",
                    "x8",
                    "u",
                    "",
                    "8",
                    "u8x",
                    "u-1",
                    "i99999999999",
                ])
                .into(),
            1 => self.pick(&["i64", "u63", "I8", "U8"]).into(),
            n if n % 2 == 0 => format!("u{}", 1 + self.below(20)).into(),
            _ => format!("i{}", 1 + self.below(20)).into(),
        }
    }

    fn field_offset(&mut self) -> String {
        let offset = self.below(60);
        if self.once_in(2) {
            format!("#{offset}")
        } else {
            offset.to_string()
        }
    }

    fn bad_duration(&mut self) -> String {
        self.pick(&[
            "0",
            "-1",
            "-1000",
            "9223372036854775807",
            "-9223372036854775808",
            "9223372036854775808",
            "x",
            "",
            "1.5",
            "99999999999999",
            "-99999999999999999",
        ])
        .into()
    }

    /// A second well in the future; there are few, so that they meet again.
    fn moment_s(&mut self) -> u64 {
        self.now_s + 100_000 * (1 + self.below(20))
    }

    fn bad_moment(&mut self) -> String {
        self.pick(&[
            "0",
            "-1",
            "9223372036854775807",
            "9223372036854775808",
            "x",
            "",
            "1.5",
        ])
        .into()
    }
}
