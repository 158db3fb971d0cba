//! What commands answer when they cannot do what was asked: Redis's texts, word for word, since clients match on them.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// An error reply: its code and text, as in `ERR syntax error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandError(Cow<'static, [u8]>);

impl CommandError {
    /// The value of the key is of another type.
    pub const WRONG_TYPE: CommandError =
        CommandError::new("WRONGTYPE Operation against a key holding the wrong kind of value");
    /// Options that do not go together, or an unknown one.
    pub const SYNTAX: CommandError = CommandError::new("ERR syntax error");
    /// An integer was due.
    pub const NOT_INTEGER: CommandError =
        CommandError::new("ERR value is not an integer or out of range");
    /// A float was due.
    pub const NOT_FLOAT: CommandError = CommandError::new("ERR value is not a valid float");
    /// The key must exist.
    pub const NO_SUCH_KEY: CommandError = CommandError::new("ERR no such key");
    /// An index beyond the end of a list.
    pub const INDEX_OUT_OF_RANGE: CommandError = CommandError::new("ERR index out of range");
    /// A count or length that must not be negative.
    pub const OUT_OF_RANGE: CommandError = CommandError::new("ERR value is out of range");
    /// A number that must fit 32 bits, such as that of a database.
    pub const NOT_32_BITS: CommandError = CommandError::new(
        "ERR value is out of range, value must between -2147483648 and 2147483647",
    );
    /// A count that must be positive.
    pub const NOT_POSITIVE: CommandError =
        CommandError::new("ERR value is out of range, must be positive");
    /// A string that would grow too long.
    pub const STRING_TOO_LONG: CommandError =
        CommandError::new("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    /// An increment that would leave 64 bits.
    pub const OVERFLOW: CommandError =
        CommandError::new("ERR increment or decrement would overflow");
    /// A float operation whose result is no number.
    pub const NAN_OR_INFINITY: CommandError =
        CommandError::new("ERR increment would produce NaN or Infinity");
    /// A SCAN cursor that is no number.
    pub const INVALID_CURSOR: CommandError = CommandError::new("ERR invalid cursor");
    /// A database number that is none.
    pub const DB_OUT_OF_RANGE: CommandError = CommandError::new("ERR DB index is out of range");
    /// Source and destination are the same object.
    pub const SAME_OBJECT: CommandError =
        CommandError::new("ERR source and destination objects are the same");

    /// There is no memory for what the command may need.
    pub const OUT_OF_MEMORY: CommandError =
        CommandError::new("OOM command not allowed when used memory > 'maxmemory'.");

    /// An error with a fixed text.
    pub const fn new(text: &'static str) -> Self {
        CommandError(Cow::Borrowed(text.as_bytes()))
    }

    /// An error with a text made for the occasion.
    pub fn with(text: String) -> Self {
        CommandError(Cow::Owned(text.into_bytes()))
    }

    /// An error that shows a word of the request, byte for byte, between two parts of its text. As in Redis, a NUL ends
    /// what is shown.
    pub fn quoting(before: &str, word: &[u8], after: &str) -> Self {
        let text = [before.as_bytes(), until_nul(word), after.as_bytes()];
        CommandError(Cow::Owned(text.concat()))
    }

    /// An error with a text that need not be UTF-8.
    pub fn with_bytes(text: Vec<u8>) -> Self {
        CommandError(Cow::Owned(text))
    }

    /// `ERR wrong number of arguments for '...' command`.
    pub fn wrong_arity(command: &str) -> Self {
        CommandError::with(format!(
            "ERR wrong number of arguments for '{command}' command"
        ))
    }

    /// The text, code included.
    pub fn text(&self) -> &[u8] {
        &self.0
    }

    /// The first word.
    pub fn code(&self) -> &str {
        let first = self.0.split(|&byte| byte == b' ').next();
        first
            .and_then(|word| core::str::from_utf8(word).ok())
            .unwrap_or("ERR")
    }
}

/// The bytes before the first NUL: as much of a word as error texts show.
pub fn until_nul(word: &[u8]) -> &[u8] {
    word.split(|&byte| byte == 0).next().unwrap_or(word)
}

impl From<crate::keyspace::WrongType> for CommandError {
    fn from(_: crate::keyspace::WrongType) -> Self {
        CommandError::WRONG_TYPE
    }
}
