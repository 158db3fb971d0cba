//! The AOF's command format: a RESP array of bulk strings a command, as Redis writes it.

use crate::bytes::number;
use alloc::vec::Vec;

/// Appends one command.
pub fn encode_command<'a>(out: &mut Vec<u8>, arguments: impl ExactSizeIterator<Item = &'a [u8]>) {
    header(out, b'*', arguments.len());
    for argument in arguments {
        out.reserve(argument.len() + 16);
        header(out, b'$', argument.len());
        out.extend_from_slice(argument);
        out.extend_from_slice(b"\r\n");
    }
}

fn header(out: &mut Vec<u8>, kind: u8, value: usize) {
    let mut digits = [0; 20];
    out.push(kind);
    out.extend_from_slice(number::write_i64(value as i64, &mut digits));
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_an_array_of_bulk_strings() {
        let mut out = Vec::new();
        encode_command(&mut out, [&b"SET"[..], b"key", b"a\r\nb"].into_iter());
        assert_eq!(out, b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$4\r\na\r\nb\r\n");
    }
}
