//! A program with a cache: it asks for keys, and stores what it did not find.

use super::trace::{Request, value_len};
use rotom_benches::runner::push_request;
use std::io::{BufRead, BufReader, Error, Read, Result, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// Requests sent before their replies are read.
const PIPELINE: usize = 50;
const PATIENCE: Duration = Duration::from_secs(30);

/// What became of a trace's requests, scans not counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    pub hits: u64,
    pub misses: u64,
    /// Values that the server refused.
    pub refused: u64,
}

impl Outcome {
    pub fn hit_percent(&self) -> f64 {
        self.hits as f64 * 100.0 / (self.hits + self.misses).max(1) as f64
    }
}

/// The connection to the cache.
pub struct Cache {
    stream: BufReader<TcpStream>,
    /// Whether values have a time to live.
    volatile: bool,
    requests: Vec<u8>,
    value: Vec<u8>,
}

impl Cache {
    pub fn connect(port: u16, volatile: bool) -> Result<Cache> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Cache {
            stream: BufReader::with_capacity(1 << 16, stream),
            volatile,
            requests: Vec::new(),
            value: Vec::new(),
        })
    }

    /// Plays `count` requests of a trace.
    pub fn play(
        &mut self,
        trace: &mut impl Iterator<Item = Request>,
        count: u64,
    ) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut left = count;
        while left > 0 {
            let take = (PIPELINE as u64).min(left) as usize;
            let group: Vec<Request> = trace.take(take).collect();
            left -= take as u64;
            self.play_group(&group, &mut outcome)?;
        }
        Ok(outcome)
    }

    fn play_group(&mut self, group: &[Request], outcome: &mut Outcome) -> Result<()> {
        for request in group {
            push_request(&mut self.requests, &[b"GET", &name(request.key)]);
        }
        self.send()?;
        let mut missed = Vec::new();
        for request in group {
            let is_hit = self.read_value()?;
            if !is_hit {
                missed.push(request.key);
            }
            if !request.is_scan {
                outcome.hits += u64::from(is_hit);
                outcome.misses += u64::from(!is_hit);
            }
        }
        for &key in &missed {
            self.push_set(key);
        }
        self.send()?;
        for _ in &missed {
            outcome.refused += u64::from(self.read_line()?.first() != Some(&b'+'));
        }
        Ok(())
    }

    fn push_set(&mut self, key: u64) {
        self.value.resize(value_len(key), b'x');
        // The time to live says nothing of how often a key comes, and nothing expires meanwhile.
        let seconds = (10_000 + key.wrapping_mul(0x9e37_79b9) % 10_000).to_string();
        let name = name(key);
        let words: [&[u8]; 5] = [b"SET", &name, &self.value, b"EX", seconds.as_bytes()];
        let words = if self.volatile {
            &words[..]
        } else {
            &words[..3]
        };
        push_request(&mut self.requests, words);
    }

    fn send(&mut self) -> Result<()> {
        self.stream.get_mut().write_all(&self.requests)?;
        self.requests.clear();
        Ok(())
    }

    /// Reads GET's reply; whether there was a value.
    fn read_value(&mut self) -> Result<bool> {
        let line = self.read_line()?;
        let text = std::str::from_utf8(&line).unwrap_or_default();
        match text
            .strip_prefix('$')
            .and_then(|len| len.parse::<i64>().ok())
        {
            Some(-1) => Ok(false),
            Some(len) if len >= 0 => {
                self.value.resize(len as usize + 2, 0);
                self.stream.read_exact(&mut self.value)?;
                Ok(true)
            }
            _ => Err(Error::other(format!("GET is answered with {text}"))),
        }
    }

    fn read_line(&mut self) -> Result<Vec<u8>> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\r\n") {
            return Err(Error::other("the server has closed the connection"));
        }
        line.truncate(line.len() - 2);
        Ok(line)
    }
}

fn name(key: u64) -> Vec<u8> {
    format!("key:{key:012}").into_bytes()
}
