//! RESP: the request parser (resumable) and the reply writer (RESP2 and RESP3).

pub mod reply;
mod short;
pub mod request;

pub use reply::{Protocol, Reply};
pub use request::{Limits, Progress, ProtocolError, RequestParser, Span};
