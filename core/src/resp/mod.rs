//! RESP: the request parser (resumable) and the reply writer (RESP2 and RESP3).

pub mod reply;
pub mod request;
mod short;

pub use reply::{Protocol, Reply};
pub use request::{Limits, Progress, ProtocolError, RequestParser, Span};
