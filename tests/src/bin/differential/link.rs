//! A connection to one of the servers.

use super::reply::Reply;
use std::io::{self, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long a server may take for a reply.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends requests and reads replies, in that order.
pub struct Link {
    stream: BufReader<TcpStream>,
    out: Vec<u8>,
}

impl Link {
    /// Connects to a port of this machine.
    pub fn connect(port: u16) -> io::Result<Link> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Link {
            stream: BufReader::with_capacity(1 << 16, stream),
            out: Vec::new(),
        })
    }

    /// Adds a request to those that [`Link::send`] sends.
    pub fn add<W: AsRef<[u8]>>(&mut self, words: &[W]) {
        self.out.extend(format!("*{}\r\n", words.len()).bytes());
        for word in words {
            let word = word.as_ref();
            self.out.extend(format!("${}\r\n", word.len()).bytes());
            self.out.extend(word);
            self.out.extend(b"\r\n");
        }
    }

    /// Sends what was added.
    pub fn send(&mut self) -> io::Result<()> {
        self.stream.get_mut().write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    /// Reads the next reply.
    pub fn read(&mut self) -> io::Result<Reply> {
        Reply::read(&mut self.stream)
    }

    /// One request of the words of a line, and its reply.
    pub fn line(&mut self, line: &str) -> io::Result<Reply> {
        let words: Vec<&str> = line.split(' ').collect();
        self.add(&words);
        self.send()?;
        self.read()
    }
}
