//! Draws a command from a row: each part of its syntax, mostly good, sometimes bad in one of the ways that servers must
//! refuse.

mod text;

use super::syntax::Part;
use rotom_core::bytes::prng::Prng;

/// A command to send.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// Its words, the command's name first.
    pub words: Vec<Vec<u8>>,
    /// Which of them are keys.
    pub keys: Vec<usize>,
}

/// How many keys of each kind there are.
const KEYS_OF_A_KIND: u64 = 6;

/// The kinds of keys: what is mostly stored under them.
const KEY_KINDS: [&str; 10] = [
    "@string", "@short", "@bits", "@hash", "@list", "@set", "@zset", "@geo", "@hll", "@ttl",
];

/// Draws requests; everything follows from its generator.
pub struct Draw {
    prng: Prng,
    /// The wall clock at the start, seconds: deadlines are well after it.
    now_s: u64,
    /// Follows from the last key drawn: the members of one key are of one sort.
    sort: u64,
}

impl Draw {
    /// A source of requests that follows from `seed`.
    pub fn new(seed: u64, now_s: u64) -> Draw {
        Draw {
            prng: Prng::new(seed),
            now_s,
            sort: 0,
        }
    }

    /// A fair number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.prng.below(bound)
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of several.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// A request of a command, whose name may be of several words; unless it is to be `whole`, sometimes with an argument
    /// too few or too many.
    pub fn request(&mut self, name: &str, syntax: &[Part], whole: bool) -> Request {
        let mut request = Request {
            words: name
                .split(' ')
                .map(|word| word.as_bytes().to_vec())
                .collect(),
            keys: Vec::new(),
        };
        let name_len = request.words.len();
        self.sequence(syntax, &mut request);
        if !whole && self.once_in(40) {
            self.spoil(name_len, &mut request);
        }
        if self.once_in(20) {
            request.words[0] = self.in_some_case(name.split(' ').next().unwrap_or_default());
        }
        request
    }

    /// Takes arguments from the end of a request, or adds one.
    fn spoil(&mut self, name_len: usize, request: &mut Request) {
        if self.once_in(3) {
            // No number: as a count it might ask for more than there is memory.
            let word = self.kind("letters");
            request.words.push(word);
            return;
        }
        let len = name_len + self.below((request.words.len() - name_len + 1) as u64) as usize;
        request.words.truncate(len);
        request.keys.retain(|&at| at < len);
    }

    fn sequence(&mut self, parts: &[Part], request: &mut Request) {
        for part in parts {
            self.part(part, request);
        }
    }

    fn part(&mut self, part: &Part, request: &mut Request) {
        match part {
            Part::Word(word) => {
                let word = self.in_some_case(word);
                request.words.push(word);
            }
            Part::Kind(kind) if kind.starts_with('@') => {
                let key = self.key(kind);
                request.keys.push(request.words.len());
                request.words.push(key);
            }
            Part::Kind(kind) => {
                let word = self.kind(kind);
                request.words.push(word);
            }
            Part::Maybe(_) if !self.once_in(3) => {}
            Part::Maybe(choices) | Part::One(choices) => {
                let at = self.below(choices.len() as u64) as usize;
                self.sequence(&choices[at], request);
            }
            Part::Some(choices) => {
                let count = self.pick(&[0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3]);
                for _ in 0..count {
                    let at = self.below(choices.len() as u64) as usize;
                    self.sequence(&choices[at], request);
                }
            }
            Part::Many(least, part) => {
                for _ in 0..self.repetitions(*least) {
                    self.part(part, request);
                }
            }
            Part::Counted(part) => {
                let count = self.repetitions(1).min(20);
                let told = match self.below(40) {
                    0 => self.kind("int"),
                    1 => (count + 1).to_string().into(),
                    _ => count.to_string().into(),
                };
                request.words.push(told);
                for _ in 0..count {
                    self.part(part, request);
                }
            }
        }
    }

    /// How often something is repeated: mostly once or twice, rarely so often that encodings change.
    fn repetitions(&mut self, least: usize) -> usize {
        let more = match self.below(200) {
            0 => self.below(300),
            1..10 => self.below(30),
            10..100 => self.below(4),
            _ => 0,
        };
        least + more as usize
    }

    fn key(&mut self, kind: &str) -> Vec<u8> {
        self.sort = self.below(KEYS_OF_A_KIND);
        let kind = match kind {
            // What these hold must be of one kind for certain.
            "@lex" | "@letters" => return format!("{}{}", &kind[1..], self.sort).into(),
            "@any" => self.pick(&KEY_KINDS),
            _ if self.once_in(25) => self.pick(&KEY_KINDS),
            kind => kind,
        };
        match self.below(300) {
            0 => Vec::new(),
            1 => b"no such key".to_vec(),
            2 => format!("{}\0\r\n\\", &kind[1..]).into(),
            _ => format!("{}{}", &kind[1..], self.sort).into(),
        }
    }

    /// A word in capital letters, small ones, or both.
    fn in_some_case(&mut self, word: &str) -> Vec<u8> {
        match self.below(12) {
            0 => word.to_ascii_lowercase().into(),
            1 => {
                let mut bytes = word.as_bytes().to_vec();
                for byte in &mut bytes {
                    if self.once_in(2) {
                        *byte = byte.to_ascii_lowercase();
                    } else {
                        *byte = byte.to_ascii_uppercase();
                    }
                }
                bytes
            }
            _ => word.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax;

    #[test]
    fn requests_follow_from_the_seed() {
        let syntax = syntax::parse("@zset {NX|XX} (score member)+");
        let draw = |seed| {
            let mut draw = Draw::new(seed, 1_700_000_000);
            (0..100)
                .map(|_| draw.request("zadd", &syntax, false))
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(
            draw(1)
                .iter()
                .any(|request| request.words.len() > 4 && request.keys == [1])
        );
    }
}
