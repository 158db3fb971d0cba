//! As much of HTTP/1.x as serving a page takes: the head of a request, and the head of a reply. Knows nothing of sockets.

use alloc::format;
use alloc::vec::Vec;

/// A head may be so long at most, bytes.
pub(super) const MAX_HEAD: usize = 8 * 1024;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request<'a> {
    /// The path, without what follows a `?`.
    pub(super) path: &'a [u8],
    /// Only the head of the reply is wanted (HEAD).
    pub(super) head_only: bool,
    /// The connection stays open for another request.
    pub(super) keep_alive: bool,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// The page follows.
    Ok,
    /// It cannot be understood, or it has a body.
    BadRequest,
    /// There is no such page.
    NotFound,
    /// Neither GET nor HEAD.
    MethodNotAllowed,
    /// The head is too long.
    HeadTooLarge,
    /// Not now.
    Unavailable,
    /// Neither HTTP/1.0 nor HTTP/1.1.
    VersionNotSupported,
}

impl Status {
    /// Number and words.
    pub(super) fn line(self) -> &'static str {
        match self {
            Status::Ok => "200 OK",
            Status::BadRequest => "400 Bad Request",
            Status::NotFound => "404 Not Found",
            Status::MethodNotAllowed => "405 Method Not Allowed",
            Status::HeadTooLarge => "431 Request Header Fields Too Large",
            Status::Unavailable => "503 Service Unavailable",
            Status::VersionNotSupported => "505 HTTP Version Not Supported",
        }
    }
}

/// Reads the head of a request at the start of `input`; also tells how long it is. `Ok(None)`: more of it has to come.
pub(super) fn parse(input: &[u8]) -> Result<Option<(Request<'_>, usize)>, Status> {
    let within = &input[..input.len().min(MAX_HEAD)];
    let Some(end) = within.windows(4).position(|four| four == b"\r\n\r\n") else {
        return match input.len() < MAX_HEAD {
            true => Ok(None),
            false => Err(Status::HeadTooLarge),
        };
    };
    let mut lines = input[..end]
        .split(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut words = lines.next().unwrap_or_default().split(|&byte| byte == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Status::BadRequest);
    };
    let by_default = match version {
        b"HTTP/1.1" => true,
        b"HTTP/1.0" => false,
        _ if version.starts_with(b"HTTP/") => return Err(Status::VersionNotSupported),
        _ => return Err(Status::BadRequest),
    };
    let head_only = match method {
        b"GET" => false,
        b"HEAD" => true,
        _ => return Err(Status::MethodNotAllowed),
    };
    let keep_alive = read_fields(lines, by_default)?;
    let path = target.split(|&byte| byte == b'?').next();
    let request = Request {
        path: path.unwrap_or_default(),
        head_only,
        keep_alive,
    };
    Ok(Some((request, end + 4)))
}

/// Whether the connection stays open, as the fields of a head say. A body is refused.
fn read_fields<'a>(
    lines: impl Iterator<Item = &'a [u8]>,
    by_default: bool,
) -> Result<bool, Status> {
    let mut keep_alive = by_default;
    for line in lines {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            return Err(Status::BadRequest);
        };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"connection") {
            let mut options = value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
            let says = |option: &[u8], word: &[u8]| option.eq_ignore_ascii_case(word);
            keep_alive = match by_default {
                true => !options.any(|option| says(option, b"close")),
                false => options.any(|option| says(option, b"keep-alive")),
            };
        }
        let has_body = name.eq_ignore_ascii_case(b"transfer-encoding")
            || name.eq_ignore_ascii_case(b"content-length") && value != b"0";
        if has_body {
            return Err(Status::BadRequest);
        }
    }
    Ok(keep_alive)
}

/// Writes a reply.
pub(super) fn respond(
    out: &mut Vec<u8>,
    status: Status,
    body: &[u8],
    head_only: bool,
    keep_alive: bool,
) {
    let allow = match status {
        Status::MethodNotAllowed => "Allow: GET, HEAD\r\n",
        _ => "",
    };
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let head = format!(
        "HTTP/1.1 {}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\n{allow}\
         Connection: {connection}\r\n\r\n",
        status.line(),
        body.len()
    );
    out.extend_from_slice(head.as_bytes());
    if !head_only {
        out.extend_from_slice(body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    fn read(text: &str) -> Result<Option<(String, bool, bool)>, Status> {
        let found = parse(text.as_bytes())?;
        Ok(found.map(|(request, len)| {
            assert!(text.as_bytes()[..len].ends_with(b"\r\n\r\n"));
            let path = String::from_utf8_lossy(request.path).into_owned();
            (path, request.head_only, request.keep_alive)
        }))
    }

    #[test]
    fn heads_are_read_when_they_are_whole() {
        let whole = "GET /metrics?a=b HTTP/1.1\r\nHost: x\r\n\r\n";
        for len in 0..whole.len() {
            assert_eq!(read(&whole[..len]), Ok(None), "{len}");
        }
        assert_eq!(read(whole), Ok(Some(("/metrics".into(), false, true))));
        for (text, head_only, keep_alive) in [
            ("HEAD / HTTP/1.0\r\n\r\nGET", true, false),
            (
                "GET / HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\n",
                false,
                true,
            ),
            (
                "GET / HTTP/1.1\r\nCONNECTION:close\r\nContent-Length: 0\r\n\r\n",
                false,
                false,
            ),
        ] {
            assert_eq!(read(text), Ok(Some(("/".into(), head_only, keep_alive))));
        }
    }

    #[test]
    fn what_is_not_served_has_its_status() {
        for (text, status) in [
            ("POST / HTTP/1.1\r\n\r\n", Status::MethodNotAllowed),
            ("GET / HTTP/2.0\r\n\r\n", Status::VersionNotSupported),
            ("GET / nothing\r\n\r\n", Status::BadRequest),
            ("GET /\r\n\r\n", Status::BadRequest),
            ("*1\r\n$4\r\nPING\r\n\r\n", Status::BadRequest),
            ("GET / HTTP/1.1\r\nno colon\r\n\r\n", Status::BadRequest),
            (
                "GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
                Status::BadRequest,
            ),
            ("\r\n\r\n", Status::BadRequest),
        ] {
            assert_eq!(read(text), Err(status), "{text}");
        }
        let long = "x".repeat(MAX_HEAD);
        assert_eq!(read(&long), Err(Status::HeadTooLarge));
        assert_eq!(read(&long[1..]), Ok(None));
    }
}
