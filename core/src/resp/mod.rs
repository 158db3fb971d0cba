//! RESP: the request parser (resumable) and the reply writer (RESP2 and RESP3).

pub mod loan;
pub mod reply;
pub mod request;
mod short;

pub use loan::{Loan, Loans};
pub use reply::{Protocol, Reply};
pub use request::{Beginning, Limits, Progress, ProtocolError, RequestParser, Span};
