//! Numbers as text, with exactly the strictness and the formats of Redis.
//!
//! ```text
//! integer.rs    64-bit integers and memory sizes ("100mb")
//! float.rs      scores: text to f64 as strtod reads it, f64 to text as Redis writes it
//! grisu.rs      the digits of that text
//! extended.rs   the 80-bit `long double` arithmetic behind INCRBYFLOAT and HINCRBYFLOAT
//! decimal.rs    decimal digits to binary, for extended.rs
//! text.rs       the grammar that both float readers share
//! wide.rs       big integers for numbers beyond machine words
//! ```
//!
//! Nothing here allocates, except that [`Extended::append_human`] appends to the caller's vector.

mod decimal;
mod extended;
mod float;
mod grisu;
mod integer;
mod text;
mod wide;

pub use extended::{AddFloatError, Extended, add_float_text};
pub use float::{FLOAT_TEXT_MAX, parse_f64, write_f64_digits, write_f64_shortest};
pub use integer::{INTEGER_TEXT_MAX, digits, parse_i64, parse_memory, parse_u64};
pub use integer::{write_i64, write_u64};
