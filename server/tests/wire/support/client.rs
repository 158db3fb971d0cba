//! A small RESP client that lets a test send any bytes, and wait for what comes back.

use super::{PATIENCE, Value};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

const READ_BYTES: usize = 64 * 1024;

/// A connection.
pub struct Client {
    socket: Socket,
    input: Vec<u8>,
    /// How much of `input` has been used.
    used: usize,
}

enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Client {
    /// Connects over TCP.
    pub fn tcp(host: &str, port: u16) -> Client {
        let stream = TcpStream::connect((host, port)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Client::new(Socket::Tcp(stream))
    }

    /// Connects with encryption; the handshake comes with the first request.
    pub fn tls(port: u16, config: &Arc<ClientConfig>) -> Client {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let session = ClientConnection::new(config.clone(), name).unwrap();
        Client::new(Socket::Tls(Box::new(StreamOwned::new(session, stream))))
    }

    /// The certificate that the server has shown.
    pub fn server_certificate(&self) -> Vec<u8> {
        match &self.socket {
            Socket::Tls(stream) => stream.conn.peer_certificates().unwrap()[0].to_vec(),
            Socket::Tcp(_) | Socket::Unix(_) => panic!("only for TLS"),
        }
    }

    /// Connects to a Unix socket.
    pub fn unix(path: &str) -> Client {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Client::new(Socket::Unix(stream))
    }

    fn new(socket: Socket) -> Client {
        Client {
            socket,
            input: Vec::new(),
            used: 0,
        }
    }

    /// Another handle of a TCP connection, to write while this one reads.
    pub fn writer(&self) -> TcpStream {
        match &self.socket {
            Socket::Tcp(stream) => stream.try_clone().unwrap(),
            Socket::Unix(_) | Socket::Tls(_) => panic!("only for TCP"),
        }
    }

    /// Sends a command given as words between blanks, and returns its reply as text: see [`Value`].
    pub fn ask(&mut self, line: &str) -> String {
        self.call(line).to_string()
    }

    /// Sends a command given as words between blanks, and returns its reply.
    pub fn call(&mut self, line: &str) -> Value {
        let words: Vec<&[u8]> = line.split_ascii_whitespace().map(str::as_bytes).collect();
        self.words(&words)
    }

    /// Sends a command, and returns its reply.
    pub fn words(&mut self, words: &[impl AsRef<[u8]>]) -> Value {
        self.send(&request(words));
        self.reply()
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).unwrap();
    }

    /// Sends bytes as they are, if the server is still there.
    pub fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match &mut self.socket {
            Socket::Tcp(stream) => stream.write_all(bytes),
            Socket::Unix(stream) => stream.write_all(bytes),
            Socket::Tls(stream) => stream.write_all(bytes),
        }
    }

    /// Waits for a reply.
    pub fn reply(&mut self) -> Value {
        self.try_reply().unwrap()
    }

    /// Waits for a reply or the end of the connection.
    pub fn try_reply(&mut self) -> std::io::Result<Value> {
        let line = self.line()?;
        let (kind, text) = line.split_at(1);
        let count = text.parse::<i64>();
        // The length of a string, an array and so on.
        let len = usize::try_from(*count.as_ref().unwrap_or(&0)).ok();
        Ok(match (kind, len) {
            ("+", _) => Value::Simple(text.into()),
            ("-", _) => Value::Error(text.into()),
            (":", _) => Value::Int(count.unwrap()),
            ("_", _) | ("$" | "*", None) => Value::Null,
            (",", _) => Value::Double(text.into()),
            ("#", _) => Value::Bool(text == "t"),
            ("(", _) => Value::BigNumber(text.into()),
            ("$", Some(len)) => Value::Bulk(self.bulk(len)?),
            ("=", Some(len)) => Value::Verbatim(String::from_utf8(self.bulk(len)?).unwrap()),
            ("*", Some(len)) => Value::Array(self.replies(len)?),
            ("~", Some(len)) => Value::Set(self.replies(len)?),
            (">", Some(len)) => Value::Push(self.replies(len)?),
            ("%", Some(len)) => {
                let items = self.replies(2 * len)?;
                let pairs = items.chunks_exact(2);
                Value::Map(
                    pairs
                        .map(|pair| (pair[0].clone(), pair[1].clone()))
                        .collect(),
                )
            }
            _ => panic!("no reply: {line:?}"),
        })
    }

    /// Waits for the end of the connection, with nothing before it.
    pub fn expect_end(&mut self) {
        assert_eq!(self.used, self.input.len(), "more replies");
        let mut rest = [0; 1];
        match self.read(&mut rest) {
            Ok(0) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            other => panic!("the connection did not end: {other:?}"),
        }
    }

    fn replies(&mut self, count: usize) -> std::io::Result<Vec<Value>> {
        (0..count).map(|_| self.try_reply()).collect()
    }

    fn line(&mut self) -> std::io::Result<String> {
        let mut searched = 0;
        loop {
            let rest = &self.input[self.used..];
            let end = rest[searched..].windows(2).position(|pair| pair == b"\r\n");
            if let Some(end) = end {
                let line = String::from_utf8_lossy(&rest[..searched + end]).into_owned();
                self.used += searched + end + 2;
                return Ok(line);
            }
            searched = rest.len().saturating_sub(1);
            self.fill()?;
        }
    }

    fn bulk(&mut self, len: usize) -> std::io::Result<Vec<u8>> {
        while self.input.len() - self.used < len + 2 {
            self.fill()?;
        }
        let bytes = self.input[self.used..][..len].to_vec();
        assert_eq!(&self.input[self.used + len..][..2], b"\r\n");
        self.used += len + 2;
        Ok(bytes)
    }

    /// Reads more.
    fn fill(&mut self) -> std::io::Result<()> {
        self.input.drain(..std::mem::take(&mut self.used));
        let mut buffer = [0; READ_BYTES];
        match self.read(&mut buffer)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            count => {
                self.input.extend_from_slice(&buffer[..count]);
                Ok(())
            }
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match &mut self.socket {
            Socket::Tcp(stream) => stream.read(buffer),
            Socket::Unix(stream) => stream.read(buffer),
            Socket::Tls(stream) => stream.read(buffer),
        }
    }
}

/// A request as RESP.
pub fn request(words: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        let word = word.as_ref();
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}
