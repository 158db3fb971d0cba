//! A request that outlives the buffer it came in, to be run later or again.

use super::args::{Apart, Args};
use crate::bytes::hash::Hasher;
use crate::resp::Span;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// The arguments of one request: in one block, and long ones as they came.
#[derive(Clone, Debug)]
pub struct OwnedRequest {
    bytes: Box<[u8]>,
    spans: Box<[Span]>,
    apart: Apart,
}

impl OwnedRequest {
    /// A copy of a request. `None` when it has more than 4 GB, which no span can tell.
    pub fn of(args: &Args<'_>) -> Option<OwnedRequest> {
        let own = |index| match args.shared(index) {
            Some(_) => None,
            None => args.get(index),
        };
        let len = (0..args.len()).filter_map(own).map(<[u8]>::len).sum();
        u32::try_from(len).ok()?;
        let mut bytes = Vec::with_capacity(len);
        let mut spans = Vec::with_capacity(args.len());
        let mut apart = Apart::default();
        for (index, argument) in args.all().enumerate() {
            if let Some(shared) = args.shared(index) {
                spans.push(Span::of_apart(apart.0.len(), shared.len())?);
                apart.0.push(shared.clone());
                continue;
            }
            spans.push(Span {
                start: bytes.len() as u32,
                len: argument.len() as u32,
            });
            bytes.extend_from_slice(argument);
        }
        Some(OwnedRequest {
            bytes: bytes.into(),
            spans: spans.into(),
            apart,
        })
    }

    /// The arguments.
    pub fn args(&self, hasher: Hasher) -> Args<'_> {
        Args::new(&self.bytes, &self.spans, hasher).with_apart(Some(&self.apart))
    }

    /// Bytes of memory that it takes, itself not counted.
    pub fn memory_bytes(&self) -> usize {
        let apart: usize = self.apart.0.iter().map(|long| long.len()).sum();
        self.bytes.len() + size_of_val(&*self.spans) + apart
    }
}

#[cfg(test)]
mod tests {
    use super::super::args::Apart;
    use super::*;
    use alloc::rc::Rc;

    #[test]
    fn a_copy_has_all_arguments_those_apart_included() {
        let hasher = Hasher::new(1);
        let apart = Apart([Rc::new(b"long".to_vec())].into());
        let spans = [
            Span { start: 0, len: 5 },
            Span::of_apart(0, 4).expect("a place"),
            Span { start: 5, len: 0 },
        ];
        let args = Args::new(b"BLPOP", &spans, hasher).with_apart(Some(&apart));
        let owned = OwnedRequest::of(&args).expect("it is short");
        let words: Vec<&[u8]> = owned.args(hasher).all().collect();
        assert_eq!(words, [&b"BLPOP"[..], b"long", b""]);
        assert_eq!(owned.args(hasher).key(1), args.key(1));
        assert_eq!(owned.memory_bytes(), 9 + 3 * size_of::<Span>());
    }
}
