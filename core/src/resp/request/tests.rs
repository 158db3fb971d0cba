use super::*;
use proptest::prelude::*;
use std::format;
use std::string::{String, ToString};
use std::vec;

const LIMITS: Limits = Limits {
    max_bulk_bytes: 512 << 20,
    unauthenticated: false,
};

fn words(buffer: &[u8], spans: &[Span]) -> Vec<Vec<u8>> {
    spans
        .iter()
        .map(|s| buffer[s.start as usize..(s.start + s.len) as usize].to_vec())
        .collect()
}

fn parse_all(bytes: &[u8]) -> Result<Vec<Vec<u8>>, ProtocolError> {
    let (mut buffer, mut spans) = (bytes.to_vec(), Vec::new());
    match RequestParser::default().parse(&mut buffer, &LIMITS, &mut spans)? {
        Progress::Request { len, .. } => {
            assert_eq!(len, bytes.len());
            Ok(words(&buffer, &spans))
        }
        Progress::Incomplete { .. } => Ok(vec![b"(incomplete)".to_vec()]),
    }
}

fn encode(arguments: &[Vec<u8>]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", arguments.len()).into_bytes();
    for argument in arguments {
        out.extend(format!("${}\r\n", argument.len()).bytes());
        out.extend(argument);
        out.extend(b"\r\n");
    }
    out
}

fn error_text(bytes: &[u8]) -> String {
    parse_all(bytes).unwrap_err().to_string()
}

#[test]
fn inline_words_split_as_in_redis() {
    let one = |line: &str| parse_all(line.as_bytes()).unwrap();
    assert_eq!(one("PING\r\n"), [b"PING"]);
    assert_eq!(one("  SET  a   b \n"), [&b"SET"[..], b"a", b"b"]);
    assert_eq!(
        one("SET \"a \\x41\\n\\\"\" 'it\\'s'\r\n"),
        [&b"SET"[..], b"a A\n\"", b"it's"]
    );
    assert_eq!(one("\x0bECHO a\x0bb\r\n"), [&b"ECHO"[..], b"a\x0bb"]);
    assert_eq!(one("\r\n"), Vec::<Vec<u8>>::new());
    assert_eq!(
        error_text(b"SET \"a\r\n"),
        "Protocol error: unbalanced quotes in request"
    );
    assert_eq!(
        error_text(b"SET \"a\"b\r\n"),
        "Protocol error: unbalanced quotes in request"
    );
    assert_eq!(
        error_text(&[b'a'; 70_000]),
        "Protocol error: too big inline request"
    );
}

#[test]
fn array_errors_are_redis_texts() {
    assert_eq!(
        error_text(b"*1048577\r\n"),
        "Protocol error: invalid multibulk length"
    );
    assert_eq!(
        error_text(b"*abc\r\n"),
        "Protocol error: invalid multibulk length"
    );
    assert_eq!(
        error_text(b"*1\r\n$-1\r\n"),
        "Protocol error: invalid bulk length"
    );
    assert_eq!(
        error_text(b"*1\r\n$536870913\r\n"),
        "Protocol error: invalid bulk length"
    );
    assert_eq!(
        error_text(b"*1\r\n:1\r\n"),
        "Protocol error: expected '$', got ':'"
    );
    assert_eq!(parse_all(b"*0\r\n").unwrap(), Vec::<Vec<u8>>::new());
    assert_eq!(parse_all(b"*-5\r\n").unwrap(), Vec::<Vec<u8>>::new());
    let mut endless = b"*".to_vec();
    endless.resize(70_000, b'1');
    assert_eq!(
        error_text(&endless),
        "Protocol error: too big mbulk count string"
    );
    let mut endless = b"*1\r\n$".to_vec();
    endless.resize(70_000, b'1');
    assert_eq!(
        error_text(&endless),
        "Protocol error: too big bulk count string"
    );
}

#[test]
fn unauthenticated_requests_must_be_small() {
    let limits = Limits {
        unauthenticated: true,
        ..LIMITS
    };
    let parse = |bytes: &[u8]| {
        RequestParser::default()
            .parse(&mut bytes.to_vec(), &limits, &mut Vec::new())
            .unwrap_err()
    };
    assert_eq!(parse(b"*11\r\n"), ProtocolError::UnauthenticatedArrayLength);
    assert_eq!(
        parse(b"*1\r\n$16385\r\n"),
        ProtocolError::UnauthenticatedBulkLength
    );
}

proptest! {
    #[test]
    fn any_split_gives_the_same_request(
        arguments in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..400), 1..20),
        step in 1usize..700,
    ) {
        let bytes = encode(&arguments);
        let (mut parser, mut spans) = (RequestParser::default(), Vec::new());
        let mut have = 0;
        loop {
            have = (have + step).min(bytes.len());
            let mut buffer = bytes[..have].to_vec();
            match parser.parse(&mut buffer, &LIMITS, &mut spans).unwrap() {
                Progress::Request { len, arguments: n } => {
                    prop_assert_eq!(len, bytes.len());
                    prop_assert_eq!(n, arguments.len());
                    prop_assert_eq!(words(&buffer, &spans), arguments);
                    break;
                }
                Progress::Incomplete { at_least } => {
                    prop_assert!(at_least > have && at_least <= bytes.len());
                    prop_assert!(spans.is_empty());
                }
            }
        }
    }

    #[test]
    fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = RequestParser::default().parse(&mut bytes.clone(), &LIMITS, &mut Vec::new());
        let mut array = b"*3\r\n$".to_vec();
        array.extend(&bytes);
        let _ = RequestParser::default().parse(&mut array, &LIMITS, &mut Vec::new());
    }
}

proptest! {
    /// The short way makes of a request what the long way makes of it, or leaves it alone.
    #[test]
    fn the_short_way_agrees_with_the_long_way(
        arguments in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..110), 1..11),
        cut in 0usize..400,
        flip in prop::option::of((0usize..400, any::<u8>())),
    ) {
        let mut bytes = encode(&arguments);
        bytes.truncate(bytes.len().saturating_sub(cut % 40));
        if let Some((at, byte)) = flip.filter(|&(at, _)| at < bytes.len()) {
            bytes[at] = byte;
        }
        bytes.extend(b"*1\r\n$4\r\nPING\r\n");
        let (mut short, mut long) = (vec![Span { start: 7, len: 7 }], vec![Span { start: 7, len: 7 }]);
        if let Some(progress) = RequestParser::default().parse_short(&bytes, &mut short) {
            let expected = RequestParser::default().parse(&mut bytes, &LIMITS, &mut long);
            prop_assert_eq!(Ok(progress), expected);
        }
        prop_assert_eq!(short, long);
    }
}

proptest! {
    /// A request that begins like another one is parsed as it would be by itself.
    #[test]
    fn what_is_known_of_a_beginning_changes_nothing(
        arguments in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 1..4),
        other in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 0..3),
        same_count in any::<bool>(),
        cut in 0usize..40,
        flip in prop::option::of((0usize..60, any::<u8>())),
    ) {
        let (mut first, mut spans) = (encode(&arguments), vec![]);
        first.extend(b"*1\r\n$4\r\nPING\r\n");
        prop_assert!(RequestParser::default().parse_short(&first, &mut spans).is_some());
        let beginning = Beginning::of(&first, spans[0], spans.len());

        let mut next = vec![arguments[0].clone()];
        next.extend(other);
        if same_count {
            next.resize(arguments.len(), b"x".to_vec());
        }
        let mut bytes = encode(&next);
        bytes.truncate(bytes.len().saturating_sub(cut));
        if let Some((at, byte)) = flip.filter(|&(at, _)| at < bytes.len()) {
            bytes[at] = byte;
        }
        let (mut alike, mut alone) = (vec![], vec![]);
        let parser = RequestParser::default();
        if let Some(progress) = parser.parse_alike(&beginning, &bytes, &mut alike) {
            prop_assert_eq!(Some(progress), parser.parse_short(&bytes, &mut alone));
        }
        prop_assert_eq!(alike, alone);
    }
}
