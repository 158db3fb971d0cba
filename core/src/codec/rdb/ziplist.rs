//! The encodings of older files: ziplist and zipmap. They are only read, element by element, each verified as it comes.
//!
//! ```text
//! ziplist   | total u32 | tail u32 | count u16 | entry | entry | ... | 0xff |
//! entry     | length of the entry before, 1 or 5 bytes | encoding | payload |
//!
//! zipmap    | count u8 | length | field | length | free u8 | value | free bytes | ... | 0xff |
//! ```

use crate::structure::listpack::Element;
use alloc::vec::Vec;

const HEADER: usize = 10;
const END: u8 = 0xff;
/// The first byte of a length in five bytes.
const LONG: u8 = 0xfe;

pub(super) const BAD_ZIPLIST: &str = "a damaged ziplist";
pub(super) const BAD_ZIPMAP: &str = "a damaged zipmap";

/// All elements of a ziplist; `None` when it is damaged.
pub fn elements(bytes: &[u8]) -> Option<Vec<Element<'_>>> {
    let (header, mut rest) = bytes.split_first_chunk::<HEADER>()?;
    let stated = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
    if usize::try_from(stated) != Ok(bytes.len()) {
        return None;
    }
    let mut elements = Vec::new();
    let mut before = 0;
    while *rest.first()? != END {
        let len = rest.len();
        let stated = match take(&mut rest)? {
            [LONG] => u32::from_le_bytes(take(&mut rest)?) as usize,
            [short] => short.into(),
        };
        if stated != before {
            return None;
        }
        elements.push(element(&mut rest)?);
        before = len - rest.len();
    }
    let count = u16::from_le_bytes([header[8], header[9]]);
    let counted = count == u16::MAX || usize::from(count) == elements.len();
    (rest.len() == 1 && counted).then_some(elements)
}

fn element<'a>(rest: &mut &'a [u8]) -> Option<Element<'a>> {
    let [head] = take(rest)?;
    let length = match head >> 6 {
        0 => usize::from(head & 0x3f),
        1 => usize::from(head & 0x3f) << 8 | usize::from(take::<1>(rest)?[0]),
        2 => u32::from_be_bytes(take(rest)?) as usize,
        _ => return integer(head, rest).map(Element::Int),
    };
    let (text, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(Element::Bytes(text))
}

fn integer(head: u8, rest: &mut &[u8]) -> Option<i64> {
    Some(match head {
        0xc0 => i16::from_le_bytes(take(rest)?).into(),
        0xd0 => i32::from_le_bytes(take(rest)?).into(),
        0xe0 => i64::from_le_bytes(take(rest)?),
        0xf0 => {
            let [a, b, c] = take(rest)?;
            i64::from(i32::from_le_bytes([0, a, b, c]) >> 8)
        }
        0xfe => i8::from_le_bytes(take(rest)?).into(),
        0xf1..=0xfd => i64::from(head - 0xf1),
        _ => return None,
    })
}

/// All fields and values of a zipmap, one after the other; `None` when it is damaged.
pub fn map_elements(bytes: &[u8]) -> Option<Vec<Element<'_>>> {
    let (&count, mut rest) = bytes.split_first()?;
    let mut elements = Vec::new();
    while *rest.first()? != END {
        let field_len = map_length(&mut rest)?;
        let (field, behind) = rest.split_at_checked(field_len)?;
        rest = behind;
        let value_len = map_length(&mut rest)?;
        let [free] = take(&mut rest)?;
        let (value, behind) = rest.split_at_checked(value_len)?;
        rest = behind.get(usize::from(free)..)?;
        elements.extend([Element::Bytes(field), Element::Bytes(value)]);
    }
    let counted = count >= LONG || usize::from(count) == elements.len() / 2;
    (rest.len() == 1 && counted).then_some(elements)
}

fn map_length(rest: &mut &[u8]) -> Option<usize> {
    match take(rest)? {
        [LONG] => take(rest).map(|length| u32::from_le_bytes(length) as usize),
        [END] => None,
        [short] => Some(short.into()),
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A ziplist as Redis 6.2 wrote it: the strings "ab" and 300 letters, and integers of every width.
    fn ziplist() -> Vec<u8> {
        let mut entries: Vec<Vec<u8>> = Vec::from([b"\x02ab".to_vec()]);
        let mut long = b"\x41\x2c".to_vec();
        long.extend([b'x'; 300]);
        entries.push(long);
        for entry in [
            &[0xf1][..],
            &[0xfd],
            &[0xfe, 0x80],
            &[0xc0, 0, 0x80],
            &[0xf0, 0, 0, 0x80],
            &[0xd0, 0, 0, 0, 0x80],
            &[0xe0, 0, 0, 0, 0, 0, 0, 0, 0x80],
            b"\x80\0\0\0\x02no",
        ] {
            entries.push(entry.to_vec());
        }
        let (mut bytes, mut before) = (std::vec![0; HEADER], 0);
        for entry in &entries {
            let start = bytes.len();
            match before {
                0..254 => bytes.push(before as u8),
                _ => {
                    bytes.push(LONG);
                    bytes.extend((before as u32).to_le_bytes());
                }
            }
            bytes.extend(entry);
            before = bytes.len() - start;
        }
        bytes.push(END);
        let total = bytes.len() as u32;
        bytes[..4].copy_from_slice(&total.to_le_bytes());
        bytes[8..10].copy_from_slice(&(entries.len() as u16).to_le_bytes());
        bytes
    }

    #[test]
    fn every_encoding_is_read() {
        let list = ziplist();
        let numbers = [
            0,
            12,
            -128,
            -32_768,
            -8_388_608,
            i64::from(i32::MIN),
            i64::MIN,
        ];
        let mut expected = std::vec![Element::Bytes(b"ab"), Element::Bytes(&[b'x'; 300])];
        expected.extend(numbers.map(Element::Int));
        expected.push(Element::Bytes(b"no"));
        assert_eq!(elements(&list).unwrap(), expected);
    }

    #[test]
    fn a_zipmap_is_read() {
        let map = b"\x02\x03foo\x03\x02bar..\xfe\x05\0\0\0hello\x05\x00world\xff";
        let texts = ["foo", "bar", "hello", "world"].map(|text| Element::Bytes(text.as_bytes()));
        assert_eq!(map_elements(map).unwrap(), texts);
        for cut in 0..map.len() {
            assert!(map_elements(&map[..cut]).is_none());
        }
    }

    #[test]
    fn a_cut_or_changed_ziplist_is_refused_or_read() {
        let list = ziplist();
        for cut in 0..list.len() {
            assert!(elements(&list[..cut]).is_none());
        }
        for bit in 0..list.len() * 8 {
            let mut flipped = list.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let _read = elements(&flipped);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_read(bytes: Vec<u8>) {
            let _read = (elements(&bytes), map_elements(&bytes));
            let mut list = std::vec![0; HEADER];
            list.extend(&bytes);
            list.push(END);
            let total = list.len() as u32;
            list[..4].copy_from_slice(&total.to_le_bytes());
            list[8..10].copy_from_slice(&u16::MAX.to_le_bytes());
            let _read = elements(&list);
        }
    }
}
