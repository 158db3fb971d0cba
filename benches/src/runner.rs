//! A client in process, fed with bytes as they come over a socket.

use rotom_core::command::{Args, ClientState, Found, KeyHashes, Lookup};
use rotom_core::resp::{Limits, Progress, RequestParser, Span};
use rotom_core::session::{Local, Shared};

/// A keyspace with one client. What is needed for a pipeline is kept from one to the next, as a connection
/// keeps it, so that in the end nothing is allocated but what the commands themselves need.
pub struct Runner {
    shared: Shared,
    client: ClientState,
    parser: RequestParser,
    spans: Vec<Span>,
    replies: Vec<u8>,
}

const LIMITS: Limits = Limits {
    max_bulk_bytes: 512 << 20,
    unauthenticated: false,
};

impl Runner {
    /// Empty databases with default settings; everything random follows from `seed`.
    pub fn new(seed: u64) -> Self {
        let Local {
            mut shared, client, ..
        } = Local::new(seed);
        shared.set_time(1_700_000_000_000_000);
        Runner {
            shared,
            client,
            parser: RequestParser::default(),
            spans: Vec::new(),
            replies: Vec::new(),
        }
    }

    /// What the commands work on.
    pub fn shared(&mut self) -> &mut Shared {
        &mut self.shared
    }

    /// Parses and runs every request in `pipeline`, one after the other, and hands back the replies.
    #[inline]
    pub fn run(&mut self, pipeline: &mut [u8]) -> &[u8] {
        self.replies.clear();
        let mut at = 0;
        while let Some(rest) = pipeline.get_mut(at..).filter(|rest| !rest.is_empty()) {
            self.spans.clear();
            match self.parser.parse(rest, &LIMITS, &mut self.spans) {
                Ok(Progress::Request { len, .. }) => {
                    self.run_one(&pipeline[at..]);
                    at += len;
                }
                other => unreachable!("the pipeline is made of whole requests, but: {other:?}"),
            }
        }
        &self.replies
    }

    fn run_one(&mut self, request: &[u8]) {
        let mut args = Args::new(request, &self.spans, self.shared.keys.hasher());
        let mut command = None;
        let lookup;
        if let Found::Command(found) = self.shared.registry.find(&args) {
            command = Some(found.number);
            if let Some(range) = found.spec.keys.first().filter(|range| range.first > 0) {
                let index = usize::from(range.first.unsigned_abs());
                let hash = args.key(index).hash;
                lookup = [Lookup { hash, db: 0 }];
                args = args.with_hashes(KeyHashes {
                    first: index,
                    step: 1,
                    lookups: &lookup,
                });
            }
        }
        self.shared.run(
            &mut self.client,
            command,
            &args,
            &mut self.replies,
            &mut |into| into.fill(7),
        );
    }

    /// Runs every request in `pipeline`.
    ///
    /// # Panics
    /// When one of them is answered with an error: then something else would be measured than was meant.
    pub fn run_well(&mut self, pipeline: &mut [u8]) {
        let replies = self.run(pipeline);
        // An error's code is in capitals; a line of a bulk string may be a negative number.
        let failed = matches!(replies, [b'-', b'A'..=b'Z', ..])
            || replies
                .windows(4)
                .any(|at| matches!(at, [b'\r', b'\n', b'-', b'A'..=b'Z']));
        assert!(!failed, "{}", String::from_utf8_lossy(replies));
    }
}

/// Appends a request, as RESP.
pub fn push_request(out: &mut Vec<u8>, words: &[&[u8]]) {
    rotom_core::codec::aof::encode_command(out, words.iter().copied());
}

/// Appends a request given as words with spaces between.
pub fn push_line(out: &mut Vec<u8>, line: &str) {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    push_request(out, &words);
}
