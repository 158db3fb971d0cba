//! A small blocking client: it fills servers with data and asks for INFO.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long a server may take for any one answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Requests that are sent before their replies are read.
const BATCH: usize = 500;

/// A connection over loopback.
pub struct Client {
    stream: BufReader<TcpStream>,
    batch: Vec<u8>,
    /// Requests in `batch`.
    waiting: usize,
}

impl Client {
    /// Connects to a server on this machine.
    pub fn connect(port: u16) -> std::io::Result<Client> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Client {
            stream: BufReader::new(stream),
            batch: Vec::new(),
            waiting: 0,
        })
    }

    /// Sends one command, and returns the bulk string or the line that it is answered with.
    pub fn ask(&mut self, line: &str) -> std::io::Result<String> {
        self.stream
            .get_mut()
            .write_all(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    fn reply(&mut self) -> std::io::Result<String> {
        let first = self.reply_line()?;
        let Some(len) = first.strip_prefix('$') else {
            return Ok(first);
        };
        let len: usize = len.parse().map_err(|_| ErrorKind::InvalidData)?;
        let mut text = vec![0; len + 2];
        self.stream.read_exact(&mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Sends a command so many times in one go, and reads the replies, as [`Client::ask`] does.
    #[allow(dead_code, reason = "the measurement of pauses uses it")]
    pub fn ask_many(&mut self, line: &str, count: usize) -> std::io::Result<()> {
        let requests = format!("{line}\r\n").repeat(count);
        self.stream.get_mut().write_all(requests.as_bytes())?;
        (0..count).try_for_each(|_| self.reply().map(drop))
    }

    /// Sends a command whose reply is one line and no error; nothing is certain until [`Client::finish`].
    pub fn load(&mut self, line: &str) -> std::io::Result<()> {
        rotom_benches::runner::push_line(&mut self.batch, line);
        self.waiting += 1;
        if self.waiting == BATCH {
            self.finish()?;
        }
        Ok(())
    }

    /// Sends what is left and reads the replies.
    pub fn finish(&mut self) -> std::io::Result<()> {
        self.stream.get_mut().write_all(&self.batch)?;
        self.batch.clear();
        for _ in 0..std::mem::take(&mut self.waiting) {
            self.reply_line()?;
        }
        Ok(())
    }

    fn reply_line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if line.starts_with('-') {
            return Err(std::io::Error::other(line.trim_end().to_owned()));
        }
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}
