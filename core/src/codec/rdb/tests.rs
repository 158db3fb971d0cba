//! Values and files there and back, cut and changed at every place.

use super::*;
use crate::bytes::hash::Hasher;
use crate::bytes::prng::Prng;
use crate::structure::listpack::Element;
use crate::value::list::End;
use crate::value::sorted_set::Rule;
use crate::value::{EncodingLimits, Hash, List, Set, SortedSet};
use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

fn limits() -> EncodingLimits {
    EncodingLimits::new(Hasher::new(7))
}

/// A value that is owned.
enum Value {
    String(Vec<u8>),
    List(List),
    Set(Set),
    Hash(Hash),
    SortedSet(SortedSet),
}

impl Value {
    fn view(&self) -> View<'_> {
        match self {
            Value::String(text) => View::String(Element::Bytes(text)),
            Value::List(list) => View::List(list),
            Value::Set(set) => View::Set(set),
            Value::Hash(hash) => View::Hash(hash),
            Value::SortedSet(set) => View::SortedSet(set),
        }
    }
}

/// What a value comes to, whatever its encoding; with the encoding's name, as that is kept as well.
fn described(value: &Loaded<'_>) -> String {
    match value {
        Loaded::String(text) => format!("{:?}", text.to_vec()),
        Loaded::List(list) => {
            list.check().unwrap();
            let elements: Vec<_> = list.iter(End::Tail).map(Element::to_vec).collect();
            format!("{elements:?}")
        }
        Loaded::Set(set) => {
            set.check().unwrap();
            let mut members: Vec<_> = set.iter().map(Element::to_vec).collect();
            members.sort();
            format!("{members:?} {:?}", set.encoding())
        }
        Loaded::Hash(hash) => {
            hash.check().unwrap();
            let mut fields: Vec<_> = hash
                .iter_timed()
                .map(|(field, value, when)| (field.to_vec(), value.to_vec(), when))
                .collect();
            fields.sort();
            format!("{fields:?} {:?}", hash.encoding())
        }
        Loaded::SortedSet(set) => {
            set.check().unwrap();
            let members: Vec<_> = set
                .iter_from(0)
                .map(|pair| (pair.member.to_vec(), pair.score()))
                .collect();
            format!("{members:?} {:?}", set.encoding())
        }
        Loaded::Empty => "empty".into(),
    }
}

fn describe(value: &Value) -> String {
    described(&match value {
        Value::String(text) => Loaded::String(Element::Bytes(text)),
        Value::List(list) => Loaded::List(list.duplicate()),
        Value::Set(set) => Loaded::Set(set.duplicate()),
        Value::Hash(hash) => Loaded::Hash(hash.duplicate()),
        Value::SortedSet(set) => Loaded::SortedSet(set.duplicate()),
    })
}

fn list(texts: impl IntoIterator<Item = String>) -> Value {
    let mut list = List::new();
    for text in texts {
        list.push(
            End::Tail,
            [text.as_bytes()].into_iter(),
            List::limit(&limits()),
        );
    }
    Value::List(list)
}

fn set(texts: impl IntoIterator<Item = String>) -> Value {
    let mut set = Set::new_ints();
    for text in texts {
        set.add(text.as_bytes(), &limits());
    }
    Value::Set(set)
}

fn hash(pairs: impl IntoIterator<Item = (String, String)>, volatile: usize) -> Value {
    let mut hash = Hash::new();
    for (index, (field, value)) in pairs.into_iter().enumerate() {
        hash.set(field.as_bytes(), value.as_bytes(), &limits());
        if index < volatile {
            hash.become_volatile();
            hash.set_expiry(field.as_bytes(), Some(1_700_000_000_000 + index as u64 % 5));
        }
    }
    Value::Hash(hash)
}

fn sorted_set(pairs: impl IntoIterator<Item = (String, f64)>) -> Value {
    let mut set = SortedSet::new(1, 1, &limits());
    for (member, score) in pairs {
        set.add(member.as_bytes(), score, &Rule::default(), &limits())
            .unwrap();
    }
    Value::SortedSet(set)
}

/// Values of every type and encoding.
fn values() -> Vec<Value> {
    let texts = |count: usize| (0..count).map(|i| format!("text {i}"));
    let numbers = |count: usize| (0..count).map(|i| format!("{}", i * i * 1000));
    let pairs = |count| texts(count).zip(numbers(count));
    let scored = |count: usize| texts(count).zip((0..count).map(|i| (i * 7 % 100) as f64 / 8.0));
    vec![
        Value::String(b"12".to_vec()),
        Value::String(b"some text".to_vec()),
        Value::String(b"repeated ".repeat(50)),
        Value::String(vec![b'x'; 300_000]),
        list(texts(1)),
        list(texts(3).chain(numbers(5))),
        list(texts(3000).chain([format!("{:10000}", "long")])),
        set(numbers(20)),
        set(texts(20)),
        set(texts(600)),
        hash(pairs(5), 0),
        hash(pairs(400), 0),
        hash(pairs(5), 2),
        hash(pairs(400), 300),
        hash([(format!("{:100}", "f"), "v".into())], 1),
        sorted_set(scored(10)),
        sorted_set([
            ("a".into(), f64::INFINITY),
            ("b".into(), -0.5),
            ("c".into(), 1e300),
        ]),
        sorted_set(scored(500)),
    ]
}

fn payload(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    dump::push(&mut out, &value.view(), true);
    out
}

/// The payload of other bytes with a right checksum.
fn sealed(body: &[u8]) -> Vec<u8> {
    let mut out = body.to_vec();
    let crc = crc64::update(0, body);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

#[test]
fn values_come_back_as_they_were() {
    let mut rooms = Rooms::default();
    for value in values() {
        let payload = payload(&value);
        let read = dump::read(&payload, &mut rooms, &limits()).unwrap();
        assert_eq!(described(&read), describe(&value));
    }
}

#[test]
fn slices_give_what_one_go_gives() {
    for value in values() {
        let (mut whole, mut pieces) = (Vec::new(), Vec::new());
        let mut writer = ValueWriter::new(false);
        writer.push(&mut whole, &value.view());
        let (mut progress, mut slices) = (Progress::default(), 1);
        while !writer.push_some(&mut pieces, &value.view(), &mut progress, 1000) {
            slices += 1;
        }
        assert_eq!(whole, pieces);
        assert!(
            whole.len() < 20_000 || slices > 2,
            "{} in {slices}",
            whole.len()
        );
    }
}

#[test]
fn other_limits_make_other_encodings() {
    let small = EncodingLimits {
        hash_max_listpack_entries: 2,
        set_max_intset_entries: 2,
        set_max_listpack_value: 3,
        zset_max_listpack_entries: 2,
        ..limits()
    };
    let strip = |text: String| text.rsplit_once("] ").map(|(front, _)| front.len());
    for value in values() {
        let payload = payload(&value);
        let mut rooms = Rooms::default();
        let read = dump::read(&payload, &mut rooms, &small).unwrap();
        assert_eq!(strip(described(&read)), strip(describe(&value)));
    }
}

#[test]
fn a_payload_that_is_cut_or_changed_is_refused() {
    let mut rooms = Rooms::default();
    for value in values() {
        let payload = payload(&value);
        let step = 1 + payload.len() / 500;
        for cut in (0..payload.len()).step_by(step) {
            assert!(dump::read(&payload[..cut], &mut rooms, &limits()).is_err());
            let mut flipped = payload.clone();
            flipped[cut] ^= 1 << (cut % 8);
            assert!(dump::read(&flipped, &mut rooms, &limits()).is_err());
        }
    }
}

/// What hostile bytes with a right checksum do: they are read, and what is read is sound, or refused.
#[test]
fn changed_bytes_with_a_right_checksum_are_sound_or_refused() {
    let mut prng = Prng::new(1);
    let mut rooms = Rooms::default();
    for value in values() {
        let payload = payload(&value);
        let body = &payload[..payload.len() - 8];
        for round in 0..300 {
            let mut changed = body.to_vec();
            for _ in 0..=round % 3 {
                let at = prng.below(changed.len().min(400) as u64 - 2) as usize;
                changed[at] = prng.next_u64() as u8;
            }
            if round % 4 == 0 {
                let cut = prng.below(changed.len() as u64 - 2) as usize;
                changed.drain(cut..changed.len() - 2);
            }
            if let Ok(read) = dump::read(&sealed(&changed), &mut rooms, &limits()) {
                described(&read);
            }
        }
    }
}

/// A file of all values in two databases.
fn file() -> Vec<u8> {
    let (mut out, mut writer) = (Vec::new(), FileWriter::new(true));
    writer.push_head(&mut out, kind::VERSION_FIELD_TTL);
    writer.push_aux(&mut out, "redis-ver", Element::Bytes(b"7.2.0"));
    for db in [0, 3] {
        writer.push_select(&mut out, db);
        writer.push_sizes(&mut out, values().len() as u64, 1);
        for (number, value) in values().iter().enumerate() {
            let expiry = (number == 1).then_some(1_800_000_000_000);
            let usage = match number {
                2 => Some(Usage::Frequency(9)),
                3 => Some(Usage::IdleSeconds(77)),
                _ => None,
            };
            let key = format!("key {number}");
            writer.push_select(&mut out, db);
            writer.push_key(&mut out, key.as_bytes(), expiry, usage, &value.view());
            writer.values.push(&mut out, &value.view());
        }
    }
    writer.push_end(&mut out);
    let crc = crc64::update(0, &out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

/// Reads a file in pieces of `piece` bytes: what it holds, or how it is damaged.
fn read(file: &[u8], piece: usize) -> Result<Vec<String>, String> {
    let mut reader = FileReader::new(true);
    let mut lines = Vec::new();
    let mut at = 0;
    loop {
        match reader
            .next(&limits())
            .map_err(|damage| format!("{damage}"))?
        {
            Event::More(_) => {
                if at == file.len() {
                    return Err("ended early".into());
                }
                let (offset, room) = reader.room();
                assert_eq!(offset, at as u64);
                let count = piece.min(room.len()).min(file.len() - at);
                room[..count].copy_from_slice(&file[at..at + count]);
                reader.filled(count);
                at += count;
            }
            Event::Key(read) => lines.push(format!(
                "{:?} {:?} {:?} {}",
                read.key,
                read.expiry_ms,
                read.usage,
                described(&read.value)
            )),
            Event::Aux(name, value) => lines.push(format!("{name:?} {value:?}")),
            Event::Select(db) => lines.push(format!("db {db}")),
            Event::Sizes(keys, volatile) => lines.push(format!("{keys} {volatile}")),
            Event::Skipped(what) => lines.push(format!("{what:?}")),
            Event::End { is_summed } => {
                assert_eq!(reader.surplus(), b"");
                lines.push(format!("end {is_summed}"));
                return Ok(lines);
            }
        }
    }
}

#[test]
fn a_file_comes_back_whatever_its_pieces() {
    let file = file();
    let whole = read(&file, usize::MAX).unwrap();
    assert_eq!(whole.len(), 1 + 2 * (2 + values().len()) + 1);
    assert!(whole[4].contains("1800000000000"), "{}", whole[4]);
    assert!(whole[5].contains("Frequency(9)") && whole[6].contains("IdleSeconds(77)"));
    for piece in [7, 100, 4096] {
        assert!(read(&file, piece).unwrap() == whole);
    }
}

#[test]
fn a_file_that_is_cut_ended_early() {
    let file = file();
    let step = 1 + file.len() / 100;
    for cut in (0..file.len()).step_by(step) {
        assert_eq!(read(&file[..cut], usize::MAX).unwrap_err(), "ended early");
    }
}

#[test]
fn a_bit_that_flips_is_noticed() {
    let file = file();
    let whole = read(&file, usize::MAX).unwrap();
    let step = 1 + file.len() / 100;
    for at in (0..file.len()).step_by(step) {
        let mut flipped = file.clone();
        flipped[at] ^= 1 << (at % 8);
        match read(&flipped, usize::MAX) {
            // The version is a digit that another one may be.
            Ok(lines) => assert!(at < 9 && lines.len() == whole.len()),
            Err(reason) => assert!(!reason.is_empty()),
        }
    }
}

#[test]
fn what_is_not_read_is_refused_by_name() {
    let refused = |body: &[u8]| read(&[b"REDIS0011", body].concat(), usize::MAX).unwrap_err();
    assert_eq!(
        refused(b"\x15\x04flow"),
        "Key 'flow' holds a stream, which Rotom cannot load yet at offset 9"
    );
    assert!(refused(b"\x07\x03mod").starts_with("Key 'mod' holds a value of a module"));
    assert!(refused(b"\x63\x01k").starts_with("Key 'k' holds a value of the unknown type 99"));
    assert!(
        refused(b"\x10\x01k\x03abc").starts_with("a damaged listpack, in the value of key 'k'")
    );
    let head = |head: &[u8]| read(head, usize::MAX).unwrap_err();
    assert_eq!(
        head(b"REDIS0013"),
        "Can't handle RDB format version 13 at offset 0"
    );
    assert!(head(b"RUBBISH00").starts_with("Wrong signature"));
    let checksum = read(b"REDIS0010\xff\x01\x02\x03\x04\x05\x06\x07\x08", 3).unwrap_err();
    assert!(checksum.starts_with("Wrong RDB checksum"), "{checksum}");
    assert_eq!(
        read(b"REDIS0010\xff\0\0\0\0\0\0\0\0", 3).unwrap(),
        ["end false"]
    );
    assert_eq!(read(b"REDIS0003\xff", 3).unwrap(), ["end false"]);
}

#[test]
fn functions_slots_and_module_data_are_passed_over() {
    let mut file = b"VALKEY080".to_vec();
    file.extend(b"\xf5\x04code\xf4\x01\x02\x03\xf3\x02ab\x01\x05\x06");
    file.extend(b"\xf7\x09\x02\x01\x05\x02ab\x04\0\0\0\0\0\0\0\0\0");
    // Valkey's hash: two fields, of which one stays.
    file.extend(
        b"\x16\x01h\x02\x01a\x01b\xff\xff\xff\xff\xff\xff\xff\xff\x01c\x01d\x07\0\0\0\0\0\0\0\xff",
    );
    file.extend([0; 8]);
    for piece in [1, 1000] {
        let lines = read(&file, piece).unwrap();
        assert_eq!(lines[..2], ["Function", "ModuleData"]);
        assert!(lines[2].contains("[99], [100], Some(7)") && lines[2].contains("[98], None"));
    }
}

#[test]
fn any_bytes_are_read_or_refused() {
    let mut prng = Prng::new(2);
    for round in 0..20_000u64 {
        let mut body = b"REDIS0012".to_vec();
        let kind = [
            0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14, 16, 17, 18, 20, 22, 23, 24, 25,
        ];
        body.extend([kind[prng.below(20) as usize], 1, b'k']);
        for _ in 0..prng.below(60) {
            let byte = prng.next_u64() as u8;
            body.push(if round % 2 == 0 { byte } else { byte % 8 });
        }
        let _read = read(&body, 1 + (round % 64) as usize);
    }
}
