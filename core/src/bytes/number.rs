//! Numbers to text and back.

/// Parses a canonical 64-bit integer.
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    core::str::from_utf8(text).ok()?.parse().ok()
}

/// Writes `value` as decimal text and returns the part of `into` that holds it.
pub fn write_i64(value: i64, into: &mut [u8; 20]) -> &[u8] {
    let mut at = 20;
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        into[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        at -= 1;
        into[at] = b'-';
    }
    &into[at..]
}

/// Writes the shortest text of a double.
pub fn write_f64_shortest(value: f64, into: &mut [u8; 32]) -> &[u8] {
    use core::fmt::Write;
    let mut text = heapless::String::<32>::new();
    let _ = write!(text, "{value}");
    into[..text.len()].copy_from_slice(text.as_bytes());
    &into[..text.len()]
}
